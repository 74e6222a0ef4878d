"""What setup.cfg cannot say: a wheel has type stubs, which are made from the package that is being packed."""

from __future__ import annotations

import subprocess
import sys

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithStubs(build_py):
    """Copies the package, and makes stubs beside the copies; an editable installation has none to hide its sources."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            subprocess.run([sys.executable, "-B", "tools/make_stubs.py", self.build_lib], check=True)


setup(cmdclass={"build_py": BuildWithStubs})
