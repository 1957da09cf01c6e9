"""Pull an adapter: list its files, download and check them, and install them atomically."""
