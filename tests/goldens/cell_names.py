"""Symbols of recurrent cells and layers, the same for real MXNet and for lazynd: the names of all that they compute."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

FAMILY = "gluon_cell_names"
Make = Callable[[Any], Any]


def _cells() -> dict[str, Make]:
    def joined(mx: Any, kind: str) -> Any:
        rnn = mx.gluon.rnn
        cell = getattr(rnn, kind)(prefix="s_")
        with cell.name_scope():
            for each in (rnn.LSTMCell(4), rnn.DropoutCell(0.5), rnn.GRUCell(3)):
                cell.add(each)
        return cell

    def convolving(kind: str) -> Make:
        return lambda mx: getattr(mx.gluon.contrib.rnn, kind)((3, 8), 4, 3, 3, i2h_pad=1, prefix="c_")

    found: dict[str, Make] = {
        "rnn": lambda mx: mx.gluon.rnn.RNNCell(4, prefix="c_"),
        "rnn softrelu": lambda mx: mx.gluon.rnn.RNNCell(4, activation="softrelu", prefix="c_"),
        "lstm": lambda mx: mx.gluon.rnn.LSTMCell(4, prefix="c_"),
        "lstm relu": lambda mx: mx.gluon.rnn.LSTMCell(4, activation="relu", recurrent_activation="tanh", prefix="c_"),
        "gru": lambda mx: mx.gluon.rnn.GRUCell(4, prefix="c_"),
        "zoneout": lambda mx: mx.gluon.rnn.ZoneoutCell(mx.gluon.rnn.LSTMCell(4, prefix="c_"), 0.5, 0.25),
        "residual": lambda mx: mx.gluon.rnn.ResidualCell(mx.gluon.rnn.GRUCell(4, prefix="c_")),
        "sequential": lambda mx: joined(mx, "SequentialRNNCell"),
        "hybrid sequential": lambda mx: joined(mx, "HybridSequentialRNNCell"),
        "variational": lambda mx: mx.gluon.contrib.rnn.VariationalDropoutCell(
            mx.gluon.rnn.LSTMCell(4, prefix="c_"), 0.5, 0.5, 0.5
        ),
        "projected": lambda mx: mx.gluon.contrib.rnn.LSTMPCell(4, 3, prefix="c_"),
    }
    return found | {kind: convolving(kind) for kind in ("Conv1DRNNCell", "Conv1DLSTMCell", "Conv1DGRUCell")}


def _both(mx: Any) -> Any:
    return mx.gluon.rnn.BidirectionalCell(mx.gluon.rnn.LSTMCell(4, prefix="l_"), mx.gluon.rnn.GRUCell(4, prefix="r_"))


def _twice(mx: Any, cell: Any) -> Any:
    states = [mx.sym.var(f"s{i}") for i in range(len(cell.state_info()))]
    _, states = cell(mx.sym.var("data"), states)
    return cell(mx.sym.var("data"), states)


def _cases() -> dict[str, Make]:
    found: dict[str, Make] = {}
    unrolls: dict[str, Make] = {
        "": lambda mx: {"inputs": mx.sym.var("data")},
        " merged": lambda mx: {"inputs": mx.sym.var("data"), "merge_outputs": True},
        " list": lambda mx: {"inputs": [mx.sym.var("a"), mx.sym.var("b")], "layout": "TNC"},
        " lengths": lambda mx: {
            "inputs": mx.sym.var("data"), "merge_outputs": True, "valid_length": mx.sym.var("length")
        },
    }  # fmt: skip
    for name, make in (_cells() | {"bidirectional": _both}).items():
        if make is not _both:
            found[f"{name} twice"] = lambda mx, make=make: _twice(mx, make(mx))
        for how, given in unrolls.items():
            found[f"{name} unrolled{how}"] = lambda mx, make=make, given=given: make(mx).unroll(2, **given(mx))
    options: dict[str, dict[str, Any]] = {
        "": {}, " both ways": {"num_layers": 2, "bidirectional": True, "dropout": 0.5}, " NTC": {"layout": "NTC"},
    }  # fmt: skip
    for kind in ("RNN", "LSTM", "GRU"):
        for how, kwargs in options.items():
            found[f"{kind}{how}"] = lambda mx, kind=kind, kwargs=kwargs: getattr(mx.gluon.rnn, kind)(
                4, prefix="c_", **kwargs
            )(mx.sym.var("data"))
        found[f"{kind} in a net"] = lambda mx, kind=kind: _net(mx, kind)(mx.sym.var("data"))
    found["LSTM projected"] = lambda mx: mx.gluon.rnn.LSTM(4, projection_size=3, prefix="c_")(mx.sym.var("data"))
    return found


def _net(mx: Any, kind: str) -> Any:
    net = mx.gluon.nn.HybridSequential(prefix="n_")
    with net.name_scope():
        net.add(getattr(mx.gluon.rnn, kind)(4), mx.gluon.nn.Dense(2))
    return net


CASES = _cases()


def _flat(value: Any) -> list[Any]:
    return [each for part in value for each in _flat(part)] if isinstance(value, list | tuple) else [value]


def names(mx: Any, case: str) -> dict[str, list[str]]:
    """Of the outputs and of everything inside."""
    with mx.name.NameManager():
        symbol = mx.sym.Group(_flat(CASES[case](mx)))
        return {"outputs": symbol.list_outputs(), "internals": symbol.get_internals().list_outputs()}
