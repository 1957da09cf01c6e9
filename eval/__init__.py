"""Commands for evaluation: `python -m eval.run`, `eval.score`, `eval.compare`, `eval.calibrate`, `eval.bench`."""
