"""Counting three networks, a process each: by sepcost, by torch's own counter, and by five others.

    pip install fvcore ptflops thop torchinfo calflops transformers
    python benchmarks/models.py         # --rounds=3 for fewer than five

Each counter is used as its README says, in processes of its own, which take turns. Counted is what comes after
``import torch``: the counter's own imports, building the model (on meta for sepcost and the floor, with real weights
for the rest), and the count. The floor is one bare pass under ``FlopCounterMode`` on the meta device. What is not
installed is left out.
"""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

ROOT = Path(__file__).parent.parent
MODELS = {
    "VGG-16": "benchmarks.models:vgg16",
    "ResNet-50": "tests.pytorch.models:ResNet50",
    "MobileNet v2": "tests.pytorch.models:MobileNetV2",
}
MACS = {"VGG-16": 15_470_264_320, "ResNet-50": 4_089_184_256, "MobileNet v2": 300_774_272}
IMAGE = (3, 224, 224)
INPUT = "3x224x224"
FLOOR, SUBJECT = "FlopCounterMode, meta", "sepcost"


def vgg16() -> nn.Module:
    """Simonyan and Zisserman 2014, arXiv:1409.1556, table 1, column D."""
    from torch import nn

    layers: list[nn.Module] = []
    channels = 3
    for width, convolutions in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(convolutions):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
            channels = width
        layers.append(nn.MaxPool2d(2))
    layers.append(nn.Flatten())
    for inputs, outputs in ((512 * 7 * 7, 4096), (4096, 4096)):
        layers += [nn.Linear(inputs, outputs), nn.ReLU(), nn.Dropout()]
    return nn.Sequential(*layers, nn.Linear(4096, 1000))


Count = Callable[[], int]
"""One count of a model that is there already, by what is imported already: MACs in the counter's own convention."""


def by_sepcost(model: str) -> Count:
    """As the command does it."""
    from sepcost.pytorch.models.loading import load_model
    from sepcost.pytorch.running.running import trace_model
    from sepcost.text.input_text import InputText
    from sepcost.text.model_text import ModelText

    loaded = load_model(ModelText.parse(model))

    def count() -> int:
        traced = trace_model(loaded, [InputText.parse(INPUT)], name=model)
        assert traced.agrees
        return traced.macs

    return count


def by_command(model: str) -> Count:
    """The whole command, from reading its arguments to the JSON of every layer and its replacement."""
    from sepcost.cli import main

    def count() -> int:
        sys.argv = ["sepcost", "compare", model, "--input", INPUT, "--format", "json"]
        with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.suppress(SystemExit):
            main()
        return int(json.loads(out.getvalue())["networks"][0]["total"]["standard"]["macs"])

    return count


def by_torch(model: str, device: str) -> Count:
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    with torch.device(device):
        network = built(model).eval()
        image = torch.zeros(1, *IMAGE)

    def count() -> int:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            network(image)
        return int(counter.get_total_flops()) // 2

    return count


def by_fvcore(model: str) -> Count:
    counter = import_module("fvcore.nn").FlopCountAnalysis
    network, image = built(model), noise()
    return lambda: int(counter(network, image).total())


def by_ptflops(model: str) -> Count:
    info = import_module("ptflops").get_model_complexity_info
    network = built(model)
    return lambda: int(info(network, IMAGE, as_strings=False, backend="pytorch", print_per_layer_stat=True)[0])


def by_thop(model: str) -> Count:
    profile = import_module("thop").profile
    network, image = built(model), noise()
    return lambda: int(profile(network, inputs=(image,))[0])


def by_torchinfo(model: str) -> Count:
    summary = import_module("torchinfo").summary
    network = built(model)
    return lambda: int(summary(network, input_size=(1, *IMAGE)).total_mult_adds)


def by_calflops(model: str) -> Count:
    calculate = import_module("calflops").calculate_flops
    network = built(model)
    return lambda: int(calculate(model=network, input_shape=(1, *IMAGE), output_as_string=False)[1])


COUNTERS: Mapping[str, Callable[[str], Count]] = {
    FLOOR: partial(by_torch, device="meta"),
    SUBJECT: by_sepcost,
    "sepcost compare": by_command,
    "FlopCounterMode, real": partial(by_torch, device="cpu"),
    "fvcore": by_fvcore,
    "ptflops": by_ptflops,
    "thop": by_thop,
    "torchinfo": by_torchinfo,
    "calflops": by_calflops,
}


def built(model: str) -> Any:
    module, _, factory = model.partition(":")
    return getattr(import_module(module), factory)()


def noise() -> Any:
    import torch

    return torch.randn(1, *IMAGE)


@dataclass(frozen=True)
class Spent:
    """Seconds on the clock, seconds of processor time (user and system), and megabytes at the peak."""

    wall: float
    cpu: float
    memory: float

    @classmethod
    def until_now(cls) -> Spent:
        used = getrusage(RUSAGE_SELF)
        return cls(time.perf_counter(), used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)

    def __sub__(self, before: Spent) -> Spent:
        return Spent(*(now - then for now, then in zip(astuple(self), astuple(before))))


@dataclass(frozen=True)
class Measured:
    """One process: what ``import torch`` took, what everything after it took, and a second count right behind."""

    macs: int
    torch: Spent
    after: Spent
    again: Spent


def child(model: str, counter: str) -> None:
    """Measure in this process; the last line of stdout is the result."""
    sys.path[0] = str(ROOT)
    marks = [Spent.until_now()]
    with contextlib.redirect_stdout(io.StringIO()):
        import_module("torch")
        marks.append(Spent.until_now())
        count = COUNTERS[counter](MODELS[model])
        macs = count()
        marks.append(Spent.until_now())
        count()
        marks.append(Spent.until_now())
    print(json.dumps([macs, *(astuple(now - before) for before, now in pairwise(marks))]))


def measure(model: str, counter: str) -> Measured:
    command = [sys.executable, __file__, model, counter]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        sys.exit(f"{counter} failed on {model}:\n{done.stderr}")
    macs, *spent = json.loads(done.stdout.splitlines()[-1])
    return Measured(macs, *(Spent(*each) for each in spent))


def middle(all_spent: Sequence[Spent]) -> float:
    """The median on the clock."""
    return median(spent.wall for spent in all_spent)


def least(all_spent: Sequence[Spent]) -> float:
    """The smallest processor time."""
    return min(spent.cpu for spent in all_spent)


def report(model: str, rounds: Mapping[str, Sequence[Measured]]) -> None:
    """Seconds are medians on the clock / least processor time, and so are the ratios; megabytes are medians."""
    imports = [measured.torch for each in rounds.values() for measured in each]
    after = {counter: [measured.after for measured in each] for counter, each in rounds.items()}
    again = {counter: [measured.again for measured in each] for counter, each in rounds.items()}
    print(f"{model}: import torch takes {middle(imports):.2f} / {least(imports):.2f} s", end=", ")
    print(f"{median(spent.memory for spent in imports):.0f} MB more than Python")
    print(f"  {'':22}{'s after it':>15}{'÷ floor':>15}{'÷ sepcost':>15}{'again, s':>17}{'MB':>6}  counted ÷ MACs")
    for counter, each in rounds.items():

        def ratio(to: str, counter: str = counter) -> str:
            wall, cpu = middle(after[counter]) / middle(after[to]), least(after[counter]) / least(after[to])
            return f"{wall:.2f} / {cpu:.2f}"

        print(
            f"  {counter:22}",
            f"{f'{middle(after[counter]):.2f} / {least(after[counter]):.2f}':>15}",
            f"{ratio(FLOOR):>15}{ratio(SUBJECT):>15}",
            f"{f'{middle(again[counter]):.3f} / {least(again[counter]):.3f}':>17}",
            f"{median(spent.memory for spent in after[counter]):6.0f}",
            f"  {each[0].macs / MACS[model]:.3f}",
            sep="",
        )


def main(rounds: int) -> None:
    counters = [counter for counter in COUNTERS if " " in counter or find_spec(counter)]
    print("Medians on the clock / least processor time; MB above what import torch takes, at the peak.")
    for model in MODELS:
        taken: dict[str, list[Measured]] = {counter: [] for counter in counters}
        for _ in range(rounds):
            for counter in counters:
                taken[counter].append(measure(model, counter))
        report(model, taken)


if __name__ == "__main__":
    match sys.argv[1:]:
        case [model, counter]:
            child(model, counter)
        case [option] if option.startswith("--rounds="):
            main(int(option.partition("=")[2]))
        case _:
            main(5)
