"""Push an adapter: its card, the plan, the commit."""
