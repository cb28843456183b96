"""Exported programs of PyTorch (.pt2), read as data: the JSON in the archive, without torch."""
