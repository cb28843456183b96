"""Small models that are hard to run: their right values are in the tests that name them."""

from __future__ import annotations

import warnings
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.ao import quantization as untyped
from torch.nn import functional

quantization: Any = untyped  # torch has no types for it


class ClassToken(nn.Module):
    """A view of a parameter goes into a submodule, as in CaiT, PiT and SAM."""

    def __init__(self) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.zeros(1, 1, 8))
        self.conv = nn.Conv2d(3, 8, 3)
        self.block = nn.Sequential(nn.Linear(8, 8))

    def forward(self, x: Tensor) -> Any:
        x = self.conv(x).flatten(2).transpose(1, 2)
        return x, self.block(self.token.expand(x.shape[0], -1, -1))


def mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(784, 100), nn.ReLU(), nn.Linear(100, 10))


class Recurrent(nn.Module):
    """Torch's meta device takes the LSTM apart into products, which are counted."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(16, 32, batch_first=True)

    def forward(self, x: Tensor) -> Any:
        return self.lstm(x)[0]


class ListOfImages(nn.Module):
    """Detection models take a list of images."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, bias=False)

    def forward(self, images: list[Tensor]) -> Any:
        return [self.conv(image[None]) for image in images]


class WithTimestep(nn.Module):
    """Diffusion models take a scalar for each sample."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 8, 3, padding=1)
        self.embed = nn.Linear(1, 8)

    def forward(self, x: Tensor, t: Tensor) -> Any:
        return self.conv(x) + self.embed(t[:, None].float())[:, :, None, None]


def small() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.BatchNorm2d(32), nn.ReLU(),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10),
    )  # fmt: skip


class Pairs(nn.Module):
    """Runs on an even batch only."""

    def __init__(self) -> None:
        super().__init__()
        self.net = small()

    def forward(self, x: Tensor) -> Any:
        if x.shape[0] % 2:
            raise ValueError("batch must be even")
        a, b = self.net(x).chunk(2)
        return a @ b.T


class DataDependent(nn.Module):
    """Runs its second convolution only where the first one's mean is positive."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv2d(3, 8, 3, padding=1)
        self.b = nn.Conv2d(8, 8, 3, padding=1)
        nn.init.ones_(self.a.weight)

    def forward(self, x: Tensor) -> Any:
        x = self.a(x)
        return self.b(x) if x.mean() > 0 else x


class WritesIntoItsInputs(nn.Module):
    """What it is given has one image less after each call."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)

    def forward(self, images: list[Tensor]) -> Any:
        return self.conv(images.pop().add_(1))


def traced() -> Any:
    net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())
    return torch.jit.trace(net, torch.zeros(1, 3, 32, 32))


class Bottleneck(nn.Module):
    """A shortcut that stays alive over three convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv2d(256, 64, 1, bias=False)
        self.b = nn.Conv2d(64, 64, 3, padding=1, bias=False)
        self.c = nn.Conv2d(64, 256, 1, bias=False)

    def forward(self, x: Tensor) -> Any:
        return x + self.c(self.b(self.a(x)))


class Skip(nn.Module):
    """A map that waits for a concatenation."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv2d(16, 16, 3, padding=1, bias=False)
        self.d = nn.Conv2d(16, 32, 3, 2, 1, bias=False)
        self.u = nn.ConvTranspose2d(32, 16, 2, 2, bias=False)
        self.c = nn.Conv2d(32, 16, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Any:
        a = self.a(x)
        return self.c(torch.cat([a, self.u(self.d(a))], 1))


class Attention(nn.Module):
    """Patches that attend to each other: two products of maps."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 64, 8, 8, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x).flatten(2).transpose(1, 2).reshape(x.shape[0], -1, 4, 16).transpose(1, 2)
        return functional.scaled_dot_product_attention(x, x, x)


def half() -> nn.Module:
    return small().half()


class ComplexConvs(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv2d(2, 8, 3, padding=1, dtype=torch.complex64)
        self.b = nn.Conv2d(8, 8, 3, padding=1, dtype=torch.complex64)

    def forward(self, x: Tensor) -> Any:
        return self.b(self.a(x))


class Transformed(nn.Module):
    """A convolution, and an operator that torch's counter counts as nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)

    def forward(self, x: Tensor) -> Any:
        return torch.fft.rfft2(self.conv(x)).real


def quantised() -> nn.Module:
    """A float stem, then a convolution and a linear layer in int8, whose packed weights are no parameters."""

    class Body(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem = nn.Conv2d(3, 3, 3, padding=1)
            self.quant = quantization.QuantStub()
            self.conv = nn.Conv2d(3, 8, 3)
            self.dequant = quantization.DeQuantStub()

        def forward(self, x: Tensor) -> Any:
            return self.dequant(self.conv(self.quant(self.stem(x))))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of its own module
        body = Body().eval()
        config = quantization.get_default_qconfig("fbgemm")
        body.conv.qconfig = body.quant.qconfig = config
        quantization.prepare(body, inplace=True)
        body(torch.zeros(1, 3, 16, 16))
        return cast(nn.Module, quantization.convert(body, inplace=True))


class Quantisable(nn.Module):
    """Layers that torch quantises: dilated, transposed, on positions; between them a sum and a concatenation."""

    def __init__(self) -> None:
        super().__init__()
        self.quant, self.dequant = quantization.QuantStub(), quantization.DeQuantStub()
        self.dilated = nn.Conv2d(4, 8, 3, padding=2, dilation=2, groups=2)
        self.add, self.join = nn.quantized.FloatFunctional(), nn.quantized.FloatFunctional()
        self.swish = nn.Hardswish()
        self.pool = nn.MaxPool2d(2)
        self.up = nn.ConvTranspose2d(16, 4, 3, stride=2, padding=1, output_padding=1)
        self.positions = nn.Linear(16, 5)

    def forward(self, x: Tensor) -> Any:
        y = self.dilated(self.quant(x))
        y = self.join.cat([self.swish(y), self.add.add_relu(y, y)], 1)
        return self.dequant(self.positions(self.up(self.pool(y))))


def quantised_wholly() -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        body = Quantisable().eval()
        body.qconfig = quantization.get_default_qconfig("qnnpack")
        body.up.qconfig = quantization.get_default_qconfig("qnnpack")
        quantization.prepare(body, inplace=True)
        body(torch.zeros(1, 4, 16, 16))
        return cast(nn.Module, quantization.convert(body, inplace=True))


def dynamic() -> nn.Module:
    """A linear layer that quantises its input as it runs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plain = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(4 * 36, 10))
        return cast(nn.Module, quantization.quantize_dynamic(plain, {nn.Linear}))


def one_output() -> nn.Module:
    """Replacing it would make it larger: 257 against 289 params."""
    return nn.Sequential(nn.Conv2d(16, 1, 4))
