"""Derivations: how a count is calculated, step by step, in letters and numbers."""
