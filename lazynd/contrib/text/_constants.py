"""The files of trained vectors that MXNet knows, with their SHA-1, by MXNet's names for them."""

from __future__ import annotations

import pkgutil
from typing import Final

from ...tokens import UNKNOWN_IDX as UNKNOWN_IDX

#: Where MXNet keeps copies of the files; ``MXNET_GLUON_REPO`` in the environment names another place.
APACHE_REPO_URL: Final = "https://apache-mxnet.s3-accelerate.dualstack.amazonaws.com/"


def _listed() -> dict[str, dict[str, str]]:
    content = pkgutil.get_data(__name__, "pretrained.txt")
    assert content is not None
    found: dict[str, dict[str, str]] = {}
    for line in content.decode("ascii").splitlines():
        if not line.startswith("#"):
            kind, name, sha1 = line.split()
            found.setdefault(kind, {})[name] = sha1
    return found


_LISTED: Final = _listed()
# MXNet has the names of GloVe's two the wrong way round.
GLOVE_PRETRAINED_FILE_SHA1: Final = _LISTED["glove-archive"]
GLOVE_PRETRAINED_ARCHIVE_SHA1: Final = _LISTED["glove-file"]
FAST_TEXT_ARCHIVE_SHA1: Final = _LISTED["fasttext-archive"]
FAST_TEXT_FILE_SHA1: Final = _LISTED["fasttext-file"]
