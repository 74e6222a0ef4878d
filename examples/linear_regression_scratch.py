"""Linear regression from scratch: the progression of diabetes from ten measurements.

The model, its loss and the updates are written with arrays alone. Data: 442 patients, from scikit-learn.
"""

from __future__ import annotations

import numpy as np
from learn import Run
from sklearn.datasets import load_diabetes

from lazynd import autograd, nd
from lazynd.gluon.data import ArrayDataset, DataLoader


def model(x: nd.NDArray, w: nd.NDArray, b: nd.NDArray) -> nd.NDArray:
    return nd.dot(x, w) + b


def squared_loss(found: nd.NDArray, y: nd.NDArray) -> nd.NDArray:
    return (found - y.reshape(found.shape)) ** 2 / 2


def descend(parameters: list[nd.NDArray], rate: float, batch: int) -> None:
    for each in parameters:
        each[:] = each - rate * each.grad / batch


def main() -> None:
    run = Run(__doc__, epochs=20, batch=34)
    x, y = load_diabetes(return_X_y=True)
    x, y = (x / x.std(0)).astype("float32"), ((y - y.mean()) / y.std()).astype("float32")
    w, b = nd.random.normal(scale=0.01, shape=(x.shape[1], 1)), nd.zeros(1)
    for each in (w, b):
        each.attach_grad()
    for data, target in run.batches(DataLoader(ArrayDataset(x, y), run.options.batch, shuffle=True)):
        with autograd.record():
            loss = squared_loss(model(data, w, b), target)
        loss.backward()
        descend([w, b], 0.03, data.shape[0])
        run.note(loss)
    left = float(squared_loss(model(nd.array(x), w, b), nd.array(y)).mean().asscalar())
    # The best line leaves 0.2411, by the normal equations.
    best = np.linalg.lstsq(np.c_[x, np.ones(len(x))], y, rcond=None)[1][0] / len(x) / 2
    run.result("loss_over_the_best", left / best, at_most=1.02)
    run.finish()


if __name__ == "__main__":
    main()
