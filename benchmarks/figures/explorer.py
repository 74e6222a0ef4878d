"""The explorer of a large graph: how long it is written, opened, and how long a group in it takes to open."""

from __future__ import annotations

import os
import pathlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

import numpy as np

from lazynd import nd, viz
from lazynd.viz.explorer import page

from ..registry import figure
from ..result import OURS, Budget, Row
from ..timing import Effort

NODES = 10_000
READY = 'html[data-ready]:not([data-arranging="yes"])'
#: Opens closed groups one after another, and says for each after how many milliseconds it was drawn.
_OPEN = """async (count) => {
  const times = [];
  for (let i = 0; i < count; i += 1) {
    const card = document.querySelector(".card.group");
    if (!card) break;
    const before = Number(document.documentElement.dataset.ready);
    const started = performance.now();
    card.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    while (Number(document.documentElement.dataset.ready) === before) await new Promise(requestAnimationFrame);
    times.push(performance.now() - started);
    while (document.documentElement.dataset.arranging === "yes") await new Promise(requestAnimationFrame);
  }
  return times;
}"""


def disorder(nodes: int) -> Callable[[Any], Any]:
    """A function whose graph has ``nodes`` nodes without much order: each reads two of the last forty."""

    def compute(x: Any) -> Any:
        random = np.random.default_rng(0)
        operators = (nd.broadcast_add, nd.broadcast_mul, nd.broadcast_maximum, nd.broadcast_sub)
        made = [nd.relu(x) for _ in range(40)]
        while len(made) < nodes:
            a, b = random.integers(1, 40, 2)
            made.append(operators[random.integers(4)](made[-a], made[-b]))
        return sum(made[-40:], nd.zeros((2, 3)))

    return compute


@figure(f"the explorer of a graph of {NODES:,} nodes, in chromium where it is")
def measure(effort: Effort) -> Iterator[Row]:
    nodes = NODES if effort.scale else 400
    shown = viz.view(disorder(nodes), (2, 3), passes=False)
    rounds = effort.some_rounds(3)
    written, text = [], ""
    for _ in range(rounds):
        started = perf_counter()
        text = page(shown)
        written.append(perf_counter() - started)
    yield Row("page written, of a view", "s", {OURS: written}, Budget(1.0), details={"bytes": len(text)})
    found = _in_browser(text, rounds, effort.times(40)) if effort.scale else None
    if found is not None:
        ready, opened = found
        yield Row("page ready", "s", {OURS: ready}, Budget(2.0))
        yield Row("the slowest of groups to open", "s", {OURS: opened}, Budget(0.3))


def _in_browser(text: str, rounds: int, groups: int) -> tuple[list[float], list[float]] | None:
    """Seconds until the page is ready, and those of the slowest group, by round; None where there is no browser."""
    path = shutil.which("chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    if path is None:
        return None
    ready, opened = [], []
    arguments = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = pathlib.Path(folder) / "page.html"
        file.write_text(text, encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        for _ in range(rounds):
            opening = browser.new_page()
            started = perf_counter()
            opening.goto(file.as_uri())
            opening.wait_for_selector(READY, state="attached")
            ready.append(perf_counter() - started)
            times = opening.evaluate(_OPEN, groups)
            opened.append(max(times, default=0.0) / 1000)
            opening.close()
        browser.close()
    return ready, opened
