"""Compiled programs kept on disk, for the next process.

An entry's name is the digest of everything that its code depends on: the graph of primitives to the bit, what is
donated, our own lowering, the device. Its group is the digest of the machine and of the versions and settings of
jax and XLA. So an entry that is found is the program that would be compiled; one that cannot be loaded is compiled.
"""

from __future__ import annotations

import hashlib
import logging
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import jax
import jax.extend.backend
from jax.experimental import serialize_executable

from ...config import config
from ...ir import errors
from ...ir.graph import Graph
from ...ir.primitives import factorization
from ...ir.primitives import source as random_source
from ...ir.specialization import Specialization
from .. import protocol
from ..encode import NotEncodable, encode, encode_graph
from ..store import Store
from .claims import Claim, fingerprint
from .kernels import NO_KERNELS, Kernels

logger = logging.getLogger("lazynd")

#: What lowerings take from outside of this folder: rules, constants, the order of faults.
_ELSEWHERE: Final = (errors, factorization, protocol, random_source)
#: Settings of jax that say where it writes and what it prints, not what it compiles.
_NO_MATTER: Final = (
    "jax_compilation_cache", "jax_dump", "jax_log", "jax_logging", "jax_debug_log", "jax_traceback",
    "jax_tracer_error", "jax_pprint", "jax_persistent_cache", "jax_enable_compilation_cache",
)  # fmt: skip
#: Beginnings of the names of environment variables that reach the compiler. They are long: shorter ones would take in
#: variables that mean nothing for programs, such as credentials for NVIDIA's services or variables of Terraform.
_VARIABLES: Final = (
    "XLA_", "JAX_", "LIBTPU_INIT_", "CUDA_", "NVIDIA_TF32_", "ROCM_PATH", "HSA_OVERRIDE_", "MIOPEN_",
    "TF_XLA_", "TF_CUDNN_", "TF_CUBLAS_", "TF_ENABLE_", "TF_GPU_", "TF_DETERMINISTIC_", "TF_ROCM_",
)  # fmt: skip
#: Those that choose among devices; the kind of the device is part of the key already.
_CHOOSING: Final = frozenset(("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"))


class Saved:
    """The programs of one process and device that are kept between processes."""

    def __init__(self, root: Path, device: Any) -> None:
        about = environment(device)
        text = "".join(f"{key}: {value}\n" for key, value in about.items())
        self.store = Store(root, _digest(text), config.cache_bytes, text)
        self.device = device
        self._sources = _own_sources()

    def name(
        self,
        graph: Graph,
        slots: int,
        donate: Sequence[int],
        claims: Mapping[Specialization, Claim] | None = None,
        kernels: Kernels = NO_KERNELS,
        channels_last: bool = False,
    ) -> str | None:
        """What the program of ``graph`` is called; None if its meaning cannot be told from its text.

        ``claims``: how the operators in it are run. ``kernels``: which inputs and outputs are kernels.
        ``channels_last``: whether convolutions give views.
        """
        if self._sources is None:
            return None
        try:
            parts = (
                self._sources,
                _settings(),
                (self.device.id, slots, tuple(donate), *kernels.numbers(), channels_last),
            )
            run, device = claims or {}, self.device
            meaning = encode_graph(graph, lambda spec: fingerprint(run[spec], spec, device) if spec in run else None)
            return hashlib.sha256(encode(parts) + meaning).hexdigest()
        except NotEncodable as error:
            logger.info("a program is not kept: %s", error, extra={"event": "cache"})
            return None

    def load(self, name: str, n_donated: int, n_kept: int, n_outputs: int) -> tuple[Any, int] | None:
        """The executable called ``name`` and its size in bytes, if it is there and can be used."""
        content = self.store.load(name)
        if content is None:
            return None
        structure = jax.tree_util.tree_structure
        given = structure((([0] * n_donated, [0] * n_kept), {}))
        try:
            with self.store.taking(name):
                executable = serialize_executable.deserialize_and_load(
                    content, given, structure([0] * n_outputs), self.device.platform, [self.device]
                )
        except Exception as error:  # whatever it is, there is a way that works
            self.store.reject(name, f"{type(error).__name__}: {error}")
            return None
        return executable, len(content)

    def save(self, name: str, executable: Any) -> int:
        """Keep ``executable`` as ``name``; its size in bytes, 0 if it has no form on disk."""
        try:
            content, _, _ = serialize_executable.serialize(executable)
        except Exception as error:  # some backends cannot
            logger.info("a program is not kept: %s", error, extra={"event": "cache"})
            return 0
        self.store.save(name, content)
        return len(content)


def environment(device: Any) -> dict[str, str]:
    """What compiled code depends on besides the program: versions, platform, processor, settings from outside."""
    found = {
        "format": "1",
        "jax": version("jax"),
        "jaxlib": version("jaxlib"),
        "python": ".".join(map(str, sys.version_info[:2])),
        "platform": f"{device.platform} {device.device_kind}",
        "machine": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "runtime": _runtime(device.platform),
    }
    for key in sorted(os.environ):
        if key.startswith(_VARIABLES) and key not in _CHOOSING:
            found[key] = f"sha256 {_digest(os.environ[key])}"  # what users set is not for a file
    return found


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:24]


def _runtime(platform_name: str) -> str:
    """The version of what runs the code: on a GPU the driver's side."""
    try:
        return str(jax.extend.backend.get_backend(platform_name).platform_version)
    except Exception:  # told apart by jaxlib's version then
        return "unknown"


def _processor() -> str:
    """Model and features of the processor: code for one may not run on another."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            wanted = ("model name", "flags", "Features", "CPU implementer", "CPU part")
            lines = {line.strip() for line in file if line.startswith(wanted)}
    except OSError:
        return platform.processor()
    return _digest("\n".join(sorted(lines)))


def _settings() -> str:
    """jax's present settings, those of the host program, which may change what it compiles."""
    names = [name for name in sorted(jax.config.values) if not name.startswith(_NO_MATTER)]
    return repr([(name, getattr(jax.config, name, None)) for name in names])  # attributes know contexts, values do not


def _own_sources() -> bytes | None:
    """A digest of the code that lowers graphs; None if it cannot be read, and then nothing is kept."""
    digest = hashlib.sha256()
    here = Path(__file__).parent
    try:
        for path in (*sorted(here.glob("*.py")), *[Path(str(module.__file__)) for module in _ELSEWHERE]):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    except OSError:
        return None
    return digest.digest()
