"""A genetic algorithm minimises Rastrigin's function: selection, crossing, mutation, the best of all kept."""

import numpy as np
from mxnet import nd

#: The best found of a population that is drawn: near 0 of about 80 at the start.
RTOL, ATOL = 0.0, 4.0
POPULATION, GENES, GENERATIONS, ELITE = 100, 5, 60, 20


def cost(x):
    return 10 * GENES + (x**2 - 10 * nd.cos(2 * np.pi * x)).sum(axis=1)


def run():
    x = nd.random.uniform(-5.12, 5.12, shape=(POPULATION, GENES))
    best = []
    for generation in range(GENERATIONS):
        found = cost(x)
        best.append(found.min().asscalar())
        elite = x[nd.argsort(found)[:ELITE]]
        mothers = elite[nd.random.randint(0, ELITE, shape=(POPULATION - ELITE,))]
        fathers = elite[nd.random.randint(0, ELITE, shape=(POPULATION - ELITE,))]
        mask = nd.random.uniform(shape=mothers.shape) < 0.5
        children = nd.where(mask, mothers, fathers)
        spread = 0.5 * 0.93**generation
        x = nd.concat(elite, children + nd.random.normal(0, spread, shape=children.shape), dim=0)
    return [np.array(min(best)), np.array(best[-1])]
