"""Real studies as published counts, with texts of our own."""
