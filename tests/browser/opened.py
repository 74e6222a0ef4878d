"""A page that is open in the browser, and what tests ask of it."""

from __future__ import annotations

import pathlib
from typing import Any

#: Titles of groups, as the page writes them.
CELLS, STEPS = "cell \N{MULTIPLICATION SIGN} 100", "steps 1 \N{EN DASH} 10"
READY = 'html[data-ready]:not([data-arranging="yes"])'

#: Boxes of cards and frames in the drawing, and of the words on them, by the places that they are really drawn at.
_BOXES = """() => {
  const scale = document.getElementById("world").getCTM().a;
  const boxOf = (element) => {
    const { x, y, width, height } = element.getBoundingClientRect();
    return { x, y, w: width, h: height };
  };
  return [...document.querySelectorAll(".card, .frame")].map((each) => ({
    id: each.dataset.id,
    kind: each.classList.contains("card") ? "card" : "frame",
    box: boxOf(each.querySelector(".body")),
    words: [...each.querySelectorAll("text")].map((word) => ({ text: word.textContent, box: boxOf(word) })),
    scale,
  }));
}"""


class Opened:
    """``page``: Playwright's. ``complaints``: errors and warnings. ``requests``: what was asked of any network."""

    def __init__(self, browser: Any, path: pathlib.Path, theme: str, width: int, height: int) -> None:
        size = {"width": width, "height": height}
        self.context = browser.new_context(viewport=size, color_scheme=theme, reduced_motion="reduce")
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._asked)
        self.page.goto(path.as_uri())
        self.ready()

    def _said(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _asked(self, request: Any) -> None:
        if not request.url.startswith(("file:", "data:", "blob:")):
            self.requests.append(request.url)

    def ready(self) -> None:
        """Waits until everything has its place."""
        self.page.wait_for_selector(READY, state="attached")

    def run(self, script: str, argument: Any = None) -> Any:
        found = self.page.evaluate(script, argument)
        self.ready()
        return found

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
        self.ready()

    def click(self, selector: str) -> None:
        self.page.locator(selector).first.click()
        self.ready()

    def card(self, title: str) -> Any:
        """The first card with this title."""
        return self.page.locator(".card", has=self.page.locator(f'.title:text-is("{title}")')).first

    def click_card(self, title: str) -> None:
        self.card(title).dispatch_event("click")
        self.ready()

    def cards(self) -> list[str]:
        """The ids of the cards, in order of their ids."""
        found: list[str] = self.page.eval_on_selector_all(".card", "all => all.map(each => each.dataset.id)")
        return sorted(found)

    def titles(self) -> list[str]:
        found: list[str] = self.page.eval_on_selector_all(".card .title", "all => all.map(each => each.textContent)")
        return found

    def boxes(self) -> list[dict[str, Any]]:
        """Where everything in the drawing is, at a scale at which all words are drawn."""
        self.run("() => lookAt(0, 0, 1)")
        found: list[dict[str, Any]] = self.page.evaluate(_BOXES)
        return found

    def places(self) -> dict[str, tuple[float, float]]:
        """The place of each card in the drawing, whatever the window shows."""
        found = self.page.evaluate("() => [...drawing.boxes].map(([id, box]) => [id, box.x, box.y])")
        return {id: (x, y) for id, x, y in found}

    def stage(self, number: int) -> None:
        self.run("stage => goToStage(stage)", number)

    def after(self, name: str) -> int:
        """Show what the pass ``name`` made; the number of that stage."""
        number = int(self.run("name => view.stages.findIndex((stage) => stage.name === name)", name))
        self.stage(number)
        return number

    def text(self, selector: str) -> str:
        return str(self.page.locator(selector).first.inner_text())

    def close(self) -> None:
        self.context.close()
