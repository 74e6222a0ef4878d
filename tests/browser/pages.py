"""The pages that the tests open: explorers of training steps, recorded but not run."""

from __future__ import annotations

import importlib.util
import pathlib
from types import ModuleType
from typing import Any

from lazynd import gluon, nd, viz
from lazynd.gluon import nn, rnn
from lazynd.viz.model import Cluster, View, ViewProgram


def _gallery() -> ModuleType:
    """The programs of the documentation's gallery."""
    path = pathlib.Path(__file__).resolve().parents[2] / "docs" / "gallery_programs.py"
    spec = importlib.util.spec_from_file_location("gallery_programs", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GALLERY = _gallery()
step = GALLERY.training_step


def lenet(extra: bool = False) -> Any:
    net = nn.HybridSequential()
    for channels in (6, 16):
        net.add(nn.Conv2D(channels, 5, padding=2, activation="tanh"))
        if extra:
            net.add(nn.BatchNorm())
        net.add(nn.MaxPool2D(2, 2))
    net.add(nn.Dense(120, activation="tanh"), nn.Dense(84, activation="tanh"), nn.Dense(10))
    return net


class Recurrent(gluon.Block):
    """A cell that reads ``steps`` words, one call of it a word."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.steps = steps
        self.embed, self.cell, self.head = nn.Embedding(50, 16), rnn.RNNCell(16, input_size=16), nn.Dense(50)

    def forward(self, words: Any) -> Any:
        embedded, states = self.embed(words), self.cell.begin_state(4)
        for step in range(self.steps):
            out, states = self.cell(embedded[step], states)
        return self.head(out)


def lenet_view(extra: bool = False) -> View:
    """LeNet's, with clusters as a backend would name them: neighbours of its graph."""
    found: View = step(lenet(extra), nd.zeros((8, 1, 28, 28)), nd.zeros((8,)), "LeNet, a training step")
    ids = found.graph.nodes
    found.clusters = [
        Cluster(0, "fusion", "loop", ids[0:2], fused=True, bytes=20, text="%fusion = f32[8] fusion(...)"),
        Cluster(1, "fusion.1", "output", ids[2:5], fused=True, bytes=40, text="%fusion.1 = f32[8] fusion(...)"),
        Cluster(2, "copy.3", "copy", ids[1:3], bytes=8, text="%copy.3 = f32[8] copy(...)"),
    ]
    found.program = ViewProgram("HloModule step", memory={"temp": 1234567}, cost={"flops": 8.5e6})
    return found


def views() -> dict[str, Any]:
    """A view by the name of each page, made when it is asked for."""
    return {
        "lenet": lenet_view,
        "rnn": lambda: step(Recurrent(100), nd.zeros((100, 4)), nd.zeros((4,)), "RNN of 100 steps, a training step"),
        "resnet": lambda: step(
            GALLERY.ResNet50(), nd.zeros((1, 3, 64, 64)), nd.zeros((1,)), "ResNet-50, a training step"
        ),
        "diff": lambda: viz.diff(lenet_view(), lenet_view(extra=True), "LeNet, without and with batch norm"),
    }
