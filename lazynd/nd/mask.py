"""Telling once that a comparison is no mask as an index: MXNet's comparisons give 0s and 1s, which are positions."""

from __future__ import annotations

from typing import Final

from ..ir.node import Node, Output
from ..runtime.record.cell import Cell
from ..runtime.tell.location import describe, user_location
from ..runtime.tell.stats import logger
from ..runtime.thread import LOCAL

_COMPARISONS: Final = (
    "equal", "not_equal", "greater", "greater_equal", "lesser", "lesser_equal", "logical_and", "logical_or",
    "logical_xor",
)  # fmt: skip
_TRUTHS: Final = frozenset(
    form.format(name) for form in ("broadcast_{}", "_{}", "_{}_scalar") for name in _COMPARISONS
) | {"logical_not"}
_PRODUCTS: Final = frozenset(("broadcast_mul", "elemwise_mul"))
_told = False


def warn_of_mask(index: Cell, shape: tuple[int, ...]) -> None:
    """Warn, once in a process, if ``index`` of an array of ``shape`` seems to be meant as a mask.

    That is a comparison of as many elements as it would select from.
    """
    global _told
    if _told or not index.type.shape or index.type.shape != shape[: index.type.ndim]:
        return
    if _is_truth(LOCAL.state.recorder.read(index)):
        _told = True
        code, lasti = user_location()
        logger.warning(
            "%s\n  a comparison gives 0s and 1s, and as an index these are positions, as in MXNet: they select no "
            "elements. nd.contrib.boolean_mask(x, mask) selects those where the mask is not 0, nd.where(mask, a, b) "
            "chooses between two arrays.",
            describe(code, lasti, True), extra={"event": "mask", "site": describe(code, lasti)},
        )  # fmt: skip


def _is_truth(ref: Node | Output) -> bool:
    """Whether an operator gave 0s and 1s; also of the product of such, as far as its operands are known still."""
    waiting = [ref]
    while waiting:
        node = waiting.pop().node
        name = "" if node.spec is None else node.spec.op.name
        if name in _PRODUCTS and node.inputs:
            waiting += node.inputs
        elif name not in _TRUTHS:
            return False
    return True
