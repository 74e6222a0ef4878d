"""Moves that make arrays, views of them, and results computed from them."""

from __future__ import annotations

from . import holes
from .generate import LIMIT, SHAPES, Builder
from .moves import filled, is_float, registry

MOVES, move = registry()


# --------------------------------------------------------------------------------------------- arrays


@move(2)
def make(b: Builder) -> str | None:
    shape = b.pick(*SHAPES)
    dtype = b.pick("float32", "float32", "float32", "float32", "float64", "int32", "uint8", "int64")
    if b.chance(0.2):
        b.new(f"nd.zeros({shape}, dtype='{dtype}')", bound=1)
    else:
        b.new(f"nd.array({{}}, dtype='{dtype}')", holes.elements(shape, dtype), bound=4)
    return None if dtype == "float32" else "a dtype other than float32"


@move(1)
def empty(b: Builder) -> str | None:
    x = b.some(lambda a: a.data.ndim > 1 or a.shape[0] > 1)
    if x is None:
        return None
    if b.chance(0.4) and b.free(b.at(x)):
        b.line(f"{x}[1:1] = {{}}", holes.number(b.dtype(x)))
    else:
        e = b.new(f"{x}[1:1]")
        b.line(f"force({e})")
    return "an empty slice"


# --------------------------------------------------------------------------------------------- views


@move(3)
def view(b: Builder) -> str | None:
    x = b.some(filled)
    if x is None:
        return None
    a = b.at(x)
    event = "a view" if a.kind == "root" else "a view of a view"
    extent = a.shape[0]
    if a.data.ndim > 1 and b.chance(0.3):
        count = int(b.rng.integers(1, a.shape[1] + 1))
        b.new(f"{x}[{{}}, {{}}]", holes.index(extent), holes.stretch(a.shape[1], count), bound=0)
    elif b.chance(0.3):
        b.new(f"{x}[{{}}]", holes.index(extent), bound=0)
    else:
        b.new(f"{x}[{{}}]", holes.stretch(extent, int(b.rng.integers(1, extent + 1))), bound=0)
    if b.world.recording:
        b.events.add("a view while recording")
    return event


@move(2)
def reshaped(b: Builder) -> str | None:
    x = b.some(filled)
    if x is None:
        return None
    size = b.at(x).data.size
    shape = b.pick((-1,), (size,), (1, size), (size, 1), *(((2, -1),) if size % 2 == 0 else ()))
    b.new(f"{x}.reshape({shape})", bound=0)
    return "a reshape view"


@move(1.5)
def detached(b: Builder) -> str | None:
    x = b.some(lambda a: a.marked is not None or a.kind == "root")
    if x is None:
        return None
    b.new(f"{x}.detach()", bound=0)
    return "a detached handle"


@move(1.5)
def copied(b: Builder) -> str | None:
    """Slices that MXNet copies."""
    x = b.some(lambda a: a.data.ndim > 1 and a.shape[0] > 1 and a.shape[1] > 1)
    if x is None:
        return None
    a, bound = b.at(x), b.bound(x)
    if b.chance(0.4):
        b.computed(b.new(f"{x}[:, {{}}]", holes.index(a.shape[1]), bound=bound), x)
    elif b.chance(0.5) and a.shape[0] > 2:
        b.computed(b.new(f"{x}{b.pick('[::2]', '[::-1]', '[::-2]')}", bound=bound), x)
    else:
        b.computed(b.new(f"{x}[:, {{}}]", holes.stretch(a.shape[1], a.shape[1] - 1), bound=bound), x)
    return "a slice that copies"


@move(1.2)
def gathered(b: Builder) -> str | None:
    x = b.some(filled)
    if x is None:
        return None
    a = b.at(x)
    count = int(b.rng.integers(1, 4))
    if b.chance(0.5):
        if b.count % 2:
            return _batch(b, x, 8 + count)
        b.computed(b.new(f"{x}[{{}}]", holes.rows(a.shape[0], count, False), bound=b.bound(x)), x)
    elif b.free(a):
        count = min(count, a.shape[0])
        b.line(f"{x}[{{}}] = {{}}", holes.rows(a.shape[0], count, True), holes.number(b.dtype(x)))
    else:
        return None
    return "an index array"


def _batch(b: Builder, x: str, count: int) -> str:
    """So many rows of ``x``, and some of another array, that they are gathered; one of them computed."""
    a, dtype = b.at(x), b.dtype(x)
    others = [n for n in b.arrays if b.dtype(n) == dtype and b.at(n).shape[1:] == a.shape[1:] and filled(b.at(n))]
    other = others[-1]
    chosen = [other if number in (2, 5) else x for number in range(count)]
    rows = [f"{each}[{{}}]" for each in chosen]
    rows[7] += " * 1"
    held = [holes.stretch(b.at(each).shape[0], 1) for each in chosen]
    bound = max(b.bound(x), b.bound(other))
    b.computed(b.new(f"nd.concat({', '.join(rows)}, dim=0)", *held, bound=bound), x, other)
    return "a batch of rows"


# --------------------------------------------------------------------------------------------- computing


@move(5)
def computed(b: Builder) -> str | None:
    x = b.some(filled)
    if x is None:
        return None
    a, dtype, bound = b.at(x), b.dtype(x), b.bound(x)
    y = b.some(lambda o: o.data.dtype == a.data.dtype and o.shape in (a.shape, a.shape[1:], (1,)))
    if y is not None and b.chance(0.5):
        if bound * b.bound(y) < LIMIT and b.chance(0.5):
            b.computed(b.new(f"{x} * {y}", bound=bound * b.bound(y)), x, y)
        elif bound + b.bound(y) < LIMIT:
            b.computed(b.new(f"{x} {b.pick('+', '-')} {y}", bound=bound + b.bound(y)), x, y)
        return None
    if bound * 5 > LIMIT:
        b.computed(b.new(f"nd.clip({x}, -3, 4)" if dtype[0] != "u" else f"nd.clip({x}, 1, 4)", bound=4), x)
        return None
    form = b.pick("{x} * {{}}", "{x} + {{}}", "{{}} - {x}", "nd.relu({x})", "{x}.copy()", "{x}.sum()", "{x} > {{}}")
    if dtype == "uint8" and "-" in form:
        return None
    held = [holes.number(dtype)] if "{{}}" in form else []
    b.computed(b.new(form.format(x=x), *held, bound=bound * (a.data.size if "sum" in form else 5)), x)
    return None


@move(1.5)
def combined(b: Builder) -> str | None:
    x = b.some(lambda a: is_float(a) and filled(a))
    if x is None:
        return None
    a, bound = b.at(x), b.bound(x)
    like = b.some(lambda o: o.data.dtype == a.data.dtype and o.shape == a.shape)
    which = b.pick("tanh", "square", "where", "concat", "dot", "T", "axis", "cast")
    if which == "where" and like:
        b.computed(b.new(f"nd.where({x} > {{}}, {x}, {like})", holes.number("float32"), bound=bound + b.bound(like)), x)
    elif which == "concat" and like:
        b.computed(b.new(f"nd.concat({x}, {like}, dim=0)", bound=bound + b.bound(like)), x, like)
    elif which == "dot" and a.data.ndim == 2 and bound * bound * 6 < LIMIT:
        b.computed(b.new(f"nd.dot({x}, {x}.T)", bound=bound * bound * a.shape[1]), x)
    elif which == "T" and a.data.ndim > 1:
        b.computed(b.new(f"{x}.T", bound=bound), x)
    elif which == "axis" and a.data.ndim > 1 and bound * 6 < LIMIT:
        b.computed(b.new(f"{x}.sum(axis={b.pick(0, 1)})", bound=bound * 6), x)
    elif which == "cast":
        b.computed(b.new(f"{x}.astype('{b.pick('float64', 'float32')}')", bound=bound), x)
    elif which == "square" and bound * bound < LIMIT:
        b.computed(b.new(f"nd.square({x})", bound=bound * bound), x)
    elif which == "tanh":
        b.computed(b.new(f"nd.tanh({x})", bound=1), x)
    return None


@move(1)
def split(b: Builder) -> str | None:
    x = b.some(lambda a: a.shape[0] % 2 == 0 and filled(a))
    if x is None:
        return None
    parts = [f"v{b.count + k}" for k in range(2)]
    b.count += 2
    bound = b.bound(x)
    b.line(f"{', '.join(parts)} = nd.split({x}, 2, axis=0)")
    b.arrays += parts
    for each in parts:
        b.raise_bound(each, bound)
        b.computed(each, x)
    return "several outputs"
