"""Random compositions of operators, the same from the same number here and in MXNet."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from .asked import answer

COUNT = 150
#: Shapes that a variable may have; most pairs of them do not fit each other.
_SHAPES = ((2, 3), (3, 2), (2, 3), (1, 3), (2, 3, 4), (2, 3, 4), (4,), (2, 6))
_UNARY = (
    lambda S, r, x: S.relu(x),
    lambda S, r, x: S.tanh(x),
    lambda S, r, x: x * r.choice((2, 0.5, -1)) + r.choice((1, 0.25)),
    lambda S, r, x: S.transpose(x),
    lambda S, r, x: S.sum(x, axis=r.choice((0, 1, -1)), keepdims=r.choice((True, False))),
    lambda S, r, x: S.max(x, axis=r.choice((0, 1))),
    lambda S, r, x: S.expand_dims(x, axis=r.choice((0, 1, -1))),
    lambda S, r, x: S.Flatten(x),
    lambda S, r, x: x.reshape(r.choice(((0, -1), (-1,), (-3,), (-2,), (-1, 2)))),
    lambda S, r, x: S.softmax(x, axis=r.choice((0, -1))),
    lambda S, r, x: S.slice_axis(x, axis=r.choice((0, 1)), begin=0, end=r.choice((1, 2, None))),
    lambda S, r, x: S.tile(x, reps=r.choice(((2,), (1, 2), (2, 1, 1)))),
    lambda S, r, x: S.flip(x, axis=0),
    lambda S, r, x: S.split(x, num_outputs=r.choice((1, 2, 3)), axis=r.choice((0, 1)))[0],
    lambda S, r, x: S.FullyConnected(x, num_hidden=3, flatten=r.choice((True, False)), name=f"fc{r.randrange(3)}"),
    lambda S, r, x: S.LayerNorm(x, name=f"ln{r.randrange(3)}"),
    lambda S, r, x: S.clip(x, -1, 1),
    lambda S, r, x: S.topk(x, k=1, ret_typ="value"),
    lambda S, r, x: S.Cast(x, dtype="float32"),
)
_BINARY = (
    lambda S, r, x, y: x + y,
    lambda S, r, x, y: x * y,
    lambda S, r, x, y: S.maximum(x, y),
    lambda S, r, x, y: x > y,
    lambda S, r, x, y: S.broadcast_add(x, y),
    lambda S, r, x, y: S.broadcast_mul(x, y),
    lambda S, r, x, y: S.concat(x, y, dim=r.choice((0, 1))),
    lambda S, r, x, y: S.stack(x, y, axis=r.choice((0, 1))),
    lambda S, r, x, y: S.dot(x, y),
    lambda S, r, x, y: S.dot(x, y, transpose_b=True),
    lambda S, r, x, y: S.slice_like(x, y),
    lambda S, r, x, y: S.where(x, x, y),
    lambda S, r, x, y: S.add_n(x, y, x),
    lambda S, r, x, y: S.broadcast_like(x, y),
    lambda S, r, x, y: S.reshape_like(x, y),
)


def composition(number: int, S: Any) -> tuple[Any, dict[str, tuple[int, ...]]]:
    """A symbol, and the shapes of those of its variables that are given some."""
    r = random.Random(number)
    shapes = {f"v{i}": r.choice(_SHAPES) for i in range(3)}
    values = [S.var(name) for name in shapes]
    for _ in range(r.randrange(3, 8)):
        if r.random() < 0.6:
            values.append(r.choice(_UNARY)(S, r, r.choice(values)))
        else:
            values.append(r.choice(_BINARY)(S, r, r.choice(values), r.choice(values)))
    made = S.Group(values[-2:]) if r.random() < 0.3 else values[-1]
    there = made.list_arguments()
    given = {name: shape for name, shape in shapes.items() if name in there and r.random() < 0.9}
    return made, given


def ask(number: int, mx: Any) -> dict[str, Any]:
    """What a composition says of itself, and its values if all of its variables have shapes."""
    with mx.name.NameManager():
        symbol, shapes = composition(number, mx.sym)
    partly = {name: (0, *shape[1:]) for name, shape in shapes.items()}
    return {
        "outputs": answer(symbol.list_outputs),
        "arguments": answer(symbol.list_arguments),
        "attributes": answer(symbol.attr_dict),
        "shapes": answer(lambda: symbol.infer_shape(**shapes)),
        "partly": answer(lambda: symbol.infer_shape_partial(**partly)),
        "types": answer(lambda: symbol.infer_type(**dict.fromkeys(shapes, "float32"))),
        "values": answer(lambda: values(symbol, shapes, mx)),
    }


def values(symbol: Any, shapes: dict[str, tuple[int, ...]], mx: Any) -> Any:
    """The first numbers of each output; the arrays hold small numbers, no two the same."""
    found = symbol.infer_shape(**shapes)[0]
    if found is None:
        return None
    arrays = {}
    for i, (name, shape) in enumerate(zip(symbol.list_arguments(), found, strict=True)):
        count = int(np.prod(shape))
        arrays[name] = mx.nd.array(((np.arange(count) * 7 + i) % 11 / 11 - 0.4).reshape(shape))
    return [[list(each.shape), *map(float, each.asnumpy().ravel()[:6])] for each in symbol.eval(**arrays)]
