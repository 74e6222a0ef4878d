"""Vectors of words by skip-grams and negative samples, then the nearest words of a few."""

import numpy as np
from mxnet import autograd, nd

RTOL, ATOL = 1e-3, 1e-4
WORDS, SIZE, BATCH, NEGATIVE, STEPS, RATE = 120, 24, 64, 4, 100, 0.5


def batches(rng):
    """Words that stand beside each other: of the same dozen most of the time."""
    for _ in range(STEPS):
        centre = rng.randint(0, WORDS, BATCH)
        beside = (centre // 12 * 12 + rng.randint(0, 12, BATCH)) % WORDS
        others = rng.randint(0, WORDS, (BATCH, NEGATIVE))
        yield nd.array(centre), nd.array(np.concatenate([beside[:, None], others], 1))


def nearest(table, word):
    unit = nd.L2Normalization(table)
    return nd.topk(nd.dot(unit, unit[word]), k=6, ret_typ="value").asnumpy()


def run():
    rng = np.random.RandomState(7)
    inner, outer = (nd.array(rng.uniform(-0.5, 0.5, (WORDS, SIZE))) for _ in range(2))
    inner.attach_grad()
    outer.attach_grad()
    sign = nd.array([[1] + [-1] * NEGATIVE])
    losses = []
    for centre, contexts in batches(rng):
        with autograd.record():
            a = nd.Embedding(centre, inner, input_dim=WORDS, output_dim=SIZE)
            b = nd.Embedding(contexts, outer, input_dim=WORDS, output_dim=SIZE)
            scores = nd.batch_dot(b, a.expand_dims(2)).reshape((BATCH, 1 + NEGATIVE))
            loss = nd.Activation(-sign * scores, act_type="softrelu").sum(axis=1).mean()
        loss.backward()
        for each in (inner, outer):
            nd.sgd_update(each, each.grad, lr=RATE * BATCH / 16, out=each)
        losses.append(loss)
    read = [loss.asscalar() for loss in losses]
    return [np.array(read), *(nearest(inner, word) for word in (0, 17, 63))]
