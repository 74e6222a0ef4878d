"""A language model from scratch: a recurrent network that predicts the next character of a text.

``--cell`` is "rnn", "gru" (Cho et al., 2014) or "lstm" (Hochreiter and Schmidhuber, 1997). The loop over the steps is
written in Python; gradients are clipped by their norm.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from learn import Run
from text import CHARACTERS, Batches, shown

from lazynd import autograd, gluon, nd

HIDDEN, STEPS = 128, 25
State = list[nd.NDArray]
#: How many sets of weights (for the input, for the state, and a bias) a cell has, and how many arrays its state has.
SETS = {"rnn": 1, "gru": 3, "lstm": 4}


def rnn(x: nd.NDArray, state: State, sets: list[State]) -> State:
    (w_x, w_h, b), (h,) = sets[0], state
    return [nd.tanh(nd.dot(x, w_x) + nd.dot(h, w_h) + b)]


def gru(x: nd.NDArray, state: State, sets: list[State]) -> State:
    (h,) = state
    update, reset = (nd.sigmoid(nd.dot(x, w_x) + nd.dot(h, w_h) + b) for w_x, w_h, b in sets[:2])
    w_x, w_h, b = sets[2]
    candidate = nd.tanh(nd.dot(x, w_x) + nd.dot(reset * h, w_h) + b)
    return [update * h + (1 - update) * candidate]


def lstm(x: nd.NDArray, state: State, sets: list[State]) -> State:
    h, c = state
    sums = [nd.dot(x, w_x) + nd.dot(h, w_h) + b for w_x, w_h, b in sets]
    entry, forget, output = (nd.sigmoid(each) for each in sums[:3])
    c = forget * c + entry * nd.tanh(sums[3])
    return [output * nd.tanh(c), c]


CELLS: dict[str, Callable[[nd.NDArray, State, list[State]], State]] = {"rnn": rnn, "gru": gru, "lstm": lstm}


class Model:
    """A cell, and a linear layer from its state to the scores of the next character."""

    def __init__(self, cell: str) -> None:
        self.cell = CELLS[cell]
        self.states = 2 if cell == "lstm" else 1
        size = len(CHARACTERS)
        self.sets = [[_drawn(size, HIDDEN), _drawn(HIDDEN, HIDDEN), nd.zeros(HIDDEN)] for _ in range(SETS[cell])]
        self.w, self.b = _drawn(HIDDEN, size), nd.zeros(size)
        self.parameters = [*(each for group in self.sets for each in group), self.w, self.b]
        for each in self.parameters:
            each.attach_grad()

    def begin(self, batch: int) -> State:
        return [nd.zeros((batch, HIDDEN)) for _ in range(self.states)]

    def __call__(self, inputs: nd.NDArray, state: State) -> tuple[nd.NDArray, State]:
        """Scores [steps * batch, characters] for ``inputs`` [steps, batch], and the state after them."""
        outputs = []
        for x in nd.one_hot(inputs, len(CHARACTERS)):
            state = self.cell(x, state, self.sets)
            outputs.append(nd.dot(state[0], self.w) + self.b)
        return nd.concat(*outputs, dim=0), state


def _drawn(rows: int, columns: int) -> nd.NDArray:
    return nd.random.normal(scale=0.1, shape=(rows, columns))


def clip(parameters: list[nd.NDArray], norm: float) -> None:
    """Make the gradients shorter where they are longer than ``norm`` together. Nothing is read."""
    length = nd.add_n(*[(each.grad**2).sum() for each in parameters]).sqrt()
    scale = nd.minimum(norm / length, 1)
    for each in parameters:
        each.grad[:] = each.grad * scale


def written(model: Model, prefix: str, count: int) -> str:
    """``prefix`` and the characters that the model holds for the likeliest after it."""
    state, numbers = model.begin(1), [CHARACTERS.index(each) for each in prefix]
    scores, state = model(nd.array(numbers).reshape((-1, 1)), state)
    for _ in range(count):
        numbers.append(int(scores[-1].argmax(axis=0).asscalar()))
        scores, state = model(nd.array(numbers[-1:]).reshape((1, 1)), state)
    return shown(numbers)


def main() -> None:
    run = Run(__doc__, epochs=40, batch=16, choices={"cell": ("rnn", "gru", "lstm")})
    model = Model(run.options.cell)
    cross_entropy = gluon.loss.SoftmaxCrossEntropyLoss()
    batches = Batches(run.options.batch, STEPS)
    state = model.begin(run.options.batch)
    for number, (x, y) in enumerate(run.batches(batches)):
        if number % len(batches) == 0:
            state = model.begin(run.options.batch)
        state = [each.detach() for each in state]
        with autograd.record():
            scores, state = model(x, state)
            loss = cross_entropy(scores, y.reshape((-1,))).mean()
        loss.backward()
        clip(model.parameters, 1)
        for each in model.parameters:
            each[:] = each - each.grad
        run.note(loss)
    print(written(model, "we hold these ", 60))
    last = nd.stack(*run.losses[-len(batches) :]).mean().asscalar()
    run.result("perplexity", math.exp(last), at_most=7)
    run.finish()


if __name__ == "__main__":
    main()
