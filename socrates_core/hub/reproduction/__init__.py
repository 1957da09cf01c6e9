"""The paper's experiment in one command: data, training, evaluation, calibration and card, as stages that resume."""
