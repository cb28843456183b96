"""What a result gives in Python is what the command writes, in every format, and as a frame."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import sepcost
from sepcost import Conv, SepcostError
from sepcost.formats.registry import format_named, format_names
from sepcost.measured.fits import Fits
from sepcost.tasks.python_words import python_words
from sepcost.tasks.result import FitsResult, Shown
from tests.commands import ROOT, Sepcost
from tests.golden.fits import FITS

BACKENDS = ("pandas", "polars", "pyarrow")
RESULTS: dict[str, tuple[Callable[[], Shown], str]] = {
    "a convolution": (lambda: sepcost.compare(H=56, C=64, K=3, O=128), "compare -H 56 -C 64 -K 3 -O 128"),
    "per position": (
        lambda: sepcost.compare(C=64, K="3x5", O=128, stride=2, transposed=True),
        "compare -C 64 -K 3x5 -O 128 --stride 2 --transposed",
    ),
    "a network": (lambda: sepcost.compare("mobilenet_v1", dtype="int8"), "compare mobilenet_v1 --dtype int8"),
    "a target": (
        lambda: sepcost.compare("vgg16", ["separable", "blueprint"], target="example-cpu"),
        "compare vgg16 -r separable -r blueprint --target example-cpu",
    ),
    "convolutions": (
        lambda: sepcost.sweep(H=56, C=64, K=[3, (3, 5)], O=range(64, 513, 64), batch=[1, 8]),
        "compare -H 56 -C 64 -K 3,3x5 -O 64:512:64 --batch 1,8",
    ),
    "many convolutions": (
        lambda: sepcost.sweep(
            H="7:56:7", C="8:512:8", K=3, O="C", groups=[1, 2], replacements="separable:multiplier=1,2"
        ),
        "compare -H 7:56:7 -C 8:512:8 -K 3 -O C --groups 1,2 -r separable:multiplier=1,2",
    ),
    "chosen ones": (
        lambda: sepcost.sweep(
            H=56, C=64, K="3,5", O="8:512:8", replacements=["separable", "blueprint"],
            columns=["macs", "reduction.macs"], filter=["macs<=1G", "reduction.macs>=8"], sort="-macs", top=20,
        ),
        "compare -H 56 -C 64 -K 3,5 -O 8:512:8 -r separable -r blueprint --columns macs,reduction.macs "
        "--filter macs<=1G --filter reduction.macs>=8 --sort=-macs --top 20",
    ),
    "a front": (
        lambda: sepcost.sweep(H=56, C=64, K="3,5", O="8:512:8", pareto=["replacement.macs", "reduction.macs"]),
        "compare -H 56 -C 64 -K 3,5 -O 8:512:8 --pareto replacement.macs,reduction.macs",
    ),
    "networks": (
        lambda: sepcost.sweep(["resnet50", "mobilenet_v1"], alpha=["0.5", 1]),
        "compare resnet50 mobilenet_v1 --alpha 0.5,1",
    ),
    "layers of networks": (lambda: sepcost.sweep(["vgg16", "mobilenet_v1"]), "compare vgg16 mobilenet_v1"),
    "a difference": (lambda: sepcost.diff("vgg16", "mobilenet_v1"), "diff vgg16 mobilenet_v1"),
    "no difference": (lambda: sepcost.diff("vgg16", "vgg16"), "diff vgg16 vgg16"),
    "a judgement": (
        lambda: sepcost.check("mobilenet_v1", at_most={"params": "5M", "macs": "500M"}),
        "check mobilenet_v1 --max-macs 500M --max-params 5M --no-verify",
    ),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("case", RESULTS)
def test_every_format_writes_what_the_command_writes(in_process: Sepcost, tmp_path: Path, case: str) -> None:
    make, command = RESULTS[case]
    result = make()
    names = [name for name in format_names() if f"to_{name}" in dir(result)]
    assert {"json", "markdown", "html"} <= {*names}
    for name in names:
        if format_named(name).is_binary:
            in_process(*command.split(), "--format", name, "--output", tmp_path / name)
            assert getattr(result, f"to_{name}")() == (tmp_path / name).read_bytes()
            continue
        text, out = getattr(result, f"to_{name}")(), in_process(*command.split(), "--format", name).out
        assert text == out if name in ("csv", "json") else in_python(text) == in_python(out), name
    assert result.to_dict() == json.loads(in_process(*command.split(), "--format", "json").out)


def in_python(text: str) -> str:
    """A text with the words of Python, whatever is escaped in them, and without the time that a check took."""
    return re.sub(r' time="[0-9.]+"', "", python_words(text.replace("\\_", "_")))


def rows_of(frame: Any) -> tuple[list[str], list[dict[str, Any]]]:
    """The columns and the rows of a frame, of whatever library."""
    if isinstance(frame, pd.DataFrame):
        rows = [
            {str(name): None if pd.isna(cell) else cell for name, cell in row.items()}
            for row in frame.to_dict("records")
        ]
        return [*map(str, frame.columns)], rows
    rows = frame.to_pylist() if hasattr(frame, "to_pylist") else frame.to_dicts()
    return [*(frame.column_names if hasattr(frame, "column_names") else frame.columns)], rows


def read(text: str, value: Any) -> Any:
    """A cell of CSV as a value of the same type."""
    if text == "":
        return None
    return text == "true" if isinstance(value, bool) else text if value is None else type(value)(text)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("case", [case for case in RESULTS if case != "a judgement"])
def test_a_frame_has_the_rows_of_csv(case: str, backend: Any) -> None:
    result = RESULTS[case][0]()
    names, rows = rows_of(result.to_frame(backend))
    expected = csv.DictReader(StringIO(result.to_csv()))
    assert names == expected.fieldnames
    for row, cells in zip(rows, expected, strict=True):
        assert row == {name: read(text, row[name]) for name, text in cells.items()}


@pytest.mark.parametrize("backend", BACKENDS)
def test_whole_numbers_flags_and_texts_stay_what_they_are(backend: Any) -> None:
    frame = sepcost.compare("mobilenet_v1").to_frame(backend)
    of_arrow = backend == "pyarrow"
    names = ("macs", "replacement.macs", "costs_more", "reduction.macs", "layer", "part")
    types = (frame.schema.field(name).type if of_arrow else frame[name].dtype for name in names)
    kinds = dict(zip(names, map(str.lower, map(str, types))))
    integer, flag, real = kinds["macs"], kinds["costs_more"], kinds["reduction.macs"]
    assert integer == "int64"
    assert flag.startswith("bool")
    assert real in ("float64", "double")
    assert kinds["replacement.macs"] == integer
    assert kinds["layer"] == kinds["part"]
    assert kinds["layer"].startswith(("str", "object", "large"))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_number_beyond_64_bits_is_exact_or_an_error(backend: Any) -> None:
    largest = 2**31 - 1
    result = sepcost.compare(H=largest, C=largest, K=1, O=8)
    if backend == "pandas":
        (macs, *_) = result.to_frame(backend)["macs"]
        assert macs == 8 * largest**3
    else:
        with pytest.raises(
            SepcostError, match=r"^macs: has numbers beyond 64 bits: give backend='pandas', or take to_dict"
        ):
            result.to_frame(backend)


def test_a_benchmark_and_fits_have_their_rows() -> None:
    timed = sepcost.bench(Conv((4, 4), 4, 4, 3), min_time=0.0005)
    for result in (timed, FitsResult(*FITS)):
        names, rows = rows_of(result.to_frame("polars"))
        expected = csv.DictReader(StringIO(result.to_csv()))
        assert names == expected.fieldnames
        for row, cells in zip(rows, expected, strict=True):
            assert row == {name: read(text, row[name]) for name, text in cells.items()}
        assert len(result.to_dict()["rows"]) == len(rows)
        assert result.to_markdown().startswith("### ")
    assert isinstance(FitsResult(*FITS)._replace(rows=[]), Fits)


def test_what_a_format_does_not_write_is_no_method() -> None:
    result = sepcost.compare("mobilenet_v1")
    assert not hasattr(result, "to_sarif")
    assert not hasattr(result, "to_pytorch")
    assert not hasattr(sepcost.compare(C=64, K=3, O=128), "to_yaml")
    assert not hasattr(sepcost.sweep(C=64, K=3, O=[8, 16]), "to_yaml")
    with pytest.raises(SepcostError, match=r"^Result has no to_sarif: it has .*to_csv, to_dict, to_frame"):
        result.to_sarif()
    with pytest.raises(AttributeError, match=r"^Result has no nothing$"):
        _ = result.nothing
    with pytest.raises(SepcostError, match="has no rows: to_dict"):
        sepcost.check("mobilenet_v1", at_most={"macs": "1G"}).to_frame()


def test_options_of_formats_are_arguments(in_process: Sepcost, tmp_path: Path) -> None:
    result = sepcost.compare("mobilenet_v1")
    out = in_process("compare", "mobilenet_v1", "--format", "latex:precision=3,units=M,label=tab:x").out
    assert result.to_latex(precision=3, units="M", label="tab:x", caption=None) == out
    assert result.to_csv(tmp_path / "costs.csv") is None
    assert (tmp_path / "costs.csv").read_text() == result.to_csv()
    for wrong, message in (
        ({"precission": 3}, r"^latex has no option 'precission'; did you mean `precision`\?"),
        ({"precision": "x"}, "^latex: option precision must be a whole number"),
    ):
        with pytest.raises(SepcostError, match=message):
            result.to_latex(**wrong)


def test_frames_are_of_the_library_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    result = sepcost.compare(C=64, K=3, O=128)
    monkeypatch.setattr("sepcost.tasks.frame.find_spec", lambda name: name == "polars")
    assert type(result.to_frame()).__module__.startswith("polars")
    with pytest.raises(SepcostError, match=r"^backend: pyarrow is not installed: pip install pyarrow$"):
        result.to_frame("pyarrow")
    monkeypatch.setattr("sepcost.tasks.frame.find_spec", lambda name: None)
    with pytest.raises(SepcostError, match=r"needs pandas or Polars, and neither is installed: pip install pandas$"):
        result.to_frame()
    with pytest.raises(SepcostError, match=r"^backend: must be pandas, polars or pyarrow, got 'panda'; did you mean"):
        result.to_frame("panda")  # type: ignore[arg-type]


def test_a_derivation_is_that_of_the_command(in_process: Sepcost) -> None:
    typed = ("compare", "mobilenet_v1", "--include", "conv3", "--explain")
    derived = sepcost.compare("mobilenet_v1").explain("conv3")
    assert str(derived) == repr(derived) == python_words(in_process(*typed).out)
    assert in_python(derived._repr_markdown_()) == in_python(in_process(*typed, "--format", "markdown").out)
    code = in_process("compare", "-C", "64", "-K", "3", "-O", "128", "--format", "pytorch").out
    assert sepcost.compare(C=64, K=3, O=128).code() == code
    for layer, message in (
        (None, r"^explain\(\) derives one convolution, and .* choose one by layer=NAME$"),
        ("nothing", "^there is no convolution nothing$"),
    ):
        with pytest.raises(SepcostError, match=message):
            sepcost.compare("mobilenet_v1").explain(layer)
    with pytest.raises(SepcostError, match=r"is of a single convolution: give C, K and O \(and H\)$"):
        sepcost.compare("mobilenet_v1").code()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"C": 3, "K": [3, 5], "O": 8}, "^K: has several values, and compare takes one: sepcost.sweep takes them all$"),
        ({"C": 3, "K": 3}, "^missing O: "),
        ({"C": 3, "K": 3, "O": 8, "W": 3}, "^W needs H$"),
        ({"C": 3, "K": 3, "O": 8, "H": 3, "size": 3}, "^size contradicts H and W: give one or the other$"),
        ({"source": "vgg16", "K": 3}, "^K: numbers of one convolution contradict a source$"),
    ],
)
def test_what_is_no_convolution_is_said(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SepcostError, match=message):
        sepcost.compare(**options)
    with pytest.raises(TypeError, match=r"^there is no argument 'replacement'$"):
        sepcost.compare("vgg16", replacement="blueprint")


def test_charts_are_those_of_altair() -> None:
    result = sepcost.compare("mobilenet_v1", target="example-cpu")
    assert result.plot().to_dict() != result.plot("roofline").to_dict()
    many = sepcost.sweep(H=56, C=64, K=[3, 5], O="64:512:64")
    assert many.plot("reduction").to_dict() == many.plot().to_dict()
    with pytest.raises(SepcostError, match=r"^kind: it has reduction, got 'roof'$"):
        many.plot("roof")
    with pytest.raises(SepcostError, match=r"are too many for a chart: use top=20, or filter$"):
        sepcost.sweep(H="1:20000:1", C=64, K=3, O=8).plot()
    with pytest.raises(SepcostError, match=r"^DifferenceResult has nothing to draw$"):
        sepcost.diff("vgg16", "vgg16").plot()
