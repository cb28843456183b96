"""--explain: each formula, with the numbers in place, has the value that stands behind it."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given

from sepcost import Conv, SepcostError, compare, load
from sepcost.derivation import Step, derivation
from sepcost.replacements import REPLACEMENTS
from sepcost.report.derivation_text import markdown_derivation, plain_derivation
from sepcost.units import as_ratio
from tests.strategies import convs


def evaluated(numbers: str) -> float:
    """The middle column of a step, evaluated by Python."""
    text = numbers.replace(",", "").replace("·", "*").replace("²", "**2").replace("³", "**3").replace("−", "-")
    text = re.sub(r"⌈(.*)⌉", r"math.ceil(\1)", text)
    text = re.sub(r"⌊(.*)⌋", r"math.floor(\1)", text)
    return float(eval(text, {"math": math}))


def check(step: Step) -> None:
    value = evaluated(step.numbers)
    if step.value.endswith("×"):
        assert as_ratio(value) == step.value
    else:
        assert value == int(step.value.replace(",", ""))


@given(convs())
def test_every_step_is_right(conv: Conv) -> None:
    result = compare(conv, ["separable:multiplier=3", *REPLACEMENTS])
    sections = derivation(result)
    for section in sections:
        for step in section.steps:
            check(step)
    standard = next(section for section in sections if section.heading == "standard")
    assert [step.value for step in standard.steps] == [f"{conv.cost.params:,}", f"{conv.cost.macs:,}"]
    for text, variant in result.layers[0].variants.items():
        if variant.parts:
            (section,) = (section for section in sections if section.heading.startswith(f"{text}: "))
            assert [step.value for step in section.steps[-2:]] == [f"{variant.cost.params:,}", f"{variant.cost.macs:,}"]


def test_the_factor_that_the_articles_explain() -> None:
    """576 against 73 for K = 3 and O = 64, and never more than K² = 9."""
    text = plain_derivation("", derivation(compare(Conv((112, 112), 32, 64, 3))), "")
    assert re.search(r"K²·O / \(K² \+ O\) += 576 / 73 +=", text)
    assert re.search(r"for large O +K² += 3² += 9.00×", text)


def test_math_is_balanced_in_markdown() -> None:
    text = markdown_derivation(
        "", derivation(compare(Conv((50, 50), 10, 32, (3, 5), padding=0, stride=2, bias=True))), ""
    )
    for formula in re.findall(r"\$([^$]*)\$", text):
        assert formula.count("{") == formula.count("}")
        assert formula.count(r"\lfloor") == formula.count(r"\rfloor")
        assert not re.search(r"[·²³⌈⌉⌊⌋−×]", formula)
    assert text.count("$") % 2 == 0


def test_only_a_single_convolution_is_derived() -> None:
    with pytest.raises(SepcostError, match="--explain derives a single convolution"):
        derivation(compare(load("configs/m5.yaml")))
