"""Models that torch's two exporters write: the counts of the models, at their own and at other sizes."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from warnings import catch_warnings, simplefilter

import onnx
import pytest
import torch
from torch import nn
from torch.export import Dim

import sepcost
from sepcost.layers import Conv, Linear
from tests.pytorch.models import ResNet50
from tests.sources.programs import MODELS, Exported, totals, traced, traffic_and_peak

EXPORTERS = ["script", pytest.param("dynamo", marks=pytest.mark.slow)]
"""The older one takes a moment, the newer one seconds."""


def exported(path: Path, model: nn.Module, inputs: tuple[Any, ...], *, dynamo: bool, **options: Any) -> Path:
    """The file that an exporter writes; what it says is not for us."""
    logging.disable(logging.CRITICAL)
    if dynamo:
        options |= {"external_data": False, "verbose": False}
    try:
        with catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            simplefilter("ignore")
            torch.onnx.export(model.eval(), inputs, path, dynamo=dynamo, input_names=["x"], **options)
    finally:
        logging.disable(logging.NOTSET)
    return path


def open_sizes(each: Exported, *, dynamo: bool) -> dict[str, Any]:
    if not dynamo:
        return {"dynamic_axes": {"x": each.axes}}
    sizes = {axis: Dim(name, min=1, max=512) if name == "batch" else Dim.AUTO for axis, name in each.axes.items()}
    return {"dynamic_shapes": [sizes]}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Each model as each exporter writes it with open sizes, once."""
    folder, made = tmp_path_factory.mktemp("onnx"), dict[str, Path]()

    def file(name: str, exporter: str) -> Path:
        key, each, dynamo = f"{name}_{exporter}", MODELS[name], exporter == "dynamo"
        if key not in made:
            sizes = open_sizes(each, dynamo=dynamo)
            made[key] = exported(folder / f"{key}.onnx", each.model(), each.inputs(), dynamo=dynamo, **sizes)
        return made[key]

    return file


@pytest.mark.parametrize("exporter", EXPORTERS)
@pytest.mark.parametrize("name", MODELS)
def test_macs_are_those_of_the_model_at_any_size(name: str, exporter: str, files: Callable[..., Path]) -> None:
    each, file = MODELS[name], files(name, exporter)
    for shape in (each.shape, *each.sizes):
        network, model = sepcost.load(file, inputs=f"x={'x'.join(map(str, shape))}"), traced(each, shape)
        assert totals(network)[0] == totals(model)[0]
        assert not network.uncounted
        if name != "recurrent":  # a traced one runs step by step
            assert traffic_and_peak(network)[0] == traffic_and_peak(model)[0]


@pytest.mark.parametrize("exporter", EXPORTERS)
@pytest.mark.parametrize("name", MODELS)
def test_params_are_the_files_own(name: str, exporter: str, files: Callable[..., Path]) -> None:
    graph = onnx.load(files(name, exporter)).graph
    scales = {read for node in graph.node if node.op_type == "Resize" for read in node.input[1:]}
    stored = [each for each in graph.initializer if each.data_type == 1 and each.name not in scales]
    numbers = {each.name: torch.Size(each.dims).numel() for each in stored}
    params = {each: many for each, many in numbers.items() if many > 1 or each.endswith("bias")}
    network = sepcost.load(files(name, exporter), inputs=f"x={'x'.join(map(str, MODELS[name].shape))}")
    assert totals(network)[1] == sum(params.values())


@pytest.mark.parametrize("exporter", EXPORTERS)
@pytest.mark.parametrize("name", ["unet", "residual"])
def test_layers_are_called_as_in_the_model(name: str, exporter: str, files: Callable[..., Path]) -> None:
    each = MODELS[name]
    network = sepcost.load(files(name, exporter), inputs=f"x={'x'.join(map(str, each.shape))}")
    kinds = (Conv, Linear)
    ours = [node.name for node in network if isinstance(node.layer, kinds)]
    assert ours == [node.name for node in traced(each, each.shape) if isinstance(node.layer, kinds)]


def test_resnet_50(tmp_path: Path) -> None:
    model = ResNet50()
    network = sepcost.load(exported(tmp_path / "net.onnx", model, (torch.zeros(1, 3, 224, 224),), dynamo=False))
    stored = 25_557_032 - 49_088  # a norm's two numbers a channel are one bias, and equal zeros are stored once
    assert totals(network) == (4_089_184_256, stored)
