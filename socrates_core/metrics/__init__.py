"""How far predicted answers are from actual ones, and how far to trust that figure."""
