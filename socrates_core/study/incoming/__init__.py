"""What comes in as JSON or YAML: what each value may be, and what is said where it is something else."""
