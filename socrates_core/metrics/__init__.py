"""How far predicted answers are from actual ones, and how reliable that figure is."""
