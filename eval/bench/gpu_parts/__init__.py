"""The parts of the GPU suite."""
