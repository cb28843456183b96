"""The page of --format html in Debian's Chromium: it sorts, filters, folds, draws, prints, and asks for nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.commands import sepcost
from tests.formats.page_reader import PageReader, numbers_in
from tests.formats.test_html import HOSTILE, NETWORK, RUNS

CHROMIUM = Path("/usr/bin/chromium")
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="no chromium: .ci/browser installs it")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One for all tests of a process."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield started
        started.close()


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """The file of a run, written once."""
    folder = tmp_path_factory.mktemp("pages")
    written: dict[tuple[str, ...], Path] = {}

    def page(*arguments: str) -> Path:
        if arguments not in written:
            path = folder / f"{len(written)}.html"
            run = sepcost(*arguments, "--output", str(path))
            assert path.exists(), run.err
            written[arguments] = path
        return written[arguments]

    return page


@pytest.fixture
def opened(browser: Any) -> Iterator[Callable[..., Any]]:
    """A page in a window of its own; it may neither complain on the console nor ask for anything but itself."""
    complaints: list[str] = []
    contexts = []

    def open_(path: Path, **options: Any) -> Any:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()

        def routed(route: Any) -> None:
            if route.request.url == path.as_uri():
                route.continue_()
            else:
                complaints.append(f"asks for {route.request.url}")
                route.abort()

        page.route(lambda url: not url.startswith("data:"), routed)
        page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path.as_uri())
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


def column(table: Any, number: int) -> list[str]:
    """The shown cells of a column."""
    rows = "[...table.tBodies[0].rows].filter((row) => getComputedStyle(row).display !== 'none')"
    return list(table.evaluate(f"(table, number) => {rows}.map((row) => row.cells[number]?.textContent ?? '')", number))


TEXTS = """() => [...document.querySelectorAll("body *:not(script):not(svg *):not(.unseen):not(caption)")]
  .filter((each) => [...each.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()))
  .map((each) => {
    const ground = (at) => {
      const colour = getComputedStyle(at).backgroundColor;
      return colour === "rgba(0, 0, 0, 0)" && at.parentElement ? ground(at.parentElement) : colour;
    };
    return [getComputedStyle(each).color, ground(each), each.textContent];
  })"""
"""The colour of every text, and of what is behind it."""


def luminance(colour: str) -> float:
    """The relative luminance of WCAG 2.2."""
    shares = [int(part) / 255 for part in colour.removeprefix("rgb(").rstrip(")").split(",")]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_runs_without_complaint_in_both_schemes(run: str, scheme: str, pages: Any, opened: Any) -> None:
    page = opened(pages(*RUNS[run]), color_scheme=scheme, viewport={"width": 400, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == 400, "it is wider than a phone"
    shade = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, shade.removeprefix("rgb(").rstrip(")").split(","))) < 3 * 128) == (scheme == "dark")
    ink = page.evaluate("getComputedStyle(document.body).color")
    for figure in page.locator("figure").all():
        figure.locator("svg").wait_for()
        figure.locator("img").wait_for(state="detached")
        widths = figure.locator("svg .background").evaluate_all("all => all.map((each) => each.getBBox().width)")
        assert 100 < max(widths) < 400, "it is not as wide as a phone"
        assert ink in figure.locator("svg text").evaluate_all("all => all.map((each) => getComputedStyle(each).fill)")


@pytest.mark.parametrize("run", RUNS)
def test_every_number_is_in_what_the_browser_has(run: str, pages: Any, opened: Any) -> None:
    page = opened(pages(*RUNS[run]))
    document = json.loads(sepcost(*RUNS[run], "--format", "json").out)
    assert set(numbers_in(document)) <= PageReader(page.locator("main").inner_html()).numbers


def test_a_header_sorts_by_raw_values(pages: Any, opened: Any) -> None:
    table = opened(pages(*RUNS["a network"])).locator("table").first
    before = column(table, 0)
    header = table.locator("thead th", has_text="FLOPs = MACs").first
    header.get_by_role("button").click()
    assert header.get_attribute("aria-sort") == "descending"
    values = [int(text.replace(",", "")) for text in column(table, 4)]
    assert values == sorted(values, reverse=True)
    header.get_by_role("button").click()
    assert header.get_attribute("aria-sort") == "ascending"
    header.get_by_role("button").click()
    assert column(table, 0) == before


def test_a_filter_leaves_the_rows_that_have_its_text(pages: Any, opened: Any) -> None:
    page = opened(pages("compare", "mobilenet_v1"))
    page.get_by_role("searchbox").first.fill("CONV9")
    assert column(page.locator("table").first, 0) == ["conv9"]
    assert page.get_by_role("status").first.text_content() == "1 of 16"


def test_blocks_and_parts_fold(pages: Any, opened: Any) -> None:
    table = opened(pages("compare", "mobilenet_v1")).locator("table").first
    block = table.get_by_role("button", name="block", exact=True)
    block.click()
    assert block.get_attribute("aria-expanded") == "false"
    assert "block.1" not in column(table, 0)
    block.press("Enter")
    assert "block.1" in column(table, 0)
    parts = opened(pages(*RUNS["a convolution"])).locator("table").first
    parts.get_by_role("button", name="separable").click()
    assert column(parts, 0) == ["standard", "separable"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_contrast(scheme: str, pages: Any, opened: Any) -> None:
    """4.5 to 1 at least, as WCAG 2.2 asks for (AA)."""
    for run in RUNS.values():
        page = opened(pages(*run), color_scheme=scheme)
        for colour, ground, text in page.evaluate(TEXTS):
            light, dark = sorted((luminance(colour), luminance(ground)), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, colour, ground)


def test_a_chart_says_what_a_mark_is(pages: Any, opened: Any) -> None:
    page = opened(pages(*RUNS["a network"]))
    page.locator("figure .mark-symbol path, figure .mark-rect path").first.hover()
    tooltip = page.locator("#vg-tooltip-element")
    tooltip.locator("td").first.wait_for()
    assert "conv1" in tooltip.text_content()


def test_it_is_whole_without_scripts(pages: Any, opened: Any) -> None:
    page = opened(pages("compare", "mobilenet_v1"), java_script_enabled=False)
    assert page.locator("tbody tr").count() > 17
    assert page.get_by_role("button").count() == 0
    pictures = page.locator("figure img")
    assert all(pictures.nth(number).is_visible() for number in range(pictures.count()))


def test_it_prints_whole(pages: Any, opened: Any) -> None:
    page = opened(pages("compare", "mobilenet_v1"), viewport={"width": 1032, "height": 700})
    table = page.locator("table").first
    table.get_by_role("button", name="block", exact=True).click()
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= 1032
    assert "block.1" in column(table, 0)
    assert page.pdf().startswith(b"%PDF")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_text(name: str, tmp_path: Path, opened: Any) -> None:
    (tmp_path / "net.yaml").write_text(NETWORK.format(name=name, inner=name.replace(".", "")), encoding="utf-8")
    assert sepcost("compare", "net.yaml", "--output", "page.html", cwd=tmp_path).code == 0
    page = opened(tmp_path / "page.html")
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    page.locator("h1").hover()
    assert page.locator("h1").text_content().startswith(name.replace("\u202e", "\\u202e"))
