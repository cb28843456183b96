"""Well-known networks, small enough to read, with the layer names that their published versions have.

What ``configs/`` has of them is traced from here (``tests/pytorch/test_shipped_configs.py``): torchvision itself is
no dependency of the tests.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn


class Bottleneck(nn.Module):
    """1×1, 3×3 and 1×1, around which the input goes; the 3×3 has the stride (v1.5, not the paper's v1)."""

    def __init__(self, in_channels: int, width: int, stride: int) -> None:
        super().__init__()
        out_channels = 4 * width
        self.conv1 = nn.Conv2d(in_channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, out_channels, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out_channels)
        self.relu = nn.ReLU()
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            shortcut = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm2d(out_channels))

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        summed: Tensor = self.relu(out + self.downsample(x))
        return summed


class ResNet50(nn.Module):
    """ResNet-50 v1.5 (He et al. 2015, arXiv:1512.03385, table 1), as torchvision builds it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = self._stage(64, 64, blocks=3, stride=1)
        self.layer2 = self._stage(256, 128, blocks=4, stride=2)
        self.layer3 = self._stage(512, 256, blocks=6, stride=2)
        self.layer4 = self._stage(1024, 512, blocks=3, stride=2)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(2048, 1000)

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        scores: Tensor = self.fc(self.avgpool(x).flatten(1))
        return scores

    @staticmethod
    def _stage(in_channels: int, width: int, *, blocks: int, stride: int) -> nn.Sequential:
        further = (Bottleneck(4 * width, width, 1) for _ in range(blocks - 1))
        return nn.Sequential(Bottleneck(in_channels, width, stride), *further)


def _normed(in_channels: int, out_channels: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    conv = nn.Conv2d(in_channels, out_channels, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(out_channels), nn.ReLU6())


class InvertedResidual(nn.Module):
    """Expansion, depthwise, linear projection (Sandler et al. 2018, arXiv:1801.04381, section 3.4)."""

    def __init__(self, in_channels: int, out_channels: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = in_channels * expansion
        self.is_residual = stride == 1 and in_channels == out_channels
        self.conv = nn.Sequential(
            *([_normed(in_channels, hidden, 1)] if expansion != 1 else []),
            _normed(hidden, hidden, 3, stride, groups=hidden),
            nn.Conv2d(hidden, out_channels, 1, bias=False),
            nn.BatchNorm2d(out_channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.conv(x)
        return x + out if self.is_residual else out


class MobileNetV2(nn.Module):
    """MobileNet v2 (arXiv:1801.04381, table 2), as torchvision builds it."""

    STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
    """Expansion, channels, blocks, and the stride of the first."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [_normed(3, 32, 3, stride=2)]
        channels = 32
        for expansion, out_channels, blocks, stride in self.STAGES:
            for block in range(blocks):
                layers.append(InvertedResidual(channels, out_channels, 1 if block else stride, expansion))
                channels = out_channels
        self.features = nn.Sequential(*layers, _normed(channels, 1280, 1))
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(1280, 1000))

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.classifier(self.features(x).mean((2, 3)))
        return scores


class UNet(nn.Module):
    """A U-Net (Ronneberger et al. 2015, arXiv:1505.04597) with padded convolutions, of 32 to 512 channels.

    With norms, and its layers' names, it is the one of mateuszbuda/brain-segmentation-pytorch; with a bias in their
    place it is the one that the authors of UNet++ compare with (``configs/unet.yaml``).
    """

    def __init__(self, in_channels: int = 3, *, norm: bool = True) -> None:
        super().__init__()
        self.norm = norm
        for level in range(1, 5):
            channels = 16 << level
            setattr(self, f"encoder{level}", self._block(f"enc{level}", in_channels, channels))
            in_channels = channels
        self.pool = nn.MaxPool2d(2)
        self.bottleneck = self._block("bottleneck", 256, 512)
        for level in range(4, 0, -1):
            channels = 16 << level
            setattr(self, f"upconv{level}", nn.ConvTranspose2d(2 * channels, channels, 2, stride=2))
            setattr(self, f"decoder{level}", self._block(f"dec{level}", 2 * channels, channels))
        self.conv = nn.Conv2d(32, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        encoded = []
        for level in range(1, 5):
            x = self.get_submodule(f"encoder{level}")(x)
            encoded.append(x)
            x = self.pool(x)
        x = self.bottleneck(x)
        for level in range(4, 0, -1):
            x = self.get_submodule(f"upconv{level}")(x)
            x = self.get_submodule(f"decoder{level}")(torch.cat((x, encoded[level - 1]), 1))
        mask: Tensor = self.conv(x).sigmoid()
        return mask

    def _block(self, name: str, in_channels: int, channels: int) -> nn.Sequential:
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        for number in (1, 2):
            layers[f"{name}conv{number}"] = nn.Conv2d(in_channels, channels, 3, padding=1, bias=not self.norm)
            if self.norm:
                layers[f"{name}norm{number}"] = nn.BatchNorm2d(channels)
            layers[f"{name}relu{number}"] = nn.ReLU()
            in_channels = channels
        return nn.Sequential(layers)


class _SqueezeExcite(nn.Module):
    """Squeeze-and-excite (Hu et al. 2017, arXiv:1709.01507): each channel times a factor of its own."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, squeezed, 1)
        self.fc2 = nn.Conv2d(squeezed, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        squeezed = nn.functional.silu(self.fc1(nn.functional.adaptive_avg_pool2d(x, 1)))
        scaled: Tensor = self.fc2(squeezed).sigmoid() * x
        return scaled


class _MBConv(nn.Module):
    """Expansion, depthwise, squeeze-and-excite, linear projection (arXiv:1905.11946, section 4)."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = in_channels * expansion
        self.is_residual = stride == 1 and in_channels == out_channels
        self.block = nn.Sequential(
            *([self._normed(in_channels, hidden, 1)] if expansion != 1 else []),
            self._normed(hidden, hidden, kernel, stride, groups=hidden),
            _SqueezeExcite(hidden, in_channels // 4),
            self._normed(hidden, out_channels, 1, is_linear=True),
        )

    @staticmethod
    def _normed(
        in_channels: int, out_channels: int, kernel: int, stride: int = 1, groups: int = 1, *, is_linear: bool = False
    ) -> nn.Sequential:
        conv = nn.Conv2d(in_channels, out_channels, kernel, stride, kernel // 2, groups=groups, bias=False)
        return nn.Sequential(conv, nn.BatchNorm2d(out_channels), *([] if is_linear else [nn.SiLU()]))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.block(x)
        return out + x if self.is_residual else out


class EfficientNetB0(nn.Module):
    """EfficientNet-B0 (Tan & Le 2019, arXiv:1905.11946, table 1), as torchvision builds it."""

    STAGES = (
        (1, 16, 3, 1, 1), (6, 24, 3, 2, 2), (6, 40, 5, 2, 2), (6, 80, 3, 2, 3), (6, 112, 5, 1, 3), (6, 192, 5, 2, 4),
        (6, 320, 3, 1, 1),
    )  # fmt: skip
    """Expansion, channels, kernel, the stride of the first, and blocks."""

    def __init__(self) -> None:
        super().__init__()
        stages: list[nn.Module] = [_MBConv._normed(3, 32, 3, 2)]
        channels = 32
        for expansion, out_channels, kernel, stride, blocks in self.STAGES:
            first = _MBConv(channels, out_channels, kernel, stride, expansion)
            more = (_MBConv(out_channels, out_channels, kernel, 1, expansion) for _ in range(blocks - 1))
            stages.append(nn.Sequential(first, *more))
            channels = out_channels
        self.features = nn.Sequential(*stages, _MBConv._normed(channels, 1280, 1))
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(1280, 1000))

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.classifier(nn.functional.adaptive_avg_pool2d(self.features(x), 1).flatten(1))
        return scores


class _ResBottleneck(nn.Module):
    """1×1, grouped 3×3 and 1×1 of the same width (arXiv:2003.13678, section 3.2, the X block)."""

    def __init__(self, in_channels: int, width: int, stride: int, group_width: int) -> None:
        super().__init__()
        self.proj: nn.Module = nn.Identity()
        if stride != 1 or in_channels != width:
            shortcut = nn.Conv2d(in_channels, width, 1, stride, bias=False)
            self.proj = nn.Sequential(shortcut, nn.BatchNorm2d(width))
        self.f = nn.Sequential(
            OrderedDict(
                a=_MBConv._normed(in_channels, width, 1),
                b=_MBConv._normed(width, width, 3, stride, groups=width // group_width),
                c=_MBConv._normed(width, width, 1, is_linear=True),
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        summed: Tensor = nn.functional.relu(self.proj(x) + self.f(x))
        return summed


class RegNetX400MF(nn.Module):
    """RegNetX-400MF (Radosavovic et al. 2020, arXiv:2003.13678, table 2), as torchvision builds it."""

    STAGES = ((32, 1), (64, 2), (160, 7), (400, 12))
    """Width and blocks."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = _MBConv._normed(3, 32, 3, 2)
        trunk = OrderedDict[str, nn.Module]()
        channels = 32
        for stage, (width, blocks) in enumerate(self.STAGES, start=1):
            made = OrderedDict[str, nn.Module]()
            for block in range(blocks):
                made[f"block{stage}-{block}"] = _ResBottleneck(channels, width, 1 if block else 2, 16)
                channels = width
            trunk[f"block{stage}"] = nn.Sequential(made)
        self.trunk_output = nn.Sequential(trunk)
        self.fc = nn.Linear(channels, 1000)

    def forward(self, x: Tensor) -> Tensor:
        x = self.trunk_output(self.stem(x))
        scores: Tensor = self.fc(nn.functional.adaptive_avg_pool2d(x, 1).flatten(1))
        return scores


class _ShuffleUnit(nn.Module):
    """Half of the channels pass by; with a stride, all of them on both sides (arXiv:1807.11164, figure 3 c and d)."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        half = out_channels // 2
        self.stride = stride
        self.branch1 = nn.Sequential()
        if stride != 1:
            depthwise = nn.Conv2d(in_channels, in_channels, 3, stride, 1, groups=in_channels, bias=False)
            self.branch1.extend([depthwise, nn.BatchNorm2d(in_channels), _normed(in_channels, half, 1)])
        self.branch2 = nn.Sequential(
            _normed(in_channels if stride != 1 else half, half, 1),
            nn.Conv2d(half, half, 3, stride, 1, groups=half, bias=False),
            nn.BatchNorm2d(half),
            _normed(half, half, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        left, right = (x, x) if self.stride != 1 else x.chunk(2, 1)
        return nn.functional.channel_shuffle(torch.cat((self.branch1(left), self.branch2(right)), 1), 2)


class ShuffleNetV2(nn.Module):
    """ShuffleNet v2 1× (Ma et al. 2018, arXiv:1807.11164, table 5)."""

    def __init__(self) -> None:
        super().__init__()
        stages: list[nn.Module] = [_normed(3, 24, 3, 2), nn.MaxPool2d(3, 2, 1)]
        channels = 24
        for out_channels, units in ((116, 4), (232, 8), (464, 4)):
            for unit in range(units):
                stages.append(_ShuffleUnit(channels, out_channels, 1 if unit else 2))
                channels = out_channels
        self.features = nn.Sequential(*stages, _normed(channels, 1024, 1))
        self.fc = nn.Linear(1024, 1000)

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.fc(self.features(x).mean((2, 3)))
        return scores


class SqueezedUNet(nn.Module):
    """A map that is scaled, interpolated, and put beside the input."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = _MBConv._normed(3, 16, 3, 2)
        self.se = _SqueezeExcite(16, 4)
        self.up = nn.Upsample(scale_factor=2, mode="bilinear")
        self.last = nn.Conv2d(19, 8, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.last(torch.cat([self.up(self.se(self.stem(x))), x], 1))
        return out


class CrossStage(nn.Module):
    """Half of the channels go through residual blocks; the whole is read beside what comes out of each."""

    def __init__(self) -> None:
        super().__init__()
        self.first = _MBConv._normed(3, 32, 3, 2)
        self.blocks = nn.ModuleList(_ResBottleneck(16, 16, 1, 8) for _ in range(2))
        self.last = nn.Conv2d(64, 8, 1)

    def forward(self, x: Tensor) -> Tensor:
        parts = list(self.first(x).chunk(2, 1))
        for block in self.blocks:
            parts.append(block(parts[-1]))
        out: Tensor = self.last(torch.cat(parts, 1))
        return out


class ShuffledByViews(nn.Module):
    """Half of the channels pass by a convolution; a shuffle by views, as torchvision writes it, mixes both halves."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 16, 3, padding=1)
        self.convs = nn.ModuleList(nn.Conv2d(8, 8, 3, padding=1) for _ in range(2))
        self.last = nn.Conv2d(16, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        for conv in self.convs:
            left, right = x.chunk(2, 1)
            mixed = torch.cat((left, conv(right)), 1)
            batch, channels, height, width = mixed.shape
            halves = mixed.view(batch, 2, channels // 2, height, width)
            x = halves.transpose(1, 2).contiguous().view(batch, channels, height, width)
        out: Tensor = self.last(x)
        return out
