"""The border to what runs layers: they are built, run in alternation, and timed."""
