"""A person's own numbers, checked: which are right, and where the slip is that made them wrong."""
