"""Every name of MXNet's ``sym`` that ``nd`` has: it is there, with the same parameters."""

from __future__ import annotations

import inspect
import pathlib
from typing import Any

import pytest

from lazynd import nd, reference, sym
from lazynd.ops import find

PLACES = ("sym", "sym.contrib", "sym.image", "sym.linalg", "sym.random", "sym.sparse")
#: Of files: they come with MXNet's JSON.
OF_FILES = {"load", "load_json"}
#: Of executors, of files, of other frameworks' subgraphs, and of MXNet's own handles.
ABSENT_METHODS = {
    "__del__", "__setstate__", "bind", "get_backend_symbol", "handle", "optimize_for", "save", "simple_bind", "tojson",
}  # fmt: skip


def module(root: Any, place: str) -> Any:
    for step in place.split(".")[1:]:
        root = getattr(root, step)
    return root


@pytest.mark.parametrize("place", PLACES)
def test_what_nd_has_is_there(place: str) -> None:
    ours, arrays = module(sym, place), module(nd, place)
    missing = [n for n in reference.api()[place] if hasattr(arrays, n) and not hasattr(ours, n) and n not in OF_FILES]
    assert missing == []
    assert set(reference.api()[place]) & set(dir(arrays)) - OF_FILES <= set(dir(ours))


@pytest.mark.parametrize("place", PLACES)
def test_what_is_not_built_says_so(place: str) -> None:
    ours = module(sym, place)
    for name in reference.api()[place]:
        if not hasattr(ours, name):
            with pytest.raises(NotImplementedError, match=f"mxnet.{place}.{name} is (not built yet|left out for good)"):
                getattr(ours, name)


def parameters(function: Any) -> list[tuple[str, Any]]:
    left_out = ("name", "attr", "out", "kwargs")
    found = inspect.signature(function).parameters.values()
    return [(p.name, p.default) for p in found if p.name not in left_out]


@pytest.mark.parametrize("place", PLACES)
def test_operators_have_the_parameters_of_nd(place: str) -> None:
    ours, arrays = module(sym, place), module(nd, place)
    prefix = {"sym": "", "sym.contrib": "_contrib_"}.get(place, f"_{place.rpartition('.')[2]}_")
    names = [n for n in reference.api()[place] if find(prefix + n) is not None and hasattr(arrays, n)]
    assert names
    for name in names:
        one, other = getattr(ours, name), getattr(arrays, name)
        if one.__module__ == "lazynd.sym" and other.__module__ == "lazynd.nd" and hasattr(one, "__signature__"):
            assert parameters(one) == parameters(other), name


def mxnet_parameters() -> dict[str, list[str]]:
    file = pathlib.Path(__file__).parents[1] / "data" / "operator_parameters.txt"
    lines = [line.split() for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return {name: names for name, *names in lines}


@pytest.mark.parametrize("name", sorted(n for n in mxnet_parameters() if not n.startswith("_") and hasattr(sym, n)))
def test_operators_have_the_parameters_of_mxnet(name: str) -> None:
    function = getattr(sym, name)
    taken = set(inspect.signature(function).parameters)
    if name == "Custom":
        taken.add("data")
    assert set(mxnet_parameters()[name]) <= taken
    assert function.__doc__ and (function.__name__ == name or name == "Variable")


def test_methods() -> None:
    symbol = sym.var("x")
    names = set(reference.api()["sym.Symbol"])
    built = {n for n in names if hasattr(sym.Symbol, n) or hasattr(symbol, n)}
    unbuilt = names - built - {name for name in names if find(name) is None and name not in ABSENT_METHODS}
    assert unbuilt <= ABSENT_METHODS
    assert {n for n in names - built if find(n) is not None} == set()
    for name in ABSENT_METHODS - {"__del__", "__setstate__"}:
        with pytest.raises(NotImplementedError, match="not built yet"):
            getattr(symbol, name)


def test_methods_take_what_functions_take() -> None:
    for name in ("sum", "slice_axis", "topk", "softmax", "take", "pick", "norm"):
        of_method = list(inspect.signature(getattr(sym.Symbol, name)).parameters)
        of_function = list(inspect.signature(getattr(sym, name)).parameters)
        assert of_method[0] == "self" and of_method[1:] == of_function[1:]
