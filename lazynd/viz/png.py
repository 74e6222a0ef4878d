"""Pictures as PNG, by a library that is an extra."""

from __future__ import annotations

from typing import Any

from .scalable import svg


def png(shown: Any, title: str = "", hide_inputs: bool = False, zoom: float = 2.0) -> bytes:
    """``svg`` as the bytes of a PNG file, ``zoom`` pixels for each of its units; needs ``pip install lazynd[png]``.

    >>> from lazynd import nd, viz
    >>> viz.png(nd.zeros((2, 3)) + 1)[:4]  # doctest: +SKIP
    b'\\x89PNG'
    """
    return png_of(svg(shown, title, hide_inputs), zoom)


def png_of(text: str, zoom: float = 2.0) -> bytes:
    """An SVG text as the bytes of a PNG file; ``ImportError`` that says what to install."""
    try:
        import resvg_py  # noqa: PLC0415 - an extra, loaded when wanted
    except ImportError:
        raise ImportError('a PNG is drawn by resvg_py, which is not installed: pip install "lazynd[png]"') from None
    return bytes(resvg_py.svg_to_bytes(svg_string=text, background="#ffffff", zoom=zoom))
