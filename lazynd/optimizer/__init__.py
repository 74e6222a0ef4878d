"""Optimizers: how weights follow their gradients. ``gluon.Trainer`` makes one by its name.

An update is recorded like any other operation. Rates, decays and counts of steps travel with it as numbers, so that a
training loop compiles one program however they change. Weights of one dtype are updated together where MXNet does so.
"""

from __future__ import annotations

from ..nd import abs as NDabs
from ..reference import fronts
from . import contrib
from .adam import FTML, Adam, Adamax, Nadam
from .adaptive import AdaDelta, AdaGrad, Ftrl, RMSProp
from .base import Optimizer, create, register
from .large_batch import LAMB, LARS, LBSGD
from .sgd import DCASGD, NAG, SGD, SGLD, Signum, Test, ccSGD
from .updater import Updater, get_updater

__all__ = [
    "DCASGD", "FTML", "LAMB", "LARS", "LBSGD", "NAG", "SGD", "SGLD", "AdaDelta", "AdaGrad", "Adam", "Adamax", "Ftrl",
    "NDabs", "Nadam", "Optimizer", "RMSProp", "Signum", "Test", "Updater", "ccSGD", "contrib", "create", "get_updater",
    "register",
]  # fmt: skip

__getattr__, __dir__ = fronts(__name__)
