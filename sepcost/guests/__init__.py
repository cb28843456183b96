"""Code of others that a user names: it is found and run, and cannot print to stdout."""
