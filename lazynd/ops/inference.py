"""What of a call's shapes and dtypes follows from what is known of them, in both directions.

Deferred initialisation, ``infer_shape`` and binding of symbols, and all else that must know a weight's shape before
there is a weight, ask here. See ``partial`` for the rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..ir.errors import OperatorError
from ..ir.types import FLOAT32, Type, require
from .operator import Operator
from .partial import DType, DTypes, Known, Shape, Shapes, complete


def infer_shapes(
    operator: Operator,
    inputs: Sequence[Shape],
    attributes: Mapping[str, Any],
    outputs: Sequence[Shape] = (),
    dtypes: Sequence[DType] = (),
) -> Shapes:
    """All that follows for the shapes of a call on ``inputs``, those that a call with these ``attributes`` has.

    An extent that is None is open, as is a whole shape. ``outputs`` are what is known of results. ``dtypes`` are those
    of the inputs, which matter only if a body refuses others; those that are not given follow from one another, and
    are float32 if nothing says more. Raises ``OperatorError`` where what is known contradicts itself.

    >>> from lazynd.ops import find
    >>> dense = find("FullyConnected")
    >>> known = infer_shapes(dense, [(None, 3, 4), None, None], {"num_hidden": 5})
    >>> known["weight"], known["bias"], known.outputs
    ((5, 12), (5,), [(None, 5)])
    """
    given = operator.canonical(attributes)
    known = Shapes(operator.names_of(given, len(inputs)), inputs, outputs)
    _settle(operator.shapes, known, given)
    if None not in known.inputs:
        found = infer_dtypes(operator, list(dtypes) or [None] * len(inputs), attributes).inputs
        for number, shape in enumerate(_results(operator, known.inputs, found, attributes)):
            known.learn_output(shape, number)
        _settle(operator.shapes, known, given)
    return known


def infer_dtypes(
    operator: Operator, inputs: Sequence[DType], attributes: Mapping[str, Any], outputs: Sequence[DType] = ()
) -> DTypes:
    """All that follows for the dtypes of a call, as ``infer_shapes`` for shapes.

    >>> import numpy as np
    >>> from lazynd.ops import find
    >>> infer_dtypes(find("BatchNorm"), [np.dtype("float16"), None, None, None, None], {})["gamma"]
    dtype('float32')
    """
    given = operator.canonical(attributes)
    known = DTypes(operator.names_of(given, len(inputs)), inputs, outputs)
    _settle(operator.dtypes, known, given)
    return known


def infer_types(
    operator: Operator, inputs: Sequence[Type | None], attributes: Mapping[str, Any]
) -> tuple[tuple[Type, ...], tuple[Type, ...]]:
    """The types of inputs and outputs of a call of which some inputs are open.

    What is open gets its shape and dtype from the rules, float32 where they say nothing, and the context of the first
    input that is known. Raises ``OperatorError`` if a shape does not follow.
    """
    known = infer_dtypes(operator, [None if each is None else each.dtype for each in inputs], attributes)
    shapes = infer_shapes(
        operator, [None if each is None else each.shape for each in inputs], attributes, dtypes=known.inputs
    )
    context = next((each.context for each in inputs if each is not None), None)
    for name, shape in zip(shapes.names, shapes.inputs, strict=True):
        require(complete(shape), f"the shape of {name} does not follow: it is known as {shapes.show(shape)}")
    found = _types(shapes.inputs, known.inputs)
    if context is not None:
        found = tuple(type.with_context(context) for type in found)
    made = tuple(each or type for each, type in zip(inputs, found, strict=True))
    return made, operator.results(operator.bind(made, attributes)[0])


def _settle(rule: Any, known: Known[Any], attributes: Mapping[str, Any]) -> None:
    """Apply ``rule`` as long as it finds out more. Each round fills something in, so this ends."""
    if rule is None:
        return
    before = -1
    while known.news != before:
        before = known.news
        rule(known, **attributes)


#: Extents that stand for an open one: 1, and some with many divisors, which few operators refuse.
_TRIALS: Final = (1, 12, 60, 420)


def _results(
    operator: Operator, shapes: Sequence[Shape], dtypes: Sequence[DType], attributes: Mapping[str, Any]
) -> Sequence[Shape]:
    """The shapes of the results, as the body says them.

    Where an extent is open, the body is asked with 1 and with more in its place. Extents of results that are the same
    for all do not depend on it: what grows or is cut with it differs between 1 and the largest. The others are open.
    Nothing follows where the operator refuses 1, or all that is larger.
    """
    if all(map(complete, shapes)):
        return [t.shape for t in operator.results(operator.bind(_types(shapes, dtypes), attributes)[0])]
    found: list[list[tuple[int, ...]]] = []
    for extent in _TRIALS:
        tried = [tuple(extent if n is None else n for n in shape or ()) for shape in shapes]
        try:
            spec, _ = operator.bind(_types(tried, dtypes), attributes)
        except OperatorError:
            if extent == 1:
                return ()
            continue
        found.append([t.shape for t in operator.results(spec)])
    if len(found) < 2:
        return ()
    return [_agreed(each) for each in zip(*found, strict=True)] if len({len(each) for each in found}) == 1 else ()


def _agreed(shapes: Sequence[tuple[int, ...]]) -> Shape:
    """What several shapes have in common."""
    if len({len(shape) for shape in shapes}) > 1:
        return None
    return tuple(extents[0] if len(set(extents)) == 1 else None for extents in zip(*shapes, strict=True))


def _types(shapes: Sequence[Shape], dtypes: Sequence[DType]) -> tuple[Type, ...]:
    return tuple(Type(shape, dtype or FLOAT32) for shape, dtype in zip(shapes, dtypes, strict=True))  # type: ignore[arg-type]  # complete
