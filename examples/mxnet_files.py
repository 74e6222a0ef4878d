"""Real handwritten digits, classified with parameters that MXNet 1.9.1 trained and saved.

``digits_mlp.params`` beside this file was written by ``net.save_parameters`` of a Gluon network of two dense layers.
Run it with ``python examples/mxnet_files.py``; it needs scikit-learn (the extra ``examples``) for the digits.
"""

from __future__ import annotations

import pathlib

import numpy as np
from sklearn.datasets import load_digits

from lazynd import nd

PARAMETERS = pathlib.Path(__file__).parent / "digits_mlp.params"


def scores(images: nd.NDArray, parameters: dict[str, nd.NDArray]) -> nd.NDArray:
    """What the network gives for each image and digit; its layers are 0 and 1 in the file."""
    hidden = nd.FullyConnected(images, parameters["0.weight"], parameters["0.bias"], num_hidden=32)
    return nd.FullyConnected(nd.relu(hidden), parameters["1.weight"], parameters["1.bias"], num_hidden=10)


def main() -> None:
    parameters = nd.load(str(PARAMETERS))
    assert isinstance(parameters, dict)  # a file without names gives a list
    for name, array in parameters.items():
        print(f"{name}: {'x'.join(map(str, array.shape))} {array.dtype.__name__}")
    images, labels = load_digits(return_X_y=True)
    held_out = np.arange(len(images)) % 5 == 0  # the training saw the others
    found = nd.argmax(scores(nd.array(images[held_out] / 16), parameters), axis=1).asnumpy()
    right = int((found == labels[held_out]).sum())
    print(f"{right} of {len(found)} digits right: accuracy {right / len(found):.1%}")


if __name__ == "__main__":
    main()
