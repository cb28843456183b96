"""The border to the command line: parse, call, write, exit."""

from sepcost.cli.app import main

__all__ = ["main"]
