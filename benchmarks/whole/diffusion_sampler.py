"""Noise becomes points on a ring, step by step: a diffusion sampler whose score is known."""

import numpy as np
from mxnet import nd

#: Mean and spread of 2,000 radii that are drawn: chance alone makes 0.01.
RTOL, ATOL = 0.0, 0.05
STEPS, POINTS, SIDES = 50, 2000, 12


def score(x, middles, scale, variance):
    """The gradient of the logarithm of a mixture of Gaussians, each ``variance`` wide."""
    away = middles.expand_dims(0) * scale - x.expand_dims(1)
    share = nd.softmax(-(away**2).sum(axis=2) / (2 * variance))
    return (share.expand_dims(2) * away).sum(axis=1) / variance


def run():
    angle = np.arange(SIDES) * 2 * np.pi / SIDES
    middles = nd.array(np.stack([np.cos(angle), np.sin(angle)], 1) * 2)
    betas = np.linspace(1e-3, 0.2, STEPS)
    kept = np.cumprod(1 - betas)
    x = nd.random.normal(shape=(POINTS, 2))
    for t in reversed(range(STEPS)):
        beta, variance = float(betas[t]), float(1 - kept[t] + kept[t] * 0.01)
        x = (x + beta * score(x, middles, float(kept[t] ** 0.5), variance)) / (1 - beta) ** 0.5
        if t > 0:
            x = x + beta**0.5 * nd.random.normal(shape=x.shape)
    radius = x.norm(axis=1)
    return [radius.mean().asnumpy(), ((radius - radius.mean()) ** 2).mean().sqrt().asnumpy()]
