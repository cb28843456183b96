"""Plans: which layer is replaced by what, in every command, in configs and in Python alike."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Mapping
from glob import escape
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

import sepcost as library
from sepcost import ConfigError, Conv, Network, SepcostError, compare
from sepcost.pytorch import replace_convolutions
from sepcost.sources.yaml.plan import read_plan
from tests.cases.models import Skip
from tests.commands import ROOT, Run, sepcost
from tests.pytorch.models import CrossStage
from tests.targets.profiles import written

SHIPPED = sorted((ROOT / "configs").glob("*.yaml"))
WRONG = sorted((ROOT / "tests" / "configs" / "plans").glob("*.yaml"))
KEPT, NOT_THERE = "kept by the plan", "not in the plan"
NET = """
name: Net
input: {C: 3, H: 32}
layers:
  - {name: stem, K: 3, O: 16, norm: batch}
  - name: block
    repeat: 2
    layers:
      - {name: wide, K: 3, O: 16}
      - {name: narrow, K: 1, O: 16}
  - {name: head, K: 3, O: 32}
"""
PLAN = 'replace: {stem: none, "block.1.*": "separable:multiplier=2", "block.*": blueprint}\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "net.yaml").write_text(NET)
    (tmp_path / "plan.yaml").write_text(PLAN)
    return tmp_path


def run(folder: Path, *arguments: str) -> Run:
    return sepcost(*arguments, cwd=folder)


def networks(folder: Path, *arguments: str) -> Any:
    found = run(folder, "compare", *arguments, "--format", "json")
    assert (found.code, found.err) == (0, "")
    return json.loads(found.out)["networks"]


def chosen(network: Any, text: str = "plan") -> dict[str, str | None]:
    """What the plan does with each convolution: the replacement, or the reason why there is none."""
    layers = [layer for layer in network["layers"] if layer["type"] == "conv"]
    return {each["name"]: _by(each["replacements"][text]) for each in layers}


def _by(replaced: Mapping[str, Any]) -> str | None:
    by: str | None = replaced.get("replaced_by") or replaced["kept"]
    return by


def test_the_first_glob_decides(folder: Path) -> None:
    (network,) = networks(folder, "net.yaml", "--plan", "plan.yaml")
    assert chosen(network) == {
        "stem": KEPT,
        "block.1.wide": "separable:multiplier=2",
        "block.1.narrow": "1×1",
        "block.2.wide": "blueprint",
        "block.2.narrow": "1×1",
        "head": NOT_THERE,
    }


def test_each_layer_costs_what_its_replacement_costs(folder: Path) -> None:
    """And what the totals are is their sum."""
    texts = ("separable:multiplier=2", "blueprint")
    (network,) = networks(folder, "net.yaml", *(f"-r{text}" for text in texts), "--plan", "plan.yaml")
    for layer in network["layers"]:
        planned = layer["replacements"]["plan"]
        by = planned.pop("replaced_by", None)
        assert planned["params"] == (layer["replacements"][by] if by else layer["standard"])["params"]
        assert not by or planned == layer["replacements"][by]
    plan = [layer["replacements"]["plan"] for layer in network["layers"]]
    assert network["total"]["replacements"]["plan"]["macs"] == sum(layer["macs"] for layer in plan)


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_what_is_written_is_read_back_to_the_same_costs(file: Path, tmp_path: Path) -> None:
    """As a config with the plan in it, and as a plan for the old config."""
    texts = cycle(["separable:multiplier=2", "none", "blueprint", "bottleneck"])
    names = library.load(file).names_of_convolutions
    plan = dict(zip(names[:-1], texts)) | {f"{escape(names[-1][:1])}*": "separable"}
    (tmp_path / "plan.yaml").write_text(json.dumps({"replace": plan}))
    shutil.copy(file, tmp_path / "net.yaml")
    (before,) = networks(tmp_path, "net.yaml", "--plan", "plan.yaml", "--save-plan", "saved.yaml")
    config = run(tmp_path, "compare", "net.yaml", "--plan", "plan.yaml", "--format", "yaml", "--output", "new.yaml")
    assert (config.code, config.err) == (0, "")
    (after,) = networks(tmp_path, "new.yaml")
    (again,) = networks(tmp_path, "net.yaml", "--plan", "saved.yaml")
    assert before["total"] == after["total"] == again["total"]
    assert chosen(before) == chosen(after)
    assert {text for text in chosen(before).values() if text not in (KEPT, NOT_THERE)} >= {"separable:multiplier=2"}
    replaced = {name: text for name, text in chosen(again).items() if text not in (KEPT, NOT_THERE)}
    assert replaced == {name: text for name, text in chosen(before).items() if text not in (KEPT, NOT_THERE)}


class RunsAgain(nn.Module):
    """A convolution on maps of two sizes, and one under two names."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, padding=1)
        self.again = nn.Conv2d(8, 8, 3, padding=1)
        self.alias = self.first
        self.last = nn.Sequential(nn.Conv2d(8, 8, 3), nn.BatchNorm2d(8))

    def forward(self, x: Tensor) -> Any:
        x = self.again(self.alias(x) + self.first(x))
        return self.last(self.again(x[:, :, ::2, ::2]))


MODELS: Mapping[str, tuple[nn.Module, Mapping[str, str]]] = {
    "two stages": (CrossStage(), {"first.*": "separable:multiplier=2", "*": "blueprint"}),
    "transposed": (nn.Sequential(nn.Conv2d(3, 16, 1), Skip()), {"*.u": "separable", "*.d": "bottleneck"}),
    "runs again": (RunsAgain(), {"first": "blueprint", "again": "separable:multiplier=2", "last.*": "bottleneck"}),
    "with a norm": (RunsAgain(), {"last.0": "separable:inner_norm=true", "again": "separable"}),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_plan_costs_what_torch_counts_in_the_model_that_it_makes(name: str) -> None:
    model, plan = MODELS[name]
    result = compare(model.eval(), plan, inputs=(3, 64, 64), verify=True)
    assert result.verified is not None
    assert result.verified.mismatches == ()
    small = replace_convolutions(model, plan)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        small(torch.zeros(1, 3, 64, 64))
    total = result.totals["plan"].cost
    assert total.macs == counter.get_total_flops() // 2 != result.standard.cost.macs
    assert total.params == sum(each.numel() for each in small.parameters())


def test_a_replaced_layer_may_be_named_by_any_of_its_names() -> None:
    """In a trace, ``again#2`` is the second run of ``again``."""
    model = RunsAgain()
    texts = [compare(model, {glob: "blueprint"}, inputs=(3, 64, 64)) for glob in ("again", "again#2")]
    assert texts[0].totals["plan"].cost == texts[1].totals["plan"].cost
    result = compare(model, {"again#2": "blueprint"}, inputs=(3, 64, 64), verify=True)
    assert result.verified is not None
    assert result.verified.mismatches == ()


@pytest.mark.parametrize("file", WRONG, ids=lambda file: file.stem)
def test_a_wrong_plan_gets_its_messages(file: Path) -> None:
    found = sepcost("compare", "lenet5", "--plan", file.name, cwd=file.parent)
    expected = file.with_suffix(".txt").read_text(encoding="utf-8")
    assert (found.code, found.out, found.err) == (2, "", expected)
    with pytest.raises(ConfigError):
        read_plan(str(file))


def test_a_glob_that_matches_nothing_is_an_error_in_every_command(folder: Path) -> None:
    (folder / "slip.yaml").write_text('replace: {"blok.*": separable, "*": separable}')
    message = "sepcost: plan blok.*: no convolution has such a name; did you mean `block.*`?\n"
    for arguments in (
        ("compare", "net.yaml"),
        ("check", "net.yaml", "--no-verify", "--max-macs", "1G"),
        ("diff", "net.yaml", "net.yaml"),
        ("bench", "net.yaml", "--min-time", "0.0001", "--include", "stem"),
    ):
        found = run(folder, *arguments, "--plan", "slip.yaml")
        assert (found.code, found.err.splitlines(keepends=True)[-1]) == (2, message)
    with pytest.raises(SepcostError, match=r"plan blok\.\*: no convolution"):
        compare(folder / "net.yaml", {"blok.*": "separable"})


def test_of_several_networks_one_must_have_the_name(folder: Path) -> None:
    (folder / "both.yaml").write_text('replace: {"block.*": separable, "block4.*": blueprint}')
    net, vgg = networks(folder, "net.yaml", "vgg16", "--plan", "both.yaml")
    assert chosen(net)["block.1.wide"] == "separable"
    assert (chosen(vgg)["block4.1"], chosen(vgg)["block1.1"]) == ("blueprint", NOT_THERE)
    written = run(folder, "compare", "net.yaml", "vgg16", "--plan", "both.yaml", "--format", "yaml")
    (folder / "stream.yaml").write_text(written.out)
    again = networks(folder, "stream.yaml")
    assert [each["total"] for each in again] == [net["total"], vgg["total"]]


REFUSED = {
    ("compare", "-C3", "-K3", "-O8", "--plan", "plan.yaml"): "--include, --exclude and --plan choose layers of files",
    ("bench", "-H8", "-C3", "-K3", "-O8", "--plan", "plan.yaml"): "--include, --exclude and --plan choose layers of",
    ("compare", "net.yaml", "-rnone", "--plan", "plan.yaml"): "-r none is the network as given, and --plan replaces",
    ("compare", "net.yaml", "--plan", "-"): "--plan reads a file: give its name",
    ("compare", "net.yaml", "--plan", "plan.yaml", "--output", "plan.yaml"): "--output plan.yaml: is a source, and",
    ("diff", "net.yaml", "net.yaml", "--plan", "plan.yaml", "--output", "plan.yaml"): "--output plan.yaml: is a source",
    ("compare", "net.yaml", "--save-plan", "net.yaml"): "--save-plan net.yaml: is a source, and would be overwritten",
    ("compare", "net.yaml", "--save-plan", "no/p.yaml"): "no/p.yaml: cannot be written: there is no folder",
    ("compare", "net.yaml", "net.yaml", "--save-plan", "p.yaml"): "--save-plan is of one network",
    ("compare", "net.yaml", "--alpha", "1,2", "--save-plan", "p.yaml"): "--save-plan is of one network",
    ("compare", "net.yaml", "-rseparable", "-rblueprint", "--save-plan", "p.yaml"): "--save-plan is of one replacement",
    ("compare", "-C3", "-K3", "-O8", "--save-plan", "p.yaml"): "--save-plan is of a network's layers: give a file",
    ("compare", "net.yaml", "--exclude", "*", "--save-plan", "p.yaml"): "--save-plan p.yaml: no layer is replaced",
    ("compare", "net.yaml", "-rblueprint", "--plan", "plan.yaml", "--format", "yaml"): "a config has a plan or a list",
}


@pytest.mark.parametrize("arguments", REFUSED, ids=" ".join)
def test_what_contradicts_a_plan_is_one_clear_line(folder: Path, arguments: tuple[str, ...]) -> None:
    found = run(folder, *arguments)
    assert found.code == 2
    assert REFUSED[arguments] in found.err
    assert found.err.count("\n") == 1
    assert not (folder / "p.yaml").exists()
    assert ((folder / "net.yaml").read_text(), (folder / "plan.yaml").read_text()) == (NET, PLAN)


@pytest.mark.parametrize(
    "options",
    [
        ("-rseparable", "--replace-if", "fewer-macs", "--exclude", "stem"),
        ("-rblueprint", "--include", "block.*"),
        ("-rbottleneck", "--alpha", "0.5"),
        ("--plan", "plan.yaml", "--exclude", "block.2.*"),
    ],
    ids=" ".join,
)
def test_a_saved_plan_does_the_same(folder: Path, options: tuple[str, ...]) -> None:
    """What is left out of the network's layers is left out of the plan."""
    (before,) = networks(folder, "net.yaml", *options, "--save-plan", "saved.yaml")
    scaled = options[-2:] if "--alpha" in options else ()
    (after,) = networks(folder, "net.yaml", "--plan", "saved.yaml", *scaled)
    (old,), (new,) = (each["total"]["replacements"].values() for each in (before, after))
    assert {**old, "options": {}} == {**new, "options": {}}


def test_a_config_has_its_own_plan(folder: Path) -> None:
    (folder / "own.yaml").write_text(NET.replace("layers:\n  - {name: stem", f"{PLAN}layers:\n  - {{name: stem"))
    (own,), (typed,) = networks(folder, "own.yaml"), networks(folder, "net.yaml", "--plan", "plan.yaml")
    assert {**own, "source": ""} == {**typed, "source": ""}
    (other,) = networks(folder, "own.yaml", "-rseparable")
    assert list(other["total"]["replacements"]) == ["separable"]
    named = compare({**library_document(folder / "net.yaml"), "replace": {"head": "blueprint"}})
    assert named.layers[-1].variants["plan"].replaced_by == "blueprint"


def library_document(path: Path) -> dict[str, Any]:
    import yaml

    document: dict[str, Any] = yaml.safe_load(path.read_text())
    return document


MODEL = "import torch\ndef build(): return torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.Conv2d(8, 8, 3))\n"


def test_layers_that_share_weights_get_what_the_plan_says_of_one() -> None:
    result = compare(ROOT / "tests" / "configs" / "valid" / "plan.yaml")
    found = {layer.name: layer.variants["plan"].replaced_by for layer in result.layers}
    assert found["block.1.again"] == found["block.1.wide"] == "separable:multiplier=2"
    assert found["block.2.again"] == found["block.2.wide"] == "blueprint"


def test_a_config_of_a_model_has_its_own_plan(folder: Path) -> None:
    (folder / "net.py").write_text(MODEL)
    config = "model: net.py:build\ninput: 3x8x8\nreplace: {'0': none, '1': blueprint}\n"
    (folder / "own.yaml").write_text(config)
    (network,) = networks(folder, "own.yaml", "--run-models", "--verify")
    assert chosen(network) == {"0": KEPT, "1": "blueprint"}
    (folder / "own.yaml").write_text(config.replace("'1'", "'7'"))
    found = run(folder, "compare", "own.yaml", "--run-models")
    assert (found.code, found.err) == (2, "own.yaml:1:8: model: replace 7: no convolution has such a name\n")


BUDGET = "budget: {replacement: plan, macs: 1k, reduction: {params: 1.1}}\n"


def test_a_budget_may_be_for_a_plan(folder: Path) -> None:
    for name, plan in (("own", PLAN), ("none", "")):
        (folder / f"{name}.yaml").write_text(
            NET.replace("layers:\n  - {name: stem", f"{plan}{BUDGET}layers:\n  - {{name: stem")
        )
    own = run(folder, "check", "own.yaml", "--no-verify", "--format", "json")
    (judged,) = json.loads(own.out)["networks"]
    (network,) = networks(folder, "net.yaml", "--plan", "plan.yaml")
    assert own.code == 1
    assert judged["budget"][0]["value"] == network["total"]["replacements"]["plan"]["macs"]
    beside = run(folder, "check", "own.yaml", "-rseparable", "--no-verify", "--format", "json")
    assert json.loads(beside.out)["networks"][0]["budget"] == judged["budget"]
    typed = run(folder, "check", "none.yaml", "--plan", "plan.yaml", "--no-verify", "--format", "json")
    values = [[limit["value"] for limit in each["budget"]] for each in (judged, *json.loads(typed.out)["networks"])]
    assert values[0] == values[1]
    missing = run(folder, "check", "none.yaml", "--no-verify")
    assert (missing.code, "its budget is for a plan, and there is none: give --plan" in missing.err) == (2, True)


def test_limits_that_are_typed_are_for_the_plan(folder: Path) -> None:
    (network,) = networks(folder, "net.yaml", "--plan", "plan.yaml")
    macs = network["total"]["replacements"]["plan"]["macs"]
    for most, code in ((macs, 0), (macs - 1, 1)):
        found = run(folder, "check", "net.yaml", "--plan", "plan.yaml", "--max-macs", str(most), "--no-verify")
        assert found.code == code
    blueprints = compare(folder / "net.yaml", {"block.*": "blueprint"}).totals["plan"].cost.macs
    for most, holds in ((blueprints, True), (blueprints - 1, False)):
        judged = library.check(folder / "net.yaml", at_most={"macs": most}, replacements={"block.*": "blueprint"})
        assert judged.holds is holds


def test_a_baseline_remembers_what_a_plan_costs(folder: Path) -> None:
    run(folder, "check", "net.yaml", "--plan", "plan.yaml", "--no-verify", "--update-baseline", "base.json")
    options = ("--baseline", "base.json", "--no-verify")
    assert run(folder, "check", "net.yaml", "--plan", "plan.yaml", *options).code == 0
    (folder / "plan.yaml").write_text("replace: {head: none, stem: separable}")
    assert run(folder, "check", "net.yaml", "--plan", "plan.yaml", *options).code == 1


def test_conditions_and_globs_go_beside_a_plan(folder: Path) -> None:
    (folder / "plan.yaml").write_text('replace: {"*": "separable:multiplier=20"}')
    (network,) = networks(folder, "net.yaml", "--plan", "plan.yaml", "--replace-if", "fewer-macs", "--exclude", "stem")
    assert chosen(network)["stem"] == "excluded"
    assert chosen(network)["head"] == "it would not have fewer MACs"


def test_a_plan_goes_with_times(folder: Path) -> None:
    target = written(folder)
    (network,) = networks(folder, "net.yaml", "--plan", "plan.yaml", "--target", target)
    (faster,) = networks(folder, "net.yaml", "--plan", "plan.yaml", "--target", target, "--replace-if", "faster")
    low = {layer["name"]: layer["replacements"]["plan"]["speedup_low"] for layer in network["layers"]}
    for name, by in chosen(faster).items():
        assert by == (chosen(network)[name] if (low[name] or 0) > 1 or chosen(network)[name] in WHY else SLOWER), name


WHY, SLOWER = ("1×1", KEPT, NOT_THERE), "it is not predicted to be faster"


def test_every_combination_of_a_sweep_has_the_plan(folder: Path) -> None:
    swept = networks(folder, "net.yaml", "--plan", "plan.yaml", "-rseparable", "--alpha", "0.5,1", "--rows", "layers")
    assert [each["swept"]["alpha"] for each in swept] == [0.5, 1.0]
    (alone,) = networks(folder, "net.yaml", "--plan", "plan.yaml", "--alpha", "0.5")
    assert swept[0]["total"]["replacements"]["plan"] == alone["total"]["replacements"]["plan"]
    snapshots = list(library.sweep(folder / "net.yaml", alpha=[0.5, 1], replacements={"block.*": "separable"}))
    assert [list(each.replaced) for each in snapshots if not isinstance(each, SepcostError)] == [["plan"]] * 2


def test_what_was_counted_with_a_plan_is_read_back(folder: Path) -> None:
    with_plan = run(folder, "compare", "net.yaml", "--plan", "plan.yaml", "--format", "json", "--output", "costs.json")
    assert with_plan.code == 0
    (before,), (after,) = networks(folder, "net.yaml", "--plan", "plan.yaml"), networks(folder, "costs.json")
    assert {**before, "source": ""} == {**after, "source": ""}
    assert run(folder, "diff", "costs.json", "net.yaml", "--exit-code").code == 0
    refused = run(folder, "compare", "costs.json", "--plan", "plan.yaml")
    assert "was counted earlier: leave out --plan, or give its config" in refused.err


def test_csv_and_tables_say_what_each_layer_got(folder: Path) -> None:
    rows = csv.DictReader(io.StringIO(run(folder, "compare", "net.yaml", "--plan", "plan.yaml", "--format", "csv").out))
    found = {row["layer"]: row["replaced_by"] or row["kept"] for row in rows if row["row"] == "layer"}
    assert found["block.1.wide"] == "separable:multiplier=2"
    assert found["head"] == NOT_THERE
    table = run(folder, "compare", "net.yaml", "--plan", "plan.yaml").out
    (line,) = [line for line in table.splitlines() if line.startswith("block.2.wide")]
    assert "blueprint" in line
    assert f"{KEPT} (stem); {NOT_THERE} (head)" in table
    columns = run(
        folder, "compare", "net.yaml", "--plan", "plan.yaml", "--columns", "layer,replaced_by", "--format", "csv"
    )
    assert "block.2.wide,plan,blueprint" in columns.out


def test_an_explanation_names_what_the_plan_chose(folder: Path) -> None:
    found = run(folder, "compare", "net.yaml", "--plan", "plan.yaml", "--explain", "--include", "block.2.wide")
    assert "plan (blueprint): pointwise, then depthwise" in found.out
    found = run(folder, "compare", "net.yaml", "--plan", "plan.yaml", "--explain", "--include", "stem")
    assert f"plan: kept, because {KEPT}" in found.out


def test_diff_is_of_what_both_become_under_the_plan(folder: Path) -> None:
    (folder / "wider.yaml").write_text(NET.replace("O: 32", "O: 48"))
    (folder / "plan.yaml").write_text("replace: {'*': separable}")
    found = json.loads(run(folder, "diff", "net.yaml", "wider.yaml", "--plan", "plan.yaml", "--format", "json").out)
    before, after = (networks(folder, name, "--plan", "plan.yaml")[0]["total"] for name in ("net.yaml", "wider.yaml"))
    macs = [each["replacements"]["plan"]["macs"] for each in (before, after)]
    assert [found["total"]["macs"][side] for side in ("before", "after")] == macs
    assert [layer["after"]["name"] for layer in found["changes"]] == ["head.pointwise"]
    in_python = library.diff(folder / "net.yaml", folder / "wider.yaml", plan={"*": "separable"})
    assert in_python.total["macs"] == tuple(macs)
    assert in_python.total["peak_activation_bytes"].after == after["replacements"]["plan"]["peak_activation_bytes"]


def test_a_bench_times_what_the_plan_chose(folder: Path) -> None:
    rows = library.bench(folder / "net.yaml", {"head": "blueprint"}, min_time=1e-4).rows
    assert [row.part for row in rows if row.replacement == "plan" and row.layer == "head"] == [
        None,
        "pointwise",
        "depthwise",
    ]


PYTHON = {
    "a number": (3, "a replacement is a text such as"),
    "empty": ({}, "a plan has a replacement for each glob of names, got {}"),
    "another key": ({3: "separable"}, "a plan has globs of names as its keys, got 3"),
    "another value": ({"conv": 3}, "conv: a replacement is a text, such as 'separable:multiplier=2', got 3"),
    "an unknown one": ({"conv": "separabel"}, "conv: no replacement is called 'separabel'; did you mean `separable`?"),
    "two plans": ([{"conv": "separable"}, {"conv": "blueprint"}], "a network has one plan, got two"),
    "many globs": ({f"{number}*": "separable" for number in range(101)}, "at most 100 globs with wildcards, got 101"),
}


@pytest.mark.parametrize("what", PYTHON)
def test_a_wrong_plan_in_python_is_one_line(what: str) -> None:
    given, message = PYTHON[what]
    with pytest.raises(SepcostError) as caught:
        compare(Conv((8, 8), 3, 8, 3), given)  # type: ignore[arg-type]
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_plan_in_python_is_a_dict_a_file_or_beside_others(folder: Path) -> None:
    plan = {"stem": None, "block.1.*": "separable:multiplier=2", "block.*": library.Replacement.parse("blueprint")}
    both = compare(folder / "net.yaml", [plan, "separable"])
    from_file = compare(folder / "net.yaml", folder / "plan.yaml")
    assert list(both.totals) == ["plan", "separable"]
    assert both.totals["plan"].cost == from_file.totals["plan"].cost


def test_a_name_with_brackets_is_itself() -> None:
    network = Network.of(Conv((8, 8), 3, 8, 3))
    named = library.Architecture(
        "net", (library.LayerSpec(name="a[0]", options={"out_channels": 8, "kernel_size": 3}),), (3, 8, 8)
    )
    for glob in ("a[0]", escape("a[0]")):
        assert compare(named.build(), {glob: "separable"}).layers[0].variants["plan"].replaced_by == "separable"
    assert compare(network, {"conv": "separable"}).totals["plan"].cost.params == 3 * 9 + 24
