"""MXNet's arrays in NumPy: NumPy's views are MXNet's where the region is contiguous, and everything else copies.

``World`` is one run of one program: its flags, its random stream, and the names that the program sees.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .tape import Entry, MXNetError, Pull, Variable, backward, unbroadcast

Values = np.ndarray[Any, Any]


class Storage:
    """Memory, what its own handle was recorded as, and whether that is a variable."""

    def __init__(self, data: Values) -> None:
        self.data = np.ascontiguousarray(data)
        self.entry: Entry | None = None
        self.variable: Variable | None = None

    def move(self, data: Values) -> None:
        self.data[...] = data


class Array:
    """A handle: on all of a storage ("root"), on a stretch of it ("view"), or without history ("detached")."""

    def __init__(self, world: Any, storage: Storage, data: Values, kind: str) -> None:
        self.world = world
        self.storage = storage
        self.data = data
        self.kind = kind
        self.entry: Entry | None = None  # of no root: that is its storage's, as is whether it is a variable
        self.variable: Variable | None = None
        world.note(data)

    # --------------------------------------------------------------------------------------------- history

    @property
    def owner(self) -> Storage | Array:
        """What has the history: roots share one."""
        return self.storage if self.kind == "root" else self

    @property
    def marked(self) -> Variable | None:
        """That this handle is a variable."""
        return self.owner.variable

    def history(self) -> Entry | None:
        """What this array was recorded as; handles have histories, memory has none, but all roots are one handle."""
        entry = self.owner.entry
        return None if entry is None or entry.consumed else entry

    def source(self) -> Entry | None:
        """What a read hangs on while recording; None for a constant."""
        owner = self.owner
        if owner.variable is not None and owner.entry is None:
            owner.entry = self.world.entry([], owner.variable)
        return self.history()

    def become(self, entry: Entry | None) -> None:
        """Have this history; None leaves the one that was."""
        if entry is not None:
            self.owner.entry = entry

    # --------------------------------------------------------------------------------------------- reading

    @property
    def shape(self) -> tuple[int, ...]:
        return self.data.shape

    @property
    def grad(self) -> Array | None:
        variable = self.marked
        return None if variable is None else Array(self.world, variable.buffer, variable.buffer.data, "root")

    def _view(self, data: Values) -> Array:
        made = Array(self.world, self.storage, data, "view")
        behind = self.source() if self.world.recording else None
        if behind is not None:
            shape = self.data.shape
            starts = [d.__array_interface__["data"][0] for d in (self.data, data)]
            where = (starts[1] - starts[0]) // data.itemsize
            made.entry = self.world.entry([(behind, lambda g: _scattered(g, shape, where))])
        return made

    def __getitem__(self, key: Any) -> Array:
        if isinstance(key, list):
            data, shape = self.data[np.asarray(key, int)], self.data.shape

            def pull(g: Values) -> Values:
                made = np.zeros(shape, g.dtype)
                np.add.at(made, np.asarray(key, int), g)
                return made

            return self.world.made(data, [(self, pull)])
        found = self.data[key]
        if not found.size:
            return self.world.made(np.zeros(found.shape, found.dtype), [])
        if not isinstance(found, np.ndarray):
            found = self.data[_as_slices(key)].reshape(1)
        if found.flags.c_contiguous:
            return self._view(found)
        shape = self.data.shape

        def pull_slice(g: Values) -> Values:
            made = np.zeros(shape, g.dtype)
            made[key] = g
            return made

        return self.world.made(found.copy(), [(self, pull_slice)])

    def reshape(self, shape: Sequence[int]) -> Array:
        return self._view(self.data.reshape(shape))

    def detach(self) -> Array:
        return Array(self.world, self.storage, self.data, "detached")

    @property
    def T(self) -> Array:
        return self.world.made(self.data.T.copy(), [(self, lambda g: g.T)])

    def copy(self) -> Array:
        return self.world.made(self.data.copy(), [(self, lambda g: g)])

    def astype(self, dtype: str) -> Array:
        before = self.data.dtype
        return self.world.made(self.data.astype(dtype), [(self, lambda g: g.astype(before))])

    def sum(self, axis: int | None = None) -> Array:
        shape, dtype = self.data.shape, self.data.dtype
        found = self.data.sum(axis=axis, dtype=dtype)

        def pull(g: Values) -> Values:
            return np.broadcast_to(g.reshape(()) if axis is None else np.expand_dims(g, axis), shape).astype(dtype)

        return self.world.made(found.reshape(found.shape or (1,)), [(self, pull)])

    # --------------------------------------------------------------------------------------------- arithmetic

    def _binary(self, other: Any, rule: Callable[[Any, Any], Values], left: Any, right: Any) -> Array:
        """``left`` and ``right`` give the gradients of the operands from (g, a, b)."""
        a = self.data.copy()
        b = other.data.copy() if isinstance(other, Array) else cast(other, a.dtype)
        with np.errstate(all="ignore"):
            found = np.asarray(rule(a, b), a.dtype)
        inputs: list[tuple[Array, Pull]] = [(self, left and (lambda g: unbroadcast(left(g, a, b), a.shape)))]
        if isinstance(other, Array):
            inputs.append((other, right and (lambda g: unbroadcast(right(g, a, b), b.shape))))
        return self.world.made(found, inputs)

    def __add__(self, other: Any) -> Array:
        return self._binary(other, np.add, lambda g, a, b: g, lambda g, a, b: g)

    def __sub__(self, other: Any) -> Array:
        return self._binary(other, np.subtract, lambda g, a, b: g, lambda g, a, b: -g)

    def __rsub__(self, other: Any) -> Array:
        return self._binary(other, lambda a, b: b - a, lambda g, a, b: -g, None)

    def __mul__(self, other: Any) -> Array:
        return self._binary(other, np.multiply, lambda g, a, b: g * b, lambda g, a, b: g * a)

    def __gt__(self, other: Any) -> Array:
        return self._binary(other, np.greater, None, None)

    def __iadd__(self, other: Any) -> Array:
        return self.assign(self + other, self)

    def __isub__(self, other: Any) -> Array:
        return self.assign(self - other, self)

    def __imul__(self, other: Any) -> Array:
        return self.assign(self * other, self)

    # --------------------------------------------------------------------------------------------- writing

    def assign(self, value: Array, *operands: Array) -> Array:
        """All of it, with the history of ``value`` while recording, unless that was computed from the array itself."""
        self.guard()
        entry = value.source() if self.world.recording else None
        if entry is not None and any(each.owner is self.owner for each in operands):
            raise MXNetError("a recorded value is not written into an array that it was computed from")
        self.data[...] = value.data
        self.wrote(entry)
        return self

    def guard(self) -> None:
        """Refuse a write that the tape could not follow."""
        if self.world.recording and not self.writable():
            raise MXNetError("in-place operations are not supported when recording")

    def writable(self) -> bool:
        """Whether it may be written while recording."""
        return self.history() is None and self.marked is None

    def wrote(self, entry: Entry | None) -> None:
        self.world.note(self.data)
        self.become(entry)

    def __setitem__(self, key: Any, value: Any) -> None:
        self.guard()
        dtype = self.data.dtype
        if isinstance(key, list):
            key = np.asarray(key, int)
        if not isinstance(value, Array):
            self.data[key] = cast(value, dtype) if np.isscalar(value) else np.asarray(value).astype(dtype)
            self.wrote(None)
            return
        target = self.data[key]
        whole = isinstance(target, np.ndarray) and target.size == self.data.size and target.flags.c_contiguous
        entry = value.source() if self.world.recording else None
        if entry is not None and not whole:
            raise MXNetError("a part of an array has no history of its own")
        if entry is not None and value.data.shape != self.data.shape:
            shape = value.data.shape
            entry = self.world.entry([(entry, lambda g: unbroadcast(g, shape))])
        self.data[key] = value.data.copy().astype(dtype)
        self.wrote(entry)

    # --------------------------------------------------------------------------------------------- autograd

    def attach_grad(self, grad_req: str = "write") -> None:
        self.owner.entry = None
        self.owner.variable = Variable(Storage(np.zeros_like(self.data)), grad_req)

    def backward(self, out_grad: Array | None = None, retain_graph: bool = False) -> None:
        entry = self.source()
        if entry is None:
            raise MXNetError("not in a computational graph")
        seed = np.ones_like(self.data) if out_grad is None else out_grad.data.copy()
        backward(entry, seed, retain_graph, self.world.note)


def _scattered(g: Values, shape: tuple[int, ...], where: int) -> Values:
    made = np.zeros(shape, g.dtype)
    made.reshape(-1)[where : where + g.size] = g.reshape(-1)
    return made


def _as_slices(key: Any) -> Any:
    parts = key if isinstance(key, tuple) else (key,)
    return tuple(slice(k, k + 1 or None) if isinstance(k, int) else k for k in parts)


def cast(number: Any, dtype: Any) -> Any:
    """A Python number as MXNet casts it: towards zero for integers."""
    return np.asarray(int(number) if dtype.kind in "iu" else number).astype(dtype)
