"""What is said of a simulated result: how far off it may be, and what that rests on."""
