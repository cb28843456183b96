"""The trained networks of ``weights.py`` and their data: digits of scikit-learn, and a detector that ddddocr ships."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from importlib.metadata import distribution
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from unittest.mock import MagicMock

import torch
from torch import Tensor, nn

TRAINED_ON, BATCH, CLASSES = 1200, 64, 10

SIDE = 224
"""Pixels of a scene's side."""
CHARACTERS, LETTERS = 6, "ABCDEFGHJKLMNPRSTUVWXYZ23456789"
FOR_FITTING, HELD_OUT, SCENES_AT_ONCE = 2, 2, 4
"""Scenes of a photograph, if it is for fitting, and if it is held out; and how many are in a batch."""
PHOTOGRAPHS = """
    astronaut brick camera cell chelsea clock_motion coffee coins grass gravel hubble_deep_field ihc moon
    motorcycle_left retina rocket
"""


class Network(NamedTuple):
    """A network for digits: how it is made and trained, and the convolutions that are replaced: all but the first."""

    name: str
    build: Callable[[], nn.Sequential]
    epochs: int
    rate: float
    replaced: tuple[str, ...]


def with_norms() -> nn.Sequential:
    """Four 3×3 convolutions, each with a norm behind it."""

    def block(inputs: int, outputs: int) -> list[nn.Module]:
        return [nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]

    layers = [*block(1, 32), *block(32, 64), nn.MaxPool2d(2), *block(64, 64), *block(64, 128)]
    return nn.Sequential(*layers, *_head(128))


def without_norms() -> nn.Sequential:
    """Six 3×3 convolutions with biases, He initialisation and no norm."""

    def block(inputs: int, outputs: int) -> list[nn.Module]:
        conv = nn.Conv2d(inputs, outputs, 3, padding=1)
        nn.init.kaiming_normal_(conv.weight)
        nn.init.zeros_(conv.bias)  # type: ignore[arg-type]
        return [conv, nn.ReLU()]

    layers = [*block(1, 32), *block(32, 32), nn.MaxPool2d(2), *block(32, 64), *block(64, 64)]
    return nn.Sequential(*layers, nn.MaxPool2d(2), *block(64, 128), *block(128, 128), *_head(128))


def _head(channels: int) -> list[nn.Module]:
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, CLASSES)]


NETWORKS = {
    each.name: each
    for each in (
        Network("four convolutions with norms", with_norms, 15, 2e-3, ("3", "7", "10")),
        Network("six convolutions without norms", without_norms, 25, 4e-3, ("2", "5", "7", "10", "12")),
    )
}


class Digits(NamedTuple):
    """Images that are trained on, others that are held out, and the labels of both."""

    images: Tensor
    labels: Tensor
    held: Tensor
    held_labels: Tensor

    @property
    def batches(self) -> list[Tensor]:
        """The images alone, as data without labels."""
        return list(self.images.split(BATCH))

    def accuracy(self, model: nn.Module) -> float:
        """Per cent of the held-out images."""
        with torch.no_grad():
            return 100 * float((model.eval()(self.held).argmax(1) == self.held_labels).float().mean())


def digits(seed: int) -> Digits:
    """The 1,797 images of 8×8 that ``sklearn.datasets.load_digits`` has, split at random."""
    found = import_module("sklearn.datasets").load_digits()
    order = torch.randperm(len(found.images), generator=torch.Generator().manual_seed(seed))
    images = torch.tensor(found.images, dtype=torch.float32)[order, None] / 16
    labels = torch.tensor(found.target)[order]
    return Digits(images[:TRAINED_ON], labels[:TRAINED_ON], images[TRAINED_ON:], labels[TRAINED_ON:])


def train(model: nn.Module, data: Digits, epochs: int, rate: float, seed: int) -> nn.Module:
    """AdamW with one cycle of the learning rate, on images moved by up to a pixel."""
    generator, steps = torch.Generator().manual_seed(seed), len(data.images) // BATCH
    optimizer = torch.optim.AdamW(model.parameters(), rate, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, epochs * steps)
    model.train()
    for _ in range(epochs):
        order = torch.randperm(len(data.images), generator=generator)
        for batch in order.split(BATCH)[:steps]:
            moves = tuple(torch.randint(-1, 2, (2,), generator=generator).tolist())
            optimizer.zero_grad()
            given = model(torch.roll(data.images[batch], moves, (2, 3)))
            nn.functional.cross_entropy(given, data.labels[batch]).backward()
            optimizer.step()
            schedule.step()
    return model.eval()


class Detector(NamedTuple):
    """A trained detector of characters whose outputs are logits, and scenes: for fitting, and held out."""

    model: nn.Module
    replaced: tuple[str, ...]
    fitting: Sequence[Tensor]
    held: Sequence[Tensor]


def detector() -> Detector:
    """YOLOX-tiny as ddddocr ships it (MIT): 31 convolutions of 3×3, of which the stem is kept.

    Scenes are photographs that scikit-image and scikit-learn ship, with characters drawn on them at random.
    """
    model = _of_onnx(_shipped("ddddocr", "ddddocr/common_det.onnx"))
    convs = [name for name, each in model.named_modules() if isinstance(each, nn.Conv2d) and max(each.kernel_size) > 1]
    photographs = list(_photographs())
    return Detector(
        model,
        tuple(convs[1:]),
        _batches(photographs[::2], FOR_FITTING),
        _batches(photographs[1::2], HELD_OUT),
    )


def _shipped(package: str, place: str) -> Path:
    """Where an installed package has something; nothing of it is imported."""
    return Path(str(distribution(package).locate_file(place)))


def _of_onnx(file: Path) -> nn.Module:
    """The model for any batch and size, with logits as its outputs: boxes, and the chances before their sigmoid."""
    for name in ("torchvision", "torchvision.ops"):  # onnx2torch imports it for operators that are not used here
        sys.modules.setdefault(name, MagicMock())
    onnx: Any = import_module("onnx")
    loaded = onnx.load(file)
    shapes = {node.input[1] for node in loaded.graph.node if node.op_type == "Reshape"}
    for each in loaded.graph.initializer:
        if each.name in shapes:  # 1, 6, -1: of one sample
            each.CopyFrom(onnx.helper.make_tensor(each.name, each.data_type, each.dims, [0, 6, -1]))
    model: Any = import_module("onnx2torch").convert(loaded).eval()
    for node in model.graph.nodes:
        if "Sigmoid" in str(node.target) and not any("Mul" in str(user.target) for user in node.users):
            model.set_submodule(node.target, nn.Identity())
    found: nn.Module = model
    return found


def _photographs() -> Iterator[Any]:
    image: Any = import_module("PIL.Image")
    folder = _shipped("scikit-image", "skimage/data")
    for name in PHOTOGRAPHS.split():
        yield image.open(next(folder.glob(f"{name}.*"))).convert("RGB")
    yield from map(image.fromarray, import_module("sklearn.datasets").load_sample_images().images)


def _batches(photographs: Sequence[Any], each: int) -> list[Tensor]:
    scenes = [
        scene(photo, Random(1000 * number + turn)) for turn in range(each) for number, photo in enumerate(photographs)
    ]
    return list(torch.stack(scenes).split(SCENES_AT_ONCE))


def scene(photograph: Any, random: Random) -> Tensor:
    """A square of a photograph with characters of several sizes and colours, as the detector reads it: B, G, R."""
    side = min(photograph.size)
    left, top = (random.randrange(extent - side + 1) for extent in photograph.size)
    image = photograph.resize((SIDE, SIDE), box=(left, top, left + side, top + side))
    draw, fonts = import_module("PIL.ImageDraw").Draw(image), import_module("PIL.ImageFont")
    for _ in range(CHARACTERS):
        size = random.randrange(SIDE // 12, SIDE // 5)
        place = random.randrange(SIDE - size), random.randrange(SIDE - size)
        colour = tuple(random.randrange(256) for _ in range(3))
        draw.text(place, random.choice(LETTERS), font=fonts.load_default(size), fill=colour)
    pixels = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8).reshape(SIDE, SIDE, 3)
    return pixels.flip(2).permute(2, 0, 1).float()
