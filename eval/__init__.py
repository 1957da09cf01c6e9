"""Commands for evaluation and benchmarks: `python -m eval.run`, `eval.score`, `eval.compare`, `eval.bench`."""
