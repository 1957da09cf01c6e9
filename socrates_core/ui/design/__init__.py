"""How many people to ask, and a few human answers: below a prediction on the page."""
