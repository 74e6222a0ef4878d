"""Short runs of the fuzzer. ``make fuzz`` runs the long ones."""

from __future__ import annotations

from .fuzz import aliasing


def test_aliasing_programs_agree_with_numpy() -> None:
    tally = aliasing.fuzz(20261125, range(500))
    assert not tally.found, tally.found[0].text
    assert not tally.rare(aliasing.EVENTS), tally.report()
