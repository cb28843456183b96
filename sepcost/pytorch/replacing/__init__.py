"""Replacing: a copy of a model, with other modules in the place of its convolutions."""
