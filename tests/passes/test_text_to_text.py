"""Passes as text in, text out: each concern alone, then the whole pipeline."""

from __future__ import annotations

import textwrap

import pytest

from lazynd.ir.graph import Graph
from lazynd.ir.parse import parse_graph
from lazynd.ir.text import print_graph
from lazynd.ir.verify import verify
from lazynd.ops import OPERATORS
from lazynd.passes import (
    PIPELINE,
    Pass,
    Stage,
    common_subexpressions,
    dead_code,
    expand,
    fold_constants,
    prune_loops,
    run_pipeline,
    simplify,
)


def graph(parameters: str, body: str) -> Graph:
    """A graph from the lines between its braces."""
    return verify(parse_graph(f"graph main({parameters}) {{\n{textwrap.dedent(body)}\n}}", OPERATORS))


def becomes(step: Pass, parameters: str, before: str, after: str) -> None:
    made = verify(step(graph(parameters, before)))
    assert print_graph(made, locations=False) == print_graph(graph(parameters, after), locations=False)


def stays(step: Pass, parameters: str, body: str) -> None:
    becomes(step, parameters, body, body)


X = "%0: float32[2,3]"


def test_expand_puts_bodies_in_place_of_operators() -> None:
    becomes(
        expand,
        "%0: float32[2,3], %1: float32[]",
        """
        %2: float32[2,3] = _mul_scalar(%0, scalar=%1)
        %3: float32[3] = sum(%2) {axis=0, keepdims=False, exclude=False}
        return %3
        """,
        """
        %2: float32[2,3] = ir.broadcast(%1) {shape=(2, 3), axes=()}
        %3: float32[2,3] = ir.multiply(%0, %2)
        %4: float32[3] = ir.reduce_sum(%3) {axes=(0,)}
        return %4
        """,
    )


def test_expand_reaches_derived_operators() -> None:
    becomes(
        expand,
        "%0: float32[2,3], %1: float32[2,3]",
        """
        %2: float32[2,3] = vjp_tanh(%0, %1) from tanh(float32[2,3]) vjp(0; 0)
        return %2
        """,
        print_body("vjp_tanh(%0, %1) from tanh(float32[2,3]) vjp(0; 0)"),
    )


def print_body(application: str) -> str:
    """The lines of an operator's body, whose parameters are %0 and %1."""
    made = graph(f"{X}, %1: float32[2,3]", f"%2: float32[2,3] = {application}\nreturn %2")
    spec = made.nodes[0].spec
    assert spec is not None
    body = spec.body
    assert body is not None
    return "\n".join(print_graph(body, locations=False).splitlines()[1:-1])


def test_dead_code_keeps_the_signature() -> None:
    becomes(
        dead_code,
        "%0: float32[2], %1: float32[2]",
        """
        %2: float32[2] = ir.negate(%1)
        %3: float32[2] = ir.add(%2, %1)
        %4: float32[2] = ir.negate(%0)
        return %4
        """,
        "%2: float32[2] = ir.negate(%0)\nreturn %2",
    )


def test_equal_nodes_are_merged() -> None:
    becomes(
        common_subexpressions,
        "%0: float32[2], %1: float32[2]",
        """
        %2: float32[2] = ir.subtract(%0, %1)
        %3: float32[2] = ir.subtract(%0, %1)
        %4: float32[2] = ir.multiply(%2, %1)
        %5: float32[2] = ir.multiply(%1, %3)
        %6: float32[2] = ir.subtract(%1, %0)
        return %4, %5, %6
        """,
        """
        %2: float32[2] = ir.subtract(%0, %1)
        %3: float32[2] = ir.multiply(%2, %1)
        %4: float32[2] = ir.subtract(%1, %0)
        return %3, %3, %4
        """,
    )


def test_all_outputs_of_equal_nodes_are_merged() -> None:
    becomes(
        common_subexpressions,
        "%0: float32[2], %1: int32[2]",
        """
        %2: float32[2], int32[2] = ir.sort(%0, %1) {axis=0}
        %3: float32[2], int32[2] = ir.sort(%0, %1) {axis=0}
        %4: float32[2] = ir.negate(%3)
        return %2.1, %3.1, %4
        """,
        """
        %2: float32[2], int32[2] = ir.sort(%0, %1) {axis=0}
        %3: float32[2] = ir.negate(%2)
        return %2.1, %2.1, %3
        """,
    )


@pytest.mark.parametrize("a, b", [("0.0", "-0.0"), ("nan", "nan:0100c07f"), ("1.0", "1.0000001")])
def test_constants_of_other_bits_are_not_merged(a: str, b: str) -> None:
    stays(
        common_subexpressions,
        "",
        f"""
        %0: float32[] = ir.constant() {{value=float32[]({a}), context=cpu(0)}}
        %1: float32[] = ir.constant() {{value=float32[]({b}), context=cpu(0)}}
        return %0, %1
        """,
    )


def test_draws_are_merged_only_if_they_are_the_same_draw() -> None:
    becomes(
        common_subexpressions,
        "%0: uint32[], %1: uint32[], %2: uint32[]",
        """
        %3: uint32[4] = ir.random_bits(%0, %1) {shape=(4,)}
        %4: uint32[4] = ir.random_bits(%0, %2) {shape=(4,)}
        %5: uint32[4] = ir.random_bits(%0, %1) {shape=(4,)}
        return %3, %4, %5
        """,
        """
        %3: uint32[4] = ir.random_bits(%0, %1) {shape=(4,)}
        %4: uint32[4] = ir.random_bits(%0, %2) {shape=(4,)}
        return %3, %4, %3
        """,
    )


def folded(operation: str, result: str, type: str = "float32[]", a: str = "1.5", b: str = "-0.25") -> None:
    dtype = type.partition("[")[0]
    source = "float32" if "convert" in operation else dtype
    becomes(
        fold_constants,
        "",
        f"""
        %0: {source}[] = ir.constant() {{value={source}[]({a}), context=cpu(0)}}
        %1: {source}[] = ir.constant() {{value={source}[]({b}), context=cpu(0)}}
        %2: {type} = {operation}
        return %2
        """,
        f"%0: {type} = ir.constant() {{value={type}({result}), context=cpu(0)}}\nreturn %0",
    )


@pytest.mark.parametrize(
    "operation, result",
    [("add(%0, %1)", "1.25"), ("multiply(%0, %1)", "-0.375"), ("subtract(%1, %1)", "0.0"), ("negate(%0)", "-1.5"),
     ("floor(%1)", "-1.0"), ("round_nearest_even(%0)", "2.0"), ("abs(%1)", "0.25")],
)  # fmt: skip
def test_float_operations_that_round_in_one_way_are_folded(operation: str, result: str) -> None:
    folded(f"ir.{operation}", result)
    folded(f"ir.{operation}", result, "float64[]")


def test_integers_wrap_when_folded() -> None:
    folded("ir.add(%0, %1)", "-128", "int8[]", "127", "1")
    folded("ir.divide(%0, %1)", "-2", "int32[]", "-7", "3")
    folded("ir.convert(%1) {dtype=dtype:int32}", "0", "int32[]")


@pytest.mark.parametrize(
    "operation, type, a, b",
    [
        ("ir.exponential(%0)", "float32[]", "1.5", "0.0"),  # no backend rounds it correctly
        ("ir.divide(%0, %1)", "float32[]", "1.5", "3.0"),  # nor does every GPU this
        ("ir.add(%0, %1)", "float16[]", "1.5", "3.0"),  # backends keep more bits between operations
        ("ir.multiply(%0, %1)", "float32[]", "1e-30", "1e-10"),  # subnormal results are flushed by some
        ("ir.add(%0, %1)", "float32[]", "1e-40", "1.0"),  # and so are subnormal operands
        ("ir.convert(%0) {dtype=dtype:int32}", "int32[]", "nan", "0.0"),
        ("ir.convert(%0) {dtype=dtype:int32}", "int32[]", "3e9", "0.0"),
    ],
)
def test_what_backends_may_compute_otherwise_is_left(operation: str, type: str, a: str, b: str) -> None:
    dtype = "float32" if "convert" in operation else type.partition("[")[0]
    used = {n: v for n, v in (("%0", a), ("%1", b)) if n in operation}
    lines = [f"{n}: {dtype}[] = ir.constant() {{value={dtype}[]({v}), context=cpu(0)}}" for n, v in used.items()]
    stays(fold_constants, "", "\n".join([*lines, f"%2: {type} = {operation}", "return %2"]))


def test_uniform_constants_of_any_size_take_one_form() -> None:
    becomes(
        fold_constants,
        "%0: float32[]",
        """
        %1: float32[2] = ir.constant() {value=float32[2](2.0, 2.0), context=cpu(0)}
        %2: float32[1000,2] = ir.broadcast(%1) {shape=(1000, 2), axes=(1,)}
        %3: float32[2,1000] = ir.transpose(%2) {axes=(1, 0)}
        %4: float32[2,1000] = ir.multiply(%3, %3)
        %5: float32[2000] = ir.reshape(%4) {shape=(2000,)}
        return %5
        """,
        """
        %1: float32[] = ir.constant() {value=float32[](4.0), context=cpu(0)}
        %2: float32[2000] = ir.broadcast(%1) {shape=(2000,), axes=()}
        return %2
        """,
    )


def test_small_constants_are_folded_large_ones_are_not() -> None:
    becomes(
        fold_constants,
        "",
        """
        %0: int32[2] = ir.constant() {value=int32[2](1, 2), context=cpu(0)}
        %1: int32[2] = ir.reverse(%0) {axes=(0,)}
        %2: int32[2] = ir.subtract(%0, %1)
        return %2
        """,
        "%0: int32[2] = ir.constant() {value=int32[2](-1, 1), context=cpu(0)}\nreturn %0",
    )
    stays(
        fold_constants,
        "",
        """
        %0: int32[2] = ir.constant() {value=int32[2](1, 2), context=cpu(0)}
        %1: int32[33,2] = ir.broadcast(%0) {shape=(33, 2), axes=(1,)}
        return %1
        """,
    )


def test_counters_stay_counters() -> None:
    stays(
        fold_constants,
        "",
        "%0: int32[4] = ir.iota() {shape=(4,), axis=0, dtype=dtype:int32, context=cpu(0)}\nreturn %0",
    )


def test_the_pipeline_traces_every_pass() -> None:
    stages: list[Stage] = []
    made = run_pipeline(
        graph(X, "%1: float32[2,3] = negative(%0)\n%2: float32[2,3] = negative(%1)\nreturn %2"),
        check=True,
        observe=stages.append,
    )
    assert [stage.name for stage in stages] == ["recorded", *(step.__name__ for step in PIPELINE)]
    assert stages[-1].graph is made and len(made) == 0
    # Nothing is to be rolled; then the two undo each other.
    assert [len(stage.graph) for stage in stages] == [2, 2, *[0] * (len(PIPELINE) - 1)]
    assert str(stages[0]).split() == ["recorded", "2", "nodes", "0.00", "ms"]


def test_a_pass_that_breaks_a_graph_is_caught() -> None:
    def swap(broken: Graph) -> Graph:
        return Graph(broken.inputs, broken.outputs, tuple(reversed(broken.nodes)))

    before = graph(X, "%1: float32[2,3] = ir.negate(%0)\n%2: float32[2,3] = ir.sine(%1)\nreturn %2")
    with pytest.raises(AssertionError, match="does not come before it"):
        run_pipeline(before, passes=(swap,), check=True)
    run_pipeline(before, passes=(swap,))


def test_the_passes_together_on_a_gradient() -> None:
    # sum((x * 1 + 0) - -y): what is left is an addition and a sum.
    made = run_pipeline(
        graph(
            "%0: float32[2,3], %1: float32[2,3]",
            """
            %2: float32[] = ir.constant() {value=float32[](1.0), context=cpu(0)}
            %3: float32[2,3] = ir.broadcast(%2) {shape=(2, 3), axes=()}
            %4: float32[2,3] = ir.multiply(%0, %3)
            %5: float32[] = ir.subtract(%2, %2)
            %6: float32[] = ir.negate(%5)
            %7: float32[2,3] = ir.broadcast(%6) {shape=(2, 3), axes=()}
            %8: float32[2,3] = ir.add(%4, %7)
            %9: float32[2,3] = negative(%1)
            %10: float32[2,3] = ir.subtract(%8, %9)
            %11: float32[] = ir.reduce_sum(%10) {axes=(0, 1)}
            return %11
            """,
        ),
        check=True,
    )
    expected = graph(
        "%0: float32[2,3], %1: float32[2,3]",
        "%2: float32[2,3] = ir.add(%0, %1)\n%3: float32[] = ir.reduce_sum(%2) {axes=(0, 1)}\nreturn %3",
    )
    assert print_graph(made, locations=False) == print_graph(expected, locations=False)


def test_simplify_keeps_the_users_line() -> None:
    before = graph(X, "%1: float32[2,3] = ir.negate(%0)\n%2: float32[2,3] = ir.subtract(%0, %1)\nreturn %2")
    code = test_simplify_keeps_the_users_line.__code__
    before.nodes[-1].code, before.nodes[-1].lasti = code, 0
    made = simplify(before)
    assert [node.spec.op.name for node in made.nodes if node.spec is not None] == ["add"]
    assert made.nodes[0].code is code


SCAN = """
graph body(%0: float32[3], %1: float32[], %2: float32[3], %3: float32[3]) {
  %4: float32[3] = ir.add(%0, %2)
  %5: float32[] = ir.reduce_sum(%0) {axes=(0,)}
  %6: float32[] = ir.add(%1, %5)
  %7: float32[3] = ir.multiply(%4, %3)
  return %4, %6, %4, %7, %4
}
graph main(%0: float32[3], %1: float32[], %2: float32[4,3], %3: float32[3]) {
  %4: float32[3], float32[], float32[4,3], float32[4,3], float32[4,3] = ir.scan(%0, %1, %2, %3) {body=@body, length=4, reverse=False, carries=2, sequences=1}
  return RESULTS
}
"""  # noqa: E501 - a node is a line


def test_scans_lose_what_nothing_reads() -> None:
    made = verify(prune_loops(parse_graph(SCAN.replace("RESULTS", "%4.4, %4.2"))))
    assert print_graph(made, locations=False).splitlines() == [
        "graph body(%0: float32[3], %1: float32[3]) {",
        "  %2: float32[3] = ir.add(%0, %1)",
        "  return %2, %2",
        "}",
        "graph main(%0: float32[3], %1: float32[], %2: float32[4,3], %3: float32[3]) {",
        "  %4: float32[3], float32[4,3] = ir.scan(%0, %2) "
        "{body=@body, length=4, reverse=False, carries=1, sequences=1}",
        "  return %4.1, %4.1",
        "}",
    ]


def test_what_a_scan_reads_no_more_may_be_gone() -> None:
    """The negated number is an operand that the scan loses, and nothing else reads it."""
    second = "graph main(%0: float32[3], %1: float32[], %2: float32[4,3], %3: float32[3]) {\n  %4"
    text = SCAN.replace("ir.scan(%0, %1, %2, %3)", "ir.scan(%0, %5, %2, %3)").replace("RESULTS", "%4.2")
    text = text.replace(second, second.replace("%4", "%5: float32[] = ir.negate(%1)\n  %4"))
    made = verify(prune_loops(parse_graph(text)))
    assert [node.spec.op.name for node in made.nodes if node.spec is not None] == ["scan"]


def test_state_that_other_state_needs_stays() -> None:
    made = verify(prune_loops(parse_graph(SCAN.replace("RESULTS", "%4.1"))))
    (node,) = made.nodes
    assert node.spec is not None and node.spec.attributes["carries"] == 2 and len(node.spec.out_types) == 2
    whole = parse_graph(SCAN.replace("RESULTS", "%4, %4.1, %4.2, %4.3"))
    assert len(prune_loops(whole).nodes[0].spec.out_types) == 4
    assert not prune_loops(parse_graph(SCAN.replace("RESULTS", "%0"))).nodes


COND = """
graph on_true(%0: float32[3], %1: float32[3]) {
  %2: float32[3] = ir.negate(%0)
  %3: float32[3] = ir.negate(%2)
  return %3, %1
}
graph on_false(%0: float32[3], %1: float32[3]) {
  %2: float32[3] = ir.sine(%0)
  %3: float32[3] = ir.add(%2, %1)
  return %2, %3
}
graph main(%0: bool[], %1: float32[3], %2: float32[3]) {
  %3: float32[3], float32[3] = ir.cond(%0, %1, %2) {on_true=@on_true, on_false=@on_false}
  return %3
}
"""


def test_choices_lose_what_nothing_reads_and_their_branches_are_simplified() -> None:
    made = run_pipeline(parse_graph(COND), check=True)
    assert print_graph(made, locations=False).splitlines() == [
        "graph on_true(%0: float32[3]) {",
        "  return %0",
        "}",
        "graph on_false(%0: float32[3]) {",
        "  %1: float32[3] = ir.sine(%0)",
        "  return %1",
        "}",
        "graph main(%0: bool[], %1: float32[3], %2: float32[3]) {",
        "  %3: float32[3] = ir.cond(%0, %1) {on_true=@on_true, on_false=@on_false}",
        "  return %3",
        "}",
    ]


def test_bodies_go_through_the_passes() -> None:
    doubled = SCAN.replace("ir.multiply(%4, %3)", "ir.add(%0, %2)").replace("RESULTS", "%4, %4.1, %4.3")
    made = run_pipeline(parse_graph(doubled), check=True)
    body = made.nodes[0].spec.attributes["body"]
    assert len(body.nodes) == 3, "the same sum is one node"


def test_loops_are_not_evaluated_while_compiling() -> None:
    text = """
    graph on_true(%0: float32[]) {
      return %0
    }
    graph main(%0: bool[]) {
      %1: float32[] = ir.constant() {value=float32[](2.0), context=cpu(0)}
      %2: bool[] = ir.constant() {value=bool[](True), context=cpu(0)}
      %3: float32[] = ir.cond(%2, %1) {on_true=@on_true, on_false=@on_true}
      return %3
    }
    """
    assert [node.spec.op.name for node in fold_constants(parse_graph(text)).nodes][-1] == "cond"
