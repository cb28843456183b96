"""The model's own code: what it raises, in one line, and where."""

from __future__ import annotations

import linecache
import sys
import sysconfig
import traceback
from pathlib import Path

import torch
from torch import nn

from sepcost.text.wording import in_one_line

RAISED = (Exception, SystemExit)
"""What somebody else's code may raise; an interrupt is the user's."""

LONGEST_MESSAGE = 300
LONGEST_LINE = 100

NEVER_THE_MODELS = (*(Path(path).resolve() for path in torch.__path__), Path(__file__).resolve().parents[2])
PYTHONS = tuple(Path(sysconfig.get_path(kind)).resolve() for kind in ("stdlib", "platstdlib"))
INSTALLED = {"site-packages", "dist-packages"}
"""The names of folders of libraries, in the environment, a user's folder or elsewhere."""


def error_line(error: BaseException) -> str:
    """What was raised and, in parentheses, the line of the model's own code that raised it.

    >>> error_line(ValueError("no such depth"))
    'ValueError: no such depth'
    """
    return f"{raised(error)}{own_line(error)}"


def raised(error: BaseException) -> str:
    """What was raised, in one line."""
    said = error.msg if isinstance(error, SyntaxError) else str(error)
    message = in_one_line(said, LONGEST_MESSAGE).rstrip(".")
    return f"{type(error).__name__}{message and f': {message}'}"


def own_line(error: BaseException) -> str:
    """`` (file.py:7: source)``: the deepest line that is not torch's, Python's or sepcost's; or nothing."""
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        return _shown(error.filename, error.lineno)
    frames = [each for each in traceback.walk_tb(error.__traceback__) if _is_the_models(each[0].f_code.co_filename)]
    at_hand = [each for each in frames if not _is_installed(each[0].f_code.co_filename)]
    in_modules = [each for each in frames if each[0].f_code.co_name in ("forward", "__init__")]
    best = at_hand or in_modules or frames
    return _shown(best[-1][0].f_code.co_filename, best[-1][1]) if best else ""


def running_layer(error: BaseException, model: nn.Module) -> str:
    """``, in conv1: Conv2d(…) got (1, 4, 32, 32)``: the layer of torch whose forward raised; or nothing."""
    forwards = [frame for frame, _ in traceback.walk_tb(error.__traceback__) if frame.f_code.co_name == "forward"]
    values = dict(forwards[-1].f_locals) if forwards else {}
    layer = values.get("self")
    if not isinstance(layer, nn.Module) or not type(layer).__module__.startswith("torch.nn.") or any(layer.children()):
        return ""
    names = [f"{name}: " for name, module in model.named_modules() if module is layer and name]
    given = [f" got {tuple(value.shape)}" for value in values.values() if isinstance(value, torch.Tensor)]
    return f", in {''.join(names[:1])}{in_one_line(repr(layer), LONGEST_MESSAGE)}{''.join(given[:1])}"


def _is_the_models(file: str) -> bool:
    if file.startswith("<frozen ") or (file.startswith("<") and not linecache.getlines(file)):
        return False  # Python's own, or made while it ran, as torch's exporter does
    path = Path(file).resolve()
    if any(map(path.is_relative_to, NEVER_THE_MODELS)):
        return False
    return _is_installed(file) or not any(map(path.is_relative_to, PYTHONS))


def _is_installed(file: str) -> bool:
    """Whether it is a library's: its lines say less than those of the model that uses it."""
    return not INSTALLED.isdisjoint(Path(file).parts)


def _shown(file: str, number: int) -> str:
    source = in_one_line(linecache.getline(file, number), LONGEST_LINE)
    return f" ({_short(file)}:{number}{source and f': {source}'})"


def _short(file: str) -> str:
    """A file's name, relative to the folder in which Python finds it."""
    path = Path(file)
    for folder in (Path.cwd(), *map(Path, sys.path)):
        if path.is_relative_to(folder.absolute()):
            return path.relative_to(folder.absolute()).as_posix()
    return file
