"""MXNet's names: those of what is built are found, all others say that they are not built yet."""

from __future__ import annotations

import inspect
import pathlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

import lazynd
from lazynd import coverage, nd, reference
from lazynd.ops import OPERATORS, find

ALIASES = [(found.names[0], name) for name, found in reference.operators().items() if name != found.names[0]]


def test_the_list_is_whole() -> None:
    tiers = [found.tier for found in {id(o): o for o in reference.operators().values()}.values()]
    assert tiers.count(1) + tiers.count(2) == 181


@pytest.mark.parametrize("operator", sorted(OPERATORS))
def test_all_names_of_an_operator_find_it(operator: str) -> None:
    for name in OPERATORS[operator].names:
        assert find(name) is OPERATORS[operator]


#: Parameters of MXNet's that are not taken: of graphs, which functions take their place for, and of no use to anyone.
NOT_TAKEN = {"_foreach": ..., "_while_loop": ..., "_cond": ..., "_histogram": {"bins", "range"}, "Custom": ...}


def parameters() -> dict[str, list[str]]:
    text = (pathlib.Path(__file__).parent / "data" / "operator_parameters.txt").read_text(encoding="utf-8")
    lines = [line.split() for line in text.splitlines() if not line.startswith("#")]
    return {name: names for name, *names in lines}


@pytest.mark.parametrize("name", sorted(set(parameters()) - {n for n, left in NOT_TAKEN.items() if left is ...}))
def test_every_parameter_of_mxnet_is_taken(name: str) -> None:
    operator = find(name)
    if operator is None:
        return  # not built: the coverage page lists it
    has = {*operator.by_name, *operator.inputs, *NOT_TAKEN.get(name, ())}
    if name.endswith("_scalar"):
        has.add("is_int")  # numbers are cast to the array's dtype, see docs/differences.md
    assert set(parameters()[name]) <= has


def test_twins_are_one_function_of_nd() -> None:
    x = nd.array([[1, 2, 3], [4, 5, 6]])
    for one, other in ((nd.concat, nd.Concat), (nd.flip, nd.reverse), (nd.swapaxes, nd.SwapAxis)):
        assert one.__doc__ == other.__doc__
    assert (nd._internal._PlusScalar(x, scalar=2).asnumpy() == (x + 2).asnumpy()).all()
    assert (nd.linalg.gemm2(x, x.T).asnumpy() == nd.sparse.dot(x, x.T).asnumpy()).all()


def missing() -> Iterator[tuple[str, str]]:
    for part in coverage.names():
        if part.built:
            yield from ((part.place, name) for name in part.absent)


def find_place(place: str) -> Any:
    found: Any = lazynd
    for step in filter(None, place.removeprefix("mxnet").split(".")):
        found = getattr(found, step)
    return found


@pytest.mark.parametrize("place", sorted({place for place, _ in missing() if inspect.ismodule(find_place(place))}))
def test_what_is_not_built_says_so(place: str) -> None:
    where = find_place(place)
    for _, name in (pair for pair in missing() if pair[0] == place and not pair[1].startswith("__")):
        with pytest.raises(NotImplementedError, match="lazynd coverage"):
            getattr(where, name)


def test_a_method_that_is_not_built_says_so() -> None:
    absent = next(part.absent for part in coverage.names() if part.place == "nd.NDArray")
    for name in (n for n in absent if not n.startswith("__")):
        with pytest.raises(NotImplementedError, match=f"nd.NDArray.{name} is not built yet"):
            getattr(nd.ones(2), name)


def test_a_name_that_mxnet_lacks_is_an_attribute_error() -> None:
    for place in (lazynd, nd, nd.contrib, nd.random, lazynd.autograd, nd.ones(2)):
        assert not hasattr(place, "no_such_thing")


IMPORTS = """
import lazynd
lazynd.as_mxnet()
for statement in ("import mxnet.kvstore", "from mxnet import kvstore", "import mxnet.nothing", "from mxnet import viz"):
    try:
        exec(statement)
        print("imported")
    except Exception as error:
        print(type(error).__name__)
"""


def test_importing_what_is_not_built() -> None:
    run = subprocess.run([sys.executable, "-c", IMPORTS], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["NotImplementedError", "NotImplementedError", "ModuleNotFoundError", "imported"]


def test_the_page_counts_what_there_is() -> None:
    text = coverage.page()
    assert "tier 1: used by the book" in text
    assert f"{len(coverage.operators()[0].built)} of 117." in text
