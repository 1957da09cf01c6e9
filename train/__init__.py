"""Commands that prepare studies and train models: `python -m train.prepare`, `python -m train.qlora`."""
