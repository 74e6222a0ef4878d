"""Waves in shallow water: a stencil on a grid, written with slices and in-place writes."""

import numpy as np
from mxnet import nd

RTOL, ATOL = 1e-4, 1e-5
SIZE, STEPS, DT, GRAVITY = 48, 80, 0.02, 1.0


def slope(a, axis):
    """Central differences inside, nothing at the walls."""
    d = nd.zeros(a.shape)
    if axis == 0:
        d[1:-1] = (a[2:] - a[:-2]) / 2
    else:
        d[:, 1:-1] = (a[:, 2:] - a[:, :-2]) / 2
    return d


def walls(u, v):
    u[0] = 0
    u[-1] = 0
    v[:, 0] = 0
    v[:, -1] = 0


def run():
    grid = np.arange(SIZE) - SIZE / 3
    h = nd.array(1 + 0.3 * np.exp(-(grid[:, None] ** 2 + grid[None] ** 2) / 20))
    u, v = nd.zeros((SIZE, SIZE)), nd.zeros((SIZE, SIZE))
    mass = []
    for step in range(STEPS):
        u -= DT * GRAVITY * slope(h, 0) * 5
        v -= DT * GRAVITY * slope(h, 1) * 5
        walls(u, v)
        h = h - DT * 5 * (slope(h * u, 0) + slope(h * v, 1))
        if step % 20 == 19:
            mass.append(h.sum().asscalar())
    return [h.asnumpy(), u.asnumpy(), np.array(mass)]
