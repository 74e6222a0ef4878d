"""Opening, searching, hiding, heat, source, jumps and what is selected."""

from __future__ import annotations

import itertools
import pathlib
import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest

from lazynd import nd, viz

from .test_first_view import check_drawing

pytestmark = pytest.mark.browser


def test_a_click_opens_a_group_and_its_head_closes_it(open_page: Any, picture: Any) -> None:
    page = open_page("resnet")
    before = page.cards()
    closed = page.page.locator(".card.group").first
    id = closed.get_attribute("data-id")
    assert closed.get_attribute("aria-expanded") == "false"
    closed.dispatch_event("click")
    page.ready()
    picture(page, "resnet-opened")
    assert id not in page.cards() and len(page.cards()) > len(before)
    frame = page.page.locator(f'.frame[data-id="{id}"]')
    assert frame.get_attribute("aria-expanded") == "true"
    check_drawing(page.boxes())
    frame.locator(".head").dispatch_event("click")
    page.ready()
    assert page.cards() == before


def test_everything_can_be_opened_step_by_step(open_page: Any) -> None:
    page = open_page("lenet")
    page.after("expand")
    for _ in range(4):
        page.click("#open-more")
    assert "ir.dot_general" in page.titles() and not page.page.locator(".card.group").count()
    check_drawing(page.boxes())
    page.click("#close-all")
    assert page.titles() == ["Forward", "Gradient", "Update"]


def test_bodies_of_loops_and_choices_open(open_page: Any, tmp_path: Any) -> None:
    def compute(x: Any) -> Any:
        def step(row: Any, total: Any) -> Any:
            found = nd.tanh(total + row)
            return found, found

        _, total = nd.contrib.foreach(step, x, nd.zeros((3,)))
        return nd.contrib.cond(total.sum() > 1, lambda: total * 2, lambda: nd.relu(total))

    path = tmp_path / "loop.html"
    viz.save(viz.view(compute, (4, 3), title="a loop"), path)
    page = open_page(path)
    assert {"_foreach", "_cond"} <= set(page.titles()) and "tanh" not in page.titles()
    page.click_card("_foreach")
    assert {"broadcast_add", "tanh"} <= set(page.titles())
    assert "null" not in page.text("#pane-node").split()
    page.click_card("_cond")
    page.click_card("on false")
    assert "relu" in page.titles()
    check_drawing(page.boxes())
    page.after("expand")
    check_drawing(page.boxes())


def test_search_finds_opens_and_selects(open_page: Any, picture: Any) -> None:
    page = open_page("rnn")
    page.press("/")
    page.page.keyboard.type("tanh cell")
    found = page.page.locator('#found [role="option"]')
    assert found.first.locator("b").inner_text() == "tanh" and "found" in page.text("#found .note")
    picture(page, "rnn-search")
    page.press("ArrowDown", "Enter")
    assert page.page.locator(".card.selected .title").text_content() == "tanh"
    assert page.text("#pane-node h3") == "tanh"
    assert page.page.locator("#found").is_hidden()
    page.press("/")
    page.page.locator("#search").fill("no such thing")
    assert page.text("#found .note") == "Nothing found at this stage"


def test_operators_can_be_hidden_and_what_they_connect_stays_connected(open_page: Any) -> None:
    page = open_page("lenet")
    page.click("#tab-show")
    assert "Pooling" in page.titles()
    page.click('[data-operator="Pooling"]')
    assert "Pooling" not in page.titles() and "Convolution" in page.titles()
    # The second convolution reads, through the pooling that is hidden, what the first activation computes.
    page.run("() => select(slotOf(view.stages[0].graph.nodes[3]).item)")
    names = page.run("() => [...state.seen.edges.values()].map((e) => [wordsOf(e.from).title, wordsOf(e.to).title])")
    assert ["Activation", "Convolution"] in names
    page.click("#tab-show")
    page.click("text=Show all")
    assert "Pooling" in page.titles()


def test_parameters_can_be_shown(open_page: Any) -> None:
    page = open_page("lenet")
    assert not page.page.locator(".card.parameter").count()
    page.click("#tab-show")
    page.click('[data-kind="parameter"]')
    assert page.page.locator(".card.parameter").count() >= 10
    check_drawing(page.boxes())


def test_groups_can_be_turned_off(open_page: Any) -> None:
    page = open_page("lenet")
    page.click("#tab-show")
    for kind in ("phase", "block", "repeat", "line", "stretch"):
        page.click(f'[data-by="{kind}"]')
    assert not page.page.locator(".frame, .card.group").count()
    assert len([id for id in page.cards() if id.startswith("n")]) == page.run("() => view.stages[0].graph.nodes.length")
    check_drawing(page.boxes())


@pytest.mark.parametrize("measure", ("flops", "bytes"))
def test_heat_is_darkest_where_most_is_done(open_page: Any, picture: Any, measure: str) -> None:
    page = open_page("lenet")
    page.run("measure => document.querySelector(`#heat input[value=${measure}]`).click()", measure)
    picture(page, f"lenet-heat-{measure}")
    assert page.page.locator(".card.heated").count() > 20
    shares = page.run(
        """() => [...drawing.cards.values()].filter(({ item }) => heatOf(item)).map(({ item, element }) =>
          [heatOf(item).share, luminance(getComputedStyle(element).getPropertyValue("--fill").trim())])"""
    )
    ordered = sorted(shares)
    assert all(a[1] >= b[1] - 1e-9 for a, b in itertools.pairwise(ordered))
    assert page.text("#legend .scale").startswith({"flops": "FLOPs", "bytes": "Bytes"}[measure])


def test_line_and_node_lead_to_each_other(open_page: Any, picture: Any) -> None:
    page = open_page("lenet")
    page.click_card("Convolution")
    assert page.page.locator("button.code.current").count() == 1
    at = page.page.locator("button.code.current").get_attribute("data-at")
    page.press("Escape")
    assert not page.page.locator("button.code.current").count()
    page.click(f'button.code[data-at="{at}"]')
    picture(page, "lenet-line")
    assert "Convolution" in page.page.eval_on_selector_all(".card.linked .title", "a => a.map(e => e.textContent)")
    assert page.page.locator("#pane-node .row").count() >= 2


def test_stubs_jump_to_the_other_end(open_page: Any) -> None:
    page = open_page("lenet")
    stub = page.card("vjp_log_softmax").locator(".stub.in")
    assert stub.get_attribute("aria-label") == "reads from log_softmax"
    stub.dispatch_event("click")
    page.ready()
    selected = page.page.locator(".selected")
    assert selected.locator(".title").text_content() == "log_softmax"
    assert "forward" in selected.get_attribute("class").split()


def test_edges_that_carry_one_value_are_shown_together(open_page: Any) -> None:
    page = open_page("lenet")
    value = page.run(
        """() => {
          const count = new Map();
          for (const line of drawing.lines) for (const v of line.values.keys()) count.set(v, (count.get(v) || 0) + 1);
          const [value] = [...count].find(([, n]) => n > 1);
          showValues(new Set([value]));
          return value;
        }"""
    )
    marked = page.run("() => drawing.drawn.map((g) => [g.classList.contains('same'), [...g.line.values.keys()]])")
    assert sum(same for same, _ in marked) > 1
    assert all(same == (value in values) for same, values in marked)


def test_the_details_say_what_a_node_is(open_page: Any) -> None:
    page = open_page("lenet")
    page.click_card("Convolution")
    said = page.text("#pane-node")
    assert "float32[8,6,28,28]" in said and "kernel" in said and "(5, 5)" in said and "FLOPs" in said
    flops, formula = page.run("() => [recordAt(state.selected).flops, recordAt(state.selected).formula]")
    assert eval(formula) == flops and f"= {formula}" in said  # a formula is an expression of Python


def test_fusions_are_laid_over_the_graph(open_page: Any, picture: Any) -> None:
    page = open_page("lenet")
    page.click("#tab-fusions")
    assert page.page.locator("button.cluster b").all_inner_texts() == ["fusion", "fusion.1", "copy.3"]
    assert "2 fusions of 5 recorded nodes" in page.text("#pane-fusions")
    assert "1 further instruction stands alone" in page.text("#pane-fusions")
    assert "1.23 MB" in page.text("#pane-fusions") and "8.50 MFLOP" in page.text("#pane-fusions")
    page.click("#show-fusions")
    picture(page, "lenet-fusions")
    assert page.page.locator("#halos .halo").count() == 2
    assert page.page.locator("#halos .halo rect").count() == 5
    page.click("button.cluster >> nth=1")
    assert "%fusion.1 =" in page.text("#pane-fusions")
    page.click("#show-fusions")
    assert page.page.locator("#halos .halo").count() == 1  # the one that was picked


def test_the_view_is_saved_as_svg(open_page: Any) -> None:
    page = open_page("lenet")
    with page.page.expect_download() as download:
        page.page.click("#save")
    assert download.value.suggested_filename.endswith(".svg")
    text = pathlib.Path(download.value.path()).read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)
    space = "{http://www.w3.org/2000/svg}"
    cards = [each for each in root.iter(f"{space}g") if "card" in each.get("class", "").split()]
    assert root.tag == f"{space}svg" and len(cards) == len(page.cards())
    assert all(each.get("transform", "").startswith("translate(") for each in cards)
    assert "<script" not in text and "http" not in text.replace("http://www.w3.org/2000/svg", "")


def test_arranging_can_be_cancelled(open_page: Any) -> None:
    page = open_page("lenet")
    page.after("expand")
    page.click("#close-all")
    waited, drawn = page.run(
        """() => {
          for (const group of state.root.children) if (!group.leaf) state.open.add(group.id);
          restructure();
          const waited = Boolean(layout.waiting);
          cancelLayout();
          return [waited, drawing.cards.size];
        }"""
    )
    assert waited and drawn > 3
    check_drawing(page.boxes())
