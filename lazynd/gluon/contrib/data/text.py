"""``gluon.contrib.data.text``: texts for language models."""

from __future__ import annotations

import collections
import itertools
import os
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from ....base import data_dir
from ....nd import NDArray, array
from ....reference import fronts
from ....tokens import Vocabulary, count_tokens_from_str
from ...data.dataset import Dataset
from ...fetching import fetch_from_repository, unpack_zip

__all__ = ["WikiText2", "WikiText103"]

Path = str | os.PathLike[str]
#: The token at the end of each line.
_END: Final = "<eos>"
_FILES: Final = {"train": "wiki.train.tokens", "validation": "wiki.valid.tokens", "test": "wiki.test.tokens"}
_WIKITEXT2, _WIKITEXT103 = (os.path.join(data_dir(), "datasets", name) for name in ("wikitext-2", "wikitext-103"))


class _WikiText(Dataset):
    """The tokens of a file one after the other, cut into examples: ``seq_len`` tokens, and those that follow each.

    Both are int32 [seq_len], numbers of ``vocab``. What is left at the end is dropped.
    """

    _namespace: str
    _archive: tuple[str, str]

    def __init__(self, root: Path, segment: str, vocab: Vocabulary | None, seq_len: int) -> None:
        if segment not in _FILES:
            raise KeyError(f"{segment!r}: the segments are {', '.join(_FILES)}")
        if seq_len < 1:
            raise ValueError(f"seq_len must be 1 or more, not {seq_len}")
        self._root = os.path.expanduser(os.fspath(root))
        self._segment = segment
        self._seq_len = seq_len
        self._vocab = vocab
        numbers = self._read()
        count = max(len(numbers) - 1, 0) // seq_len
        rows = (numbers[first : first + count * seq_len].reshape((count, seq_len)) for first in (0, 1))
        self._data, self._label = (array(each, dtype=np.int32) for each in rows)

    def _path(self) -> str:
        """The file, in the folder or in the one that the authors' archive makes in it; unpacked if need be."""
        name = _FILES[self._segment]
        for folder in (self._root, os.path.join(self._root, self._namespace)):
            if os.path.exists(os.path.join(folder, name)):
                return os.path.join(folder, name)
        archive, sha1 = self._archive
        source = os.path.join(self._root, archive)
        if not os.path.exists(source):
            what = f"the data set {self._namespace}"
            fetch_from_repository(f"gluon/dataset/{self._namespace}", archive, self._root, sha1, what)
        unpack_zip(source, self._root, *_FILES.values())
        return os.path.join(self._root, name)

    def _read(self) -> np.ndarray[Any, np.dtype[np.int32]]:
        """The number of each token, int32."""
        with open(self._path(), encoding="utf-8") as file:
            content = file.read()
        self._counter = count_tokens_from_str(content)
        if self._vocab is None:
            self._vocab = Vocabulary(self._counter, reserved_tokens=[_END])
        lines = filter(None, map(str.split, content.splitlines()))
        tokens = ([*line, _END] for line in lines)
        return np.fromiter(itertools.chain.from_iterable(map(self._vocab.to_indices, tokens)), np.int32)

    def __getitem__(self, idx: Any) -> tuple[NDArray, NDArray]:
        return self._data[idx], self._label[idx]

    def _columns(self) -> Sequence[Any]:
        return self._data, self._label

    def __len__(self) -> int:
        return len(self._label)

    @property
    def vocabulary(self) -> Vocabulary:
        """The vocabulary whose numbers the tokens have.

        >>> from lazynd.gluon.contrib.data.text import WikiText2
        >>> with open("wiki.train.tokens", "w") as file:
        ...     length = file.write(" = Sea = \\n")
        >>> WikiText2(".", seq_len=2).vocabulary.idx_to_token
        ['<unk>', '<eos>', '=', 'Sea']
        """
        assert self._vocab is not None
        return self._vocab

    @property
    def frequencies(self) -> collections.Counter[str]:
        """How often each token occurs in the file; the ends of lines do not count.

        >>> from lazynd.gluon.contrib.data.text import WikiText2
        >>> with open("wiki.train.tokens", "w") as file:
        ...     length = file.write(" = Sea = \\n")
        >>> WikiText2(".", seq_len=2).frequencies
        Counter({'=': 2, 'Sea': 1})
        """
        return self._counter


class WikiText2(_WikiText):
    """Articles of Wikipedia, 2 million tokens, cut into examples for language models.

    (Merity and others, 2016; licence CC BY-SA.)

    An example is ``seq_len`` tokens and the ``seq_len`` that each are followed by, both int32 [seq_len]; what is left
    at the end is dropped. Each line that is not empty ends with the token ``<eos>``. ``segment``: "train",
    "validation" or "test", else ``KeyError``. ``vocab`` numbers the tokens; if None, one is made of this segment: all
    its tokens by frequency, after ``<unk>`` and ``<eos>``.

    ``root``: the folder of ``wiki.train.tokens``, ``wiki.valid.tokens`` and ``wiki.test.tokens``, or of the archive
    with them; what is missing is fetched from MXNet's site. ``MXNetError`` where it cannot be had, or is damaged.

    >>> from lazynd.gluon.contrib.data.text import WikiText2
    >>> with open("wiki.train.tokens", "w") as file:
    ...     length = file.write(" = Sea = \\n \\n the sea is deep \\n")
    >>> data = WikiText2(".", seq_len=4)
    >>> for sequence in data[0]:
    ...     print(data.vocabulary.to_tokens(sequence.asnumpy().tolist()))
    ['=', 'Sea', '=', '<eos>']
    ['Sea', '=', '<eos>', 'the']
    """

    _namespace = "wikitext-2"
    _archive = ("wikitext-2-v1.zip", "3c914d17d80b1459be871a5039ac23e752a53cbe")

    def __init__(
        self, root: Path = _WIKITEXT2, segment: str = "train", vocab: Vocabulary | None = None, seq_len: int = 35
    ) -> None:
        super().__init__(root, segment, vocab, seq_len)


class WikiText103(_WikiText):
    """Articles of Wikipedia, 103 million tokens, in the form of ``WikiText2``.

    >>> from lazynd.gluon.contrib.data.text import WikiText103
    >>> with open("wiki.test.tokens", "w") as file:
    ...     length = file.write("the sea is deep")
    >>> WikiText103(".", segment="test", seq_len=2)[1][1].shape
    (2,)
    """

    _namespace = "wikitext-103"
    _archive = ("wikitext-103-v1.zip", "0aec09a7537b58d4bb65362fee27650eeaba625a")

    def __init__(
        self, root: Path = _WIKITEXT103, segment: str = "train", vocab: Vocabulary | None = None, seq_len: int = 35
    ) -> None:
        super().__init__(root, segment, vocab, seq_len)


__getattr__, __dir__ = fronts(__name__)
