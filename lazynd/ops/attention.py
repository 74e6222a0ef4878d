"""Products of attention with several heads (Vaswani et al., "Attention is all you need", 2017).

Arrays are [length, batch, features]. Queries, keys and values that come out of one projection lie beside one another
in the features: head by head, and within each head the queries, then the keys, then the values.
"""

from __future__ import annotations

import math
from typing import Any

from ..ir import build as ir
from ..ir.build import Value
from ..ir.types import is_floating, require
from .operator import op
from .partial import same


def _f(rng: Any, *shape: int) -> Any:
    return rng.uniform(-1, 1, shape).astype("float32")


def _by_head(name: str, x: Value, heads: int, parts: int) -> tuple[Value, ...]:
    """The ``parts`` that lie beside one another in ``x``, each [length, batch, heads, features of a head]."""
    require(is_floating(x.dtype), f"{name} must be of floats, got {x.type}")
    require(x.ndim == 3, f"Input {name} should be 3D in seq_length-batch-proj_dim, currently is: {x.ndim}D")
    require(heads > 0, f"heads must be above 0, got {heads}")
    length, batch, features = x.shape
    require(
        features % (heads * parts) == 0, f"the {features} features of {name} are not {heads} heads of {parts} parts"
    )
    apart = ir.moveaxis(ir.reshape(x, (length, batch, heads, parts, features // (heads * parts))), 3, 0)
    return tuple(ir.row(apart, k) for k in range(parts))


def _scores(queries: Value, keys: Value) -> Value:
    """Products of queries and keys over the root of a head's features: [batch * heads, query, key]."""
    lengths = queries.shape[0], keys.shape[0]
    scaled = queries * (1 / math.sqrt(max(queries.shape[3], 1)))
    made = ir.dot_general(scaled, keys, ((3,), (3,)), ((1, 2), (1, 2)))
    return ir.reshape(made, (queries.shape[1] * queries.shape[2], *lengths))


def _attended(attention: Value, values: Value) -> Value:
    """Values weighted by ``attention`` [batch * heads, query, key]: [query, batch, heads * features of a head]."""
    length, batch, heads, features = values.shape
    require(
        attention.ndim == 3,
        f"Input attention should be 3D in batch-seq_length-seq_length, currently is: {attention.ndim}D",
    )
    require(
        attention.dtype == values.dtype,
        f"Incompatible attr in node  at 1-th input: expected {values.dtype}, got {attention.dtype}",
    )
    require(
        attention.shape[0] == batch * heads,
        f"attention.shape[0] should be batch size * heads, {batch * heads}, currently is: {attention.shape[0]}",
    )
    require(
        attention.shape[2] == length,
        f"attention.shape[2] should be the length of the values, {length}, currently is: {attention.shape[2]}",
    )
    asked = attention.shape[1]
    weights = ir.reshape(attention, (batch, heads, asked, length))
    made = ir.dot_general(weights, values, ((3,), (0,)), ((0, 1), (1, 2)))
    return ir.reshape(ir.transpose(made, (2, 0, 1, 3)), (asked, batch, heads * features))


@op(
    name="_contrib_interleaved_matmul_selfatt_qk",
    method=False,
    samples=lambda r: [((_f(r, 4, 2, 12),), {"heads": 2}), ((_f(r, 3, 1, 6),), {"heads": 1})],
)
def interleaved_matmul_selfatt_qk(queries_keys_values: Value, *, heads: int) -> Value:
    """How much each position attends to each other one: queries times keys, over the root of a head's features.

    ``queries_keys_values``, floats [length, batch, heads * 3 * features], gives [batch * heads, length, length].
    """
    queries, keys, _ = _by_head("queries_keys_values", queries_keys_values, heads, 3)
    return _scores(queries, keys)


@op(
    name="_contrib_interleaved_matmul_selfatt_valatt",
    method=False,
    samples=lambda r: [
        ((_f(r, 4, 2, 12), _f(r, 4, 4, 4)), {"heads": 2}),
        ((_f(r, 3, 1, 6), _f(r, 1, 3, 3)), {"heads": 1}),
    ],
)
def interleaved_matmul_selfatt_valatt(queries_keys_values: Value, attention: Value, *, heads: int) -> Value:
    """The values weighted by how much each position attends to each other one.

    ``queries_keys_values`` [length, batch, heads * 3 * features] and ``attention`` [batch * heads, length, length]
    give [length, batch, heads * features]; floats of one dtype.
    """
    values = _by_head("queries_keys_values", queries_keys_values, heads, 3)[2]
    made = _attended(attention, values)
    require(
        made.shape[0] == values.shape[0],
        f"queries_keys_values.shape[0] and attention.shape[1] should be the same, currently are {values.shape[0]} and "
        f"{made.shape[0]}",
    )
    return made


@op(
    name="_contrib_interleaved_matmul_encdec_qk",
    method=False,
    samples=lambda r: [
        ((_f(r, 3, 2, 4), _f(r, 5, 2, 8)), {"heads": 2}),
        ((_f(r, 2, 1, 3), _f(r, 4, 1, 6)), {"heads": 3}),
    ],
)
def interleaved_matmul_encdec_qk(queries: Value, keys_values: Value, *, heads: int) -> Value:
    """How much each query attends to each key: their products, over the root of a head's features.

    ``queries`` [query length, batch, heads * features] and ``keys_values`` [key length, batch, heads * 2 * features]
    give [batch * heads, query length, key length]; floats of one dtype.
    """
    (asked,) = _by_head("queries", queries, heads, 1)
    keys, _ = _by_head("keys_values", keys_values, heads, 2)
    require(
        keys.dtype == asked.dtype, f"Incompatible attr in node  at 1-th input: expected {asked.dtype}, got {keys.dtype}"
    )
    require(
        keys.shape[1] == asked.shape[1],
        f"queries.shape[1] should be equal to keys_values.shape[1], currently are: {asked.shape[1]}, {keys.shape[1]}",
    )
    require(
        keys.shape[3] == asked.shape[3],
        f"keys_values.shape[2] should be equal to queries.shape[2] * 2, currently are: {keys_values.shape[2]} and "
        f"{queries.shape[2]}",
    )
    return _scores(asked, keys)


@op(
    name="_contrib_interleaved_matmul_encdec_valatt",
    method=False,
    samples=lambda r: [
        ((_f(r, 5, 2, 8), _f(r, 4, 3, 5)), {"heads": 2}),
        ((_f(r, 4, 1, 6), _f(r, 3, 2, 4)), {"heads": 3}),
    ],
)
def interleaved_matmul_encdec_valatt(keys_values: Value, attention: Value, *, heads: int) -> Value:
    """The values weighted by how much each query attends to each key.

    ``keys_values`` [key length, batch, heads * 2 * features] and ``attention`` [batch * heads, query length, key
    length] give [query length, batch, heads * features]; floats of one dtype.
    """
    return _attended(attention, _by_head("keys_values", keys_values, heads, 2)[1])


@op(
    name="_contrib_div_sqrt_dim",
    method=False,
    shapes=same,
    samples=lambda r: [((_f(r, 2, 3),), {}), ((_f(r, 2, 1, 5),), {})],
)
def div_sqrt_dim(data: Value) -> Value:
    """``data`` over the root of its last extent, which is truncated where ``data`` has integers."""
    require(data.ndim > 0, "data has no last axis")
    return data / ir.constant(max(math.sqrt(data.shape[-1]), 1), data.type)
