"""A deep perceptron is evaluated batch by batch, the last batch being smaller; the answers are read at the end."""

import numpy as np
from mxnet import nd

RTOL, ATOL = 1e-4, 1e-5
LAYERS, SIZE, CLASSES, IMAGES, BATCH = 24, 64, 10, 24 * 64 - 20, 64


def net(x, p):
    for i in range(0, len(p) - 2, 2):
        x = nd.relu(nd.dot(x, p[i]) + p[i + 1])
    return nd.dot(x, p[-2]) + p[-1]


def run():
    rng = np.random.RandomState(8)
    p = []
    for layer in range(LAYERS):
        outputs = CLASSES if layer == LAYERS - 1 else SIZE
        p += [nd.array(rng.normal(0, (2 / SIZE) ** 0.5, (SIZE, outputs))), nd.array(rng.normal(0, 0.1, outputs))]
    images, labels = rng.normal(size=(IMAGES, SIZE)), rng.randint(0, CLASSES, IMAGES)
    right, answers = nd.zeros((1,)), []
    for start in range(0, IMAGES, BATCH):
        x, y = nd.array(images[start : start + BATCH]), nd.array(labels[start : start + BATCH])
        scores = net(x, p)
        right = right + (scores.argmax(axis=1) == y).sum()
        answers.append(nd.softmax(scores).max(axis=1))
    return [right.asnumpy(), nd.concat(*answers, dim=0).asnumpy()]
