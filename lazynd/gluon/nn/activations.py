"""Activations: functions of each element."""

from __future__ import annotations

from typing import Any, ClassVar

from ... import initializer
from ...reference import fronts
from ..block import HybridBlock

__all__ = ["ELU", "GELU", "SELU", "Activation", "LeakyReLU", "PReLU", "Swish"]


class Activation(HybridBlock):
    """The function called "relu", "sigmoid", "tanh", "softrelu" or "softsign".

    >>> from lazynd import nd
    >>> from lazynd.gluon import nn
    >>> nn.Activation("relu")(nd.array([-1, 1])).asnumpy()
    array([0., 1.], dtype=float32)
    """

    _nests: ClassVar = False

    def __init__(self, activation: str, **kwargs: Any) -> None:
        self._act_type = activation
        super().__init__(**kwargs)

    def _alias(self) -> str:
        return self._act_type

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._act_type})"

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return F.Activation(x, act_type=self._act_type, name="fwd")


class LeakyReLU(HybridBlock):
    """``x`` where it is positive, ``alpha * x`` elsewhere; ``AssertionError`` for a negative ``alpha``.

    >>> from lazynd import nd
    >>> from lazynd.gluon import nn
    >>> nn.LeakyReLU(0.5)(nd.array([-1, 1])).asnumpy()
    array([-0.5,  1. ], dtype=float32)
    """

    def __init__(self, alpha: float, **kwargs: Any) -> None:
        if alpha < 0:
            raise AssertionError("Slope coefficient for LeakyReLU must be no less than 0.")
        super().__init__(**kwargs)
        self._alpha = alpha

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._alpha})"

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return F.LeakyReLU(x, act_type="leaky", slope=self._alpha, name="fwd")


class PReLU(HybridBlock):
    """A leaky ReLU whose slope is learned: one, or one for each of ``in_channels`` (He and others, 2015).

    ``alpha_initializer``: 0.25 by default.

    >>> from lazynd import nd
    >>> from lazynd.gluon import nn
    >>> layer = nn.PReLU()
    >>> layer.initialize()
    >>> layer(nd.array([[-1, 1]])).asnumpy()
    array([[-0.25,  1.  ]], dtype=float32)
    """

    def __init__(
        self,
        alpha_initializer: Any = initializer.Constant(0.25),  # noqa: B008 - MXNet's default, which has no state
        in_channels: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        with self.name_scope():
            self.alpha = self.params.get("alpha", shape=(in_channels,), init=alpha_initializer)

    def hybrid_forward(self, F: Any, x: Any, alpha: Any) -> Any:
        return F.LeakyReLU(x, gamma=alpha, act_type="prelu", name="fwd")


class ELU(HybridBlock):
    """``x`` where it is positive, ``alpha * (exp(x) - 1)`` elsewhere (Clevert and others, 2016).

    >>> from lazynd import nd
    >>> from lazynd.gluon import nn
    >>> nn.ELU()(nd.array([0, 1])).asnumpy()
    array([0., 1.], dtype=float32)
    """

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._alpha = alpha

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return F.LeakyReLU(x, act_type="elu", slope=self._alpha)


class SELU(HybridBlock):
    """The ELU that keeps mean 0 and variance 1 (Klambauer and others, 2017).

    >>> from lazynd import nd
    >>> from lazynd.gluon import nn
    >>> nn.SELU()(nd.array([0, 1])).asnumpy()
    array([0.      , 1.050701], dtype=float32)
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return F.LeakyReLU(x, act_type="selu", name="fwd")


class GELU(HybridBlock):
    """``x`` times the probability of a smaller number, of the normal distribution (Hendrycks and Gimpel, 2016).

    >>> from lazynd import nd
    >>> from lazynd.gluon import nn
    >>> nn.GELU()(nd.array([0, 10])).asnumpy()
    array([ 0., 10.], dtype=float32)
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return F.LeakyReLU(x, act_type="gelu", name="fwd")


class Swish(HybridBlock):
    """``x * sigmoid(beta * x)`` (Ramachandran and others, 2017).

    >>> from lazynd import nd
    >>> from lazynd.gluon import nn
    >>> nn.Swish()(nd.array([0, 100])).asnumpy()
    array([  0., 100.], dtype=float32)
    """

    def __init__(self, beta: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._beta = beta

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return x * F.sigmoid(self._beta * x, name="fwd")


__getattr__, __dir__ = fronts(__name__)
