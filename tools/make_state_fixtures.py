"""States of optimizers as real MXNet writes them: ``PYTHON_WITH_MXNET tools/make_state_fixtures.py``.

Writes ``tests/data/optimizer_states.json``: for each case the bytes of ``Updater.get_states`` after three steps, in
base64, the weights then, and the weights after one step more.
"""

from __future__ import annotations

import base64
import json
import pathlib
import sys
from typing import Any

import mxnet as mx  # type: ignore[import-not-found]  # the real one

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from tests.optimizer.cases import arrays
from tests.optimizer.state_cases import CASES, SHAPES, updater_of

FILE = pathlib.Path(__file__).parents[1] / "tests" / "data" / "optimizer_states.json"


def made(name: str, options: dict[str, Any], dtype: str) -> dict[str, Any]:
    updater = updater_of(mx, name, options)
    weights = [mx.nd.array(each, dtype=dtype) for each in arrays(SHAPES, dtype, 0)]

    def step(number: int) -> list[Any]:
        grads = [mx.nd.array(each, dtype=dtype) for each in arrays(SHAPES, dtype, number)]
        updater([0, 1], grads, weights)
        return [each.asnumpy().tolist() for each in weights]

    for number in (1, 2, 3):
        before = step(number)
    states = {
        str(dump): base64.b64encode(updater.get_states(dump_optimizer=dump)).decode() for dump in (False, True)
    }  # fmt: skip
    return {"states": states, "before": before, "after": step(4)}


if __name__ == "__main__":
    found = {key: made(*case) for key, case in CASES.items()}
    FILE.write_text(json.dumps(found, indent=1) + "\n")
    print(f"{FILE.name}: {len(found)} cases, {FILE.stat().st_size} bytes")
