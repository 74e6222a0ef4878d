"""What this installation can do, by MXNet's names of what its library is built with."""

from __future__ import annotations

import importlib.util
from collections import OrderedDict
from dataclasses import dataclass
from typing import ClassVar, Final

from .run.drive import current_backend

#: MXNet's names, in its order.
_NAMES: Final = (
    "CUDA", "CUDNN", "NCCL", "CUDA_RTC", "TENSORRT", "CPU_SSE", "CPU_SSE2", "CPU_SSE3", "CPU_SSE4_1", "CPU_SSE4_2",
    "CPU_SSE4A", "CPU_AVX", "CPU_AVX2", "OPENMP", "SSE", "F16C", "JEMALLOC", "BLAS_OPEN", "BLAS_ATLAS", "BLAS_MKL",
    "BLAS_APPLE", "LAPACK", "MKLDNN", "OPENCV", "CAFFE", "PROFILER", "DIST_KVSTORE", "CXX14", "INT64_TENSOR_SIZE",
    "SIGNAL_HANDLER", "DEBUG", "TVM_OP",
)  # fmt: skip


@dataclass(frozen=True, slots=True, repr=False)
class Feature:
    """One of them: its ``name``, and whether it is ``enabled``."""

    name: str
    enabled: bool

    def __repr__(self) -> str:
        return f"{'✔' if self.enabled else '✖'} {self.name}"


def feature_list() -> list[Feature]:
    """All features. Those that are a matter of MXNet's own library are not enabled.

    CUDA and CUDNN are where there is a GPU, OPENCV where images can be decoded.

    >>> from lazynd import runtime
    >>> [feature.name for feature in runtime.feature_list()][:2]
    ['CUDA', 'CUDNN']
    """
    gpus = current_backend().device_count("gpu") > 0
    enabled = {"CUDA": gpus, "CUDNN": gpus, "OPENCV": importlib.util.find_spec("PIL") is not None}
    return [Feature(name, enabled.get(name, False)) for name in _NAMES]


class Features(OrderedDict[str, Feature]):
    """The features by name: one dictionary, however often it is asked for.

    >>> from lazynd import runtime
    >>> runtime.Features().is_enabled("tensorrt")
    False
    """

    instance: ClassVar[Features | None] = None

    def __new__(cls) -> Features:
        if cls.instance is None:
            made = super().__new__(cls)
            OrderedDict.__init__(made, [(feature.name, feature) for feature in feature_list()])
            cls.instance = made
        return cls.instance

    def __init__(self) -> None:
        """It is filled when it is first made."""

    def __repr__(self) -> str:
        return str(list(self.values()))

    def is_enabled(self, feature_name: str) -> bool:
        """Whether the feature of this name, in letters of either case, is enabled; ``RuntimeError`` if there is none.

        >>> import lazynd
        >>> lazynd.runtime.Features().is_enabled("CUDA") is (lazynd.num_gpus() > 0)
        True
        """
        name = feature_name.upper()
        if name not in self:
            raise RuntimeError(f"Feature '{name}' is unknown, known features are: {list(self)}")
        return self[name].enabled
