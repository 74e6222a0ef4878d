"""The moves of aliasing programs: each adds a line or a few, and names the event that it is."""

from __future__ import annotations

from collections.abc import Callable

from . import holes
from .generate import LIMIT, SHAPES, Builder
from .model import Array
from .tape import reachable

Move = Callable[[Builder], str | None]
MOVES: list[tuple[float, Move]] = []


def move(weight: float) -> Callable[[Move], Move]:
    def register(function: Move) -> Move:
        MOVES.append((weight, function))
        return function

    return register


def is_float(a: Array) -> bool:
    return a.data.dtype.kind == "f"


def filled(a: Array) -> bool:
    return a.data.size > 0


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
    return event + (" while recording" if b.world.recording else "")


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
        b.computed(b.new(f"{x}[::2]", bound=bound), x)
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
        b.computed(b.new(f"{x}[{{}}]", holes.rows(a.shape[0], count, False), bound=b.bound(x)), x)
    elif b.free(a):
        count = min(count, a.shape[0])
        b.line(f"{x}[{{}}] = {{}}", holes.rows(a.shape[0], count, True), holes.number(b.dtype(x)))
    else:
        return None
    return "an index array"


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


# --------------------------------------------------------------------------------------------- writing


@move(3)
def updated(b: Builder) -> str | None:
    """``x += y``."""
    x = b.some(lambda a: filled(a) and b.free(a))
    if x is None:
        return None
    a, bound = b.at(x), b.bound(x)
    y = b.some(lambda o: o.data.dtype == a.data.dtype and o.shape in (a.shape, (1,)))
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


def _above_zero(rng: object) -> str:
    return str(rng.integers(1, 9))  # type: ignore[attr-defined]  # a numpy Generator


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


# --------------------------------------------------------------------------------------------- autograd


@move(3)
def attached(b: Builder) -> str | None:
    x = b.some(lambda a: (a.kind == "root" or b.chance(0.4)) and is_float(a) and filled(a))
    if x is None:
        return None
    taped = b.some(lambda a: a.kind == "root" and a.history() is not None and a.marked is None)
    x = taped if taped and b.chance(0.6) else x
    had = b.at(x).history() is not None
    request = b.pick("write", "write", "add")
    b.line(f"{x}.attach_grad('{request}')" if request == "add" else f"{x}.attach_grad()")
    b.at(x).marked.buffer.bound = LIMIT  # type: ignore[union-attr]  # just attached
    if had:
        b.events.add("attach_grad on an array with history")
    if b.at(x).kind != "root":
        b.events.add("attach_grad on a view or a detached handle")
    return "grad_req add" if request == "add" else "attach_grad"


@move(4)
def recorded(b: Builder) -> str | None:
    if b.world.recording:
        return None
    x = b.some(lambda a: a.marked is not None)
    if x is None:
        return attached(b)
    b.open("autograd.record()", b.world.flag(True))
    if b.chance(0.3):
        y = b.new(f"nd.zeros({b.at(x).shape}, dtype='{b.dtype(x)}')", bound=b.bound(x))
        b.line(b.pick(f"{y}[:] = {x}", f"{y} += {x}", f"nd.relu({x}, out={y})"))
        b.events.add("a recorded write into a fresh array")
    b.computed(b.new(f"{x} * {{}}", holes.number(b.dtype(x)), bound=b.bound(x) * 5), x)
    return "record"


@move(3)
def closed(b: Builder) -> str | None:
    """The end of a block, mostly with what the block was for."""
    if not b.blocks:
        return None
    b.close()
    event = differentiated(b) if b.chance(0.7) and not b.world.recording else None
    if event:
        b.events.add(event)
    return None


@move(3)
def paused(b: Builder) -> str | None:
    if not b.world.recording:
        return None
    b.open("autograd.pause()", b.world.flag(False))
    return "pause"


def differentiable(a: Array) -> bool:
    """Whether ``a`` is a head that reaches a variable."""
    entry = a.history()
    return entry is not None and any(e.variable for e in reachable(entry))


@move(4)
def differentiated(b: Builder) -> str | None:
    x = b.some(differentiable)
    if x is None:
        return None
    a = b.at(x)
    arguments = []
    fits = [n for n in b.arrays if b.at(n).shape == a.shape and b.dtype(n) == b.dtype(x) and b.bound(n) < 64]
    if fits and b.chance(0.4):
        head = b.pick(*fits)
        arguments.append(head)
        b.events.add("a head gradient")
    retained = b.chance(0.4)
    if retained:
        arguments.append("retain_graph=True")
        b.events.add("retain_graph")
    b.line(f"{x}.backward({', '.join(arguments)})")
    return "backward"


@move(2)
def gradient_handle(b: Builder) -> str | None:
    x = b.some(lambda a: a.marked is not None)
    if x is None:
        return None
    if b.chance(0.5) and not b.world.recording:
        b.line(f"{x}.grad[:] = {{}}", holes.number("float32"))
        return "a gradient written"
    b.new(f"{x}.grad", bound=LIMIT)
    return "a gradient's handle"


# --------------------------------------------------------------------------------------------- wrong calls


@move(1.5)
def wrong(b: Builder) -> str | None:
    x = b.some(filled)
    if x is None:
        return None
    a = b.at(x)
    cases = [
        ("IndexError", f"{x}[99]"),
        ("MXNetError", f"{x} + nd.zeros((7, 101), dtype='{a.data.dtype}')" if a.data.size > 1 else ""),
        ("MXNetError", f"{x} + nd.zeros((1,), dtype='float16')"),
        ("MXNetError", f"{x}.reshape((7, 101))"),
    ]
    if b.free(a):
        cases += [
            ("ValueError", f"{x}.__setitem__(slice(None), nd.zeros((7, 101)))"),
            ("MXNetError", f"nd.zeros((7, 101), dtype='{a.data.dtype}').__iadd__({x})" if a.data.size > 1 else ""),
            ("MXNetError", f"nd.tanh(nd.zeros((7, 101)), out={x})" if is_float(a) else ""),
            ("TypeError", f"{x}.__setitem__(0, 'a')"),
        ]
    if b.world.recording and a.marked is not None:
        cases = [("MXNetError", f"{x}.__iadd__(1)"), ("MXNetError", f"{x}.__setitem__(0, 1)")]
    if a.data.size > 1:
        cases += [("ValueError", f"{x}.asscalar()"), ("TypeError", f"float({x})"), ("ValueError", f"bool({x})")]
    if a.writable():
        cases += [("MXNetError", f"{x}.backward()")]
    expected, call = b.pick(*[c for c in cases if c[1]])
    b.line(f"attempt('{expected}', lambda: {call})")
    return "a wrong call"
