"""Gluon: nets, and what trains them."""

from __future__ import annotations

from .trainer import Trainer

__all__ = ["Trainer"]
