"""Evaluation runs as folders: the worker, the queue, finished units, the index, the mirror."""
