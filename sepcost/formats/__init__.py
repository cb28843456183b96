"""Formats: one file each, for people, for programs, for CI."""
