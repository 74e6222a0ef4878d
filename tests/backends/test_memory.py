"""What is left of the memory: of the machine, of control groups, of the process."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lazynd.backends import memory
from lazynd.ir.errors import OutOfMemory

linux = pytest.mark.skipif(not os.path.exists("/proc/meminfo"), reason="reads /proc")


@linux
def test_less_is_left_than_the_machine_has() -> None:
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    swap = next(int(line.split()[1]) << 10 for line in lines if line.startswith("SwapTotal"))
    left = memory.available()
    assert left is not None and 0 < left < total + swap


def groups(folder: Path, version: int, path: str, **limits: int | str) -> list[memory._Files]:
    """What is found where the group of the process is ``path``; ``limits`` of it and of those above, by their names."""
    of = folder / "cgroup"
    of.write_text(f"0::{path}\n" if version == 2 else f"5:cpu:/elsewhere\n4:memory,hugetlb:{path}\n0::/\n")
    root = folder if version == 2 else folder / "memory"
    limit, used = ("max", "current") if version == 2 else ("limit_in_bytes", "usage_in_bytes")
    for name, value in limits.items():
        inside = root / path.lstrip("/")[: path.lstrip("/").find(name) + len(name)] if name != "root" else root
        inside.mkdir(parents=True, exist_ok=True)
        (inside / f"memory.{limit}").write_text(f"{value}\n")
        (inside / f"memory.{used}").write_text("300\n")
        (inside / "memory.stat").write_text("anon 5\ninactive_file 100\n")
    memory._limited_groups.cache_clear()
    return memory._limited_groups(folder, of)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(
    ("limits", "left"),
    [
        ({"outer": 1000}, 800),  # what is cached is given back
        ({"outer": 1000, "inner": 700}, 500),
        ({"outer": 600, "inner": 5000}, 400),
        ({"outer": "max", "inner": 5000}, 4800),
        ({"outer": (1 << 63) - 4096, "inner": "max"}, None),
        ({"root": 2000}, 1800),  # a container sees its own group as the root
        ({}, None),
    ],
)
def test_control_groups(
    version: int, limits: dict[str, int | str], left: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = groups(tmp_path, version, "/outer/inner", **limits)
    monkeypatch.setattr(memory, "_limited_groups", lambda: found)
    assert memory._of_the_group() == left


def test_a_system_without_such_files_says_nothing(tmp_path: Path) -> None:
    memory._limited_groups.cache_clear()
    assert memory._limited_groups(tmp_path, tmp_path / "cgroup") == []


def test_what_runs_is_waited_for_before_anything_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    left = [5 << 20, 900 << 20]
    monkeypatch.setattr(memory, "available", lambda: left[0])
    settled: list[None] = []

    def settle() -> None:
        settled.append(None)
        left.pop(0)

    assert not memory.require_memory(600 << 20, settle), "that is much of what there is"
    assert settled == [None]
    assert memory.require_memory(100 << 20, settle) and len(settled) == 1
    left.append(0)
    with pytest.raises(OutOfMemory, match=r"it needs 1\.0 GB, and 0\.0 MB are left"):
        memory.require_memory(1_000_000_000, settle)


def test_where_nobody_knows_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda: None)
    assert memory.require_memory(1 << 62, lambda: None)
