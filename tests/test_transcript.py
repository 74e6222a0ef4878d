"""The transcript of real MXNet: what disagrees is what docs/differences.md lists, and it is little."""

from __future__ import annotations

import os
import pathlib
import re

import pytest

import lazynd

from .transcript import DATA, SECTIONS, Probe, agrees, agrees_aside, load, run

PAGE = pathlib.Path(__file__).parents[1] / "docs" / "differences.md"


@pytest.fixture(scope="module")
def every() -> list[Probe]:
    # Blocks are numbered from 0, whatever was made before; this runs before a test's own tier is set.
    tier = os.environ["LAZYND_TEST_TIER_OF_FRONT_ENDS"]
    with lazynd.name.NameManager(), lazynd.config.using(tier=tier):
        return run(load(DATA / "semantics_transcript.txt", SECTIONS))


def listed(text: str) -> list[tuple[str, str, str]]:
    """Name, what lazynd gives and reason of each row of the page's tables."""
    rows = re.findall(r"^\| (\d\d:\d+) \|(.*)\|$", text, re.MULTILINE)
    return [(name, *(part.strip() for part in re.split(r" \| ", rest)[-2:])) for name, rest in rows]


def test_disagreeing_probes_are_the_listed_ones(every: list[Probe]) -> None:
    assert {p.section for p in every} == SECTIONS
    assert len(every) == 1016
    probes = [p for p in every if not p.waits]
    wrong = {p.name for p in probes if not agrees(p)}
    page = PAGE.read_text(encoding="utf-8")
    names = [name for name, _, _ in listed(page)]
    assert len(names) == len(set(names))
    # Run at its line, what nobody reads raises: as in MXNet in the first probe, before the read in the second.
    at_once = {"22:2221", "22:2223"} if lazynd.config.eager else set()
    assert wrong == set(names) ^ at_once
    draws = {name for name, _, _ in listed(page.split("## Draws")[1].split("## ")[0])}
    assert {p.name for p in probes if p.name in draws and not agrees_aside(p)} == set(), "but for the numbers"
    found = {p.name: p.shown for p in probes}
    for name, given, _ in [
        each for each in listed(page) if each[0] not in at_once
    ]:  # an error is listed as one, also where the probe caught it
        kind = given.strip("`") if given.endswith("Error`") else "!!"
        assert (kind in found[name]) == given.endswith("Error`"), (name, given, found[name])
    agreeing, aside = len(probes) - len(wrong), len(probes) - len(wrong - draws)
    assert aside / len(probes) >= 0.95
    stated = re.search(
        r"Of (\d+) probes lazynd prints the same as MXNet for (\d+)\. Another (\d+) draw random numbers.*?"
        r"(\d+) differ on purpose\. These (\d+) are", " ".join(page.split()),
    )  # fmt: skip
    assert stated is not None
    differing = len(probes) - aside
    numbers = (len(probes), agreeing, aside - agreeing, differing, len(probes) - agreeing)
    assert tuple(map(int, stated.groups())) == numbers


def test_the_core_agrees(every: list[Probe]) -> None:
    """The sections on the array, autograd and errors alone."""
    sections = SECTIONS - {"09", "10", "16", "17", "18", "19", "21", *map(str, range(26, 32)), *map(str, range(37, 43))}
    probes = [p for p in every if p.section in sections]
    assert len(probes) == 564 and not any(p.waits for p in probes)
    assert sum(map(agrees, probes)) >= 540


def test_a_probe_of_a_module_to_come_waits_with_all_that_follows_from_it() -> None:
    codes = ("net = gluon.nn.Dense(2)", "y = net(1)", "y", "y = 1", "y + 1", "import os", "mx.gluon if False else 2")
    probes = run([Probe("99", line, code) for line, code in enumerate(codes)])
    if all(p.waits for p in probes[:1]):
        assert [p.waits for p in probes] == [True, True, True, False, False, False, False]
        assert [p.shown.strip() for p in probes[4:]] == ["2", "", "2"]


def test_each_row_gives_a_reason() -> None:
    rows = listed(PAGE.read_text(encoding="utf-8"))
    assert rows
    assert all(len(reason.split()) >= 2 for _, _, reason in rows)


def test_the_comparison_can_fail() -> None:
    right = Probe("01", 1, "1", "[1. 2.]\n<NDArray 2 @cpu(0)>\n")
    right.shown = "\n[1. 2.]\n<NDArray 2 @cpu(0)>\n"
    assert agrees(right)
    right.shown = right.shown.replace("2.]", "3.]")
    assert not agrees(right)
    raised = Probe("01", 2, "x", "!! mxnet.base.MXNetError: no\n")
    raised.shown = "!! ValueError: no"
    assert not agrees(raised)
    raised.shown = "!! MXNetError: no"
    assert agrees(raised)
    for expected, shown, same in (
        ("[1. 2.]", "[1.0000001 2.]", True),
        ("[1. 2.]", "[1.00001 2.]", False),
        ("[0. 2.]", "[1.e-08 2.]", True),
        ("[0. 2.]", "[1.e-05 2.]", False),
        ("[1. 2.]", "[1 2]", False),
        ("1000000001.5", "1000000001.6", False),
    ):
        close = Probe("01", 3, "x", expected)
        close.shown = shown
        assert agrees(close) is same, (expected, shown)
    drawn = Probe("01", 4, "x", "[0.5 2.]\n<NDArray 2 @cpu(0)>")
    for shown, same in (("[7. 1.]\n<NDArray 2 @cpu(0)>", True), ("[7. 1. 2.]\n<NDArray 3 @cpu(0)>", False)):
        drawn.shown = shown
        assert agrees_aside(drawn) is same
