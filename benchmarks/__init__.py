"""Side-by-side timings against scikit-learn and PyTorch: ``python -m benchmarks``."""
