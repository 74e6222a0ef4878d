"""Images out of files and bytes; that their pixels are MXNet's is in ``tests/goldens``."""

from __future__ import annotations

import pathlib
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import image, nd

FILES = pathlib.Path(__file__).parents[1] / "data" / "images"
NAMES = sorted(path.name for path in FILES.iterdir())


def content(name: str = "colours.png") -> bytes:
    return (FILES / name).read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_a_file_reads_as_its_bytes(name: str) -> None:
    for options in ({}, {"flag": 0}, {"to_rgb": 0}):
        read = image.imread(FILES / name, **options)
        assert read.dtype is np.uint8 and read.shape == (11, 19, 1 if "flag" in options else 3)
        assert (read.asnumpy() == image.imdecode(content(name), **options).asnumpy()).all()


def test_whatever_holds_bytes_is_decoded() -> None:
    expected = image.imdecode(content()).asnumpy()
    as_array = np.frombuffer(content(), "uint8")
    for given in (bytearray(content()), memoryview(content()), as_array, nd.array(as_array, dtype="uint8")):
        assert (image.imdecode(given).asnumpy() == expected).all()
    assert (nd._internal._cvimdecode(nd.array(as_array, dtype="uint8")).asnumpy() == expected).all()
    assert (nd._internal._cvimread(str(FILES / "colours.png")).asnumpy() == expected).all()


def test_channels_come_in_the_order_asked_for() -> None:
    rgb = image.imdecode(content()).asnumpy()
    assert (image.imdecode(content(), to_rgb=False).asnumpy() == rgb[:, :, ::-1]).all()
    grey = image.imdecode(content("grey.png")).asnumpy()
    assert (grey == grey[:, :, :1]).all() and (image.imdecode(content("grey.png"), 0).asnumpy() == grey[:, :, :1]).all()


def test_a_decoded_image_is_an_array_like_any_other() -> None:
    x = image.imdecode(content())
    tensor = nd.image.to_tensor(x)
    assert tensor.shape == (3, 11, 19)
    np.testing.assert_allclose(tensor.asnumpy()[0], x.asnumpy()[:, :, 0] / np.float32(255), rtol=1e-6)
    small = image.imresize(x, 6, 4, interp=3)
    assert small.shape == (4, 6, 3) and small.dtype is np.uint8
    x[0] = 7
    assert (x.asnumpy()[0] == 7).all()


def test_out_is_written() -> None:
    target = nd.zeros((11, 19, 3), dtype="uint8")
    view = target[2:4]
    assert image.imdecode(content(), out=target) is target
    expected = image.imdecode(content()).asnumpy()
    assert (target.asnumpy() == expected).all() and (view.asnumpy() == expected[2:4]).all()
    for wrong in (nd.zeros((11, 19, 1), dtype="uint8"), nd.zeros((11, 19, 3))):
        with pytest.raises(lazynd.MXNetError, match="the image is uint8"):
            image.imread(FILES / "colours.png", out=wrong)


@pytest.mark.parametrize(
    ("call", "kind", "reason"),
    [
        (lambda: image.imdecode(b""), lazynd.MXNetError, "no whole image"),
        (lambda: image.imdecode(b"no image at all"), lazynd.MXNetError, "no whole image"),
        (lambda: image.imdecode(content()[:200]), lazynd.MXNetError, "no whole image"),
        (lambda: image.imdecode(content("colours.jpg")[:700]), lazynd.MXNetError, "no whole image"),
        (lambda: image.imdecode("a str"), ValueError, "a str is no bytes"),
        (lambda: image.imdecode(nd.zeros(9)), lazynd.MXNetError, "are uint8"),
        (lambda: image.imdecode(content(), flag=2), lazynd.MXNetError, "flag must be 0"),
        (lambda: image.imread("there is none.png"), lazynd.MXNetError, "cannot read 'there is none.png'"),
        (lambda: image.imread(FILES), lazynd.MXNetError, "cannot read"),
        (lambda: image.imresize(nd.zeros((2, 3, 3)), 0, 2), lazynd.MXNetError, "exceed bound"),
    ],
)
def test_what_cannot_be_decoded_is_refused(call: Callable[[], Any], kind: type[Exception], reason: str) -> None:
    with pytest.raises(kind, match=reason) as caught:
        call()
    assert "test_decoding.py" in str(caught.value), "the user's line is not named"


def test_an_image_of_a_size_that_its_bytes_cannot_hold_is_refused() -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 2**31 - 1, 2**31 - 1, 8, 2, 0, 0, 0)
    huge = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    with pytest.raises(lazynd.MXNetError, match="no whole image"):
        image.imdecode(huge)


@pytest.mark.parametrize("name", NAMES)
def test_damaged_files_decode_or_are_refused(name: str) -> None:
    """Never another exception, and never another shape than [height, width, 3]."""
    rng = np.random.default_rng(3)
    whole = np.frombuffer(content(name), "uint8")
    for _ in range(30):
        damaged = whole[: rng.integers(1, whole.size + 1)].copy()
        for at in rng.integers(0, damaged.size, rng.integers(0, 4)):
            damaged[at] = rng.integers(0, 256)
        try:
            made = image.imdecode(damaged.tobytes())
        except lazynd.MXNetError:
            continue
        assert made.ndim == 3 and made.shape[2] == 3 and made.dtype is np.uint8


def test_without_the_decoder_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match=r"pip install lazynd\[image\]"):
        image.imdecode(content())


def test_importing_lazynd_loads_no_decoder() -> None:
    code = "import sys, lazynd; assert not any(name.split('.')[0] == 'PIL' for name in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_mxnets_names() -> None:
    code = (
        "import lazynd; lazynd.as_mxnet(); import mxnet as mx; from mxnet import image; import mxnet.image as again; "
        "import mxnet.img as short; assert image is again is mx.image is short is mx.img; "
        f"assert mx.img.imread({str(FILES / 'grey.jpg')!r}).shape == (11, 19, 3)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(NotImplementedError, match=r"mxnet\.image\.CreateAugmenter is not built yet"):
        image.CreateAugmenter
