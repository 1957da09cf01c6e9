"""The tab Adapters."""
