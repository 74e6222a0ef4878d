"""Finding where a recorded sequence repeats."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

_EVIDENCE = 48


def period_of(sequence: Sequence[Hashable], evidence: int = _EVIDENCE) -> int:
    """The smallest period of the end of ``sequence``, 0 if it does not repeat.

    The last stretch of two periods, and of at least ``evidence`` elements, has to repeat.

    >>> period_of("xyz" + "abc" * 20)
    3
    >>> period_of("abcdefgh")
    0
    """
    length = len(sequence)
    last = sequence[-1] if length else None
    for period in range(1, length // 2 + 1):
        if sequence[-1 - period] != last:
            continue
        stretch = max(2 * period, evidence)
        if stretch > length:
            stretch = length // period * period
            if stretch < 2 * period or length < evidence:
                continue
        if all(sequence[-i] == sequence[-i - period] for i in range(1, stretch - period + 1)):
            return period
    return 0
