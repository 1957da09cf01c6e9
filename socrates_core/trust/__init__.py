"""How far off a prediction may be where nobody has answered yet: the error model, fitted on studies with answers."""
