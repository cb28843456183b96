"""What pydantic found, in words for the person who wrote the config."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from sepcost.count.figure import BOUNDED, GROWING, OWN
from sepcost.layers import KINDS, Conv
from sepcost.sources.validation import Detail, Messages, message_in, messages_of_both, must_be
from sepcost.sources.yaml.reading.yaml_reader import INTEGER, Text
from sepcost.sources.yaml.schema.schema import GROUP, keys_of
from sepcost.text.arguments import LARGEST
from sepcost.text.units import DEPTHWISE, WHOLE_DIGITS, shortened
from sepcost.text.wording import did_you_mean, listed

SLIPS = {
    "pad": "padding",
    "strides": "stride",
    "kernel": "K",
    "kernel_sizes": "K",
    "filters": "O",
    "channels": "C",
    "in": "C",
    "out": "O",
    "units": "O",
    "batch_norm": "norm",
    "inputs": "from",
    "dense": "linear",
    "fc": "linear",
    "maxpool": "pool",
    "avgpool": "pool",
    "scale": "scale_factor",
    "factor": "scale_factor",
    "repeats": "repeat",
}
"""Words that people bring from other libraries."""

NO_LAYERS = {
    **dict.fromkeys(("relu", "relu6", "activation", "act"), "activations cost no MACs: leave them out"),
    "dropout": "it costs nothing when a network runs: leave it out",
    "bn": "a batch norm is `norm: batch` of the convolution before it",
    "batchnorm": "a batch norm is `norm: batch` of the convolution before it",
    "concat": "concatenation is `from: [a, b]` of the layer that reads it",
    "add": "a sum is `add: name` of the layer that it is added to",
    **dict.fromkeys(("chunk", "narrow", "slice"), "a range of channels is `type: split`, with `O` and `start`"),
    **dict.fromkeys(("mul", "multiply", "se"), "a product of maps is `type: scale`, with `from: [map, factors]`"),
    **dict.fromkeys(("interpolate", "resize"), "an interpolation is `type: upsample`"),
    **dict.fromkeys(("channel_shuffle", "permute"), "channels in another order are `type: shuffle`"),
    **dict.fromkeys(
        ("attention", "bmm", "matmul", "einsum", "lstm", "gru", "rnn", "embedding", "layernorm"),
        "its figures can be given: `type: other` with `params` and `macs`",
    ),
}
"""Types and keys that people expect, and what to write instead."""

TYPES = tuple(KINDS)
NETWORK_KEYS = ("name", "input", "independent", "defaults", "replace", "budget", "layers", "model")
MODEL_KEYS = ("name", "model", "input", "device", "replace", "include", "exclude", "budget")
INPUT_KEYS = ("C", "H", "W", "size")
BUDGET_KEYS = ("replacement", *BOUNDED, "reduction", "growth")


def message_of(detail: Detail) -> str:
    """One line that says what is wrong, the value received and, where there is one, the likely intention."""
    return message_in(MESSAGES, detail)


def message_in_model(detail: Detail) -> str:
    """The same for a mapping that names a model."""
    key = detail["loc"][0]
    if detail["type"] == "missing" and key == "input":
        return "missing key `input`: one sample of what the model takes, such as 3x224x224"
    if detail["type"] == "extra_forbidden" and detail["loc"] == (key,):
        if key in NETWORK_KEYS:
            return "cannot be next to `model`: a model's layers are what its code runs"
        return f"unknown key{_meant(key, MODEL_KEYS)}"
    return message_of(detail)


def message_in_plan(detail: Detail) -> str:
    """The same for a mapping that is a plan."""
    if detail["type"] == "extra_forbidden":
        return "does not belong in a plan, which has `replace` alone"
    return message_of(detail)


def shown(value: Any) -> str:
    """A value as it is in the file."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, Text):
        hint = " (without the quotes it is a number)" if WHOLE_DIGITS.fullmatch(value) else ""
        return f'the text "{shortened(value)}"{hint}'
    return shortened(str(value))


def _unknown_key(detail: Detail) -> str:
    *around, key = detail["loc"]
    if GROUP in around:
        own = "belongs to its layers" if any(key in keys_of(kind) for kind in TYPES) else "unknown key"
        return f"{own}: a group has `name`, `repeat` and `layers`"
    layer_type = next((step for step in around if step in TYPES), None)
    if layer_type is None:
        known: Sequence[str] = NETWORK_KEYS if not around else INPUT_KEYS
        if around and around[0] == "budget":
            inside = OWN if around[-1] == "reduction" else GROWING
            return f"unknown key{_meant(key, BUDGET_KEYS if len(around) == 1 else inside)}"
        if around and around[0] == "defaults":
            known = [*keys_of(Conv.type)]
            if key in known:
                return "cannot be a default: it belongs to a single layer"
        if not around and key in MODEL_KEYS:
            return "unknown key: only a config that names a `model` has it"
        return f"unknown key{_meant(key, known)}"
    owners = [other for other in TYPES if key in keys_of(other)]
    if owners:
        article = f"an `{layer_type}`" if layer_type[0] in "aeiou" else f"a {layer_type}"
        return f"unknown key: {article} layer has no `{key}` ({listed(owners)} layers have)"
    return f"unknown key{_meant(key, keys_of(str(layer_type)))}"


def _meant(word: Any, known: Iterable[str]) -> str:
    known = list(known)
    if hint := NO_LAYERS.get(str(word).lower()):
        return f"; {hint}"
    slip = SLIPS.get(str(word).lower())
    return f"; did you mean `{slip}`?" if slip in known else did_you_mean(str(word), known)


def _unknown_type(detail: Detail) -> str:
    value = detail["input"]["type"]
    return f"must be one of {', '.join(TYPES)}, got {shown(value)}{_meant(value, TYPES)}"


def _choice(detail: Detail) -> str:
    expected = str(detail["ctx"]["expected"]).replace("'", "").replace(" or ", ", ")
    value = detail["input"]
    return f"must be one of {expected}, got {shown(value)}{did_you_mean(str(value), expected.split(', '))}"


def _not_an_integer(detail: Detail) -> str:
    value = detail["input"]
    if type(value) is str and INTEGER.fullmatch(value):
        return f"must be at most {LARGEST}, got {shown(value)}"
    hint = DEPTHWISE if detail["loc"][-1] == "groups" and type(value) is str and value.isalpha() else ""
    return f"must be a whole number, got {shown(value)}{hint}"


def _not_a_flag(detail: Detail) -> str:
    meant = {"yes": "true", "on": "true", "no": "false", "off": "false"}
    word = str(detail["input"]).lower()
    wanted = word if word in ("true", "false") else meant.get(word)
    hint = f" (write {wanted})" if wanted and type(detail["input"]) is str else ""
    return f"must be true or false, got {shown(detail['input'])}{hint}"


def _not_a_mapping(detail: Detail) -> str:
    examples = {
        ("input",): " such as {C: 3, H: 224}",
        ("budget",): " such as {params: 4.3M}",
        ("replace",): " such as {'layer3.*': 'separable:multiplier=2'}",
    }
    example = examples.get(detail["loc"], "")
    return f"must be a mapping{example}, got {shown(detail['input'])}"


_must_be = partial(must_be, shown)
MESSAGES: Messages = {
    **messages_of_both(shown),
    "extra_forbidden": _unknown_key,
    "int_type": _not_an_integer,
    "bool_type": _not_a_flag,
    "string_too_long": lambda detail: (
        f"must have at most {detail['ctx']['max_length']} characters, got {shown(detail['input'])}"
    ),
    "quantity_type": _must_be("a number, or one with a unit such as 4.3M"),
    "dict_type": _not_a_mapping,
    "less_than_equal": lambda detail: f"must be at most {detail['ctx']['le']}, got {shown(detail['input'])}",
    "literal_error": _choice,
    "union_tag_invalid": _unknown_type,
    "too_short": lambda detail: f"must have at least one {'layer' if detail['loc'] in ((), ('layers',)) else 'item'}",
}
