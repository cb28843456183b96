"""Layers: what each kind is, what comes out of it, and what it costs."""
