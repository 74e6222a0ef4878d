"""Text made word by word: each step attends over all that was said before, so every step has another shape."""

import numpy as np
from mxnet import nd

RTOL, ATOL = 1e-3, 1e-4
STEPS, WORDS, SIZE = 60, 50, 32


def run():
    rng = np.random.RandomState(6)

    def weights(*shape):
        return nd.array(rng.normal(0, shape[0] ** -0.5, shape))

    table, places = weights(WORDS, SIZE) * 4, weights(STEPS + 1, SIZE) * 4
    q, k, v, out = *(weights(SIZE, SIZE) for _ in range(3)), weights(SIZE, WORDS)
    said = [1]
    x = (table[said[-1]] + places[0]).reshape((1, SIZE))
    keys, values = nd.dot(x, k), nd.dot(x, v)
    for step in range(STEPS):
        attention = nd.softmax(nd.dot(nd.dot(x, q), keys, transpose_b=True) / SIZE**0.5)
        scores = nd.dot(nd.tanh(nd.dot(attention, values) + x), out)
        said.append(int(scores.argmax(axis=1).asscalar()))
        x = (table[said[-1]] + places[step + 1]).reshape((1, SIZE))
        keys = nd.concat(keys, nd.dot(x, k), dim=0)
        values = nd.concat(values, nd.dot(x, v), dim=0)
    return [np.array(said), nd.softmax(scores).asnumpy(), values.mean(axis=0).asnumpy()]
