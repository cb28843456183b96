"""The options of the command line, as types that Typer reads: each is parsed by sepcost's own strict rules."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from sepcost.blocks.replacements import ReplaceIf
from sepcost.errors import SepcostError
from sepcost.formats.format import ResultName
from sepcost.formats.registry import USUAL, AskedFormat, format_names, writing
from sepcost.layers.conv import Norm
from sepcost.layers.cost import BITS
from sepcost.sheets.view import Rows
from sepcost.text.model_text import Device

ONE = "One convolution (3,5,7 or 16:512:16 or 8:512:*2 gives every combination)"
COUNTING = "What is counted"
OUTPUT = "Output"
SHOWN = "What is shown"
MODEL = "Models"

OF_FIGURES = ("comparisons", "difference")
"""Results whose formats have options: numbers are shown in tables."""


def option(panel: str, usage: str, text: str) -> Any:
    """An option as the help shows it: under which heading, by its flags and what follows them, and what it does."""
    flags = [each for each in usage.split() if each.startswith("-")]
    metavar = next((each for each in usage.split() if each not in flags), None)
    return typer.Option(*flags, help=text, metavar=metavar, rich_help_panel=panel)


Sources = Annotated[
    list[str] | None,
    typer.Argument(
        help="YAML files, folders, shipped networks (mobilenet_v1), - for standard input, JSON of compare from "
        "earlier, or models: pkg.nets:UNet, net.py:build (runs their code).",
        metavar="[SOURCE]...",
    ),
]

Height = Annotated[str | None, option(ONE, "-H --height N", "Height of the input map.")]
Width = Annotated[str | None, option(ONE, "-W --width N", "Width of the input map; H unless given.")]
InChannels = Annotated[str | None, option(ONE, "-C --in-channels N", "Input channels.")]
KernelSize = Annotated[str | None, option(ONE, "-K --kernel-size SIZE", "Kernel size: 3, or 3x5.")]
OutChannels = Annotated[
    str | None, option(ONE, "-O --out-channels N", "Output channels; C for as many as there are inputs.")
]
Size = Annotated[str | None, option(ONE, "--size SIZE", "Input map of any rank: 16000, 112x112, 16x112x112.")]
Stride = Annotated[str | None, option(ONE, "--stride SIZE", "1 unless given.")]
Padding = Annotated[str | None, option(ONE, "--padding same|SIZE", "same (unless given), or what both sides get.")]
OutputPadding = Annotated[str | None, option(ONE, "--output-padding SIZE", "For a transposed convolution.")]
Dilation = Annotated[str | None, option(ONE, "--dilation SIZE", "1 unless given.")]
Groups = Annotated[str | None, option(ONE, "--groups N", "1 unless given; C: depthwise.")]
Bias = Annotated[bool | None, option(ONE, "--bias/--no-bias", "No bias unless given.")]
NormBehind = Annotated[Norm | None, option(ONE, "--norm", "A batch norm after it; none unless given.")]
Transposed = Annotated[bool | None, option(ONE, "--transposed", "A transposed convolution.")]

Replacements = Annotated[
    list[str] | None,
    option(
        COUNTING,
        "-r --replacement NAME[:option=value,…]",
        "What replaces it: separable unless given, or none; see sepcost replacements.",
    ),
]
PlanFile = Annotated[
    str | None,
    option(COUNTING, "--plan FILE", "Which layer is replaced by what: YAML, as compare --save-plan writes it."),
]
FoldNorms = Annotated[bool, option(COUNTING, "--fold-norms", "Norms as parts of their convolutions, as at inference.")]
WhenReplaced = Annotated[
    ReplaceIf,
    option(COUNTING, "--replace-if", "Which layers: all, or those that get fewer MACs, or (with --target) less time."),
]
Target = Annotated[
    str | None,
    option(
        COUNTING,
        "--target NAME|FILE",
        "Also predict times: local, as sepcost target learn names it, example-cpu, or a profile.json.",
    ),
]
Alpha = Annotated[str, option(COUNTING, "--alpha FACTOR", "Width multiplier, on channels; or several.")]
Rho = Annotated[str, option(COUNTING, "--rho FACTOR", "Resolution multiplier, on maps; or several.")]
Resolution = Annotated[str | None, option(COUNTING, "--resolution SIZE,…", "The network's input, in pixels.")]
OneAlpha = Annotated[str, option(COUNTING, "--alpha FACTOR", "Width multiplier, on channels.")]
OneRho = Annotated[str, option(COUNTING, "--rho FACTOR", "Resolution multiplier, on maps.")]
OneResolution = Annotated[str | None, option(COUNTING, "--resolution SIZE", "The network's input, in pixels.")]
Batch = Annotated[str, option(COUNTING, "--batch N", "Samples that memory is counted for.")]
StoredAs = Annotated[
    str | None,
    option(
        COUNTING,
        "--dtype DTYPE|weights=…,…",
        f"What memory is counted in: a model's own, else float32, unless given. There are {', '.join(BITS)}, also "
        "for each of weights, activations and biases.",
    ),
]
FlopsPerMac = Annotated[str, option(COUNTING, "--flops-per-mac 1|2", "1 as in the MobileNet paper, 2 as in PyTorch.")]

Inputs = Annotated[
    list[str] | None,
    option(
        MODEL,
        "--input [NAME=]SHAPE[:dtype]|FILE.py:FUNCTION",
        "One sample of a model's input, without the batch, of zeros: 3x224x224, tokens=77:int64, t=scalar; "
        "of a file, also with the batch; or a function that returns all inputs: file.py:function (runs it).",
    ),
]
Dims = Annotated[list[str] | None, option(MODEL, "--dim SYMBOL=SIZE", "The size of a symbol in a file: width=320.")]
Values = Annotated[
    list[str] | None,
    option(MODEL, "--value NAME=NUMBER", "The value of a scalar input of a file, which chooses what runs: sr=16000."),
]
GraphLimit = Annotated[
    str | None,
    option(
        MODEL, "--graph-limit BYTES", "The largest graph of a file that is read, its weights apart (8MiB unless given)."
    ),
]
RunOn = Annotated[Device, option(MODEL, "--device", "cpu for a model that reads values; meta takes no memory.")]
RunModels = Annotated[bool, option(MODEL, "--run-models", "Run the models that configs name, too.")]
Include = Annotated[
    list[str] | None, option(COUNTING, "--include GLOB", "Replace only layers with such a name: 'layer*'.")
]
Exclude = Annotated[list[str] | None, option(COUNTING, "--exclude GLOB", "Replace no layer with such a name.")]
Verify = Annotated[bool, option(COUNTING, "--verify", "Let torch count again: exit with 1 if it differs.")]

RowsShown = Annotated[
    Rows | None,
    option(SHOWN, "--rows ROWS", "One for each layer; or totals, as in a sweep; or subtotals: blocks, types."),
]
Columns = Annotated[str | None, option(SHOWN, "--columns NAME,…", "Only these, such as params,macs,reduction.macs.")]
Sort = Annotated[
    str | None,
    option(SHOWN, "--sort [-]NAME", "By this, such as reduction.macs, largest first; -NAME: smallest first."),
]
Join = Annotated[
    str | None, option(SHOWN, "--join FILE", "A CSV file with columns of your own, by network or file: accuracy.csv.")
]
Pareto = Annotated[
    str | None,
    option(
        SHOWN, "--pareto NAME,…", "Only rows that no other row beats in these, such as params,top1; -NAME reverses."
    ),
]
Filters = Annotated[
    list[str] | None,
    option(
        SHOWN, "--filter NAME<=N", "Only rows with such a number: 'macs<=1G', 'reduction.macs>=8'; all of several hold."
    ),
]
Top = Annotated[str | None, option(SHOWN, "--top N", "Only the first N rows.")]


def format_option(result: ResultName, text: str = f"{USUAL} by default.", panel: str | None = OUTPUT) -> Any:
    """``--format`` of a command that writes this result: its help names the formats that do."""
    return typer.Option(
        "--format",
        help=text,
        metavar=result,
        parser=partial(_read_format, result=result),
        autocompletion=lambda incomplete: [name for name in format_names() if name.startswith(incomplete)],
        rich_help_panel=panel,
    )


def _read_format(text: str, result: ResultName) -> AskedFormat:
    try:
        asked = AskedFormat.read(text, writing(result))
    except SepcostError as error:
        raise SepcostError(f"--format: {error}") from None
    if asked.options and result not in OF_FIGURES:
        raise SepcostError(f"--format: this command writes no table of figures: leave out :{next(iter(asked.options))}")
    return asked


OutputFormat = Annotated[
    AskedFormat | None,
    format_option(
        "comparisons",
        f"{USUAL}, unless --output's name or SEPCOST_FORMAT says otherwise; with options: table:precision=3,units=M.",
    ),
]
OutputFile = Annotated[Path | None, option(OUTPUT, "--output FILE", "Write to this file, whole or not at all.")]
Explain = Annotated[bool, option(OUTPUT, "--explain", "Derive the numbers of one convolution, or layer (--include).")]
