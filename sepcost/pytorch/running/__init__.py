"""Running: a user's model traced, as it is and once more with its convolutions replaced."""
