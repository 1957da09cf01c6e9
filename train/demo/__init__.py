"""How the bundled demo model and society were made."""
