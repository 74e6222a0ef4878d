"""Moves that write, force, draw, and drop handles."""

from __future__ import annotations

import numpy as np

from . import holes
from .generate import LIMIT, SHAPES, Builder
from .moves import filled, is_float, registry

MOVES, move = registry()


# --------------------------------------------------------------------------------------------- writing


@move(3)
def updated(b: Builder) -> str | None:
    """``x += y``."""
    x = b.some(lambda a: filled(a) and b.free(a))
    if x is None:
        return None
    a, bound = b.at(x), b.bound(x)
    y = b.some(lambda o: o.data.dtype == a.data.dtype and o.shape in (a.shape, (1,)) and b.untaped(o))
    if y is not None and b.chance(0.6) and bound + b.bound(y) < LIMIT:
        b.line(f"{x} {b.pick('+=', '-=')} {y}")
        b.raise_bound(x, bound + b.bound(y))
    elif bound * 5 < LIMIT:
        b.line(f"{x} {b.pick('+=', '*=')} {{}}", holes.number(b.dtype(x)))
        b.raise_bound(x, bound * 5)
    else:
        return None
    return _written(b, x, "an in-place operation")


def _written(b: Builder, x: str, event: str) -> str:
    """The event, after noting through which kind of handle it was, and who waits for the former content."""
    a = b.at(x)
    if a.kind == "view":
        b.events.add("a write through a view")
    if a.kind == "detached":
        b.events.add("a write through a detached handle")
    waiting = b.consumers.get(id(a.storage))
    if waiting in b.arrays:
        b.events.add("a write while a consumer is pending")
        if a.kind == "view":
            b.events.add("a write through a view while a consumer of the base is pending")
    if b.world.recording:
        b.events.add("a write while recording")
    return event


@move(3)
def assigned(b: Builder) -> str | None:
    """``x[...] = value``."""
    x = b.some(lambda a: filled(a) and b.free(a))
    if x is None:
        return None
    a, dtype = b.at(x), b.dtype(x)
    extent = a.shape[0]
    key, held, shape = "[:]", [], a.shape
    if b.chance(0.6):
        count = int(b.rng.integers(1, extent + 1))
        key, held, shape = "[{}]", [holes.stretch(extent, count)], (count, *a.shape[1:])
        if a.data.ndim > 1 and b.chance(0.3):
            key, held, shape = "[:, {}]", [holes.index(a.shape[1])], (extent, *a.shape[2:])
        elif extent > 2 and b.chance(0.2):
            key, held, shape = b.pick("[::2]", "[::-2]"), [], ((extent + 1) // 2, *a.shape[1:])
    whole = key == "[:]"
    y = b.some(lambda o: o.shape in (shape, (1,)) and (o.data.dtype == a.data.dtype or b.untaped(o))
               and (whole or b.untaped(o)) and o.data.dtype.kind == a.data.dtype.kind)  # fmt: skip
    if y is not None and b.chance(0.7):
        b.line(f"{x}{key} = {y}", *held)
        b.raise_bound(x, b.bound(y))
    elif b.chance(0.3):
        b.line(f"{x}{key} = {{}}", *held, holes.elements(shape, dtype))
    else:
        b.line(f"{x}{key} = {{}}", *held, holes.number(dtype))
    return _written(b, x, "an assignment")


@move(1.5)
def shifted(b: Builder) -> str | None:
    x = b.some(lambda a: a.shape[0] > 1 and b.free(a) and b.untaped(a))
    if x is None:
        return None
    b.line(b.pick(f"{x}[1:] = {x}[:-1]", f"{x}[:-1] = {x}[1:]"))
    return _written(b, x, "an overlapping shift")


@move(2.5)
def into(b: Builder) -> str | None:
    """``out=``."""
    x = b.some(lambda a: is_float(a) and filled(a) and b.free(a))
    if x is None:
        return None
    a = b.at(x)
    fits = [n for n in b.arrays if b.at(n).data.dtype == a.data.dtype and b.at(n).shape == a.shape]
    y, z = b.pick(*fits), b.pick(*fits)
    if not all(b.untaped(b.at(n)) for n in (y, z)) and a.owner in (b.at(y).owner, b.at(z).owner):
        return None  # what is recorded is not written into an array that it was computed from
    bound = b.bound(y) + b.bound(z)
    if bound > LIMIT:
        return None
    text = b.pick("elemwise_add({y}, {z}", "elemwise_sub({y}, {z}", "tanh({y}", "relu({y}")
    b.line(f"nd.{text.format(y=y, z=z)}, out={x})")
    b.raise_bound(x, bound)
    _written(b, x, "")
    return "out= into a view" if a.kind == "view" else "out="


@move(1)
def looped(b: Builder) -> str | None:
    x = b.some(lambda a: filled(a) and b.free(a) and is_float(a))
    if x is None:
        return None
    a, bound = b.at(x), b.bound(x)
    y = b.some(lambda o: o.data.dtype == a.data.dtype and o.shape in (a.shape, (1,)) and o.storage is not a.storage)
    times = int(b.rng.integers(2, 9))
    if y is None or bound + times * b.bound(y) > LIMIT or not b.untaped(b.at(y)):
        return None
    b.line(f"for _ in range({times}): {x} += {y}")
    b.raise_bound(x, bound + times * b.bound(y))
    return _written(b, x, "a loop of writes")


# --------------------------------------------------------------------------------------------- forces, draws, handles


@move(2.5)
def forced(b: Builder) -> str | None:
    x = b.some()
    if x is None:
        return None
    b.line(f"force({x})")
    b.consumers.clear()
    return "a force in the middle"


@move(0.6)
def all_forced(b: Builder) -> str | None:
    b.line("nd.waitall()")
    b.consumers.clear()
    return "waitall"


@move(1.5)
def drawn(b: Builder) -> str | None:
    x = b.some(lambda a: is_float(a) and filled(a) and b.free(a))
    shape = b.pick(*SHAPES)
    if b.chance(0.4) and x is not None:
        b.line(f"nd.random.uniform(-1, {{}}, shape={b.at(x).shape}, dtype='{b.dtype(x)}', out={x})", _above_zero)
        _written(b, x, "")
        return "a draw into an array"
    if b.chance(0.3):
        b.new(f"nd.random.randint(-3, {{}}, shape={shape})", _above_zero, bound=9)
    else:
        b.new(f"nd.random.uniform(-1, {{}}, shape={shape})", _above_zero, bound=9)
    return "a draw"


def _above_zero(rng: np.random.Generator) -> str:
    return str(rng.integers(1, 9))


@move(0.7)
def seeded(b: Builder) -> str | None:
    b.line("nd.random.seed({})", _above_zero)
    return "a new seed"


@move(1.5)
def dropped(b: Builder) -> str | None:
    if len(b.arrays) < 3:
        return None
    x = b.pick(*b.arrays)
    b.arrays.remove(x)
    b.line(f"del {x}")
    if b.chance(0.3):
        b.line("gc.collect()")
    return "a dead handle"
