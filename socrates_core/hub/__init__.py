"""Adapters on the Hugging Face Hub: push one with a model card, pull one and verify it.

python -m socrates_core.hub push DIR OWNER/NAME [--public] [--dry-run] [--run RUN] [--license L]
python -m socrates_core.hub pull OWNER/NAME[@REV] [--out DIR]
"""
