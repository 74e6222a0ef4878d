"""What setup.cfg cannot say: a wheel has type stubs, made from the package that is being packed, and the C module.

``LAZYND_EXTENSION=0`` leaves the C module out: the wheel is pure then. Where no compiler is, or it fails, the module is
left out too: lazynd runs without.
"""

from __future__ import annotations

import os
import subprocess
import sys

from setuptools import Extension, setup
from setuptools.command.build_py import build_py

SOURCES = [f"csrc/{name}.c" for name in ("call", "module", "plan", "record", "slots")]
SPEED = Extension("lazynd._speed", SOURCES, depends=["csrc/slots.h"], optional=True)


class BuildWithStubs(build_py):
    """Copies the package, and makes stubs beside the copies; an editable installation has none to hide its sources."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            subprocess.run([sys.executable, "-B", "tools/make_stubs.py", self.build_lib], check=True)


pure = os.environ.get("LAZYND_EXTENSION") == "0"
setup(cmdclass={"build_py": BuildWithStubs}, ext_modules=[] if pure else [SPEED])
