"""Lloyd's k-means, until no point changes its cluster; the number of rounds depends on the data."""

import numpy as np
from mxnet import nd

RTOL, ATOL = 1e-4, 1e-5
POINTS, CLUSTERS, ROUNDS = 400, 6, 30


def run():
    rng = np.random.RandomState(2)
    middles = rng.uniform(-5, 5, (CLUSTERS, 2))
    x = nd.array(middles[rng.randint(0, CLUSTERS, POINTS)] + rng.normal(0, 0.7, (POINTS, 2)))
    centres = x[:CLUSTERS].copy()
    before = None
    inertia = []
    for _ in range(ROUNDS):
        distances = ((x.expand_dims(1) - centres.expand_dims(0)) ** 2).sum(axis=2)
        nearest = distances.argmin(axis=1)
        inertia.append(distances.min(axis=1).sum().asscalar())
        if before is not None and (nearest == before).sum().asscalar() == POINTS:
            break
        for k in range(CLUSTERS):
            mine = nearest == k
            count = mine.sum().asscalar()
            if count > 0:
                centres[k] = (x * mine.expand_dims(1)).sum(axis=0) / count
        before = nearest
    return [centres.asnumpy(), nearest.asnumpy(), np.array(inertia)]
