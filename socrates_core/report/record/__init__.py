"""A prediction kept for later: one zip that is registered before people answer, and scored when they have."""
