"""Files of weights: tensors by name, without the program that they belong to."""
