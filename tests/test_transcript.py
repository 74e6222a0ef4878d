"""The transcript of real MXNet: what disagrees is what docs/differences.md lists, and it is little."""

from __future__ import annotations

import pathlib
import re

from .transcript import DATA, SECTIONS, Probe, agrees, load, run

PAGE = pathlib.Path(__file__).parents[1] / "docs" / "differences.md"


def listed(text: str) -> list[tuple[str, str, str]]:
    """Name, what lazynd gives and reason of each row of the page's tables."""
    rows = re.findall(r"^\| (\d\d:\d+) \|(.*)\|$", text, re.MULTILINE)
    return [(name, *(part.strip() for part in re.split(r" \| ", rest)[-2:])) for name, rest in rows]


def test_disagreeing_probes_are_the_listed_ones() -> None:
    probes = run(load(DATA / "semantics_transcript.txt", SECTIONS))
    assert len(probes) == 592
    assert {p.section for p in probes} == SECTIONS
    wrong = {p.name for p in probes if not agrees(p)}
    page = PAGE.read_text(encoding="utf-8")
    names = [name for name, _, _ in listed(page)]
    assert len(names) == len(set(names))
    assert wrong == set(names)
    found = {p.name: p.shown for p in probes}
    for name, given, _ in listed(page):  # an error is listed as one, also where the probe caught it
        kind = given.strip("`") if given.endswith("Error`") else "!!"
        assert (kind in found[name]) == given.endswith("Error`"), (name, given, found[name])
    agreeing = len(probes) - len(wrong)
    assert agreeing >= 540
    stated = re.search(r"probes (\d+) agree", page)
    assert stated is not None and int(stated.group(1)) == agreeing


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
