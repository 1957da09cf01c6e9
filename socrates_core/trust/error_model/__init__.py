"""What is fitted to studies with answers, part by part, and how each does on groups that had no part in it."""
