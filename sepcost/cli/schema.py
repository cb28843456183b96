"""``sepcost schema``."""

from __future__ import annotations

from enum import Enum
from importlib import import_module
from typing import Annotated

import typer

from sepcost.cli.formats import chosen_format
from sepcost.cli.streams import write


class Of(Enum):
    """What has a JSON Schema."""

    CONFIG = "config"
    COSTS = "costs"


MODULES = {Of.CONFIG: "sepcost.sources.yaml.schema.schema", Of.COSTS: "sepcost.sources.costs.schema"}
"""Where each is made."""
HELP = "Of configs in YAML; or of the JSON of costs, which compare and check --update-baseline write."


def schema(of: Annotated[Of, typer.Argument(metavar="WHAT", help=HELP)] = Of.CONFIG) -> None:
    """Print a JSON Schema, for editors and validators."""
    import json

    chosen_format(None, lambda format_: format_.name == "json", usual="json")
    write([json.dumps(import_module(MODULES[of]).json_schema(), indent=2), "\n"], None)
