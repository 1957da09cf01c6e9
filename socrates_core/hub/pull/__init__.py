"""Pull an adapter: what a repository holds, its transfer, the check, the atomic install."""
