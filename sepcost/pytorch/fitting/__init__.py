"""Fitting: the weights with which a replacement is closest to a trained convolution."""
