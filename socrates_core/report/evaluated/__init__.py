"""The parts of an evaluation's report that stand first and last: its headline, and every scored cell."""
