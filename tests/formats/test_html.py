"""--format html: one file that asks for nothing, has every number of the JSON, and shows names as text."""

from __future__ import annotations

import builtins
import csv
import io
import json
import re
from base64 import b64encode
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from sepcost import compare, load
from sepcost.formats.format import FormatOptions
from sepcost.formats.registry import format_named
from tests.commands import sepcost
from tests.formats.page_reader import PageReader, numbers_in
from tests.golden.fits import FITS

HOSTILE = [
    "</script><script>alert(1)</script>",
    "{{7*7}}",
    '"onmouseover=alert(1) x="',
    "a\u202eb",
    "<img src=x>",
    "&amp;",
]
NETWORK = """
name: '{name}'
input: {{C: 3, H: 8}}
layers:
  - {{name: stem, K: 3, O: 8}}
  - {{name: 'layer1.0.{inner}', K: 3, O: 16, stride: 2}}
  - {{name: layer1.1.conv, K: 3, O: 16}}
  - {{name: layer2.0.conv, K: 3, O: 16}}
"""
RUNS = {
    "a convolution": ("compare", "-H", "14", "-C", "8", "-K", "3", "-O", "16"),
    "a network": ("compare", "configs/lenet5.yaml", "-r", "separable", "-r", "blueprint"),
    "a sweep": ("compare", "-H", "14", "-C", "8", "-K", "3,5", "-O", "8,16"),
    "networks": ("compare", "configs/lenet5.yaml", "configs/m5.yaml"),
    "a difference": ("diff", "configs/mobilenet_v1_shallow.yaml", "configs/mobilenet_v1.yaml"),
    "a judgement": ("check", "configs/lenet5.yaml", "--max-macs", "1k", "-r", "separable", "--no-verify"),
}


@pytest.mark.parametrize("run", RUNS)
def test_every_number_of_the_json_is_in_it(run: str) -> None:
    page, document = (sepcost(*RUNS[run], "--format", name).out for name in ("html", "json"))
    missing = set(numbers_in(json.loads(document))) - PageReader(page).numbers
    assert missing == set()


def test_every_number_of_a_fit_is_in_it() -> None:
    page, document = (format_named(name).fits(FITS, FormatOptions()) for name in ("html", "json"))
    assert set(numbers_in(json.loads(document))) <= PageReader(page).numbers


@pytest.mark.parametrize("run", RUNS)
def test_headings_and_tables_are_in_order(run: str) -> None:
    page = PageReader(sepcost(*RUNS[run], "--format", "html").out)
    levels = [int(tag[1]) for tag, _, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(level <= before + 1 for before, level in pairwise(levels))
    assert len(page.texts("caption")) == len(page.texts("table"))
    assert all(attributes.get("scope") for attributes in page.attributes("th"))


def test_scripts_and_styles_are_allowed_by_hash_and_nothing_else_is() -> None:
    page = PageReader(sepcost(*RUNS["a network"], "--format", "html").out)
    (policy,) = (meta["content"] or "" for meta in page.attributes("meta") if meta.get("http-equiv"))
    run = [
        text
        for tag, each, texts in page.elements
        if tag == "script" and "type" not in each
        for text in ["".join(texts)]
    ]
    hashes = [f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in (*run, *page.texts("style"))]
    assert all(each in policy for each in hashes)
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert not page.attributes("link")
    assert not any("style" in attributes or "onclick" in attributes for _, attributes, _ in page.elements)
    assert all((image["src"] or "").startswith("data:image/svg+xml;base64,") for image in page.attributes("img"))


@pytest.mark.parametrize("name", HOSTILE)
def test_names_stay_text(name: str, tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(NETWORK.format(name=name, inner=name.replace(".", "")), encoding="utf-8")
    run = sepcost("compare", "net.yaml", "--format", "html", cwd=tmp_path)
    assert run.code == 0
    page = PageReader(run.out)
    shown = name.replace("\u202e", "\\u202e")
    assert page.texts("h1")[0].startswith(shown)
    assert f"layer1.0.{shown}" in page.texts("th")
    assert "\u202e" not in run.out
    assert len(page.texts("script")) == len(
        PageReader(sepcost(*RUNS["a network"], "--format", "html").out).texts("script")
    )
    assert not any(attribute.startswith("on") for _, attributes, _ in page.elements for attribute in attributes)


def test_layers_of_a_block_follow_its_name(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(NETWORK.format(name="net", inner="conv"), encoding="utf-8")
    page = PageReader(sepcost("compare", "net.yaml", "--format", "html", cwd=tmp_path).out)
    first = page.elements[[tag for tag, _, _ in page.elements].index("tbody") :]
    rows = [(attributes.get("data-depth"), texts[0].strip()) for tag, attributes, texts in first if tag == "tr"]
    assert rows[:4] == [(None, "stem"), (None, "layer1"), ("1", "layer1.0.conv"), ("1", "layer1.1.conv")]


def test_nothing_changed_is_a_page_too() -> None:
    page = PageReader(sepcost("diff", "configs/lenet5.yaml", "configs/lenet5.yaml", "--format", "html").out)
    assert "nothing changed" in page.texts("h1")[0]


def test_layers_that_grew_the_most_come_first() -> None:
    page = sepcost("diff", "mobilenet_v1", "mobilenet_v2", "--format", "html").out
    records = csv.DictReader(io.StringIO(sepcost("diff", "mobilenet_v1", "mobilenet_v2", "--format", "csv").out))
    grown = {
        row["after"] or row["before"]: int(row["macs.difference"] or 0) for row in records if row["row"] == "layer"
    }
    most = sorted(grown, key=lambda name: -grown[name])[:3]
    assert all(f"{name}: MACs +{grown[name] / 1e6:.2f} M" in page[: page.index("<table")] for name in most)


def test_what_fails_comes_first() -> None:
    page = sepcost(*RUNS["a judgement"], "--format", "html").out
    assert page.index("must be at most 1,000") < page.index("<table")


@pytest.mark.parametrize("arguments", [("replacements",), (*RUNS["a convolution"], "--explain")])
def test_other_results_are_pages_too(arguments: tuple[str, ...]) -> None:
    page = PageReader(sepcost(*arguments, "--format", "html").out)
    assert len(page.texts("h1")) == 1


def test_without_the_extra_it_has_no_charts_and_says_how_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refused(name: str, *others: Any) -> Any:
        if name.split(".")[0] in ("altair", "vl_convert"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *others)

    monkeypatch.setattr(builtins, "__import__", refused)
    page = PageReader(sepcost(*RUNS["a network"], "--format", "html").out)
    assert any("pip install 'sepcost[plot]'" in text for text in page.texts("p"))
    assert not page.attributes("img")


def test_too_many_numbers_are_left_to_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sepcost.formats.html.MOST_CELLS", 100)
    page = PageReader(sepcost(*RUNS["a network"], "--format", "html").out)
    assert any("--format json" in text for text in page.texts("p"))


def test_in_a_notebook_it_has_no_script_and_styles_nothing_else() -> None:
    shown = PageReader(compare(load("configs/lenet5.yaml"))._repr_html_())
    assert not shown.texts("script")
    (style,) = shown.texts("style")
    assert all(
        selector.strip().startswith(".sepcost ")
        for rule in re.findall(r"([^{}]+)\{", style)
        for selector in rule.split(",")
    )
    assert "231" in compare(load("configs/mobilenet_v1.yaml"))._repr_html_()
