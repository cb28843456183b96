"""Counting: figures, comparisons, sweeps, and many of them at once (NumPy)."""
