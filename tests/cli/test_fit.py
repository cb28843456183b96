"""``sepcost fit``: its figures against torch's counter, NumPy and every choice; what it writes; what it refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from sepcost.pytorch import replace_convolutions
from tests.commands import ROOT, Run, sepcost

NETS = '''
import torch
from torch import nn
from torch.nn import functional

def images(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))

def seeded(*modules):
    for seed, each in enumerate(each for module in modules for each in module.parameters()):
        each.data = images(seed, *each.shape) / 4
    return nn.Sequential(*modules)

def build():
    return seeded(
        nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(),
        nn.Conv2d(6, 8, 3, padding=1, bias=False), nn.ReLU(),
        nn.Conv2d(8, 8, 3, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4),
    )

def batches():
    print("here are the images")
    return [(each, torch.zeros(4)) for each in images(9, 12, 3, 8, 8).split(2)]

def spread(model, scale=1):
    """The spread of four outputs."""
    print("scoring")
    return model(images(9, 12, 3, 8, 8)).std() * scale

def broken():
    model = build()
    model[3].weight.data[0, 0, 0, 0] = float("nan")
    return model

class Functional(nn.Module):
    def __init__(self):
        super().__init__()
        self.kernel, self.conv = nn.Parameter(images(0, 8, 3, 3, 3)), seeded(nn.Conv2d(8, 8, 3))[0]
    def forward(self, x):
        return self.conv(functional.conv2d(x, self.kernel))

class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.again = seeded(nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1))
    def forward(self, x):
        return self.again(self.again(self.first(x)))

class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.left, self.right = seeded(nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(2, 8, 3, padding=1))
    def forward(self, x, y=None):
        return self.left(x) if y is None else self.left(x) + self.right(y)

def one(): return seeded(nn.Conv2d(3, 8, 3))[0]
def waves(): return seeded(nn.Conv1d(3, 8, 7), nn.ReLU(), nn.Conv1d(8, 8, 5))
def half(): return build().half()
def kept(): return seeded(nn.Conv2d(3, 8, 1), nn.Conv2d(8, 8, 3, groups=8))
def linear(): return nn.Linear(3, 3)

def of_waves(): return images(0, 4, 3, 32)
def of_halves(): return images(0, 4, 3, 8, 8).half()
def of_two(): return [(images(0, 4, 3, 8, 8), images(1, 4, 2, 8, 8))]
def generated():
    for seed in range(3):
        yield images(seed, 4, 3, 8, 8)

def no_batches(): return []
def wider(): return images(0, 4, 5, 8, 8)
def raising(): raise ValueError("no data today")
def raising_later():
    yield images(0, 4, 3, 8, 8)
    raise OSError("the disk is gone")
def endless():
    while True:
        yield images(0, 4, 3, 8, 8)
def number(): return 5
def interrupted(): raise KeyboardInterrupt
def no_model(): raise ValueError("no weights")
def raises(model): raise ValueError("no labels")
def says_none(model): return None
def says_text(model): return "99 %"
def says_nan(model): return float("nan")
def says_several(model): return torch.ones(3)
'''
SEPARABLE = [f"separable:multiplier={multiplier}" for multiplier in (1, 2)]
MODEL = ("nets.py:build", "--weights", "w.pt")
ON_DATA = (*MODEL, "--data", "nets.py:batches")
IMAGE = ("--input", "3x8x8")
SMALL = ("-r", "separable", "-r", "separable:multiplier=2")
OF_WEIGHTS = "a file of weights: give net.py:build"
PER_CENT = "--min-energy: must be above 0% and at most 100%, such as 95%, got"
SAID = "here are the images\n"


@pytest.fixture(scope="module")
def nets() -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(NETS, names)
    return names


@pytest.fixture(scope="module")
def trained(nets: dict[str, Any]) -> nn.Module:
    model: nn.Module = nets["build"]().eval()
    model[1].running_mean += 0.1  # type: ignore[index]
    return model


@pytest.fixture
def folder(tmp_path: Path, trained: nn.Module) -> Path:
    (tmp_path / "nets.py").write_text(NETS)
    torch.save(trained.state_dict(), tmp_path / "w.pt")
    return tmp_path


def fit(folder: Path, *arguments: str, said: str = "") -> dict[str, Any]:
    run = sepcost("fit", *arguments, "--format", "json", cwd=folder)
    assert (run.code, run.err) == (0, said)
    return dict(json.loads(run.out))


def refused(folder: Path, *arguments: str, code: int = 2) -> str:
    """The one line of a refusal, which leaves the folder as it was."""
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    run = sepcost("fit", *arguments, cwd=folder)
    assert (run.code, run.out) == (code, "")
    assert {path: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before
    lines = [line for line in run.err.splitlines() if line.startswith("sepcost: ")]
    assert len(lines) == 1
    assert run.err.endswith(f"{lines[0]}\n")
    return re.sub(r"(?<=nets\.py:)[0-9]+", "N", lines[0].removeprefix("sepcost: ").replace(f"{folder}/", ""))


def rows(found: Mapping[str, Any], row: str = "layer") -> dict[tuple[str | None, str], dict[str, Any]]:
    return {(each["layer"], each["replacement"]): each for each in found["rows"] if each["row"] == row}


def counted(model: nn.Module, *shape: int) -> tuple[int, int]:
    """Params and MACs of a sample, by torch."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.zeros(1, *shape))
    return sum(each.numel() for each in model.parameters()), counter.get_total_flops() // 2


def plan_in(file: Path) -> dict[str, str]:
    return dict(yaml.safe_load(file.read_text())["replace"])


def test_counts_are_torchs_for_a_sample_before_and_after(folder: Path, trained: nn.Module) -> None:
    found = fit(folder, *ON_DATA, *SMALL, said=SAID)
    assert found["data"] == "nets.py:batches, 12 samples"
    for text in ("separable", "separable:multiplier=2"):
        total = rows(found, "total")[None, text]
        assert (total["params"], total["macs"]) == counted(trained, 3, 8, 8)
        small = replace_convolutions(trained, text)
        assert (total["replacement.params"], total["replacement.macs"]) == counted(small, 3, 8, 8)
        for name, shape in (("3", (6, 8, 8)), ("5", (8, 8, 8))):
            row = rows(found)[name, text]
            assert (row["params"], row["macs"]) == counted(trained.get_submodule(name), *shape)
            assert (row["replacement.params"], row["replacement.macs"]) == counted(small.get_submodule(name), *shape)


def test_energy_is_numpys(folder: Path, trained: nn.Module) -> None:
    found, kept, whole = fit(folder, *MODEL, *IMAGE, *SMALL), dict.fromkeys(SEPARABLE, 0.0), 0.0
    for name in ("0", "3", "5"):
        kernel = trained.get_submodule(name).weight.detach().double().numpy()  # type: ignore[operator]
        squares = np.linalg.svd(kernel.reshape(*kernel.shape[:2], -1).swapaxes(0, 1), compute_uv=False) ** 2
        whole += squares.sum()
        for text, multiplier in (("separable", 1), ("separable:multiplier=2", 2)):
            largest = squares[:, :multiplier].sum()
            kept[SEPARABLE[multiplier - 1]] += largest
            row = rows(found)[name, text]
            assert row["energy"] == pytest.approx(largest / squares.sum(), rel=1e-6)
            assert (row["is_exact"], row["kernel"]) == (True, list(kernel.shape))
    totals = [row["energy"] for row in rows(found, "total").values()]
    assert totals == pytest.approx([each / whole for each in kept.values()], rel=1e-6)


def choices(found: Mapping[str, Any], figure: str) -> Iterator[tuple[float, float]]:
    """Of each way to replace the layers: the loss, summed; and the figure, of the whole network."""
    names = list(dict.fromkeys(layer for layer, _ in rows(found)))
    texts = list(dict.fromkeys(text for _, text in rows(found)))
    fixed = found["chosen"][figure] - sum(rows(found)[name, texts[0]][figure] for name in names)
    for texts_of in product((None, *texts), repeat=len(names)):
        each = [(rows(found)[name, text or texts[0]], text) for name, text in zip(names, texts_of)]
        loss = sum(row["loss"] for row, text in each if text)
        yield loss, fixed + sum(row[f"replacement.{figure}" if text else figure] for row, text in each)


@pytest.mark.parametrize(
    ("option", "limit", "figure", "most"),
    [("--max-macs", "40k", "macs", 40_000), ("--max-params", "0.6k", "params", 600)],
)
def test_no_other_choice_within_the_limit_loses_less(
    folder: Path, option: str, limit: str, figure: str, most: int
) -> None:
    found = fit(folder, *ON_DATA, *SMALL, option, limit, said=SAID)
    chosen = found["chosen"]
    assert chosen["limit"] == f"{option} {limit}"
    assert chosen[f"replacement.{figure}"] <= most < chosen[figure]
    best = min(loss for loss, costs in choices(found, figure) if costs <= most)
    assert (chosen["summed_loss"], chosen["gap"]) == (pytest.approx(best), 0)
    marked = {layer: text for (layer, text), row in rows(found).items() if row["chosen"]}
    assert (chosen["plan"], chosen["replaced"], chosen["layers"]) == (marked, len(marked), 3)
    assert 0 < chosen["measured_loss"] < 1


def test_under_a_least_energy_it_is_the_fewest_macs(folder: Path) -> None:
    found = fit(folder, *MODEL, *IMAGE, *SMALL, "--min-energy", "70%")
    chosen = found["chosen"]
    assert chosen["energy"] >= 0.7
    assert (chosen["summed_loss"], chosen["measured_loss"]) == (pytest.approx(1 - chosen["energy"]), None)
    assert chosen["replacement.macs"] < chosen["macs"]
    more = fit(folder, *MODEL, *IMAGE, *SMALL, "--max-macs", str(chosen["replacement.macs"] - 1))
    assert more["chosen"]["energy"] < 0.7


def test_a_limit_of_time_is_of_predicted_times(folder: Path) -> None:
    layers = ("nets.py:big", "--input", "16x56x56", "--target", "example-cpu")
    (folder / "nets.py").write_text(f"{NETS}\ndef big(): return seeded(nn.Conv2d(16, 64, 3), nn.Conv2d(64, 64, 3))\n")
    before = rows(fit(folder, *layers), "total")[None, "separable"]
    assert before["speedup"] == before["time"] / before["replacement.time"] > 1
    limit = (before["time"] + before["replacement.time"]) / 2
    found = fit(folder, *layers, "--max-time", f"{limit * 1000:.6f}ms")
    assert found["target"] == "example-cpu"
    assert found["chosen"]["replacement.time"] <= limit < found["chosen"]["time"]


def test_a_limit_that_cannot_be_reached_says_what_can_and_writes_nothing(folder: Path) -> None:
    saving = ("--save-plan", "p.yaml", "--save-weights", "s.safetensors", "--save-model", "s.pt2", "--output", "o.json")
    least = rows(fit(folder, *MODEL, *IMAGE, "-r", "separable"), "total")[None, "separable"]
    said = refused(folder, *MODEL, *IMAGE, "--max-macs", "1k", *saving, code=1)
    assert said == f"--max-macs 1k cannot be reached: the least is {least['replacement.macs']:,} MACs"


def test_what_is_saved_is_the_model_of_the_plan(folder: Path, trained: nn.Module, nets: dict[str, Any]) -> None:
    saving = ("--save-plan", "p.yaml", "--save-weights", "s.safetensors", "--save-model", "s.pt2")
    found = fit(folder, *ON_DATA, *SMALL, "--max-macs", "40k", *saving, said=SAID)
    assert found["written"] == {"plan": "p.yaml", "weights": "s.safetensors", "model": "s.pt2"}
    assert plan_in(folder / "p.yaml") == found["chosen"]["plan"]
    small = replace_convolutions(trained, plan_in(folder / "p.yaml")).eval()
    small.load_state_dict(load_file(folder / "s.safetensors"), strict=True)
    assert counted(small, 3, 8, 8) == tuple(found["chosen"][f"replacement.{figure}"] for figure in ("params", "macs"))
    totals = ("--rows", "totals", "--columns", "replacement.params,replacement.macs", "--format", "csv")
    compared = sepcost("compare", "nets.py:build", *IMAGE, "--plan", "p.yaml", *totals, cwd=folder).out
    assert tuple(map(int, compared.splitlines()[1].split(",")[-2:])) == counted(small, 3, 8, 8)
    images = nets["images"](5, 7, 3, 8, 8)
    program: Callable[[Tensor], Tensor] = torch.export.load(folder / "s.pt2").module()
    torch.testing.assert_close(program(images), small(images))
    data = nets["batches"]()
    again = replace_convolutions(trained, plan_in(folder / "p.yaml"), weights="fit", data=data).eval()
    torch.testing.assert_close(again(images), small(images))
    wanted, given = (torch.cat([model(each) for each, _ in data]).detach() for model in (trained, small))
    missed = (wanted - given).square().sum() / (wanted - wanted.mean(0)).square().sum()
    assert found["chosen"]["measured_loss"] == pytest.approx(missed.item(), rel=1e-2)


def test_a_plan_that_was_saved_and_edited_is_taken(folder: Path) -> None:
    found = fit(folder, *MODEL, *IMAGE, *SMALL, "--max-macs", "40k", "--save-plan", "p.yaml")
    again = fit(folder, *MODEL, *IMAGE, "--plan", "p.yaml")
    (total,) = rows(again, "total").values()
    for figure in ("params", "macs"):
        assert total[f"replacement.{figure}"] == found["chosen"][f"replacement.{figure}"]
    assert total["energy"] == pytest.approx(found["chosen"]["energy"])
    (folder / "p.yaml").write_text("replace: {'[03]': blueprint}")
    edited = fit(folder, *MODEL, *IMAGE, "--plan", "p.yaml")
    assert {layer: row["kept"] is None for (layer, _), row in rows(edited).items()} == {
        "0": True,
        "3": True,
        "5": False,
    }
    assert refused(folder, *MODEL, *IMAGE, "--plan", "p.yaml", "--save-plan", "p.yaml").endswith("would be overwritten")


def test_a_file_of_weights_has_the_kernels_of_the_model(folder: Path) -> None:
    found, of_model = (rows(fit(folder, *start, *SMALL)) for start in (("w.pt",), (*MODEL, *IMAGE)))
    assert found.keys() == of_model.keys()
    for key, row in found.items():
        assert row["energy"] == pytest.approx(of_model[key]["energy"])
        assert row["macs"] is row["replacement.macs"] is None
        assert row["replacement.params"] < row["params"]


@pytest.mark.parametrize(("option", "limit"), [("--max-params", "500"), ("--min-energy", "70%")])
def test_a_plan_is_chosen_for_a_file_of_weights(folder: Path, option: str, limit: str) -> None:
    found = fit(folder, "w.pt", *SMALL, option, limit, "--save-plan", "p.yaml")
    chosen = found["chosen"]
    layers = rows(found)
    after = sum(layers[name, chosen["plan"].get(name, "separable")]["replacement.params"] for name in chosen["plan"])
    kept = sum(
        row["params"] for (name, text), row in layers.items() if text == "separable" and name not in chosen["plan"]
    )
    assert chosen["replacement.params"] == after + kept
    assert chosen["replacement.params"] <= 500 or chosen["energy"] >= 0.7
    assert (
        plan_in(folder / "p.yaml")
        == chosen["plan"]
        == {name: text for (name, text), row in layers.items() if row["chosen"]}
    )


def test_a_key_and_a_prefix_in_a_checkpoint_are_understood(folder: Path, trained: nn.Module) -> None:
    ema = {f"module.{name}": each for name, each in trained.state_dict().items()}
    torch.save({"ema": ema, "epoch": 3}, folder / "ckpt.pth")
    direct, inside = fit(folder, *MODEL, *IMAGE), fit(folder, "nets.py:build", "--weights", "ckpt.pth:ema", *IMAGE)
    assert (inside["weights"], inside["notes"]) == ("ckpt.pth:ema", ['weights: read without the prefix "module."'])
    assert inside["rows"] == direct["rows"]
    assert rows(fit(folder, "ckpt.pth:ema")).keys() == rows(direct).keys()
    assert "has nothing under emma" in refused(folder, "ckpt.pth:emma")


class Code:
    def __reduce__(self) -> Any:
        return Path.touch, (Path("was run"),)


@pytest.mark.parametrize("start", [("bad.pt",), ("nets.py:build", "--weights", "bad.pt", *IMAGE)])
def test_code_in_a_file_of_weights_is_not_run(folder: Path, start: tuple[str, ...]) -> None:
    torch.save({"weight": torch.zeros(8, 3, 3, 3), "code": Code()}, folder / "bad.pt")
    assert "no code of a file is run" in refused(folder, *start)


def test_scores_are_what_the_function_says_of_each_model(
    folder: Path, trained: nn.Module, nets: dict[str, Any]
) -> None:
    found = fit(folder, *ON_DATA, "--score", "nets.py:spread(scale=2)", said=f"{SAID}scoring\nscoring\n")
    with torch.no_grad():
        expected = [nets["spread"](model, 2).item() for model in (trained, replaced(trained, nets))]
    scores = found["scores"]
    assert scores["name"] == "nets.py:spread(scale=2)"
    assert [scores["original"], scores["fitted"]["separable"]] == pytest.approx(expected)
    shown = sepcost("fit", *ON_DATA, "--score", "nets.py:spread", cwd=folder).out
    assert "nets.py:spread: The spread of four outputs; fitted on nets.py:batches, 12 samples\n" in shown


def replaced(model: nn.Module, nets: dict[str, Any], **options: Any) -> nn.Module:
    return replace_convolutions(model, weights="fit", data=nets["batches"](), **options).eval()


def test_norms_behind_replaced_layers_are_estimated_again_unless_not_wanted(folder: Path, trained: nn.Module) -> None:
    found = fit(folder, *ON_DATA, "--save-weights", "new.safetensors", said=SAID)
    assert "Batch norms behind them have new means and variances (--no-norms leaves these)." in found["notes"]
    left = fit(folder, *ON_DATA, "--no-norms", "--save-weights", "left.safetensors", said=SAID)
    assert "Batch norms behind them have new means and keep their variances." in left["notes"]
    before = trained.state_dict()["1.running_var"]
    assert torch.equal(load_file(folder / "left.safetensors")["1.running_var"], before)
    assert not torch.allclose(load_file(folder / "new.safetensors")["1.running_var"], before)


def test_distilling_lowers_the_loss_and_is_repeatable(folder: Path) -> None:
    def distilled(*options: str) -> tuple[dict[str, Any], dict[str, Tensor]]:
        found = fit(folder, *ON_DATA, *options, "--save-weights", "s.safetensors", said=SAID)
        return found, load_file(folder / "s.safetensors")

    before = rows(fit(folder, *ON_DATA, said=SAID), "total")[None, "separable"]["loss"]
    (found, first), (_, again), (_, other) = (distilled("--distil", "4", "--seed", seed) for seed in "334")
    assert rows(found, "total")[None, "separable"]["loss"] < before
    assert found["notes"][-1].startswith("separable: 4 steps of distilling: loss on held-out data ")
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


@pytest.mark.parametrize(
    ("arguments", "layers"),
    [
        (("nets.py:one", "--data", "nets.py:generated"), {"conv": None}),
        (("nets.py:waves", "--data", "nets.py:of_waves"), {"0": None, "2": None}),
        (("nets.py:Twice", "--data", "nets.py:generated", "--max-macs", "50k"), {"first": None, "again": None}),
        (("nets.py:Two", "--data", "nets.py:of_two"), {"left": None, "right": None}),
        (
            ("nets.py:Two", "--data", "nets.py:generated", "--input", "3x8x8", "--input", "y=2x8x8"),
            {"left": None, "right": "it does not run on the first batch of the data"},
        ),
        (("nets.py:half", "--data", "nets.py:of_halves"), {"0": None, "3": None, "5": None}),
        (("nets.py:broken", *IMAGE), {"0": None, "3": "its weights have NaN or infinite values", "5": None}),
        (
            ("nets.py:Functional", "--data", "nets.py:generated"),
            {"convolution": "it is a functional call: no module runs it", "conv": None},
        ),
        (("nets.py:kept", *IMAGE), {"0": "1×1", "1": "already depthwise"}),
        ((*MODEL, *IMAGE, "--exclude", "[35]"), {"0": None, "3": "excluded", "5": "excluded"}),
    ],
)
def test_models_of_every_kind(folder: Path, arguments: tuple[str, ...], layers: dict[str, str | None]) -> None:
    found = fit(folder, *arguments)
    assert {layer: row["kept"] for (layer, _), row in rows(found).items()} == layers
    total = rows(found, "total")[None, "separable"]
    fitted = [row for row in rows(found).values() if row["kept"] is None]
    assert total["macs"] - total["replacement.macs"] == sum(row["macs"] - row["replacement.macs"] for row in fitted)
    assert all(0 < row["energy"] < 1 for row in fitted)
    if "--data" in arguments:
        assert all(0 < row["output_error"] < 1 and row["loss"] > 0 for row in fitted)


def test_a_layer_that_runs_twice_is_counted_twice_and_has_its_weights_once(folder: Path) -> None:
    row = rows(fit(folder, "nets.py:Twice", *IMAGE))["again", "separable"]
    assert (row["params"], row["macs"]) == (8 * 8 * 9 + 8, 2 * 64 * 8 * 8 * 9)
    assert row["replacement.macs"] == 2 * 64 * 8 * (9 + 8)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("w.pt", "--weights", "w.pt"), f"--weights is for a model, and w.pt is {OF_WEIGHTS}"),
        (("w.pt", "--data", "nets.py:batches"), f"--data is for a model, and w.pt is {OF_WEIGHTS}"),
        (("w.pt", "--save-model", "s.pt2"), f"--save-model is for a model, and w.pt is {OF_WEIGHTS}"),
        (("w.pt", "--max-macs", "1k"), "w.pt has no maps: give --max-params"),
        ((*MODEL, *IMAGE, "--distil", "3"), "--distil trains towards the model's outputs on data: give --data"),
        ((*MODEL, *IMAGE, "--max-time", "1ms"), "--max-time is of predicted times: give --target"),
        (
            (*MODEL, *IMAGE, "--max-macs", "1k", "--max-params", "1k"),
            "--max-params and --max-macs: one limit chooses a plan: give one",
        ),
        (
            (*MODEL, *IMAGE, *SMALL, "--save-weights", "s.safetensors"),
            "what is saved is one model: give one -r, or a limit",
        ),
        ((*MODEL, *IMAGE, "--plan", "p.yaml", "-r", "separable"), "--plan says what replaces each layer: leave out -r"),
        ((*MODEL, *IMAGE, "--min-energy", "0%"), f"{PER_CENT} 0%"),
        ((*MODEL, *IMAGE, "--min-energy", "2"), f"{PER_CENT} 2"),
        ((*MODEL, *IMAGE, "--save-model", "s.pth"), "s.pth: must end in .pt2 or .onnx"),
        ((*MODEL, *IMAGE, "--save-weights", "s.pt"), "s.pt: must end in .safetensors"),
        ((*MODEL, *IMAGE, "--save-plan", "no/p.yaml"), "no/p.yaml: cannot be written: there is no folder no"),
        ((*MODEL, *IMAGE, "--save-plan", "w.pt"), "--save-plan w.pt: is a source, and would be overwritten"),
        ((*MODEL, *IMAGE, "--save-plan", "nets.py"), "--save-plan nets.py: is a source, and would be overwritten"),
        ((*MODEL, *IMAGE, "--output", "w.pt"), "--output w.pt: is a source, and would be overwritten"),
        (("w.pt:", "--output", "w.pt"), "--output w.pt: is a source, and would be overwritten"),
        (
            (*MODEL, *IMAGE, "--save-plan", "o.yaml", "--output", "o.yaml"),
            "--save-plan and --output would write the same file",
        ),
        (
            ("nets.py:kept", *IMAGE, "--save-plan", "p.yaml"),
            "--save-plan p.yaml: no layer is replaced, and a plan replaces some",
        ),
        (("nets.py:linear", "--input", "3"), "nets.py:linear: has no convolution"),
        (
            MODEL,
            "nets.py:build: forward takes input: give --input SHAPE, as in 3x224x224 or 77:int64, without the batch",
        ),
        ((*MODEL, "--data", "nets.py:no_batches"), "nets.py:no_batches: has no batch"),
        (
            (*MODEL, "--data", "nets.py:number"),
            "nets.py:number: must be a tensor, a list of batches, a DataLoader, or a function that returns one, got 5",
        ),
        (
            (*MODEL, "--data", "nets.py:raising"),
            'nets.py:raising: ValueError: no data today (nets.py:N: def raising(): raise ValueError("no data today"))',
        ),
        (
            (*MODEL, "--data", "nets.py:raising_later"),
            'nets.py:raising_later: OSError: the disk is gone (nets.py:N: raise OSError("the disk is gone"))',
        ),
        (
            ("nets.py:no_model", *IMAGE),
            'nets.py:no_model: ValueError: no weights (nets.py:N: def no_model(): raise ValueError("no weights"))',
        ),
        (
            (*MODEL, *IMAGE, "--score", "nets.py:raises"),
            'nets.py:raises: ValueError: no labels (nets.py:N: def raises(model): raise ValueError("no labels"))',
        ),
        ((*MODEL, *IMAGE, "--score", "nets.py:says_none"), "nets.py:says_none: must return a number, got None"),
        ((*MODEL, *IMAGE, "--score", "nets.py:says_text"), "nets.py:says_text: must return a number, got '99 %'"),
        ((*MODEL, *IMAGE, "--score", "nets.py:says_nan"), "nets.py:says_nan: must return a number, got nan"),
        (
            (*MODEL, *IMAGE, "--score", "nets.py:says_several"),
            "nets.py:says_several: must return a number, got tensor([1., 1., 1.])",
        ),
        (
            ("nets.py:broken", "--data", "nets.py:batches"),
            "the model has NaN or infinite values on the data",
        ),
        (
            ("nets.py:Two", "--weights", "w.pt", *IMAGE),
            "w.pt: does not fit the model: it lacks 4 tensors (left.weight, left.bias, right.weight, right.bias), the "
            "model has not 12 tensors (0.weight, 0.bias, 1.weight and 9 more); no name is the same: is it of another "
            "model?",
        ),
    ],
)
def test_what_does_not_go_together_is_one_line(folder: Path, arguments: tuple[str, ...], said: str) -> None:
    assert refused(folder, *arguments) == said


def test_data_that_the_model_does_not_take_is_one_line(folder: Path) -> None:
    said = refused(folder, *MODEL, *IMAGE, "--data", "nets.py:wider")
    assert said.startswith("the model does not run on the data: RuntimeError: ")


def test_data_without_end_is_one_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sepcost.pytorch.replacing.data.MOST_KEPT", 4 * 2**10 * prod((3, 8, 8)))
    assert refused(folder, *MODEL, "--data", "nets.py:endless").endswith("batch by batch: does it end?")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_device_that_is_not_there_is_one_line(folder: Path) -> None:
    assert refused(folder, *ON_DATA, "--device", "cuda").startswith("--device cuda: ")


def test_a_missing_exporter_is_one_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sepcost.tasks.saving.find_spec", lambda name: None)
    said = refused(folder, *MODEL, *IMAGE, "--save-model", "s.onnx")
    assert said == "s.onnx: onnxscript is not installed: pip install 'sepcost[export]'"


def test_an_interrupt_ends_it_and_leaves_nothing(folder: Path) -> None:
    run = sepcost("fit", *MODEL, "--data", "nets.py:interrupted", "--save-weights", "s.safetensors", cwd=folder)
    assert run == Run(130, "", "")
    assert not (folder / "s.safetensors").exists()


def test_a_link_is_not_followed(folder: Path) -> None:
    (folder / "other").touch()
    (folder / "s.safetensors").symlink_to(folder / "other")
    said = refused(folder, *MODEL, *IMAGE, "--save-weights", "s.safetensors")
    assert said.startswith("--save-weights s.safetensors: is a link to ")


@pytest.mark.parametrize("limit", [(), ("--max-macs", "40k")])
def test_progress_counts_to_its_end(folder: Path, limit: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    from sepcost.cli.progress import Waiting

    seen: list[Waiting] = []

    class Watched(Waiting):
        def __init__(self, what: str) -> None:
            super().__init__(what)
            seen.append(self)

    monkeypatch.setattr("sepcost.cli.fit.Waiting", Watched)
    fit(folder, *ON_DATA, *SMALL, *limit, "--distil", "4", said=SAID)
    (waiting,) = seen
    ways, layers = (1 if limit else 2), 3
    assert waiting.total == 2 * layers + (layers + 4) * ways
    assert 2 * layers + 4 * ways < waiting.count <= waiting.total


def test_rows_are_sorted_and_cut(folder: Path) -> None:
    run = sepcost("fit", "w.pt", "--sort", "energy", "--top", "1", "--format", "csv", cwd=folder)
    assert [line.split(",")[1] for line in run.out.splitlines()[1:]] == ["layer", "total"]


def test_the_pages_example_is_a_model_with_data_and_a_score(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "fit.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    stub = "import numpy\nclass load_digits: images, target = numpy.ones((1210, 8, 8)), numpy.arange(1210) % 10"
    (tmp_path / "digits.py").write_text(code.replace("from sklearn.datasets import load_digits", stub))
    data = ("--data", "digits.py:batches", "--include", "0.0")
    found = fit(tmp_path, "digits.py:build", *data, "--score", "digits.py:top1")
    assert found["data"] == "digits.py:batches, 1,200 samples"
    assert found["scores"]["about"] == "Per cent right of 597 held-out images."
    assert found["scores"]["original"] == pytest.approx(10)
    assert rows(found)["4.0", "separable"]["macs"] == 128 * 64 * 9 * 16
