"""A policy learns to walk to the end of a corridor from anywhere: roll-outs of varying length, a gradient of each."""

import numpy as np
from mxnet import autograd, nd

RTOL, ATOL = 1e-3, 1e-4
EPISODES, LONGEST, LENGTH, HIDDEN, RATE = 40, 24, 8, 16, 1.0


def features(place):
    return nd.array([[place / LENGTH, (place / LENGTH) ** 2, 1.0]])


def policy(x, p):
    return nd.log_softmax(nd.dot(nd.tanh(nd.dot(x, p[0]) + p[1]), p[2]))


def roll_out(p, rng):
    """The recorded probabilities of what was done, and the rewards."""
    place, chosen, rewards = rng.randint(0, LENGTH), [], []
    while place < LENGTH and len(rewards) < LONGEST:
        scores = policy(features(place), p)
        right = rng.uniform() < np.exp(scores.asnumpy()[0, 1])
        chosen.append(scores[:, int(right)])
        place = max(0, place + (1 if right else -1))
        rewards.append(1.0 if place == LENGTH else -0.05)
    return chosen, rewards


def returns(rewards):
    total, found = 0.0, []
    for reward in reversed(rewards):
        total = reward + 0.95 * total
        found.insert(0, total)
    return found


def run():
    rng = np.random.RandomState(4)
    p = [nd.array(rng.normal(0, 0.1, shape)) for shape in ((3, HIDDEN), (HIDDEN,), (HIDDEN, 2))]
    for each in p:
        each.attach_grad()
    lengths, losses = [], []
    for _ in range(EPISODES):
        with autograd.record():
            chosen, rewards = roll_out(p, rng)
            loss = -(nd.concat(*chosen, dim=0) * nd.array(returns(rewards))).mean()
        loss.backward()
        for each in p:
            each -= RATE * each.grad
        lengths.append(len(rewards))
        losses.append(loss.asscalar())
    return [np.array(lengths), np.array(losses), policy(features(1), p).asnumpy()]
