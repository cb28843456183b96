"""Translating: a document to a network, or to the model that it names; problems back to their places."""
