"""The border to the reader: what a result looks like."""
