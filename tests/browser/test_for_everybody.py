"""Contrast, the keyboard, readers of screens, and names that look like markup."""

from __future__ import annotations

from typing import Any

import pytest

from lazynd import gluon, nd, viz

from .opened import CELLS, STEPS

pytestmark = pytest.mark.browser

#: For every text that is seen: its colour, and the colour behind it. Colours with transparency are mixed.
_COLOURS = """() => {
  const parse = (text) => {
    const found = text.match(/rgba?\\(([^)]+)\\)/);
    if (!found) return null;
    const [r, g, b, a = 1] = found[1].split(/[ ,/]+/).map(Number);
    return [r, g, b, a];
  };
  const over = (top, under) => top.slice(0, 3).map((c, i) => c * top[3] + under[i] * (1 - top[3])).concat(1);
  const behindHtml = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour && colour[3] > 0) layers.push(colour);
      if (colour && colour[3] === 1) break;
    }
    return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255, 1]);
  };
  const behindSvg = (text) => {
    const home = text.closest(".card, .frame");
    const shape = home && home.querySelector(".paper, .body");
    const colour = shape && parse(getComputedStyle(shape).fill);
    return colour && colour[3] === 1 ? colour : behindHtml(document.getElementById("stage"));
  };
  const seen = (element) => element.checkVisibility({ visibilityProperty: true });
  const found = [];
  const add = (element, text, colour, behind) => {
    const rest = parse(colour);
    if (rest && text.trim()) found.push({ text: text.trim().slice(0, 40), colour: over(rest, behind), behind });
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (element.closest("script, style, svg, noscript, :disabled") || !seen(element)) continue;
    add(element, walker.currentNode.textContent, getComputedStyle(element).color, behindHtml(element));
  }
  const search = document.getElementById("search");
  add(search, search.placeholder, getComputedStyle(search, "::placeholder").color, behindHtml(search));
  for (const text of document.querySelectorAll("#graph text, #graph tspan")) {
    if (seen(text)) add(text, text.textContent, getComputedStyle(text).fill, behindSvg(text));
  }
  return found;
}"""


def luminance(colour: list[float]) -> float:
    """As WCAG 2 defines it."""
    parts = [c / 255 for c in colour[:3]]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(a: list[float], b: list[float]) -> float:
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def check_contrast(page: Any) -> None:
    found = page.run(_COLOURS)
    assert len(found) > 60
    weak = {f"{f['text']}: {f['colour']} on {f['behind']}" for f in found if contrast(f["colour"], f["behind"]) < 4.5}
    assert not weak, sorted(weak)


@pytest.mark.parametrize("theme", ("light", "dark"))
def test_every_text_can_be_read(open_page: Any, theme: str) -> None:
    page = open_page("lenet", theme=theme)
    page.run("() => lookAt(0, 0, 1)")
    check_contrast(page)
    page.click_card("Convolution")
    check_contrast(page)
    page.run("() => pickLine(recordAt(state.selected).file, recordAt(state.selected).line)")
    check_contrast(page)
    for tab in ("changes", "fusions", "show"):
        page.click(f"#tab-{tab}")
        check_contrast(page)
    page.run("() => document.querySelector('#heat input[value=flops]').click()")
    check_contrast(page)
    page.run("() => document.querySelector('#heat input[value=none]').click()")
    page.press("/")
    page.page.keyboard.type("pool")
    check_contrast(page)
    page.press("Escape")
    page.after("simplify")
    page.run("() => { openMore(); showTab('changes'); }")
    page.run("() => lookAt(0, 0, 1)")
    assert page.page.locator(".card.removed").count()
    check_contrast(page)
    page.click("#help")
    check_contrast(page)


def test_the_switch_changes_the_theme(open_page: Any) -> None:
    page = open_page("lenet", theme="dark")
    dark = page.run("() => getComputedStyle(document.body).backgroundColor")
    page.click("#theme")
    light = page.run("() => getComputedStyle(document.body).backgroundColor")
    assert dark != light and page.page.locator("#theme").get_attribute("aria-label") == "Theme: light"
    page.click("#theme")
    assert page.run("() => getComputedStyle(document.body).backgroundColor") == dark


def test_tab_reaches_everything(open_page: Any) -> None:
    page = open_page("lenet")
    name = """() => {
      const at = document.activeElement;
      if (!at || at === document.body) return "";
      const part = at.closest(".card, .frame") ? "graph" : at.closest("#lines") ? "lines" : at.name || at.id;
      return part;
    }"""
    reached = []
    for _ in range(60):
        page.page.keyboard.press("Tab")
        where = page.page.evaluate(name)
        if where and where in reached:
            break
        reached.append(where)
    wanted = [
        "search", "heat", "toggle-source", "toggle-details", "save", "theme", "help", "lines", "graph", "close-all",
        "open-more", "fit", "zoom-out", "zoom-in", "tab-node", "pane-node",
    ]  # fmt: skip
    assert [each for each in reached if each in wanted] == wanted
    assert "pass" in reached and "pass-after" in reached


def test_the_graph_is_walked_with_arrows(open_page: Any) -> None:
    page = open_page("lenet")
    page.card("Convolution").focus()
    page.press("ArrowDown")
    focused = "() => document.activeElement.querySelector('.title').textContent"
    assert page.page.evaluate(focused) == "Activation"
    assert page.page.locator(".card.selected .title").text_content() == "Activation"
    page.press("ArrowDown")
    assert page.page.evaluate(focused) == "Pooling"
    page.press("ArrowUp", "ArrowUp")
    assert page.page.evaluate(focused) == "Convolution"
    assert page.page.locator('#graph [tabindex="0"]').count() == 1


def test_groups_open_and_close_with_the_keyboard(open_page: Any) -> None:
    page = open_page("rnn")
    page.card(CELLS).focus()
    page.press("Enter")
    assert page.page.evaluate("() => document.activeElement.getAttribute('aria-expanded')") == "true"
    assert STEPS in page.titles()
    page.press("Enter")
    assert page.page.evaluate("() => document.activeElement.getAttribute('aria-expanded')") == "false"
    assert STEPS not in page.titles()


def test_everything_that_can_be_pressed_has_a_name(open_page: Any) -> None:
    page = open_page("lenet")
    nameless = page.run(
        """() => [...document.querySelectorAll("button, input, [role=button], [role=tab], [role=link]")]
          .filter((e) => !(e.getAttribute("aria-label") || e.textContent.trim() || e.labels?.[0]?.textContent.trim()))
          .map((e) => e.outerHTML.slice(0, 80))"""
    )
    assert nameless == []
    card = page.card("Convolution")
    assert card.get_attribute("role") == "button"
    assert card.get_attribute("aria-label").startswith("Convolution, float32[8,6,28,28], forward")


def test_keys_are_listed(open_page: Any) -> None:
    page = open_page("lenet")
    page.press("?")
    assert page.page.locator("dialog[open]").count() == 1 and "search" in page.text("dialog")
    page.press("Escape")
    assert not page.page.locator("dialog[open]").count()


EVIL = "</script><script>window.run = 1</script><img src=x onerror='window.run = 2'>"


def test_names_that_look_like_markup_are_text(open_page: Any, tmp_path: Any) -> None:
    net = gluon.nn.HybridSequential()
    net.add(gluon.nn.Dense(3, activation="relu"), gluon.nn.Dense(2))
    net.initialize()
    view = viz.view(net, nd.zeros((2, 3)), title=EVIL)
    for number, id in enumerate(view.graph.nodes):
        view.nodes[id].scope = f"{EVIL}{number // 2}"
        view.nodes[id].operator = f"<!--<b>{number}</b>"
    view.files[0].name = EVIL
    view.files[0].lines = dict.fromkeys(view.files[0].lines, EVIL)
    path = tmp_path / "evil.html"
    viz.save(view, path)
    page = open_page(path)
    page.click(".card >> nth=0")
    assert page.run("() => window.run") is None
    assert page.text("h1") == EVIL and page.page.title() == EVIL
    assert not page.page.locator("img, b:text-matches('^\\\\d$')").count()
    assert any(title.startswith("<!--<b>") for title in page.titles())
