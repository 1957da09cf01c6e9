"""Predict how people answer in a social-science experiment, and say how far to trust the prediction.

The file list is the pipeline: a module imports only what stands before it. `errors`, `scale` and `study` hold
the nouns; `sources` fill them; `split`, `population`, `prompt` and `model` predict; `metrics` measure;
`simulate` puts one study through all of it; `ui` draws.

Importing this package loads neither torch nor gradio.
"""

__version__ = "0.2.0"
