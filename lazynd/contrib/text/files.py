"""Files of token vectors: found, fetched and unpacked, and read."""

from __future__ import annotations

import array
import os
from dataclasses import dataclass, field
from typing import Any
from warnings import warn

import numpy as np

from ...gluon.fetching import check_sha1, fetch_from_repository, unpack_zip

Array = np.ndarray[Any, Any]


def found(root: str, kind: str, name: str, archive: str, file_sha1: str, archive_sha1: str) -> str:
    """The path of the file ``name`` in the folder ``kind`` of ``root``, out of its archive where it is not there.

    A file with another SHA-1 than MXNet knows counts as missing, as does such an archive. ``MXNetError`` that says what
    to do, where neither can be had.
    """
    folder = os.path.join(os.path.expanduser(root), kind)
    path = os.path.join(folder, name)
    if os.path.exists(path) and check_sha1(path, file_sha1):
        return path
    # An archive may be the file itself: then fetching it was all.
    advice = f" Or read a file of your own with CustomEmbedding: {path!r} has not the SHA-1 of MXNet's file."
    what = f"the token embedding {kind}"
    source = fetch_from_repository(
        f"gluon/embeddings/{kind}", archive, folder, archive_sha1, what, advice if os.path.exists(path) else ""
    )
    if archive != name:
        unpack_zip(source, folder, name)
    return path


@dataclass(slots=True)
class Vectors:
    """What a file has: tokens in order, a vector [number, length] for each, and that of the unknown token, if any."""

    unknown_token: Any
    tokens: list[str] = field(default_factory=list)
    length: int = 0
    unknown: list[float] | None = None
    numbers: array.array[float] = field(default_factory=lambda: array.array("f"))

    def rows(self) -> Array:
        return np.frombuffer(self.numbers, np.float32).reshape((-1, self.length))

    def add(self, path: str, number: int, parts: list[str], seen: set[str]) -> None:
        """The token and the numbers of one line."""
        if len(parts) < 2:
            raise AssertionError(
                f"At line {number} of the pre-trained text embedding file: the data format of the pre-trained token "
                f"embedding file {path} is unexpected."
            )
        token, vector = parts[0], [float(part) for part in parts[1:]]
        new_unknown = token == self.unknown_token and self.unknown is None
        if token in seen:
            warn(
                f"At line {number} of the pre-trained token embedding file: the embedding vector for token {token} has "
                "been loaded and a duplicate embedding for the  same token is seen and skipped.",
                stacklevel=5,
            )
            return
        if len(vector) == 1 and not new_unknown:
            warn(
                f"At line {number} of the pre-trained text embedding file: token {token} with 1-dimensional vector "
                f"{vector} is likely a header and is skipped.",
                stacklevel=5,
            )
            return
        if self.length and len(vector) != self.length:
            raise AssertionError(
                f"At line {number} of the pre-trained token embedding file: the dimension of token {token} is "
                f"{len(vector)} but the dimension of previous tokens is {self.length}. Dimensions of all the tokens "
                "must be the same."
            )
        self.length = len(vector)
        seen.add(token)
        if new_unknown:
            self.unknown = vector
        else:
            self.tokens.append(token)
            self.numbers.extend(vector)


def read(path: str, delimiter: str, encoding: str, unknown_token: Any) -> Vectors:
    """A file of a token and its vector on each line, with ``delimiter`` between. The first vector of a token counts.

    A token with a vector of one number is taken for a header, with a warning. ``AssertionError`` for a line without
    numbers or with another number of them, ``ValueError`` for what is no number, or if the file has no vectors.
    """
    vectors, seen = Vectors(unknown_token), set[str]()
    with open(path, encoding=encoding) as file:
        for number, line in enumerate(file, 1):
            try:
                vectors.add(path, number, line.rstrip().split(delimiter), seen)
            except ValueError as error:
                raise ValueError(f"{path}, line {number}: {error}") from None
    if not vectors.length:
        raise ValueError(f"{path} has no token with a vector")
    return vectors
