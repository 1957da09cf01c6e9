"""The options of many prompts from one pass over a prefix tree, in which shared tokens are computed once."""
