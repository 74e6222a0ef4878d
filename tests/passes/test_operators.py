"""Passes on the graph as recorded: rules hold operators, never names, and change no bit."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from lazynd import nd, viz
from lazynd.backends.numpy import evaluate
from lazynd.ir.graph import Graph, number_nodes
from lazynd.ir.node import apply, leaf
from lazynd.ir.parse import parse_graph
from lazynd.ir.primitive import PRIMITIVES
from lazynd.ir.text import print_graph
from lazynd.ir.types import FLOAT32, Type
from lazynd.ir.verify import verify
from lazynd.ops import OPERATORS
from lazynd.passes import OPERATORS as ON_OPERATORS
from lazynd.passes import PRIMITIVES as ON_PRIMITIVES
from lazynd.passes import (
    Pass,
    common_subexpressions,
    expand,
    fold_constants,
    prune_loops,
    simplify_operators,
)
from lazynd.passes.operators import OPERATOR_RULES, RESHAPING
from lazynd.passes.pattern import applied, o, p, rule, variable
from lazynd.passes.rules import apply_rules, by_root
from lazynd.passes.simplify import RULES

from ..ir.special import special_values


def parsed(parameters: str, body: str) -> Graph:
    return verify(parse_graph(f"graph main({parameters}) {{\n{body}\n}}", OPERATORS))


def names(graph: Graph) -> list[str]:
    return [node.spec.op.name for node in graph.nodes if node.spec is not None]


TWICE = "%1: float32[3,2] = transpose(%0) {axes=()}\n%2: float32[2,3] = transpose(%1) {axes=()}\nreturn %2"


@pytest.mark.parametrize("step", ON_PRIMITIVES, ids=lambda step: step.__name__)
def test_passes_on_primitives_leave_operators_of_the_same_name(step: Pass) -> None:
    graph = parsed("%0: float32[2,3]", TWICE)
    assert print_graph(step(graph)) == print_graph(graph)


def test_rules_hold_what_they_are_about() -> None:
    assert all(rule.left.op is PRIMITIVES[rule.left.op.name] for rule in RULES)
    assert all(rule.left.op is OPERATORS[rule.left.op.name] for rule in OPERATOR_RULES)
    x = variable("x")
    assert p.transpose(x).op is PRIMITIVES["transpose"] and o.transpose(x).op is OPERATORS["transpose"]
    assert applied(OPERATORS["transpose"], x) == o.transpose(x) != p.transpose(x)
    for vocabulary, what in ((p, "primitive"), (o, "operator")):
        with pytest.raises(AttributeError, match=f"there is no {what} 'trnspose'"):
            vocabulary.trnspose(x)


TRANSPOSES = [
    (a, b) for a, b in product(["()", "(1, 2, 0)", "(0, 2, 1)", "(-1, 0, 1)"], repeat=2)
]  # fmt: skip


@pytest.mark.parametrize("a, b", TRANSPOSES)
def test_axes_moved_twice_are_moved_once(a: str, b: str) -> None:
    types = {"()": (2, 1, 0), "(1, 2, 0)": (1, 2, 0), "(0, 2, 1)": (0, 2, 1), "(-1, 0, 1)": (2, 0, 1)}
    first = [(2, 3, 4)[i] for i in types[a]]
    second = [first[i] for i in types[b]]
    graph = parsed(
        "%0: float32[2,3,4]",
        f"%1: float32[{','.join(map(str, first))}] = transpose(%0) {{axes={a}}}\n"
        f"%2: float32[{','.join(map(str, second))}] = transpose(%1) {{axes={b}}}\nreturn %2",
    )
    made = verify(simplify_operators(graph))
    moved = [(0, 1, 2)[types[a][i]] for i in types[b]] != [0, 1, 2]
    assert names(made) == ["transpose"] * moved
    agree(graph, made)


def agree(before: Graph, after: Graph) -> None:
    """To the bit, on special values."""
    rng = np.random.default_rng(1)
    inputs = [rng.choice(special_values(n.type.dtype), n.type.shape).astype(n.type.dtype) for n in before.inputs]
    for one, other in zip(evaluate(expand(before), inputs), evaluate(expand(after), inputs), strict=True):
        assert one.dtype == other.dtype and one.tobytes() == other.tobytes()


#: Calls that give arrays of 24 elements, of any shape that has them, another shape.
SHAPED: dict[str, dict[str, Any]] = {
    "Reshape": {"shape": (4, -1)},
    "_reshape_to": {"shape": (6, 4)},
    "Flatten": {},
    "expand_dims": {"axis": 1},
    "squeeze": {},
}


@pytest.mark.parametrize("source", [(2, 3, 4), (1, 24), (4, 6), (1, 4, 1, 6)])
@pytest.mark.parametrize("outer, inner", list(product(SHAPED, repeat=2)))
def test_shapes_changed_twice_are_changed_once(inner: str, outer: str, source: tuple[int, ...]) -> None:
    assert {operator.name for operator in RESHAPING} == set(SHAPED)
    start = made = leaf(Type(source, FLOAT32))
    for name in (inner, outer):
        made = apply(OPERATORS[name].bind((made.type,), SHAPED[name])[0], [made])
    graph = Graph([start], [made])
    simpler = verify(simplify_operators(graph))
    assert names(simpler) == ([] if made.type is start.type else ["_reshape_to"])
    agree(graph, simpler)


@pytest.mark.lazy
def test_views_of_the_whole_are_shapes() -> None:
    """The method ``reshape`` records a view; one of the whole array is another shape of it, whatever its offset."""
    y = nd.arange(6).reshape((2, 3)) * 1
    whole = viz.graph((y.reshape((3, 2)).reshape((6,)) + 0).sum())
    made = verify(simplify_operators(whole))
    assert names(whole).count("_view") == 2 and "_view" not in names(made) and names(made).count("_reshape_to") == 2
    part = viz.graph(y[1].reshape((3, 1)) + 0)
    assert "_view" in names(simplify_operators(part))


def test_what_is_negated_twice_is_itself() -> None:
    body = "%1: T = negative(%0)\n%2: T = negative(%1)\nreturn %2"
    for dtype in ("float32", "float16", "int8", "uint8"):
        graph = parsed(f"%0: {dtype}[7]", body.replace("T", f"{dtype}[7]"))
        made = simplify_operators(graph)
        assert not made.nodes
        agree(graph, made)


@pytest.mark.lazy
def test_the_same_call_is_made_once() -> None:
    x = nd.ones((2, 3)) * 2
    y = nd.softmax(nd.dot(x, x, transpose_b=True))
    again = nd.softmax(nd.dot(x, x, transpose_b=True))
    graph = viz.graph(y + again)
    assert names(graph).count("softmax") == 2
    made = verify(common_subexpressions(graph))
    assert names(made).count("softmax") == names(made).count("dot") == 1
    assert len(expand(made)) < len(expand(graph))


@pytest.mark.lazy
def test_draws_are_not_merged() -> None:
    graph = viz.graph(nd.random.uniform(shape=(3,)) + nd.random.uniform(shape=(3,)))
    assert names(common_subexpressions(graph)) == names(graph)


@pytest.mark.lazy
def test_every_pass_hands_origins_on() -> None:
    x = nd.ones((2, 3))
    x.wait_to_read()
    (y,) = (nd.relu(nd.arange(3) + x * 1 - 0).T.T.sum(axis=1) * nd.ones((2,)),)
    graph = number_nodes(viz.graph(y))
    for step in (*ON_OPERATORS, expand, *ON_PRIMITIVES):
        graph = step(graph)
        assert all(node.origin and max(node.origin) < 100 for node in graph.nodes), step


def test_a_step_leaves_the_graph_before_it_as_it_was() -> None:
    """What is merged comes from several nodes; the nodes of the stage before know of one each."""
    graph = number_nodes(
        parsed("%0: float32[2]", "%1: float32[2] = ir.tanh(%0)\n%2: float32[2] = ir.tanh(%0)\nreturn %1, %2")
    )
    made = common_subexpressions(graph)
    assert [node.origin for node in made.nodes] == [(0, 1)]
    assert [node.origin for node in graph.nodes] == [(0,), (1,)]
    unshared = parsed("%0: float32[2]", "%1: float32[2] = ir.tanh(%0)\nreturn %1")
    assert common_subexpressions(unshared) is unshared


def test_a_rule_of_another_type_is_refused() -> None:
    x = variable("x")
    wrong = by_root([rule(o.expand_dims(x), lambda x: x)])
    graph = parsed("%0: float32[2]", "%1: float32[1,2] = expand_dims(%0) {axis=0}\nreturn %1")
    with pytest.raises(TypeError, match=r"a rule for expand_dims gives float32\[2\] in place of float32\[1,2\]"):
        apply_rules(graph, wrong)


def test_options_change_what_a_pass_does() -> None:
    text = """
    %0: int32[9] = ir.constant() {value=int32[9](1, 2, 3, 4, 5, 6, 7, 8, 9), context=cpu(0)}
    %1: int32[9] = ir.add(%0, %0)
    return %1
    """
    assert names(fold_constants(parsed("", text))) == ["constant"]
    assert names(fold_constants(parsed("", text), most=8)) == ["constant", "add"]
    assert prune_loops(parsed("", text))
