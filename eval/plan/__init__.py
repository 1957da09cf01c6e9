"""What training on SocSci210 would cost, and which of its people to learn from."""
