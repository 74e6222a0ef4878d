"""``python -m lazynd``: the version, the devices and the settings."""

from __future__ import annotations

import dataclasses

from . import __version__, config, num_gpus


def main() -> None:
    """Print what a bug report needs."""
    print(f"lazynd {__version__}, {num_gpus()} GPUs")
    for field in dataclasses.fields(config):
        print(f"  {field.name} = {getattr(config, field.name)}")


if __name__ == "__main__":
    main()
