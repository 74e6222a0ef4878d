"""Data sets of images from files in their original form, which are made here: no pictures, but every byte counts."""

from __future__ import annotations

import functools
import gzip
import hashlib
import http.server
import io
import pathlib
import struct
import tarfile
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from lazynd import MXNetError, nd, recordio
from lazynd.gluon.data import DataLoader
from lazynd.gluon.data.vision import (
    CIFAR10,
    CIFAR100,
    MNIST,
    FashionMNIST,
    ImageFolderDataset,
    ImageRecordDataset,
    files,
)

RNG = np.random.default_rng(4)
IMAGES = {
    "train": RNG.integers(0, 256, (7, 28, 28)).astype("uint8"),
    "t10k": RNG.integers(0, 256, (3, 28, 28)).astype("uint8"),
}
LABELS = {"train": np.array([3, 1, 4, 1, 5, 9, 2], "uint8"), "t10k": np.array([6, 5, 3], "uint8")}


def idx(values: Any) -> bytes:
    return bytes([0, 0, 8, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape) + values.tobytes()


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    """Neither files of the system's nor a network."""
    monkeypatch.setattr(files, "_INSTALLED", str(tmp_path / "installed"))
    monkeypatch.setenv("MXNET_GLUON_REPO", "http://127.0.0.1:9/")


@pytest.fixture
def digits(tmp_path: pathlib.Path) -> pathlib.Path:
    for part in ("train", "t10k"):
        (tmp_path / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(IMAGES[part])))
        (tmp_path / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(LABELS[part])))
    return tmp_path


@pytest.mark.parametrize("kind", [MNIST, FashionMNIST])
def test_mnist(kind: type[MNIST], digits: pathlib.Path) -> None:
    for train, part in ((True, "train"), (False, "t10k")):
        data = kind(digits, train)
        assert len(data) == len(LABELS[part])
        x, y = data[1]
        assert isinstance(x, nd.NDArray) and x.dtype is np.uint8 and x.shape == (28, 28, 1)
        assert isinstance(y, np.int32) and y == LABELS[part][1]
        np.testing.assert_array_equal(x.asnumpy()[:, :, 0], IMAGES[part][1])
        xs, ys = data[1:3]
        assert xs.shape == (2, 28, 28, 1) and ys.tolist() == LABELS[part][1:3].tolist()
    changed = kind(str(digits), transform=lambda x, y: (x.astype("float32").sum(), int(y) * 2))
    assert changed[2][1] == 8
    (batch,) = DataLoader(kind(digits), 7)
    np.testing.assert_array_equal(batch[0].asnumpy()[..., 0], IMAGES["train"])
    assert batch[1].dtype is np.int32 and batch[1].asnumpy().tolist() == LABELS["train"].tolist()


def test_where_distributions_put_it(digits: pathlib.Path, tmp_path: pathlib.Path) -> None:
    place = tmp_path / "installed" / "fashion-mnist"
    place.mkdir(parents=True)
    for path in digits.glob("*.gz"):
        path.rename(place / path.name)
    assert len(FashionMNIST(tmp_path / "nowhere")) == 7
    assert not (tmp_path / "nowhere").exists()


def test_what_is_missing_or_damaged_is_told(digits: pathlib.Path) -> None:
    path = digits / "train-labels-idx1-ubyte.gz"
    for content, why in (
        (gzip.compress(idx(LABELS["train"]))[:-9], "cannot be read"),
        (gzip.compress(idx(LABELS["train"])[:-1]), "has 6 bytes of data, its head says 7"),
        (gzip.compress(idx(IMAGES["train"])), "is no idx file of bytes in 1 dimensions"),
        (b"", "is no idx file"),
    ):
        path.write_bytes(content)
        with pytest.raises(MXNetError, match=f"train-labels-idx1-ubyte.gz' {why}"):
            MNIST(digits)
    path.write_bytes(gzip.compress(idx(LABELS["t10k"])))
    with pytest.raises(ValueError, match="has 7 images and 3 labels"):
        MNIST(digits)
    path.unlink()
    with pytest.raises(MXNetError, match=r"train-labels.*is not in .*fetching it from http://127.0.0.1:9/.* failed"):
        MNIST(digits)
    with pytest.raises(MXNetError, match="dataset-fashion-mnist"):
        FashionMNIST(digits / "elsewhere")


# ------------------------------------------------------------------------------------------------------- CIFAR

PIXELS = RNG.integers(0, 256, (4, 3, 32, 32)).astype("uint8")


def rows(*labels: Any) -> bytes:
    return np.concatenate(
        [*[np.array(each, "uint8")[:, None] for each in labels], PIXELS.reshape((4, -1))], 1
    ).tobytes()


CONTENT = {f"data_batch_{i}.bin": rows([i, 2, 3, 4]) for i in range(1, 6)}


def archive(path: pathlib.Path, members: dict[str, bytes]) -> None:
    with tarfile.open(path, "w:gz") as file:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))


@pytest.mark.parametrize("inside", ["", "cifar-10-batches-bin/"])
def test_cifar10(inside: str, tmp_path: pathlib.Path) -> None:
    (tmp_path / inside).mkdir(exist_ok=True)
    for name, content in {**CONTENT, "test_batch.bin": rows([9, 8, 7, 6])}.items():
        (tmp_path / inside / name).write_bytes(content)
    data = CIFAR10(tmp_path)
    assert len(data) == 20 and data[8][1] == 3
    x, y = CIFAR10(tmp_path, train=False)[2]
    assert (x.shape, x.dtype, y, y.dtype) == ((32, 32, 3), np.uint8, 7, np.int32)
    np.testing.assert_array_equal(x.asnumpy(), PIXELS[2].transpose((1, 2, 0)))
    (tmp_path / inside / "test_batch.bin").write_bytes(b"short")
    with pytest.raises(MXNetError, match=r"test_batch.bin' has 5 bytes, which are no rows of 3073"):
        CIFAR10(tmp_path, train=False)


def test_cifar100(tmp_path: pathlib.Path) -> None:
    (tmp_path / "train.bin").write_bytes(rows([1, 2, 3, 4], [50, 60, 70, 80]))
    assert [CIFAR100(tmp_path)[i][1] for i in range(4)] == [1, 2, 3, 4]
    assert [CIFAR100(tmp_path, fine_label=True)[i][1] for i in range(4)] == [50, 60, 70, 80]


def test_archives_cannot_write_elsewhere(tmp_path: pathlib.Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    inside = {f"cifar-10-batches-bin/{name}": content for name, content in CONTENT.items()}
    archive(
        root / "cifar-10-binary.tar.gz", {"../evil.txt": b"x", "/tmp/lazynd-evil.txt": b"x", "a/b.bin": b"x", **inside}
    )
    assert len(CIFAR10(root)) == 20
    assert sorted(p.name for p in root.iterdir()) == ["cifar-10-binary.tar.gz", *sorted(CONTENT)]
    assert [p.name for p in tmp_path.iterdir()] == ["root"] and not pathlib.Path("/tmp/lazynd-evil.txt").exists()
    with tarfile.open(root / "cifar-10-binary.tar.gz", "w:gz") as file:  # a link in the place of a file
        info = tarfile.TarInfo("test_batch.bin")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        file.addfile(info)
    with pytest.raises(MXNetError, match=r"lacks test_batch.bin"):
        CIFAR10(root, train=False)
    (root / "cifar-10-binary.tar.gz").write_bytes(b"no archive")
    with pytest.raises(MXNetError, match="is no whole tar file"):
        CIFAR10(root, train=False)


# ---------------------------------------------------------------------------------------------------- fetching


@pytest.fixture
def server(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pathlib.Path]:
    """A server of files in a folder, in the place of MXNet's."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Nothing."""

    folder = tmp_path / "served"
    folder.mkdir()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder)) as served:
        thread = threading.Thread(target=served.serve_forever)
        thread.start()
        monkeypatch.setenv("MXNET_GLUON_REPO", f"http://127.0.0.1:{served.server_port}/")
        yield folder
        served.shutdown()
        thread.join()


def test_what_is_missing_is_fetched_and_checked(
    server: pathlib.Path, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = server / "gluon" / "dataset" / "mnist"
    place.mkdir(parents=True)
    hashes = {}
    for kind, values in (("images-idx3", IMAGES), ("labels-idx1", LABELS)):
        content = gzip.compress(idx(values["train"]))
        name = f"train-{kind}-ubyte.gz"
        (place / name).write_bytes(content)
        hashes[name] = hashlib.sha1(content).hexdigest()
    with pytest.raises(MXNetError, match="the content hash does not match"):
        MNIST(tmp_path / "root")
    assert list((tmp_path / "root").iterdir()) == [], "what is not what it should be is not kept"
    monkeypatch.setattr(MNIST, "_files", hashes)
    assert len(MNIST(tmp_path / "root")) == 7
    assert "Downloading" in capsys.readouterr().out
    (place / "train-images-idx3-ubyte.gz").unlink()
    assert len(MNIST(tmp_path / "root")) == 7, "it is there now"
    with pytest.raises(MXNetError, match="404"):
        MNIST(tmp_path / "other")


# ---------------------------------------------------------------------------------------------- files of users


def png(values: Any) -> bytes:
    return recordio.unpack(recordio.pack_img((0, 0, 0, 0), values[:, :, ::-1], 3, ".png"))[1]


def test_folders(tmp_path: pathlib.Path) -> None:
    pictures = RNG.integers(0, 256, (3, 5, 4, 3)).astype("uint8")
    for folder, name, values in (("dog", "b.png", 0), ("dog", "a.PNG", 1), ("cat", "c.png", 2)):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / name).write_bytes(png(pictures[values]))
    data = ImageFolderDataset(tmp_path)
    assert data.synsets == ["cat", "dog"] and [label for _, label in data.items] == [0, 1, 1]
    for number, expected in enumerate((2, 1, 0)):
        x, label = data[number]
        np.testing.assert_array_equal(x.asnumpy(), pictures[expected])
        assert type(label) is int
    assert ImageFolderDataset(tmp_path, flag=0)[0][0].shape == (5, 4, 1)
    assert ImageFolderDataset(str(tmp_path), transform=lambda x, y: (x.shape, -y))[1] == ((5, 4, 3), -1)
    (tmp_path / "notes.txt").write_text("no folder")
    with pytest.warns(UserWarning, match=r"notes.txt, which is not a directory"):
        ImageFolderDataset(tmp_path)
    (tmp_path / "notes.txt").unlink()
    (tmp_path / "cat" / "x.gif").write_bytes(b"GIF")
    with pytest.warns(UserWarning, match=r"x.gif of type .gif. Only support .jpg, .jpeg, .png"):
        ImageFolderDataset(tmp_path)


def test_records_of_images(tmp_path: pathlib.Path) -> None:
    pictures = RNG.integers(0, 256, (3, 5, 4, 3)).astype("uint8")
    record = recordio.MXIndexedRecordIO(tmp_path / "a.idx", tmp_path / "a.rec", "w")
    for number, values in enumerate(pictures):
        header = recordio.IRHeader(0, [number, 0.5] if number else 7.0, number, 0)
        record.write_idx(number, recordio.pack(header, png(values)))
    record.close()
    data = ImageRecordDataset(tmp_path / "a.rec")
    assert len(data) == 3 and data[0][1] == 7.0 and data[2][1].tolist() == [2, 0.5]
    np.testing.assert_array_equal(data[1][0].asnumpy(), pictures[1])
    assert ImageRecordDataset(tmp_path / "a.rec", 0, lambda x, y: x.shape)[1] == (5, 4, 1)
    (batch,) = DataLoader(data.transform(lambda x, y: x), 3, num_workers=1)
    np.testing.assert_array_equal(batch.asnumpy(), pictures)
