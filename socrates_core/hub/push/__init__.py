"""Push an adapter: write its model card, plan the push, commit."""
