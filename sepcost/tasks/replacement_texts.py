"""What ``-r`` takes: replacements by their names, or functions of the user's, in every combination of their options."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from importlib import import_module
from itertools import accumulate
from os import PathLike, fspath
from typing import Any, NamedTuple, TypeAlias, overload

from sepcost.blocks.blocks import Parts
from sepcost.blocks.plan import Plan
from sepcost.blocks.replacements import REPLACEMENTS, Block, Replacement, known_block, option_values
from sepcost.count.sweep import Axis, Sweep, kind_of_values
from sepcost.errors import ReplacementError, SepcostError
from sepcost.guests.apart import apart
from sepcost.guests.current_folder import look_here_for
from sepcost.layers import Conv
from sepcost.network.budget import AS_GIVEN
from sepcost.network.network import Network
from sepcost.text.kind import Kind
from sepcost.text.units import as_text
from sepcost.text.wording import did_you_mean

AnyReplacement: TypeAlias = "str | PathLike[str] | Replacement | Mapping[str, Any]"
"""What a caller in Python gives as one replacement: what ``-r`` takes, or a plan, as a mapping or as a file."""
TOGETHER = 1000
"""How many replacements are compared at once; if there are more, each is compared by itself."""
PLANS = (".yaml", ".yml")
"""How the names of files of plans end, where a plan is given in place of a replacement."""
MOST_REPLACEMENTS = 5
"""A message names this many replacements and counts the others."""


class Family(NamedTuple):
    """A replacement, and the values that each of its options was given, as they were typed.

    >>> from sepcost.blocks.blocks import grouped
    >>> family = Family.of("grouped", grouped, "groups=2,4,pointwise=true")
    >>> [family.member(number).text for number in range(family.sweep.size)], family.sweep.names
    (['grouped:groups=2,pointwise=true', 'grouped:groups=4,pointwise=true'], ('groups',))
    """

    name: str
    block: Block
    sweep: Sweep

    @classmethod
    def of(cls, name: str, block: Block, given: str | None) -> Family:
        """Raises ReplacementError where an option is unknown or given twice, or its first or last value is wrong."""
        options = {} if given is None else option_values(name, given, block)
        for values in options.values():
            for value in (values[0], values[-1]):
                Replacement.with_options(name, block, value)
        return cls(name, block, Sweep(tuple(Axis(option, values) for option, values in options.items())))

    def member(self, number: int) -> Replacement:
        """The combination with this number, from 0; the last option changes first."""
        options = self.sweep.combination(number)
        if not options:
            return Replacement(self.name, self.block)
        return Replacement.with_options(self.name, self.block, ",".join(map(str, options.values())))


class Members(Sequence[Replacement]):
    """The members of several families, one after the other."""

    def __init__(self, families: Sequence[Family]) -> None:
        self._families = families
        self._ends = list(accumulate(family.sweep.size for family in families))

    def __len__(self) -> int:
        return self._ends[-1]

    @overload
    def __getitem__(self, number: int) -> Replacement: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[Replacement]: ...
    def __getitem__(self, number: int | slice) -> Replacement | Sequence[Replacement]:
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(len(self)))]
        if not 0 <= number < len(self):
            raise IndexError(number)
        place = bisect_right(self._ends, number)
        family = self._families[place]
        return family.member(number - self._ends[place] + family.sweep.size)


def asked_replacements(
    texts: Sequence[str] | None, plan: str | None = None
) -> tuple[Sequence[Replacement] | None, tuple[str, ...]]:
    """What ``-r`` and ``--plan`` ask for: nothing (None), no replacement at all for ``-r none``, or some.

    And the options that vary. The plan, of the file of this name, is the last one.

    >>> asked_replacements([]), asked_replacements(["none"])
    ((None, ()), ([], ()))
    """
    if plan is not None:
        return _beside_plan(texts or (), plan_of_file(plan))
    if not texts:
        return None, ()
    if AS_GIVEN not in texts:
        return chosen_replacements(texts)
    if len(texts) > 1:
        raise SepcostError("-r none is the network as given: leave out the other replacements")
    return [], ()


def _beside_plan(texts: Sequence[str], plan: Plan) -> tuple[Sequence[Replacement], tuple[str, ...]]:
    if AS_GIVEN in texts:
        raise SepcostError("-r none is the network as given, and --plan replaces layers: leave out one of them")
    chosen, swept = chosen_replacements(texts) if texts else ([], ())
    if len(chosen) > TOGETHER:
        raise SepcostError(f"--plan goes with at most {TOGETHER:,} replacements, got {len(chosen):,}")
    return [*chosen, plan], swept


def kinds_of_options(chosen: Sequence[Replacement] | None, names: Iterable[str]) -> dict[str, Kind]:
    """What the values of swept options are (``options.multiplier``), as far as replacements are made together."""
    options = [dict(each.options) for each in (chosen or ())[:TOGETHER]]
    found = {name: name.removeprefix("options.") for name in names if name.startswith("options.")}
    return {name: kind_of_values(each[option] for each in options if option in each) for name, option in found.items()}


def plan_of_file(plan: str) -> Plan:
    """What ``--plan`` asks for. Raises SepcostError, a ConfigError with all that is wrong with the file."""
    if plan == "-":
        raise SepcostError("--plan reads a file: give its name")
    from sepcost.sources.yaml.plan import read_plan  # needs pydantic

    return read_plan(plan)


def nothing_to_replace(network: Network, typed: Sequence[Replacement] | None) -> str | None:
    """What to say where replacements were typed for a network that has no convolution."""
    if not typed or network.has_convolutions:
        return None
    options = " ".join("--plan" if isinstance(each, Plan) else f"-r {each.text}" for each in typed[:MOST_REPLACEMENTS])
    options += f" and {len(typed) - MOST_REPLACEMENTS:,} more" if len(typed) > MOST_REPLACEMENTS else ""
    return f"{network.name}: has no convolution that {options} could replace"


def replacements_in_python(given: Any) -> list[Replacement] | None:
    """The replacements, each once; None where none are given, and none at all for ``[]`` and ``"none"``.

    A mapping is a plan, and so is the name of its file.

    >>> [each.text for each in replacements_in_python(["separable", {"*": "blueprint"}]) or ()]
    ['separable', 'plan']
    """
    return asked_in_python(given)[0]


def asked_in_python(given: Any) -> tuple[list[Replacement] | None, tuple[str, ...]]:
    """The same, and the options that vary.

    >>> [each.text for each in asked_in_python("separable:multiplier=1,2")[0]], asked_in_python("separable")[1]
    (['separable:multiplier=1', 'separable:multiplier=2'], ())
    """
    if given is None:
        return None, ()
    several = list(given) if isinstance(given, (list, tuple)) else [given]
    if AS_GIVEN in several:
        return list(asked_replacements(several)[0] or ()), ()
    chosen: dict[str, Replacement] = {}
    swept: dict[str, None] = {}
    for item in several:
        item = _plan_or_other(item)
        if not isinstance(item, (str, Replacement)):
            what = "a text such as 'separable:multiplier=2', or a Replacement(name, function), or a plan (a dict)"
            raise ReplacementError(f"a replacement is {what}, got {as_text(item, repr)}")
        if isinstance(item, Plan) and item.text in chosen:
            raise ReplacementError("a network has one plan, got two")
        members, options = ([item], ()) if isinstance(item, Replacement) else chosen_replacements([item])
        chosen |= {each.text: each for each in members}
        swept |= dict.fromkeys(options)
    return list(chosen.values()), tuple(swept)


def plan_in_python(given: Any) -> Plan | None:
    """A plan, as a mapping or the name of its file; None where none is given."""
    plan = _plan_or_other(given)
    return plan if plan is None or isinstance(plan, Plan) else Plan.of(plan)


def _plan_or_other(given: Any) -> Any:
    """A plan, where it is given as a mapping or the name of its file."""
    if isinstance(given, Mapping):
        return Plan.of(given)
    is_file = isinstance(given, (str, PathLike)) and fspath(given).endswith(PLANS)
    return plan_of_file(fspath(given)) if is_file else given


def chosen_replacements(texts: Iterable[str]) -> tuple[Sequence[Replacement], tuple[str, ...]]:
    """The replacements of these texts, and the options that were given several values.

    Each is there once, unless there are too many to be made together.

    >>> chosen, swept = chosen_replacements(["separable:multiplier=1,2", "blueprint"])
    >>> [replacement.text for replacement in chosen], swept
    (['separable:multiplier=1', 'separable:multiplier=2', 'blueprint'], ('multiplier',))

    A user's function is imported, which runs its module. The current folder is importable. Raises ReplacementError.
    """
    families = [_family(text) for text in dict.fromkeys(texts)]
    swept = dict.fromkeys(option for family in families for option in family.sweep.names)
    members = Members(families)
    if len(members) > TOGETHER:
        return members, tuple(swept)
    return list({replacement.text: replacement for replacement in members}.values()), tuple(swept)


def _family(text: str) -> Family:
    name, colon, given = text.partition(":")
    function = given.partition(":")[0]
    if name in REPLACEMENTS or not function or "=" in function:
        block = known_block(name)
    else:
        _, colon, given = given.partition(":")
        name, block = f"{name}:{function}", _guarded(f"{name}:{function}", _imported(name, function))
    return Family.of(name, block, given if colon else None)


def _imported(module: str, name: str) -> Callable[..., Any]:
    try:
        look_here_for(module)
        with apart():
            found = import_module(module)
    except (Exception, SystemExit) as error:  # whatever the module's own code raises
        raise ReplacementError(f"{module} cannot be imported: {type(error).__name__}: {error}") from None
    function = getattr(found, name, None)
    if function is None:
        raise ReplacementError(f"{module} has nothing called {name!r}{did_you_mean(name, vars(found))}")
    if not callable(function):
        raise ReplacementError(f"{module}:{name} is no function, but {function!r:.60}")
    return function  # type: ignore[no-any-return]


def _guarded(name: str, function: Callable[..., Any]) -> Callable[..., Parts]:
    """The function; what it raises by mistake is reported in one line."""

    @wraps(function)
    def guarded(conv: Conv, **options: Any) -> Parts:
        try:
            with apart():
                return function(conv, **options)  # type: ignore[no-any-return]
        except SepcostError:
            raise
        except (Exception, SystemExit) as error:  # whatever the function's own code raises
            raise ReplacementError(f"{name} failed on {conv}: {type(error).__name__}: {error}") from None

    return guarded
