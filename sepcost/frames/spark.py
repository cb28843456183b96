"""Spark: sweeps, convolutions and networks as lazy frames, counted by the workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from sepcost.count.sweep import Axis
from sepcost.errors import needs
from sepcost.frames.arrow import types_of
from sepcost.frames.batches import cost_batches
from sepcost.frames.counting import AT_ONCE, counter_of
from sepcost.frames.networks import network_batches, network_types
from sepcost.frames.sweeps import REPLACEMENT, SweepBlocks
from sepcost.network.budget import AS_GIVEN
from sepcost.tasks.convolution import READERS
from sepcost.tasks.given_convolution import convolution_sweep
from sepcost.tasks.python_words import in_python_words
from sepcost.tasks.replacement_texts import AnyReplacement, replacements_in_python

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

TYPES = {"int64": "long", "float64": "double", "bool": "boolean", "string": "string"}
"""The types of Spark by those of Arrow."""
BLOCKS = 64
"""The most blocks that a task counts: a few seconds of work."""


@in_python_words()
def spark_sweep(
    spark: SparkSession,
    *,
    replacements: AnyReplacement | Sequence[AnyReplacement] | None = "separable",
    columns: Sequence[str] | None = None,
    partitions: int | None = None,
    **asked: Any,
) -> DataFrame:
    """All combinations of a convolution's numbers as a lazy frame: a row for each, under each replacement.

    >>> frame = spark_sweep(spark, H="7:224:7", C="8:1024:8", K="3,5,7", O="8:1024:8")  # doctest: +SKIP

    Numbers are given as to ``sweep``, and ``columns`` and the rest as to ``costs``. The rows are those of the command,
    in its order. Only row numbers go to the workers, which split them into combinations; nothing is collected. A
    combination that is no convolution has an ``error`` and no figures. Raises SepcostError for arguments that are
    wrong.
    """
    numbers = {name: asked.pop(name) for name in [*asked] if name in READERS}
    chosen = replacements_in_python(replacements) or ()
    counter = counter_of(numbers, replacement=next(iter(chosen), None), columns=columns, **asked)
    blocks = SweepBlocks(convolution_sweep(numbers).with_axes(Axis(REPLACEMENT, chosen or (AS_GIVEN,))), counter)
    size = blocks.sweep.size
    tasks = partitions or max(spark.sparkContext.defaultParallelism, -(-size // (AT_ONCE * BLOCKS)))
    return spark.range(0, size, AT_ONCE, tasks).mapInArrow(blocks, _struct(blocks.types))


@in_python_words()
def spark_costs(frame: DataFrame, **asked: Any) -> DataFrame:
    """The costs of a frame's convolutions as new columns of a lazy frame; ``asked`` is as ``cost_batches`` takes it."""
    names = {name for name in (*frame.columns, *asked) if name in READERS}
    options = {name: value for name, value in asked.items() if name not in READERS}
    types = types_of(counter_of(names, **options).columns)
    return frame.mapInArrow(partial(cost_batches, **asked), _struct(types, frame))


@in_python_words()
def spark_networks(frame: DataFrame, text: str = "text", **asked: Any) -> DataFrame:
    """The totals of networks as a lazy frame, from a column of YAML or JSON; as ``network_batches`` gives them."""
    types = network_types(asked.get("columns"))
    return frame.mapInArrow(partial(network_batches, text=text, **asked), _struct(types, frame))


def _struct(types: Mapping[str, str], frame: DataFrame | None = None) -> StructType:
    """The columns of a frame, and these behind them."""
    with needs("spark"):
        import pandas  # noqa: F401  (Spark's driver asks for it)
        from pyspark.sql.types import StructType
    struct = StructType([*(frame.schema.fields if frame else ())])
    for name, type_ in types.items():
        struct = struct.add(name, TYPES[type_])
    return struct
