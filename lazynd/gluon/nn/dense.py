"""Dense layers, embeddings, dropout and flattening."""

from __future__ import annotations

from typing import Any, ClassVar

from ..block import HybridBlock
from .activations import Activation


class Dense(HybridBlock):
    """``activation(x . weight^T + bias)``: each of ``units`` results depends on all of the input.

    ``flatten``: all axes but the first are one; otherwise the last axis is the input. ``weight``: of shape
    (units, in_units), ``in_units`` learned in the first call if 0. ``activation``: its name, none by default.

    >>> from lazynd import nd
    >>> from lazynd.gluon import nn
    >>> layer = nn.Dense(3, weight_initializer="ones")
    >>> layer.initialize()
    >>> layer(nd.ones((1, 2))).asnumpy(), layer.weight.shape
    (array([[2., 2., 2.]], dtype=float32), (3, 2))
    """

    def __init__(
        self,
        units: int,
        activation: str | None = None,
        use_bias: bool = True,
        flatten: bool = True,
        dtype: Any = "float32",
        weight_initializer: Any = None,
        bias_initializer: Any = "zeros",
        in_units: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._flatten = flatten
        self._units = units
        self._in_units = in_units
        with self.name_scope():
            self.weight = self.params.get(
                "weight", shape=(units, in_units), init=weight_initializer, dtype=dtype, allow_deferred_init=True
            )
            self.bias = None
            if use_bias:
                self.bias = self.params.get(
                    "bias", shape=(units,), init=bias_initializer, dtype=dtype, allow_deferred_init=True
                )
            self.act = None
            if activation is not None:
                self.act = Activation(activation, prefix=f"{activation}_")

    def __repr__(self) -> str:
        shape = self.weight.shape
        assert shape is not None
        return f"{type(self).__name__}({shape[1] or None} -> {shape[0]}, {self.act or 'linear'})"

    def hybrid_forward(self, F: Any, x: Any, weight: Any, bias: Any = None) -> Any:
        made = F.FullyConnected(
            x, weight, bias, no_bias=bias is None, num_hidden=self._units, flatten=self._flatten, name="fwd"
        )
        return made if self.act is None else self.act(made)


class Dropout(HybridBlock):
    """In training mode, zeros in the place of a part ``rate`` of the elements, and the others divided by 1 - rate.

    ``axes``: along these the same elements are dropped. (Srivastava and others, 2014.)

    >>> from lazynd import autograd, nd
    >>> from lazynd.gluon import nn
    >>> layer = nn.Dropout(0.5)
    >>> with autograd.train_mode():
    ...     sorted(set(layer(nd.ones((100,))).asnumpy().tolist()))
    [0.0, 2.0]
    """

    _asked: ClassVar = ("_rate",)
    _nests: ClassVar = False

    def __init__(self, rate: float, axes: tuple[int, ...] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._rate = rate
        self._axes = axes

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p = {self._rate}, axes={self._axes})"

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        if self._rate > 0:
            return F.Dropout(x, p=self._rate, axes=self._axes, name="fwd", cudnn_off=False)
        return F.identity(x)


class Embedding(HybridBlock):
    """Rows of ``weight``, of shape (input_dim, output_dim), at whole numbers.

    ``sparse_grad``: the gradient is declared "row_sparse"; all are stored dense.

    >>> from lazynd import nd
    >>> from lazynd.gluon import nn
    >>> layer = nn.Embedding(5, 3)
    >>> layer.initialize()
    >>> layer(nd.array([[0, 4]])).shape
    (1, 2, 3)
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        dtype: Any = "float32",
        weight_initializer: Any = None,
        sparse_grad: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._kwargs = {"input_dim": input_dim, "output_dim": output_dim, "dtype": dtype, "sparse_grad": sparse_grad}
        with self.name_scope():
            self.weight = self.params.get(
                "weight",
                shape=(input_dim, output_dim),
                init=weight_initializer,
                dtype=dtype,
                allow_deferred_init=True,
                grad_stype="row_sparse" if sparse_grad else "default",
            )

    def __repr__(self) -> str:
        given = self._kwargs
        return f"{type(self).__name__}({given['input_dim']} -> {given['output_dim']}, {given['dtype']})"

    def hybrid_forward(self, F: Any, x: Any, weight: Any) -> Any:
        return F.Embedding(x, weight, name="fwd", **self._kwargs)


class Flatten(HybridBlock):
    """All axes but the first joined into one.

    >>> from lazynd import nd
    >>> from lazynd.gluon import nn
    >>> nn.Flatten()(nd.ones((2, 3, 4))).shape
    (2, 12)
    """

    _nests: ClassVar = False

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def __repr__(self) -> str:
        return type(self).__name__

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return F.Flatten(x)
