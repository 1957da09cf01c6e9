"""Evaluation over many cells: specification, data, prediction, scores, other conventions, comparison."""
