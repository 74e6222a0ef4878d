"""Golden results as files: one a family, an index in JSON and the arrays behind one another, compressed."""

from __future__ import annotations

import io
import json
import pathlib
from typing import Any

import numpy as np

FOLDER = pathlib.Path(__file__).parents[1] / "data" / "goldens"


class _Packer:
    def __init__(self) -> None:
        self.data = io.BytesIO()

    def pack(self, value: Any) -> Any:
        """``value`` with each array replaced by dtype, shape and place."""
        if isinstance(value, np.ndarray):
            place = self.data.tell()
            self.data.write(np.ascontiguousarray(value).tobytes())
            return {"dtype": value.dtype.name, "shape": list(value.shape), "at": place}
        if isinstance(value, (list, tuple)):
            return [self.pack(each) for each in value]
        if isinstance(value, dict):
            return {key: self.pack(each) for key, each in value.items()}
        return value


def _unpack(value: Any, data: bytes) -> Any:
    if isinstance(value, dict) and "at" in value:
        count = int(np.prod(value["shape"]))
        return np.frombuffer(data, value["dtype"], count, value["at"]).reshape(value["shape"])
    if isinstance(value, list):
        return [_unpack(each, data) for each in value]
    if isinstance(value, dict):
        return {key: _unpack(each, data) for key, each in value.items()}
    return value


def save(family: str, results: dict[str, Any]) -> pathlib.Path:
    packer = _Packer()
    index = json.dumps(packer.pack(results)).encode()
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{family}.npz"
    parts = {"index": index, "data": packer.data.getvalue()}
    np.savez_compressed(path, **{name: np.frombuffer(part, "uint8") for name, part in parts.items()})
    return path


def load(family: str) -> dict[str, Any]:
    """Results by the keys of their cases; none if the family's file is not made yet."""
    path = FOLDER / f"{family}.npz"
    if not path.exists():
        return {}
    with np.load(path, allow_pickle=False) as parts:
        found: dict[str, Any] = _unpack(json.loads(parts["index"].tobytes()), parts["data"].tobytes())
    return found
