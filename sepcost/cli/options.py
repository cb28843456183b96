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


Sources = Annotated[
    list[str] | None,
    typer.Argument(
        help="YAML files, folders, shipped networks (mobilenet_v1), - for standard input, JSON of compare from "
        "earlier, or models: pkg.nets:UNet, net.py:build (runs their code).",
        metavar="[SOURCE]...",
    ),
]

Height = Annotated[
    str | None, typer.Option("-H", "--height", help="Height of the input map.", metavar="N", rich_help_panel=ONE)
]
Width = Annotated[
    str | None,
    typer.Option("-W", "--width", help="Width of the input map; H unless given.", metavar="N", rich_help_panel=ONE),
]
InChannels = Annotated[
    str | None, typer.Option("-C", "--in-channels", help="Input channels.", metavar="N", rich_help_panel=ONE)
]
KernelSize = Annotated[
    str | None,
    typer.Option("-K", "--kernel-size", help="Kernel size: 3, or 3x5.", metavar="SIZE", rich_help_panel=ONE),
]
OutChannels = Annotated[
    str | None,
    typer.Option(
        "-O",
        "--out-channels",
        help="Output channels; C for as many as there are inputs.",
        metavar="N",
        rich_help_panel=ONE,
    ),
]
Size = Annotated[
    str | None,
    typer.Option(
        "--size", help="Input map of any rank: 16000, 112x112, 16x112x112.", metavar="SIZE", rich_help_panel=ONE
    ),
]
Stride = Annotated[str | None, typer.Option("--stride", help="1 unless given.", metavar="SIZE", rich_help_panel=ONE)]
Padding = Annotated[
    str | None,
    typer.Option(
        "--padding", help="same (unless given), or what both sides get.", metavar="same|SIZE", rich_help_panel=ONE
    ),
]
OutputPadding = Annotated[
    str | None,
    typer.Option("--output-padding", help="For a transposed convolution.", metavar="SIZE", rich_help_panel=ONE),
]
Dilation = Annotated[
    str | None, typer.Option("--dilation", help="1 unless given.", metavar="SIZE", rich_help_panel=ONE)
]
Groups = Annotated[
    str | None, typer.Option("--groups", help="1 unless given; C: depthwise.", metavar="N", rich_help_panel=ONE)
]
Bias = Annotated[bool | None, typer.Option("--bias/--no-bias", help="No bias unless given.", rich_help_panel=ONE)]
NormBehind = Annotated[
    Norm | None, typer.Option("--norm", help="A batch norm after it; none unless given.", rich_help_panel=ONE)
]
Transposed = Annotated[bool | None, typer.Option("--transposed", help="A transposed convolution.", rich_help_panel=ONE)]

Replacements = Annotated[
    list[str] | None,
    typer.Option(
        "-r",
        "--replacement",
        help="What replaces it: separable unless given, or none; see sepcost replacements.",
        metavar="NAME[:option=value,…]",
        rich_help_panel=COUNTING,
    ),
]
PlanFile = Annotated[
    str | None,
    typer.Option(
        "--plan",
        help="Which layer is replaced by what: YAML, as compare --save-plan writes it.",
        metavar="FILE",
        rich_help_panel=COUNTING,
    ),
]
FoldNorms = Annotated[
    bool,
    typer.Option(
        "--fold-norms", help="Norms as parts of their convolutions, as at inference.", rich_help_panel=COUNTING
    ),
]
WhenReplaced = Annotated[
    ReplaceIf,
    typer.Option(
        "--replace-if",
        help="Which layers: all, or those that get fewer MACs, or (with --target) less time.",
        rich_help_panel=COUNTING,
    ),
]
Target = Annotated[
    str | None,
    typer.Option(
        "--target",
        help="Also predict times: local, as sepcost target learn names it, example-cpu, or a profile.json.",
        metavar="NAME|FILE",
        rich_help_panel=COUNTING,
    ),
]
Alpha = Annotated[
    str,
    typer.Option(
        "--alpha", help="Width multiplier, on channels; or several.", metavar="FACTOR", rich_help_panel=COUNTING
    ),
]
Rho = Annotated[
    str,
    typer.Option(
        "--rho", help="Resolution multiplier, on maps; or several.", metavar="FACTOR", rich_help_panel=COUNTING
    ),
]
Resolution = Annotated[
    str | None,
    typer.Option("--resolution", help="The network's input, in pixels.", metavar="SIZE,…", rich_help_panel=COUNTING),
]
OneAlpha = Annotated[
    str, typer.Option("--alpha", help="Width multiplier, on channels.", metavar="FACTOR", rich_help_panel=COUNTING)
]
OneRho = Annotated[
    str, typer.Option("--rho", help="Resolution multiplier, on maps.", metavar="FACTOR", rich_help_panel=COUNTING)
]
OneResolution = Annotated[
    str | None,
    typer.Option("--resolution", help="The network's input, in pixels.", metavar="SIZE", rich_help_panel=COUNTING),
]
Batch = Annotated[
    str, typer.Option("--batch", help="Samples that memory is counted for.", metavar="N", rich_help_panel=COUNTING)
]
StoredAs = Annotated[
    str | None,
    typer.Option(
        "--dtype",
        help=f"What memory is counted in: a model's own, else float32, unless given. There are {', '.join(BITS)}, also "
        "for each of weights, activations and biases.",
        metavar="DTYPE|weights=…,…",
        rich_help_panel=COUNTING,
    ),
]
FlopsPerMac = Annotated[
    str,
    typer.Option(
        "--flops-per-mac", help="1 as in the MobileNet paper, 2 as in PyTorch.", metavar="1|2", rich_help_panel=COUNTING
    ),
]

Inputs = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        help="One sample of a model's input, without the batch, of zeros: 3x224x224, tokens=77:int64, t=scalar; "
        "of a file, also with the batch; or a function that returns all inputs: file.py:function (runs it).",
        metavar="[NAME=]SHAPE[:dtype]|FILE.py:FUNCTION",
        rich_help_panel=MODEL,
    ),
]
Dims = Annotated[
    list[str] | None,
    typer.Option(
        "--dim",
        help="The size of a symbol in a file: width=320.",
        metavar="SYMBOL=SIZE",
        rich_help_panel=MODEL,
    ),
]
Values = Annotated[
    list[str] | None,
    typer.Option(
        "--value",
        help="The value of a scalar input of a file, which chooses what runs: sr=16000.",
        metavar="NAME=NUMBER",
        rich_help_panel=MODEL,
    ),
]
GraphLimit = Annotated[
    str | None,
    typer.Option(
        "--graph-limit",
        help="The largest graph of a file that is read, its weights apart (8MiB unless given).",
        metavar="BYTES",
        rich_help_panel=MODEL,
    ),
]
RunOn = Annotated[
    Device,
    typer.Option("--device", help="cpu for a model that reads values; meta takes no memory.", rich_help_panel=MODEL),
]
RunModels = Annotated[
    bool, typer.Option("--run-models", help="Run the models that configs name, too.", rich_help_panel=MODEL)
]
Include = Annotated[
    list[str] | None,
    typer.Option(
        "--include",
        help="Replace only layers with such a name: 'layer*'.",
        metavar="GLOB",
        rich_help_panel=COUNTING,
    ),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option("--exclude", help="Replace no layer with such a name.", metavar="GLOB", rich_help_panel=COUNTING),
]
Verify = Annotated[
    bool,
    typer.Option("--verify", help="Let torch count again: exit with 1 if it differs.", rich_help_panel=COUNTING),
]

RowsShown = Annotated[
    Rows | None,
    typer.Option(
        "--rows",
        help="One for each layer; or totals, as in a sweep; or subtotals: blocks, types.",
        metavar="ROWS",
        rich_help_panel=SHOWN,
    ),
]
Columns = Annotated[
    str | None,
    typer.Option(
        "--columns",
        help="Only these, such as params,macs,reduction.macs.",
        metavar="NAME,…",
        rich_help_panel=SHOWN,
    ),
]
Sort = Annotated[
    str | None,
    typer.Option(
        "--sort",
        help="By this, such as reduction.macs, largest first; -NAME: smallest first.",
        metavar="[-]NAME",
        rich_help_panel=SHOWN,
    ),
]
Join = Annotated[
    str | None,
    typer.Option(
        "--join",
        help="A CSV file with columns of your own, by network or file: accuracy.csv.",
        metavar="FILE",
        rich_help_panel=SHOWN,
    ),
]
Pareto = Annotated[
    str | None,
    typer.Option(
        "--pareto",
        help="Only rows that no other row beats in these, such as params,top1; -NAME reverses.",
        metavar="NAME,…",
        rich_help_panel=SHOWN,
    ),
]
Filters = Annotated[
    list[str] | None,
    typer.Option(
        "--filter",
        help="Only rows with such a number: 'macs<=1G', 'reduction.macs>=8'; all of several hold.",
        metavar="NAME<=N",
        rich_help_panel=SHOWN,
    ),
]
Top = Annotated[str | None, typer.Option("--top", help="Only the first N rows.", metavar="N", rich_help_panel=SHOWN)]


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
OutputFile = Annotated[
    Path | None,
    typer.Option("--output", help="Write to this file, whole or not at all.", metavar="FILE", rich_help_panel=OUTPUT),
]
Explain = Annotated[
    bool,
    typer.Option(
        "--explain", help="Derive the numbers of one convolution, or layer (--include).", rich_help_panel=OUTPUT
    ),
]
