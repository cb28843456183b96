"""A model's convolutions: which of them another module can take the place of, and why not the others."""
