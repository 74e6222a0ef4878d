"""What is seen when a page opens: little enough, in order, legible, and without anything from elsewhere."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from .opened import CELLS, STEPS

pytestmark = pytest.mark.browser

PAGES = ("lenet", "rnn", "resnet", "diff")
#: Boxes are drawn at parts of pixels, and letters a little beside what is measured.
SLACK = 1.5


def inside(inner: dict[str, float], outer: dict[str, float]) -> bool:
    return (
        inner["x"] >= outer["x"] - SLACK
        and inner["y"] >= outer["y"] - SLACK
        and inner["x"] + inner["w"] <= outer["x"] + outer["w"] + SLACK
        and inner["y"] + inner["h"] <= outer["y"] + outer["h"] + SLACK
    )


def overlap(a: dict[str, float], b: dict[str, float]) -> bool:
    return (
        a["x"] + SLACK < b["x"] + b["w"]
        and b["x"] + SLACK < a["x"] + a["w"]
        and a["y"] + SLACK < b["y"] + b["h"]
        and b["y"] + SLACK < a["y"] + a["h"]
    )


def check_drawing(boxes: list[dict[str, Any]]) -> None:
    """Words are inside their boxes, cards beside each other, frames beside or around."""
    for each in boxes:
        outside = [word["text"] for word in each["words"] if not inside(word["box"], each["box"])]
        assert not outside, f"outside of {each['id']}: {outside}"
        words = [word for word in each["words"] if word["text"]]
        for one, other in itertools.combinations(words, 2):
            assert not overlap(one["box"], other["box"]), f"{one['text']} lies over {other['text']}"
    for one, other in itertools.combinations(boxes, 2):
        if not overlap(one["box"], other["box"]):
            continue
        nested = inside(one["box"], other["box"]) or inside(other["box"], one["box"])
        assert nested and "frame" in (one["kind"], other["kind"]), f"{one['id']} lies over {other['id']}"


@pytest.mark.parametrize("name", PAGES)
def test_the_first_view(open_page: Any, picture: Any, name: str) -> None:
    page = open_page(name)
    picture(page, f"{name}-light")
    assert 5 < len(page.cards()) <= 200
    assert page.page.workers, "places come from the worker"
    assert page.page.title() == page.text("h1") != ""
    check_drawing(page.boxes())


@pytest.mark.parametrize("name", ("lenet", "resnet"))
def test_the_first_view_in_the_dark(open_page: Any, picture: Any, name: str) -> None:
    page = open_page(name, theme="dark")
    picture(page, f"{name}-dark")
    assert page.run("() => getComputedStyle(document.body).backgroundColor") == "rgb(18, 20, 23)"


@pytest.mark.parametrize(("width", "height"), [(1100, 700), (760, 900), (420, 800)])
def test_a_small_window_shows_the_graph(open_page: Any, picture: Any, width: int, height: int) -> None:
    page = open_page("lenet", width=width, height=height)
    picture(page, f"lenet-{width}")
    graph = page.page.locator("#graph").bounding_box()
    assert graph["width"] > width * 0.4 and graph["height"] > height * 0.25
    assert page.run("() => document.documentElement.scrollWidth") <= width


def test_the_training_step_is_in_three_parts(open_page: Any) -> None:
    page = open_page("lenet")
    heads = page.page.eval_on_selector_all(".frame .title", "all => all.map(each => each.textContent)")
    assert {"Forward", "Gradient", "Update"} <= set(heads)


def test_repeated_segments_are_closed_at_first(open_page: Any) -> None:
    page = open_page("rnn")
    assert CELLS in page.titles()
    before = len(page.cards())
    page.click_card(CELLS)
    assert STEPS in page.titles() and before < len(page.cards()) <= 200
    page.click_card(STEPS)
    assert {f"{number} of 100" for number in range(1, 11)} <= set(page.titles())
    check_drawing(page.boxes())
