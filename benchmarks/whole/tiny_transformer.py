"""A transformer of two blocks learns to copy: attention with heads and a mask, normalised, updated by Adam."""

import numpy as np
from mxnet import autograd, nd

RTOL, ATOL = 5e-3, 5e-3
STEPS, BATCH, LENGTH, WORDS, SIZE, HEADS, BLOCKS, RATE = 8, 8, 12, 16, 32, 4, 2, 0.003


def parameters(rng):
    shapes = [(WORDS, SIZE), (LENGTH, SIZE)]
    for _ in range(BLOCKS):
        shapes += [(SIZE, 3 * SIZE), (SIZE, SIZE), (SIZE, 2 * SIZE), (2 * SIZE, SIZE)]
    made = [nd.array(rng.normal(0, shape[1] ** -0.5, shape)) for shape in [*shapes, (SIZE, WORDS)]]
    for each in made:
        each.attach_grad()
    return made


def split_heads(x):
    return x.reshape((BATCH, LENGTH, HEADS, -1)).transpose((0, 2, 1, 3)).reshape((BATCH * HEADS, LENGTH, -1))


def attention(x, inner, outer, mask):
    q, k, v = (split_heads(each) for each in nd.split(nd.dot(x, inner), 3, axis=2))
    scores = nd.batch_dot(q, k, transpose_b=True) / (SIZE // HEADS) ** 0.5
    mixed = nd.batch_dot(nd.softmax(nd.broadcast_add(scores, mask)), v)
    mixed = mixed.reshape((BATCH, HEADS, LENGTH, -1)).transpose((0, 2, 1, 3)).reshape((BATCH, LENGTH, SIZE))
    return nd.dot(mixed, outer)


def normalised(x):
    return nd.LayerNorm(x, nd.ones((SIZE,)), nd.zeros((SIZE,)))


def net(words, p, mask):
    x = nd.Embedding(words, p[0], input_dim=WORDS, output_dim=SIZE) + p[1].expand_dims(0)
    for i in range(2, 2 + 4 * BLOCKS, 4):
        x = x + attention(normalised(x), p[i], p[i + 1], mask)
        x = x + nd.dot(nd.relu(nd.dot(normalised(x), p[i + 2])), p[i + 3])
    return nd.log_softmax(nd.dot(normalised(x), p[-1]))


def run():
    rng = np.random.RandomState(9)
    p = parameters(rng)
    states = [(nd.zeros(each.shape), nd.zeros(each.shape)) for each in p]
    mask = nd.array(np.triu(np.full((1, LENGTH, LENGTH), -1e9), 1))
    losses = []
    for step in range(STEPS):
        half = rng.randint(0, WORDS, (BATCH, LENGTH // 2))
        words = nd.array(np.concatenate([half, half], 1))
        with autograd.record():
            scores = net(words, p, mask)
            loss = -nd.pick(scores[:, :-1], words[:, 1:]).mean()
        loss.backward()
        rate = RATE * (1 - 0.999 ** (step + 1)) ** 0.5 / (1 - 0.9 ** (step + 1))
        for each, (mean, variance) in zip(p, states, strict=True):
            nd.adam_update(each, each.grad, mean, variance, lr=rate, out=each)
        losses.append(loss.asscalar())
    return [np.array(losses)]
