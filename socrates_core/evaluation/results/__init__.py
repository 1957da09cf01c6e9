"""What an evaluation found, as frozen dataclasses and as files."""
