"""Moves that attach, record and differentiate, and wrong calls."""

from __future__ import annotations

from . import holes
from .generate import LIMIT, Builder
from .model import Array
from .moves import filled, is_float, registry
from .program import END
from .tape import MXNetError, reachable

MOVES, move = registry()


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
        b.line(b.pick(f"{y}[:] = {x}", f"nd.relu({x}, out={y})"))
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


def freed(a: Array) -> bool:
    """Whether an earlier backward freed a part of the graph behind ``a``."""
    entry = a.history()
    if entry is None:
        return False
    try:
        reachable(entry)
    except MXNetError:
        return True
    return False


def differentiable(a: Array) -> bool:
    """Whether ``a`` is a head that reaches a variable."""
    entry = a.history()
    return entry is not None and not freed(a) and any(e.variable for e in reachable(entry))


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


@move(2.5)
def trained(b: Builder) -> str | None:
    """A loop of steps: record, differentiate, update in place."""
    x = b.some(lambda a: a.kind != "detached" and a.marked is not None and filled(a))
    if x is None or b.world.recording:
        return None
    a = b.at(x)
    y = b.some(
        lambda o: o.data.dtype == a.data.dtype and o.shape == a.shape and o.storage is not a.storage and not freed(o)
    )
    if y is None or b.bound(x) * b.bound(y) * a.data.size > LIMIT:
        return None
    loss = f"v{b.count}"
    b.count += 1
    lines = [
        f"for _ in range({b.pick(2, 3, 5)}):",
        "with autograd.record():", f"{loss} = ({x} * {y} {b.pick('+', '-')} {{}}){b.pick('.sum()', '')}", END,
        *([f"force({loss})"] if b.chance(0.3) else []),
        f"{loss}.backward()",
        *([f"force({loss})"] if b.chance(0.3) else []),
        f"{x}[:] = nd.clip({x} - {x}.grad * {{}}, -3, 4)",
        END,
    ]  # fmt: skip
    b.together(lines, holes.number("float32"))
    b.arrays.append(loss)
    b.raise_bound(loss, LIMIT)
    b.raise_bound(x, 4)
    return "a training loop"


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
        cases = [
            ("MXNetError", f"{x}.__iadd__(1)"),
            ("MXNetError", f"{x}.__setitem__(0, 1)"),
            ("MXNetError", f"nd.zeros({a.shape}, dtype='{a.data.dtype}').__iadd__({x})"),
        ]
    if a.data.size > 1:
        cases += [("ValueError", f"{x}.asscalar()"), ("TypeError", f"float({x})"), ("ValueError", f"bool({x})")]
    if a.writable() or freed(a):
        cases += [("MXNetError", f"{x}.backward()")]
    expected, call = b.pick(*[c for c in cases if c[1]])
    b.line(f"attempt('{expected}', lambda: {call})")
    return "a wrong call"
