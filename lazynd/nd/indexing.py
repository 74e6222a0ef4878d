"""Indexing as MXNet has it: a contiguous region is a view, any other basic index or an array index copies."""

from __future__ import annotations

import itertools
import operator
from functools import lru_cache
from typing import Any

import numpy as np

from ..ir.errors import MXNetError
from ..ir.node import leaf
from ..ir.specialization import Specialization
from ..ir.types import BOOL, Type, position_dtype
from ..ops import OPERATORS
from ..ops.kinds import canonical_number
from ..runtime import copy_to, data, host_array, not_recording
from ..runtime.record.cell import Cell
from ..runtime.record.views import View, make_view
from ..runtime.tell.location import calling_frame, user_location
from ..runtime.thread import LOCAL
from .invoke import invoke
from .mask import warn_of_mask
from .np_shape import has_scalar, is_np_shape

Ints = tuple[int, ...]
_WHOLE = slice(None)


class Basic:
    """A basic index: start, count and stride for each dimension, which to drop, and the result's shape."""

    __slots__ = ("counts", "drop", "shape", "starts", "strides")

    def __init__(self, key: tuple[Any, ...], shape: Ints) -> None:
        self.starts: list[int] = []
        self.counts: list[int] = []
        self.strides: list[int] = []
        self.drop: list[int] = []
        made: list[int] = []
        axis = 0
        for part in key:
            if part is None:
                made.append(1)
                continue
            extent = shape[axis]
            if isinstance(part, slice):
                start, stop, step = part.indices(extent)
                count = len(range(start, stop, step))
                low = start if step > 0 or not count else start + (count - 1) * step
                self._add(low if count else 0, count, step)
                made.append(count)
            else:
                if not -extent <= part < extent:
                    raise IndexError(f"index {part} is out of bounds for axis {axis} with size {extent}")
                self._add(part % extent, 1, 1)
                self.drop.append(axis)
            axis += 1
        for extent in shape[axis:]:
            self._add(0, extent, 1)
            made.append(extent)
        self.shape = tuple(made) or _of_one_element()

    def _add(self, start: int, count: int, stride: int) -> None:
        self.starts.append(start)
        self.counts.append(count)
        self.strides.append(stride)

    def offset(self, shape: Ints) -> int | None:
        """The flat position where the region begins if it is one contiguous stretch, else None."""
        partial = False  # whether a dimension further out selects more than one but not all
        for start, count, stride, extent in zip(self.starts, self.counts, self.strides, shape, strict=True):
            del start
            if partial and count != extent:
                return None
            if stride != 1 and count > 1:
                return None
            partial = partial or count > 1
        position = 0
        for start, extent in zip(self.starts, shape, strict=True):
            position = position * extent + start
        return position


def _of_one_element() -> Ints:
    """The shape of a single element: MXNet has no 0-d results, unless NumPy's shapes are on."""
    return () if is_np_shape() else (1,)


def _expand(key: Any, shape: Ints) -> tuple[Any, ...]:
    """``key`` of an array of ``shape`` as a tuple with ``...`` filled in and integers as Python's."""
    ndim = len(shape)
    parts = list(key) if isinstance(key, tuple) else [key]
    made: list[Any] = []
    consumed = ellipses = 0
    for part in parts:
        if part is Ellipsis:
            ellipses += 1
        elif part is not None:
            consumed += 1
    if ellipses > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    if consumed > ndim:
        raise IndexError(f"too many indices for array: array is {ndim}-dimensional, but {consumed} were indexed")
    for part in parts:
        if part is Ellipsis:
            made += [slice(None)] * (ndim - consumed)
        elif part.__class__ is slice:
            made.append(part)
        elif part is None or isinstance(part, slice | Cell):
            if isinstance(part, Cell) and part.type.dtype == BOOL:
                raise ValueError("an array of truth values is no index here: nd.contrib.boolean_mask takes one")
            if isinstance(part, Cell):
                warn_of_mask(part, shape)
            made.append(part)
        elif isinstance(part, list | tuple | np.ndarray | range):
            made.append(np.asarray(part))
        else:
            try:
                made.append(operator.index(part))
            except TypeError:
                text = f"NDArray does not support slicing with key {part} of type {type(part)}."
                raise ValueError(text) from None
    return tuple(made)


def _is_basic(key: tuple[Any, ...]) -> bool:
    return not any(part.__class__ is not slice and isinstance(part, Cell | np.ndarray) for part in key)


def reshape_view(cell: Cell, shape: Ints) -> Cell:
    """All of ``cell`` with another shape."""
    return make_view(LOCAL.state.recorder, cell, 0, cell.type.with_shape(shape))


@lru_cache(1024)
def _row_type(type: Type) -> Type:
    """The type of one row of an array of ``type``. MXNet has no 0-d results: a single element has shape (1,)."""
    return type.with_shape(type.shape[1:] or (1,))


def row(cell: Cell, index: int) -> Cell | None:
    """``x[index]``, quickly: batches are made of hundreds. None where ``read`` says what it is, or what is wrong."""
    type = cell.type
    shape = type.shape
    if not shape or (len(shape) == 1 and is_np_shape()):
        return None
    if index < 0:
        index += shape[0]
    made = _row_type(type)
    size = made.size
    if not 0 <= index < shape[0] or not size:
        return None
    state = LOCAL.state
    if cell.__class__ is Cell and not state.recording:  # what ``make_view`` gives then, without a call more
        return View(cell, index * size, made)
    return make_view(state.recorder, cell, index * size, made)


def read(cell: Cell, key: Any) -> Cell:
    """``x[key]``."""
    type = cell.type
    expanded = _expand(key, type.shape)
    if not _is_basic(expanded):
        return _read_advanced(cell, expanded)
    basic = Basic(expanded, type.shape)
    made = type.with_shape(basic.shape)
    offset = basic.offset(type.shape)
    if not made.size:
        return data(made, np.zeros(made.shape, made.dtype))
    if offset is not None:
        return make_view(LOCAL.state.recorder, cell, offset, made)
    spec = _slice_spec(type, tuple(basic.counts), tuple(basic.strides), tuple(basic.drop))
    sliced = LOCAL.state.recorder.apply(spec, (cell,), tuple(basic.starts), *user_location())
    return sliced if sliced.type is made else reshape_view(sliced, basic.shape)


@lru_cache(1024)
def _slice_spec(type: Type, sizes: Ints, strides: Ints, drop: Ints) -> Specialization:
    """What reads a region of an array of ``type``; where it begins is in the slots."""
    attributes = {"starts": (0,) * type.ndim, "sizes": sizes, "strides": strides, "drop": drop}
    return OPERATORS["_basic_slice"].bind((type,), attributes)[0]


@lru_cache(1024)
def _assign_spec(type: Type, value: Type, strides: Ints) -> Specialization:
    """What writes such a region."""
    return OPERATORS["_basic_assign"].bind((type, value), {"starts": (0,) * type.ndim, "strides": strides})[0]


def _index_cell(part: Any, of: Type) -> Cell:
    """``part`` of a key for an array of type ``of`` as a cell."""
    if isinstance(part, Cell):
        return part
    made = np.array(part, dtype=position_dtype(of.size))
    return Cell(leaf(Type(made.shape, made.dtype, of.context), made))


def _split(cell: Cell, key: tuple[Any, ...]) -> tuple[Cell, list[Cell], Ints]:
    """The basic part of a mixed index applied, then index cells and their axes."""
    padded = [*key, *([slice(None)] * (cell.type.ndim - len(key)))]
    basic = tuple(slice(None) if isinstance(p, Cell | np.ndarray | int) else p for p in padded)
    trimmed = cell if all(p == slice(None) for p in basic) else read(cell, basic)
    axes = tuple(i for i, p in enumerate(padded) if isinstance(p, Cell | np.ndarray | int))
    for axis in axes:
        part, extent = padded[axis], cell.type.shape[axis]
        if isinstance(part, np.ndarray) and part.size and (part.min() < -extent or part.max() >= extent):
            wrong = part[(part < -extent) | (part >= extent)].flat[0]
            raise IndexError(f"index {wrong} is out of bounds for axis {axis} with size {extent}")
    return trimmed, [_index_cell(padded[i], cell.type) for i in axes], axes


def _axes_made(cell: Cell, key: tuple[Any, ...]) -> tuple[Cell, tuple[Any, ...]]:
    """``cell`` seen with an axis of length 1 for each None in ``key``, and the key that takes it whole."""
    if all(part is not None for part in key):
        return cell, key
    extents = iter(cell.type.shape)
    shape = [1 if part is None else next(extents) for part in key]
    return reshape_view(cell, (*shape, *extents)), tuple([_WHOLE if part is None else part for part in key])


def _all_arrays(key: tuple[Any, ...], shape: Ints) -> tuple[Any, ...]:
    """``key`` with slices as arrays of positions, shaped so that the result has its axes where NumPy puts them.

    Those of the index arrays stand where the first of these is, or in front if a slice parts them.
    """
    padded = [*key, *([_WHOLE] * (len(shape) - len(key)))]
    slices = [axis for axis, part in enumerate(padded) if isinstance(part, slice)]
    arrays = [axis for axis in range(len(padded)) if axis not in slices]
    together = arrays[-1] - arrays[0] + 1 == len(arrays)
    before = sum(axis < arrays[0] for axis in slices) if together else 0
    after = len(slices) - before
    wide = max(_ndim(padded[axis]) for axis in arrays)
    for number, axis in enumerate(slices):
        behind = len(slices) - number - 1 + (wide if number < before else 0)
        positions = np.arange(*padded[axis].indices(shape[axis]), dtype=position_dtype(shape[axis]))
        padded[axis] = positions.reshape((-1,) + (1,) * behind)
    for axis in arrays:
        part = padded[axis]
        if isinstance(part, Cell):
            padded[axis] = reshape_value(part, part.type.shape + (1,) * after)
        else:
            part = np.asarray(part)
            padded[axis] = part.reshape(part.shape + (1,) * after)
    return tuple(padded)


def _ndim(part: Any) -> int:
    return part.type.ndim if isinstance(part, Cell) else np.ndim(part)


def _read_advanced(cell: Cell, key: tuple[Any, ...]) -> Cell:
    cell, key = _axes_made(cell, key)
    trimmed, indices, axes = _split(cell, key)
    cells = [trimmed, *indices]
    spec, slots = OPERATORS["_advanced_index"].bind(tuple(c.type for c in cells), {"axes": axes})
    made = LOCAL.state.recorder.apply(spec, cells, tuple(slots), *user_location())
    return made if made.type.shape else reshape_view(made, _of_one_element())


def write(cell: Cell, key: Any, value: Any) -> None:
    """``x[key] = value``: the value broadcast and cast to the array's dtype; ``x[:] = x`` does nothing."""
    if value is cell and key.__class__ is slice and key == slice(None):
        return
    recorder = LOCAL.state.recorder
    recorder.guard_write(cell)
    type = cell.type
    if key.__class__ is slice and key == _WHOLE:
        if isinstance(value, Cell) and value.type is type and type.shape:
            recorder.move(cell, value)  # what updates of parameters do
            return
        key = ()  # also all of a scalar
    if not type.shape:
        has_scalar("_full", (type,))
    expanded = _expand(key, type.shape)
    location = user_location()
    if not _is_basic(expanded):
        _write_advanced(cell, expanded, value)
        return
    basic = Basic(expanded, type.shape)
    target = type.with_shape(basic.shape)
    filled = _broadcast(value, target)
    if not target.size:
        return
    offset = basic.offset(type.shape)
    if offset is not None:
        whole = target.size == type.size
        if whole:
            recorder.move(cell, filled if filled.type is type else reshape_value(filled, type.shape))
        else:
            recorder.guard_value(filled)
            base, start = (cell.base, cell.offset + offset) if isinstance(cell, View) else (cell, offset)
            recorder.write(View(base, start, target), recorder.read(filled))
        return
    recorder.guard_value(filled)
    kept = reshape_value(filled, tuple(basic.counts))
    spec = _assign_spec(type, kept.type, tuple(basic.strides))
    recorder.write(cell, recorder.read(recorder.apply(spec, (cell, kept), tuple(basic.starts), *location)))


def _write_advanced(cell: Cell, key: tuple[Any, ...], value: Any) -> None:
    cell, key = _axes_made(cell, key)
    if any(isinstance(part, slice) and part != _WHOLE for part in key):
        key = _all_arrays(key, cell.type.shape)
    _, indices, axes = _split(cell, key)
    types = (cell.type, *(c.type for c in indices))
    shape = OPERATORS["_advanced_index"].bind(types, {"axes": axes})[0].out_types[0].shape
    filled = _broadcast(value, cell.type.with_shape(shape))
    recorder = LOCAL.state.recorder
    recorder.guard_value(filled)
    cells = [cell, filled, *indices]
    spec, slots = OPERATORS["_advanced_assign"].bind(tuple(c.type for c in cells), {"axes": axes})
    recorder.write(cell, recorder.read(recorder.apply(spec, cells, tuple(slots), *user_location())))


def reshape_value(cell: Cell, shape: Ints) -> Cell:
    """A recorded reshape."""
    if cell.type.shape == shape:
        return cell
    spec, _ = OPERATORS["_reshape_to"].bind((cell.type,), {"shape": shape})
    return LOCAL.state.recorder.apply(spec, (cell,), (), *user_location())


def _broadcast(value: Any, target: Type) -> Cell:
    """``value`` as a cell of type ``target``."""
    if isinstance(value, Cell):
        made = value
        if made.type.context is not target.context:
            made = copy_to(made, target.context)
    elif isinstance(value, bool | int | float | np.bool_ | np.number):
        attributes = {"shape": target.shape, "dtype": target.dtype, "ctx": target.context}
        spec, slots = OPERATORS["_full"].bind((), attributes | {"value": canonical_number(value)})
        with not_recording():
            return LOCAL.state.recorder.apply(spec, (), tuple(slots), *user_location())
    else:
        array = host_array(value, target.dtype)
        made = data(Type(array.shape, array.dtype, target.context), array)
    shape = made.type.shape
    stripped = shape
    while len(stripped) > len(target.shape) and stripped[0] == 1:
        stripped = stripped[1:]
    offset = len(target.shape) - len(stripped)
    if offset < 0 or any(n not in (1, target.shape[offset + i]) for i, n in enumerate(stripped)):
        raise ValueError(f"could not broadcast input array from shape {shape} into shape {target.shape}")
    if made.type is target:
        return made
    spec, _ = OPERATORS["_fit"].bind((made.type,), {"shape": target.shape, "dtype": target.dtype})
    return LOCAL.state.recorder.apply(spec, (made,), (), *user_location())


def parts(cell: Cell, sections: int | tuple[int, ...], axis: int, squeeze: bool) -> list[Cell]:
    """So many equal parts of ``cell`` along ``axis``, or those between positions; see ``nd.split_v2``."""
    frame = calling_frame()
    if isinstance(sections, int):
        if cell.type.shape[axis] % sections:
            raise ValueError("array split does not result in an equal division")
        return list(invoke(OPERATORS["SliceChannel"], (cell,), (sections, axis, squeeze), frame))
    if not isinstance(sections, tuple):
        raise ValueError("indices_or_sections must either int or tuple of ints")
    extent, before = cell.type.shape[axis], (None,) * (axis % len(cell.type.shape))
    bounds = [0, *sections, extent]
    if any(high < low for low, high in itertools.pairwise(bounds)):
        raise MXNetError(f"indices {sections} must ascend from 0 to the extent {extent} of axis {axis}")
    made: list[Cell] = []
    for low, high in itertools.pairwise(bounds):
        (part,) = invoke(OPERATORS["slice"], (cell,), ((*before, low), (*before, high)), frame)
        made += invoke(OPERATORS["squeeze"], (part,), (axis,), frame) if squeeze else (part,)
    return made
