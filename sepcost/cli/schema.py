"""``sepcost schema``."""

from __future__ import annotations

from sepcost.cli.streams import to_stdout


def schema() -> None:
    """Print the JSON Schema of the YAML format, for editors and validators."""
    import json

    from sepcost.config.schema import json_schema

    to_stdout(json.dumps(json_schema(), indent=2) + "\n")
