"""``sepcost schema``."""

from __future__ import annotations

from sepcost.cli.formats import Format, chosen_format
from sepcost.cli.streams import to_stdout


def schema() -> None:
    """Print the JSON Schema of the YAML format, for editors and validators."""
    import json

    chosen_format(None, [Format.JSON])

    from sepcost.config.schema import json_schema

    to_stdout(json.dumps(json_schema(), indent=2) + "\n")
