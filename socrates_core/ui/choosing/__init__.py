"""Ways to a study beside the menu: two examples for a newcomer, and a search over texts."""
