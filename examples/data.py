"""Real data for the examples: Fashion-MNIST where it is there (``make data``), else scikit-learn's digits.

The digits are the UCI set *Optical Recognition of Handwritten Digits* (Alpaydin and Kaynak, CC BY 4.0), which comes
with scikit-learn; Fashion-MNIST is Zalando's (MIT licence). Nothing is made up.
"""

from __future__ import annotations

import numpy as np

from lazynd import MXNetError
from lazynd.gluon.data import ArrayDataset, Dataset
from lazynd.gluon.data.vision import FashionMNIST

#: How many of the 1,797 digits are for testing: the last fifth.
TESTING = 359


def digits() -> tuple[Dataset, Dataset]:
    """1,438 handwritten digits to learn from and 359 to test with: uint8 [8, 8, 1] and int32, as ``MNIST`` has them."""
    from sklearn.datasets import load_digits  # noqa: PLC0415 - an extra; Fashion-MNIST does without

    found = load_digits()
    images = np.rint(found.images * (255 / 16)).astype("uint8")[:, :, :, None]  # of 17 shades of grey
    labels = found.target.astype("int32")
    return ArrayDataset(images[:-TESTING], labels[:-TESTING]), ArrayDataset(images[-TESTING:], labels[-TESTING:])


def fashion_mnist_or_digits() -> tuple[Dataset, Dataset, str]:
    """What to learn from and what to test with, and the name of the data; says so where it is the digits."""
    try:
        return FashionMNIST(train=True), FashionMNIST(train=False), "Fashion-MNIST"
    except MXNetError:
        print("Fashion-MNIST is not there (make data fetches it): these are scikit-learn's digits.")
        return *digits(), "digits"
