"""Derivations: how a count comes about, step by step, in letters and numbers."""
