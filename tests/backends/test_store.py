"""The folder of compiled programs: damaged, shared, full, closed to us; always as if nothing had been there."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lazynd.backends import store as module
from lazynd.backends.store import Store

MIB = 1 << 20


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "programs", "group", MIB)


def entry(store: Store, name: str) -> Path:
    return store.folder / f"{name}.entry"


def test_what_was_saved_is_loaded_also_by_another(store: Store) -> None:
    assert store.load("a") is None
    assert store.save("a", b"content\0\n")
    assert store.load("a") == b"content\0\n"
    assert Store(store.root, "group", MIB).load("a") == b"content\0\n"
    assert Store(store.root, "other versions", MIB).load("a") is None
    assert not list(store.folder.glob("*.new"))


@pytest.fixture(params=[0, 0o002, 0o022, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
def test_the_folders_are_for_their_owner_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = Store(tmp_path / "new" / "lazynd" / "programs", "group", MIB, about="versions")
    store.save("a", b"x")
    assert store.folder == tmp_path / "new" / "lazynd" / "programs" / "group"
    for folder in (store.folder, *store.folder.parents[:3]):
        assert folder.stat().st_mode & 0o777 == 0o700, folder
    assert Store(store.root, "group", MIB).load("a") == b"x" and not caplog.text


def test_every_changed_byte_and_every_cut_is_noticed(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    content = bytes(range(64))
    store.save("a", content)
    whole = entry(store, "a").read_bytes()
    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 0x10
        entry(store, "a").write_bytes(damaged)
        assert store.load("a") is None, position
        assert not entry(store, "a").exists(), "a damaged entry is removed"
    for length in range(len(whole)):
        entry(store, "a").write_bytes(whole[:length])
        assert store.load("a") is None, length
    assert "damaged" in caplog.text


def test_an_entry_under_another_name_is_not_taken(store: Store) -> None:
    store.save("a", b"for a")
    os.replace(entry(store, "a"), entry(store, "b"))
    assert store.load("b") is None


def test_the_bound_holds_and_the_least_recently_used_go_first(tmp_path: Path) -> None:
    store = Store(tmp_path, "group", 10_000)
    for i in range(9):
        store.save(f"e{i}", bytes(1000))
        os.utime(entry(store, f"e{i}"), (i, i))
    assert store.load("e0") is not None  # used now: the newest
    for i in range(9, 12):
        store.save(f"e{i}", bytes(1000))
    left = {path.stem for path in store.folder.glob("*.entry")}
    assert sum(path.stat().st_size for path in store.folder.glob("*.entry")) <= 10_000
    assert "e0" in left and "e11" in left and "e1" not in left and len(left) >= 7


def test_entries_of_other_versions_are_evicted_with_their_folder(tmp_path: Path) -> None:
    old = Store(tmp_path, "old", 10_000, about="jax: 0.1\n")
    old.save("a", bytes(5000))
    os.utime(entry(old, "a"), (1, 1))
    new = Store(tmp_path, "new", 10_000)
    for i in range(3):
        new.save(f"n{i}", bytes(2500))
    assert not old.folder.exists() and len(list(new.folder.glob("*.entry"))) == 3


def test_what_is_larger_than_the_bound_is_not_kept(tmp_path: Path) -> None:
    store = Store(tmp_path, "group", 100)
    assert not store.save("a", bytes(101)) and store.save("b", b"small")


def test_what_dead_writers_left_is_removed(store: Store) -> None:
    store.save("a", b"x")
    left, fresh = store.folder / "tmpdead.new", store.folder / "tmplive.new"
    left.write_bytes(b"half")
    fresh.write_bytes(b"half")
    os.utime(left, (1, 1))
    Store(store.root, "group", MIB).save("b", b"y")
    assert not left.exists() and fresh.exists()


def test_a_folder_that_cannot_be_made_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    store = Store(tmp_path / "file" / "programs", "group", MIB)
    assert not store.save("a", b"x")
    assert store.load("a") is None


def test_a_root_that_is_a_file_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    store = Store(tmp_path / "file", "group", MIB)
    assert not store.save("a", b"x") and store.load("a") is None
    assert (tmp_path / "file").read_text() == "in the way"


@pytest.mark.parametrize("number", ["EROFS", "ENOSPC", "EACCES", "EDQUOT"])
def test_a_read_only_or_full_disk_is_tried_once(
    store: Store, number: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import errno

    store.save("before", b"readable")
    tried = []

    def refuse(*arguments: object, **named: object) -> None:
        tried.append(arguments)
        raise OSError(getattr(errno, number), "the disk says no")

    caplog.set_level(logging.INFO, "lazynd")
    monkeypatch.setattr(module.os, "replace", refuse)
    assert not store.save("a", b"x")
    assert not store.save("b", b"x")
    assert len(tried) == 1 and "the disk says no" in caplog.text
    assert store.load("before") == b"readable"
    assert not list(store.folder.glob("*.new")), "what was written in part is removed"


@pytest.mark.parametrize("above", [0, 1, 2])
@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777])
def test_a_folder_that_others_can_write_to_is_not_used(
    tmp_path: Path, above: int, mode: int, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store(tmp_path / "lazynd" / "programs", "group", MIB)
    store.save("a", b"x")
    (store.folder, *store.folder.parents)[above].chmod(mode)
    open_to_all = Store(store.root, "group", MIB)
    assert open_to_all.load("a") is None and not open_to_all.save("b", b"y")
    assert caplog.text.count("others can write there") == 1


def test_a_folder_like_that_of_temporary_files_may_be_above(store: Store) -> None:
    store.save("a", b"x")
    store.root.parent.chmod(0o1777)  # where none can replace what is another's
    assert Store(store.root, "group", MIB).load("a") == b"x"


def test_a_folder_that_is_not_ours_is_not_used(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store.save("a", b"x")
    mine = os.getuid()
    monkeypatch.setattr(module.os, "getuid", lambda: mine + 1)
    assert Store(store.root, "group", MIB).load("a") is None
    assert "it belongs to another user" in caplog.text


def linked(path: Path) -> None:
    """The same content, by way of a link, as somebody could have laid who can write elsewhere."""
    moved = path.with_name("elsewhere")
    os.rename(path, moved)
    path.symlink_to(moved)


def piped(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


NOT_OURS = {"a link": linked, "no file": piped, "others can write": lambda path: path.chmod(0o666)}


@pytest.mark.skipif(os.name != "posix", reason="owners, links and pipes as POSIX has them")
@pytest.mark.parametrize("why", NOT_OURS)
def test_an_entry_that_others_could_have_written_is_not_loaded(
    store: Store, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    store.save("a", b"x")
    store.save("b", b"y")
    NOT_OURS[why](entry(store, "a"))
    assert store.load("a") is None and store.load("b") == b"y"
    assert why in caplog.text and not os.path.lexists(entry(store, "a")), "it is removed"
    assert store.save("a", b"z") and store.load("a") == b"z"


@pytest.mark.skipif(os.name != "posix", reason="owners, as POSIX has them")
def test_an_entry_of_another_user_is_not_loaded(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store.save("a", b"x")
    mine = os.getuid()
    assert store.load("a") == b"x"  # the folder was looked at
    monkeypatch.setattr(module.os, "getuid", lambda: mine + 1)
    assert store.load("a") is None and "it belongs to another user" in caplog.text


def test_a_link_is_removed_and_not_what_it_leads_to(store: Store, tmp_path: Path) -> None:
    store.save("a", b"x")
    target = tmp_path / "precious.entry"
    target.write_bytes(entry(store, "a").read_bytes())
    entry(store, "a").unlink()
    entry(store, "a").symlink_to(target)
    assert store.load("a") is None
    assert target.exists() and not entry(store, "a").is_symlink()
    entry(store, "a").symlink_to(tmp_path / "nowhere")
    assert store.load("a") is None and store.save("a", b"z") and store.load("a") == b"z"


def test_what_others_put_there_after_the_first_look_is_not_loaded(tmp_path: Path) -> None:
    theirs = Store(tmp_path / "theirs", "group", MIB)
    theirs.save("a", b"x")
    store = Store(tmp_path / "ours", "group", MIB)
    assert store.load("a") is None
    os.rename(theirs.root, store.root)
    store.folder.chmod(0o777)
    assert store.load("a") is None and not store.save("b", b"y")


def test_a_folder_that_another_process_makes_is_read(store: Store) -> None:
    Store(store.root, "group", MIB).save("a", b"x")
    assert store.load("a") == b"x"


def test_a_program_may_be_taken_while_another_is(store: Store) -> None:
    store.save("a", b"x")
    done = []

    def nested() -> None:
        with store.taking("a"), store.taking("b"):  # in a finalizer
            done.append(True)

    thread = threading.Thread(target=nested, daemon=True)
    thread.start()
    thread.join(60)
    assert done and not list(store.folder.glob("*.taking"))


def test_an_entry_that_a_process_died_of_is_removed_by_the_next(store: Store) -> None:
    store.save("bad", b"x")
    store.save("good", b"y")
    script = (
        "import os, sys, pathlib; from lazynd.backends.store import Store\n"
        "s = Store(pathlib.Path(sys.argv[1]), 'group', 1 << 20)\n"
        "with s.taking('good'): pass\n"
        "with s.taking('bad'): os._exit(9)\n"
    )
    assert subprocess.run([sys.executable, "-c", script, str(store.root)], timeout=60).returncode == 9
    assert len(list(store.folder.glob("*.taking"))) == 1
    following = Store(store.root, "group", MIB)
    assert following.load("bad") is None and following.load("good") == b"y"
    assert not list(store.folder.glob("*.taking"))


def test_a_living_process_keeps_its_mark(store: Store) -> None:
    store.save("a", b"x")
    with store.taking("a"):
        assert Store(store.root, "group", MIB).load("a") == b"x"
        assert len(list(store.folder.glob("*.taking"))) == 1
    assert not list(store.folder.glob("*.taking"))


def test_processes_that_write_and_evict_at_once_read_whole_entries(tmp_path: Path) -> None:
    script = (
        "import sys, pathlib, random; from lazynd.backends.store import Store\n"
        "s = Store(pathlib.Path(sys.argv[1]), 'group', 40_000); r = random.Random(int(sys.argv[2])); hits = 0\n"
        "for _ in range(400):\n"
        "    k = r.randrange(60); want = bytes([k]) * (500 + 20 * k)\n"
        "    got = s.load(str(k))\n"
        "    assert got is None or got == want, k\n"
        "    hits += got is not None\n"
        "    if got is None: assert s.save(str(k), want), 'refused'\n"
        "print(hits)\n"
    )

    def command(seed: int) -> list[str]:
        return [sys.executable, "-c", script, str(tmp_path), str(seed)]

    running = [
        subprocess.Popen(command(seed), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for seed in range(4)
    ]
    for process in running:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        assert "damaged" not in err, err
        assert int(out) > 40, "entries of other processes were found"
    total = sum(path.stat().st_size for path in (tmp_path / "group").glob("*.entry"))
    assert total <= 40_000 + 4 * 1800, "each process may be one entry over before it looks"
