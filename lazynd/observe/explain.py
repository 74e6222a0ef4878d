"""Why programs were compiled: each by the first difference from the nearest program known, in the user's words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..ir.several import several
from ..runtime.tell.ledger import COMPILES, NOTHING, RETRACES, Compile, Retrace
from .tables import as_html, as_text, escaped


@dataclass(frozen=True)
class Reason:
    """Why one program was compiled, or ``loaded`` from the cache on disk.

    ``why`` is the first difference from the program most like it, which ``like`` first needed; "" if there was none.
    ``place``, ``file`` and ``line``: the user's line that needed it, because of ``cause``.

    >>> import lazynd
    >>> from lazynd import nd
    >>> with lazynd.config.using(tier="compiled"):
    ...     _ = nd.cos(nd.arange(4) + 0.5).sum().asscalar()
    >>> all(reason.place and reason.cause for reason in lazynd.explain())
    True
    """

    number: int
    why: str
    like: str
    cause: str
    place: str
    file: str
    line: int
    operators: int
    inputs: int
    outputs: int
    seconds: float
    loaded: bool

    def __str__(self) -> str:
        got = "loaded" if self.loaded else "compiled"
        size = several(self.operators, "operator")
        like = f" (like the program of {self.like})" if self.like and self.like != self.place else ""
        return f"{got} {size} in {self.seconds:.3f} s for {self.cause} at {self.place}: {self.why or NOTHING}{like}"


_HEAD: Final = ("program", "seconds", "operators", "needed by", "because of")


class Explanation:
    """Why programs were compiled; made by ``lazynd.explain()``. A sequence of ``Reason``, the oldest first.

    ``traces`` are sentences: which compiled functions were traced again, or run as Python, why, and where.

    >>> import lazynd
    >>> found = lazynd.explain()
    >>> len(found) == len(found.reasons)
    True
    """

    def __init__(self, reasons: list[Reason], limit: int = 10, traces: Sequence[str] = ()) -> None:
        self.reasons = reasons
        self.limit = limit
        self.traces = list(traces)

    def __len__(self) -> int:
        return len(self.reasons)

    def __getitem__(self, number: int) -> Reason:
        return self.reasons[number]

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            (str(r.number), f"{r.seconds:.3f}", str(r.operators), f"{r.cause} at {r.place}", r.why or NOTHING)
            for r in self.reasons[-self.limit :]
        ]

    def __str__(self) -> str:
        if not self.reasons:
            return "\n".join(["no program was compiled", *self.traces[-self.limit :]])
        rows = self._rows()
        text = as_text(_HEAD, rows, (3, 4))
        left = len(self.reasons) - len(rows)
        return "\n".join([*text, *([f"and {left} more before"] if left else []), *self.traces[-self.limit :]])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        table = as_html(_HEAD, self._rows(), (3, 4)) if self.reasons else "<p>no program was compiled</p>"
        return table + "".join(f"<p>{escaped(each)}</p>" for each in self.traces[-self.limit :])

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))


def told(compiles: Iterable[Compile]) -> list[Reason]:
    """Entries of the ledger for people."""
    return [
        Reason(
            number, each.why or "", "" if each.like is None else each.like.place, each.cause, each.site.place,
            each.site.file, each.site.line, each.operators, each.inputs, each.outputs, each.seconds, each.loaded,
        )
        for number, each in enumerate(compiles, 1)
    ]  # fmt: skip


def told_of_traces(traces: Iterable[Retrace]) -> list[str]:
    """The same of compiled functions."""
    return [
        f"{each.name} {'runs as Python' if each.python else 'was traced again'} at {each.site.place}: {each.why}"
        for each in traces
    ]


def explain(limit: int = 10) -> Explanation:
    """Why programs were compiled: the last ``limit`` of them when it is printed, the last 1,000 as data.

    Each is explained by the first difference from the program most like it: the shape of an argument, a parameter, an
    operator, or a result that is wanted. Below stand compiled functions that were traced again, or run as Python, and
    why. Runs nothing.

    >>> import lazynd
    >>> from lazynd import nd
    >>> def total(n):
    ...     data = nd.ones((n, 3))
    ...     data.wait_to_read()
    ...     return (data * 2).sum().asscalar()
    >>> with lazynd.config.using(tier="compiled"):
    ...     total(256), total(17)
    (np.float32(1536.0), np.float32(102.0))
    >>> lazynd.explain()[-1].why.rpartition(", ")[0]
    'argument data (256, 3) -> (17, 3)'
    """
    return Explanation(told(list(COMPILES)), limit, told_of_traces(list(RETRACES)))
