"""A model's convolutions: which of them another module can replace, and why not the others."""
