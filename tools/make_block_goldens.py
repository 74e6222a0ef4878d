"""Golden results of blocks from real MXNet: ``PYTHON_WITH_MXNET tools/make_block_goldens.py [FAMILY ...]``.

Families are the modules in ``tests/goldens/layers``, and ``gluon_cell_names``: the symbols of recurrent cells.
Without a name all are made, with the file of parameters that ``save_parameters`` writes. What MXNet raises is printed,
since a case that raises is more often a mistake than meant.
"""

from __future__ import annotations

import pathlib
import sys

import mxnet as mx  # type: ignore[import-not-found]  # the real one

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from tests.goldens import cell_names, store
from tests.goldens.blocks import evaluate, saved_net
from tests.goldens.layers import families

DATA = pathlib.Path(__file__).parents[1] / "tests" / "data"
FILE = DATA / "gluon_net.params"


def main() -> None:
    if not sys.argv[1:]:
        saved_net(mx).save_parameters(str(FILE))
    if not sys.argv[1:] or cell_names.FAMILY in sys.argv[1:]:
        store.save(cell_names.FAMILY, {case: cell_names.names(mx, case) for case in cell_names.CASES})
    for family, cases in families().items():
        if sys.argv[1:] and family not in sys.argv[1:]:
            continue
        results = {case.key: evaluate(mx, case) for case in cases}
        if len(results) != len(cases):
            raise SystemExit(f"{family}: two cases are the same")
        for case in cases:
            if "raises" in results[case.key]:
                print(f"{case.text}: {results[case.key]['raises']}")
        path = store.save(family, results)
        print(f"{path.name}: {len(results)} cases, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
