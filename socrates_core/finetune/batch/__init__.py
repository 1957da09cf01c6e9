"""What is learned: examples, their order, and packs that hold what prompts have in common once."""
