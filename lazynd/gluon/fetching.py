"""Files out of the network, whole or not at all."""

from __future__ import annotations

import hashlib
import os
import posixpath
import urllib.parse
from typing import IO, Final
from warnings import warn

from ..base import MXNetError

__all__ = ["check_sha1", "download", "replace_file"]


def check_sha1(filename: str | os.PathLike[str], sha1_hash: str) -> bool:
    """Whether the content of a file has the SHA-1 ``sha1_hash``, in hexadecimal digits.

    >>> from lazynd import gluon
    >>> with open("greeting", "w") as file:
    ...     length = file.write("hello")
    >>> gluon.utils.check_sha1("greeting", "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d")
    True
    """
    with open(filename, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.sha1(usedforsecurity=False)).hexdigest() == sha1_hash.lower()


def replace_file(src: str | os.PathLike[str], dst: str | os.PathLike[str]) -> None:
    """Put the file ``src`` in the place of ``dst``, in one step; ``OSError`` where that fails, and ``src`` is gone.

    >>> from lazynd import gluon
    >>> for name in ("old", "new"):
    ...     with open(name, "w") as file:
    ...         length = file.write(name)
    >>> gluon.utils.replace_file("new", "old")
    >>> with open("old") as file:
    ...     file.read()
    'new'
    """
    try:
        os.replace(src, dst)
    except OSError as error:
        if os.path.exists(src):
            os.remove(src)
        text = f"Moving downloaded temp file - {src}, to {dst} failed. Please retry the download."
        raise OSError(f"{text} ({error.strerror or error})") from error


#: Seconds after which a server that says nothing is given up.
_PATIENCE: Final = 60


def download(
    url: str,
    path: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    sha1_hash: str | None = None,
    retries: int = 5,
    verify_ssl: bool = True,
) -> str:
    """Fetch the file at ``url`` and return where it is: ``path``, or under its own name in the folder ``path``.

    Nothing is fetched if the file is there and has the SHA-1 ``sha1_hash``, if that is given, unless ``overwrite`` is
    true. What is fetched comes to its place whole or not at all. ``retries``: how often it is tried again. Raises the
    last failure (an ``OSError``; ``RuntimeError`` if the server refuses), and ``UserWarning`` if what came has another
    SHA-1. ``verify_ssl``: whether the server has to prove who it is.
    """
    name = urllib.parse.urlsplit(url).path.rsplit("/", 1)[-1]
    place = "" if path is None else os.path.expanduser(os.fspath(path))
    if not place or os.path.isdir(place) or place.endswith(("/", os.sep)):
        assert name, "Can't construct file-name from this URL. Please set the `path` option manually."
        place = os.path.join(place, name)
    assert retries >= 0, f"Number of retries should be at least 0, currently it's {retries}"
    if not verify_ssl:
        warn(
            "Unverified HTTPS request is being made (verify_ssl=False). Adding certificate verification is strongly "
            "advised.",
            stacklevel=2,
        )
    there = os.path.exists(place) and not (sha1_hash and not check_sha1(place, sha1_hash))
    if there and not overwrite:
        return place
    os.makedirs(os.path.dirname(os.path.abspath(place)), exist_ok=True)
    while True:
        print(f"Downloading {place} from {url}...")
        try:
            _fetch(url, place, sha1_hash, verify_ssl)
            return place
        except (OSError, UserWarning, RuntimeError) as error:
            if not retries:
                raise
            left = f"{retries} attempt{'s' if retries > 1 else ''} left"
            print(f"download failed due to {error!r}, retrying, {left}")
            retries -= 1


def _fetch(url: str, place: str, sha1_hash: str | None, verify_ssl: bool) -> None:
    import http.client  # noqa: PLC0415 - what speaks to servers takes longer to load than gluon
    import ssl  # noqa: PLC0415
    import urllib.error  # noqa: PLC0415
    import urllib.request  # noqa: PLC0415

    context = None if verify_ssl else ssl._create_unverified_context()
    temporary = f"{place}.{os.urandom(8).hex()}.part"
    try:
        request = urllib.request.Request(url, headers={"User-Agent": "lazynd"})
        with urllib.request.urlopen(request, timeout=_PATIENCE, context=context) as answer:
            expected = answer.headers.get("Content-Length")
            with open(temporary, "xb") as file:
                while block := answer.read(1 << 16):
                    file.write(block)
                size = file.tell()
        if expected is not None and size != int(expected):
            raise OSError(f"{url} ended after {size} of {expected} bytes")
        if sha1_hash and not check_sha1(temporary, sha1_hash):
            raise UserWarning(
                f"File {place} is downloaded but the content hash does not match. The repo may be outdated or download "
                'may be incomplete. If the "repo_url" is overridden, consider switching to the default repo.'
            )
        replace_file(temporary, place)
    except urllib.error.HTTPError as error:
        error.close()  # it holds the connection
        raise RuntimeError(f"Failed downloading url {url}: {error.code} {error.reason}") from None
    except http.client.HTTPException as error:
        raise OSError(f"{url} cannot be read: {error!r}") from error
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)


#: Where MXNet keeps copies of data sets; ``MXNET_GLUON_REPO`` in the environment names another place.
_REPOSITORY: Final = "https://apache-mxnet.s3-accelerate.dualstack.amazonaws.com/"


def fetch_from_repository(folder: str, name: str, root: str, sha1: str, what: str, advice: str = "") -> str:
    """The path of the file ``name`` in ``root``, fetched from ``folder`` of MXNet's repository if need be.

    It has the SHA-1 that it should have. ``MXNetError`` where it cannot be had: it says that the file is ``what``'s.
    """
    url = f"{os.environ.get('MXNET_GLUON_REPO', _REPOSITORY).rstrip('/')}/{folder}/{name}"
    try:
        return download(url, os.path.join(root, name), sha1_hash=sha1, retries=0)
    except (OSError, RuntimeError, UserWarning) as error:
        reason = getattr(error, "reason", None) or error
        raise MXNetError(
            f"the file {name} of {what} is not in {root!r}, and fetching it from {url} failed: {reason}. Put the file "
            f"there, or set MXNET_GLUON_REPO to where a copy of MXNet's files is.{advice}"
        ) from error


def put(content: IO[bytes], folder: str, name: str) -> None:
    """Write ``content`` to the file ``name`` in ``folder``, which appears there when it is whole."""
    temporary = os.path.join(folder, f".{name}.{os.urandom(8).hex()}.part")
    try:
        with open(temporary, "xb") as target:
            while block := content.read(1 << 20):
                target.write(block)
        os.replace(temporary, os.path.join(folder, name))
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)


def unpack_zip(archive: str, folder: str, *names: str) -> None:
    """Take the files ``names`` out of a zip file, wherever they lie in it, into ``folder``, whole; nothing else."""
    import zipfile  # noqa: PLC0415 - it takes longer to load than all of gluon's data sets
    import zlib  # noqa: PLC0415

    try:
        with zipfile.ZipFile(archive) as file:
            inside = {posixpath.basename(each.filename): each for each in reversed(file.infolist())}
            lacking = [name for name in names if name not in inside]
            if lacking:
                raise MXNetError(f"{archive!r} lacks {', '.join(lacking)}")
            for name in names:
                with file.open(inside[name]) as content:
                    put(content, folder, name)
    except (zipfile.BadZipFile, EOFError, zlib.error) as error:
        raise MXNetError(f"{archive!r} is no whole zip file: {error}. Remove it to have it fetched again") from error
