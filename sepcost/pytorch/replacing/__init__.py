"""Replacing: a copy of a model, with other modules instead of its convolutions."""
