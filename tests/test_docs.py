"""Every example in the documentation and in docstrings runs, and shows what it says."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pathlib
import pkgutil
import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

import lazynd
from lazynd import autograd, manual, nd, viz
from lazynd.ops import OPERATORS, Operator

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(p for p in (ROOT / "docs").rglob("*.md") if "generated" not in p.parts)])
MODULES = sorted(
    m.name for m in pkgutil.walk_packages(lazynd.__path__, "lazynd.") if not m.name.endswith("__main__")
)
EVERY = sorted({o.name: o for o in OPERATORS.values()}.values(), key=lambda o: o.name)


@pytest.fixture(autouse=True)
def as_for_a_reader(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> Iterator[None]:
    """A new folder, nothing compiled yet, lazy programs even where the suite runs eagerly; no trace left behind."""
    lazynd.runtime.engine.PROGRAMS.clear()
    monkeypatch.setattr(lazynd.config, "eager", False)
    monkeypatch.chdir(tmp_path)
    finders, operators = list(sys.meta_path), dict(OPERATORS)
    yield
    for name in OPERATORS.keys() - operators.keys():
        del OPERATORS[name]
        vars(nd).pop(name, None)
    sys.meta_path[:] = finders
    for name in [name for name in sys.modules if name.partition(".")[0] == "mxnet"]:
        del sys.modules[name]


def run_doctest(test: doctest.DocTest) -> None:
    said: list[str] = []
    failed, tried = doctest.DocTestRunner().run(test, out=said.append)
    assert tried and not failed, "".join(said)


def docstrings_with_examples(module: Any) -> list[doctest.DocTest]:
    return [test for test in doctest.DocTestFinder().find(module, module.__name__) if test.examples]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name: str) -> None:
    for test in docstrings_with_examples(importlib.import_module(name)):
        run_doctest(test)


@pytest.mark.lazy  # the pages show what is deferred and compiled
@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_examples_in_pages(path: pathlib.Path) -> None:
    reader = Sybil([PythonCodeBlockParser(doctest_optionflags=doctest.ELLIPSIS)])
    for example in reader.parse(path).examples():
        example.evaluate()


def test_the_pages_have_examples() -> None:
    """An extractor that finds nothing would pass the test above."""
    reader = Sybil([PythonCodeBlockParser()])
    counts = {p.relative_to(ROOT).as_posix(): len(list(reader.parse(p).examples())) for p in PAGES}
    assert counts["README.md"] >= 1
    assert counts["docs/laziness.md"] >= 6
    assert counts["docs/extending/operator.md"] >= 2


@pytest.mark.parametrize("operator", EVERY, ids=lambda operator: operator.name)
def test_the_manual_of_every_operator(operator: Operator, on_numpy: None) -> None:
    text = manual.describe(operator)
    assert text.startswith(operator.name + "(")
    assert inspect.getsource(operator.function).rstrip() in text
    for name in (*operator.inputs, *(p.name for p in operator.parameters if p.kind != "draw")):
        assert f"- `{name}`: " in text
    examples = re.findall(r"```python\n(>>>.*?)```", text, re.DOTALL)
    assert len(examples) == (not operator.name.startswith("_") and not operator.draws)
    for example in examples:
        run_doctest(doctest.DocTestParser().get_doctest(example, {"nd": nd}, operator.name, None, None))


@pytest.mark.parametrize("module", [lazynd, nd, nd.random, autograd, viz, manual], ids=lambda m: m.__name__)
def test_every_public_name_is_documented(module: Any) -> None:
    for name in module.__all__:
        found = getattr(module, name)
        assert inspect.ismodule(found) or (found.__doc__ or "").strip(), f"{module.__name__}.{name}"


def test_every_setting_is_documented() -> None:
    found = manual.settings()
    assert [each.name for each in found] == list(lazynd.config.__dataclass_fields__)
    for each in found:
        assert each.meaning.endswith("."), each
        assert each.environment and all(name.startswith(("LAZYND_", "MXNET_")) for name in each.environment), each


@pytest.mark.lazy
def test_the_pipeline_is_documented() -> None:
    page = (ROOT / "docs" / "extending" / "pass.md").read_text(encoding="utf-8")
    for stage in viz.trace(nd.ones((2,)) * 3)[1:]:
        assert f"`{stage.name}`" in page, f"{stage.name} is missing in docs/extending/pass.md"
