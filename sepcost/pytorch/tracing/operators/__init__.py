"""Operators: which layer each one that ran is, under which name, and with which parameters."""
