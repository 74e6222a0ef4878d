"""The stubs that a wheel is packed with; ``make check-wheel`` holds the installed ones to type checkers."""

from __future__ import annotations

import ast
import inspect
import pathlib
import runpy
import shutil
import subprocess
import sys
from typing import Any

import pytest

import lazynd
from lazynd import nd, sym
from lazynd.ops import OPERATORS, every_name

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKAGE = pathlib.Path(lazynd.__file__).parent


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    place = tmp_path_factory.mktemp("packed")
    shutil.copytree(PACKAGE, place / "lazynd", ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run([sys.executable, "-B", ROOT / "tools" / "make_stubs.py", place], check=True)
    return place


def definitions(path: pathlib.Path, within: str | None = None) -> dict[str, ast.FunctionDef]:
    tree: Any = ast.parse(path.read_text(encoding="utf-8"))
    if within:
        tree = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == within)
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def parameters(node: ast.FunctionDef) -> list[str]:
    given = node.args
    listed = [*given.args, *([given.vararg] if given.vararg else []), *given.kwonlyargs]
    return [each.arg for each in listed]


def test_every_function_of_nd_has_its_parameters(folder: pathlib.Path) -> None:
    found = definitions(folder / "lazynd" / "nd" / "__init__.pyi")
    public = [name for name in every_name() if not name.startswith("_") and hasattr(nd, name)]
    assert len(public) > 200
    for name in public:
        if name in found:
            assert parameters(found[name]) == list(inspect.signature(getattr(nd, name)).parameters), name
            assert found[name].returns is not None and ast.get_docstring(found[name]), name
        else:
            assert name in nd.__all__ or name.startswith("random_"), f"{name} is in no stub"


def test_every_function_of_sym_has_its_parameters(folder: pathlib.Path) -> None:
    found = definitions(folder / "lazynd" / "sym" / "__init__.pyi")
    public = [name for name in every_name() if not name.startswith("_") and name not in sym.__all__]
    for name in public:
        assert parameters(found[name]) == list(inspect.signature(getattr(sym, name)).parameters), name
        assert ast.unparse(found[name].returns or ast.Name("none")) == "Symbol", name


def test_every_method_has_its_parameters(folder: pathlib.Path) -> None:
    found = definitions(folder / "lazynd" / "nd" / "ndarray.pyi", "NDArray")
    example = nd.zeros(1)
    methods = {n for o in OPERATORS.values() if o.method for n in o.names if not n.startswith("_")}
    assert len(methods) > 100 and methods - found.keys() - set(vars(nd.NDArray)) == set()
    for name in methods & found.keys():
        shown = inspect.signature(getattr(example, name).__func__)
        assert parameters(found[name]) == list(shown.parameters), name


def test_no_module_with_names_of_its_own_is_left_out(folder: pathlib.Path) -> None:
    """A module that answers for names that it does not hold hides typing mistakes, unless it has a stub."""
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        asked = any(isinstance(node, ast.FunctionDef) and node.name == "__getattr__" for node in tree.body)
        stub = (folder / path.relative_to(PACKAGE.parent)).with_suffix(".pyi")
        if asked:
            assert stub.exists() and "__getattr__" not in stub.read_text(encoding="utf-8"), stub.name


def test_no_stub_hides_a_source_from_the_type_checker() -> None:
    assert not list(PACKAGE.rglob("*.pyi"))


@pytest.mark.lazy  # it looks at pending work
def test_the_typed_sample_runs(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(ROOT / "tests" / "typed" / "sample.py"), run_name="__main__")
    assert "the typed sample runs" in capsys.readouterr().out


def test_what_must_be_given_is_shown_without_a_default() -> None:
    shown = inspect.signature(nd.FullyConnected).parameters
    assert shown["num_hidden"].default is inspect.Parameter.empty and shown["bias"].default is None
    x = nd.ones((2, 3))
    assert nd.FullyConnected(x, nd.ones((4, 3)), None, 4, True).shape == (2, 4), "by place it works too"
