"""Before people are asked: how many to ask, and what a few of their answers already say."""
