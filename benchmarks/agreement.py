"""Whether two frameworks found the same."""

from __future__ import annotations

import pathlib

import numpy as np

#: Of float32 and wider, and of float16.
_RTOL, _SHORT_RTOL = 1e-4, 2e-3


def difference(ours: pathlib.Path, theirs: pathlib.Path, rtol: float = _RTOL, atol: float = 1e-5) -> str:
    """How the arrays of two files made by ``numpy.savez`` differ beyond rounding; nothing if they agree."""
    with np.load(ours) as a, np.load(theirs) as b:
        if len(a.files) != len(b.files):
            return f"{len(a.files)} results, not {len(b.files)}"
        return next(filter(None, (_of_arrays(a[name], b[name], rtol, atol) for name in a.files)), "")


def kinds(ours: pathlib.Path, theirs: pathlib.Path) -> str:
    """The same of shapes and types alone, for what is drawn at random."""
    with np.load(ours) as a, np.load(theirs) as b:
        found = [[f"{file[name].dtype}{list(file[name].shape)}" for name in file.files] for file in (a, b)]
        return "" if found[0] == found[1] else f"{', '.join(found[0])}, not {', '.join(found[1])}"


def _of_arrays(a: np.ndarray, b: np.ndarray, rtol: float, atol: float) -> str:
    if (a.dtype, a.shape) != (b.dtype, b.shape):
        return f"{a.dtype}{list(a.shape)}, not {b.dtype}{list(b.shape)}"
    rtol = max(rtol, _SHORT_RTOL) if a.dtype == np.float16 else rtol
    a, b = a.astype("float64"), b.astype("float64")
    if np.allclose(a, b, rtol=rtol, atol=atol, equal_nan=True):
        return ""
    if (np.isfinite(a) != np.isfinite(b)).any():
        return "values differ where one is NaN or infinite"
    finite = np.isfinite(a)
    return f"values differ by up to {abs(a[finite] - b[finite]).max(initial=0):.3g}"
