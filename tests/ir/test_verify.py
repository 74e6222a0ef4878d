"""The verifier refuses each kind of broken graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lazynd.ir.call import Call, call
from lazynd.ir.derived import Derivation, Derived
from lazynd.ir.graph import Graph
from lazynd.ir.node import Node, Output, apply, leaf
from lazynd.ir.primitive import PRIMITIVES
from lazynd.ir.specialization import Slot, Specialization
from lazynd.ir.types import DTYPES, Type
from lazynd.ir.verify import VerificationError, verify

FLOAT = Type((2,), DTYPES["float32"])
INT = Type((2,), DTYPES["int32"])
ADD = PRIMITIVES["add"].specialize((FLOAT, FLOAT), {})
SORT = PRIMITIVES["sort"].specialize((FLOAT, FLOAT), {"axis": 0})


def derived(in_types: tuple[Type, ...], body: Graph, out_types: tuple[Type, ...]) -> Specialization:
    derivation = Derivation(ADD, "vjp", (True, True), (True,))
    return Specialization(Derived("vjp_add", derivation), in_types, {}, out_types, body=body)


def broken() -> dict[str, tuple[Graph, str]]:
    a, b, i = leaf(FLOAT), leaf(FLOAT), leaf(INT)
    good, pair = apply(ADD, [a, b]), apply(SORT, [a, b])
    later = apply(ADD, [good, b])
    mistyped, wrong_rule = apply(ADD, [a, b]), apply(ADD, [a, b])
    mistyped.type = INT
    wrong_rule.spec = Specialization(ADD.op, ADD.in_types, {}, (INT,))
    wrong_rule.type = INT
    refused = apply(ADD, [a, b])
    refused.spec = Specialization(ADD.op, (FLOAT, INT), {}, (FLOAT,))
    misread = Output(pair, 1, INT)
    ran = apply(ADD, [a, b])
    ran.inputs = None
    body = Graph([a, b], [good])
    return {
        "a parameter that is applied": (Graph([a, good], [good], [good]), "parameter is an applied node"),
        "a parameter with a value": (Graph([leaf(FLOAT, np.ones(2))], []), "holds a value"),
        "a parameter twice": (Graph([a, a], [a]), "parameter occurs twice"),
        "a leaf among nodes": (Graph([a], [b], [b]), "a leaf among applied nodes"),
        "a node that ran": (Graph([a, b], [ran], [ran]), "a leaf among applied nodes"),
        "a node twice": (Graph([a, b], [good], [good, good]), "occurs twice"),
        "too few inputs": (Graph([a], [one := apply(ADD, [a])], [one]), "2 inputs expected, 1 given"),
        "a user before its input": (Graph([a, b], [later], [later, good]), "does not come before it"),
        "a foreign parameter": (Graph([a], [good], [good]), "does not come before it"),
        "an output that is none": (
            Graph([a, b], [bad := apply(ADD, [Output(good, 1, FLOAT), b])], [good, bad]),
            "does not come before it",
        ),
        "an operand of another type": (Graph([a, i], [bad := apply(ADD, [a, i])], [bad]), "expected float32"),
        "a result of another type": (Graph([a, b], [mistyped], [mistyped]), "its rule says"),
        "types that no rule gave": (Graph([a, b], [wrong_rule], [wrong_rule]), "not the one that its type rule gives"),
        "types that the rule refuses": (Graph([a, b], [refused], [refused]), "its type rule refuses it"),
        "a reference of another type": (Graph([a, b], [misread], [pair]), "is typed int32"),
        "a result from elsewhere": (Graph([a, b], [good], []), "an output is no value of the graph"),
        "a body with other parameters": (
            Graph([a], [bad := apply(derived((FLOAT,), body, (FLOAT,)), [a])], [bad]),
            "its body has other parameters",
        ),
        "a body with other outputs": (
            Graph([a, b], [bad := apply(derived((FLOAT, FLOAT), body, (INT,)), [a, b])], [bad]),
            "its body has other outputs",
        ),
    }


def broken_calls() -> dict[str, tuple[Graph, str]]:
    a, b = leaf(FLOAT), leaf(FLOAT)
    good = Graph([a, b], [apply(ADD, [a, b])])
    lost = Graph([a], good.outputs, good.nodes)
    mistyped = Graph([a, b], [apply(ADD, [a, b])])
    mistyped.nodes[0].type = INT

    def node(body: Graph | None, **changes: Any) -> Graph:
        spec = Specialization(Call("f"), (FLOAT, FLOAT), {}, (FLOAT,), body=body)
        for name, value in changes.items():
            setattr(spec, name, value)
        x, y = leaf(FLOAT), leaf(FLOAT)
        return Graph([x, y], [apply(spec, [x, y, *(leaf(s.type) for s in spec.slots)])])

    nested = call(Graph([b, a], [apply(call(good, "good"), [b, a])]), "nested")
    assert nested.body is not None
    nested.body.nodes[0].inputs = (a,)
    outer = Graph([a, b], [apply(nested, [a, b])])
    slot = Slot("lr", "static", FLOAT)
    return {
        "no body": (node(None), "it has no body"),
        "another call of the structure": (node(good), "not the one call of its structure"),
        "other parameters": (node(Graph([b], [b])), "its body has other parameters"),
        "other outputs": (node(Graph([a, b], [a, b])), "its body has other outputs"),
        "an input from outside": (node(lost), "does not come before it"),
        "a node of another type": (node(mistyped), "its rule says"),
        "writes that do not fit": (node(good, writes=(2,)), "not different ones"),
        "a slot of no kind": (node(good, in_types=(FLOAT,), slots=(slot,)), "is no slot"),
        "a broken call in a call": (outer, "2 inputs expected, 1 given"),
    }


@pytest.mark.parametrize("case", broken_calls())
def test_a_broken_call_is_refused(case: str) -> None:
    graph, reason = broken_calls()[case]
    if graph.nodes[0].spec is not None and graph.nodes[0].spec.slots:
        graph.nodes[0].inputs = graph.inputs
    with pytest.raises(VerificationError, match=reason):
        verify(graph)


@pytest.mark.parametrize("case", broken())
def test_a_broken_graph_is_refused(case: str) -> None:
    graph, reason = broken()[case]
    with pytest.raises(VerificationError, match=reason):
        verify(graph)


def test_a_good_graph_passes_through() -> None:
    a, b = leaf(FLOAT), leaf(FLOAT)
    pair = apply(SORT, [a, apply(ADD, [a, b])])
    graph = Graph([a, b], [pair, Output(pair, 1, FLOAT), a])
    assert verify(graph) is graph


def test_a_derived_operator_passes() -> None:
    a, b = leaf(FLOAT), leaf(FLOAT)
    body = Graph([a, b], [apply(ADD, [a, b])])
    x, y = leaf(FLOAT), leaf(FLOAT)
    node: Any = apply(derived((FLOAT, FLOAT), body, (FLOAT,)), [x, y])
    assert isinstance(node, Node)
    verify(Graph([x, y], [node]))
