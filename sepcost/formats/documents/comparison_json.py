"""Comparisons as JSON, the contract of docs/json.md: one document, or a line for each network."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

from sepcost.count.contract import SCHEMA_VERSION, head
from sepcost.count.facts import FACTS
from sepcost.count.figure import PEAK, REDUCTION, REPLACEMENT, in_record
from sepcost.count.snapshot import LayerSnapshot, Model, Replaced, Snapshot, Target
from sepcost.layers.cost import Convention
from sepcost.layers.layer import MOST_KNOWN
from sepcost.sheets.text_template import HOLE, Holes, Several, texts
from sepcost.sheets.verification_text import verification_fields
from sepcost.sheets.view import SUBTOTALS, View
from sepcost.text.units import is_number

_encoder = partial(json.JSONEncoder, separators=(",", ":"), check_circular=False)  # what is written has no circles
_encode = _encoder().encode
HOLE_IN_JSON = _encode(HOLE)


def json_chunks(
    snapshots: Iterable[Snapshot | Several], convention: Convention, view: View | None = None
) -> Iterator[str]:
    """The document in pieces as the snapshots come; nothing for no snapshot."""
    view = view or View()
    separator = f'{_encode(_head(convention, view))[:-1]},"networks":[\n'
    for item in snapshots:
        yield separator
        yield from _networks(item, view)
        separator = ",\n"
    if separator == ",\n":
        yield "\n]}\n"


def json_lines(
    snapshots: Iterable[Snapshot | Several], convention: Convention, view: View | None = None
) -> Iterator[str]:
    """A line for each network, complete by itself."""
    view = view or View()
    opening = _encode(_head(convention, view))[:-1] + ","
    for item in snapshots:
        yield "".join([f"{opening}{text[1:]}\n" for text in _texts(item, view)])


def _head(convention: Convention, view: View) -> dict[str, Any]:
    swept = {"batch": None} if "batch" in view.swept else {}
    return {**head(SCHEMA_VERSION, convention), **swept, **_selection(view)}


def _selection(view: View) -> dict[str, Any]:
    """The options that leave something out, or change the order."""
    subtotals = view.rows.value if view.rows in SUBTOTALS else None
    wishes = {"totals": view.totals, "rows": subtotals, "columns": view.columns, "sort": view.sort, "top": view.top}
    conditions = tuple(map(str, view.filter.conditions)) if view.filter else ()
    wishes |= {"ascending": view.ascending, "pareto": view.pareto, "filter": conditions}
    given = {name: value for name, value in wishes.items() if value and (name != "totals" or not view.swept)}
    return {"selection": given} if given else {}


def _networks(item: Snapshot | Several, view: View) -> Iterable[str]:
    """The networks of an item: one in pieces, a layer at a time, or many in one text."""
    return _network(item, view, []) if isinstance(item, Snapshot) else [",\n".join(_texts(item, view))]


def _texts(item: Snapshot | Several, view: View) -> Iterable[str]:
    """Each network of an item, as one line."""

    def line(snapshot: Snapshot, holes: Holes) -> str:
        return "".join(_network(snapshot, view, holes)).replace("\n", "")

    return texts(item, line, HOLE_IN_JSON)


def _network(snapshot: Snapshot, view: View, holes: Holes) -> Iterator[str]:
    def hole(value: Any) -> str:
        holes.append(value.quoted() if hasattr(value, "quoted") else value)
        return HOLE

    encode = _encoder(default=hole).encode
    yield encode(_network_head(snapshot))[:-1]
    if not view.totals:
        separator = ',"layers":[\n'
        for layer in snapshot.shown:
            yield f'{separator}{{"name":{_encode(layer.name)}{_behind_the_name(layer, view.columns, encode)}'
            separator = ",\n"
        yield "]" if snapshot.shown else ',"layers":[]'
    yield f',\n"total":{encode(_total(snapshot, view.columns))}'
    if snapshot.verified is not None:
        yield f',\n"verified":{_encode(verification_fields(snapshot.verified))}'
    yield "}"


def _network_head(snapshot: Snapshot) -> dict[str, Any]:
    fields = {
        "name": snapshot.name,
        "source": snapshot.source,
        "input": snapshot.input,
        "alpha": snapshot.alpha,
        "rho": snapshot.rho,
        "independent": snapshot.independent,
    }
    marks = {
        "resolution": snapshot.resolution,
        "given": snapshot.given,
        "per": snapshot.per,
        "only_params": snapshot.only_params,
        "no_peak": snapshot.no_peak,
        "unread": snapshot.unread,
        **of_model(snapshot),
        "own_dtype": snapshot.own_dtype,
        "swept": snapshot.swept,
        "fixed": snapshot.fixed if snapshot.swept else {},
        "joined": _numbers(snapshot.joined.get(None, {})),
        "target": target_fields(snapshot.target),
    }
    return fields | {name: mark for name, mark in marks.items() if mark or name == "uncounted"}


def target_fields(target: Target | None) -> dict[str, Any] | None:
    """What times are for; of what has no exceptions, none."""
    return target and {name: value for name, value in target._asdict().items() if value}


def _numbers(joined: Mapping[str, str | None]) -> dict[str, Any]:
    """Values from elsewhere: what looks like a number is one."""
    return {name: json.loads(text) if text and is_number(text) else text for name, text in joined.items()}


def of_model(snapshot: Snapshot) -> dict[str, Any]:
    """What is only said of a model: what could not be counted, and the inputs."""
    model = snapshot.model or Model()
    is_known = snapshot.model is not None and bool(model.uncounted) == snapshot.lower_bound
    marks: dict[str, Any] = {
        "lower_bound": snapshot.lower_bound,
        "unconfirmed": list(model.unconfirmed),
        "inputs": model.inputs,
        "read_zeros": model.read_zeros,
    }
    uncounted = {"uncounted": dict(model.uncounted)} if is_known else {}
    return uncounted | {name: mark for name, mark in marks.items() if mark}


def _total(snapshot: Snapshot, columns: Sequence[str] | None) -> dict[str, Any]:
    replacements = {
        text: {
            "options": replaced.options,
            **_chosen(replaced.figures, columns, REPLACEMENT),
            **_peak(replaced.peak, columns, REPLACEMENT),
            **_reduction(snapshot.reduction(text), columns),
            "costs_more": replaced.costs_more,
            **({"if_all": replaced.if_all} if replaced.if_all else {}),
            **({"joined": _numbers(snapshot.joined[text])} if text in snapshot.joined else {}),
        }
        for text, replaced in snapshot.replaced.items()
    }
    shown = {**_chosen(snapshot.total, columns), **_peak(snapshot.peak, columns)}
    return {"standard": shown, "replacements": replacements}


def _peak(place: Mapping[str, Any] | None, columns: Sequence[str] | None, prefix: str = "") -> dict[str, Any]:
    """Where the peak is, wherever the peak is shown."""
    return {} if columns and f"{prefix}{PEAK}" not in columns else {"peak": place}


def _behind_the_name(layer: LayerSnapshot, columns: tuple[str, ...] | None, encode: Callable[[Any], str]) -> str:
    """How the object of a layer goes on after its name; equal layers are written once."""
    if layer.is_common:
        return _written_once(layer._replace(name=""), columns)
    return f",{encode(_layer(layer, columns))[1:]}"


@lru_cache(MOST_KNOWN)
def _written_once(layer: LayerSnapshot, columns: tuple[str, ...] | None) -> str:
    return f",{_encode(_layer(layer, columns))[1:]}"


def _layer(layer: LayerSnapshot, columns: tuple[str, ...] | None) -> dict[str, Any]:
    return {
        **_facts(layer.facts, columns),
        "kept": layer.kept,
        "standard": _chosen(layer.figures, columns),
        "replacements": {
            text: _replaced(replaced, layer.reduction(text), columns) for text, replaced in layer.replaced.items()
        },
    }


def _facts(facts: Mapping[str, Any], columns: Sequence[str] | None) -> Mapping[str, Any]:
    return facts if columns is None else {name: facts.get(name) for name in columns if name in FACTS}


def _replaced(replaced: Replaced, reduction: Mapping[str, Any], columns: Sequence[str] | None) -> dict[str, Any]:
    fields = {
        **_chosen(replaced.figures, columns, REPLACEMENT),
        **_reduction(reduction, columns),
        "costs_more": replaced.costs_more,
        "kept": replaced.kept,
        **({"replaced_by": replaced.replaced_by} if replaced.replaced_by else {}),
    }
    if columns is None or "part" in columns:
        fields["parts"] = [
            {"name": part.name, **_facts(part.facts, columns), **_chosen(part.figures, columns, REPLACEMENT)}
            for part in replaced.parts
        ]
    return fields


def _chosen(figures: Mapping[str, Any], columns: Sequence[str] | None, prefix: str = "") -> Mapping[str, Any]:
    """The figures whose names, after the prefix, are among the columns; all of them where none were chosen."""
    if columns is None:
        return figures
    return {name: value for name, value in figures.items() if in_record(name, prefix) in columns}


def _reduction(figures: Mapping[str, Any], columns: Sequence[str] | None) -> dict[str, Any]:
    chosen = _chosen(figures, columns, REDUCTION)
    return {"reduction": chosen} if chosen else {}
