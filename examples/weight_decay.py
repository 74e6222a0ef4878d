"""Weight decay: the penalty on large weights that keeps a model with too many inputs from learning its data by heart.

The ten measurements of 442 patients, from scikit-learn, and all products of two of them are 65 inputs; only 40 patients
are learned from. With the penalty the error on the others is smaller.
"""

from __future__ import annotations

import numpy as np
from learn import Run
from sklearn.datasets import load_diabetes

from lazynd import gluon, init, nd
from lazynd.gluon import nn
from lazynd.gluon.data import ArrayDataset, DataLoader

LEARNED = 40


def main() -> None:
    run = Run(__doc__, epochs=100, batch=20)
    x, y = load_diabetes(return_X_y=True)
    x, y = x / x.std(0), ((y - y.mean()) / y.std()).astype("float32")
    first, second = np.triu_indices(x.shape[1])
    x = np.concatenate([x, x[:, first] * x[:, second]], 1).astype("float32")
    order = np.random.default_rng(0).permutation(len(x))
    train, test = order[:LEARNED], order[LEARNED:]
    loss = gluon.loss.L2Loss()
    errors = []
    for decay in (0, 3):
        net = nn.HybridSequential()
        net.add(nn.Dense(1))
        run.prepare(net, init.Normal(sigma=0.1))
        net(nd.array(x[:1]))
        net.collect_params(".*bias").setattr("wd_mult", 0)
        trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.003, "wd": decay})
        run.train(net, DataLoader(ArrayDataset(x[train], y[train]), run.options.batch, shuffle=True), loss, trainer)
        errors.append(float(loss(net(nd.array(x[test])), nd.array(y[test])).mean().asscalar()))
        run.result(f"test_loss_with_decay_{decay}", errors[-1])
    run.result("with_over_without", errors[1] / errors[0], at_most=1)
    run.finish()


if __name__ == "__main__":
    main()
