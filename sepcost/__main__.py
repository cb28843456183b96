"""``python -m sepcost``."""

from sepcost.cli import main

main()
