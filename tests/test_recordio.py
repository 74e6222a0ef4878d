"""RecordIO against files of real MXNet: the same bytes written, the same records read, and damage refused."""

from __future__ import annotations

import json
import os
import pathlib
import pickle
import struct
import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest

from lazynd import MXNetError, nd, recordio

from .gluon.data.cases import MAGIC, RECORDS

PLACE = pathlib.Path(__file__).parent / "data" / "loading"
FACTS = json.loads((PLACE / "facts.json").read_text(encoding="utf-8"))


def test_files_of_mxnet_are_read() -> None:
    plain = recordio.MXRecordIO(PLACE / "plain.rec", "r")
    assert [plain.read() for _ in range(len(RECORDS) + 1)] == [*RECORDS, None]
    plain.reset()
    assert plain.read() == RECORDS[0]
    indexed = recordio.MXIndexedRecordIO(PLACE / "indexed.idx", PLACE / "indexed.rec", "r")
    assert indexed.keys == [100 - i for i in range(len(RECORDS))]
    assert [indexed.read_idx(100 - i) for i in reversed(range(len(RECORDS)))] == list(reversed(RECORDS))
    indexed.seek(98)
    assert (indexed.read(), indexed.read()) == (RECORDS[2], RECORDS[3])


def test_the_same_bytes_are_written(tmp_path: pathlib.Path) -> None:
    plain = recordio.MXRecordIO(tmp_path / "plain.rec", "w")
    indexed = recordio.MXIndexedRecordIO(tmp_path / "indexed.idx", tmp_path / "indexed.rec", "w")
    for number, record in enumerate(RECORDS):
        plain.write(record)
        indexed.write_idx(100 - number, record)
    plain.close()
    indexed.close()
    for name in ("plain.rec", "indexed.rec", "indexed.idx"):
        assert (tmp_path / name).read_bytes() == (PLACE / name).read_bytes(), name


@pytest.mark.parametrize("fact", FACTS["packed"], ids=lambda fact: str(fact["header"]))
def test_packing_as_mxnet(fact: Any) -> None:
    content = recordio.pack(recordio.IRHeader(*fact["header"]), b"data")
    assert content.hex() == fact["content"]
    header, rest = recordio.unpack(content)
    assert [header.flag, np.asarray(header.label).tolist(), header.id, header.id2] == fact["back"]
    assert rest == fact["rest"].encode()
    assert isinstance(header.label, float | np.ndarray)


def test_labels_may_be_arrays() -> None:
    packed = [
        recordio.pack((0, label, 1, 0), b"") for label in ([1, 2], (1.0, 2.0), np.array([1, 2]), nd.array([1, 2]))
    ]
    assert len(set(packed)) == 1


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"no record at all", "is no RecordIO file"),
        (MAGIC + struct.pack("<I", 100) + b"short", "ends in the middle"),
        (MAGIC + b"\1", "ends in the middle"),
        (MAGIC + struct.pack("<I", 1 << 29 | 4) + b"abcd", "ends in the middle"),  # its first part, and no other
        (MAGIC + struct.pack("<I", 3 << 29 | 4) + b"abcd", "is no RecordIO file"),  # a last part without a first
        (MAGIC + struct.pack("<I", 7 << 29) + b"", "is no RecordIO file"),
        (MAGIC + struct.pack("<I", (1 << 29) - 1), "ends in the middle"),  # half a gigabyte that is not there
    ],
)
def test_damage_is_told(content: bytes, why: str, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "bad.rec"
    path.write_bytes(content)
    (tmp_path / "bad.idx").write_text("0\t0\n")
    with pytest.raises(MXNetError, match=f"bad.rec' {why}"):
        recordio.MXRecordIO(path, "r").read()
    with pytest.raises(MXNetError, match=f"bad.rec' {why}"):
        recordio.MXIndexedRecordIO(tmp_path / "bad.idx", path, "r").read_idx(0)


def test_what_is_refused(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a.rec"
    with pytest.raises(MXNetError, match=r"cannot open .*nowhere"):
        recordio.MXRecordIO(tmp_path / "nowhere.rec", "r")
    with pytest.raises(ValueError, match="Invalid flag a"):
        recordio.MXRecordIO(path, "a")
    writing = recordio.MXRecordIO(path, "w")
    with pytest.raises(TypeError, match="encode a str"):
        writing.write("text")  # type: ignore[arg-type]
    with pytest.raises(AssertionError):
        writing.read()
    writing.write(b"one")
    with pytest.raises(MXNetError, match="is being written"):
        pickle.dumps(writing)
    writing.close()
    with pytest.raises(MXNetError, match="is closed"):
        writing.write(b"two")
    assert recordio.MXRecordIO(path, "r").read() == b"one"
    with pytest.raises(AssertionError):
        recordio.MXRecordIO(path, "r").write(b"x")
    with pytest.raises(FileNotFoundError):
        recordio.MXIndexedRecordIO(tmp_path / "a.idx", path, "r")
    (tmp_path / "a.idx").write_text("0\t0\nzero\t9\n")
    with pytest.raises(ValueError, match=r"line 2 of .*a.idx"):
        recordio.MXIndexedRecordIO(tmp_path / "a.idx", path, "r")
    with pytest.raises(MXNetError, match="at least 24 bytes"):
        recordio.unpack(b"x")
    with pytest.raises(MXNetError, match="a label of 5 numbers has 20 bytes, 3 are left"):
        recordio.unpack(struct.pack("<IfQQ", 5, 1, 1, 1) + b"abc")


def test_a_pickle_opens_the_file_anew() -> None:
    record = recordio.MXIndexedRecordIO(PLACE / "indexed.idx", PLACE / "indexed.rec", "r")
    record.read()
    copied = pickle.loads(pickle.dumps(record))
    assert copied.read_idx(97) == RECORDS[3] and copied.read() == RECORDS[0]
    assert record.read() == RECORDS[1]


FORKED = """
import os, sys
from lazynd import recordio
record = recordio.MXIndexedRecordIO("indexed.idx", "indexed.rec", "r")
writing = recordio.MXRecordIO(sys.argv[1], "w")
first = record.read()
pid = os.fork()
if not pid:
    try:
        writing.write(b"x")
    except RuntimeError as error:
        assert "Forbidden operation in multiple processes" in str(error)
    else:
        os._exit(1)
    os._exit(0 if record.read_idx(97) == b"abcde" and record.read() == first else 1)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
assert record.read() == b"a"
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_so_does_a_forked_process(tmp_path: pathlib.Path) -> None:
    command = [sys.executable, "-W", "error", "-c", FORKED, str(tmp_path / "new.rec")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    subprocess.run(command, cwd=PLACE, env=environment, check=True, timeout=120)


def test_threads_read_at_the_same_time() -> None:
    record = recordio.MXIndexedRecordIO(PLACE / "indexed.idx", PLACE / "indexed.rec", "r")
    wrong: list[int] = []

    def read() -> None:
        for i in range(300):
            number = i % len(RECORDS)
            if record.read_idx(100 - number) != RECORDS[number]:
                wrong.append(number)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not wrong


def test_images(rng: np.random.Generator) -> None:
    colours, grey = rng.integers(0, 256, (5, 4, 3)).astype("uint8"), rng.integers(0, 256, (5, 4)).astype("uint8")
    header = recordio.IRHeader(0, 2.0, 7, 0)
    for image in (colours, grey):
        back, found = recordio.unpack_img(recordio.pack_img(header, image, 9, ".png"))
        assert back == header and found.dtype == np.uint8
        np.testing.assert_array_equal(found, image)
    packed = recordio.pack_img(header, nd.array(colours, dtype="uint8"), 9, ".PNG")
    assert recordio.unpack_img(packed, iscolor=0)[1].shape == (5, 4)
    assert recordio.unpack_img(recordio.pack_img(header, grey, 9, ".png"), iscolor=1)[1].shape == (5, 4, 3)
    smooth = np.add.outer(np.arange(64), np.arange(64))[:, :, None] * np.array([1, 2, 0])  # blue, green, no red
    found = recordio.unpack_img(recordio.pack_img(header, smooth.astype("uint8"), 100))[1]
    # A JPEG of the best quality: the quantisation of smooth colours, and that they are stored at half the resolution.
    assert np.abs(found.astype(int) - smooth % 256)[:50, :50].mean() < 4
    with pytest.raises(ValueError, match=r"[.]gif"):
        recordio.pack_img(header, grey, img_fmt=".gif")
    with pytest.raises(MXNetError, match=r"float64\[2,"):
        recordio.pack_img(header, np.zeros((2, 2)))
