"""The explorer's page as text; ``tests/browser`` opens it."""

from __future__ import annotations

import json
import pathlib
import re
from importlib.resources import files

import pytest

from lazynd import nd, viz
from lazynd.runtime.tell.stats import stats
from lazynd.viz import explorer


@pytest.fixture
def page() -> str:
    return viz.html(viz.view(lambda x: nd.relu(x) * 2, (2, 3), title="a </script> & <b>"))


def test_the_page_has_its_view_and_asks_for_nothing_else(page: str) -> None:
    text = re.search(r'<script type="application/json" id="view">(.*?)</script>', page, re.DOTALL)
    assert text is not None
    view = json.loads(text[1])
    assert view["title"] == "a </script> & <b>" and view["nodes"]["n0"]["operator"] == "relu"
    assert "<title>a &lt;/script&gt; &amp; &lt;b&gt;</title>" in page
    assert "default-src 'none'" in page  # browsers refuse what it might still ask for
    elsewhere = set(re.findall(r"https?://[^\s\"'<>)]+", page))
    assert elsewhere == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"<link (?!rel=\"icon\" href=\"data:,\")|<script[^>]* src=|@import|url\(", page)
    assert not re.search(r"\{\{\w+\}\}", page)


def test_every_script_is_part_of_the_page(page: str) -> None:
    folder = files(explorer.__name__)
    names = {name.removesuffix(".js") for name in (each.name for each in folder.joinpath("scripts").iterdir())}
    assert names == {*explorer.SCRIPTS, "worker"}
    for name in names:
        assert folder.joinpath("scripts", f"{name}.js").read_text(encoding="utf-8").strip() in page


def test_dagre_comes_with_its_licence(page: str) -> None:
    licence = files(explorer.__name__).joinpath("vendor", "dagre.LICENSE.txt").read_text(encoding="utf-8").strip()
    assert licence.startswith("Copyright (c) 2012-2014 Chris Pettitt") and licence in page


@pytest.mark.lazy
def test_writing_a_page_runs_nothing(tmp_path: pathlib.Path) -> None:
    waiting = nd.relu(nd.ones((2, 3)) * 2)
    before = stats.snapshot()
    viz.save(waiting, tmp_path / "graph.html")
    assert stats.snapshot() == before
    assert (tmp_path / "graph.html").read_text(encoding="utf-8").startswith("<!doctype html>")
