"""A training step, and what there is to see of it: the same in every process and folder."""

from __future__ import annotations

import json
import sys

import lazynd
from lazynd import autograd, gluon, nd, viz


def step() -> nd.NDArray:
    net = gluon.nn.HybridSequential(prefix="net_")
    with net.name_scope():
        net.add(gluon.nn.Dense(4, in_units=3, activation="relu"), gluon.nn.Dense(2, in_units=4))
    net.initialize()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1, "momentum": 0.9})
    x, y = nd.ones((5, 3)), nd.zeros((5,))
    nd.waitall()
    with autograd.record():
        loss = gluon.loss.SoftmaxCrossEntropyLoss()(net(x), y)
    loss.backward()
    trainer.step(5)
    step.kept = net  # type: ignore[attr-defined]  # else nobody asks for the updates
    return loss


def seen() -> dict[str, str]:
    """Everything that is written of the step, but for how long the passes took and which version wrote it.

    What is kept as golden names no lines: those of our own files move.
    """
    loss = step()
    view = viz.view(loss)
    for stage in view.stages:
        stage.milliseconds = 0.0
    view.about["lazynd"] = ""
    return {
        "step.txt": viz.text(loss, locations=False), "step.dot": viz.dot(loss),
        "listing.txt": viz.text(view, locations=False), "lines": viz.text(loss) + viz.text(view),
        "view.json": view.json(), "svg": viz.svg(loss), "last": viz.text(viz.passes(loss)[-1].graph),
        "explorer": viz.model_explorer(view), "summary": str(viz.summary(loss)), "pending": str(viz.pending()),
    }  # fmt: skip


if __name__ == "__main__":
    lazynd.config.tier = "interpreted"
    json.dump(seen(), sys.stdout)
