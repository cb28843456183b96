"""Results that show themselves, and write themselves in every format: each is what a task gives, as people want it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from sepcost.count.comparison import Comparison
from sepcost.count.snapshot import Snapshot
from sepcost.errors import SepcostError, refuse
from sepcost.formats.format import Format, FormatOptions, ResultName
from sepcost.formats.registry import AskedFormat, format_named, format_names, formats
from sepcost.judge.difference import Difference
from sepcost.judge.verdict import Judgement
from sepcost.layers.cost import Convention
from sepcost.measured.benchmark import Benchmark
from sepcost.measured.fits import Fits
from sepcost.network.selection import Selection
from sepcost.sheets.view import View
from sepcost.tasks.alone import only_convolution
from sepcost.tasks.figures import figures_in
from sepcost.tasks.python_words import in_python_words, python_words
from sepcost.text.units import as_text
from sepcost.text.wording import listed

if TYPE_CHECKING:
    import altair as alt
    from typing_extensions import Self

    from sepcost.sheets.sheet import Sheet
    from sepcost.sheets.text_template import Several
    from sepcost.tasks.frame import Backend, Columns, Table

TO = "to_"
"""How the names of methods begin that give a result as something else."""


class NotWrittenError(SepcostError, AttributeError):
    """A format does not write such a result, which has no method of its name."""


class Shown:
    """A result whose text is its sheets, with a method for each format that writes it: ``to_json()``, ``to_csv()`` …

    >>> from sepcost import Conv, compare
    >>> result = compare(Conv((112, 112), 32, 64, 3))
    >>> print(result.to_markdown(precision=3, units="M").splitlines()[4])
    | standard    |   0.0184 M |        231 M |     0.803 M | 72.0 KiB |          3.06 MiB |   4.66 MiB |      47.3 |

    What such a method takes is what the format does (``--format markdown:precision=3,units=M``); given a file's name,
    it writes the file, and else it returns the text.
    """

    __slots__ = ()
    _name: ClassVar[ResultName]
    """What formats call it."""

    @classmethod
    def over(cls, result: Any, **more: Any) -> Self:
        """The same result, which now shows itself."""
        return cls(*(getattr(result, field.name) for field in fields(result)), **more)

    def to_dict(self) -> dict[str, Any]:
        """The document of ``to_json()`` as dicts and lists."""
        document: dict[str, Any] = json.loads(self.to_json() or "{}")
        return document

    def to_frame(self, backend: Backend | None = None) -> Any:
        """The rows of ``to_csv()`` as a data frame: of pandas, Polars or Arrow (``"pyarrow"``).

        Without a ``backend`` it is pandas or Polars, the one that is imported or installed. Raises SepcostError.
        """
        from sepcost.tasks.frame import frame

        with in_python_words():
            return frame(self._columns(), backend)

    def plot(self, kind: str | None = None) -> alt.TopLevelMixin:
        """Its chart, as one of Altair; of this ``kind``, where it has several. Raises SepcostError.

        >>> from sepcost import sweep
        >>> sweep(H=56, C=64, K=[3, 5], O="64:512:64").plot().save("reduction.svg")  # doctest: +SKIP
        """
        from sepcost.charts.charts import charts

        with in_python_words():
            options = self._options()
            drawn = dict(charts(self._name, self._drawn(), options.view, options.assumed))
            refuse(
                (not drawn, f"{type(self).__name__} has nothing to draw"),
                (kind not in (None, *drawn), f"kind: it has {listed([*drawn])}, got {as_text(kind, repr)}"),
            )
            return drawn[kind] if kind else next(iter(drawn.values()))

    def _drawn(self) -> Sequence[Any]:
        """What charts are of."""
        return [self]

    def _sheets(self) -> list[Sheet]:
        """What people see of it."""
        raise NotImplementedError

    def _columns(self) -> Columns:
        """The columns of its rows."""
        from sepcost.tasks.frame import columns_of_table

        return columns_of_table(*self._table())

    def _table(self) -> Table:
        """The names of its columns, and its rows."""
        raise SepcostError(f"{type(self).__name__} has no rows: to_dict() has all of it")

    def _options(self) -> FormatOptions:
        return FormatOptions(words=python_words)

    def _is_for(self, format_: Format) -> bool:
        """Whether the format writes it."""
        return self._name in format_.writes

    def _written(self, format_: Format, options: FormatOptions) -> Iterable[Any]:
        """What the format makes of it, in pieces, texts or bytes."""
        return [getattr(format_, self._name)(self, options)]

    def __getattr__(self, name: str) -> Callable[..., Any]:
        format_name = name.removeprefix(TO)
        if not name.startswith(TO):
            raise AttributeError(f"{type(self).__name__} has no {name}")
        if format_name not in format_names() or not self._is_for(format_named(format_name)):
            there = listed([each for each in dir(self) if each.startswith(TO)])
            raise NotWrittenError(f"{type(self).__name__} has no {name}: it has {there}")
        return self._method(name, format_named(format_name))

    def _method(self, name: str, format_: Format) -> Callable[..., Any]:
        @in_python_words()
        def write(path: str | PathLike[str] | None = None, **options: Any) -> str | bytes | None:
            given = {option: value for option, value in options.items() if value is not None}
            chunks = self._written(format_, self._options()._replace(**AskedFormat.of(format_, given).options))
            if path is None:
                return b"".join(chunks) if format_.is_binary else "".join(chunks)
            from sepcost.tasks.files import write_whole

            write_whole(chunks, Path(path), str(path))
            return None

        write.__name__ = name
        write.__doc__ = f"{format_.__doc__}\n\nOptions: {', '.join(format_.options) or 'none'}."
        return write

    def __dir__(self) -> Iterable[str]:
        return [*object.__dir__(self), *(f"{TO}{format_.name}" for format_ in formats(self._is_for))]

    def _in_python(self) -> list[Sheet]:
        return [sheet._replace(notes=tuple(map(python_words, sheet.notes))) for sheet in self._sheets()]

    def __str__(self) -> str:
        from rich.console import Console

        from sepcost.formats.table import UNLIMITED, draw

        return draw(Console(width=UNLIMITED, color_system=None, force_jupyter=False), None, self._in_python()).rstrip(
            "\n"
        )

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from sepcost.formats.html import FORMAT

        return FORMAT.fragment(self._in_python())


class OfComparisons(Shown):
    """What comparisons have: rows of their figures, of the layers that ``view`` has."""

    __slots__ = ()
    _name = "comparisons"
    convention: Convention
    view: View
    assumed: Sequence[str]
    """What the user left to the defaults."""

    def _snapshots(self, *, at_once: bool = False) -> Iterable[Snapshot | Several]:
        """The figures of each, or of many together where that is asked for."""
        raise NotImplementedError

    def _columns(self) -> Columns:
        from sepcost.tasks.frame import columns_of

        return columns_of(self._snapshots(at_once=True), self.view)

    def _drawn(self) -> Sequence[Any]:
        from sepcost.charts.charts import MOST_POINTS

        return [*islice(self._snapshots(), MOST_POINTS + 1)]

    def _options(self) -> FormatOptions:
        return FormatOptions(self.view, self.convention, self.assumed, words=python_words)

    def _written(self, format_: Format, options: FormatOptions) -> Iterable[Any]:
        return format_.comparisons(self._snapshots(at_once=format_.at_once), options)


class OfOne(OfComparisons):
    """What one comparison has: its derivation, and its source."""

    __slots__ = ()

    @property
    def _snapshot(self) -> Snapshot:
        raise NotImplementedError

    def explain(self, layer: str | None = None) -> Derivation:
        """How the costs of one convolution are calculated, formula by formula; of a network, of this layer.

        >>> from sepcost import Conv, compare
        >>> print(str(compare(Conv((112, 112), 32, 64, 3)).explain()).splitlines()[7])
          params             C·K²·O                           = 32·3²·64                               = 18,432
        """
        with in_python_words():
            found = only_convolution([self._snapshot], Selection((layer,) if layer else ()))
            if not found:
                raise SepcostError(f"there is no convolution {layer or 'to explain'}")
            return Derivation.of(found[0], self._options())

    def code(self) -> str:
        """The convolution and its replacements as PyTorch source, to paste. Raises SepcostError for a network."""
        with in_python_words():
            return "".join(format_named("pytorch").comparisons([self._snapshot], self._options()))

    def _is_for(self, format_: Format) -> bool:
        unfit = format_.whole_networks if self._snapshot.is_single_convolution else format_.one_convolution
        return super()._is_for(format_) and not unfit

    def _snapshots(self, *, at_once: bool = False) -> Iterable[Snapshot | Several]:
        return [self._snapshot]

    def _sheets(self) -> list[Sheet]:
        from sepcost.sheets.comparison_sheets import sheets

        return sheets(self._snapshot, self.assumed, self.view)


@dataclass(frozen=True, slots=True, repr=False)
class Result(OfOne, Comparison):
    """A comparison whose text is its table.

    >>> from sepcost import Conv, compare
    >>> print(str(compare(Conv((112, 112), 32, 64, 3))).splitlines()[0])
    3×3 convolution, 32 → 64 channels, on 112×112
    """

    view: View = field(default_factory=View, compare=False)
    assumed: Sequence[str] = field(default=(), compare=False)

    @property
    def _snapshot(self) -> Snapshot:
        return figures_in(self.view, self)


@dataclass(frozen=True, slots=True, repr=False)
class SnapshotResult(OfOne, Snapshot):
    """One combination of a sweep, whose text is its table."""

    view: View = field(default_factory=View, compare=False)
    assumed: Sequence[str] = field(default=(), compare=False)

    @property
    def _snapshot(self) -> Snapshot:
        return self


class Derivation(str):
    """How costs are calculated, as text; in a notebook, its formulas are math."""

    _markdown: str

    @classmethod
    def of(cls, snapshot: Snapshot, options: FormatOptions) -> Self:
        """The derivation of the one layer that is shown."""
        found = cls(format_named("table").derivation(snapshot, options))
        found._markdown = format_named("markdown").derivation(snapshot, options)
        return found

    __repr__ = str.__str__

    def _repr_markdown_(self) -> str:
        return self._markdown


class DifferenceResult(Shown, Difference):
    """A difference whose text is its tables, or a line if there is none."""

    __slots__ = ()
    _name = "difference"

    def _sheets(self) -> list[Sheet]:
        from sepcost.sheets.difference_sheets import difference_sheets, nothing_changed
        from sepcost.sheets.sheet import Sheet

        if not self.is_empty:
            return difference_sheets(self)
        title, *notes = nothing_changed(self)
        return [Sheet(title, (), (), notes=tuple(notes))]

    def _table(self) -> Table:
        from sepcost.sheets.difference_records import table

        return table(self)


class JudgementResult(Shown, Judgement):
    """A judgement whose text is its tables, with what could not be judged."""

    __slots__ = ()
    _name = "judgement"

    def _sheets(self) -> list[Sheet]:
        from sepcost.sheets.check_sheets import check_sheets

        return check_sheets(self, problems=True)


class BenchmarkResult(Shown, Benchmark):
    """What was timed, whose text is its tables."""

    __slots__ = ()
    _name = "benchmark"

    def _sheets(self) -> list[Sheet]:
        from sepcost.sheets.benchmark_sheets import benchmark_sheets

        return benchmark_sheets(self)

    def _table(self) -> Table:
        from sepcost.sheets.benchmark_records import table

        return table(self)


class FitsResult(Shown, Fits):
    """What was fitted, whose text is its tables."""

    __slots__ = ()
    _name = "fits"

    def _sheets(self) -> list[Sheet]:
        from sepcost.sheets.fit_sheets import fit_sheets

        return fit_sheets(self)

    def _table(self) -> Table:
        from sepcost.sheets.fit_records import table

        return table(self)
