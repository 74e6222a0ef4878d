"""Run all examples, one after the other: ``python examples [--hybridize] [OPTION ...]``; ``make examples``.

Options are handed on to each. Ends with 1 if an example fails, or is past its bound.
"""

from __future__ import annotations

import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
#: No examples, but what they share.
SHARED = {"__main__", "learn", "text"}


def scripts() -> list[pathlib.Path]:
    return sorted(path for path in HERE.glob("*.py") if path.stem not in SHARED)


def main() -> int:
    failed = []
    for path in scripts():
        options = [] if path.stem == "mxnet_files" else sys.argv[1:]
        started = time.perf_counter()
        done = subprocess.run([sys.executable, str(path), *options], check=False)
        print(f"{path.name}: {'ok' if not done.returncode else 'FAILED'}, {time.perf_counter() - started:.0f} s\n")
        if done.returncode:
            failed.append(path.name)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
