"""Indexing, views, and writing in place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from mxnet import nd

from .collection import Results, Values, add, add_calls

add_calls(
    "indexing",
    {
        "x[2]": lambda x: x[2],
        "x[-1]": lambda x: x[-1],
        "x[1:3]": lambda x: x[1:3],
        "x[:, 1]": lambda x: x[:, 1],
        "x[::-1]": lambda x: x[::-1],
        "x[::2, 1:]": lambda x: x[::2, 1:],
        "x[..., 0]": lambda x: x[..., 0],
        "x[None]": lambda x: x[None],
        "x[1, 2]": lambda x: x[1, 2],
        "x[[0, 2]]": lambda x: x[[0, 2]],
        "x[[0, 2], [1, 1]]": lambda x: x[[0, 2], [1, 1]],
        "x[nd.array([1, 0])]": lambda x: x[nd.array([1, 0])],
        "x[np.array([2, 1])]": lambda x: x[np.array([2, 1])],
        "x[:, [0, 2]]": lambda x: x[:, [0, 2]],
        "x[1][2]": lambda x: x[1][2],
        "x[1:][0]": lambda x: x[1:][0],
        "[row for row in x]": lambda x: list(x),
        "x[i] for every second i": lambda x: [x[i] for i in range(0, len(x), 2)],
    },
    [Values((4, 3))],
    [Values((3, 5))],
    [Values((5, 4, 2))],
    [Values((3, 3), "float64")],
    [Values((4, 6), "int32", -9, 9)],
)
add_calls(
    "indexing",
    {
        "take": lambda x: nd.take(x, nd.array([0, 2, 1, 1])),
        "take(axis=1, mode='wrap')": lambda x: nd.take(x, nd.array([0, -1, 7]), axis=1, mode="wrap"),
        "x.take(matrix)": lambda x: x.take(nd.array([[0, 1], [2, 0]])),
        "pick": lambda x: nd.pick(x, nd.array([0, 1, 2, 0])),
        "pick(axis=0, keepdims=True)": lambda x: nd.pick(x, nd.array([0, 1, 2]), axis=0, keepdims=True),
        "gather_nd": lambda x: nd.gather_nd(x, nd.array([[0, 2], [1, 0]])),
        "slice": lambda x: nd.slice(x, begin=(1, 0), end=(3, 2)),
        "slice_axis": lambda x: nd.slice_axis(x, axis=1, begin=0, end=-1),
        "slice_like": lambda x: nd.slice_like(x, nd.zeros((2, 2))),
        "boolean_mask": lambda x: nd.contrib.boolean_mask(x, nd.array([1, 0, 1, 1])),
        "where": lambda x: nd.where(x > 0, x, -x),
        "one_hot": lambda x: nd.one_hot(x.argmax(axis=1), 3),
        "embedding by rows": lambda x: nd.Embedding(nd.array([1, 3, 0]), x, input_dim=4, output_dim=3),
        "x[x.argmax(axis=0)[0]]": lambda x: x[int(x.argmax(axis=0)[0].asscalar())],
        "mean of the rows x[1:3]": lambda x: x[1:3].mean(axis=0),
    },
    [Values((4, 3))],
)


def _written(write: Callable[[Any], object], values: Values) -> Callable[[], Results]:
    def run() -> Results:
        x = values.make(5)
        write(x)
        return [x.asnumpy()]

    return run


def _row(x: Any) -> None:
    x[1] = 0


def _rows(x: Any) -> None:
    x[0:2] = 7.5


def _column(x: Any) -> None:
    x[:, 1] = 3


def _rows_from_array(x: Any) -> None:
    x[1:3] = nd.ones((2, x.shape[1]))


def _row_from_numpy(x: Any) -> None:
    x[0] = np.arange(x.shape[1])


def _everything(x: Any) -> None:
    x[:] = x * 2


def _cell(x: Any) -> None:
    x[2, 1] = -1


def _list(x: Any) -> None:
    x[[0, 2]] = 9


def _places(x: Any) -> None:
    x[nd.array([0, 1]), nd.array([1, 0])] = nd.array([5, 6])


def _strided(x: Any) -> None:
    x[::2] = 1


def _reversed(x: Any) -> None:
    x[:] = x[::-1]


def _added(x: Any) -> None:
    x += 1


def _scaled(x: Any) -> None:
    x *= 0.5
    x -= 0.25


def _divided(x: Any) -> None:
    x /= 4


def _row_added(x: Any) -> None:
    x[1] += 10


def _column_scaled(x: Any) -> None:
    x[:, 0] *= 3


def _through_view(x: Any) -> None:
    view = x[1]
    view[:] = 4


def _through_view_of_view(x: Any) -> None:
    x[1:][1][:] = 8


def _through_reshape(x: Any) -> None:
    x.reshape((-1,))[0:2] = 6


def _view_added(x: Any) -> None:
    view = x[0:2]
    view += 1
    view *= 2


def _row_by_row(x: Any) -> None:
    for i in range(len(x)):
        x[i] = i


def _row_from_row(x: Any) -> None:
    x[0] = x[1] + x[2]


def _swapped(x: Any) -> None:
    first = x[0].copy()
    x[0] = x[2]
    x[2] = first


def _copied_to(x: Any) -> None:
    (x + 1).copyto(x)


def _out(x: Any) -> None:
    nd.elemwise_add(x, x, out=x)


def _out_function(x: Any) -> None:
    nd.exp(x, out=x)


_WRITES = {
    "x[1] = 0": _row,
    "x[0:2] = 7.5": _rows,
    "x[:, 1] = 3": _column,
    "x[1:3] = ones": _rows_from_array,
    "x[0] = NumPy array": _row_from_numpy,
    "x[:] = x * 2": _everything,
    "x[2, 1] = -1": _cell,
    "x[[0, 2]] = 9": _list,
    "x[i, j] = values": _places,
    "x[::2] = 1": _strided,
    "x[:] = x[::-1]": _reversed,
    "x += 1": _added,
    "x *= 0.5; x -= 0.25": _scaled,
    "x /= 4": _divided,
    "x[1] += 10": _row_added,
    "x[:, 0] *= 3": _column_scaled,
    "view[:] = 4": _through_view,
    "view of a view": _through_view_of_view,
    "through reshape": _through_reshape,
    "view += 1; view *= 2": _view_added,
    "row by row": _row_by_row,
    "x[0] = x[1] + x[2]": _row_from_row,
    "two rows swapped": _swapped,
    "copyto": _copied_to,
    "elemwise_add(out=x)": _out,
    "exp(out=x)": _out_function,
}
_WRITTEN = (Values((4, 3)), Values((3, 5)), Values((3, 2), "float64"), Values((5, 4)))

for _i, (_name, _write) in enumerate(_WRITES.items()):
    _values = _WRITTEN[_i % len(_WRITTEN)]
    add("writes", f"{_name} of {_values}", _written(_write, _values))
