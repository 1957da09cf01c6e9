"""Two or more settings side by side: how much a change of text, people, model or temperature changes a prediction."""
