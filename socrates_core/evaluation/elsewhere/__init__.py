"""Files of predictions that other software wrote, up to their values."""
