"""The current folder as a place where modules are found: only once something is named that may be there."""

from __future__ import annotations

import sys
from importlib.util import find_spec


def look_here_for(module: str | None) -> None:
    """Let this module be found in the current folder; None: whatever a file of the user's may import.

    That folder comes first, as with ``python -m``. Isolated (``python -I``), it comes last, and not at all for a module
    that is installed: no file in it takes the place of what is meant.
    """
    if "" in sys.path:
        return
    if not sys.flags.isolated:
        sys.path.insert(0, "")
    elif module is None or find_spec(module.partition(".")[0]) is None:
        sys.path.append("")
