"""A generative adversarial network (Goodfellow et al., 2014): one network draws points, another tells them from real.

The real points are the first two of the thirteen measurements of 178 wines that scikit-learn ships, scaled. What is
drawn shall have their mean and their spread in the end.
"""

from __future__ import annotations

import numpy as np
from learn import Run
from sklearn.datasets import load_wine

from lazynd import autograd, gluon, init, nd
from lazynd.gluon import nn
from lazynd.gluon.data import ArrayDataset, DataLoader


def perceptron(*units: int) -> nn.HybridSequential:
    net = nn.HybridSequential()
    for each in units[:-1]:
        net.add(nn.Dense(each, activation="tanh"))
    net.add(nn.Dense(units[-1]))
    return net


def main() -> None:
    run = Run(__doc__, epochs=200, batch=16)
    points = load_wine().data[:, :2]
    points = ((points - points.mean(0)) / points.std(0)).astype("float32")
    drawer, judge = (run.prepare(perceptron(*units), init.Xavier()) for units in ((16, 2), (16, 16, 1)))
    loss = gluon.loss.SigmoidBinaryCrossEntropyLoss()
    learn_to_draw = gluon.Trainer(drawer.collect_params(), "adam", {"learning_rate": 0.005, "beta1": 0.5})
    learn_to_judge = gluon.Trainer(judge.collect_params(), "adam", {"learning_rate": 0.01, "beta1": 0.5})
    loader = DataLoader(ArrayDataset(points), run.options.batch, shuffle=True, last_batch="discard")
    ones, zeros = nd.ones(run.options.batch), nd.zeros(run.options.batch)
    for real in run.batches(loader):
        noise = nd.random.normal(shape=(run.options.batch, 2))
        with autograd.record():
            drawn = drawer(noise)
            judged = loss(judge(real), ones) + loss(judge(drawn.detach()), zeros)
        judged.backward()
        learn_to_judge.step(run.options.batch)
        with autograd.record():
            fooled = loss(judge(drawer(noise)), ones)
        fooled.backward()
        learn_to_draw.step(run.options.batch)
        run.note(judged)
    drawn = drawer(nd.random.normal(shape=(1000, 2))).asnumpy()
    run.result("error_of_the_mean", float(np.abs(drawn.mean(0)).max()), at_most=0.4)
    run.result("error_of_the_spread", float(np.abs(drawn.std(0) - 1).max()), at_most=0.4)
    run.finish()


if __name__ == "__main__":
    main()
