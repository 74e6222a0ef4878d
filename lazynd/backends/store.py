"""A folder of checked files shared by processes: bounded, and never in the way.

Whatever goes wrong with a file (torn, altered, unreadable, gone) it is as if it were not there; whatever goes wrong
with the folder (read-only, full) nothing is kept. A process that dies while it takes an entry into use leaves a
mark, and the next one removes that entry instead of dying of it too.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import socket
import stat
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

logger = logging.getLogger("lazynd")

_MAGIC: Final = b"lazynd1\n"
_SUFFIX: Final = ".entry"
_DIGEST: Final = hashlib.sha256().digest_size
#: Left over from a process that died while writing.
_STALE_SECONDS: Final = 3600.0


class Store:
    """Entries by name under ``root / group``; all groups of ``root`` together hold at most ``limit`` bytes.

    ``group`` stands for what entries depend on; ``about`` is written beside them for people to read.
    """

    def __init__(self, root: Path, group: str, limit: int, about: str = "") -> None:
        self.root = root
        self.folder = root / group
        self.limit = limit
        self.about = about
        #: Whether everything on the way to the folder is ours; final once the folder is there.
        self._allowed = False
        self._settled = False
        self.writable = True
        self._lock = threading.RLock()  # a finalizer that runs while it is held may load a program too
        #: Bytes when last looked, and what this process has written since.
        self._total: int | None = None
        self._unseen = 0
        if self._open() and self._settled:
            self._clear_marks()

    def load(self, name: str) -> bytes | None:
        """The content kept as ``name``, exactly as it was saved, or None."""
        if not self._open() or not self._settled:
            return None
        path = self._path(name)
        try:
            raw, why = _read_ours(path)
        except OSError:
            return None
        start = len(_MAGIC) + _DIGEST
        body = raw[start:]
        if why is None and raw[:start] != _MAGIC + _checksum(name, body):
            why = "it is damaged"
        if why is not None:
            self.reject(name, why)
            return None
        with contextlib.suppress(OSError):  # recently used entries are evicted last
            os.utime(path)
        return body

    def save(self, name: str, content: bytes) -> bool:
        """Keep ``content`` as ``name``; whether that worked. Readers see all of it or nothing."""
        if not self.writable or len(content) > self.limit or not self._open():
            return False
        try:
            self._make_folder()
            handle, temporary = tempfile.mkstemp(".new", dir=self.folder)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(_MAGIC + _checksum(name, content))
                    file.write(content)
                os.replace(temporary, self._path(name))
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(temporary)
                raise
        except OSError as error:
            self.writable = False
            logger.info("no more compiled programs are kept in %s: %s", self.folder, error, extra={"event": "cache"})
            return False
        self._grew(len(content))
        return True

    def reject(self, name: str, why: str) -> None:
        """Remove an entry that cannot be used."""
        logger.warning(
            "a compiled program kept in %s is ignored: %s", self.folder, why, extra={"event": "cache", "entry": name}
        )
        with contextlib.suppress(OSError):
            self._path(name).unlink()

    @contextlib.contextmanager
    def taking(self, name: str) -> Iterator[None]:
        """Around taking entry ``name`` into use: should the process die inside, the entry is removed next time."""
        with self._lock:
            mark = self._begin(name)
            try:
                yield
            finally:
                if mark is not None:
                    with contextlib.suppress(OSError):
                        mark.unlink()

    # ------------------------------------------------------------------------------------------------ inside

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}{_SUFFIX}"

    def _open(self) -> bool:
        """Whether the folder may be used, as far as it is there: nobody else can put files into it, or replace it."""
        if not self._settled:
            there = os.path.isdir(self.folder)  # asked first: what comes after was made beneath folders that were ours
            self._allowed = _trusted(self.root.parent, above=True) and _trusted(self.root) and _trusted(self.folder)
            self._settled = there or not self._allowed
        return self._allowed

    def _make_folder(self) -> None:
        if not self.folder.is_dir():
            for folder in (*reversed(self.folder.parents), self.folder):  # each for us alone, whatever the umask
                if not folder.exists():
                    folder.mkdir(mode=0o700, exist_ok=True)
            if self.about:
                (self.folder / "about.txt").write_text(self.about, encoding="utf-8")

    def _grew(self, count: int) -> None:
        """Note ``count`` more bytes; drop the least recently used entries when the bound is passed."""
        with self._lock:
            self._unseen += count
            if self._total is None or self._unseen > self.limit // 32:  # other processes write too: look again
                self._total = sum(size for _, size, _ in self._entries())
                self._unseen = 0
            if self._total + self._unseen > self.limit:
                self._total = self._evict()
                self._unseen = 0

    def _entries(self) -> list[tuple[float, int, str]]:
        """Last use, size and path of every entry of every group; removes what dead writers left."""
        found: list[tuple[float, int, str]] = []
        now = time.time()
        for folder in _subfolders(self.root):
            with contextlib.suppress(OSError), os.scandir(folder) as entries:
                for entry in entries:
                    with contextlib.suppress(OSError):  # another process may remove it meanwhile
                        status = entry.stat(follow_symlinks=False)
                        if entry.name.endswith(_SUFFIX):
                            found.append((status.st_mtime, status.st_size, entry.path))
                        elif entry.name.endswith(".new") and now - status.st_mtime > _STALE_SECONDS:
                            os.unlink(entry.path)
        return found

    def _evict(self) -> int:
        """Remove the oldest entries until four fifths of the bound are left; the bytes that stay."""
        entries = sorted(self._entries(), reverse=True)
        total = sum(size for _, size, _ in entries)
        while entries and total > self.limit * 4 // 5:
            _, size, path = entries.pop()
            total -= size
            with contextlib.suppress(OSError):
                os.unlink(path)
        for folder in _subfolders(self.root):
            if folder != str(self.folder) and not any(name.endswith(_SUFFIX) for name in _listed(folder)):
                with contextlib.suppress(OSError):
                    os.unlink(os.path.join(folder, "about.txt"))
                with contextlib.suppress(OSError):
                    os.rmdir(folder)
        return total

    def _begin(self, name: str) -> Path | None:
        if not self.writable:
            return None
        mark = self.folder / f"{socket.gethostname()}-{os.getpid()}.taking"
        try:
            mark.write_text(name, encoding="utf-8")
        except OSError:
            return None
        return mark

    def _clear_marks(self) -> None:
        """Remove the entries during whose taking a process of this machine died."""
        start = f"{socket.gethostname()}-"
        for listed in _listed(str(self.folder)):
            if not listed.startswith(start) or not listed.endswith(".taking"):
                continue
            if _alive(listed[len(start) : -len(".taking")]):
                continue
            mark = self.folder / listed
            with contextlib.suppress(OSError):
                name = mark.read_text(encoding="utf-8")
                mark.unlink()
                if name and self._path(name).exists():
                    self.reject(name, "a process ended while loading it")


def _checksum(name: str, content: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + content).digest()


def _read_ours(path: Path) -> tuple[bytes, str | None]:
    """The content of a file; or none, and what about the file lets others decide what is in it: like the folder's."""
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
    if path.is_symlink():  # asked first, for systems without the flag; who changes it meanwhile meets the flag
        return b"", "it is a link"
    with os.fdopen(os.open(path, flags), "rb") as file:
        status = os.fstat(file.fileno())
        why = None if stat.S_ISREG(status.st_mode) else "it is no file"
        why = why or _of_others(status)
        return (file.read() if why is None else b""), why


def _of_others(status: os.stat_result, *, above: bool = False) -> str | None:
    """What lets others write to a file or folder. ``above``: they may, as long as they cannot replace what is ours."""
    if not hasattr(os, "getuid"):
        return None
    if not above and status.st_uid != os.getuid():
        return "it belongs to another user"
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not (above and status.st_mode & stat.S_ISVTX):
        return "others can write there"
    return None


def _trusted(folder: Path, *, above: bool = False) -> bool:
    """Whether nobody else may put files into ``folder``: what is loaded from it is run.

    ``above``: it is the one around it, where others may have files too, as long as they cannot replace ours.
    """
    try:
        status = folder.stat()
    except FileNotFoundError:
        return True  # it will be made, for its owner alone
    except OSError:
        return False
    if not stat.S_ISDIR(status.st_mode):
        return False
    why = _of_others(status, above=above)
    if why is not None:
        logger.warning("%s is not used for compiled programs: %s", folder, why, extra={"event": "cache"})
    return why is None


def _subfolders(root: Path) -> list[str]:
    try:
        with os.scandir(root) as entries:
            return [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _alive(process: str) -> bool:
    if not process.isdigit() or os.name != "posix":
        return True
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
