"""The current folder on the path of modules: only after something is named that may be there."""

from __future__ import annotations

import sys
from importlib.util import find_spec


def look_here_for(module: str | None) -> None:
    """Make this module importable from the current folder; None: any module that a file of the user may import.

    That folder comes first, as with ``python -m``. With ``python -I`` it comes last, and not at all for a module that
    is installed: no file in the folder may replace an installed module.
    """
    if "" in sys.path:
        return
    if not sys.flags.isolated:
        sys.path.insert(0, "")
    elif module is None or find_spec(module.partition(".")[0]) is None:
        sys.path.append("")
