"""Frames: columns in, columns out, on one machine or many."""
