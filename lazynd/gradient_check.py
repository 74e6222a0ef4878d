"""Comparing gradients with differences of the function: what ``autograd.check_gradients`` does.

``Line`` and ``Checked`` are the arithmetic, on NumPy's arrays; ``Differentiated`` computes functions and gradients.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np

from .ir.types import is_floating
from .nd import NDArray, array
from .runtime.record.streams import rewound

Array = np.ndarray[Any, Any]

#: The step of a difference. Its error is about the third derivative times step squared, and that of rounding 2.2e-16
#: divided by the step: the cube root of 2.2e-16 makes both about 4e-11.
STEP: Final = float(np.cbrt(np.finfo(np.float64).eps))
#: What is suspicious is measured again with a step so many times smaller: a kink or a pole beside the point, within the
#: first step, lies outside of the second.
CLOSER: Final = 16.0


class Sides(NamedTuple):
    """The slopes of a function from the point downwards and upwards, and what rounding may have added to each."""

    below: float
    above: float
    rounding: float

    def error(self, expected: float) -> float:
        """How far the central difference is from ``expected``; infinite where it is no number."""
        return _finite(abs((self.below + self.above) / 2 - expected))

    @property
    def bend(self) -> float:
        """How far the slopes of the two sides are apart."""
        return _finite(abs(self.above - self.below))


def _finite(number: float) -> float:
    return number if math.isfinite(number) else math.inf


@dataclass(frozen=True)
class Line:
    """The function along one direction through the point, and the slope that its gradient states.

    ``outputs(step)`` computes the function's outputs that far from the point; ``weights`` has an array for each.
    The slopes are those of the weighted sum of all outputs.
    """

    outputs: Callable[[float], Sequence[Array]]
    weights: Sequence[Array]
    expected: float

    def sides(self, step: float) -> Sides:
        below, there, above = (self.outputs(s) for s in (-step, 0.0, step))
        with np.errstate(all="ignore"):
            finite = [np.where(np.isfinite(v), v, 0) for v in there]
            size = math.sqrt(sum(float(np.sum(np.square(w * v))) for w, v in zip(self.weights, finite, strict=True)))
            rounding = 8 * float(np.finfo(np.float64).eps) * size / step
            return Sides(self._rise(below, there) / step, self._rise(there, above) / step, rounding)

    def _rise(self, low: Sequence[Array], high: Sequence[Array]) -> float:
        """Outputs are subtracted before they are summed: their sums may be large and nearly equal.

        An infinity that stays what it is does not rise.
        """
        rises = [np.where(a == b, 0, b - a) for a, b in zip(low, high, strict=True)]
        return float(sum(float(np.sum(w * rise)) for w, rise in zip(self.weights, rises, strict=True)))

    def agrees(self, step: float, allowed: float) -> bool:
        """Whether the function is smooth here, and its slope the expected one, but for ``allowed``."""
        wide = self.sides(step)
        right = wide.error(self.expected) <= allowed + wide.rounding
        if right and wide.bend <= allowed + wide.rounding:
            return True
        close = self.sides(step / CLOSER)
        # Where there is no kink, the slopes of the two sides approach each other as the step shrinks.
        smooth = close.bend <= max(allowed + close.rounding, wide.bend / 2)
        return smooth and (right or close.error(self.expected) <= allowed + close.rounding)

    def repeats(self) -> bool:
        """Whether the function gives the same outputs twice."""
        return all(np.array_equal(a, b, equal_nan=True) for a, b in zip(self.outputs(0), self.outputs(0), strict=True))


@dataclass(frozen=True)
class Checked:
    """One input of a function: its value, the gradient to be checked, and the outputs where it is moved.

    ``outputs(direction, step)`` computes the function with this input moved by ``step * direction``.
    """

    value: Array
    gradient: Array
    outputs: Callable[[Array, float], Sequence[Array]]
    weights: Sequence[Array]

    def along(self, direction: Array) -> Line:
        with np.errstate(all="ignore"):
            expected = float(np.sum(self.gradient * direction, where=direction != 0))
        return Line(lambda step: self.outputs(direction, step), self.weights, expected)

    def complaint(self, step: float, rtol: float, atol: float, rng: np.random.Generator) -> str | None:
        """What is wrong with the gradient; None where nothing is.

        All elements are moved at once, in one random direction, and the slope along it is compared. One wrong element
        changes that slope; several could hide each other only if their errors added up to nothing, weighted by random
        numbers. An element is looked for where the slope is wrong.
        """
        if not self.value.size:
            return None
        direction = random_signs(self.value.shape, rng) * self._units()
        with np.errstate(all="ignore"):
            # Of terms with random signs the root of the sum of squares is the size of the sum.
            allowed = atol + rtol * float(np.sqrt(np.sum(np.square(self.gradient * direction))))
        line = self.along(direction)
        if math.isfinite(allowed) and line.agrees(step, allowed):
            return None
        if not line.repeats():
            return "cannot be checked: the function gave other outputs for the same inputs when it was called again"
        return self._of_element(self._worst(direction, step), step)

    def _units(self) -> Array:
        """What an element is moved by, in steps: 1e9 is the same number after a step of 6e-6."""
        return np.maximum(1.0, np.abs(self.value))

    def _worst(self, direction: Array, step: float) -> tuple[int, ...]:
        """An element with a wrong slope, by halving: of two halves the one that is further off holds one."""
        left = np.arange(direction.size)
        odd = ~np.isfinite(self.gradient.reshape(-1))  # where no slope is a number, these are the suspects

        def distance(half: Array) -> tuple[float, bool]:
            return self._off(_part(direction, half), step), bool(odd[half].any())

        while left.size > 1:
            middle = left.size // 2
            left = max(left[middle:], left[:middle], key=distance)
        return tuple(int(i) for i in np.unravel_index(int(left[0]), direction.shape))

    def _off(self, direction: Array, step: float) -> float:
        line = self.along(direction)
        sides = line.sides(step / CLOSER)
        return _finite(abs(sides.below - line.expected) + abs(sides.above - line.expected))

    def _of_element(self, at: tuple[int, ...], step: float) -> str:
        alone = np.zeros(self.value.shape)
        alone[at] = unit = float(self._units()[at])
        line = self.along(alone)
        wide, close = line.sides(step), line.sides(step / CLOSER)
        below, above = close.below / unit, close.above / unit
        found = f"{float(self.gradient[at]):.6g}"
        if math.isinf(wide.bend) or math.isinf(close.bend):
            trouble = f"cannot be checked: it is {found}, but the function is not finite at the point or beside it"
        elif close.bend > 4 * wide.bend:
            trouble = f"cannot be checked: it is {found}, but the function jumps there"
        elif close.bend > max(wide.bend / 2, 2 * close.rounding):
            trouble = (
                f"cannot be checked: it is {found}, but the function has a kink there, with a slope of {below:.6g} "
                f"towards lower values and of {above:.6g} towards higher ones"
            )
        else:
            trouble = f"is {found}, but by differences of the function it is {(below + above) / 2:.6g}"
        place = f"element {', '.join(map(str, at))} (where it is {self.value[at]:.6g})" if at else "its value"
        return f"at {place} {trouble}"


def random_signs(shape: Sequence[int], rng: np.random.Generator) -> Array:
    """Numbers of either sign from 0.5 to 1.5: none is so small that its element would not count."""
    return np.asarray(rng.choice((-1.0, 1.0), shape) * rng.uniform(0.5, 1.5, shape))


def _part(direction: Array, elements: Array) -> Array:
    """``direction`` with all but ``elements``, numbers in flat order, set to 0."""
    kept = np.zeros(direction.size)
    kept[elements] = direction.reshape(-1)[elements]
    return kept.reshape(direction.shape)


Function = Callable[[Sequence[NDArray]], list[NDArray]]


class Tools(NamedTuple):
    """What autograd gives: ``grad``, and a scope that records or not, in the mode that was asked for."""

    grad: Callable[..., list[NDArray]]
    scope: Callable[[bool], AbstractContextManager[Any]]


def _floating(arrays: Sequence[NDArray]) -> list[int]:
    """The numbers of the arrays that have gradients."""
    return [i for i, each in enumerate(arrays) if is_floating(np.dtype(each.dtype))]


def _of_class(made: NDArray, like: NDArray) -> Any:
    return made if type(like) is NDArray else made.as_np_ndarray()


def _like(values: Array, array_: NDArray) -> Any:
    """``values`` in an array of the class, shape and context of ``array_``."""
    made = _of_class(array(values, dtype="float64", ctx=array_.context), array_)
    return made if made.shape == array_.shape else made.reshape(array_.shape)  # () where NumPy's rules hold


def outputs_of(function: Callable[..., Any]) -> Function:
    """``function`` of a sequence, with its floating outputs in a list."""

    def outputs(arrays: Sequence[NDArray]) -> list[NDArray]:
        made = function(*arrays)
        listed = list(made) if isinstance(made, list | tuple) else [made]
        for each in listed:
            if not isinstance(each, NDArray):
                raise TypeError(f"the function gives arrays, {each!r} is none")
            if is_floating(np.dtype(each.dtype)) and each.dtype != np.float64:
                raise TypeError(
                    f"the function gives {np.dtype(each.dtype)} for inputs of float64, too coarse for differences: "
                    "let it compute in the dtype of its inputs"
                )
        return [listed[i] for i in _floating(listed)]

    return outputs


class Differentiated:
    """A function at a point: its values around it, and its gradients there.

    ``base`` are the arrays of the point. Every call gets arrays of its own, computed as ``base + direction * step``, so
    that all calls of one function run the same program.
    """

    def __init__(self, tools: Tools, function: Function, base: Sequence[NDArray], recorded: bool) -> None:
        self._tools = tools
        self._function = function
        self._recorded = recorded
        self.base = list(base)
        self.floating = _floating(base)
        self._still = {i: _like(np.zeros(base[i].shape), base[i]) for i in self.floating}

    def outputs(self, number: int = -1, direction: Array | None = None, step: float = 0.0) -> list[NDArray]:
        """The outputs with array ``number`` moved by ``step * direction``; nothing is computed yet.

        The random streams are put back afterwards, so that the next call draws the same numbers.
        """
        directions = dict(self._still)
        if direction is not None:
            directions[number] = _like(direction, self.base[number])
        with rewound(), self._tools.scope(self._recorded):  # the sums inside too: they are part of one program
            arrays = [x + directions[i] * step if i in directions else x for i, x in enumerate(self.base)]
            if self._recorded:
                for i in self.floating:
                    arrays[i].attach_grad()
            return self._function(arrays)

    def values(self, number: int, direction: Array, step: float) -> list[Array]:
        return [y.asnumpy() for y in self.outputs(number, direction, step)]

    def derivative(self, heads: Sequence[NDArray]) -> Differentiated:
        """The gradients as a function of the same arrays and of ``heads``, one for each output: linear in them."""
        inputs = len(self.base)

        def gradients(arrays: Sequence[NDArray]) -> list[NDArray]:
            given = arrays[:inputs]
            outputs = self._function(given)
            variables = [given[i] for i in self.floating]
            recorded = [i for i, y in enumerate(outputs) if y._cell.history is not None or y._cell.variable is not None]
            # An input that no output depends on is behind its own product with 0: its gradient is 0, and no error.
            found = self._tools.grad(
                [outputs[i] for i in recorded] + [x * 0 for x in variables],
                variables,
                [arrays[inputs + i] for i in recorded] + [None] * len(variables),
                create_graph=True,
            )
            return [_of_class(each, x) for each, x in zip(found, variables, strict=True)]

        return Differentiated(self._tools, gradients, [*self.base, *heads], True)


def first_complaint(
    tools: Tools,
    function: Callable[..., Any],
    inputs: Sequence[NDArray],
    order: int,
    step: float,
    rtol: float,
    atol: float,
) -> str | None:
    """What is wrong with the gradients of ``function``, for the lowest order at which something is; None if nothing."""
    floating = _floating(inputs)
    if not floating:
        raise ValueError("no input is an array of floats, so there is no gradient to check")
    base = [_like(x.asnumpy().astype(np.float64), x) if i in floating else x for i, x in enumerate(inputs)]
    present = Differentiated(tools, outputs_of(function), base, False)
    for depth in range(1, order + 1):
        rng = np.random.default_rng(depth)
        shown = present.outputs()
        if not shown:
            raise ValueError("the function gives no array of floats, so there is no gradient to check")
        single = depth == len(shown) == shown[0].size == 1
        weights = [np.ones(y.shape) if single else random_signs(y.shape, rng) for y in shown]
        following = present.derivative([_like(w, y) for w, y in zip(weights, shown, strict=True)])
        del shown  # asked for their shapes alone: what nobody holds is not computed
        gradients = [each.asnumpy() for each in following.outputs()]
        for number, gradient in zip(present.floating, gradients, strict=True):
            values = functools.partial(present.values, number)
            found = Checked(present.base[number].asnumpy(), gradient, values, weights).complaint(step, rtol, atol, rng)
            if found is not None:
                return f"{_subject(function, depth, number, len(inputs))}\n  {found}"
        present = following
    return None


def _subject(function: Callable[..., Any], order: int, number: int, inputs: int) -> str:
    code = getattr(function, "__code__", None)
    name = getattr(function, "__name__", type(function).__name__)
    place = f" ({code.co_filename}:{code.co_firstlineno})" if code is not None else ""
    what = "the gradient" if order == 1 else f"the gradient of order {order}"
    target = f"input {number}" if number < inputs else f"head gradient {number - inputs}"
    return f"{what} of {name}{place} with respect to {target}"
