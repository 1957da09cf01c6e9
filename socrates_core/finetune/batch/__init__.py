"""Training batches: examples, their order, and packs in which shared prefixes occur once."""
