"""Program: the graph of an exported program, node by node, as a network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import count
from typing import Any, NamedTuple

from sepcost.graphs.flow import Effect
from sepcost.graphs.graph import Graph, Operator, Param
from sepcost.graphs.names import joined
from sepcost.graphs.values import Value
from sepcost.layers import Conv, Linear, Other
from sepcost.network.network import Network
from sepcost.sources.model_options import ModelOptions
from sepcost.sources.pt2.archive import Program
from sepcost.sources.pt2.aten import (
    ATTENTION,
    COPYING,
    DEQUANTISES,
    EFFECTS,
    NORMS,
    OF_CONVOLUTIONS,
    OF_LINEAR,
    OF_POOLS,
    RECURRENT,
    STAYS,
    Node,
    has_products,
    layer_of,
)  # fmt: skip
from sepcost.sources.pt2.expressions import LARGEST, Expressions
from sepcost.sources.pt2.inputs import DTYPES, UNKNOWN, sizes_of
from sepcost.sources.sizes import Sized
from sepcost.text.wording import in_one_line

RUN_ONCE = {
    f"torch.ops.higher_order.{name}"
    for name in (
        "wrap_with_set_grad_enabled",
        "wrap_with_autocast",
        "wrap",
        "hints_wrapper",
        "invoke_subgraph",
        "wrap_activation_checkpoint",
        "tag_activation_checkpoint",
    )
}
"""The calls that run their graph once."""
LOOPS = {f"torch.ops.higher_order.{name}" for name in ("associative_scan", "cond", "map_impl", "scan", "while_loop")}
"""Those that run it more often, or one of several: they are not counted, unless they have no products."""
VMAP = {
    "torch._functorch.predispatch._vmap_increment_nesting": 1,
    "torch._functorch.predispatch._vmap_decrement_nesting": -1,
}
"""The calls between which operators run on more than their tensors say: on a whole batch."""
A_NODE = 400
"""What a node spends of the limit, apart from its JSON: it takes longer to count than to read."""
MOST_AXES = 64
"""No tensor of torch has more."""
PARAMETRIZED = ".parametrizations."
FUNCTIONAL = "it is a functional call: no module runs it"

Fields = Mapping[str, Any]


class Ref(str):
    """The name of a tensor, among other arguments that may be texts."""

    __slots__ = ()


class Module(NamedTuple):
    """The module that calls an operator: its path in the model, and its class."""

    path: str
    kind: str

    @classmethod
    def of(cls, node: Fields) -> Module:
        """The innermost of the modules in a node's metadata; a module that runs again has ``@1`` at its end."""
        last = str(node["metadata"].get("nn_module_stack", "")).split(";")[-1].split(",", 2)
        return cls(last[1].partition("@")[0], last[2]) if len(last) == 3 else cls("", "")


def network_of(program: Program, name: str, options: ModelOptions) -> Network:
    """The network of an exported program. Raises ModelError for sizes that are not known, or wrong."""
    module = program.fields["graph_module"]
    specs = [each for spec in module["signature"]["input_specs"] for each in spec.items()]
    names = [_name(spec["arg"]) for kind, spec in specs if kind == "user_input"]
    walk = _Walk(program, specs, *sizes_of(program, names, options))
    outputs = walk.run(module["graph"], {}, "")
    return walk.graph.network(name, outputs, given=walk.sized.given, batch=walk.sized.batch)


def _name(arg: Any) -> str:
    """The name of a tensor; nothing for other arguments."""
    tensor = arg.get("as_tensor", arg) if isinstance(arg, dict) else {}
    return str(tensor.get("name", "")) if isinstance(tensor, dict) else ""


class _Walk:
    """The nodes in their order, those of inner graphs too; ``graph`` counts them."""

    def __init__(
        self, program: Program, specs: Sequence[tuple[str, Fields]], sized: Sized, expressions: Expressions
    ) -> None:
        self.sized, self.expressions, self.limit = sized, expressions, program.limit
        self.scopes, self.mapped = count(), 0
        data = program.fields["graph_module"]["graph"]
        self.values: dict[str, Value] = {}
        self.of: dict[str, str] = {}
        holders, quantised = dict(_holders(data)), set(_quantised(data))
        read = {name for node in data["nodes"] for each in node["inputs"] for name in _tensors(each["arg"])}
        for kind, spec in specs:
            name = _name(spec.get("arg"))
            if name in data["tensor_values"]:
                self._know(name, data["tensor_values"][name])
            if kind == "parameter" and (name in read or not quantised):  # a quantised model keeps its old weights
                self.of[name] = spec["parameter_name"]
            elif kind == "buffer" and name in quantised:
                self.of[name] = spec["buffer_name"]
        same = {name: _stored(program.weights.get(of, {}), name) for name, of in self.of.items()}
        first = {stored: name for name, stored in reversed(same.items())}
        params = {name: Param(self.values[name], holders.get(name, "others")) for name in first.values()}
        self.graph = Graph({name: params[name] for name in self.of if name in params})
        for name, stored in same.items():
            self.graph.rename(name, first[stored])
        for given, shape in sized.shapes.items():
            self.graph.input(given, self.values[given]._replace(shape=shape))

    def run(self, data: Fields, bound: dict[str, str], scope: str) -> list[str]:
        """Run the nodes of a graph, and give its outputs' names; ``bound`` has the names of its inputs outside."""
        for node in data["nodes"]:
            self.limit.spend(A_NODE)
            made = [name for output in node["outputs"] for name in _tensors(output)]
            for name in made:
                bound[name] = scope + name
                self._know(bound[name], data["tensor_values"][name])
            args = {
                each["name"] or str(at): self._argument(each["arg"], data, bound)
                for at, each in enumerate(node["inputs"])
            }
            self.mapped += VMAP.get(node["target"], 0)
            inner = _inner(node)
            given = [name for each in node["inputs"] for name in _tensors(each["arg"])]
            if node["target"] in RUN_ONCE and len(inner) == 1 and len(given) == len(inner[0]["inputs"]):
                names = {_name(each): bound.get(name, name) for each, name in zip(inner[0]["inputs"], given)}
                bound.update(zip(made, self.run(inner[0], names, f"{next(self.scopes)}/")))
            else:
                self._node(node, args, [bound[name] for name in made])
        return [bound.get(name, name) for output in data["outputs"] for name in _tensors(output)]

    def _node(self, fields: Fields, args: Mapping[str, Any], made: Sequence[str]) -> None:
        """Run one node: what it is, by its name and what it reads."""
        namespace, kind = _operator(fields)
        reads = list(_refs(args.values()))
        effect, module = self._effect(kind, reads, made), Module.of(fields)
        makes = {name: self.values[name] for name in made if name in self.values}
        operator = Operator(kind, joined(module.path, kind), reads, makes, effect=effect)
        is_same = kind in DEQUANTISES or (len(reads) == 1 and (effect is Effect.VIEWS or kind in STAYS))
        if is_same and self.graph.stays(operator):
            return
        if kind in NORMS and args.get("weight") and args.get("bias"):
            self.graph.norm(args["input"], args["weight"], args["bias"])
        if self.mapped and has_products(namespace, kind):
            self.graph.skip(operator)
            return
        if ATTENTION in kind and "attention" in kind and made and self.values.keys() >= {*reads[:3], made[0]}:
            self._attention(module.path, reads[:3], made[0])
            return
        node = Node(kind, args, list(makes.values()), self.values, self.graph)
        is_free = not (reads and _has_products(fields))
        self.graph.count(operator, lambda: layer_of(node), partial(self._called, module), is_free=is_free)

    def _attention(self, path: str, reads: Sequence[str], made: str) -> None:
        """Run attention as the two products that it consists of, as torch does where nothing fuses it."""
        query, key, value = (self.values[name] for name in reads)
        scores = query._replace(shape=(*query.shape[:-1], key.shape[-2]), strides=None, offset=0)
        name, scaled, inner = joined(path, "bmm"), [f"{made}/query", f"{made}/key"], f"{made}/scores"
        for given, copy in zip(reads, scaled):
            self.graph.run(Operator("mul", path, [given], {copy: self.values[given]}, effect=Effect.OVER))
        macs = scores.numel * query.shape[-1], scores.numel * value.shape[-1]
        self.graph.run(Operator("bmm", name, scaled, {inner: scores}, Other("bmm", macs=macs[0])))
        self.graph.run(Operator("bmm", name, (inner, reads[2]), {made: self.values[made]}, Other("bmm", macs=macs[1])))

    def _effect(self, kind: str, reads: Sequence[str], made: Sequence[str]) -> Effect:
        """What an operator does with maps; some views copy what does not lie one after the other."""
        effect = EFFECTS.get(kind, EFFECTS.get(kind.removesuffix("_"), Effect.MAKES))
        source, result = self.values.get(reads[0]) if reads else None, self.values.get(made[0]) if made else None
        if source is None or result is None:
            return effect
        if kind in ("to", "type_as") and (source.dtype, source.strides) == (result.dtype, result.strides):
            return Effect.VIEWS
        return Effect.MAKES if kind in COPYING and not source.is_dense and result.is_dense else effect

    def _called(self, module: Module, operator: Operator) -> Operator:
        """A layer, called after its module, or after that which holds its weight."""
        layer, weights = operator.layer, operator.weights
        self._find_original(weights, module)
        held = self.of.get(self.graph.held(weights[0]) or "", "") if weights else ""
        holder = held.partition(PARAMETRIZED)[0] if PARAMETRIZED in held else held.removesuffix("weight").rstrip("._")
        keep, name = None, operator.name
        if isinstance(layer, (Conv, Linear)):
            is_module = module.kind.startswith(OF_CONVOLUTIONS if isinstance(layer, Conv) else OF_LINEAR)
            name = module.path if is_module else holder or name
            foreign = f"it is no plain convolution of torch.nn, but {module.kind.rpartition('.')[2]}"
            keep = FUNCTIONAL if module.path != name else None if is_module else foreign
        elif layer and not isinstance(layer, Other):
            name = module.path if module.kind.startswith(OF_POOLS) else joined(module.path, layer.type)
        elif operator.kind in RECURRENT:
            name = module.path or operator.kind
        return operator._replace(name=name, keep=keep)

    def _find_original(self, weights: Sequence[str], module: Module) -> None:
        """A kernel that its module computes, as weight norm does, is the module's own weight of that size."""
        if weights and not self.graph.is_weight(weights[0]) and module.path:
            self.limit.spend(2 * len(self.of))  # it looks through all of them
            many = self.values[weights[0]].numel
            own = (name for name, of in self.of.items() if of.startswith(f"{module.path}."))
            if original := next((name for name in own if self.values[name].numel == many), None):
                self.graph.rename(weights[0], original)

    def _know(self, name: str, tensor: Fields) -> None:
        """Note what a tensor is, unless its size depends on values."""
        offset, *sizes = (self._size(each) for each in (tensor["storage_offset"], *tensor["sizes"], *tensor["strides"]))
        known = [size for size in sizes if size is not None]
        if offset is None or len(known) < len(sizes):
            return
        rank = len(tensor["sizes"])
        if rank > MOST_AXES or not all(0 <= size < LARGEST for size in known):
            raise ValueError(f"the tensor {in_one_line(name, 20)} has the size {known[:rank]}")
        self.values[name] = Value(
            tuple(known[:rank]), DTYPES.get(tensor["dtype"], UNKNOWN), offset, tuple(known[rank:])
        )

    def _size(self, size: Fields) -> int | None:
        return int(size["as_int"]) if "as_int" in size else self.expressions.of(size["as_expr"]["expr_str"])

    def _argument(self, arg: Fields, data: Fields, bound: Mapping[str, str]) -> Any:
        """An argument as Python has it; a tensor is its name."""
        ((kind, value), *_) = arg.items()
        if kind == "as_tensor":
            return Ref(bound.get(value["name"], value["name"]))
        if kind == "as_tensors":
            return [Ref(bound.get(each["name"], each["name"])) for each in value]
        if kind in ("as_optional_tensors", "as_sym_ints"):
            return [self._argument(each, data, bound) for each in value]
        if kind in ("as_optional_tensor", "as_sym_int"):
            return self._argument(value, data, bound)
        if kind == "as_name":
            return self._size(data["sym_int_values"][value])
        return None if kind in ("as_none", "as_graph") else value


def _stored(weight: Fields, name: str) -> str:
    """Where the archive has a weight, and how it lies there: the same for one that has two names."""
    meta = weight.get("tensor_meta") or {}
    is_stored = (meta.get("device") or {}).get("type") not in (None, "meta")
    return str((weight.get("path_name"), meta)) if is_stored else name


def _operator(node: Fields) -> tuple[str, str]:
    """The namespace of a node's operator, and its name without that of the overload."""
    namespace, _, rest = str(node["target"]).removeprefix("torch.ops.").partition(".")
    return namespace, rest.partition(".")[0]


def _inner(node: Fields) -> list[Fields]:
    """The graphs that a node is given."""
    return [each["arg"]["as_graph"]["graph"] for each in node["inputs"] if "as_graph" in each["arg"]]


def _has_products(node: Fields) -> bool:
    """Whether a node may have products; a loop has those of its graphs."""
    if node["target"] in LOOPS | RUN_ONCE:
        return any(_has_products(each) for graph in _inner(node) for each in graph["nodes"])
    return has_products(*_operator(node))


def _tensors(arg: Fields) -> list[str]:
    """The names of the tensors that an argument is, or has."""
    ((kind, value), *_) = arg.items()
    if kind == "as_tensor":
        return [value["name"]]
    if kind == "as_tensors":
        return [each["name"] for each in value]
    return [name for each in value for name in _tensors(each)] if kind == "as_optional_tensors" else []


def _refs(arguments: Iterable[Any]) -> Iterator[Ref]:
    for each in arguments:
        if isinstance(each, Ref):
            yield each
        elif isinstance(each, list):
            yield from (one for one in each if isinstance(one, Ref))


def _quantised(data: Fields) -> Iterator[str]:
    """The tensors that are dequantised: the weights of a quantised model are buffers."""
    for node in data["nodes"]:
        if _operator(node)[1] in DEQUANTISES:
            yield from _tensors(node["inputs"][0]["arg"])


def _holders(data: Fields) -> Iterator[tuple[str, str]]:
    """Each tensor that a node reads, and the class of the module that reads it."""
    for node in data["nodes"]:
        kind = Module.of(node).kind.rpartition(".")[2]
        yield from ((name, kind) for each in node["inputs"] for name in _tensors(each["arg"]) if kind)
