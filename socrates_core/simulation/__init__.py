"""One study: the request, its arms, and the result."""
