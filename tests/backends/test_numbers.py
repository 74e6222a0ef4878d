"""Compiled text tells which recorded operators each instruction comes from, also when the program comes from disk."""

from __future__ import annotations

import pathlib
from collections.abc import Callable

import numpy as np
import pytest

import lazynd
from lazynd import autograd, nd
from lazynd.backends.xla.numbers import instruction_numbers, instruction_origins
from lazynd.ir.graph import Graph, equal_graphs
from lazynd.ir.verify import verify
from lazynd.runtime.run.compile import PROGRAMS
from lazynd.runtime.run.program import Program

pytestmark = pytest.mark.lazy


def program_of(run: Callable[[], nd.NDArray], pending: bool = False) -> Program:
    """The one program that reading what ``run`` gives compiles; what it gives may be ``pending`` already."""
    if not pending:
        nd.waitall()
    PROGRAMS.clear()
    run().wait_to_read()
    (family,) = PROGRAMS.families.values()
    assert family.baked is not None
    return family.baked


def names(graph: Graph) -> list[str]:
    return [node.spec.op.name for node in graph.nodes if node.spec is not None]


def operators_in_text(program: Program) -> set[str]:
    """The recorded operators that some instruction comes from."""
    graph, found = program.graph, instruction_origins(program.executable.text(), program.optimised)
    recorded = names(graph)
    return {recorded[number] for origin in found.values() for number in origin}


def test_each_of_three_operators_is_found() -> None:
    x = nd.array(np.arange(12).reshape(3, 4))
    x.wait_to_read()
    program = program_of(lambda: nd.sum(nd.tanh(nd.dot(x, x, transpose_b=True)), axis=0))
    assert names(program.graph) == ["dot", "tanh", "sum"]
    assert [node.origin for node in program.graph.nodes] == [(0,), (1,), (2,)]
    assert operators_in_text(program) == {"dot", "tanh", "sum"}
    text, optimised = program.executable.text(), program.optimised
    by_operator: dict[int, set[str]] = {}
    for number in instruction_numbers(text, optimised).values():
        for origin in optimised.nodes[number].origin:
            by_operator.setdefault(origin, set()).add(names(optimised)[number])
    assert "dot_general" in by_operator[0] and by_operator[1] == {"tanh"} and "reduce_sum" in by_operator[2]


def test_gradients_have_numbers_of_their_own() -> None:
    x = nd.array(np.arange(12).reshape(3, 4) / 12)
    x.attach_grad()
    nd.waitall()

    def run() -> nd.NDArray:
        with autograd.record():
            loss = nd.sum(nd.tanh(nd.dot(x, x, transpose_b=True)) ** 3)
        loss.backward()
        return x.grad

    program = program_of(run)
    found = operators_in_text(program)
    assert {"dot", "tanh", "vjp_tanh", "vjp_dot"} <= found
    verify(program.optimised)
    assert all(node.origin for node in program.optimised.nodes)


def test_what_was_merged_comes_from_all() -> None:
    x = nd.array(np.arange(12).reshape(3, 4))
    x.wait_to_read()
    twice = program_of(lambda: nd.tanh(nd.exp(x)) * nd.tanh(nd.exp(x)))
    assert names(twice.graph) == ["exp", "tanh", "exp", "tanh", "broadcast_mul"]
    found = {node.origin for node in twice.optimised.nodes}
    assert (1, 3) in found and (4,) in found
    assert not any(len(o) == 1 and o[0] in (1, 3) for o in found), "there is one tanh, which is of both"


def test_what_a_rule_joined_comes_from_all() -> None:
    x = nd.array(np.arange(24).reshape(2, 3, 4))
    x.wait_to_read()
    program = program_of(lambda: nd.transpose(nd.transpose(x, axes=(1, 2, 0)), axes=(1, 0, 2)))
    assert [node.origin for node in program.optimised.nodes] == [(0, 1)]


def test_each_program_knows_its_own_numbers(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two recordings that the passes make equal share one entry on disk, and are numbered differently."""
    monkeypatch.setattr(lazynd.config, "cache", tmp_path)
    x = nd.array(np.arange(12).reshape(3, 4))
    x.wait_to_read()
    loaded = lazynd.stats().loaded
    plain = program_of(lambda: nd.sum(nd.tanh(x), axis=1))
    detour = program_of(lambda: nd.sum(nd.tanh(nd.negative(-x)), axis=1))
    assert lazynd.stats().loaded == loaded + 1, "the second came from disk"
    assert [p.executable.text().count("tanh.0") > 0 for p in (plain, detour)] == [True, True]
    for program, numbers in ((plain, {0: "tanh", 1: "sum"}), (detour, {2: "tanh", 3: "sum"})):
        found = instruction_origins(program.executable.text(), program.optimised)
        recorded = names(program.graph)
        assert {n: recorded[n] for origin in found.values() for n in origin} == numbers


def test_donated_buffers_change_no_number() -> None:
    """Outputs are put into another order for the buffers that they take over; the nodes stay where they are."""
    w = nd.array(np.arange(12).reshape(3, 4))
    w.wait_to_read()

    def run() -> nd.NDArray:
        w[:] = nd.exp(nd.dot(w, nd.tanh(w), transpose_b=True).sum(axis=1, keepdims=True)) - w
        return w

    program = program_of(run)
    assert program.donate
    assert operators_in_text(program) >= {"exp", "sum", "tanh", "dot"}


def test_loops_are_found_as_loops() -> None:
    x, start = nd.array(np.arange(12).reshape(3, 4)), nd.zeros((4,))
    nd.waitall()
    made = nd.contrib.foreach(lambda row, s: (nd.tanh(row + s), s + 1), x, start)
    assert operators_in_text(program_of(lambda: made[0], pending=True)) == {"_foreach"}


def test_text_of_another_graph_is_refused() -> None:
    x = nd.array(np.arange(12).reshape(3, 4))
    x.wait_to_read()
    one, other = program_of(lambda: nd.tanh(x)), program_of(lambda: nd.exp(x))
    with pytest.raises(ValueError, match="of another graph"):
        instruction_numbers(one.executable.text(), other.optimised)


def test_a_program_gives_back_what_was_recorded() -> None:
    x = nd.array(np.arange(12).reshape(3, 4))
    x.wait_to_read()
    program = program_of(lambda: nd.topk(x * 2.5, k=2, ret_typ="both")[0] + x[1:2, 0:2])
    graph = program.graph
    verify(graph)
    assert equal_graphs(graph, program.graph)
    assert any(node.code is not None and node.code.co_filename == __file__ for node in graph.nodes)
    assert equal_graphs(program.optimised, program.optimised)
