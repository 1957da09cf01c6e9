"""Many cells: specification, data, prediction, scores, conventions of others, comparison."""
