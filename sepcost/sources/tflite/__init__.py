"""TensorFlow Lite models, read as data."""
