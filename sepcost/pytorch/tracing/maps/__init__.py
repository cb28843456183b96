"""Maps: which of them the operators of a pass read and write, and what is alive when."""
