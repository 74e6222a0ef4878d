"""What goes wrong when programs run, told with the operator and the user's line; values that are lost for good."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...ir.errors import CheckFailed, InternalError, MXNetError, OutOfBounds
from ...ir.node import Node, Output, leaf
from ..tell.location import describe
from .liveness import Ref
from .regions import Region


class ProgramError(MXNetError):
    """A program that could not be compiled or run. The arrays that it should have computed are still pending."""


class CheckedProgramError(ProgramError):
    """A program in which a check refused values, known only when it ran: an ``MXNetError`` to its readers."""


class IndexProgramError(CheckedProgramError, IndexError):
    """A program in which an index was out of bounds: an ``IndexError`` to its readers."""


CheckedProgramError.__name__ = CheckedProgramError.__qualname__ = "MXNetError"
IndexProgramError.__name__ = IndexProgramError.__qualname__ = "IndexError"


class Lost:
    """Stands in a node's ``region`` for a value that can no longer be computed, and says why."""

    __slots__ = ("kind", "reason")

    def __init__(self, reason: str, kind: type[MXNetError] = MXNetError) -> None:
        self.reason = reason
        self.kind = kind

    def error(self) -> MXNetError:
        """The error that whoever reads the value gets."""
        return self.kind(self.reason)


def failed(ref: Ref, what: str, error: BaseException) -> ProgramError:
    """``error`` as the user should read it: operator, reason and the line that recorded it."""
    node, text = ref.node, f"{what} failed{reason(error)}"
    if node is None or node.spec is None:  # an output that ran forgot its node; a leaf never had an operator
        return ProgramError(text)
    if isinstance(error, MemoryError):
        made, given = (", ".join(map(repr, types)) for types in (node.spec.out_types, node.spec.in_types))
        text += f"\n  it makes {made}" + (f" from {given}" if given else "")
    kind = _kind(error) if isinstance(error, CheckFailed) else ProgramError
    return kind(f"[{node.spec.op.name}] {text}\n  recorded at {place_of(node)}")


def _kind(error: CheckFailed) -> type[CheckedProgramError]:
    return IndexProgramError if isinstance(error, OutOfBounds) else CheckedProgramError


def place_of(node: Node) -> str:
    """The user's line that recorded ``node``, and the block that it belongs to."""
    line = describe(node.code, node.lasti, True)
    return f"{line}\n  in the block {node.scope}" if node.scope else line


def reason(error: BaseException) -> str:
    """Why something failed, in the words that follow "failed"."""
    return f" for want of memory: {error}" if isinstance(error, MemoryError) else f": {type(error).__name__}: {error}"


def refused(node: Node, error: CheckFailed) -> CheckedProgramError:
    """``error`` of the one operator ``node``, as the user should read it."""
    assert node.spec is not None
    return _kind(error)(f"[{node.spec.op.name}] {error}\n  recorded at {place_of(node)}")


def lost_with_buffer(error: ProgramError) -> Lost:
    """The reason of values that needed a buffer which a program overwrote before it failed with ``error``."""
    return Lost(f"the value of this array was lost with a buffer that a failed program took over:\n{error}")


def lose(items: Iterable[Ref], lost: set[int], loss: Lost) -> None:
    """Mark as lost those of ``items`` (in recording order) that are in ``lost``, by identity, or need a lost value."""
    for item in items:
        if item.__class__ is not Node:
            continue
        if id(item) in lost or any(id(ref) in lost or is_lost(ref) for ref in item.inputs or ()):
            item.region.touched = True  # its list holds an item now that is not pending
            item.inputs = None
            item.region = loss


def lose_value(ref: Ref, value: object, loss: Lost) -> None:
    """Mark as lost the ``value`` that ``ref`` has: it was to be computed, and that failed; in an undivided section."""
    if ref.value is value:  # else another thread found out first
        if isinstance(ref, Output):  # one that ran forgot its node
            ref.node = leaf(ref.type)
        ref.node.inputs = None
        ref.node.region = loss
        ref.value = None


def is_lost(ref: Ref) -> bool:
    """Whether the value of ``ref`` can no longer be computed."""
    return ref.value is None and ref.node is not None and ref.node.region.__class__ is Lost


def vanished(ref: Ref) -> bool:
    """Whether ``ref`` ran inside a program that did not return it. (What a failure lost is kept, to say so.)"""
    node = ref.node
    gone = node is None or (node.inputs is None and node.region.__class__ is Region)
    return gone and ref.value is None  # asked last: a value is published before its node drops its history


def unfinished(items: Sequence[Ref]) -> list[Ref]:
    """Those of ``items`` that have not run and still can.

    An item cannot run any more if an operand vanished: nothing wanted the item when its operand ran, so the operand was
    not returned. Nothing will want it later, so it is dropped, with the items that read it.
    """
    kept: list[Ref] = []
    dropped: set[Node] = set()
    for item in items:
        if item.value is not None:
            continue
        node = item if item.__class__ is Node else item.node
        if node is None or node.inputs is None or node in dropped:
            continue
        if item is node and any(vanished(ref) or ref.node in dropped for ref in node.inputs):
            dropped.add(node)
            continue
        kept.append(item)
    return kept


def missing(ref: Ref) -> InternalError:
    """The error for a ``ref`` that ran, or should have, and has no value although something refers to it."""
    node = ref.node
    name, place = "unknown", "unknown line"
    if node is not None and node.spec is not None:
        name, place = node.spec.op.name, place_of(node)
    return InternalError(
        f"[{name}] ran without leaving its value, which is needed; this is a mistake of lazynd's, please report it\n"
        f"  recorded at {place}"
    )
