"""Options for limits: one for each figure that has an example of what its limit may be."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from types import MappingProxyType
from typing import Annotated, Any

import typer

from sepcost.count.figure import FIGURES

PARAMETER = "most"
"""The command's parameter that gets the texts of these limits by the names of their figures."""
NO_LIMITS: Mapping[str, str | None] = MappingProxyType({})


def with_limits(panel: str) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Gives a command the options ``--max-params``, ``--max-macs`` and so on instead of its parameter ``most``."""
    limited = {f"max_{figure.name}": figure for figure in FIGURES if figure.example}

    def decorated(command: Callable[..., int]) -> Callable[..., int]:
        @wraps(command)
        def run(**given: Any) -> int:
            most = {figure.name: given.pop(option) for option, figure in limited.items()}
            return command(**{PARAMETER: most}, **given)

        parameters: list[inspect.Parameter] = []
        for parameter in inspect.signature(command, eval_str=True).parameters.values():
            if parameter.name != PARAMETER:
                parameters.append(parameter)
                continue
            for option, figure in limited.items():
                typed = typer.Option(help=f"At most: {figure.example}.", metavar="N", rich_help_panel=panel)
                annotation = Annotated[str | None, typed]
                parameters.append(parameter.replace(name=option, default=None, annotation=annotation))
        vars(run)["__signature__"] = inspect.Signature(parameters)
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return run

    return decorated
