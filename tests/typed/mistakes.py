"""Mistakes that a type checker has to find in the installed wheel: one on each line that ends in "# mistake"."""

from __future__ import annotations

import lazynd as mx
from lazynd import NDArray, autograd, image, nd

x: NDArray = nd.ones((2, 3))

nd.reluu(x)  # mistake
nd.relu("x")  # mistake
nd.softmax(x, axes=1)  # mistake
nd.FullyConnected(x, x, no_bias=True)  # mistake
nd.Convolution(x, x, kernel=3, num_filter="four")  # mistake
nd.zeros()  # mistake
x.exq()  # mistake
x.clip(a_min=0)  # mistake
x.reshape((3, 2)).shape.first  # mistake
number: int = x.asnumpy()  # mistake
text: str = x.sum()  # mistake
nd.contrib.box_mns(x)  # mistake
nd.image.resize(x, size="large", interp=None)  # mistake
nd.random.uniform(shape="3")  # mistake
nd.linalg.gemm2(x)  # mistake
nd.save(3, x)  # mistake
autograd.recorded()  # mistake
image.imresize(x)  # mistake
mx.cpus()  # mistake
