"""MXNet's names: those of what is built are found, all others say that they are not built yet."""

from __future__ import annotations

import functools
import inspect
import pathlib
import re
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


names = functools.cache(coverage.names)


def missing() -> Iterator[tuple[str, str]]:
    for part in names():
        if part.built:
            yield from ((part.place, name) for name in (*part.absent, *part.left_out))


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


def places(name: str) -> list[Any]:
    """The modules of lazynd where MXNet has the operator ``name``, or a program may look for it."""
    short = name.removeprefix("_contrib_")
    public = [part.place for part in names() if part.built and short in part.left_out]
    found = [(find_place(place), short) for place in public if inspect.ismodule(find_place(place))]
    return [*found, *((where, name) for where in (nd, nd._internal, lazynd.sym, lazynd.sym._internal))]


@pytest.mark.parametrize("name", reference.left_out())
def test_what_is_left_out_says_why_and_what_to_do_instead(name: str) -> None:
    left = reference.left_out()[name]
    assert len(places(name)) >= 4 + 2 * name.startswith("_contrib_")
    for where, spelling in places(name):
        assert not hasattr(where, spelling)
        with pytest.raises(NotImplementedError) as caught:
            getattr(where, spelling)
        text = str(caught.value)
        assert all(part in text for part in (spelling, left.family, left.why, left.purpose, left.instead))


def test_the_page_has_a_table_of_what_is_left_out() -> None:
    text = coverage.page()
    for name, left in reference.left_out().items():
        assert f"| `{name}` | {left.purpose} | {left.instead} |" in text


def test_only_operators_of_mxnet_are_left_out() -> None:
    short = [name for name in reference.left_out() if name not in reference.operators()]
    assert all(reference.has("nd.contrib", name.removeprefix("_contrib_")) for name in short)
    families = {left.family for left in reference.left_out().values()}
    assert families == {"quantization", "graph sampling", "MKLDNN and TensorRT", "MXNet's internals"}


def test_every_operator_that_mxnets_own_programs_call_is_built_or_left_out() -> None:
    assert [part.absent for part in coverage.operators()[:3]] == [(), (), ()]


def test_what_to_do_instead_is_there() -> None:
    """Where the advice names functions."""
    advice = "\n".join(left.instead for left in reference.left_out().values())
    named = {path.rstrip(".") for path in re.findall(r"\b(?:nd|autograd|operator|lazynd)\.[\w.]+", advice)}
    assert len(named) > 15
    for path in named:
        *places, name = path.removeprefix("lazynd.").split(".")
        assert hasattr(find_place(".".join(places)), name), path


def test_nothing_is_left_out_and_built() -> None:
    assert [name for name in reference.left_out() if find(name) is not None] == []


def test_a_method_that_is_not_built_says_so() -> None:
    absent = next(part.absent for part in names() if part.place == "nd.NDArray")
    for name in (n for n in absent if not n.startswith("__")):
        with pytest.raises(NotImplementedError, match=f"nd.NDArray.{name} is not built yet"):
            getattr(nd.ones(2), name)


def test_a_name_that_mxnet_lacks_is_an_attribute_error() -> None:
    for place in (lazynd, nd, nd.contrib, nd.random, lazynd.autograd, lazynd.viz, nd.ones(2)):
        assert not hasattr(place, "no_such_thing")


#: Ways to ask whether there is something of MXNet's that is not built yet, and something that nobody has.
QUESTIONS = [
    "hasattr(mx, 'kvstore')", "hasattr(mx, 'nothing')", "hasattr(nd, 'CachedOp')", "hasattr(nd.ones(2), 'handle')",
    "getattr(mx, 'kvstore', None) is not None", "'kvstore' in dir(mx)",
]  # fmt: skip


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_is_not_built_can_be_asked_for(question: str) -> None:
    assert eval(question, {"mx": lazynd, "nd": nd}) is False


IMPORTS = """
import sys
{first}
for statement in sys.argv[1:]:
    try:
        exec(statement)
        print("imported")
    except ImportError as error:
        print(type(error).__name__, isinstance(error, NotImplementedError), error)
"""
STATEMENTS = [
    "import {}.kvstore", "from {} import kvstore", "from {}.kvstore import KVStore", "from {}.nd import CachedOp",
    "import {}.nothing", "from {} import nothing", "from {} import viz",
]  # fmt: skip


@pytest.mark.parametrize(
    ("first", "package"), [("import lazynd\nlazynd.as_mxnet()", "mxnet"), ("import lazynd", "lazynd")]
)
def test_importing_what_is_not_built_is_an_import_error(first: str, package: str) -> None:
    asked = [each.format(package) for each in STATEMENTS]
    run = subprocess.run(
        [sys.executable, "-c", IMPORTS.format(first=first), *asked], capture_output=True, text=True, check=True
    )
    *found, viz = run.stdout.splitlines()
    assert viz == "imported" and len(found) == len(asked) - 1
    module, name, inner, operator, nothing, no_name = found
    if package == "mxnet":  # Python alone answers for a module of lazynd that nobody asked for before
        assert module.startswith("ModuleNotBuiltError True mxnet.kvstore is not built yet")
    assert module.partition(" ")[0] in ("ModuleNotBuiltError", "ModuleNotFoundError")
    assert name.startswith("ModuleNotBuiltError True mxnet.kvstore is not built yet: the documentation's page")
    assert inner.startswith("ModuleNotBuiltError True mxnet.kvstore is not built yet")
    assert operator.startswith("ModuleNotBuiltError True mxnet.nd.CachedOp is not built yet")
    assert nothing == f"ModuleNotFoundError False No module named '{package}.nothing'"
    assert no_name.startswith("ImportError False cannot import name 'nothing'")


def test_a_module_that_appears_is_found_without_another_word(tmp_path: pathlib.Path) -> None:
    """As gluon will be: a package of lazynd's, nothing declared."""
    script = (
        "import sys, lazynd\n"
        f"lazynd.__path__.append({str(tmp_path)!r})\n"
        "assert not hasattr(lazynd, 'kvstore')\n"
        "lazynd.as_mxnet()\n"
        "from mxnet import kvstore\n"
        "import mxnet.kvstore as again\n"
        "print(kvstore.made, again is kvstore is sys.modules['lazynd.kvstore'])"
    )
    (tmp_path / "kvstore").mkdir()
    (tmp_path / "kvstore" / "__init__.py").write_text("made = 3", encoding="utf-8")
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert run.stdout == "3 True\n", run.stderr


MISSPELT = [
    ("lazynd.nnd", "nd"), ("nd.softmx", "softmax"), ("nd.contrib.boolean_msk", "boolean_mask"),
    ("autograd.recrd", "record"), ("nd.ones(2).asnumpyy", "asnumpy"), ("lazynd.viz.dott", "dot"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "near"), MISSPELT)
def test_a_misspelt_name_suggests_the_right_one(code: str, near: str) -> None:
    script = f"import lazynd\nfrom lazynd import autograd, nd\n{code}"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    last = run.stderr.splitlines()[-1]
    assert run.returncode == 1 and last.startswith("AttributeError: ") and last.endswith(f"Did you mean: '{near}'?")
    assert last.lower().count("did you mean") == 1, "said once"


def test_the_text_suggests_where_python_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "IPython", pytest)
    for code, near in MISSPELT:
        with pytest.raises(AttributeError) as caught:
            eval(code, {"lazynd": lazynd, "nd": nd, "autograd": lazynd.autograd})
        assert str(caught.value).endswith(f": did you mean '{near}'?")
    monkeypatch.delitem(sys.modules, "IPython")
    monkeypatch.setattr(reference, "_MANY", 100)
    with pytest.raises(AttributeError, match="did you mean 'softmax'"):
        nd.softmx
    with pytest.raises(AttributeError) as caught:
        lazynd.nnd
    assert caught.value.obj is lazynd and caught.value.name == "nnd" and "did you mean" not in str(caught.value)


FRONTS = [
    lazynd, lazynd.autograd, lazynd.base, lazynd.context, lazynd.image, lazynd.npx, lazynd.operator, lazynd.util,
    lazynd.viz, nd.random, nd.contrib,
]  # fmt: skip


@pytest.mark.parametrize("module", FRONTS, ids=lambda module: module.__name__)
def test_dir_lists_what_is_public_and_nothing_else(module: Any) -> None:
    found = dir(module)
    assert set(module.__all__) <= set(found)
    for name in found:
        assert name == "__version__" or not name.startswith("_")
        assert getattr(module, name) not in (Any, annotations)
        assert not inspect.ismodule(getattr(module, name)) or getattr(module, name).__name__.startswith("lazynd")


def test_the_page_counts_what_there_is() -> None:
    text = coverage.page()
    assert "tier 1: used by the book" in text
    assert f"{len(coverage.operators()[0].built)} of 117." in text
