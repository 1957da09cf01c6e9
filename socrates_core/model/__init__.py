"""Models that predict answers: the protocol, baselines, local transformers, endpoints."""
