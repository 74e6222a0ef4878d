"""Expressions and small programs that run on real MXNet and here alike; golden results of operators are in ``goldens``.

``PYTHON_WITH_MXNET tests/snippets.py`` writes what MXNet 1.9.1 gives into ``tests/data``; it needs nothing of lazynd.
"""

from __future__ import annotations

import json
import pathlib
import sys
import warnings
from typing import Any

import numpy as np

HERE = pathlib.Path(__file__).parent
#: Golden files, by the module of programs that they belong to.
FILES = {"nd": HERE / "data" / "nd_golden.json", "autograd": HERE / "data" / "autograd_golden.json"}


def plain(value: Any) -> Any:
    """A result as JSON holds it: arrays with shape and dtype, not-numbers by name."""
    if hasattr(value, "asnumpy"):
        array = value.asnumpy()
        return {
            "shape": list(value.shape),
            "dtype": np.dtype(value.dtype).name,
            "values": plain(array.ravel().tolist()),
        }
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    return value if isinstance(value, (int, float, str, bool, type(None))) else str(value)


def evaluate(code: str, mx: Any, prelude: str = "") -> Any:
    """The value of an expression, or of ``result`` after a program; the class of exception if it raises."""
    names = {"mx": mx, "nd": mx.nd, "autograd": mx.autograd, "np": np}
    exec(prelude, names)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            if "\n" in code:
                exec(code, names)
                return plain(names["result"])
            return plain(eval(code, names))
        except Exception as error:
            return {"raises": type(error).__name__}


def load(which: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILES[which].read_text(encoding="utf-8"))
    return found


def compare(found: Any, expected: Any, rtol: float = 1e-5) -> None:
    """Equal, but for rounding: a few units in the last place of float32, one of float16 (2**-10)."""
    if isinstance(expected, dict):
        assert isinstance(found, dict) and found.keys() == expected.keys(), (found, expected)
        rtol = 2**-10 if expected.get("dtype") == "float16" else rtol
        for key in expected:
            compare(found[key], expected[key], rtol)
    elif isinstance(expected, list):
        assert isinstance(found, list) and len(found) == len(expected), (found, expected)
        for one, other in zip(found, expected):  # noqa: B905 - the same length
            compare(one, other, rtol)
    elif isinstance(expected, float):
        assert isinstance(found, (int, float)), (found, expected)
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=1e-6)
    else:
        assert found == expected, (found, expected)


def main() -> None:
    sys.path.insert(0, str(HERE))
    import mxnet as mx  # type: ignore[import-not-found]  # the real one
    from autograd_programs import PROGRAMS  # type: ignore[import-not-found]  # beside this file
    from nd_expressions import EXPRESSIONS, PRELUDE  # type: ignore[import-not-found]  # beside this file

    golden = {
        "nd": {code: evaluate(code, mx, PRELUDE) for code in EXPRESSIONS},
        "autograd": {name: evaluate(code, mx) for name, code in PROGRAMS.items()},
    }
    for which, path in FILES.items():
        lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in golden[which].items()]
        path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
