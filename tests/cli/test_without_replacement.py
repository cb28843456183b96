"""Networks as they are: those without convolutions, and those that are compared with no replacement."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from sepcost.formats.registry import names_of
from tests.cases import models
from tests.commands import Sepcost

MODELS = Path(models.__file__)
FORMATS = names_of(
    lambda each: "comparisons" in each.writes and not (each.whole_networks or each.one_convolution or each.is_binary)
)
MLP = """
input: {C: 784}
layers:
  - {type: linear, O: 100, bias: true}
  - {type: linear, O: 10, bias: true}
"""
ONE_CONVOLUTION = ("-H", "8", "-C", "3", "-K", "3", "-O", "8")


@pytest.fixture
def mlp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The network of ``models.mlp`` as a file in the current folder."""
    monkeypatch.chdir(tmp_path)
    Path("mlp.yaml").write_text(MLP, encoding="utf-8")
    return "mlp.yaml"


def network_of(in_process: Sepcost, *arguments: str) -> dict[str, Any]:
    done = in_process("compare", *arguments, "--format", "json")
    assert (done.code, done.err) == (0, "")
    (network,) = json.loads(done.out)["networks"]
    assert isinstance(network, dict)
    return network


@pytest.mark.parametrize(
    ("model", "shape", "macs", "params"), [("mlp", "784", 79_400, 79_510), ("Recurrent", "5x16", 30_720, 6_400)]
)
def test_a_model_without_convolutions_is_a_model(
    in_process: Sepcost, model: str, shape: str, macs: int, params: int
) -> None:
    total = network_of(in_process, f"{MODELS}:{model}", "--input", shape)["total"]
    assert (total["standard"]["macs"], total["standard"]["params"]) == (macs, params)
    assert total["replacements"] == {}


def test_a_model_without_convolutions_is_checked_and_set_against_others(in_process: Sepcost) -> None:
    model = (f"{MODELS}:mlp", "--input", "784")
    check = in_process("check", *model, "--max-params", "80k", "--no-verify", "--format", "json")
    (limit,) = json.loads(check.out)["networks"][0]["budget"]
    assert check.code == 0
    assert (limit["value"], limit["replacement"], limit["holds"]) == (79_510, "none", True)
    assert in_process("check", *model, "--max-params", "79k", "--no-verify").code == 1
    assert "nothing changed (2 layers, 79,510 params, 79,400 MACs)" in in_process("diff", model[0], *model).out


def test_a_model_and_the_same_network_in_a_file_say_the_same(in_process: Sepcost, mlp: str) -> None:
    of_file, of_model = network_of(in_process, mlp), network_of(in_process, f"{MODELS}:mlp", "--input", "784")
    for name in ("params", "macs", "flops", "activations", "weight_bytes", "activation_bytes"):
        assert of_file["total"]["standard"][name] == of_model["total"]["standard"][name], name
    assert of_file["total"]["replacements"] == of_model["total"]["replacements"] == {}


@pytest.mark.parametrize(
    "options",
    [
        (),
        (
            "--rows",
            "totals",
        ),
        ("--rho", "1,0.5"),
        ("--sort", "params", "--top", "1"),
    ],
)
@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_shows_a_network_as_it_is(
    in_process: Sepcost, mlp: str, format_: str, options: tuple[str, ...]
) -> None:
    done = in_process("compare", mlp, *options, "--format", format_)
    assert (done.code, done.err) == (0, "")
    assert "separable" not in done.out
    assert "reduction" not in done.out or format_ in ("csv", "html", "json", "jsonl")


def test_csv_has_a_row_for_each_layer_and_the_total(in_process: Sepcost, mlp: str) -> None:
    rows = list(csv.DictReader(io.StringIO(in_process("compare", mlp, "--format", "csv").out)))
    assert [(row["row"], row["replacement"], row["macs"]) for row in rows] == [
        ("layer", "", "78400"), ("layer", "", "1000"), ("total", "", "79400"),
    ]  # fmt: skip
    assert not any(row[name] for row in rows for name in row if name.startswith(("reduction.", "replacement.")))


def test_a_table_says_that_there_is_nothing_to_replace(in_process: Sepcost, mlp: str) -> None:
    assert "No convolution: there is nothing to replace." in in_process("compare", mlp).out


def test_a_replacement_that_was_typed_for_it_does_not_fail_silently(in_process: Sepcost, mlp: str) -> None:
    for command in ("compare", "check"):
        done = in_process(command, mlp, "-r", "bottleneck", *(("--max-macs", "1G") if command == "check" else ()))
        assert done.code == 0
        assert done.err == "sepcost: mlp: has no convolution that -r bottleneck could replace\n"


def test_networks_with_and_without_convolutions_are_in_one_table(in_process: Sepcost, mlp: str) -> None:
    Path("net.yaml").write_text("[{H: 8, C: 3, K: 3, O: 8}]", encoding="utf-8")
    lines = in_process("compare", mlp, "net.yaml", "--rows", "totals", "--sort", "reduction.macs").out.splitlines()
    assert lines[0] == "2 networks, standard and separable"
    assert [line.split()[:1] + line.split()[3:4] for line in lines[4:6]] == [["net", "51"], ["mlp", "–"]]


def test_a_reduction_of_nothing_is_refused(in_process: Sepcost, mlp: str) -> None:
    done = in_process("check", mlp, "-r", "separable", "--min-reduction", "macs=8", "--no-verify")
    assert (done.code, done.err) == (1, "sepcost: mlp: has no convolution that -r separable could replace\n")
    Path(mlp).write_text(f"{MLP}budget: {{replacement: separable, reduction: {{macs: 8}}}}\n", encoding="utf-8")
    assert in_process("check", mlp, "--no-verify").code == 1


# -r none


def test_without_a_replacement_a_network_is_shown_as_it_is(in_process: Sepcost) -> None:
    as_it_is = network_of(in_process, "configs/mobilenet_v1.yaml", "-r", "none")
    usual = network_of(in_process, "configs/mobilenet_v1.yaml")
    assert as_it_is["total"] == {"standard": usual["total"]["standard"], "replacements": {}}
    table = in_process("compare", "configs/mobilenet_v1.yaml", "-r", "none").out
    assert "4,867,293,184" in table
    assert not any(word in table for word in ("separable", "eduction", "Kept", "kept", "nothing to replace"))


@pytest.mark.parametrize("format_", FORMATS)
def test_one_convolution_without_a_replacement(in_process: Sepcost, format_: str) -> None:
    for swept in ((), ("--alpha", "1,2"), ("--alpha", "1:600:1", "--top", "2", "--sort", "macs")):
        done = in_process("compare", *ONE_CONVOLUTION, *swept, "-r", "none", "--format", format_)
        assert (done.code, done.err) == (0, "")
        assert "separable" not in done.out


def test_the_module_and_the_formulas_of_one_convolution_alone(in_process: Sepcost) -> None:
    code = in_process("compare", *ONE_CONVOLUTION, "-r", "none", "--format", "pytorch").out
    assert "standard = nn.Conv2d(3, 8, kernel_size=3, padding=1, bias=False)" in code
    explained = in_process("compare", *ONE_CONVOLUTION, "-r", "none", "--explain").out
    for text in (code, explained):
        assert "13,824" in text
        assert "depthwise" not in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("-r", "separable"), "-r none is the network as given: leave out the other replacements"),
        (("--sort", "reduction.macs"), "--sort reduction.macs is of a replacement: it does not go with -r none"),
        (("--columns", "macs,Kept"), "--columns Kept is of a replacement: it does not go with -r none"),
    ],
)
def test_what_contradicts_none_is_refused(in_process: Sepcost, options: tuple[str, ...], message: str) -> None:
    done = in_process("compare", *ONE_CONVOLUTION, "-r", "none", *options)
    assert (done.code, done.out, done.err) == (2, "", f"sepcost: {message}\n")


def test_a_network_without_convolutions_reads_back_as_yaml(in_process: Sepcost, mlp: str) -> None:
    text = in_process("compare", mlp, "--format", "yaml").out
    assert "replace" not in yaml.safe_load(text)
    Path("again.yaml").write_text(text, encoding="utf-8")
    assert network_of(in_process, "again.yaml")["total"] == network_of(in_process, mlp)["total"]
