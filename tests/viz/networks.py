"""Symbols that MXNet and lazynd draw and count: ``tools/make_picture_goldens.py`` asks MXNet."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from typing import Any

#: How ``plot_network`` is called, beside the symbol; the name of the shapes is there where they are to be drawn.
CALLS: list[dict[str, Any]] = [
    {},
    {"title": "my plot", "shape": True, "hide_weights": False, "node_attrs": {"fixedsize": "false", "color": "blue"}},
    {"shape": True, "dtype": True},
]


def networks(sym: Any) -> Iterator[tuple[str, Any, dict[str, tuple[int, ...]]]]:
    """Name, symbol and shapes of inputs of each."""
    data = sym.var("data")
    x = sym.Convolution(data, kernel=(3, 3), num_filter=8, name="conv1")
    x = sym.Activation(x, act_type="relu", name="relu1")
    x = sym.Pooling(x, kernel=(2, 2), stride=(2, 2), pool_type="max", name="pool1")
    x = sym.FullyConnected(sym.Flatten(x, name="flat"), num_hidden=10, name="fc1")
    yield "convolutions", sym.SoftmaxOutput(x, name="softmax"), {"data": (1, 3, 28, 28)}

    x = sym.FullyConnected(data, num_hidden=64, name="fc1")
    x = sym.LeakyReLU(x, act_type="leaky", name="act")
    x = sym.FullyConnected(x, num_hidden=10, no_bias=True, name="fc 2")
    yield "perceptron", sym.softmax(x, name="out"), {"data": (32, 100)}

    x = sym.Convolution(data, kernel=(1, 1), num_filter=8, name="a", no_bias=True)
    y = sym.Convolution(x, kernel=(3, 3), stride=(1, 1), pad=(1, 1), num_filter=8, num_group=4, name="b")
    x = sym.Concat(x, y, name="both")
    x = sym.Pooling(sym.broadcast_add(x, x, name="sum"), global_pool=True, kernel=(1, 1), pool_type="avg", name="gap")
    yield "branches", sym.Reshape(x, shape=(0, -1), name="flat"), {"data": (2, 4, 8, 8)}

    parts = sym.SliceChannel(data, num_outputs=2, name="cut")
    yield "parts", sym.elemwise_mul(parts[0], parts[1], name="times"), {"data": (2, 6)}

    x = sym.Embedding(data, input_dim=50, output_dim=8, name="embed")
    yield "embedding", sym.mean(x, axis=1, name="mean"), {"data": (4, 7)}

    x = sym.BatchNorm(data, name="norm")
    yield "normalized", sym.elemwise_add(x, sym.var("other"), name="sum"), {"data": (4, 7), "other": (4, 7)}


def answers(viz: Any, symbol: Any, shapes: dict[str, tuple[int, ...]]) -> list[str]:
    """What ``print_summary`` prints, and the sources of ``plot_network``."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        viz.print_summary(symbol, shape=shapes)
        viz.print_summary(symbol, shape=shapes, line_length=80, positions=[30, 45, 60, 80])
    found = [printed.getvalue()]
    for call in CALLS:
        given = dict(call)
        if given.get("shape"):
            given["shape"] = shapes
        if given.get("dtype"):
            given["dtype"] = dict.fromkeys(shapes, "float32")
        found.append(viz.plot_network(symbol, **given).source)
    return found
