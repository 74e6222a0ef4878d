"""A generative adversarial network learns points on a ring; both losses are read at each step."""

from itertools import pairwise

import numpy as np
from mxnet import autograd, nd

#: Sixty steps of descent and ascent multiply rounding.
RTOL, ATOL = 2e-3, 2e-3
STEPS, BATCH, NOISE, HIDDEN, RATE = 60, 64, 4, 32, 0.1


def parameters(rng, sizes):
    made = []
    for fan_in, fan_out in pairwise(sizes):
        made += [nd.array(rng.normal(0, fan_in**-0.5, (fan_in, fan_out))), nd.zeros((fan_out,))]
    for each in made:
        each.attach_grad()
    return made


def net(x, p):
    return nd.dot(nd.LeakyReLU(nd.dot(x, p[0]) + p[1], slope=0.2), p[2]) + p[3]


def loss_of(scores, real):
    """Cross-entropy of a sigmoid, as log(1 + exp(-x))."""
    return nd.Activation(-scores if real else scores, act_type="softrelu").mean()


def sgd(p):
    for each in p:
        each[:] = each - RATE * each.grad


def ring(rng):
    angle = rng.uniform(0, 2 * np.pi, BATCH)
    return nd.array(np.stack([np.cos(angle), np.sin(angle)], 1) + rng.normal(0, 0.05, (BATCH, 2)))


def run():
    rng = np.random.RandomState(1)
    generator, critic = parameters(rng, (NOISE, HIDDEN, 2)), parameters(rng, (2, HIDDEN, 1))
    losses = []
    for _ in range(STEPS):
        real, noise = ring(rng), nd.array(rng.normal(size=(BATCH, NOISE)))
        with autograd.record():
            fake = net(noise, generator)
            critic_loss = loss_of(net(real, critic), True) + loss_of(net(fake.detach(), critic), False)
        critic_loss.backward()
        sgd(critic)
        with autograd.record():
            generator_loss = loss_of(net(net(noise, generator), critic), True)
        generator_loss.backward()
        sgd(generator)
        losses.append((critic_loss.asscalar(), generator_loss.asscalar()))
    return [np.array(losses), net(nd.array(rng.normal(size=(5, NOISE))), generator).asnumpy()]
