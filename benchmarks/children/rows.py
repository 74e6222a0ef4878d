"""Steps of training on batches of random rows: CPU seconds of each, and how many programs were compiled."""

import json
import sys
import time

import numpy as np

from lazynd import autograd, nd
from lazynd.runtime import stats

kind, count, steps = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
FEATURES, HIDDEN, CLASSES, EXAMPLES = 784, 64, 10, 5000

rng = np.random.default_rng(0)
images, classes = rng.random((EXAMPLES, FEATURES), np.float32), rng.integers(0, CLASSES, EXAMPLES).astype("float32")
x, y = nd.array(images), nd.array(classes)
samples = [nd.array(each) for each in images] if kind == "list" else []
parameters = [
    nd.array(rng.normal(0, FEATURES**-0.5, (FEATURES, HIDDEN))), nd.zeros(HIDDEN),
    nd.array(rng.normal(0, HIDDEN**-0.5, (HIDDEN, CLASSES))), nd.zeros(CLASSES),
]  # fmt: skip
for each in parameters:
    each.attach_grad()
nd.waitall()


def batch(chosen: list[int]) -> tuple[nd.NDArray, nd.NDArray]:
    if kind == "numpy":
        return nd.array(images[chosen]), nd.array(classes[chosen])
    rows = nd.stack(*[samples[i] if kind == "list" else x[i] for i in chosen])
    return rows, nd.concat(*[y[i] for i in chosen], dim=0)


def step(chosen: list[int]) -> float:
    data, labels = batch(chosen)
    w, b, v, c = parameters
    with autograd.record():
        scores = nd.dot(nd.relu(nd.dot(data, w) + b), v) + c
        loss = -nd.pick(nd.log_softmax(scores), labels).mean()
    loss.backward()
    for each in parameters:
        each[:] = each - 0.1 * each.grad
    return float(loss.asscalar())


before, seconds = stats.programs, []
for chosen in rng.integers(0, EXAMPLES, (steps, count)).tolist():
    start = time.process_time()
    if not np.isfinite(step(chosen)):
        raise SystemExit("the loss is not finite")
    seconds.append(time.process_time() - start)
print(json.dumps({"seconds": seconds, "programs": stats.programs - before}))
