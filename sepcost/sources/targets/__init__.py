"""Targets: profiles in files, where they are kept, and times that were measured elsewhere."""
