"""The border to the command line: parse, call, write, exit."""

import sys


def main() -> None:
    """Run the command on the process's arguments, and exit with its code."""
    try:
        from sepcost.cli.app import run  # here, so that an interruption while modules load is quiet too

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
