"""What real MXNet prints and draws of symbols: ``PYTHON_WITH_MXNET_AND_GRAPHVIZ tools/make_picture_goldens.py``."""

from __future__ import annotations

import json
import pathlib
import sys

import mxnet as mx  # type: ignore[import-not-found]  # the real one

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from tests.viz.networks import answers, networks


def main() -> None:
    found = {name: answers(mx.viz, symbol, shapes) for name, symbol, shapes in networks(mx.sym)}
    path = pathlib.Path(__file__).parents[1] / "tests" / "data" / "pictures_golden.json"
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
