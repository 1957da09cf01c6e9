"""Settings side by side: picture, tables, sentences, files, command."""
