"""``sepcost fit``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from sepcost.blocks.replacements import Replacement
from sepcost.cli import options as o
from sepcost.cli.formats import chosen_format, chosen_output
from sepcost.cli.overwriting import code_files, refuse_link, refuse_overwriting
from sepcost.cli.plot import Pictures, Plot
from sepcost.cli.progress import Waiting
from sepcost.cli.streams import complain, write
from sepcost.count.comparison import DEFAULT_REPLACEMENTS
from sepcost.errors import SepcostError, refuse
from sepcost.formats.format import FormatOptions
from sepcost.formats.registry import AskedFormat, writing
from sepcost.network.selection import Selection
from sepcost.sources.model_options import ModelOptions
from sepcost.tasks.figures import asked_target
from sepcost.tasks.files import resolved
from sepcost.tasks.fitted_layers import Limit, LimitError
from sepcost.tasks.replacement_texts import chosen_replacements
from sepcost.text.model_text import ModelText, halves, is_weights, names_python
from sepcost.text.quantities import read_count, read_seconds, read_share
from sepcost.text.units import at_least_one, read_as, read_whole
from sepcost.text.wording import listed

WEIGHTS, CHOOSING, SAVING = "Weights and data", "Which layers", "What is written"
UNREACHABLE = 1
LIMITS = {
    "--max-params": ("params", read_count),
    "--max-macs": ("macs", read_count),
    "--max-time": ("seconds", read_seconds),
    "--min-energy": ("energy", read_share),
}


def fit(
    source: Annotated[
        str, typer.Argument(help="A file of weights (no code is run), or a model: net.py:build (runs it).")
    ],
    weights: Annotated[
        str | None,
        o.option(
            WEIGHTS,
            "--weights FILE[:KEY]",
            "The model's weights: w.pt, w.safetensors, ckpt.pth:ema; as data, no code is run.",
        ),
    ] = None,
    inputs: o.Inputs = None,
    data: Annotated[
        str | None,
        o.option(
            WEIGHTS, "--data FILE.py:FUNCTION", "A function that returns batches of inputs, labels or not (runs it)."
        ),
    ] = None,
    score: Annotated[
        str | None,
        o.option(WEIGHTS, "--score FILE.py:FUNCTION", "A function of a model that returns a number (runs it)."),
    ] = None,
    no_norms: Annotated[
        bool, o.option(WEIGHTS, "--no-norms", "Leave the variances of batch norms behind replaced layers.")
    ] = False,
    distil: Annotated[
        str, o.option(WEIGHTS, "--distil N", "Steps of training towards its outputs, without labels.")
    ] = "0",
    seed: Annotated[str, o.option(WEIGHTS, "--seed N", "For the order of the data in training.")] = "0",
    device: Annotated[str, o.option(WEIGHTS, "--device DEVICE", "Where it is computed: cpu, cuda, mps.")] = "cpu",
    replacements: Annotated[
        list[str] | None,
        typer.Option(
            "-r",
            "--replacement",
            help="What may replace a layer, once or several times: separable unless given; see sepcost replacements.",
            metavar="NAME[:option=value,…]",
            rich_help_panel=CHOOSING,
        ),
    ] = None,
    include: o.Include = None,
    exclude: o.Exclude = None,
    plan: Annotated[
        str | None,
        o.option(CHOOSING, "--plan FILE", "Which layer is replaced by what: YAML, as --save-plan writes it."),
    ] = None,
    max_macs: Annotated[str | None, o.option(CHOOSING, "--max-macs N", "Choose: at most 600M.")] = None,
    max_params: Annotated[str | None, o.option(CHOOSING, "--max-params N", "Choose: at most 4.3M.")] = None,
    max_time: Annotated[
        str | None, o.option(CHOOSING, "--max-time N", "Choose: at most 12ms, predicted (--target).")
    ] = None,
    min_energy: Annotated[
        str | None, o.option(CHOOSING, "--min-energy N", "Choose: the fewest MACs with 95% of the kernels.")
    ] = None,
    target: o.Target = None,
    save_plan: Annotated[
        Path | None, o.option(SAVING, "--save-plan FILE", "Which layer is replaced by what, as YAML.")
    ] = None,
    save_weights: Annotated[
        Path | None, o.option(SAVING, "--save-weights FILE", "The smaller model's weights: .safetensors.")
    ] = None,
    save_model: Annotated[
        Path | None,
        o.option(SAVING, "--save-model FILE", "The smaller model, which runs without its code: .pt2, .onnx."),
    ] = None,
    sort: o.Sort = None,
    top: o.Top = None,
    format_: Annotated[AskedFormat | None, o.format_option("fits")] = None,
    output: o.OutputFile = None,
    plot: Plot = None,
) -> int:
    """What replacements keep of trained kernels; which layers to replace under a limit; and the smaller model.

    Every kernel in a file:

    sepcost fit model.safetensors

    A model with its weights and data (this runs its code):

    sepcost fit net.py:build --weights w.pt --data net.py:batches

    Which layers to replace under a limit (--save-model writes the result):

    sepcost fit net.py:build --weights w.pt --data net.py:batches --max-macs 6M
    """
    texts = [text for text in (source, data, score, *(inputs or ()), *(replacements or ())) if text]
    named = [text for text in (source, weights, plan) if text]
    read = [*named, *(halves(text)[0] for text in named), *code_files(texts)]
    saved = {"plan": save_plan, "weights": save_weights, "model": save_model}
    output = chosen_output(output)
    written = {**{f"--save-{name}": path for name, path in saved.items()}, "--output": output}
    for option, path in written.items():
        refuse_overwriting(read, path, option)
        refuse_link(path, option)
    _refuse_one_file_for_two(written)
    pictures = Pictures(plot, "fits", read, *filter(None, written.values()))
    asked = chosen_format(format_, writing("fits"), output)
    chosen = _replacements(replacements, plan)
    limit = _limit({"max_params": max_params, "max_macs": max_macs, "max_time": max_time, "min_energy": min_energy})
    steps, is_model = read_as("--distil", read_whole, distil), _names_a_model(source)
    of_model: dict[str, object] = {
        "--weights": weights,
        "--input": inputs,
        "--data": data,
        "--score": score,
        "--target": target,
    }
    of_model |= {"--save-weights": save_weights, "--save-model": save_model, "--distil": steps}
    refuse(
        *((given and not is_model, f"{option} is for a model, and {source} is a file of weights: give net.py:build")
          for option, given in of_model.items()),
        (not is_model and limit and limit.of in ("macs", "seconds"), f"{source} has no maps: give --max-params"),
        (max_time and not target, "--max-time is of predicted times: give --target"),
        (plan and limit, "--plan says what replaces each layer, and a limit chooses that: give one of them"),
        (plan and save_plan, f"--save-plan {save_plan}: {plan} is the plan already"),
        (steps and not data, "--distil trains towards the model's outputs on data: give --data"),
        (len(chosen) > 1 and not limit and any(saved.values()), "what is saved is one model: give one -r, or a limit"),
    )  # fmt: skip
    models = ModelOptions.read(inputs, "cpu", False, [source])
    first = None if top is None else read_as("--top", at_least_one, top)

    from sepcost.sheets.fit_records import SORTS, chosen_rows
    from sepcost.sheets.ordering import checked_sort
    from sepcost.tasks.fit import FitTask
    from sepcost.tasks.saving import refuse_to_save_any, save_outcome

    order = checked_sort(sort, SORTS)
    refuse_to_save_any(**saved)
    with Waiting("steps") as waiting:
        task = FitTask(
            chosen, weights if is_model else source, models.inputs, ModelText.parse(data) if data else None,
            ModelText.parse(score) if score else None, limit,
            Selection(tuple(include or ()), tuple(exclude or ())), not no_norms, steps,
            read_as("--seed", read_whole, seed), device, asked_target(target), any(saved.values()), waiting,
        )  # fmt: skip
        try:
            outcome = task.of_model(ModelText.parse(source)) if is_model else task.of_weights()
        except LimitError as error:
            complain(error)
            return UNREACHABLE
        fits = save_outcome(outcome, **saved)
    shown, wanted = chosen_rows(fits, order, first), FormatOptions(to_stdout=output is None, **asked.options)
    write([asked.format.fits(shown, wanted)], output, escape=asked.format.escape)
    pictures.write(shown)
    return 0


def _refuse_one_file_for_two(written: Mapping[str, Path | None]) -> None:
    by_file: dict[Path, list[str]] = {}
    for option, path in written.items():
        if path is not None:
            by_file.setdefault(resolved(path), []).append(option)
    refuse(*((options[1:], f"{listed(options)} would write the same file") for options in by_file.values()))


def _names_a_model(source: str) -> bool:
    """Whether a source is code; ckpt.pth:ema is a key in a file."""
    return names_python(source) and not is_weights(source)


def _replacements(texts: list[str] | None, plan: str | None) -> Sequence[Replacement]:
    if plan is None:
        return chosen_replacements(texts or DEFAULT_REPLACEMENTS)[0]
    refuse((texts, "--plan says what replaces each layer: leave out -r"))
    from sepcost.sources.yaml.plan import read_plan  # needs pydantic

    return [read_plan(plan)]


def _limit(typed: Mapping[str, str | None]) -> Limit | None:
    """The limit, if one is given; a SepcostError if several are."""
    given = [(f"--{name.replace('_', '-')}", text) for name, text in typed.items() if text is not None]
    if not given:
        return None
    if len(given) > 1:
        raise SepcostError(f"{listed([option for option, _ in given])}: one limit chooses a plan: give one")
    ((option, text),) = given
    of, read = LIMITS[option]
    return Limit(f"{option} {text}", of, read_as(option, read, text))
