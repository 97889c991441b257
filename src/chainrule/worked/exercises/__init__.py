"""Exercises: a problem sheet with small friendly numbers, an answer file, and the solution."""
