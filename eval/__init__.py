"""Commands that measure: `python -m eval.run`, `eval.score`, `eval.compare`, `eval.bench`."""
