"""``sepcost schema``."""

from __future__ import annotations

from sepcost.cli.formats import chosen_format
from sepcost.cli.streams import write


def schema() -> None:
    """Print the JSON Schema of the YAML format, for editors and validators."""
    import json

    chosen_format(None, lambda format_: format_.name == "json", usual="json")

    from sepcost.sources.yaml.schema.schema import json_schema

    write([json.dumps(json_schema(), indent=2), "\n"], None)
