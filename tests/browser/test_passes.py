"""The slider through the passes, and the difference of two graphs."""

from __future__ import annotations

from typing import Any

import pytest

from lazynd import nd, viz

from .test_first_view import check_drawing

pytestmark = pytest.mark.browser


def test_the_slider_goes_through_the_passes(open_page: Any, picture: Any) -> None:
    page = open_page("lenet")
    names = [stage["name"] for stage in page.run("() => view.stages")]
    page.page.locator("#pass").focus()
    for number, name in enumerate(names[1:], 1):
        page.press("ArrowRight")
        assert page.run("() => state.stage") == number
        assert page.page.locator("#pass").get_attribute("aria-valuetext").startswith(f"{name}, ")
        assert page.text(".stops li[data-current] b") == name.replace("_", " ")
        picture(page, f"lenet-pass-{number}")
    page.press("Home")
    assert page.run("() => state.stage") == 0


def test_nothing_moves_from_one_pass_to_the_next(open_page: Any) -> None:
    page = open_page("lenet")
    first = page.after("expand")
    page.click("#open-more")
    places = page.places()
    last = page.run("() => view.stages.length - 1")
    assert page.run("() => state.scene.last") == last
    for stage in range(first + 1, last + 1):
        page.stage(stage)
        assert page.places() == places


def test_what_a_pass_removed_stays_as_a_ghost_with_the_rule(open_page: Any, picture: Any) -> None:
    # Without groups every node has a card of its own.
    page = open_page("lenet")
    names = [stage["name"] for stage in page.run("() => view.stages")]
    page.stage(names.index("simplify"))
    page.click("#tab-changes")
    rules = page.page.locator("#pane-changes h4 code").all_inner_texts()
    fired = {
        c["rule"] for c in page.run("stage => view.stages[stage].changed", names.index("simplify")) if c.get("rule")
    }
    assert rules and set(rules) <= fired
    for _ in range(3):
        page.click("#open-more")
    picture(page, "lenet-simplify")
    ghosts = page.page.locator(".card.removed")
    assert ghosts.count() and ghosts.first.locator(".mark.removed").count() == 1
    assert "removed by this pass" in ghosts.first.get_attribute("aria-label")
    gone = page.run("() => [...document.querySelectorAll('.card.removed')].map((e) => e.dataset.id)")
    here = page.run("() => view.stages[state.stage].graph.nodes")
    assert not set(gone) & set(here)
    check_drawing(page.boxes())


def test_what_was_selected_stays_selected_where_operators_become_primitives(open_page: Any) -> None:
    page = open_page("lenet")
    page.click_card("Convolution")
    id = page.page.locator(".card.selected").get_attribute("data-id")
    page.after("expand")
    selected = page.page.locator(".selected")
    assert selected.count() == 1
    assert selected.get_attribute("data-id").endswith(f"/o:{id}")


def test_the_difference_of_two_graphs(open_page: Any, picture: Any) -> None:
    page = open_page("diff")
    page.click("#tab-changes")
    picture(page, "diff-changes")
    added = page.page.locator(".card.added .title").all_text_contents()
    assert added.count("BatchNorm") == 2 and added.count("vjp_BatchNorm") == 2
    assert page.page.locator(".card.changed").count() >= 1  # the update has more parameters
    assert "only in the second" in page.text("#legend")
    places = page.places()
    page.press("[")
    assert not page.page.locator(".card.added").count() and page.places() == places
    assert "BatchNorm" not in page.titles()


def test_what_only_the_first_graph_has(open_page: Any, tmp_path: Any) -> None:
    first = viz.view(lambda x: nd.relu(x + 1) * 2, (2, 3))
    second = viz.view(lambda x: (x + 1) * 2, (2, 3))
    path = tmp_path / "diff.html"
    viz.save(viz.diff(first, second), path)
    page = open_page(path)
    assert page.page.locator(".card.removed .title").all_text_contents() == ["relu"]
    assert "only in the first" in page.text("#legend")
