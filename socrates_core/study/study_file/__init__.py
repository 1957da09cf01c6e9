"""The study file: one study that somebody wrote, as YAML."""
