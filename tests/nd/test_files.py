"""Files of arrays: MXNet's load and are written again byte for byte, damaged ones are refused, writes are whole."""

from __future__ import annotations

import io
import json
import os
import pathlib
import stat
import struct
import subprocess
import threading
import tracemalloc
import zipfile
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import MXNetError, autograd, nd
from lazynd.nd import file_format
from lazynd.nd.np_shape import np_shape

FIXTURES = pathlib.Path(__file__).parents[1] / "data" / "files"
EXPECTED: dict[str, Any] = json.loads((FIXTURES / "expected.json").read_text(encoding="utf-8"))
#: Files that MXNet 1.9.1 reads and lazynd refuses, with the reason.
REFUSED = {
    "csr.params": "csr, and sparse arrays are not read",
    "row_sparse.params": "row_sparse, and sparse arrays are not read",
    "scalar_without_shape.params": "no dimensions",
}
#: Read, but no longer written: older records, and a device that MXNet too reads to ``cpu(0)``.
OTHERWISE_WRITTEN = {"version_0.params", "version_1.params", "cpu_1.params"}
READ = sorted(EXPECTED.keys() - REFUSED.keys())
X = np.arange(6, dtype="float32").reshape(2, 3)


def shown(array: nd.NDArray) -> dict[str, Any]:
    values = array.asnumpy()
    return {"dtype": values.dtype.name, "shape": list(values.shape), "bytes": values.tobytes().hex()}


def all_shown(found: Any) -> Any:
    return {k: shown(v) for k, v in found.items()} if isinstance(found, dict) else [shown(v) for v in found]


def content(data: Any, tmp_path: pathlib.Path) -> bytes:
    nd.save(tmp_path / "saved", data)
    return (tmp_path / "saved").read_bytes()


# ---------------------------------------------------------------------------------------------------- MXNet's files


def test_there_are_files_of_every_kind() -> None:
    assert len(READ) >= 15 and {p.name for p in FIXTURES.glob("*.params")} == set(READ) | set(REFUSED)


@pytest.mark.parametrize("name", READ)
def test_mxnets_files_hold_what_mxnet_reads(name: str) -> None:
    found = nd.load(str(FIXTURES / name))
    assert all_shown(found) == EXPECTED[name]
    assert all_shown(nd.load_frombuffer((FIXTURES / name).read_bytes())) == EXPECTED[name]
    arrays = list(found.values()) if isinstance(found, dict) else found
    assert all(array.context == lazynd.cpu(0) for array in arrays)


@pytest.mark.parametrize("name", sorted(set(READ) - OTHERWISE_WRITTEN))
def test_mxnets_files_are_written_byte_for_byte(name: str, tmp_path: pathlib.Path) -> None:
    with np_shape(name.startswith("np_")):
        assert content(nd.load(FIXTURES / name), tmp_path) == (FIXTURES / name).read_bytes()


def test_older_records_are_written_as_version_2(tmp_path: pathlib.Path) -> None:
    for name in ("version_0.params", "version_1.params"):
        assert content(nd.load(FIXTURES / name), tmp_path) == (FIXTURES / "version_2.params").read_bytes()


@pytest.mark.parametrize("name", READ)
def test_records_are_written_byte_for_byte(name: str) -> None:
    """The codec alone: versions, devices and dtypes that arrays do not keep."""
    raw = (FIXTURES / name).read_bytes()
    records, names = file_format.read(io.BytesIO(raw), len(raw))
    again = io.BytesIO()
    file_format.write(again, len(records), records, names)
    assert again.getvalue() == raw


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_is_not_read_is_refused_with_the_reason(name: str) -> None:
    with pytest.raises(MXNetError, match=REFUSED[name]):
        nd.load(FIXTURES / name)


def test_the_device_is_written(tmp_path: pathlib.Path) -> None:
    assert content(nd.ones((2,), ctx=lazynd.cpu(1)), tmp_path) == (FIXTURES / "cpu_1.params").read_bytes()


# ---------------------------------------------------------------------------------------------------- what is saved


def test_an_array_a_list_and_a_dict(tmp_path: pathlib.Path) -> None:
    path = str(tmp_path / "file")
    x, y = nd.array(X), nd.ones((1,), dtype="int64")
    nd.save(path, x)
    assert [a.asnumpy().tolist() for a in nd.load(path)] == [X.tolist()]
    nd.save(path, [x, y])
    assert [a.dtype for a in nd.load(path)] == [np.float32, np.int64]
    nd.save(path, {"x": x, "y": y})
    assert list(nd.load(path)) == ["x", "y"]
    nd.save(path, {})
    assert nd.load(path) == []


def test_pending_arrays_views_and_gradients(tmp_path: pathlib.Path) -> None:
    x = nd.array(X)
    x.attach_grad()
    with autograd.record():
        y = (x * x).sum()
    y.backward()
    nd.save(tmp_path / "f", {"pending": x + 1, "view": x[1], "slice": x[:, 1:], "gradient": x.grad, "T": x.T})
    found = {name: array.asnumpy().tolist() for name, array in nd.load(tmp_path / "f").items()}
    assert found == {
        "pending": (X + 1).tolist(), "view": X[1].tolist(), "slice": X[:, 1:].tolist(), "gradient": (2 * X).tolist(),
        "T": X.T.tolist(),
    }  # fmt: skip


def test_scalars_are_written_with_numpys_shapes(tmp_path: pathlib.Path) -> None:
    """MXNet's own shapes have none: it writes a file that it cannot read."""
    raw = content([nd.array(3), nd.ones((2,))], tmp_path)
    assert [a.shape for a in nd.load_frombuffer(raw)] == [(), (2,)]
    assert raw.count(struct.pack("<I", 0xF993FACA)) == 2


def test_arrays_of_np_are_saved_by_npx(tmp_path: pathlib.Path) -> None:
    x = lazynd.np.array([[0.5]])
    path = str(tmp_path / "f")
    with pytest.raises(TypeError, match=r"npx\.save"):
        nd.save(path, {"x": x})
    lazynd.npx.save(path, {"x": x, "s": x.sum()})
    found = lazynd.npx.load(path)
    assert {k: (type(v), v.shape) for k, v in found.items()} == {k: (type(x), s) for k, s in (("x", (1, 1)), ("s", ()))}
    assert (tmp_path / "f").read_bytes().count(struct.pack("<I", 0xF993FACA)) == 2
    lazynd.npx.save(path, x)
    assert lazynd.npx.load(path)[0].tolist() == [[0.5]]
    with pytest.raises(TypeError, match="ndarray"):
        lazynd.npx.save(path, [nd.ones(1)])


@pytest.mark.parametrize(
    ("data", "kind", "said"),
    [
        ((nd.ones(1),), ValueError, "needs to either be"),
        ({1: nd.ones(1)}, TypeError, "dict str->NDArray"),
        ([np.ones(1)], TypeError, "list of NDArray"),
        ([None], TypeError, "list of NDArray"),
        ({"a\0b": nd.ones(1)}, ValueError, "NUL"),
        ({"\ud800": nd.ones(1)}, ValueError, "half a letter"),
        ([nd.sparse.zeros("csr", (2, 2))], MXNetError, "tostype"),
        ([nd.ones((1,), dtype="uint32")], MXNetError, "no dtype uint32"),
    ],
)
def test_what_no_file_holds_is_refused(data: Any, kind: Any, said: str, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"as it was")
    with pytest.raises(kind, match=said):
        nd.save(str(path), data)
    assert path.read_bytes() == b"as it was" and os.listdir(tmp_path) == ["file"]


def test_names_of_files() -> None:
    for wrong in (5, None, b"x"):
        with pytest.raises(TypeError, match="string"):
            nd.load(wrong)  # type: ignore[arg-type]  # refused
    with pytest.raises(TypeError, match="bytes"):
        nd.load_frombuffer("text")  # type: ignore[arg-type]  # refused


# ---------------------------------------------------------------------------------------------------- whole or not


def test_a_failure_leaves_the_file_as_it_was(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    nd.save(path, nd.ones((3,)))
    before = path.read_bytes()

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(MXNetError, match="No space left"):
        nd.save(path, nd.zeros((1000,)))
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["file"]


def test_an_interrupt_leaves_the_file_as_it_was(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    nd.save(path, nd.ones((3,)))
    before = path.read_bytes()
    write = file_format._write_record

    def interrupted(file: Any, record: Any) -> None:
        write(file, record)
        raise KeyboardInterrupt

    monkeypatch.setattr(file_format, "_write_record", interrupted)
    with pytest.raises(KeyboardInterrupt):
        nd.save(path, [nd.zeros((1000,)), nd.zeros((1,))])
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["file"]


@pytest.mark.skipif(os.name == "nt", reason="Windows replaces no file that is open")
def test_a_reader_sees_one_file_or_the_other(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "file"
    versions = [nd.array(np.full(5000, n, "float32")) for n in range(2)]
    nd.save(path, versions[0])
    seen: list[set[float]] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            with open(path, "rb") as file:
                (record,), _ = file_format.read(file, os.fstat(file.fileno()).st_size)
            seen.append(set(record.values.tolist()))

    reader = threading.Thread(target=read)
    reader.start()
    for n in range(60):
        nd.save(path, versions[n % 2])
    done.set()
    reader.join()
    assert seen and all(values in ({0.0}, {1.0}) for values in seen)


posix = pytest.mark.skipif(os.name != "posix", reason="permissions and links of POSIX")


@posix
def test_permissions_are_those_of_any_new_file_or_stay(tmp_path: pathlib.Path) -> None:
    plain, saved = tmp_path / "plain", tmp_path / "saved"
    plain.write_bytes(b"")
    nd.save(saved, nd.ones(1))
    assert stat.S_IMODE(saved.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)
    saved.chmod(0o640)
    nd.save(saved, nd.zeros((2,)))
    assert stat.S_IMODE(saved.stat().st_mode) == 0o640 and nd.load(saved)[0].shape == (2,)


@posix
def test_a_link_stays_a_link(tmp_path: pathlib.Path) -> None:
    (tmp_path / "there").mkdir()
    target, link = tmp_path / "there" / "target", tmp_path / "link"
    link.symlink_to(target)
    for extent in (1, 2):  # first it points nowhere
        nd.save(link, nd.ones((extent,)))
        assert link.is_symlink() and nd.load(target)[0].shape == (extent,)


@posix
def test_what_is_no_file_is_written_and_read_as_it_comes(tmp_path: pathlib.Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=nd.save, args=(str(pipe), nd.array(X)))
    writer.start()
    assert nd.load(str(pipe))[0].asnumpy().tolist() == X.tolist()
    writer.join()
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize("name", ["nowhere", "nowhere/file", "."])
def test_what_cannot_be_opened_is_named(name: str, tmp_path: pathlib.Path) -> None:
    path = str(tmp_path / name)
    with pytest.raises(MXNetError, match=r"\[load\] cannot read .*") as refused:
        nd.load(path)
    assert repr(path) in str(refused.value) and "test_files.py" in str(refused.value)
    if name != "nowhere":
        with pytest.raises(MXNetError, match=r"\[save\] cannot write "):
            nd.save(path, nd.ones(1))


# ---------------------------------------------------------------------------------------------------- hostile files


def head(shape: tuple[int, ...], code: int = 0, count: int = 1) -> bytes:
    """A file of version 2 up to the elements of its first array."""
    shaped = struct.pack(f"<i{len(shape)}q", len(shape), *shape)
    return struct.pack("<QQQIi", 0x112, 0, count, 0xF993FAC9, 0) + shaped + struct.pack("<iii", 1, 0, code)


HOSTILE = {
    "a terabyte of elements": (
        head((1 << 40,)) + bytes(40),
        "at byte 56 of 96: .*4398046511104 bytes, but 40 are left",
    ),
    "a product that overflows": (head((1 << 32, 1 << 32)) + bytes(40), "too large for any machine"),
    "nothing of everything": (head((0, 1 << 62, 1 << 62)) + bytes(40), "too large for any machine"),
    "a negative extent": (head((-1, 4)) + bytes(40), "at byte 32 of 104: .*negative extent"),
    "too many dimensions": (
        struct.pack("<QQQIii", 0x112, 0, 1, 0xF993FAC9, 0, 1 << 30),
        "at byte 32 of 36: .*1073741824 dimensions",
    ),
    "many arrays": (head((1,), count=1 << 40) + bytes(4), "at byte 60 of 60: expected array 1 of 1099511627776"),
    "a dtype": (head((1,), 99) + bytes(4), "at byte 52 of 60: .* dtype 99"),
    "a storage type": (
        struct.pack("<QQQIi", 0x112, 0, 1, 0xF993FAC9, -1),
        "at byte 28 of 32: .*storage type -1",
    ),
    "an old shape": (
        struct.pack("<QQQI", 0x112, 0, 1, 1 << 31),
        "at byte 24 of 28: array 0 of 1 begins with 0x80000000",
    ),
    "names": (head((1,)) + bytes(4) + struct.pack("<Q", 7), "at byte 60 of 68: 7 names for 1 arrays"),
    "a long name": (
        head((1,)) + bytes(4) + struct.pack("<QQ", 1, 1 << 40),
        "at byte 76 of 76: expected name 0, 1099511627776 bytes, but 0 are left",
    ),
    "a name that is no text": (
        head((1,)) + bytes(4) + struct.pack("<QQ", 1, 2) + b"a\xff",
        "at byte 77 of 78: name 0 is not UTF-8",
    ),
    "no boolean": (head((2,), 7) + b"\1\2", "at byte 56 of 58: .*neither 0 nor 1"),
    "nothing": (b"", "at byte 0 of 0: expected the file's first number, 8 bytes, but 0 are left"),
    "another file": (b"\x93NUMPY\1\0" * 4, "at byte 0 of 32: no file of arrays"),
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_a_hostile_file_is_refused_where_it_goes_wrong(name: str, tmp_path: pathlib.Path) -> None:
    raw, said = HOSTILE[name]
    path = tmp_path / "file"
    path.write_bytes(raw)
    tracemalloc.start()
    try:
        with pytest.raises(MXNetError, match=said) as refused:
            nd.load(path)
        with pytest.raises(MXNetError, match=said):
            nd.load_frombuffer(raw)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 50e6
    assert str(path) in str(refused.value) and "test_files.py" in str(refused.value)


def test_two_arrays_of_one_name_are_refused() -> None:
    one = head((1,), count=2) + bytes(4)
    name = struct.pack("<Q", 1) + b"w"
    raw = one + one[24:] + struct.pack("<Q", 2) + name + name
    with pytest.raises(MXNetError, match="two arrays are called 'w'"):
        nd.load_frombuffer(raw)


def test_every_file_cut_short_says_where_it_ends() -> None:
    for name in READ:
        raw = (FIXTURES / name).read_bytes()
        for end in range(len(raw)):
            with pytest.raises(MXNetError, match=rf"at byte \d+ of {end}: expected"):
                nd.load_frombuffer(raw[:end])


def test_what_follows_is_left_as_by_mxnet() -> None:
    raw = (FIXTURES / "dict.params").read_bytes()
    assert all_shown(nd.load_frombuffer(raw + b"more")) == EXPECTED["dict.params"]
    for kind in (bytearray, memoryview):
        assert all_shown(nd.load_frombuffer(kind(raw))) == EXPECTED["dict.params"]


# ---------------------------------------------------------------------------------------------------- npz


def zipped(**arrays: Any) -> bytes:
    made = io.BytesIO()
    np.savez_compressed(made, **arrays)
    return made.getvalue()


def test_npz_files_load(tmp_path: pathlib.Path) -> None:
    arrays = {
        "w": X, "by columns": np.asfortranarray(X), "big endian": X.astype(">f4"), "half": X.astype("float16"),
        "scalar": np.float64(2), "empty": np.zeros((0, 3), "int8"), "é": np.array([True, False]),
    }  # fmt: skip
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "f.npz", **arrays)  # type: ignore[operator, arg-type]  # functions of any arrays
        found = nd.load(str(tmp_path / "f.npz"))
        assert list(found) == list(arrays)
        for name, array in found.items():
            assert array.dtype == np.asarray(arrays[name]).dtype.type and array.shape == np.shape(arrays[name])
            np.testing.assert_array_equal(array.asnumpy(), arrays[name])


def test_numpy_saves_our_arrays(tmp_path: pathlib.Path) -> None:
    np.savez(tmp_path / "f.npz", w=nd.array(X) + 1)  # type: ignore[arg-type]  # it has __array__
    assert nd.load(str(tmp_path / "f.npz"))["w"].asnumpy().tolist() == (X + 1).tolist()


class Evil:
    def __reduce__(self) -> Any:
        return pytest.fail, ("the pickle was loaded",)


def test_a_pickle_in_an_npz_is_never_loaded() -> None:
    raw = zipped(x=np.array([Evil()], dtype=object))
    with pytest.raises(MXNetError, match=r"entry 'x' at byte 0 .*pickles"):
        nd.load_frombuffer(raw)


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.array(["a"]), "str32, which lazynd does not have"),
        (np.zeros(1, "int16"), "int16"),
        (np.zeros(1, [("a", "i4")]), "structures"),
    ],
)
def test_other_dtypes_in_an_npz_are_refused(array: Any, said: str) -> None:
    with pytest.raises(MXNetError, match=f"entry 'x'.*{said}"):
        nd.load_frombuffer(zipped(x=array))


def test_an_npz_that_claims_more_than_it_holds() -> None:
    """A header of 2**40 elements, and an entry that says it unpacks to as many bytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": (1 << 40,)})
        archive.writestr("x.npy", header.getvalue())
    claims = bytearray(zipped(x=np.zeros(4)))
    at = claims.index(b"PK\1\2") + 24  # the size in the central directory
    claims[at : at + 4] = struct.pack("<I", (1 << 32) - 2)
    tracemalloc.start()
    for raw, said in ((made.getvalue(), "expected 4398046511104 bytes"), (bytes(claims), "cannot hold the 4294967294")):
        with pytest.raises(MXNetError, match=said):
            nd.load_frombuffer(raw)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50e6


def test_an_npz_whose_sum_is_wrong() -> None:
    made = io.BytesIO()
    np.savez(made, x=X)
    raw = bytearray(made.getvalue())
    raw[raw.index(X.tobytes())] ^= 1
    with pytest.raises(MXNetError, match=r"entry 'x'.*CRC"):
        nd.load_frombuffer(bytes(raw))


# ---------------------------------------------------------------------------------------------------- with real MXNet

LOADS = """
import json, sys
import mxnet as mx

shown = lambda a: {"dtype": a.asnumpy().dtype.name, "shape": list(a.shape), "bytes": a.asnumpy().tobytes().hex()}
told = {}
for path in sys.argv[1:]:
    with mx.util.np_shape(path.endswith(".np")):
        found = mx.nd.load(path)
    told[path] = {k: shown(v) for k, v in found.items()} if isinstance(found, dict) else [shown(v) for v in found]
print(json.dumps(told))
"""


@pytest.mark.skipif("LAZYND_ORACLE" not in os.environ, reason="LAZYND_ORACLE names no Python with MXNet 1.9.1")
def test_our_files_load_in_mxnet(tmp_path: pathlib.Path, rng: np.random.Generator) -> None:
    dtypes = ("float32", "float64", "float16", "uint8", "int32", "int8", "int64", "bool")
    plain: dict[str, Any] = {
        "one": nd.array(X), "empty": [], "list": [nd.array(X), nd.ones((1, 2, 1))],
        "dict": {f"é {d}": nd.array(rng.integers(0, 2, (3, 5)), dtype=d) for d in dtypes},
        "size 0": [nd.array([])], "other device": [nd.ones((2,), ctx=lazynd.cpu(3))],
    }  # fmt: skip
    for name, data in plain.items():
        nd.save(tmp_path / name, data)
    nd.save(tmp_path / "scalar.np", {"s": nd.array(3), "v": nd.array(X)})
    lazynd.npx.save(tmp_path / "npx.np", [lazynd.np.zeros((2, 0)), lazynd.np.array(X)])
    paths = sorted(map(str, tmp_path.iterdir()))
    python = os.environ["LAZYND_ORACLE"]
    run = subprocess.run([python, "-W", "ignore", "-c", LOADS, *paths], capture_output=True, text=True, check=True)
    told = json.loads(run.stdout)
    for path in paths:
        assert told[path] == all_shown(nd.load(path)), path
