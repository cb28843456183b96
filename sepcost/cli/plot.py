"""``--plot``: charts of a result, as files beside what is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from sepcost.cli.options import OUTPUT, option
from sepcost.cli.overwriting import refuse_link, refuse_overwriting
from sepcost.cli.streams import say
from sepcost.errors import SepcostError
from sepcost.formats.format import ResultName
from sepcost.sheets.view import View
from sepcost.tasks.files import is_same, refuse_unwritable, resolved, whole
from sepcost.text.wording import did_you_mean, listed

Plot = Annotated[
    list[str] | None,
    option(
        OUTPUT,
        "--plot [KIND=]FILE",
        "Draw it: a file ending in .svg, .png, .pdf or .html; docs/plot.md has the kinds.",
    ),
]


class Picture(NamedTuple):
    """A chart that was asked for: its kind, None for the usual one, and its file."""

    kind: str | None
    path: Path


class Pictures:
    """The charts that were asked for, and the results that they will be of.

    ``read`` are the files that the command reads, and ``written`` those that it writes. Raises SepcostError, before
    anything is counted, where a chart cannot be drawn or written.
    """

    def __init__(
        self, texts: Sequence[str] | None, result: ResultName, read: Iterable[str], *written: Path | None
    ) -> None:
        self.result = result
        self.seen: list[Any] = []
        self.pictures = [_picture(text, result) for text in texts or ()]
        if not self.pictures:
            return
        for package in ("altair", "vl_convert"):
            if find_spec(package) is None:
                raise SepcostError(f"--plot: {package} is not installed: pip install 'sepcost[plot]'")
        taken = [path for path in written if path]
        files = list(read)
        for _, path in self.pictures:
            refuse_overwriting(files, path, "--plot")
            refuse_link(path, "--plot")
            refuse_unwritable(resolved(path), f"--plot {path}")
            if any(is_same(resolved(path), other) for other in taken):
                raise SepcostError(f"--plot {path}: is written twice: give another name")
            taken.append(path)

    def __bool__(self) -> bool:
        return bool(self.pictures)

    def refuse_many(self, rows: int) -> None:
        """A SepcostError where a chart would have too many points."""
        if not self.pictures:
            return
        from sepcost.charts.charts import MOST_POINTS, TOO_MANY

        if rows > MOST_POINTS:
            raise SepcostError(f"--plot: {TOO_MANY}")

    def of(self, items: Iterable[Any]) -> Iterator[Any]:
        """The items as they are, which are remembered if there is something to draw."""
        for item in items:
            if self.pictures:
                self.seen.append(item)
            yield item

    def write(self, *found: Any, view: View | None = None, assumed: Sequence[str] = ()) -> None:
        """Draw and write each chart, of what was found or seen; a SepcostError where the result has no such chart."""
        if not self.pictures:
            return
        from sepcost.charts.charts import charts
        from sepcost.charts.files import written

        drawn = dict(charts(self.result, found or self.seen, view, assumed))
        if not drawn:
            say(f"--plot {self.pictures[0].path}: there is nothing to draw")
            return
        for kind, path in self.pictures:
            if kind is not None and kind not in drawn:
                raise SepcostError(f"--plot {path}: this result has no chart {kind} (it has: {listed(list(drawn))})")
            chart = drawn[kind or next(iter(drawn))]
            with whole(resolved(path), f"--plot {path}") as file:
                file.write_bytes(written(chart, path.suffix.lower()))


def _picture(text: str, result: ResultName) -> Picture:
    from sepcost.charts.charts import KINDS
    from sepcost.charts.files import ENDINGS

    name, equals, file = text.partition("=")
    is_kind = bool(equals) and name.isidentifier()
    if is_kind and name not in KINDS[result]:
        hint = did_you_mean(name, KINDS[result])
        raise SepcostError(f"--plot: there is no chart {name!r}{hint} (there are: {listed(KINDS[result])})")
    path = Path(file if is_kind else text)
    if path.suffix.lower() not in ENDINGS:
        raise SepcostError(f"--plot {path}: must end in {listed(ENDINGS, 'or')}")
    return Picture(name if is_kind else None, path)
