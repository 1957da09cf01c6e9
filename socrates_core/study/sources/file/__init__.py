"""Reads one file of a source, whichever program wrote it, as frames of rows."""
