"""Targets: learned from times, kept as files, and grids of layers to be timed elsewhere."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import date
from functools import partial
from importlib.util import find_spec
from io import StringIO
from pathlib import Path

from sepcost.blocks.replacements import Replacement, reason_to_keep
from sepcost.errors import CannotReplaceError, ConfigError, SepcostError, needs
from sepcost.formats.documents.profile_json import profile_text
from sepcost.layers import Conv, Layer
from sepcost.sheets.target_sheets import Kept, Targets, off_by
from sepcost.sources.model_options import ModelOptions
from sepcost.sources.registry import read
from sepcost.sources.shipped import BARE
from sepcost.sources.source import Item
from sepcost.sources.targets.kept import SHIPPED, SUFFIX, kept_folder, path_of, read_profile_file, targets
from sepcost.sources.targets.profile_json import MOST_OF_A_KIND, TARGET
from sepcost.sources.targets.rows import COLUMNS, SECONDS, cells_of
from sepcost.sources.targets.times import FILE, TIMES
from sepcost.targets.layer_grid import random_layers
from sepcost.targets.profile import Point, Profile
from sepcost.targets.setup import Setup
from sepcost.targets.work import kind_of
from sepcost.tasks.events import Events
from sepcost.tasks.files import resolved, write_whole
from sepcost.text.arguments import times
from sepcost.text.units import shortened
from sepcost.text.wording import listed
from sepcost.timing.runtime import Runtime

__all__ = ["Kept", "Targets", "off_by"]
SCRIPT, LOCAL = "run.py", "local"
SECONDS_DIGITS = 6
"""Significant digits of a time in a file: more than any clock has."""
WORST, FEWEST_TRIED = 0.25, 5
"""An error above which times decide nothing; points on which an error must rest."""
FEW_LAYERS = 60
"""A grid of fewer layers has too few of most kinds."""
LONGER, MORE_LAYERS = "measure longer (--minutes)", "time more layers (export-grid --layers)"


def all_targets() -> list[Kept | ConfigError]:
    """The targets that there are, or what is wrong with their files; without platformdirs, those that ship."""
    folder = None
    with suppress(SepcostError):
        folder = kept_folder()
    found: list[Kept | ConfigError] = []
    for path in targets(folder).values():
        try:
            found.append(_kept(path))
        except ConfigError as error:
            found.append(error)
    return found


def one_target(text: str) -> Kept:
    """A target by its name or its path; raises SepcostError."""
    return _kept(path_of(text))


def _kept(path: Path) -> Kept:
    return Kept(path.stem, str(path), read_profile_file(path), ships=path.parent == SHIPPED)


def learned(
    name: str, setup: Setup, points: Sequence[Point], events: Events, more: str = MORE_LAYERS
) -> tuple[Profile, str | None]:
    """The profile of these points, without outliers, which are reported; and a warning where it is too bad.

    ``more`` is what to do where they are too few; raises SepcostError where they are far too few, or too many.
    """
    from sepcost.targets import fitting

    kinds = Counter(kind_of(point.layer) for point in points)
    for kind, many in kinds.items():
        if many > MOST_OF_A_KIND:
            raise SepcostError(f"{many:,} {kind} layers are too many: leave all but {MOST_OF_A_KIND:,} out")
    rounded = [point._replace(seconds=float(f"{point.seconds:.{SECONDS_DIGITS}g}")) for point in points]
    unlike = set(fitting.outliers(rounded, setup))
    for layer, seconds in unlike:
        numbers = f"{times(layer.input_shape)} → {times(layer.output_shape)}"
        events.say(f"left out, since it is unlike all other {kind_of(layer)} layers: {numbers} in {seconds:.3g} s")
    kept = [point for point in rounded if point not in unlike]
    profile = fitting.learned(name, setup, kept, date.today().isoformat())
    if not profile.laws:
        raise SepcostError(f"too few layers were timed ({len(points):,}): it takes {fitting.FEWEST} of a kind: {more}")
    bad = [kind for kind, of in profile.accuracy.items() if of.error > WORST or of.points < FEWEST_TRIED]
    alone = "on a machine that does nothing else"
    return profile, f"not good enough to decide by ({listed(bad)}): {more}, {alone}" if bad else None


def measured_here(
    name: str, runtime: Runtime, like: Sequence[Layer], minutes: float, seed: int, events: Events
) -> tuple[Profile, str | None]:
    """What is learned of this machine, from layers that are measured until the minutes are used up; SepcostError."""
    if not minutes > 0:
        raise SepcostError(f"--minutes: must be a positive number, got {minutes:g}")
    from sepcost.targets import fitting
    from sepcost.tasks.learning import measured_points

    fit = partial(fitting.learned, name, runtime.setup)
    return learned(name, runtime.setup, measured_points(runtime, fit, minutes, seed, like, events), events, LONGER)


def place_of(name: str, output: Path | None) -> tuple[Path, Kept | None]:
    """Where a profile will be stored, and the one that it replaces.

    Raises SepcostError for all that would be in the way once it is learned.
    """
    if not BARE.fullmatch(name):
        raise SepcostError(f"NAME: must be letters, digits, - and _, at most 60, got {shortened(name)}")
    if output is None and (SHIPPED / f"{name}{SUFFIX}").is_file():
        raise SepcostError(f"{name} is a target that sepcost ships: choose another name, or give --output FILE")
    if find_spec("scipy") is None:
        raise SepcostError("scipy is not installed: pip install 'sepcost[time]'")
    path = kept_folder() / f"{name}{SUFFIX}" if output is None else resolved(output)
    if output is not None and not path.parent.is_dir():
        raise SepcostError(f"{output}: cannot be written: there is no folder {output.parent}")
    if not path.exists():
        return path, None
    with suppress(ConfigError):
        return path, _kept(path)
    with path.open(encoding="utf-8", errors="replace") as file:
        if f'"kind": "{TARGET}"' in file.read(4096):  # a broken one
            return path, None
    raise SepcostError(f"{output or path}: is no profile of a target, and would be overwritten")


def name_of(output: Path | None) -> str:
    """The name of a profile that was given none: its file's, if that is a name."""
    return output.stem if output and BARE.fullmatch(output.stem) else LOCAL


def store(profile: Profile, path: Path) -> None:
    """Write a profile, whole or not at all; raises SepcostError."""
    with suppress(SepcostError):
        if path.parent == kept_folder():
            path.parent.mkdir(parents=True, exist_ok=True)
    write_whole([profile_text(profile)], path, str(path))


def layers_like(sources: Iterable[str], events: Events) -> list[Layer]:
    """The layers of networks, and the parts of what replaces them; raises ConfigError."""
    layers: dict[Layer, None] = {}
    separable = Replacement.parse("separable")
    for item in read(sources, ModelOptions()):
        if isinstance(item, ConfigError):
            raise item
        if not isinstance(item, Item):
            events.say(item.message)
            continue
        for node in item.network.nodes:
            layers[node.layer] = None
            if isinstance(node.layer, Conv) and reason_to_keep(node.layer) is None:
                with suppress(CannotReplaceError):
                    layers |= dict.fromkeys(part for _, part in separable(node.layer))
    return list(layers)


def export_grid(folder: Path, count: int, seed: int, like: Sequence[Layer], max_macs: float, events: Events) -> None:
    """Write a grid to a new folder: an ONNX file for each layer, a CSV to fill in, a script that does; SepcostError."""
    with needs("onnxruntime"):
        from sepcost.timing.onnx_file import onnx_model
    layers = random_layers(count, seed, like, max_macs)
    if count < FEW_LAYERS:
        events.say(f"--layers {count}: a kind of layer needs 8 to be learned, and most will have fewer")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SepcostError(f"{folder}: is there already, and not empty: name a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    events.expect(count)
    table = StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow((FILE, *COLUMNS, SECONDS))
    for number, layer in enumerate(layers, start=1):
        name = f"layer-{number:04}.onnx"
        (folder / name).write_bytes(onnx_model([layer], seed=seed).SerializeToString())
        writer.writerow([name, *map(_cell, cells_of(layer).values()), ""])
        events.advance(1)
    write_whole([table.getvalue()], folder / TIMES, str(folder / TIMES))
    script = Path(__file__).parents[1] / "timing" / "run_grid.py"
    write_whole([script.read_text(encoding="utf-8")], folder / SCRIPT, str(folder / SCRIPT))


def _cell(value: object) -> object:
    """A cell of a CSV: sizes as 3x5, flags as true and false."""
    if isinstance(value, list):
        return "x".join(map(str, value))
    return json.dumps(value) if isinstance(value, bool) else value
