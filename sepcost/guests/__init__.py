"""Somebody else's code, as a user has named it: found, run, and kept from saying anything on stdout."""
