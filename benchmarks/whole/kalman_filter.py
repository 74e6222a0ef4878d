"""A Kalman filter follows a moving point from noisy positions; the estimates are read at the end."""

import numpy as np
from mxnet import nd

RTOL, ATOL = 1e-3, 1e-3
STEPS, DT = 120, 0.1


def inverse(m):
    """Of a matrix of two rows."""
    determinant = m[0, 0] * m[1, 1] - m[0, 1] * m[1, 0]
    top = nd.concat(m[1, 1], -m[0, 1], dim=0)
    bottom = nd.concat(-m[1, 0], m[0, 0], dim=0)
    return nd.stack(top, bottom) / determinant


def observations():
    rng = np.random.RandomState(3)
    t = np.arange(STEPS) * DT
    true = np.stack([np.cos(t) * 3, np.sin(2 * t)], 1)
    return true, nd.array(true + rng.normal(0, 0.3, true.shape))


def run():
    motion = nd.array([[1, 0, DT, 0], [0, 1, 0, DT], [0, 0, 1, 0], [0, 0, 0, 1]])
    seen = nd.array([[1, 0, 0, 0], [0, 1, 0, 0]])
    process, noise = nd.eye(4) * 0.05, nd.eye(2) * 0.09
    x, p = nd.zeros((4, 1)), nd.eye(4) * 10
    true, measured = observations()
    track = []
    for z in measured:
        x = nd.dot(motion, x)
        p = nd.dot(nd.dot(motion, p), motion.T) + process
        surprise = z.reshape((2, 1)) - nd.dot(seen, x)
        s = nd.dot(nd.dot(seen, p), seen.T) + noise
        gain = nd.dot(nd.dot(p, seen.T), inverse(s))
        x = x + nd.dot(gain, surprise)
        p = nd.dot(nd.eye(4) - nd.dot(gain, seen), p)
        track.append(x[:2, 0])
    track = nd.stack(*track).asnumpy()
    return [track, p.asnumpy(), np.sqrt(((track - true)[20:] ** 2).mean())]
