"""``python -m lazynd.as_mxnet SCRIPT ARGUMENTS...`` runs a script that imports mxnet, on lazynd.

The module can be called: ``lazynd.as_mxnet()`` is the same in a program, whether or not this module was imported.
"""

from __future__ import annotations

import os
import sys
from types import ModuleType

from .mxnet_name import install

USAGE = "usage: python -m lazynd.as_mxnet SCRIPT [ARGUMENT ...]"


class _Callable(ModuleType):
    def __call__(self) -> None:
        install()


def main(arguments: list[str]) -> None:
    """Run a script as Python would, ``mxnet`` resolving to lazynd: same ``__main__``, ``sys.argv``, traceback, exit."""
    if not arguments or arguments[0].startswith("-"):
        sys.exit(USAGE)
    script = arguments[0]
    try:
        with open(script, "rb") as file:
            source = file.read()
    except OSError as error:
        sys.exit(f"{USAGE}\ncannot open {script!r}: {error.strerror}")
    install()
    sys.argv[:] = arguments
    if not sys.flags.safe_path:  # -P: no folder of ours is on the path, nor shall the script's be
        sys.path[0] = os.path.dirname(os.path.realpath(script))  # beside the file itself, not beside a link to it
    # Processes that the script spawns run it again to find its functions; they inherit the path, not the finder.
    sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "spawned"))
    module = ModuleType("__main__")
    module.__file__ = path = os.path.join(os.getcwd(), script)  # absolute, links as they are
    sys.modules["__main__"] = module
    try:
        exec(compile(source, path, "exec", dont_inherit=True), module.__dict__)
    except Exception as error:
        # The script's own frames only, as if Python had run it.
        trace = error.__traceback__.tb_next if error.__traceback__ is not None else None
        sys.excepthook(type(error), error.with_traceback(trace), trace)
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
else:
    sys.modules[__name__].__class__ = _Callable
