"""Whether a question is like those that a calibration was tested on: a rule declared before its coverage was known."""
