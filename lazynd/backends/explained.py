"""What a backend tells of a compiled program, for people who look at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Cluster:
    """A part of a compiled program that runs as one piece: what a compiler fused, a loop, a call, or one instruction.

    ``kind``: "loop", "input", "output" or "custom" for a fusion, "while", "call", "conditional" or "custom-call", else
    the name of the instruction. ``numbers``: the nodes of the compiled graph that it computes, or parts of which; one
    may be in several clusters. ``borrowed``: the compiler does not say which; they are those of its readers, or of
    what it reads. ``inside``: the name of the loop, call or fusion around it, "" for none. ``nbytes``: of what it reads
    and gives. ``text``: its instruction, and those that it runs.

    >>> Cluster("fusion.3", "loop", (4, 7), text="%fusion.3 = ...").fused
    True
    """

    name: str
    kind: str
    numbers: tuple[int, ...]
    borrowed: bool = False
    inside: str = ""
    nbytes: int = 0
    text: str = field(default="", repr=False)

    @property
    def fused(self) -> bool:
        """Whether it is a fusion."""
        return self.kind in FUSIONS


FUSIONS = ("loop", "input", "output", "custom")


@dataclass(frozen=True, slots=True)
class Explanation:
    """A compiled program as its backend tells it: ``text``, ``clusters``, the bytes in ``memory``, and ``cost``.

    What the backend does not tell is empty.
    """

    text: str = field(default="", repr=False)
    clusters: Sequence[Cluster] = ()
    memory: Mapping[str, int] = field(default_factory=dict)
    cost: Mapping[str, float] = field(default_factory=dict)
