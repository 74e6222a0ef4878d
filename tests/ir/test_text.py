"""Graphs print and parse back to equal graphs: every operator, its gradients, and what is no graph."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from lazynd import autograd, nd, viz
from lazynd.ir import build as ir
from lazynd.ir.call import call
from lazynd.ir.control import as_graph, scan
from lazynd.ir.graph import Graph, equal_graphs
from lazynd.ir.linearize import linearize
from lazynd.ir.node import Output, apply, leaf
from lazynd.ir.parse import ParseError, parse_graph, parse_type
from lazynd.ir.primitive import PRIMITIVES
from lazynd.ir.specialization import Slot, Specialization
from lazynd.ir.text import print_graph
from lazynd.ir.types import CPU, DTYPES, Context, Type
from lazynd.ir.value import Value, results, wrap
from lazynd.ir.verify import verify
from lazynd.ops import OPERATORS

from .. import differentiation as d

ALL = {operator.name: operator for operator in OPERATORS.values()}


def derived(spec: Specialization) -> Iterator[Specialization]:
    """``spec``, its forward pass with residuals, its gradient, and both of the gradient."""
    yield spec
    for _ in range(2):
        linear = linearize(spec, d.needs_of(spec))
        yield linear.spec
        step = linear.backward(tuple(t.dtype.kind == "f" for t in linear.spec.out_types))
        if step.spec is None:
            return
        spec = step.spec
        yield spec


def round_trip(graph: Graph) -> None:
    text = print_graph(graph)
    back = verify(parse_graph(text, OPERATORS))
    assert equal_graphs(back, graph) and equal_graphs(graph, back), text
    assert print_graph(back, locations=False) == print_graph(graph, locations=False)


@pytest.mark.parametrize("name", sorted(ALL))
def test_operators_and_their_gradients_round_trip(name: str) -> None:
    samples = ALL[name].samples
    assert samples is not None
    for arrays, attributes in samples(np.random.default_rng(5)):
        for spec in derived(d.bind(ALL[name], arrays, attributes)[0]):
            round_trip(d.graph_of(spec))
            if spec.pruned is not None:
                round_trip(d.graph_of(spec.pruned[0]))
            body = spec.body
            assert body is not None
            round_trip(body)


@pytest.mark.parametrize("name", sorted(PRIMITIVES))
def test_primitives_round_trip(name: str) -> None:
    for arrays, attributes in PRIMITIVES[name].samples(np.random.default_rng(5)):
        types = tuple(Type(np.shape(a), np.asarray(a).dtype) for a in arrays)
        round_trip(d.graph_of(PRIMITIVES[name].specialize(types, attributes)))


@pytest.mark.lazy  # looks at what is pending
def test_a_recorded_step_round_trips() -> None:
    x = nd.ones((2, 3))
    x.attach_grad()
    with autograd.record():
        loss = nd.log_softmax(nd.dot(x, nd.ones((3, 4))) * 0.5).sum()
    loss.backward()
    for graph in viz.stages(x.grad):
        round_trip(graph)


def test_the_text_form() -> None:
    # A contract: tests of passes and documents quote it.
    text = """\
graph main(%0: float32[2,3], %1: float32[], %2: float32[2,3]) {
  %3: float32[2,3] = _mul_scalar(%0, scalar=%1)
  %4: float32[2,3] = SoftmaxActivation(%3) {mode='channel'}
  %5: float32[2,3] = vjp_SoftmaxActivation(%3, %2) {mode='channel'} from SoftmaxActivation(float32[2,3]) vjp(0; 0)
  %6: float32[3,2] = ir.transpose(%5) {axes=(1, 0)}
  %7: float32[3,2], int32[3,2] = ir.sort(%6, %8) {axis=0}
  return %7, %7.1
}
""".replace("ir.sort(%6, %8)", "ir.sort(%6, %6)").replace("int32[3,2]", "float32[3,2]")
    assert print_graph(parse_graph(text, OPERATORS)) == text


def test_contexts_and_locations() -> None:
    graph = parse_graph(
        """
        # A comment, and a line of the user's after each node.
        graph step(%0: float32[2]@gpu(1)) {

          %1: float32[2]@cpu(2) = ir.copy(%0) {context=cpu(2)}  # train.py:12
          return %1  # what is wanted
        }"""
    )
    assert graph.name == "step"
    assert graph.inputs[0].type is Type((2,), DTYPES["float32"], Context("gpu", 1))
    assert graph.outputs[0].type.context is Context("cpu", 2)
    round_trip(graph)


def test_a_graph_without_nodes() -> None:
    round_trip(parse_graph("graph main(%0: int8[]) {\n  return %0, %0\n}"))
    round_trip(parse_graph("graph main() {\n  return \n}"))


@pytest.mark.parametrize("text", ["float32", "float33[2]", "float32[2", "float32[a]", "float32[2]@tpu"])
def test_text_that_is_no_type(text: str) -> None:
    with pytest.raises(ParseError, match="expected a type"):
        parse_type(text)


HEAD = "graph main(%0: float32[2], %1: int32[2]) {\n"
WRONG = {
    "": "the text is empty",
    "graph main {": "line 1: expected 'graph NAME",
    HEAD: "no return",
    HEAD + "return %0": "closing brace is missing",
    HEAD + "return %0\n}\n%2": "line 3: expected the closing brace",
    HEAD + "return %5\n}": "%5 is not defined",
    HEAD + "%2: float32[2] = ir.add(%0, %3)\nreturn %2\n}": "line 2: %3 is not defined",
    HEAD + "%1: float32[2] = ir.add(%0, %0)\nreturn %1\n}": "%1 is defined twice",
    HEAD + "%2: float32[3] = ir.add(%0, %0)\nreturn %2\n}": r"add gives float32\[2\], not float32\[3\]",
    HEAD + "%2: float32[2] = ir.add(%0, %1)\nreturn %2\n}": r"add: expected float32\[2\] as 1-th operand",
    HEAD + "%2: float32[2] = ir.plus(%0, %0)\nreturn %2\n}": "no primitive 'plus'",
    HEAD + "%2: float32[2] = plus(%0, %0)\nreturn %2\n}": "no operator 'plus'",
    HEAD + "%2: float32[2] = ir.reshape(%0) {shape=(2,}\nreturn %2\n}": "line 2: ",
    HEAD + "%2: float32[2] = ir.reshape(%0) {form=(2,)}\nreturn %2\n}": "line 2: ",
    HEAD + "%2: float32[2] = ir.add(%0, n=%0)\nreturn %2\n}": "line 2: ",
    HEAD + "%2: float32[2] = ir.add(n=%0, %0)\nreturn %2\n}": "operand follows a scalar slot",
    HEAD + "%2: float32[2] = softmax(%0) {axes=0}\nreturn %2\n}": "line 2: ",
    HEAD + "%2: float32[2] = softmax(%0) {axis=0, temperature=None} from x\nreturn %2\n}": "expected 'OP",
    HEAD + "%2: float32[2] add %0\nreturn %2\n}": "expected '%NAME",
    HEAD + "return %0.1\n}": "%0.1 is not defined",
}


@pytest.mark.parametrize("text", WRONG)
def test_text_that_is_no_graph_says_where(text: str) -> None:
    with pytest.raises(ParseError, match=WRONG[text]):
        parse_graph(text, OPERATORS)


def _binary(name: str, *operands: Any) -> Any:
    return apply(PRIMITIVES[name].specialize(tuple(o.type for o in operands), {}), operands)


def test_graphs_that_differ_are_not_equal() -> None:
    a, b = leaf(Type((2,), DTYPES["float32"], CPU)), leaf(Type((2,), DTYPES["float32"], CPU))
    base = Graph([a, b], [_binary("subtract", a, b)])
    assert equal_graphs(base, Graph([a, b], [_binary("subtract", a, b)]))
    assert equal_graphs(base, Graph([b, a], [_binary("subtract", b, a)]))
    wide = leaf(Type((3,), DTYPES["float32"], CPU))
    pair = apply(PRIMITIVES["sort"].specialize((a.type, a.type), {"axis": 0}), [a, b])
    others = [
        Graph([a, b], [_binary("subtract", b, a)]),
        Graph([a, b], [_binary("add", a, b)]),
        Graph([a], [_binary("subtract", a, a)]),
        Graph([a, wide], [_binary("subtract", a, a)]),
        Graph([a, b], [a]),
        Graph([a, b], base.outputs * 2),
        Graph([a, b], base.outputs, name="other"),
    ]
    for other in others:
        assert not equal_graphs(base, other) and not equal_graphs(other, base)
    first, second = Graph([a, b], [pair]), Graph([a, b], [Output(pair, 1, a.type)])
    assert not equal_graphs(first, second)


# ------------------------------------------------------------------------------------------------------ calls

FLOATS, NUMBER, WORD = Type((2,), DTYPES["float32"]), Type((), DTYPES["float32"]), Type((), DTYPES["uint32"])
SLOTS = (Slot("lr", "runtime", NUMBER), Slot("at", "index", NUMBER), Slot("key", "draw", WORD))
CALLS = """graph scale(%0: float32[2], %1: float32[2]) {
  %2: float32[2] = ir.exponential(%0)
  %3: float32[2] = ir.multiply(%2, %1)
  return %3
}
graph scale2(%0: float32[2], %1: float32[2]) {
  %2: float32[2] = @scale(%1, %0)
  return %2
}
graph step(%0: float32[2], %1: float32[2], %2: float32[] runtime lr, %3: uint32[] draw key) writes(1, 0) {
  %4: float32[2] = @scale(%0, %1)
  %5: float32[2] = @scale2(%4, %1)
  return %1, %4, %5
}
graph main(%0: float32[2], %1: float32[2], %2: float32[], %3: uint32[]) {
  %4: float32[2], float32[2], float32[2] = @step(%0, %1, lr=%2, key=%3)
  return %4, %4.1, %4.2
}
"""


def test_the_text_form_of_calls() -> None:
    graph = verify(parse_graph(CALLS))
    spec = graph.nodes[0].spec
    assert spec is not None and spec.writes == (1, 0)
    assert [(slot.name, slot.kind, slot.type) for slot in spec.slots] == [
        ("lr", "runtime", NUMBER), ("key", "draw", WORD),
    ]  # fmt: skip
    inner = [node.spec for node in (spec.body or graph).nodes]
    assert [each.op.name for each in inner if each is not None] == ["scale", "scale2"]
    again = parse_graph(CALLS)
    assert equal_graphs(again, graph), "equal calls are one specialization"
    assert print_graph(graph) == CALLS


def test_two_graphs_of_one_name_are_told_apart() -> None:
    def named_alike(body: Graph) -> Specialization:
        return call(body, "dense")

    first = named_alike(as_graph(lambda x: [ir.sin(x)], [FLOATS]))
    second = named_alike(as_graph(lambda x: results(wrap(first, [ir.cos(x).ref])), [FLOATS]))
    third = call(as_graph(lambda x: [ir.tanh(x)], [FLOATS]), "main")
    graph = as_graph(lambda x: [wrap(each, [x.ref]) for each in (third, second, first, second)], [FLOATS])
    text = print_graph(graph)
    heads = [line.split("(")[0] for line in text.splitlines() if line.startswith("graph")]
    assert heads == ["graph main2", "graph dense", "graph dense2", "graph main"]
    assert text.count("= @dense2(") == 2
    round_trip(graph)


def test_what_is_derived_from_calls_round_trips() -> None:
    def body(x: Value, unread: Value, w: Value, lr: Value, at: Value, key: Value) -> list[Value]:
        (inner,) = results(wrap(scale, [ir.sin(x).ref, w.ref]))
        h, (rows,) = scan(lambda s, r, c: ((ir.tanh(s[0] * r[0]),), (s[0],)), (inner,), (ir.reshape(w, (2, 1)),))
        return [x, h[0] * lr, ir.sum(rows, 0)]

    scale = call(as_graph(lambda x, w: [ir.exp(x) * w], [FLOATS, FLOATS]), "scale")
    other = call(as_graph(lambda x, w: [ir.exp(x) + w], [FLOATS, FLOATS]), "vjp_scale")
    spec = call(as_graph(body, [FLOATS] * 3 + [s.type for s in SLOTS]), "<lambda>", SLOTS, (1,))
    steps = [*derived(spec), *derived(scale), *derived(other)]
    assert len(steps) > 10
    for each in steps:
        round_trip(d.graph_of(each))
        if each.pruned is not None:
            round_trip(d.graph_of(each.pruned[0]))
        assert each.body is not None
        round_trip(each.body)
    together = [results(wrap(each, [leaf(t) for t in each.in_types])) for each in derived(scale)]
    made = [v.ref for values in together for v in values]
    inputs = [ref.node for v in made for ref in v.node.inputs or ()]
    round_trip(Graph(list(dict.fromkeys(inputs)), made))
    text = print_graph(d.graph_of(linearize(spec, (True, False, True)).spec))
    assert "= <lambda>(" in text and "from @<lambda>(float32[2], float32[2], float32[2]) keep(0, 2)" in text


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("@scale2(%4, %1)", "@scale3(%4, %1)", "there is no graph 'scale3' before its use"),
        ("@scale2(%4, %1)", "@step(%4, %1)", "there is no graph 'step' before its use"),
        ("@scale(%0, %1)", "@scale(%0)", "expects float32"),
        ("@scale(%0, %1)", "@scale(%0, %1) {axis=1}", "has attributes"),
        ("lr=%2, key=%3", "lr=%2, seed=%3", "has scalar slots"),
        ("lr=%2, key=%3", "%2, %3", "has scalar slots"),
        ("runtime lr", "static lr", "is no slot"),
        ("runtime lr", "runtime", "expected '%NAME: TYPE', or '%NAME: TYPE KIND SLOT'"),
        ("draw key", "", "an input follows a slot"),
        ("writes(1, 0)", "writes(1, 1)", "not different ones"),
        ("writes(1, 0)", "writes(4)", "not different ones"),
        ("= @step(", "= @steps(", "there is no graph"),
        ("key=%3)", "key=%3) from @step(float32[2]) keep(0)", "is a call on"),
        ("key=%3)", "key=%3) from @step(float32[2], float32[2]) keep(0)", "the derivation gives step, not @step"),
        ("= @step(", "= step(", "there is no operator 'step'"),
    ],
)
def test_text_that_is_no_call_is_refused(before: str, after: str, reason: str) -> None:
    assert before in CALLS
    with pytest.raises(ParseError, match=re.escape(reason)):
        parse_graph(CALLS.replace(before, after, 1))
