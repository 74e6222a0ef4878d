"""Linear regression with Gluon: one dense layer, the squared loss, a trainer.

Data: ten measurements of 442 patients and the progression of their diabetes, from scikit-learn.
"""

from __future__ import annotations

import numpy as np
from learn import Run
from sklearn.datasets import load_diabetes

from lazynd import gluon, init, nd
from lazynd.gluon import nn
from lazynd.gluon.data import ArrayDataset, DataLoader


def main() -> None:
    run = Run(__doc__, epochs=20, batch=34)
    x, y = load_diabetes(return_X_y=True)
    x, y = (x / x.std(0)).astype("float32"), ((y - y.mean()) / y.std()).astype("float32")
    net = nn.HybridSequential()
    net.add(nn.Dense(1))
    run.prepare(net, init.Normal(sigma=0.01))
    loss = gluon.loss.L2Loss()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.03})
    run.train(net, DataLoader(ArrayDataset(x, y), run.options.batch, shuffle=True), loss, trainer)
    left = float(loss(net(nd.array(x)), nd.array(y)).mean().asscalar())
    best = np.linalg.lstsq(np.c_[x, np.ones(len(x))], y, rcond=None)[1][0] / len(x) / 2
    run.result("loss_over_the_best", left / best, at_most=1.02)
    run.finish()


if __name__ == "__main__":
    main()
