"""Graphs as bytes: two graphs of primitives give the same bytes only if they mean the same computation."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from ..ir.graph import Graph
from ..ir.node import Node
from ..ir.primitive import Primitive
from ..ir.specialization import Specialization
from ..ir.types import Context, Type


class NotEncodable(TypeError):
    """An attribute whose meaning is not in its text."""


def encode_graph(graph: Graph, claimed: Callable[[Specialization], bytes | None] | None = None) -> bytes:
    """Types, operations, attributes to the bit, and wiring of ``graph``; names, locations and origins do not count.

    ``claimed`` gives bytes for the meaning of an operator that the backend runs as a whole; without it, a graph with
    operators is ``NotEncodable``.
    """
    number: dict[Node, int] = {node: i for i, node in enumerate(graph.inputs)}
    parts = [repr(node.type).encode() for node in graph.inputs]
    for node in graph.nodes:
        spec = node.spec
        assert spec is not None and node.inputs is not None
        wires = ",".join([f"{number[ref.node]}.{ref.index}" for ref in node.inputs])
        parts.append(
            (_specialization(spec) if isinstance(spec.op, Primitive) else _operator(spec, claimed)) + wires.encode()
        )
        number[node] = len(number)
    parts.append(",".join([f"{number[ref.node]}.{ref.index}" for ref in graph.outputs]).encode())
    return b"\n".join(parts)


def _specialization(spec: Specialization) -> bytes:
    found = spec.encoded
    if found is None:
        attributes = b";".join([key.encode() + b"=" + encode(value) for key, value in sorted(spec.attributes.items())])
        types = repr((spec.in_types, spec.out_types)).encode()
        found = spec.encoded = b"%s %s {%s} " % (spec.op.name.encode(), types, attributes)
    return found


def _operator(spec: Specialization, claimed: Callable[[Specialization], bytes | None] | None) -> bytes:
    meaning = None if claimed is None else claimed(spec)
    if meaning is None:
        raise NotEncodable(f"an operator: {spec!r}")
    types = repr((spec.in_types, spec.out_types)).encode()
    return b"operator %s %s {%s} " % (str(spec.op.name).encode(), types, meaning.hex().encode())


def encode(value: Any) -> bytes:
    """``value`` to the bit, its Python type included, with its length so that no two lists look alike."""
    kind = value.__class__
    if value is None or kind is bool or kind is int:
        body = repr(value).encode()
    elif kind is float:
        body = struct.pack("<d", value)
    elif kind is str:
        body = value.encode()
    elif kind is bytes:
        body = value
    elif kind is tuple or kind is list:
        body = b"".join(map(encode, value))
    elif isinstance(value, np.dtype):
        body = value.name.encode()
    elif isinstance(value, Context | Type):
        body = repr(value).encode()
    elif isinstance(value, np.ndarray | np.generic):
        array = np.asarray(value)
        if array.dtype == object:
            raise NotEncodable(f"an array of objects: {value!r}")
        body = encode(array.shape) + encode(array.dtype) + array.tobytes()
    elif isinstance(value, Graph):
        body = encode_graph(value)
    else:
        raise NotEncodable(f"{kind.__name__}: {value!r}")
    return b"%s:%d:%s" % (kind.__name__.encode(), len(body), body)
