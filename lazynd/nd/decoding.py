"""Images out of files and bytes. Pillow, the extra ``image``, does the decoding; it is loaded when first needed."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np

from .. import runtime
from ..ir.errors import MXNetError
from .creation import array
from .ndarray import NDArray
from .refusal import reports

__all__ = ["imdecode", "imread"]

#: What is decoded. Others that Pillow knows are rare, and hostile files seek out rare decoders.
FORMATS: Final = ("JPEG", "PNG", "BMP", "TIFF", "GIF", "WEBP", "PPM")
#: Modes of Pillow with 16 bits a pixel, of which the upper 8 count.
_WIDE_MODES: Final = ("I;16", "I;16L", "I;16B", "I;16N")


@reports("imdecode")
def imdecode(
    buf: bytes | bytearray | memoryview | np.ndarray[Any, Any] | NDArray,
    flag: int = 1,
    to_rgb: bool | int = True,
    out: NDArray | None = None,
) -> NDArray:
    """The image in the bytes of a file, as uint8 [height, width, channel]. Decoded at once.

    ``flag``: 1 gives three channels, 0 one, grey. ``to_rgb``: red comes first, blue if it is false. ``out``: an array
    of just this shape and dtype to be written. Transparency is dropped, and what a camera says about the orientation
    is ignored. Raises ``ValueError`` for what is no bytes, ``MXNetError`` for bytes that are no whole image of a format
    known, ``ImportError`` without Pillow (``pip install lazynd[image]``).

    >>> from lazynd import image
    >>> image.imdecode(b"P5 3 2 255 abcdef").shape
    (2, 3, 3)
    >>> image.imdecode(b"P5 3 2 255 abcdef", flag=0).asnumpy()[:, :, 0]
    array([[ 97,  98,  99],
           [100, 101, 102]], dtype=uint8)
    """
    return _given(_decoded(_bytes_of(buf), flag, bool(to_rgb), "the bytes"), out)


@reports("imread")
def imread(
    filename: str | os.PathLike[str], flag: int = 1, to_rgb: bool | int = True, out: NDArray | None = None
) -> NDArray:
    """The image in a file, as ``imdecode`` gives it. Raises ``MXNetError`` where the file cannot be read.

    >>> from lazynd import image
    >>> with open("grey.pgm", "wb") as file:
    ...     size = file.write(b"P5 3 2 255 abcdef")
    >>> image.imread("grey.pgm", flag=0).shape
    (2, 3, 1)
    """
    try:
        with open(filename, "rb") as file:
            content = file.read()
    except OSError as error:
        raise MXNetError(f"cannot read {os.fspath(filename)!r}: {error.strerror or error}") from None
    return _given(_decoded(content, flag, bool(to_rgb), repr(os.fspath(filename))), out)


def _bytes_of(buf: Any) -> bytes:
    if isinstance(buf, NDArray):
        if buf.dtype is not np.uint8:
            raise MXNetError(f"the bytes of an image are uint8, got {buf._cell.type}")
        buf = runtime.fetch(buf._cell, "imdecode")
    elif not isinstance(buf, bytes | bytearray | memoryview | np.ndarray):
        raise ValueError("buf must be bytes, a bytearray or an array of uint8; a str is no bytes: encode it")
    return bytes(buf)


def _pillow() -> Any:
    """Pillow's module of images."""
    try:
        from PIL import Image  # noqa: PLC0415 - an extra, loaded when wanted
    except ImportError as error:
        text = "decoding images needs Pillow, which is not installed: pip install lazynd[image]"
        raise ImportError(f"{text} ({error})") from None
    return Image


def _decoded(content: bytes, flag: int, to_rgb: bool, what: str) -> np.ndarray[Any, Any]:
    if flag not in (0, 1):
        raise MXNetError(f"flag must be 0, for grey, or 1, for colours, got {flag}")
    with _opened(content, what) as image:
        if flag == 0:
            image.draft("L", None)  # the brightness that a JPEG holds, in place of one computed from its colours
        values = _values(image, "RGB" if flag else "L")
    return values[:, :, ::-1] if flag and not to_rgb else values


@contextmanager
def _opened(content: bytes, what: str) -> Iterator[Any]:
    """Pillow's image of ``content``; what goes wrong with it inside the block is an ``MXNetError``."""
    pillow = _pillow()
    try:
        with pillow.open(io.BytesIO(content), formats=FORMATS) as image:
            yield image
    except MXNetError:
        raise
    except Exception as error:  # damaged bytes come out of decoders as almost any exception
        raise MXNetError(f"{what} ({len(content)} bytes) are no whole image that can be decoded: {error}") from None


def _values(image: Any, mode: str) -> np.ndarray[Any, Any]:
    """The pixels of an image in a mode of 8 bits a channel, with an axis of channels."""
    if image.mode in _WIDE_MODES:
        grey = (np.asarray(image) >> 8).astype(np.uint8)[:, :, None]
        return np.repeat(grey, len(mode), axis=2)
    if image.mode in ("I", "F"):
        raise MXNetError(f"pixels of 32 bits are no colours (Pillow's mode {image.mode})")
    values = np.asarray(image.convert(mode))
    return values.reshape((*values.shape[:2], len(mode)))


def decoded(content: bytes, flag: int, what: str) -> np.ndarray[Any, Any]:
    """The pixels of an image file as OpenCV has them: blue first; grey has no axis of channels.

    ``flag``: 1 gives colours, 0 grey, -1 what the image is, of the three. ``what``: what an error calls the bytes.
    """
    if flag < 0:
        with _opened(content, what) as image:
            flag = 0 if image.mode in ("1", "L", "LA", *_WIDE_MODES) else 1
    values = _decoded(content, flag, False, what)
    return np.ascontiguousarray(values if flag else values[:, :, 0])


def encoded(values: np.ndarray[Any, Any], quality: int, extension: str) -> bytes:
    """Pixels, blue first as OpenCV has them, as the bytes of the image file that ``extension`` (".jpg") names."""
    name = extension.lower()
    if name in (".jpg", ".jpeg"):
        given: dict[str, Any] = {"format": "JPEG", "quality": quality}
    elif name == ".png":
        given = {"format": "PNG", "compress_level": min(quality, 9)}
    else:
        raise ValueError(f"images are encoded as .jpg or .png, not as {extension!r}")
    if values.dtype != np.uint8 or values.ndim not in (2, 3) or (values.ndim == 3 and values.shape[2] not in (1, 3)):
        raise MXNetError(
            f"expected an image of uint8, [height, width] or [height, width, 3], got {values.dtype}{[*values.shape]}"
        )
    if values.ndim == 3:
        values = values[:, :, 0] if values.shape[2] == 1 else values[:, :, ::-1]
    packed = io.BytesIO()
    _pillow().fromarray(np.ascontiguousarray(values)).save(packed, **given)
    return packed.getvalue()


def _given(values: np.ndarray[Any, Any], out: NDArray | None) -> NDArray:
    if out is None:
        return array(values, dtype=np.uint8)
    if not isinstance(out, NDArray):
        raise TypeError(f"out must be an NDArray, got {out!r}")
    if out.shape != values.shape or out.dtype is not np.uint8:
        raise MXNetError(f"out has type {out._cell.type}, the image is uint8{list(values.shape)}")
    out[:] = values
    return out
