"""How layers reach each other, how they scale, and how much of their maps is alive at once."""

from __future__ import annotations

from fractions import Fraction
from math import prod
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sepcost import ConfigError, Network, NetworkError, SepcostError, compare, load, scale
from sepcost.count.figure import cost_figures
from sepcost.count.total import Total
from sepcost.layers import Flatten
from sepcost.network.scaling import scaled_channels
from sepcost.sources.yaml.configs import Loaded, read_networks


def network(text: str) -> Network:
    (loaded,) = read_networks([text.encode()], "net.yaml")
    if isinstance(loaded, ConfigError):
        raise loaded
    assert isinstance(loaded, Loaded)
    return loaded.network


def shapes(net: Network) -> dict[str, tuple[int, ...]]:
    return {node.name: node.layer.output_shape for node in net}


RESIDUAL = """
input: {C: 3, H: 16}
layers:
  - {name: a, K: 3, O: 8}
  - {name: b, K: 3, O: 8, add: a}
  - {name: c, K: 3, O: 4, stride: 2}
  - {name: d, from: [a, b], K: 1, O: 5}
  - {name: e, from: input, K: 3, O: 2}
"""


def test_layers_chain_unless_they_say_otherwise() -> None:
    net = network(RESIDUAL)
    assert shapes(net) == {"a": (8, 16, 16), "b": (8, 16, 16), "c": (4, 8, 8), "d": (5, 16, 16), "e": (2, 16, 16)}
    assert [node.layer.input_shape[0] for node in net] == [3, 8, 8, 16, 3]


def test_repeat_makes_numbered_layers_and_the_name_is_the_last() -> None:
    net = network(
        """
        input: {C: 3, H: 16}
        layers:
          - {name: block, K: 3, O: 8, stride: 2, repeat: 3}
          - {K: 3, O: 4, from: block}
          - {K: 3, O: 4, from: block.1}
        """
    )
    assert shapes(net) == {
        "block.1": (8, 8, 8),
        "block.2": (8, 4, 4),
        "block.3": (8, 2, 2),
        "conv2": (4, 2, 2),
        "conv3": (4, 8, 8),
    }


def test_a_layer_with_a_map_of_its_own_reads_nothing_else() -> None:
    net = network("layers: [{C: 3, H: 8, K: 3, O: 4}, {C: 2, H: 5, W: 6, K: 3, O: 1}, {K: 1, O: 7}]")
    assert [node.sources for node in net] == [(), (), (1,)]
    assert shapes(net)["conv3"] == (7, 5, 6)


def test_a_default_name_never_collides() -> None:
    net = network("input: {C: 3, H: 8}\nlayers: [{K: 1, O: 1}, {name: conv1, K: 1, O: 1}]")
    assert [node.name for node in net] == ["conv1_", "conv1"]


def test_defaults_hold_for_convolutions_and_the_bias_for_linear_layers() -> None:
    net = network(
        """
        input: {C: 3, H: 8}
        defaults: {K: 3, bias: true, norm: batch, padding: 1}
        layers: [{O: 4}, {O: 4, bias: false}, {type: pool, K: 2}, {type: flatten}, {type: linear, O: 5}]
        """
    )
    assert [node.layer.cost.params for node in net] == [108 + 4 + 8, 144 + 8, 0, 0, 4 * 16 * 5 + 5]
    assert shapes(net)["pool3"] == (4, 4, 4)


def test_alpha_scales_channels_but_not_the_input_nor_the_last_output() -> None:
    net = scale(network("input: {C: 3, H: 8}\nlayers: [{K: 3, O: 10}, {K: 3, O: 7}, {K: 3, O: 5}]"), alpha="0.5")
    assert [(node.layer.input_shape[0], node.layer.output_shape[0]) for node in net] == [(3, 5), (5, 3), (3, 5)]


def test_alpha_scales_everything_in_a_plain_list() -> None:
    net = scale(network("- {C: 10, H: 8, K: 3, O: 20}\n- {C: 5, H: 8, K: 3, O: 7}"), alpha="0.5", rho="0.5")
    assert [(node.layer.input_shape, node.layer.output_shape) for node in net] == [
        ((5, 4, 4), (10, 4, 4)),
        ((2, 4, 4), (3, 4, 4)),
    ]


def test_depthwise_groups_follow_alpha() -> None:
    net = scale(
        network("input: {C: 3, H: 8}\nlayers: [{K: 1, O: 9}, {K: 3, O: 18, groups: 9}, {K: 1, O: 4}]"), alpha=0.5
    )
    depthwise = net.nodes[1].layer
    assert depthwise.cost.params == 8 * 9  # floor(4.5) = 4 channels, 2 kernels of 9 weights each


def test_groups_that_do_not_divide_any_more_are_refused() -> None:
    net = network("input: {C: 3, H: 8}\nlayers: [{K: 1, O: 12}, {K: 3, O: 12, groups: 4}, {K: 1, O: 4}]")
    with pytest.raises(NetworkError, match=r"conv2: groups: must divide in_channels, got 4 groups of 6 channels"):
        scale(net, alpha="0.5")


def test_alpha_is_an_exact_decimal() -> None:
    assert scaled_channels(100, Fraction("0.29")) == 29  # 0.29 * 100 is 28.999… as floats
    net = Network.of(load("configs/vgg16.yaml").nodes[4].layer)
    assert scale(net, alpha=0.29).nodes[0].layer.output_shape[0] == 37


@pytest.mark.parametrize(
    ("alpha", "expected"),
    [
        # tensorflow/models, research/slim/nets/mobilenet: widths of MobileNet v2 (32 16 24 32 64 96 160 320)
        ("0.35", [16, 8, 8, 16, 24, 32, 56, 112]),
        ("0.75", [24, 16, 24, 24, 48, 72, 120, 240]),
        ("1.4", [48, 24, 32, 48, 88, 136, 224, 448]),
    ],
)
def test_round_to_rounds_as_mobilenet_v2_does(alpha: str, expected: list[int]) -> None:
    widths = [32, 16, 24, 32, 64, 96, 160, 320]
    assert [scaled_channels(width, Fraction(alpha), round_to=8) for width in widths] == expected


def test_resolution_is_the_inputs_size() -> None:
    net = load("configs/mobilenet_v1.yaml", resolution=160)
    assert net.input_shape == (3, 160, 160)
    assert net == load("configs/mobilenet_v1.yaml", resolution=(160, 160))
    with pytest.raises(SepcostError, match="resolution: the layers have inputs of their own"):
        scale(network("- {C: 1, H: 8, K: 3, O: 2}\n- {C: 1, H: 8, K: 3, O: 2}"), resolution=4)
    with pytest.raises(SepcostError, match="rho and resolution say the same thing"):
        load("configs/mobilenet_v1.yaml", resolution=160, rho="0.5")


@pytest.mark.parametrize("factor", ["nan", "inf", "-1", "0", "1e3", "x", "", "2000", " 1", "１"])
def test_multipliers_that_make_no_sense(factor: str) -> None:
    with pytest.raises(SepcostError, match="alpha: must be"):
        load("configs/mobilenet_v1.yaml", alpha=factor)


def peak_of(total: Total) -> int | None:
    return None if total.peak is None else total.peak.total


def peak_by_hand(net: Network, parts: list[list[object]]) -> int:
    """An independent count: walks the steps and asks of each map whether a layer still reads it, or none ever does."""
    steps: list[tuple[set[object], object, int]] = []
    sizes: dict[object, int] = {"input": prod(net.input_shape or ())}
    stands_for: dict[int, set[object]] = {-1: {"input"}}
    for number, node in enumerate(net.nodes):
        reads = set().union(*(stands_for[source] for source in node.sources))
        if isinstance(node.layer, Flatten):
            stands_for[number] = reads
            continue
        layers = parts[number]
        for position, layer in enumerate(layers):
            last = position == len(layers) - 1
            writes: object = number if last else (number, position)
            sizes[writes] = prod(layer.output_shape)  # type: ignore[attr-defined]
            more = set().union(*(stands_for[other] for other in node.add)) if last else set()
            steps.append((reads | more, writes, number))
            reads = {writes}
        stands_for[number] = {number}
    peak = 0
    for now, (reads, writes, _) in enumerate(steps):
        written_before = {"input"} | {step[1] for step in steps[:now]}
        outputs = {step[1] for step in steps} - set().union(*(step[0] for step in steps))
        needed = {map_ for map_ in written_before if map_ in outputs or any(map_ in step[0] for step in steps[now:])}
        peak = max(peak, sum(sizes[map_] for map_ in needed | reads | {writes}))
    return peak


@st.composite
def graphs(draw: st.DrawFn) -> str:
    lines = ["input: {C: 2, H: 8}", "layers:"]
    for number in range(draw(st.integers(1, 8))):
        earlier = ["input", *(f"n{other}" for other in range(number))]
        keys = [f"name: n{number}", "K: 3", "O: 4"]
        if draw(st.booleans()):
            keys.append(
                f"from: [{', '.join(draw(st.lists(st.sampled_from(earlier), min_size=1, max_size=3, unique=True)))}]"
            )
        if number and draw(st.booleans()):
            keys.append(f"add: n{draw(st.integers(0, number - 1))}")
        lines.append(f"  - {{{', '.join(keys)}}}")
    return "\n".join(lines)


@given(graphs())
def test_peak_is_what_a_walk_over_the_steps_finds(text: str) -> None:
    net = network(text)
    result = compare(net)
    assert peak_of(result.standard) == peak_by_hand(net, [[node.layer] for node in net])
    parts: list[list[object]] = [[part for _, part in layer.runs_as("separable")] for layer in result.layers]
    assert peak_of(result.totals["separable"]) == peak_by_hand(net, parts)


def test_peak_of_a_chain_and_of_a_skip() -> None:
    chain = network(
        "input: {C: 1, H: 4}\nlayers: [{name: a, K: 3, O: 10}, {name: b, K: 3, O: 2}, {name: c, K: 3, O: 1}]"
    )
    assert peak_of(compare(chain).standard) == 16 * (10 + 2)
    skip = network(
        "input: {C: 1, H: 4}\nlayers: [{name: a, K: 3, O: 10}, {name: b, K: 3, O: 2}, {name: c, K: 3, O: 7},"
        " {name: d, from: [c, a], K: 1, O: 1}]"
    )
    assert peak_of(compare(skip).standard) == 16 * (10 + 2 + 7)


def test_a_result_shows_itself(tmp_path: Path) -> None:
    result = compare(load("configs/mobilenet_v1.yaml"))
    assert "568,740,352" in str(result)
    assert repr(result) == str(result)
    html = result._repr_html_()
    assert html.count("<table>") == 2
    assert "568,740,352" in html
    hostile = tmp_path / "x.yaml"
    hostile.write_text("name: '<script>alert(1)</script>'\ninput: {C: 1, H: 4}\nlayers: [{K: 3, O: 10}]")
    assert "<script>" not in compare(load(hostile))._repr_html_()


def test_a_channel_is_left_however_small_alpha_is() -> None:
    assert scaled_channels(3, Fraction("0.1")) == 1
    net = scale(network("input: {C: 3, H: 8}\nlayers: [{K: 3, O: 3}, {K: 3, O: 5}]"), alpha="0.1", rho="0.01")
    assert shapes(net) == {"conv1": (1, 1, 1), "conv2": (5, 1, 1)}


def test_scaling_twice_remembers_both() -> None:
    net = scale(scale(network("- {C: 16, H: 8, K: 3, O: 16}"), alpha="0.5", rho="0.5"), alpha="0.5")
    assert (net.alpha, net.rho) == (Fraction(1, 4), Fraction(1, 2))
    assert net.nodes[0].layer.input_shape == (4, 4, 4)


def test_the_first_input_stays_when_the_layer_itself_says_it() -> None:
    net = scale(network("layers: [{C: 3, H: 8, K: 3, O: 10}, {K: 3, O: 5}]"), alpha="0.5")
    assert net.nodes[0].layer.input_shape == (3, 8, 8)


def test_flatten_is_a_view() -> None:
    net = network("input: {C: 1, H: 4}\nlayers: [{K: 3, O: 10}, {type: flatten}, {type: linear, O: 7}]")
    assert peak_of(compare(net).standard) == 160 + 16
    alone = network("input: {C: 9, H: 4}\nlayers: [{type: flatten}, {type: linear, O: 1}]")
    assert peak_of(compare(alone).standard) == 9 * 16 + 1


def test_figures_for_a_batch() -> None:
    one, eight = (compare(load("configs/m5.yaml"), batch=batch) for batch in (1, 8))
    assert eight.standard.peak_bytes(eight.convention) == 8 * (one.standard.peak_bytes(one.convention) or 0)
    cost = eight.standard.cost
    assert cost_figures(cost, eight.convention)["macs_per_byte"] == 8 * cost.macs / cost.traffic_bytes(eight.convention)
    assert cost.activation_bytes(eight.convention) == 8 * cost.activation_bytes(one.convention)


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        ("{K: 3, O: 8, groups: 4}", "already depthwise"),
        ("{K: 3, O: 8, groups: 2}", "grouped"),
        ("{K: 1, O: 8}", "1×1"),
        ("{K: 3, O: 8, keep: true}", "marked keep"),
        ("{type: pool, K: 2}", "no convolution"),
        ("{type: flatten}", "no convolution"),
        ("{K: 3, O: 8}", None),
    ],
)
def test_what_is_kept_and_why(layer: str, reason: str | None) -> None:
    result = compare(network(f"input: {{C: 4, H: 8}}\nlayers: [{layer}]"), "separable")
    assert result.layers[0].kept == reason
    assert (result.layers[0].variants["separable"].cost == result.layers[0].standard) == (reason is not None)


def test_a_layer_that_is_not_read_is_named() -> None:
    text = str(
        compare(network("input: {C: 4, H: 8}\nlayers: [{name: a, K: 3, O: 8}, {name: b, K: 3, O: 8, from: input}]"))
    )
    assert "No layer reads a: outputs, or forgotten?" in text
    assert "No layer reads" not in str(compare(load("configs/unet.yaml")))


def test_a_result_knows_its_reduction_and_its_json() -> None:
    result = compare("configs/mobilenet_v1.yaml")
    assert result.reduction("separable") == 4_867_293_184 / 568_740_352
    assert result.reduction("separable", "params") == 29_294_088 / 4_231_976
    assert '"macs":568740352' in result.to_json()
    assert repr(result.network) == "<Network 'MobileNet v1': 16 layers>"


def test_round_to_is_for_outputs() -> None:
    net = scale(network("- {C: 3, H: 8, K: 3, O: 12, round_to: 8}"), alpha="0.5")
    assert net.nodes[0].layer.cost.params == 1 * 9 * 8
