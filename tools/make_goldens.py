"""Golden results from real MXNet: ``PYTHON_WITH_MXNET tools/make_goldens.py [FAMILY ...]``.

Families are the modules in ``tests/goldens/cases``; without a name all are made. What MXNet raises is printed, since a
case that raises is more often a mistake than meant.
"""

from __future__ import annotations

import pathlib
import sys
from typing import Any

import mxnet as mx  # type: ignore[import-not-found]  # the real one

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from tests.goldens import store
from tests.goldens.cases import families
from tests.goldens.evaluate import evaluate


def main() -> None:
    for family, operators in families().items():
        if sys.argv[1:] and family not in sys.argv[1:]:
            continue
        results: dict[str, Any] = {}
        for operator, cases in operators.items():
            for case in cases:
                found = results[case.key(operator)] = evaluate(mx, operator, case)
                told = found.get("raises") or (found.get("grad") if isinstance(found.get("grad"), str) else None)
                if told:
                    print(f"{operator} {dict(case.attributes)}: {told}")
        path = store.save(family, results)
        print(f"{path.name}: {len(operators)} operators, {len(results)} cases, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
