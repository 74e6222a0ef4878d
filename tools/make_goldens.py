"""Golden results from real MXNet: ``PYTHON_WITH_MXNET tools/make_goldens.py [FAMILY ...]``.

Families are the modules in ``tests/goldens/cases``; without a name all are made. What MXNet raises is printed, since a
case that raises is more often a mistake than meant. Each case has a process of its own: some end it, some never end,
and some leave it so that the next one does.
"""

from __future__ import annotations

import ctypes
import os
import pathlib
import pickle
import signal
import sys
from typing import Any

import mxnet as mx  # type: ignore[import-not-found]  # the real one

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from tests.goldens import store
from tests.goldens.case import Case
from tests.goldens.cases import families
from tests.goldens.evaluate import evaluate

#: Operators whose function in ``nd`` forgets an input, or refuses each value of a parameter.
BY_HANDLE = ("BatchNorm_v1", "IdentityAttachKLSparseReg", "_zeros_without_dtype")
#: Operators of which a part of the build refuses most dtypes. Whether it is used is asked when an operator first runs.
WITHOUT_MKLDNN = ("amp_cast", "amp_multicast")


def call_by_handle(name: str) -> Any:
    """The operator ``name`` with all its inputs."""
    handle = ctypes.c_void_p()
    mx.base.check_call(mx.base._LIB.NNGetOpHandle(mx.base.c_str(name), ctypes.byref(handle)))

    def function(*arrays: Any, **attributes: Any) -> Any:
        values = [str(value) for value in attributes.values()]
        return mx.nd.register._imperative_invoke(handle.value, arrays, list(attributes), values, None, False, False)

    return function


#: After so many seconds a case is given up.
PATIENCE = 20


def evaluate_apart(operator: str, case: Case) -> dict[str, Any]:
    """What a process of its own finds for ``case``."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        signal.alarm(PATIENCE)
        if operator in WITHOUT_MKLDNN:
            os.environ["MXNET_MKLDNN_ENABLED"] = "0"
        with os.fdopen(write, "wb") as file:
            file.write(pickle.dumps(evaluate(mx, operator, case)))
            file.flush()
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as file:
        made = file.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status:
        raise SystemExit(f"{operator} {list(case.arrays)} {dict(case.attributes)}: ends MXNet with {status}")
    found: dict[str, Any] = pickle.loads(made)
    return found


def main() -> None:
    for name in BY_HANDLE:
        setattr(mx.nd._internal if name.startswith("_") else mx.nd, name, call_by_handle(name))
    for family, operators in families().items():
        if sys.argv[1:] and family not in sys.argv[1:]:
            continue
        results: dict[str, Any] = {}
        for operator, cases in operators.items():
            for case in cases:
                found = results[case.key(operator)] = evaluate_apart(operator, case)
                told = found.get("raises") or (found.get("grad") if isinstance(found.get("grad"), str) else None)
                if told:
                    print(f"{operator} {dict(case.attributes)}: {told}")
        path = store.save(family, results)
        print(f"{path.name}: {len(operators)} operators, {len(results)} cases, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
