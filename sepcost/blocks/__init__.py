"""Replacements: functions from one convolution to a sequence of convolutions."""
