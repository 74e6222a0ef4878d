"""The losses of real MXNet for ``tests/gluon/curves.py``: ``PYTHON_WITH_MXNET tools/make_curve_goldens.py``."""

from __future__ import annotations

import importlib.util
import json
import pathlib

import mxnet as mx  # type: ignore[import-not-found]  # the real one

ROOT = pathlib.Path(__file__).resolve().parents[1]


def main() -> None:
    spec = importlib.util.spec_from_file_location("curves", ROOT / "tests" / "gluon" / "curves.py")
    assert spec is not None and spec.loader is not None
    curves = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(curves)  # by its path: the tests' package imports lazynd
    # In float64: MXNet's float32 strays from it further than ours does.
    found = {name: [round(each, 10) for each in curves.losses(mx, name, dtype="float64")] for name in curves.NETWORKS}
    for name, losses in found.items():
        print(f"{name}: from {losses[0]:.4f} to {losses[-1]:.4f}")
    drawn = {}
    for name in curves.DRAWN:
        losses = curves.drawn(mx, name, seeds=200)
        drawn[name] = {"mean": losses.mean(0).round(5).tolist(), "deviation": losses.std(0, ddof=1).round(5).tolist()}
    path = ROOT / "tests" / "data" / "curves.json"
    path.write_text(json.dumps({"losses": found, "drawn": drawn}) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
