"""Benchmarks of speed, memory and statistical validity, one module for each suite."""
