"""A Sphinx extension: the pages that are generated from the code when the site is built, into docs/generated."""

from __future__ import annotations

import pathlib
from typing import Any

from gallery_programs import PROGRAMS
from peers_page import peers_page, records
from peers_plots import save_bars, save_history

from lazynd import viz
from lazynd.coverage import page
from lazynd.manual import describe, families, settings

HERE = pathlib.Path(__file__).resolve().parent
PLACE = HERE / "generated"
#: What Sphinx copies as it is.
AS_IT_IS = PLACE / "files"
TITLES = {
    "basic_index": "Basic indexing", "elementwise": "Binary and scalar arithmetic", "index": "Gathering and ordering",
    "nn": "Layers, products and losses", "random": "Random numbers", "reduce": "Reductions",
    "shape": "Shapes and creation", "unary": "Elementwise functions", "view": "Views",
}  # fmt: skip


def settings_page() -> str:
    """Every setting, from ``lazynd/config.py``."""
    lines = [
        "# Settings",
        "",
        "Settings are the attributes of `lazynd.config`: read from the environment when lazynd is imported, and",
        "assignable afterwards, in all threads; a wrong type or an unknown name is refused. `with",
        "lazynd.config.using(name=value):` changes settings for a block. `python -m lazynd settings` shows them.",
        "",
    ]
    for each in settings():
        names = ", ".join(f"`{name}`" for name in each.environment)
        kind = f"  Type `{each.type}`, environment {names}."
        lines += [f"`lazynd.config.{each.name}`", f": {each.meaning}", kind, ""]
    return "\n".join(lines)


def family_page(family: str, operators: list[Any]) -> str:
    """The operators of one family: those that users call, then those that Python's operators record."""
    lines = [f"# {TITLES.get(family, family.replace('_', ' ').capitalize())}", ""]
    for operator in sorted(operators, key=lambda o: (o.name.startswith("_"), o.name.lower())):
        signature, rest = describe(operator).split("\n\n", 1)
        lines += [f"## {operator.name.replace('_', chr(92) + '_')}", "", f"```text\n{signature}\n```", "", rest, ""]
    return "\n".join(lines)


def index_page(found: dict[str, list[Any]]) -> str:
    lines = [
        "# Operators",
        "",
        "Every operator of `nd`, generated from the registry: what a call takes, what it costs to change a parameter,",
        "an example, the type rule on the samples that the tests use, and the body, which *is* the operator: its",
        "gradient, its lowering and its reference in NumPy follow from it. Names that begin with `_` are what Python's",
        "operators, indexing and `nd.random` record. `python -m lazynd operators NAME` shows the same in a terminal.",
        "",
        "```{toctree}",
        ":maxdepth: 2",
        "",
        *(f"operators/{family}" for family in found),
        "```",
        "",
    ]
    return "\n".join(lines)


def write(app: Any) -> None:
    """Write what changed only, so that a second build has nothing to do."""
    found = families()
    kept = records()
    AS_IT_IS.mkdir(parents=True, exist_ok=True)
    if kept:
        save_bars(kept[-1], AS_IT_IS / "peers.svg")
        save_history(kept, AS_IT_IS / "peers_history.svg")
    pages = {"peers.md": peers_page(kept), "settings.md": settings_page()}
    pages |= {"coverage.md": page(), "operators.md": index_page(found)}
    pages |= {f"operators/{family}.md": family_page(family, operators) for family, operators in found.items()}
    for stale in set(PLACE.rglob("*.md")) - {PLACE / name for name in pages}:
        stale.unlink()
    for name, text in pages.items():
        path = PLACE / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


def draw(app: Any) -> None:
    """The explorers of the gallery, where the code that makes them is newer."""
    folder = AS_IT_IS / "gallery"
    folder.mkdir(parents=True, exist_ok=True)
    sources = [*HERE.glob("gallery*.py"), *(path for path in (HERE.parent / "lazynd").rglob("*") if path.is_file())]
    newest = max(path.stat().st_mtime for path in sources if "__pycache__" not in path.parts)
    for name, program in PROGRAMS.items():
        path = folder / f"{name}.html"
        if not path.exists() or path.stat().st_mtime < newest:
            viz.save(program(), path)


def setup(app: Any) -> dict[str, Any]:
    app.connect("builder-inited", write)
    app.connect("builder-inited", draw)
    return {"version": "1", "parallel_read_safe": True}
