"""What an evaluation's report says of predicted probabilities: proper scores, reliability, groups."""
