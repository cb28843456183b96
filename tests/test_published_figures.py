"""Every figure that sepcost must reproduce, with its source, and by how much a printed one is rounded."""

from __future__ import annotations

import re
from math import floor

import pytest

from sepcost import Conv, Cost, compare, load
from tests.commands import ROOT, networks_in


def costs(name: str, **scaling: object) -> tuple[Cost, Cost]:
    """The standard and the replaced network's cost of a shipped config."""
    result = compare(load(ROOT / "configs" / f"{name}.yaml", **scaling))  # type: ignore[arg-type]
    (replaced,) = result.totals.values()
    return result.standard.cost, replaced.cost


def printed(count: int, unit: int, digits: int) -> float:
    """A count as a paper prints it: rounded half up to this many decimals of the unit."""
    shift: int = 10**digits
    return floor(count / unit * shift + 0.5) / shift


def without_norms(cost: Cost, channels: int) -> int:
    """Params less a scale and a shift for each normed channel."""
    return cost.params - 2 * channels


# The articles that this tool follows


def test_an_article_with_bias_and_no_padding() -> None:
    layer = compare(Conv((50, 50), 10, 32, 3, padding=0, bias=True)).layers[0]
    assert (layer.standard.params, layer.variants["separable"].cost.params) == (2_912, 452)
    assert layer.layer.output_shape == (32, 48, 48)
    assert layer.variants["separable"].parts[-1].layer.output_shape == (32, 48, 48)


def test_an_article_with_three_channels() -> None:
    layer = compare(Conv((50, 50), 3, 32, 3)).layers[0]
    assert (layer.standard.params, layer.variants["separable"].cost.params) == (864, 123)


def test_the_eight_fold_reduction_that_everybody_quotes() -> None:
    layer = compare(Conv((112, 112), 1, 64, 3)).layers[0]
    assert (layer.standard.params, layer.variants["separable"].cost.params) == (576, 73)
    assert f"{576 / 73:.2f}" == "7.89"


# MobileNet v1 (Howard et al. 2017, arXiv:1704.04861)


@pytest.mark.parametrize(
    ("alpha", "rho", "standard", "macs", "params"),
    [
        ("1", "1", (462_422_016, 2_359_296), 52_283_392, 266_752),
        ("0.75", "1", None, 29_578_752, 150_912),
        ("0.75", "0.714", None, 15_091_200, 150_912),
    ],
)
def test_table_3(alpha: str, rho: str, standard: tuple[int, int] | None, macs: int, params: int) -> None:
    """Printed: 462 M and 2.36 M; 52.3 M and 0.27 M; 29.6 M and 0.15 M; 15.1 M and 0.15 M."""
    from sepcost import Network, scale

    result = compare(scale(Network.of(Conv((14, 14), 512, 512, 3)), alpha=alpha, rho=rho))
    if standard:
        assert (result.standard.cost.macs, result.standard.cost.params) == standard
    separable = result.totals["separable"].cost
    assert (separable.macs, separable.params) == (macs, params)


def test_table_3_as_printed() -> None:
    assert printed(462_422_016, 10**6, 1) == 462.4
    assert printed(2_359_296, 10**6, 2) == 2.36
    assert (printed(52_283_392, 10**6, 1), printed(266_752, 10**6, 2)) == (52.3, 0.27)
    assert (printed(29_578_752, 10**6, 1), printed(150_912, 10**6, 2)) == (29.6, 0.15)
    assert printed(15_091_200, 10**6, 1) == 15.1


NORMED_STANDARD = 32 + 64 + 128 + 128 + 256 + 256 + 6 * 512 + 1024 + 1024
NORMED_DEPTHWISE = 32 + 64 + 128 + 128 + 256 + 256 + 6 * 512 + 1024


def test_table_4() -> None:
    """Printed: 4866 M and 29.3 M for full convolutions; 569 M and 4.2 M for MobileNet."""
    standard, separable = costs("mobilenet_v1")
    assert standard.macs == 4_867_293_184
    assert printed(standard.macs - 1_024_000, 10**6, 0) == 4866  # the printed MACs leave the classifier out
    assert printed(standard.params, 10**6, 1) == 29.3
    assert printed(without_norms(standard, NORMED_STANDARD), 10**6, 1) == 29.3
    assert (separable.macs, separable.params) == (568_740_352, 4_231_976)
    assert without_norms(separable, NORMED_STANDARD + NORMED_DEPTHWISE) == 4_210_088
    assert (printed(separable.macs, 10**6, 0), printed(separable.params, 10**6, 1)) == (569, 4.2)


def test_table_5() -> None:
    """Printed: 307 M and 2.9 M for the shallow MobileNet."""
    _, separable = costs("mobilenet_v1_shallow")
    assert (separable.macs, separable.params) == (307_323_392, 2_887_976)
    assert (printed(separable.macs, 10**6, 0), printed(separable.params, 10**6, 1)) == (307, 2.9)


@pytest.mark.parametrize(
    ("alpha", "macs", "params"),
    [("1", 569, 4.2), ("0.75", 325, 2.6), ("0.5", 149, 1.3), ("0.25", 41, 0.5)],
)
def test_table_6(alpha: str, macs: int, params: float) -> None:
    _, separable = costs("mobilenet_v1", alpha=alpha)
    assert printed(separable.macs, 10**6, 0) == macs
    assert printed(separable.params, 10**6, 1) == params


@pytest.mark.parametrize(("resolution", "macs"), [(224, 569), (192, 418), (128, 186)])
def test_table_7(resolution: int, macs: int) -> None:
    _, separable = costs("mobilenet_v1", resolution=resolution)
    assert printed(separable.macs, 10**6, 0) == macs
    assert separable.params == 4_231_976


def test_table_7_cuts_off_what_it_rounds_elsewhere() -> None:
    """Printed: 290 M for 160×160. It is 290.675 M, which rounds to 291 M."""
    _, separable = costs("mobilenet_v1", resolution=160)
    assert separable.macs == 290_675_200
    assert separable.macs // 10**6 == 290


# Other networks


def test_vgg16() -> None:
    """138,357,544 params: torchvision, vgg16's num_params; 15.47 G: its GFLOPS column, which counts MACs."""
    standard, _ = costs("vgg16")
    assert (standard.macs, standard.params) == (15_470_264_320, 138_357_544)


def test_resnet50() -> None:
    """25,557,032 params: torchvision, resnet50's num_params; 4.09 G: its GFLOPS column, which counts MACs."""
    standard, _ = costs("resnet50")
    assert (standard.macs, standard.params) == (4_089_184_256, 25_557_032)
    assert printed(standard.macs, 10**9, 2) == 4.09


def test_mobilenet_v2() -> None:
    """3,504,872 params: torchvision, mobilenet_v2's num_params; 0.30 G: its GFLOPS column.

    The paper (arXiv:1801.04381, table 4) prints 300M multiply-adds and 3.4M params.
    """
    standard, _ = costs("mobilenet_v2")
    assert (standard.macs, standard.params) == (300_774_272, 3_504_872)
    assert printed(standard.macs, 10**9, 2) == 0.30
    assert printed(standard.macs - 1_280_000, 10**6, 0) == 299  # without the classifier


def test_efficientnet_b0() -> None:
    """5,288,548 params: torchvision, efficientnet_b0's num_params; 0.386 G: its _ops.

    The paper (arXiv:1905.11946, table 2) prints 5.3M params and 0.39B FLOPs.
    """
    standard, _ = costs("efficientnet_b0")
    assert (standard.macs, standard.params) == (385_814_752, 5_288_548)
    assert printed(standard.macs, 10**9, 3) == 0.386


def test_regnet_x_400mf() -> None:
    """5,495,976 params: torchvision, regnet_x_400mf's num_params; 0.414 G: its _ops."""
    standard, _ = costs("regnet_x_400mf")
    assert (standard.macs, standard.params) == (413_812_608, 5_495_976)
    assert printed(standard.macs, 10**9, 3) == 0.414


def test_shufflenet_v2() -> None:
    """2,278,604 params: torchvision, shufflenet_v2_x1_0's num_params; 0.145 G: its _ops.

    The paper (arXiv:1807.11164, table 8) prints 146M FLOPs.
    """
    standard, _ = costs("shufflenet_v2")
    assert (standard.macs, standard.params) == (144_907_992, 2_278_604)
    assert printed(standard.macs, 10**9, 3) == 0.145


def test_alexnet() -> None:
    """61,100,840 params: torchvision, alexnet's num_params; 0.714 G: its _ops."""
    standard, _ = costs("alexnet")
    assert (standard.macs, standard.params) == (714_188_480, 61_100_840)
    assert printed(standard.macs, 10**9, 3) == 0.714


def test_lenet5() -> None:
    """By hand: what each layer of the paper's figure 2 has where its second convolution reads all six maps."""
    standard, _ = costs("lenet5")
    assert standard.params == 156 + 2_416 + 48_120 + 10_164 + 850 == 61_706


def test_xception() -> None:
    """22,855,952 trainable params: osmr/imgclsmob, pytorch/pytorchcv/models/xception.py."""
    _, separable = costs("xception")
    assert separable.params == 22_855_952
    assert separable.macs == 8_357_403_496
    # Keras' documentation prints 22,910,480: running means and variances (54,528) are not learnable
    assert separable.params + 54_528 == 22_910_480


def test_m5_one_dimension() -> None:
    """26915 params: printed by PyTorch's tutorial "Speech Command Classification with torchaudio"."""
    standard, _ = costs("m5")
    assert standard.params == 26_915
    assert standard.macs == 1_269_760 + 374_784 + 172_032 + 61_440 + 2_240


def test_c3d_three_dimensions() -> None:
    """78409573 params, 38.5G FLOPs: open-mmlab/mmaction2, configs/recognition/c3d/metafile.yml."""
    standard, _ = costs("c3d")
    assert standard.params == 78_409_573
    assert printed(standard.macs, 10**9, 1) == 38.5
    # Its newer metafile has 38615475200: mmcv's counter adds conv biases, ReLUs and what pools read
    conv_outputs, pool_inputs = 23_382_016, 21_324_800
    assert standard.macs + 2 * conv_outputs + 2 * 4096 + pool_inputs == 38_615_475_200


def test_unet_with_concatenation() -> None:
    """Total params: 7,759,521: MrGiovanni/UNetPlusPlus, keras/helper_functions.py."""
    standard, _ = costs("unet")
    assert standard.params == 7_759_521


def test_unet_with_norms() -> None:
    """The layers of mateuszbuda/brain-segmentation-pytorch, unet.py: those above, with other inputs and norms."""
    standard, _ = costs("unet_torch")
    input_weights = 2 * 9 * 32  # three channels come in, not one
    normed_channels = 4 * (32 + 64 + 128 + 256) + 2 * 512  # a scale and a shift, where above there is a bias
    assert standard.params == 7_759_521 + input_weights + normed_channels == 7_763_041


def test_the_readme_lists_every_shipped_config_and_its_figures() -> None:
    rows = re.findall(r"^\| (`.*`) \| (.*) \|$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    listed = {name: text for names, text in rows for name in re.findall(r"`(\w+)`", names)}
    assert listed.keys() >= {file.stem for file in (ROOT / "configs").glob("*.yaml")}
    for name in ("alexnet", "efficientnet_b0", "lenet5", "regnet_x_400mf", "shufflenet_v2"):
        standard, _ = costs(name)
        assert f"{standard.params:,} params" in listed[name]
        assert all(float(macs) == printed(standard.macs, 10**9, 3) for macs in re.findall(r"([\d.]+) G", listed[name]))


def test_every_shipped_config_loads_and_names_the_schema() -> None:
    files = sorted((ROOT / "configs").glob("*.yaml"))
    assert files
    for file in files:
        assert networks_in(file)
        assert file.read_text().startswith("# yaml-language-server: $schema=../docs/config.schema.json\n")
