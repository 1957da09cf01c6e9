"""How often intervals hold the truth, simulated with a known one."""
