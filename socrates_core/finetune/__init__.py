"""Training: QLoRA on packs in which shared prefixes are computed once."""
