"""The same simulation with the question put otherwise: what a prediction owes to wording, order and template."""
