"""The study file: a study of your own as YAML."""
