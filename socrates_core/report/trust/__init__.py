"""How wrong the model may be, in pictures and words."""
