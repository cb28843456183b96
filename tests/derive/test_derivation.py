"""--explain: each formula, in letters and with the numbers in place, has the value that is written after it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sepcost import Conv, Convention, Network, Replacement, SepcostError, compare, load
from sepcost.blocks.replacements import REPLACEMENTS
from sepcost.count.comparison import Comparison
from sepcost.derive.derivation import derivation
from sepcost.formats.drawing.derivation_text import latex_derivation, markdown_derivation, plain_derivation
from sepcost.layers.cost import Cost, ratio
from sepcost.network.network import Widths
from sepcost.text.units import as_ratio, decimal
from tests.commands import sepcost
from tests.formats.test_latex import check_structure
from tests.pdflatex import needs_pdflatex, problems
from tests.strategies import convs, every_replacement

AXES = {1: "L", 2: "HW", 3: "DHW"}
SUPERSCRIPT = re.compile("[⁰¹²³⁴-⁹]+")
DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
THOUSANDS = re.compile(r"(?<=\d),(?=\d{3})")


class Line(NamedTuple):
    """A step as it is printed."""

    section: str
    name: str
    symbols: str
    numbers: str
    value: str


def lines(comparison: Comparison) -> Iterator[Line]:
    """Every step of what --explain prints."""
    section = ""
    for line in plain_derivation("title", derivation(comparison), ["note"]).splitlines():
        if not line.startswith(" "):
            section = line
        elif line.count(" = ") >= 2:
            start, numbers, value, *_ = line.strip().split(" = ")
            name, symbols = re.split(" {2,}", start.strip(), maxsplit=1)
            yield Line(section, name, symbols.strip(), numbers.strip(), value.strip())


def evaluated(text: str, letters: Mapping[str, Any] | None = None) -> Fraction:
    """A formula, computed by Python; names are those of the letters."""
    text = SUPERSCRIPT.sub(lambda power: f"**{power[0].translate(DIGITS)}", THOUSANDS.sub("", text))
    text = text.replace("·", "*").replace("−", "-")
    text = re.sub("⌈(.*)⌉", r"ceil(\1)", re.sub("⌊(.*)⌋", r"floor(\1)", text))
    names = sorted(letters or (), key=len, reverse=True)
    tokens = "|".join([*map(re.escape, names), r"(?<!\*\*)\b\d+\b"])
    code = re.sub(tokens, lambda token: f"of[{token[0]!r}]", text)
    of = {number: Fraction(number) for number in re.findall(r"\d+", text)}
    of |= {name: Fraction(value) for name, value in (letters or {}).items() if value is not None}
    return Fraction(eval(code, {"of": of, "ceil": math.ceil, "floor": math.floor}))


def check(value: Fraction, line: Line) -> None:
    """That this is the value which is printed, to its last digit."""
    if line.value.endswith("×"):
        assert as_ratio(float(value)) == line.value
    elif line.name.endswith("MACs/byte"):
        assert decimal(float(value)) == line.value
    elif line.name == "as a share":
        assert decimal(float(value), 3) == line.value
    else:
        assert value == int(line.value.removesuffix(" B").replace(",", ""))


def letters(conv: Conv, convention: Convention, per_position: bool) -> dict[str, int]:
    """The numbers of a convolution under their letters."""
    axes = AXES[len(conv.input_size)]
    of = {"C": conv.in_channels, "O": conv.out_channels, "b": convention.bits.activations // 8, "N": convention.batch}
    arguments: dict[str, Any] = {
        "K": conv.kernel_size, "stride": conv.stride, "d": conv.dilation, "p_out": conv.output_padding,
    }  # fmt: skip
    if conv.padding != "same":
        arguments["p"] = conv.padding
    for letter, values in arguments.items():
        of |= {f"{letter}_{axis.lower()}": value for axis, value in zip(axes, values)}
        of |= {letter: values[0]} if len(set(values)) == 1 else {}
    if not per_position:
        of |= dict(zip(axes, conv.input_size)) | {f"{axis}'": size for axis, size in zip(axes, conv.output_size)}
    return of


def check_lines(comparison: Comparison) -> None:
    """Each side of every step, with only the letters of the convolution, of its heading, and of earlier steps."""
    conv = comparison.layers[0].layer
    assert isinstance(conv, Conv)
    usual = letters(conv, comparison.convention, comparison.network.per_position)
    if comparison.convention.dtype == "mixed":
        usual["b"] = comparison.standard.cost.activation_bytes(Convention(dtype="mixed", in_own_dtype=True)) // 2048
    known: dict[str, dict[str, Any]] = {}
    of: dict[str, Any] = usual
    for line in lines(comparison):
        if not line.section.startswith("reduction by "):
            in_heading = re.findall(r"[(,] ?([A-Za-z][₀-₉]*) = ([\d,]*\d)", line.section)
            of = {**usual, **{letter: int(number.replace(",", "")) for letter, number in in_heading}}
        check(evaluated(line.numbers), line)
        mine = known.setdefault(line.section, {})
        part = line.name.rpartition(" ")[0]
        words = {name.removeprefix(f"{part} "): value for name, value in mine.items() if name.startswith(part)}
        if line.section.startswith("reduction by "):
            text = line.section.removeprefix("reduction by ")
            replaced = next(values for section, values in known.items() if section.startswith(f"{text}: "))
            words = {"standard": known_standard(known).get(line.name), text: replaced.get(line.name)}
        check(evaluated(line.symbols, {**of, **mine, **words}), line)
        mine[line.name] = evaluated(line.numbers)


def known_standard(known: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    return next(values for section, values in known.items() if section.startswith("standard"))


def check_values(comparison: Comparison) -> None:
    """The values are those of the comparison, and none of its figures is without a step."""
    sections: dict[str, dict[str, str]] = {}
    for line in lines(comparison):
        sections.setdefault(line.section, {})[line.name] = line.value
    layer, per_position = comparison.layers[0], comparison.network.per_position
    check_figures(known_standard(sections), layer.standard, comparison.convention, per_position)
    for text, variant in layer.variants.items():
        if variant.parts:
            (section,) = (steps for heading, steps in sections.items() if heading.startswith(f"{text}: "))
            check_figures(section, variant.cost, comparison.convention, per_position)


def check_figures(steps: Mapping[str, str], cost: Cost, convention: Convention, per_position: bool) -> None:
    expected = {
        "params": f"{cost.params:,}",
        "MACs": f"{cost.macs:,}",
        "activations": f"{cost.activations:,}",
        "weights": f"{cost.weight_bytes(convention):,} B",
    }
    if not per_position:
        expected |= {
            "activation memory": f"{cost.activation_bytes(convention):,} B",
            "traffic": f"{cost.traffic_bytes(convention):,} B",
            "MACs/byte": decimal(ratio(cost.macs * convention.batch, cost.traffic_bytes(convention))),
        }
    assert {name: steps[name] for name in expected} == expected


conventions = st.builds(
    Convention, st.sampled_from([1, 2]), st.integers(1, 3), st.sampled_from(["float32", "float16", "int8"])
)


@settings(max_examples=50)
@given(convs(), every_replacement(), conventions)
def test_every_step_is_right(conv: Conv, replacements: list[str], convention: Convention) -> None:
    chosen = [*map(Replacement.parse, replacements)]
    comparison = Comparison.of(Network.of(conv), chosen, convention)
    check_lines(comparison)
    check_values(comparison)


@settings(max_examples=50)
@given(convs(dense=True), every_replacement(), conventions)
def test_every_step_is_right_for_one_position(conv: Conv, replacements: list[str], convention: Convention) -> None:
    size = (1,) * len(conv.stride) if conv.transposed else conv.stride
    conv = replace(conv, input_size=size, padding="same", output_padding=(0,) * len(size))
    network = replace(Network.of(conv), per_position=True)
    comparison = Comparison.of(network, [*map(Replacement.parse, replacements)], convention)
    check_lines(comparison)
    check_values(comparison)


def test_a_block_of_ones_own() -> None:
    """Numbers of its own are numbers, what it computes is M, and a map between two others has a number."""

    def block(conv: Conv, multiplier: int = 2) -> Any:
        wide = Conv(conv.input_size, conv.in_channels, conv.in_channels * 3, 3, stride=2, groups=conv.in_channels)
        odd = Conv(wide.output_size, wide.out_channels, conv.out_channels + 1, 4, padding=1)
        last = Conv(odd.output_size, odd.out_channels, conv.out_channels, 1)
        return [("wide", wide), ("odd", odd), ("last", last)]

    conv = Conv((16, 16), 4, 8, 3, stride=2, padding=0)
    comparison = Comparison.of(Network.of(conv), [Replacement("own", block)])
    check_lines(comparison)
    check_values(comparison)
    symbols = {line.name: line.symbols for line in lines(comparison)}
    assert symbols["wide MACs"] == "H₁·W₁·C·3³"
    assert symbols["odd params"] == "C·3·4²·M"
    assert symbols["last MACs"] == "H'·W'·M·O"


SYMBOLS = {
    "separable": {"depthwise params": "C·K²", "pointwise params": "C·O"},
    "separable:multiplier=2": {"depthwise params": "C·m·K²", "pointwise params": "C·m·O"},
    "blueprint": {"pointwise params": "C·O", "depthwise params": "O·K²"},
    "blueprint:multiplier=2": {"pointwise params": "C·m·O", "depthwise params": "m·O·K²"},
    "grouped": {"params": "C·K²·O / g", "MACs": "H'·W'·C·K²·O / g"},
    "grouped:groups=1,pointwise=true": {"grouped params": "C·K²·O", "pointwise params": "O²"},
    "bottleneck": {"reduce params": "C·M", "conv params": "M²·K²", "expand params": "M·O"},
    "inverted": {"expand params": "C²·e", "depthwise params": "C·e·K²", "project params": "C·e·O"},
    "spatial": {"vertical params": "C·K·O", "horizontal params": "O²·K"},
}


@pytest.mark.parametrize("text", SYMBOLS)
@settings(max_examples=30)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 4), st.integers(1, 2))
def test_symbols_follow_from_the_block_and_not_from_its_numbers(
    text: str, in_channels: int, out_channels: int, kernel: int, size: int
) -> None:
    result = compare(Conv((size, size), in_channels, out_channels, kernel), text)
    found = list(lines(result))
    standard = {line.name: line.symbols for line in found if line.section == "standard"}
    assert (standard["params"], standard["MACs"]) == ("C·K²·O", "H'·W'·C·K²·O")
    if result.layers[0].variants[text].parts:
        symbols = {line.name: line.symbols for line in found if line.section.startswith(f"{text}: ")}
        assert {name: symbols[name] for name in SYMBOLS[text]} == SYMBOLS[text]


def test_one_input_channel_is_no_special_case() -> None:
    run = sepcost("compare", "-H", "28", "-C", "1", "-K", "3", "-O", "32", "--explain")
    assert re.search(r"depthwise params +C·K² += 1·3² += 9\n", run.out)
    assert re.search(r"depthwise MACs +H'·W'·C·K² += 28·28·1·3² += 7,056\n", run.out)


def test_a_map_of_one_position_keeps_its_letters() -> None:
    symbols = {line.name: line.symbols for line in lines(compare(Conv((1, 1), 4, 8, 3, stride=2)))}
    assert symbols["depthwise traffic"] == "b·(H·W·C + H'·W'·C) + b·params"


@pytest.mark.parametrize(
    ("conv", "text", "share"),
    [
        (Conv((112, 112), 32, 64, 3), "separable", "1/O + 1/K² = 1/64 + 1/9 = 0.127"),
        (Conv((112, 112), 32, 64, 3), "separable:multiplier=2", "m/O + m/K² = 2/64 + 2/9 = 0.253"),
        (Conv((112, 112), 32, 64, (3, 5)), "separable", "1/O + 1/(K_h·K_w) = 1/64 + 1/15 = 0.0823"),
        (Conv((100,), 32, 64, 9), "separable", "1/O + 1/K = 1/64 + 1/9 = 0.127"),
        (Conv((8, 8, 8), 32, 64, 3), "separable", "1/O + 1/K³ = 1/64 + 1/27 = 0.0527"),
        (Conv((8, 8), 32, 1, 3), "separable", "1/O + 1/K² = 1/1 + 1/9 = 1.11"),
        (Conv((28, 28), 64, 32, 4, stride=2, transposed=True), "separable",
         "1/O + H'·W'/(H·W·K²) = 1/32 + 3,136/12,544 = 0.281"),
        (Conv((28, 28), 64, 32, 3), "blueprint", "1/K² + 1/C = 1/9 + 1/64 = 0.127"),
        (Conv((28, 28), 64, 32, 3), "blueprint:multiplier=2", "m/K² + m/C = 2/9 + 2/64 = 0.253"),
        (Conv((28, 28), 64, 32, 3), "grouped:groups=4", "1 / g = 1 / 4 = 0.250"),
        (Conv((28, 28), 64, 32, 5), "spatial", "1/K + O/(C·K) = 1/5 + 32/320 = 0.300"),
    ],
)  # fmt: skip
def test_it_ends_with_the_form_of_the_paper(conv: Conv, text: str, share: str) -> None:
    """The share of the standard's MACs that is left (MobileNet, arXiv:1704.04861, section 3.1), for every block."""
    *_, last = lines(compare(conv, text))
    assert f"{last.symbols} = {last.numbers} = {last.value}" == share
    assert last.name == "as a share"


def test_the_factor_that_the_articles_explain() -> None:
    """576 against 73 for K = 3 and O = 64, and never more than K² = 9."""
    text = plain_derivation("", derivation(compare(Conv((112, 112), 32, 64, 3))), [])
    assert re.search(r"K²·O / \(K² \+ O\) += 576 / 73 +=", text)
    assert re.search(r"for large O +K² += 3² += 9.00×", text)


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"bias": True}, "bias"),
        ({"norm": "batch"}, "norm"),
        ({"bias": True, "norm": "batch"}, "bias and norm"),
    ],
)
def test_with_a_bias_what_is_left_is_about_macs(options: dict[str, Any], what: str) -> None:
    def text(conv: Conv) -> str:
        return " ".join(plain_derivation("", derivation(compare(conv)), []).split())

    sentence = "params have terms of their own: what is left is about MACs."
    assert f"With the {what}, {sentence}" in text(Conv((50, 50), 10, 32, 3, **options))
    assert "is about MACs" not in text(Conv((50, 50), 10, 32, 3))
    assert "is about MACs" in text(Conv((50, 50), 10, 32, 4, stride=2, transposed=True))


@settings(max_examples=50)
@given(convs(), every_replacement())
def test_math_is_sound_in_markdown_and_latex(conv: Conv, replacements: list[str]) -> None:
    sections = derivation(compare(conv, replacements))
    markdown = markdown_derivation("", sections, [])
    latex = latex_derivation("A_1 & 50%", sections, ["x_y"])
    check_structure(latex)
    assert latex.isascii()
    assert latex.count(r"\begin{align*}") == sum(bool(section.steps) for section in sections)
    assert markdown.count("$") % 2 == 0
    for formula in re.findall(r"\$([^$]*)\$", markdown):
        assert formula.count("{") == formula.count("}")
        assert formula.count(r"\left\lfloor") == formula.count(r"\right\rfloor")
        assert formula.isascii()
        assert not re.search(r"\d,\d", formula)


@needs_pdflatex
def test_slides_compile_as_they_are(tmp_path: Path) -> None:
    texts = [*REPLACEMENTS, "separable:multiplier=2", "grouped:groups=4,pointwise=true"]
    conv = Conv((50, 50), 16, 32, (3, 5), padding=0, stride=2, bias=True, norm="batch")
    for each in (conv, replace(conv, transposed=True)):
        text = latex_derivation("a_b & 1 %", derivation(compare(each, texts)), ["n_m"])
        assert problems(text, tmp_path) == []


def test_letters_in_latex() -> None:
    latex = latex_derivation("", derivation(compare(Conv((112, 112), 32, 64, 3))), [])
    assert r"\text{MACs} &= H' \cdot W' \cdot C \cdot K^2 \cdot O \\" in latex
    assert r"\text{params} &= C \cdot K^2 \cdot O = 32 \cdot 3^2 \cdot 64 = 18{,}432 \\" in latex
    assert r"\left\lceil \frac{H}{\mathrm{stride}} \right\rceil" in latex
    assert r"\frac{1}{O} + \frac{1}{K^2} = \frac{1}{64} + \frac{1}{9} = 0.127" in latex
    assert r"231{,}211{,}008" in latex


def test_a_layer_of_a_network() -> None:
    run = sepcost("compare", "configs/mobilenet_v1.yaml", "--explain", "--include", "conv2")
    assert run.code == 0
    assert run.out.startswith("MobileNet v1: conv2: 3×3 convolution, 32 → 64 channels, batch norm, on 112×112\n")
    layer = next(layer for layer in compare(load("configs/mobilenet_v1.yaml")).layers if layer.name == "conv2")
    assert re.search(rf"\n  MACs +H.*= {layer.variants['separable'].cost.macs:,}\n", run.out)
    twice = sepcost("compare", "configs/mobilenet_v1.yaml", "--explain", "--include", "conv2", "--alpha", "0.5,1")
    assert twice.code == 0
    assert twice.out.endswith(run.out)
    assert twice.out.startswith("MobileNet v1, α = 0.5: conv2: 3×3 convolution, 16 → 32 channels")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "14 are meant (stem, conv2, conv3 …): choose one by --include NAME"),
        (("--include", "block.*"), "5 are meant (block.1, block.2, block.3 …): choose one by --include NAME"),
        (("--include", "conv9", "--include", "conv10"), "2 are meant (conv9, conv10): choose one by --include NAME"),
        (("configs/m5.yaml", "--include", "conv2"), "2 are meant (conv2, conv2): choose one by --include NAME"),
        (("--exclude", "*"), "there is no convolution"),
    ],
)
def test_exactly_one_convolution_must_be_meant(arguments: tuple[str, ...], message: str) -> None:
    run = sepcost("compare", "configs/mobilenet_v1.yaml", *arguments, "--explain")
    assert (run.code, run.out) == (2, "")
    assert run.err == f"sepcost: --explain derives one convolution, and {message}\n"


def test_a_name_that_is_no_convolutions() -> None:
    run = sepcost("compare", "configs/mobilenet_v1.yaml", "--explain", "--include", "pool")
    assert (run.code, run.out, run.err) == (2, "", "sepcost: --include pool: no convolution has such a name\n")


def test_a_layer_that_runs_often_with_the_weights_of_another(tmp_path: Path) -> None:
    config = tmp_path / "net.yaml"
    config.write_text(
        "name: net\nindependent: true\nlayers:\n"
        "  - {name: first, H: 8, C: 4, K: 3, O: 8}\n"
        "  - {name: again, H: 8, C: 4, K: 3, O: 8, times: 3, shared: true}\n",
    )
    (network,) = (load(config),)
    comparison = compare(network)
    alone = replace(comparison, layers=comparison.layers[1:])
    check_lines(alone)
    check_values(alone)
    assert prod((3, 8, 8, 4, 9, 8)) == alone.layers[0].standard.macs
    assert "n·H'·W'·C·K²·O" in {line.symbols for line in lines(alone)}


def test_a_layer_of_a_complex_model() -> None:
    """torch runs each complex convolution as three real ones."""
    network = Network.of(Conv((16, 16), 2, 8, 3))
    complex_ = replace(network, nodes=(replace(network.nodes[0], widths=Widths(8, 8, 8, 8, 8, 3)),))
    comparison = Comparison.of(
        complex_, [Replacement.parse("separable")], Convention(dtype="complex64", in_own_dtype=True)
    )
    check_lines(comparison)
    check_values(comparison)
    (macs,) = (line for line in lines(comparison) if (line.section[:8], line.name) == ("standard", "MACs"))
    assert (macs.symbols, macs.value) == ("r·H'·W'·C·K²·O", "110,592")


@pytest.mark.parametrize(
    ("widths", "weights", "maps"),
    [
        (Widths(4, 4, 4, 4, 4), "b·params", "b·(H'·W'·C + H'·W'·O)"),
        (Widths(2, 4, 8, 2, 2), "b·C·K²·O + 4·O + 8·2·O", "b·(H'·W'·C + H'·W'·O)"),
        (Widths(1, 4, 4, 1, 2), "C·K²·O + 4·O + 4·2·O", "H'·W'·C + 2·H'·W'·O"),
    ],
)
@pytest.mark.parametrize("batch", [1, 3])
def test_bytes_of_a_layer_among_layers_of_other_dtypes(widths: Widths, weights: str, maps: str, batch: int) -> None:
    network = Network.of(Conv((16, 16), 2, 8, 3, bias=True, norm="batch"))
    mixed = replace(network, nodes=(replace(network.nodes[0], widths=widths),))
    convention = Convention(batch=batch, dtype="mixed", in_own_dtype=True)
    comparison = Comparison.of(mixed, [Replacement.parse("separable")], convention)
    check_lines(comparison)
    check_values(comparison)
    figures = {line.name: line for line in lines(comparison) if line.section == "standard"}
    assert figures["weights"].symbols == weights
    if batch == 1:
        assert figures["traffic"].symbols.startswith(maps)


def test_only_a_single_convolution_is_derived() -> None:
    with pytest.raises(SepcostError, match="--explain derives one convolution"):
        derivation(compare(load("configs/m5.yaml")))
