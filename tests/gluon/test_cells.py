"""Recurrent cells: the names of what they compute are real MXNet's, and wrong calls say what is wrong."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest

import lazynd
from lazynd import nd
from lazynd.base import MXNetError
from lazynd.gluon import contrib, rnn

from ..goldens import cell_names, store

load = functools.cache(store.load)


@pytest.mark.parametrize("case", cell_names.CASES)
def test_names_in_symbols(case: str) -> None:
    assert cell_names.names(lazynd, case) == load(cell_names.FAMILY)[case]


def _initialised(layer: Any) -> Any:
    layer.initialize()
    return layer


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: rnn.SequentialRNNCell().begin_state(2), TypeError, r"^SequentialRNNCell.begin_state\(\) takes 1 pos"),
        (lambda: rnn.HybridSequentialRNNCell().begin_state(2), TypeError, r"^HybridSequentialRNNCell.begin_state\(\)"),
        (
            lambda: rnn.BidirectionalCell(rnn.RNNCell(2), rnn.RNNCell(2)).begin_state(2),
            TypeError,
            r"^BidirectionalCell.begin_state\(\) takes 1 positional argument but 2 were given",
        ),
        (
            lambda: _initialised(rnn.LSTM(3, input_size=4))(nd.ones((2, 3, 4)), [nd.ones((1, 3, 3))]),
            MXNetError,
            "Operator RNN expects 4 inputs, but got 3 instead: LSTM has 2 states, 1 were given",
        ),
    ],
)
def test_refused(call: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        call()


MODIFIED = [
    lambda cell: rnn.ZoneoutCell(cell), lambda cell: rnn.ResidualCell(cell),
    lambda cell: rnn.ZoneoutCell(rnn.ResidualCell(cell)), lambda cell: contrib.rnn.VariationalDropoutCell(cell),
]  # fmt: skip


@pytest.mark.parametrize("modify", MODIFIED)
def test_a_modified_cell_begins_with_symbols_where_no_batch_is_known(modify: Callable[[Any], Any]) -> None:
    cell = modify(rnn.LSTMCell(3, prefix="lstm_"))
    assert [each.name for each in cell.begin_state()] == ["lstm_begin_state_0", "lstm_begin_state_1"]
    assert [each.shape for each in cell.begin_state(batch_size=2)] == [(2, 3), (2, 3)]
    with pytest.raises(MXNetError, match="shape"):
        cell.begin_state(func=nd.zeros)
