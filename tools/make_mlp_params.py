"""A multilayer perceptron trained by real MXNet: ``PYTHON_WITH_MXNET tools/make_mlp_params.py DIGITS``.

DIGITS is scikit-learn's file of digits, ``sklearn/datasets/data/digits.csv.gz`` where it is installed. Writes
``examples/digits_mlp.params``, and what MXNet makes of the held-out digits into ``tests/data/files/digits_mlp.json``.
"""

from __future__ import annotations

import json
import pathlib
import sys

import mxnet as mx  # type: ignore[import-not-found]  # the real one
import numpy as np
from mxnet import autograd, gluon, nd

ROOT = pathlib.Path(__file__).parents[1]


def main() -> None:
    table = np.loadtxt(sys.argv[1], delimiter=",")
    images, labels = table[:, :-1].astype("float32") / 16, table[:, -1]
    held_out = np.arange(len(images)) % 5 == 0  # as in examples/mxnet_files.py
    mx.random.seed(7)
    np.random.seed(7)
    net = gluon.nn.Sequential()
    net.add(gluon.nn.Dense(32, activation="relu"), gluon.nn.Dense(10))
    net.initialize(mx.init.Xavier())
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    trainer = gluon.Trainer(net.collect_params(), "adam", {"learning_rate": 0.005})
    data = gluon.data.ArrayDataset(images[~held_out], labels[~held_out])
    for _ in range(40):
        for batch, wanted in gluon.data.DataLoader(data, batch_size=64, shuffle=True):
            with autograd.record():
                error = loss(net(batch), wanted)
            error.backward()
            trainer.step(len(batch))
    net.save_parameters(str(ROOT / "examples" / "digits_mlp.params"))
    scores = net(nd.array(images[held_out])).asnumpy()
    found = scores.argmax(axis=1)
    told = {"predictions": found.tolist(), "scores_of_first": [float(s) for s in scores[0]]}
    path = ROOT / "tests" / "data" / "files" / "digits_mlp.json"
    path.write_text(json.dumps(told) + "\n", encoding="utf-8")
    print(f"accuracy {(found == labels[held_out]).mean():.4f} of {len(found)}")


if __name__ == "__main__":
    main()
