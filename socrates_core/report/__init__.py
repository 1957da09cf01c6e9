"""What was found, to read: figures, documents, and the words for numbers."""
