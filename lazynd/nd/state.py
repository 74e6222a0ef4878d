"""Arrays as records of MXNet's format and back; the state of an array in a pickle that MXNet wrote."""

from __future__ import annotations

import io
from typing import Any

from .. import runtime
from ..ir.errors import MXNetError
from ..ir.types import CPU, DTYPE_NAMES, Context, Type, named_dtype
from ..runtime.record.cell import Cell
from . import file_format
from .file_format import Record
from .handle import Handle
from .np_shape import is_np_shape
from .refusal import reports


def record_of(cell: Cell, version: int, cause: str) -> Record:
    """What ``cell`` holds, which is computed because of ``cause``."""
    type = cell.type
    device = type.context.device_typeid, type.context.device_id
    return Record(runtime.fetch(cell, cause), type.dtype.name, device, version)


def cell_of(which: str, record: Record) -> Cell:
    """A cell that holds ``record``, which an error calls ``which``."""
    known = named_dtype(record.dtype)
    if known is None:
        raise MXNetError(f"{which} is {record.dtype}, which lazynd does not have; it has {', '.join(DTYPE_NAMES)}")
    values = record.values
    return runtime.data(Type(values.shape, known, _context(*record.device)), values.view(known))


def _context(type_code: int, number: int) -> Context:
    """Where an array that was saved on a device goes: the host, but for a GPU that is there."""
    if type_code == Context("gpu").device_typeid and 0 <= number < runtime.device_count("gpu"):
        return Context("gpu", number)
    return CPU


class Stateful(Handle):
    """A handle whose state is MXNet's: a dict in which "handle" is the array as one record of a file, or None.

    Pickles of MXNet make ``NDArray(None)``, then give it its state.
    """

    __slots__ = ()

    @reports("getstate", running=True)
    def __getstate__(self) -> dict[str, Any]:
        if self._cell is None:
            return {"handle": None}
        if not file_format.has_code(self._cell.type.dtype.name):
            raise MXNetError(f"MXNet's records have no dtype {self._cell.type.dtype}")
        packed = io.BytesIO()
        version = 3 if is_np_shape() or not self.shape else 2
        file_format.write_record(packed, record_of(self._cell, version, "pickle"))
        return {"handle": bytearray(packed.getvalue())}

    @reports("setstate")
    def __setstate__(self, state: dict[str, Any]) -> None:
        packed = state["handle"]
        if packed is None:
            self._cell = None  # type: ignore[assignment]  # as MXNet's: there is no array yet
            return
        record = file_format.read_record(io.BytesIO(packed), memoryview(packed).nbytes)
        self._cell = cell_of("the array", record)
