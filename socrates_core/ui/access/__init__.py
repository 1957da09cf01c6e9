"""Access control: visitors and their permissions, rate limits, request filtering, error reporting."""
