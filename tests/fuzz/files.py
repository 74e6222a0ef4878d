"""Files of arrays, damaged at random: each is refused by an ``MXNetError``, or read as what its bytes say.

What they say is checked by writing what was read: in MXNet's format that gives the same bytes again. An ``npz`` that is
read must hold what NumPy reads from it. No file may take more memory than in proportion to its size.
"""

from __future__ import annotations

import io
import pathlib
import struct
import tracemalloc
from collections.abc import Iterable
from typing import Any, Final

import numpy as np

import lazynd
from lazynd import MXNetError, nd
from lazynd.nd import file_format, npz

from .tally import Found, Tally

FIXTURES: Final = pathlib.Path(__file__).parents[1] / "data" / "files"
#: Numbers that lengths, extents and marks are overwritten with.
NUMBERS: Final = (
    0, 1, 2, 3, 7, 8, 12, 64, 65, 0x112, 255, 1 << 16, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 40, 1 << 62,
    (1 << 63) - 1, 1 << 63, (1 << 64) - 1, 0xF993FAC8, 0xF993FAC9, 0xF993FACA,
)  # fmt: skip
#: Peak bytes of reading: Python's objects for an array are 1 KB, and the smallest record that is read has 20 bytes.
#: Deflate can give 1,032 bytes for one, and they are held twice.
BASE, PER_BYTE, PER_PACKED_BYTE = 200_000, 64, 2200

EVENTS = (
    "as it was", "cut short", "a bit turned", "a byte replaced", "a number replaced", "bytes put in", "bytes taken out",
    "another file's end", "npz", "MXNet's format", "refused", "read",
)  # fmt: skip


def originals() -> list[bytes]:
    """What is damaged: the files of MXNet, and three of NumPy."""
    lazynd.num_gpus()  # a record of a GPU asks for it, and then jax is loaded, whose memory is not the file's
    arrays = {"w": np.arange(6, dtype="float32").reshape(2, 3), "b": np.array([True, False]), "é": np.zeros((40, 50))}
    stored, packed, empty = io.BytesIO(), io.BytesIO(), io.BytesIO()
    np.savez(stored, **arrays)
    np.savez_compressed(packed, **arrays)
    np.savez(empty)
    files = [path.read_bytes() for path in sorted(FIXTURES.glob("*.params"))]
    return [*files, *[each.getvalue() for each in (stored, packed, empty)]]


def damaged(rng: np.random.Generator, files: list[bytes]) -> tuple[bytes, set[str]]:
    """A file with one to three damages, now and then none, and what they are."""
    content = bytearray(files[rng.integers(len(files))])
    happened: set[str] = set()
    if rng.random() < 0.08:
        return bytes(content), {"as it was"}
    for _ in range(rng.integers(1, 4)):
        at = int(rng.integers(len(content) + 1))
        kind = EVENTS[1:8][rng.integers(7)]
        happened.add(kind)
        if kind == "cut short":
            del content[at:]
        elif kind == "a bit turned" and at < len(content):
            content[at] ^= 1 << int(rng.integers(8))
        elif kind == "a byte replaced" and at < len(content):
            content[at] = int(rng.integers(256))
        elif kind == "a number replaced":
            layout = "<I" if rng.random() < 0.5 else "<Q"
            number = NUMBERS[rng.integers(len(NUMBERS))] % (1 << 8 * struct.calcsize(layout))
            content[at - at % 4 : at - at % 4 + struct.calcsize(layout)] = struct.pack(layout, number)
        elif kind == "bytes put in":
            content[at:at] = rng.bytes(int(rng.integers(1, 20)))
        elif kind == "bytes taken out":
            del content[at : at + int(rng.integers(1, 20))]
        elif kind == "another file's end":
            other = files[rng.integers(len(files))]
            content[at:] = other[min(at, len(other)) :]
    return bytes(content), happened


def wrong(content: bytes) -> tuple[str | None, bool]:
    """What is wrong with how ``content`` is answered, None if nothing is; and whether it was read."""
    packed = content[:4] in npz.MARKS
    tracemalloc.start()
    try:
        found: Any = nd.load_frombuffer(content)
    except MXNetError as error:
        found = None
        text = str(error)
    except Exception as error:
        return f"raised {type(error).__name__}: {error}", False
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    allowed = BASE + (PER_PACKED_BYTE if packed else PER_BYTE) * len(content)
    if peak > allowed:
        return f"took {peak} bytes of memory for a file of {len(content)}", found is not None
    if found is None:
        told = any(place in text for place in (("entry", "archive", "entries") if packed else ("byte", "array")))
        return (None if told else f"is refused without saying where: {text}"), False
    return (_not_numpys(content, found) if packed else _not_the_same(content, found)), True


def _not_the_same(content: bytes, found: Any) -> str | None:
    records, names = file_format.read(io.BytesIO(content), len(content))
    again = io.BytesIO()
    file_format.write(again, len(records), records, names)
    written = again.getvalue()
    if written[:8] + written[16:] != content[:8] + content[16 : len(written)]:
        return "was read as something else: writing it gives other bytes"
    arrays = list(found.values()) if isinstance(found, dict) else found
    for array, record in zip(arrays, records, strict=True):
        values = array.asnumpy()
        if values.tobytes() != record.values.tobytes() or values.shape != record.values.shape:
            return f"gave\n{values}\ninstead of\n{record.values}"
    return None


def _not_numpys(content: bytes, found: dict[str, Any]) -> str | None:
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        for name, array in found.items():
            expected, values = archive[name], array.asnumpy()
            if values.dtype != expected.dtype or values.tobytes() != np.ascontiguousarray(expected).tobytes():
                return f"gave {name}\n{values}\ninstead of\n{expected}"
    return None


def fuzz(seed: int, numbers: Iterable[int], most: int = 5) -> Tally:
    """The files ``numbers`` of ``seed``; stops after ``most`` failures."""
    tally, files = Tally(), originals()
    for number in numbers:
        content, happened = damaged(np.random.default_rng([seed, number]), files)
        text, was_read = wrong(content)
        tally.programs += 1
        tally.events.update(happened | {"read" if was_read else "refused"})
        tally.events["npz" if content[:4] in npz.MARKS else "MXNet's format"] += 1
        if text is not None:
            shown = f"seed {seed}, file {number} {text}\ntests.fuzz.files.wrong(bytes.fromhex({content.hex()!r}))"
            tally.found.append(Found(number, shown))
            if len(tally.found) >= most:
                break
    return tally
