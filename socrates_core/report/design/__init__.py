"""Design advice and pilots, as pictures, tables, files and a command."""
