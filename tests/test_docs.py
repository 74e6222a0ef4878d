"""Every example in the documentation and in docstrings runs, and shows what it says."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pathlib
import pkgutil
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

import lazynd
from lazynd import autograd, compiled, manual, nd, viz
from lazynd.ops import OPERATORS, Operator

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(p for p in (ROOT / "docs").rglob("*.md") if "generated" not in p.parts)])
MODULES = sorted(m.name for m in pkgutil.walk_packages(lazynd.__path__, "lazynd.") if not m.name.endswith("__main__"))
EVERY = sorted({o.name: o for o in OPERATORS.values()}.values(), key=lambda o: o.name)


@pytest.fixture(autouse=True)
def as_for_a_reader(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> Iterator[None]:
    """A new folder, nothing compiled or noted yet, lazy programs even in an eager suite; no trace left behind."""
    lazynd.runtime.run.compile.PROGRAMS.clear()
    lazynd.observe.reset()
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
    for name in (*operator.inputs, *(p.name for p in operator.visible)):
        assert f"- `{name}`: " in text
    examples = re.findall(r"```python\n(>>>.*?)```", text, re.DOTALL)
    assert len(examples) == (not operator.name.startswith("_") and not operator.draws)
    for example in examples:
        run_doctest(doctest.DocTestParser().get_doctest(example, {"nd": nd}, operator.name, None, None))


PUBLIC = [
    lazynd, nd, nd.random, nd.sparse, nd.linalg, autograd, viz, lazynd.context, lazynd.observe, lazynd.util, lazynd.np,
    lazynd.npx, lazynd.mxnet_name, manual, lazynd.sym, lazynd.sym.contrib, lazynd.sym.random, compiled,
    lazynd.profiler,
]  # fmt: skip


@pytest.mark.parametrize("module", PUBLIC, ids=lambda m: m.__name__)
def test_every_public_name_is_documented(module: Any) -> None:
    for name in names(module):
        found = getattr(module, name)
        assert inspect.ismodule(found) or (found.__doc__ or "").strip(), f"{module.__name__}.{name}"


def names(module: Any) -> list[str]:
    """The public functions, classes and modules that are lazynd's own."""
    listed = getattr(module, "__all__", None)
    if listed is None:
        return [n for n, o in vars(module).items() if getattr(o, "__module__", "") == module.__name__ and n[0] != "_"]
    return [n for n in listed if _is_ours(getattr(module, n))]


def _is_ours(found: Any) -> bool:
    return inspect.ismodule(found) or getattr(found, "__module__", "").startswith("lazynd")


def is_generated(found: Any) -> bool:
    """A function made of an operator: its page in the manual has the example, and the test above runs that."""
    code = getattr(found, "__code__", None)
    return code is not None and (code.co_filename.startswith("<lazynd.nd.") or hasattr(found, "operator"))


def written_by_hand() -> dict[str, Any]:
    """Every public function, class, method and property, by the name under which it is found."""
    found: dict[str, Any] = {}
    for module in PUBLIC:
        for name in names(module):
            each = getattr(module, name)
            if (inspect.isfunction(each) or inspect.isclass(each)) and not is_generated(each):
                found[f"{module.__name__}.{name}"] = each
    for owner in (
        *nd.NDArray.__mro__[:-1],
        lazynd.sym.Symbol,
        autograd.Function,
        compiled.Compiled,
        type(lazynd.config),
        type(lazynd.stats()),
    ):
        for name, each in vars(owner).items():
            what = each.fget if isinstance(each, property) else each
            # Without a docstring are those that implement what a base class or MXNet's protocol documents.
            if not name.startswith("_") and inspect.isfunction(what) and what.__doc__ and not is_generated(what):
                found[f"{owner.__qualname__}.{name}"] = what
    return found


#: What a subclass of ``Function`` writes: the example is that of the class.
TO_BE_WRITTEN = {"Function.forward", "Function.backward"}


def test_every_public_name_has_an_example_that_runs() -> None:
    run = {test.name for name in MODULES for test in docstrings_with_examples(importlib.import_module(name))}
    found = written_by_hand()
    assert len(found) > 120 and found.keys() > TO_BE_WRITTEN
    without = [
        name
        for name, each in found.items()
        if name not in TO_BE_WRITTEN and f"{each.__module__}.{each.__qualname__}" not in run
    ]
    assert not without


def test_the_search_for_examples_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nd.zeros, "__doc__", "Zeros.")
    with pytest.raises(AssertionError, match=r"lazynd\.nd\.zeros"):
        test_every_public_name_has_an_example_that_runs()


def test_every_setting_is_documented() -> None:
    found = manual.settings()
    assert [each.name for each in found] == list(lazynd.config.__dataclass_fields__)
    for each in found:
        assert each.meaning.endswith("."), each
        assert each.environment and all(name.startswith(("LAZYND_", "MXNET_")) for name in each.environment), each


@pytest.mark.lazy
def test_the_pipeline_is_documented() -> None:
    page = (ROOT / "docs" / "extending" / "pass.md").read_text(encoding="utf-8")
    for stage in viz.passes(nd.ones((2,)) * 3)[1:]:
        assert f"`{stage.name}`" in page, f"{stage.name} is missing in docs/extending/pass.md"


def test_the_commits_that_contributing_walks_through_are_there() -> None:
    """Each by its hash and the beginning of its subject, or, where it is named in passing, by its hash."""
    page = " ".join((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split())
    named = re.findall(r"`([0-9a-f]{7})`(?: \*([^*]+)\*)?", page)
    assert len({commit for commit, _ in named}) >= 8
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    for commit, subject in named:
        found = subprocess.run([git, "log", "-1", "--format=%s", commit], cwd=ROOT, capture_output=True, text=True)
        if found.returncode:
            pytest.skip("a checkout without the whole history")
        assert found.stdout.startswith(subject.removesuffix(" ...").removesuffix("...")), commit
