"""Sequences: as one array, or as a list with an array for each step."""

from __future__ import annotations

import sys
from typing import Any

from ... import nd
from ...nd import NDArray


def operators_of(value: Any) -> Any:
    """``nd``, or ``sym`` if ``value`` or the first in it is a symbol."""
    if isinstance(value, list | tuple):
        value = value[0] if value else None
    return nd if value is None or isinstance(value, NDArray) else sys.modules["lazynd.sym"]


def as_list(value: Any) -> list[Any]:
    """What an operator with several results gave, as a list."""
    return [value] if isinstance(value, NDArray) else list(value)  # a symbol lists its results


def is_array(value: Any) -> bool:
    """Whether a sequence is one array or symbol, not a list of them."""
    return not isinstance(value, list | tuple)


def sequence(length: int | None, inputs: Any, layout: str, merge: bool | None) -> tuple[Any, int, Any, int]:
    """``inputs`` as one array if ``merge``, as a list if that is False, as they are if it is None.

    Also the axis of time in ``layout``, the operators to use, and the number of examples, 0 if it is not known.
    """
    if inputs is None:
        raise AssertionError("unroll(inputs=None) is not supported: give the sequence, or a symbol for it")
    axis, batch_axis = layout.find("T"), layout.find("N")
    F = operators_of(inputs)
    batch = 0
    if is_array(inputs):
        if F is nd:
            batch = inputs.shape[batch_axis]
            if merge is False:
                steps = inputs.shape[axis]
                if length is not None and length != steps:
                    raise AssertionError(f"the sequence has {steps} steps along axis {axis} of {layout}, not {length}")
                inputs = as_list(F.SliceChannel(inputs, axis=axis, num_outputs=steps, squeeze_axis=True))
        elif merge is False:
            inputs = list(F.split(inputs, axis=axis, num_outputs=length, squeeze_axis=True))
    else:
        if length is not None and len(inputs) != length:
            raise AssertionError(f"the sequence has {len(inputs)} steps, not {length}")
        if F is nd:
            batch = inputs[0].shape[0]
        if merge is True:
            inputs = F.stack(*inputs, axis=axis)
    return inputs, axis, F, batch


def masked(F: Any, outputs: Any, length: int, valid_length: Any, axis: int, merge: bool | None) -> Any:
    """``outputs`` with zeros after the end of each example; a list again if not ``merge``."""
    if not is_array(outputs):
        outputs = F.stack(*outputs, axis=axis)
    outputs = F.SequenceMask(outputs, sequence_length=valid_length, use_sequence_length=True, axis=axis)
    if merge:
        return outputs
    return as_list(F.split(outputs, num_outputs=length, axis=axis, squeeze_axis=True))


def backwards(steps: list[Any], valid_length: Any) -> list[Any]:
    """The steps in reverse order, of each example the first ``valid_length`` ones."""
    if valid_length is None:
        return list(reversed(steps))
    F = operators_of(steps)
    turned = F.SequenceReverse(F.stack(*steps, axis=0), sequence_length=valid_length, use_sequence_length=True)
    return as_list(F.split(turned, axis=0, num_outputs=len(steps), squeeze_axis=True))
