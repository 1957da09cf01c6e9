"""Loading further models from the page: what is on this machine, what one takes, progress, and letting go."""
