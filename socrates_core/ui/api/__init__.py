"""Endpoints for programs: what the page does, with typed arguments and numbers, within the same limits."""
