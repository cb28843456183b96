"""The schema: which keys and values a config may have, and what to say where it has others."""
