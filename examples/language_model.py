"""A language model with Gluon: an embedding, a recurrent layer and a dense layer predict the next character of a text.

``--cell`` is "rnn", "gru" or "lstm".
"""

from __future__ import annotations

import math
from typing import Any

from learn import Run
from text import CHARACTERS, Batches

from lazynd import autograd, gluon, nd
from lazynd.gluon import nn, rnn

HIDDEN, STEPS = 128, 25
LAYERS = {"rnn": rnn.RNN, "gru": rnn.GRU, "lstm": rnn.LSTM}


class Model(gluon.HybridBlock):
    """From characters [steps, batch] and a state to scores [steps * batch, characters] and the next state."""

    def __init__(self, cell: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.embedding = nn.Embedding(len(CHARACTERS), 32)
        self.layer = LAYERS[cell](HIDDEN)
        self.dense = nn.Dense(len(CHARACTERS))

    def hybrid_forward(self, F: Any, x: Any, state: Any) -> Any:
        y, state = self.layer(self.embedding(x), state)
        return self.dense(F.reshape(y, (-1, HIDDEN))), state

    def begin(self, batch: int) -> list[nd.NDArray]:
        made: list[nd.NDArray] = self.layer.begin_state(batch)
        return made


def main() -> None:
    run = Run(__doc__, epochs=40, batch=16, choices={"cell": ("rnn", "gru", "lstm")})
    model = run.prepare(Model(run.options.cell))
    cross_entropy = gluon.loss.SoftmaxCrossEntropyLoss()
    trainer = gluon.Trainer(model.collect_params(), "adam", {"learning_rate": 0.005})
    batches = Batches(run.options.batch, STEPS)
    state = model.begin(run.options.batch)
    for number, (x, y) in enumerate(run.batches(batches)):
        if number % len(batches) == 0:
            state = model.begin(run.options.batch)
        state = [each.detach() for each in state]
        with autograd.record():
            scores, state = model(x, state)
            loss = cross_entropy(scores, y.reshape((-1,)))
        loss.backward()
        trainer.step(len(scores))
        run.note(loss)
    last = nd.stack(*run.losses[-len(batches) :]).mean().asscalar()
    run.result("perplexity", math.exp(last), at_most=3.2)
    run.finish()


if __name__ == "__main__":
    main()
