"""Loading: the model that a text names, imported and built on a device."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from functools import reduce
from hashlib import sha256
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from traceback import walk_tb
from types import ModuleType
from typing import Any

import torch
from torch import nn

from sepcost.errors import ModelError
from sepcost.guests.apart import apart
from sepcost.guests.current_folder import look_here_for
from sepcost.pytorch.models.own_code import RAISED, error_line, own_line
from sepcost.pytorch.models.placement import META, built, copied_to, is_on, misses_values
from sepcost.pytorch.models.settings import Settings, unchanged_settings
from sepcost.pytorch.private import MISSING_ON_META, ORIGINAL
from sepcost.text.foreign import foreign_format
from sepcost.text.model_text import Device, ModelText
from sepcost.text.wording import did_you_mean

FOREIGN_LIBRARIES = {"keras": "Keras", "tensorflow": "TensorFlow", "tf_keras": "Keras", "flax": "Flax", "jax": "JAX"}
PRIVATE = "_sepcost_"
"""How the names of the modules of files begin."""
INSTEAD_OF_SCRIPT = "name what it is made of, or --device cpu runs it on real memory"
_set_by: dict[str, Settings] = {}
"""The settings that a source's code changes while it is imported, which happens only once."""


def load_model(text: ModelText, *, device: Device = META) -> nn.Module:
    """The model that the text names: an instance, or what a class or a factory makes.

    >>> load_model(ModelText.parse("torch.nn:Linear(1000000, 1000000)"))
    Linear(in_features=1000000, out_features=1000000, bias=True)

    This runs the model's code, from the current folder too; what it prints goes to stderr. On the meta device nothing
    is allocated. Of an instance a copy is returned. Compiled and data-parallel models are unwrapped. Raises
    ModelError.
    """
    with importable(text):
        return loaded(text, device)


def loaded(text: ModelText, device: Device) -> nn.Module:
    """The same inside of ``importable``."""
    with apart():
        return _unwrapped(_placed(text, named_by(text), device))


def named_by(text: ModelText) -> Any:
    """What the text names: the attribute of the module or the file, which is imported once; raises ModelError."""
    before = Settings.now()
    module = _imported(text)
    _set_by.setdefault(text.source, Settings.now().since(before)._replace(folder=None))
    return _attribute(text, module)


@contextmanager
def importable(text: ModelText) -> Iterator[None]:
    """In here the text's code runs as it would alone.

    It can import from the current folder, and from the folder of its file. Modules of that folder are forgotten
    afterwards: another file finds its own neighbours, even if they have the same names. The default dtype and the
    current folder that the code sets apply to it alone.
    """
    look_here_for(None if text.is_file else text.source)
    with unchanged_settings(), _neighbours(text):
        if text.source in _set_by:
            _set_by[text.source].apply()
        yield


@contextmanager
def _neighbours(text: ModelText) -> Iterator[None]:
    """In here modules are also imported from the folder of the text's file."""
    folder = str(Path(text.source).resolve().parent)
    if not text.is_file or sys.path[0] == folder:
        yield
        return
    before = {name.partition(".")[0] for name in sys.modules}
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)
        for name in [name for name in sys.modules if name.partition(".")[0] not in before]:
            if not name.startswith(PRIVATE) and _is_in(sys.modules[name], folder):
                del sys.modules[name]


def _is_in(module: ModuleType, folder: str) -> bool:
    """Whether it is a module of that folder, and not of an environment in it."""
    places = [getattr(module, "__file__", None) or "", *getattr(module, "__path__", ())]
    return any(Path(place).is_relative_to(folder) and "site-packages" not in Path(place).parts for place in places)


def _imported(text: ModelText) -> ModuleType:
    if text.is_file:
        return _imported_file(text, Path(text.source))
    try:
        return import_module(text.source)
    except ModuleNotFoundError as error:
        if error.name and f"{text.source}.".startswith(f"{error.name}."):
            missing = f"there is no module {error.name}: is it installed, or in this folder?"
            raise ModelError(f"{text}: {foreign_format(text.source) or missing}") from None
        raise _not_imported(text, error) from None
    except RAISED as error:
        raise _not_imported(text, error) from None


def _imported_file(text: ModelText, file: Path) -> ModuleType:
    """The module of a file, under a name that no other file gets."""
    if not file.is_file():
        raise ModelError(f"{text}: there is no file {text.source}")
    name = f"{PRIVATE}{file.stem}_{sha256(str(file.resolve()).encode()).hexdigest()[:16]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = spec_from_file_location(name, file.resolve())
    if spec is None or spec.loader is None:
        raise ModelError(f"{text}: {text.source} cannot be imported as Python")
    sys.modules[name] = module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[name]
        if not isinstance(error, RAISED):
            raise
        raise _not_imported(text, error) from None
    return module


def _not_imported(text: ModelText, error: BaseException) -> ModelError:
    relative = isinstance(error, ImportError) and "relative import" in str(error)
    hint = f"; it is part of a package: name it as PACKAGE.{Path(text.source).stem}:{text.attribute}"
    return ModelError(f"{text}: {text.source} cannot be imported: {error_line(error)}{hint if relative else ''}")


def _attribute(text: ModelText, module: ModuleType) -> Any:
    """What the text names in the module; names after a dot are looked up in turn."""
    try:
        return reduce(lambda found, name: _named(text, found, name), text.attribute.split("."), module)
    except RAISED as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError(f"{text}: {text.attribute} cannot be read: {error_line(error)}") from None


def _named(text: ModelText, found: Any, name: str) -> Any:
    if not hasattr(found, name):
        where = text.source if isinstance(found, ModuleType) else getattr(found, "__name__", type(found).__name__)
        raise ModelError(f"{text}: {where} has nothing called {name}{did_you_mean(name, _nearest(found, name))}")
    return getattr(found, name)


def _nearest(found: Any, name: str) -> list[str]:
    """The most similar name that it has, of more names than did_you_mean compares."""
    known = {each.lower(): each for each in dir(found)}
    near = [known[each] for each in get_close_matches(name.lower(), known, n=1)]
    return get_close_matches(name, dir(found), n=1) or near


def _placed(text: ModelText, found: Any, device: Device) -> nn.Module:
    """The model on its device: built there if it is built, else copied there."""
    if isinstance(found, nn.Module):
        if text.called:
            raise ModelError(f"{text}: {text.attribute} is a model already: leave its arguments away")
        return _copied(str(text), found, device)
    if not callable(found):
        raise ModelError(f"{text}: is {described(found)}, not a PyTorch model")
    model = _made(text, found, device)
    return model if is_on(model, device) else _copied(str(text), model, device)


def _made(text: ModelText, factory: Callable[..., Any], device: Device) -> nn.Module:
    check_arguments(text, factory)
    try:
        model = built(lambda: factory(*text.arguments, **text.options), device)
    except RAISED as error:
        if device == META and misses_values(error):
            raise ModelError(f"{text}: {why_not_meta(error)}") from None
        if device == META and _is_from_jit(error):
            why = f"is made by torch.jit, which compares values, and there are none on the meta device{own_line(error)}"
            raise ModelError(f"{text}: {why}: {INSTEAD_OF_SCRIPT}") from None
        raise ModelError(f"{text}: {error_line(error)}") from None
    if not isinstance(model, nn.Module):
        raise ModelError(f"{text}: makes {described(model)}, not a PyTorch model")
    return model


def check_arguments(text: ModelText, factory: Callable[..., Any]) -> None:
    """Raise a ModelError if the function does not take the text's arguments, or needs others."""
    try:
        signature = inspect.signature(factory)
    except ValueError:  # built in, and does not say which arguments it takes
        return
    try:
        signature.bind(*text.arguments, **text.options)
    except TypeError as error:
        unknown = [name for name in text.options if name not in signature.parameters]
        meant = "".join(did_you_mean(name, signature.parameters) for name in unknown[:1])
        hint = meant if text.called else f"; give it as {text}(…), or name a function of your own that makes it"
        raise ModelError(f"{text}: {text.attribute}: {error}{hint}") from None


def why_not_meta(error: BaseException) -> str:
    """What the model does that the meta device cannot, where, and what helps."""
    does = next(does for said, does in MISSING_ON_META.items() if said in str(error))
    return f"cannot run on the meta device: it {does}{own_line(error)}; --device cpu runs it on real memory"


def _is_from_jit(error: BaseException) -> bool:
    """Whether it was raised while torch.jit traced or compiled something."""
    frames = (frame for frame, _ in walk_tb(error.__traceback__))
    return any(frame.f_globals.get("__name__", "").startswith(f"{torch.jit.__name__}.") for frame in frames)


def copy_of(model: nn.Module, name: str, device: Device) -> nn.Module:
    """A copy of a caller's model on the device, unwrapped; ``name`` is its name in errors. Raises ModelError."""
    return _unwrapped(_copied(name, model, device))


def _copied(name: str, model: nn.Module, device: Device) -> nn.Module:
    scripted = [name for name, module in model.named_modules() if isinstance(module, torch.jit.ScriptModule)]
    if scripted and device == META and not is_on(model, META):
        which = f"its {scripted[0]} is" if scripted[0] else "is"
        cannot = f"{which} compiled by torch.jit, which cannot be copied to the meta device"
        raise ModelError(f"{name}: {cannot}: {INSTEAD_OF_SCRIPT}")
    try:
        return copied_to(model, device)
    except RAISED as error:
        raise ModelError(f"{name}: cannot be copied to {device}: {error_line(error)}; name what builds it") from None


def _unwrapped(model: nn.Module) -> nn.Module:
    """The model inside of a compiled or data-parallel one."""
    for module in model.modules():
        if isinstance(module, nn.DataParallel):
            module.device_ids = []  # then it calls its module directly
    while True:
        inner = getattr(model, ORIGINAL, None) or (model.module if isinstance(model, nn.DataParallel) else None)
        if not isinstance(inner, nn.Module):
            return model
        model = inner


def described(found: Any) -> str:
    """What something that is no model is, in a few words.

    >>> described({"conv.weight": torch.zeros(3)})
    'a dict of tensors (weights without their model)'
    >>> described(torch.zeros(3, 4))
    'a tensor of shape (3, 4)'
    >>> described((nn.ReLU(), 3))
    'a tuple (with a model in it)'
    """
    kind = type(found)
    library = FOREIGN_LIBRARIES.get(kind.__module__.partition(".")[0])
    if library:
        return f"a {kind.__name__} of {library}"
    if isinstance(found, torch.Tensor):
        return f"a tensor of shape {tuple(found.shape)}"
    if isinstance(found, ModuleType):
        return f"the Python module {found.__name__}"
    if kind.__name__ == "ExportedProgram":
        return "an exported program (name the model that it was made of)"
    return "None" if found is None else f"{_with_article(kind.__name__)}{_contents(found)}"


def _with_article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiouAEIOU' else 'a'} {noun}"


def _contents(found: Any) -> str:
    values = list(found.values()) if isinstance(found, dict) else found if isinstance(found, (list, tuple)) else []
    if values and isinstance(found, dict) and all(isinstance(value, torch.Tensor) for value in values):
        return " of tensors (weights without their model)"
    return " (with a model in it)" if any(isinstance(value, nn.Module) for value in values) else ""
