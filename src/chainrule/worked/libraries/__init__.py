"""JAX, PyTorch and scikit-learn beside a trace: as oracles of its numbers, and step by step.

Each library is imported inside the functions that need it.
"""
