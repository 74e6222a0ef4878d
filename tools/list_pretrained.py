"""Writes the list of files of trained token vectors that MXNet knows; run by a Python that has MXNet 1.9.1."""

from __future__ import annotations

import pathlib

from mxnet.contrib.text import embedding

TARGET = pathlib.Path(__file__).parents[1] / "lazynd" / "contrib" / "text" / "pretrained.txt"
HEAD = """\
# Files of trained token vectors and the archives that they lie in, as MXNet 1.9.1 keeps them, with their SHA-1.
# GloVe: Pennington, Socher and Manning 2014. fastText: Bojanowski, Grave, Joulin and Mikolov 2016.
"""


def main() -> None:
    lines = [
        f"{cls.__name__.lower()}-{kind} {name} {sha1}"
        for cls in (embedding.GloVe, embedding.FastText)
        for kind, known in (("file", cls.pretrained_file_name_sha1), ("archive", cls.pretrained_archive_name_sha1))
        for name, sha1 in known.items()
    ]
    TARGET.write_text(HEAD + "\n".join(lines) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
