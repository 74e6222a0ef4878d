"""Where programs put themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lazynd import nd

Maker = Callable[[], tuple[Callable[..., Any], Callable[[Any, int], Any]]]
PROGRAMS: dict[str, Maker] = {}
#: How often each is traced in four calls, where that is not once.
TRACES: dict[str, int] = {}


def program(name: str, traces: int = 1) -> Callable[[Maker], Maker]:
    def add(maker: Maker) -> Maker:
        PROGRAMS[name] = maker
        TRACES[name] = traces
        return maker

    return add


def variables(*values: Any) -> list[Any]:
    made = [nd.array(value) for value in values]
    for each in made:
        each.attach_grad()
    return made
