"""``sepcost schema``."""

from __future__ import annotations

import sys


def schema() -> None:
    """Print the JSON Schema of the YAML format, for editors and validators."""
    import json

    from sepcost.config.schema import json_schema

    sys.stdout.write(json.dumps(json_schema(), indent=2) + "\n")
