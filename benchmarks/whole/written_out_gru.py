"""A gated recurrence written out in Python, trained on sequences of varying length one after another."""

import numpy as np
from mxnet import autograd, nd

RTOL, ATOL = 1e-3, 1e-4
SEQUENCES, LONGEST, INPUTS, SIZE, RATE = 20, 40, 3, 16, 0.1


def cell(x, h, p):
    update = nd.sigmoid(nd.dot(x, p[0]) + nd.dot(h, p[1]) + p[2])
    reset = nd.sigmoid(nd.dot(x, p[3]) + nd.dot(h, p[4]) + p[5])
    new = nd.tanh(nd.dot(x, p[6]) + nd.dot(reset * h, p[7]) + p[8])
    return update * h + (1 - update) * new


def sequences(rng):
    """Numbers, of whose first column the sign of the sum is to be told."""
    for _ in range(SEQUENCES):
        x = rng.normal(size=(rng.randint(5, LONGEST + 1), INPUTS))
        yield nd.array(x), float(x[:, 0].sum() > 0)


def run():
    rng = np.random.RandomState(5)
    p = [nd.array(rng.normal(0, 0.3, s)) for s in [(INPUTS, SIZE), (SIZE, SIZE), (SIZE,)] * 3 + [(SIZE, 1)]]
    for each in p:
        each.attach_grad()
    losses = []
    for x, label in sequences(rng):
        with autograd.record():
            h = nd.zeros((1, SIZE))
            for t in range(len(x)):
                h = cell(x[t : t + 1], h, p)
            score = nd.dot(h, p[-1])
            loss = nd.Activation(-score if label else score, act_type="softrelu").sum()
        loss.backward()
        for each in p:
            each -= RATE * each.grad
        losses.append(loss.asscalar())
    return [np.array(losses), p[-1].asnumpy()]
