"""The fuzzer finds faults: each of these, planted in the runtime, within 500 programs that pass without it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lazynd.backends.xla.lower import LOWERINGS
from lazynd.ir.graph import Graph
from lazynd.ir.node import Node, apply
from lazynd.nd import file_format
from lazynd.passes import run_pipeline
from lazynd.runtime.record import gradient
from lazynd.runtime.record.cell import Cell
from lazynd.runtime.record.recorder import Recorder
from lazynd.runtime.record.views import View
from lazynd.runtime.run import execute, interpret, program, runs

from .fuzz import aliasing, files, graphs
from .fuzz.run import forget

#: ``test_fuzz.py`` runs the same programs without a fault.
SEED, PROGRAMS = 20261125, 500

Patch = pytest.MonkeyPatch


def view_not_moved(patch: Patch) -> None:
    """A view goes on showing what it showed first, whatever is written to its base."""
    first: dict[View, Any] = {}
    read = View.read

    def remembered(view: View, recorder: Recorder) -> Any:
        return first.setdefault(view, read(view, recorder))

    patch.setattr(View, "read", remembered)


def stale_cell(patch: Patch) -> None:
    """A backward pass puts a new gradient buffer in place of the old one, on which others have handles."""
    totals = gradient._totals

    def replaced(recorder: Recorder, gradients: Any) -> Any:
        made = {}
        for buffer, total in totals(recorder, gradients).items():
            fresh = Cell(recorder.read(buffer))
            made[fresh] = total
            for variable in gradients:
                if variable.grad is buffer:
                    variable.grad = fresh
        return made

    patch.setattr(gradient, "_totals", replaced)


def double_run(patch: Patch) -> None:
    """A force returns its root alone: what else is wanted of the same program is computed again later."""

    make_plan = runs.make_plan

    def root_alone(items: Any, root: Any, component: bool, forget: bool) -> Any:
        plan = make_plan(items, root, component, forget)
        if component and len(plan.outputs) > 1 and all(isinstance(item, Node) for item in plan.items):
            before = len(plan.outputs)
            plan.outputs = [next(i for i, item in enumerate(plan.items) if item is root)]
            plan.key = (*plan.key[:-before], *plan.outputs)
        return plan

    def published(outputs: Any, results: Any, items: Any) -> None:
        """Items without a value stay pending."""
        publish(outputs, results, [item for item in items if item.value is not None or item in outputs])

    publish = execute.publish
    for module in (execute, interpret):
        patch.setattr(module, "publish", published)
    for module in (program, execute):  # what is to run again must find its inputs
        patch.setattr(module, "dead_leaves", lambda leaves, uses: [])
    patch.setattr(runs, "make_plan", root_alone)


def donated_live_buffer(patch: Patch) -> None:
    """A program takes over buffers that others still want."""
    for module in (program, execute):
        patch.setattr(module, "dead_leaves", lambda leaves, uses: list(uses))


def dropped_write(patch: Patch) -> None:
    """A write through a view is lost if what it writes to is still pending."""
    write = View.write

    def lossy(view: View, recorder: Recorder, ref: Any) -> None:
        if recorder.read(view.base).value is not None:
            write(view, recorder, ref)

    patch.setattr(View, "write", lossy)


def swapped_operands(patch: Patch) -> None:
    """Programs compute ``b - a``."""

    def swapped(spec: Any, inputs: Any, *rest: Any) -> Node:
        turned = spec.op.name == "broadcast_sub" and spec.in_types[0] is spec.in_types[1]
        return apply(spec, inputs[::-1] if turned else inputs, *rest)

    patch.setattr(program, "apply", swapped)


def baked_scalar(patch: Patch) -> None:
    """Arithmetic scalars are compiled in as first seen."""
    positions = program.slot_positions

    def every(plan: Any, kind: str) -> list[int]:
        return sorted(positions(plan, kind) + positions(plan, "runtime"))

    patch.setattr(program, "slot_positions", every)


def baked_index(patch: Patch) -> None:
    """Indices are compiled in as first seen, and never generalised."""
    patch.setattr(program.Family, "match", lambda self, scalars: self.baked)


FAULTS: list[Callable[[Patch], None]] = [
    view_not_moved, stale_cell, double_run, donated_live_buffer, dropped_write, swapped_operands, baked_scalar,
    baked_index,
]  # fmt: skip


@pytest.mark.lazy
@pytest.mark.parametrize("plant", FAULTS, ids=lambda plant: plant.__name__)
def test_aliasing_programs_find(plant: Callable[[Patch], None], monkeypatch: Patch) -> None:
    forget()
    plant(monkeypatch)
    try:
        tally = aliasing.fuzz(SEED, range(PROGRAMS), most=1, smallest=False)
    finally:
        monkeypatch.undo()
        forget()
    assert tally.found, f"{plant.__name__} was not found in {tally.programs} programs"
    text = tally.found[0].text
    print(f"{plant.__name__}: found by program {tally.found[0].number}\n{text}")
    assert ("times and ran" in text) == (plant is double_run)


def test_a_found_program_shrinks_to_a_few_lines(monkeypatch: Patch) -> None:
    dropped_write(monkeypatch)
    tally = aliasing.fuzz(SEED, range(PROGRAMS), most=1)
    monkeypatch.undo()
    forget()
    text = tally.found[0].text
    body = text[text.index("def run_0():") : text.index("run_0()\n#")].strip().splitlines()
    assert len(body) <= 8, text
    compile(text, "<script>", "exec")


@pytest.mark.parametrize("primitive", ["subtract", pytest.param("divide", marks=pytest.mark.slow)])
def test_random_graphs_find_a_wrong_lowering(primitive: str, monkeypatch: Patch) -> None:
    right = LOWERINGS[primitive]
    monkeypatch.setitem(LOWERINGS, primitive, lambda a, b: right(b, a))
    found = graphs.fuzz(SEED, range(250), most=1).found
    assert found
    assert "XLA" in found[0].text
    assert found[0].text.count("Use(") <= 2


def test_random_graphs_find_a_wrong_pass(monkeypatch: Patch) -> None:
    def forgets_gradients(graph: Graph, **options: Any) -> Graph:
        return run_pipeline(Graph(graph.inputs, [graph.outputs[0]] * len(graph.outputs)), **options)

    monkeypatch.setattr(graphs, "run_pipeline", forgets_gradients)
    found = graphs.fuzz(SEED, range(16), most=1).found
    assert found
    assert "optimised and interpreted" in found[0].text


def test_damaged_files_find_an_unchecked_length(monkeypatch: Patch) -> None:
    monkeypatch.setattr(file_format._Reader, "_check", lambda *_: None)
    assert files.fuzz(SEED, range(2000), most=1).found


def test_damaged_files_find_a_wrong_shape(monkeypatch: Patch) -> None:
    read = file_format._read_shape
    monkeypatch.setattr(file_format, "_read_shape", lambda *which: read(*which)[::-1])
    assert files.fuzz(SEED, range(2000), most=1).found
