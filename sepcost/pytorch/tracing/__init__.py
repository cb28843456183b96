"""Tracing: one forward pass of a model, as a network of the layers that it runs."""
