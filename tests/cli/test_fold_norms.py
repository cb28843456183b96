"""Norms folded into their convolutions: what a network costs once it is deployed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

import sepcost
from sepcost.pytorch import build
from tests.commands import ROOT
from tests.commands import sepcost as command

RESNET = str(ROOT / "configs" / "resnet50.yaml")


def test_each_normed_channel_has_a_bias_instead_of_a_scale_and_a_shift() -> None:
    """A ResNet-50 without the scales of its norms: as many as there are channels of its convolutions."""
    plain, folded = (
        sepcost.compare(RESNET, []).standard.cost,
        sepcost.compare(RESNET, [], fold_norms=True).standard.cost,
    )
    channels = sum(node.layer.out_channels for node in sepcost.load(RESNET) if isinstance(node.layer, sepcost.Conv))
    assert channels == 26_560
    assert plain.params - folded.params == channels
    assert plain.macs == folded.macs


def test_torch_folds_to_the_same_params() -> None:
    conv, norm = nn.Conv2d(3, 8, 3, bias=False).eval(), nn.BatchNorm2d(8).eval()
    fused = fuse_conv_bn_eval(conv, norm)
    ours = sepcost.Conv((8, 8), 3, 8, 3, norm="folded")
    assert sum(each.numel() for each in fused.parameters()) == ours.cost.params
    assert sepcost.Conv((8, 8), 3, 8, 3, norm="folded", bias=True).cost.params == ours.cost.params


def test_in_a_model_only_the_last_part_has_the_folded_norm() -> None:
    """As if it had been replaced first, and folded then."""
    model = nn.Sequential(nn.Conv2d(4, 8, 3, bias=False), nn.BatchNorm2d(8))
    result = sepcost.compare(model, inputs=(4, 8, 8), fold_norms=True, verify=True)
    parts = [part.layer for part in result.layers[0].variants["separable"].parts]
    assert [part.cost.biases for part in parts] == [0, 8]
    assert result.verified is not None
    assert not result.verified.mismatches


def test_a_network_and_its_deployed_form_do_not_differ(tmp_path: Path) -> None:
    trained, deployed = tmp_path / "trained.yaml", tmp_path / "deployed.yaml"
    trained.write_text("[{name: a, H: 8, C: 3, K: 3, O: 8, norm: batch}]")
    deployed.write_text("[{name: a, H: 8, C: 3, K: 3, O: 8, norm: folded}]")
    assert command("diff", str(trained), str(deployed), "--exit-code").code == 1
    assert command("diff", str(trained), str(deployed), "--exit-code", "--fold-norms").code == 0


@pytest.mark.parametrize("arguments", [("-C", "3", "-K", "3", "-O", "3", "--fold-norms")])
def test_one_convolution_says_it_itself(arguments: tuple[str, ...]) -> None:
    run = command("compare", *arguments)
    assert (run.code, run.err) == (2, "sepcost: --fold-norms is for files and models: give --norm folded\n")


def test_what_was_counted_earlier_cannot_be_folded(tmp_path: Path) -> None:
    earlier = tmp_path / "costs.json"
    command("compare", RESNET, "--format", "json", "--output", str(earlier))
    run = command("compare", str(earlier), "--fold-norms")
    assert run.code == 2
    assert "was counted earlier: leave out --fold-norms" in run.err


def test_the_module_of_a_folded_norm_has_a_bias() -> None:
    assert torch.is_tensor(build(sepcost.Conv((8, 8), 3, 8, 3, norm="folded")).bias)


def test_a_baseline_without_folded_norms_is_another_way_of_counting(tmp_path: Path) -> None:
    """Fewer params because of the norms would hide that others grew."""
    net, baseline = tmp_path / "net.yaml", tmp_path / "costs.json"
    net.write_text("name: net\nlayers: [{name: a, H: 8, C: 3, K: 3, O: 8, norm: batch}]\n")
    command("check", str(net), "--update-baseline", str(baseline))
    run = command("check", str(net), "--baseline", str(baseline), "--fold-norms")
    assert run.code == 2
    assert "net was counted without --fold-norms there, but with it here" in run.out + run.err


def test_weights_cannot_be_shared_if_a_norm_is_folded_into_them(tmp_path: Path) -> None:
    net = tmp_path / "net.yaml"
    layers = "[{name: b, K: 3, O: 4, norm: batch}, {name: d, K: 3, O: 4, from: input, shared: b}]"
    net.write_text(f"input: {{C: 4, H: 8}}\nlayers: {layers}\n")
    run = command("compare", str(net), "--fold-norms")
    assert (run.code, run.out) == (2, "")
    assert "layers[1].shared: the weights of 'b' would have its norm in them: leave out --fold-norms" in run.err
