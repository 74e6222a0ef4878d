"""Random programs of views, writes, draws and gradients: structures by number, and the events they contain."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from . import moves_autograd, moves_reading, moves_writing
from .generate import Builder
from .program import Program
from .run import FAST, Failure, Invalid, check, forget
from .shrink import script, shrink
from .tally import Found, Tally

MOVES = [*moves_reading.MOVES, *moves_writing.MOVES, *moves_autograd.MOVES]

#: Every so many programs, one runs through XLA; those use few structures, with other numbers each time.
XLA_EVERY, XLA_STRUCTURES = 16, 12


#: Every event that programs must contain, one in twenty at least.
EVENTS = (
    "a view", "a view of a view", "a view while recording", "a reshape view", "a detached handle",
    "a slice that copies", "an index array", "a batch of rows", "an empty slice", "a dtype other than float32",
    "an in-place operation", "an assignment", "a loop of writes", "an overlapping shift", "out=", "out= into a view",
    "a write through a view", "a write through a detached handle", "a write while a consumer is pending",
    "a write through a view while a consumer of the base is pending", "a write while recording",
    "a force in the middle", "waitall", "a draw", "a draw into an array", "a new seed", "a dead handle",
    "several outputs", "attach_grad", "attach_grad on an array with history",
    "attach_grad on a view or a detached handle", "a recorded write into a fresh array", "grad_req add", "record",
    "pause", "backward", "a training loop",
    "retain_graph", "a head gradient", "a gradient written", "a gradient's handle", "a wrong call",
    "a structure run again with other numbers", "no window of closed regions", "a budget of 3 nodes",
    "programs in pieces of 4", "two tiers", "every operation at its own line", "through XLA",
)  # fmt: skip


def build(structure: Any) -> Program:
    """The structure of this seed, which reads everything at its end."""
    builder = Builder(structure, length=int(np.random.default_rng(structure).integers(12, 26)))
    for _ in range(2):
        moves_reading.make(builder)
    program = builder.program(MOVES)
    for name in builder.rng.permutation(np.array(builder.arrays, dtype=str)):
        builder.line(f"force({name})")
        if builder.at(name).marked is not None:
            builder.line(f"force({name}.grad)")
    program.settings.update(FAST)
    _settings(builder, program)
    return program


def _settings(builder: Builder, program: Program) -> None:
    """Now and then the engine's limits are so low that small programs meet them."""
    for name, low, event in (
        ("window", 0, "no window of closed regions"),
        ("budget_nodes", 3, "a budget of 3 nodes"),
        ("program_nodes", 4, "programs in pieces of 4"),
        ("eager", True, "every operation at its own line"),
    ):
        if builder.chance(0.1):
            program.settings[name] = low
            program.events.add(event)
    if builder.chance(0.3):  # cheap plans are interpreted a few times, others are compiled at once
        program.settings.update(tier="auto", tier_scale=float(builder.rng.choice([0.0001, 0.0003, 0.001])))
        program.events.add("two tiers")


def run_program(seed: int, number: int, tally: Tally, smallest: bool = True) -> None:
    """Program ``number`` of the sequence that ``seed`` begins, added to ``tally``; shrunk if it fails."""
    on_xla = number % XLA_EVERY == 7
    structure = [seed, number] if not on_xla else [seed, 1_000_000_000 + number // XLA_EVERY % XLA_STRUCTURES]
    program = build(structure)
    if on_xla:
        program.settings["backend"] = "xla"
        program.events.add("through XLA")
    count = 3 if number % 3 == 0 or on_xla else 1
    runs = [program.lines([seed, number, k]) for k in range(count)]
    if count > 1:
        program.events.add("a structure run again with other numbers")
    tally.programs += 1
    tally.events.update(program.events)
    try:
        failure = check(program.settings, runs)
    except Invalid as error:
        tally.found.append(Found(number, f"program {number}: the model cannot run it: {error.__cause__!r}"))
        return
    if failure is not None:
        origin = f"seed {seed}, program {number}"
        explained = explain(program, runs, failure, origin) if smallest else f"{origin}: {failure.text}"
        tally.found.append(Found(number, explained))


def explain(program: Program, runs: list[list[str]], failure: Failure, origin: str) -> str:
    forget()
    again = check(program.settings, runs)
    if again is None:
        origin += " (only after the programs before it)"
        return script(program.settings, runs, failure, origin)
    smallest = shrink(program.settings, runs, again.kind)
    forget()
    return script(program.settings, smallest, check(program.settings, smallest) or again, origin)


def fuzz(seed: int, numbers: Iterable[int], most: int = 5, smallest: bool = True) -> Tally:
    """The programs ``numbers`` of ``seed``; stops after ``most`` failures, which are shrunk if ``smallest``."""
    tally = Tally()
    for number in numbers:
        run_program(seed, number, tally, smallest)
        if len(tally.found) >= most:
            break
    return tally
