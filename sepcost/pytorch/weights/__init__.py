"""Weights as files: state dicts read as data, loaded into a model, saved; models exported."""
