"""Reading: bytes as documents of plain data, each value with its place in the file."""
