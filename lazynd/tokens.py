"""Tokens of texts, counted and numbered: what users find in ``contrib.text``."""

from __future__ import annotations

import collections
import re
from collections.abc import Hashable
from numbers import Integral
from typing import Any, Final

__all__ = ["Vocabulary", "count_tokens_from_str"]

#: The number of the token that stands for all others.
UNKNOWN_IDX: Final = 0


def count_tokens_from_str(
    source_str: str,
    token_delim: str = " ",
    seq_delim: str = "\n",
    to_lower: bool = False,
    counter_to_update: collections.Counter[str] | None = None,
) -> collections.Counter[str]:
    """How often each token occurs in a text.

    Tokens are what is left between ``token_delim`` and ``seq_delim``, if anything: both are regular expressions, as in
    MXNet, so that ``.`` or ``|`` has to be written as ``re.escape`` writes it. ``to_lower``: small letters count as
    large ones. The numbers are added to ``counter_to_update``, which is given back, or to a new counter.

    >>> from lazynd.contrib import text
    >>> text.utils.count_tokens_from_str(" Life is great !\\n life is good .\\n", to_lower=True)["life"]
    2
    """
    if to_lower:
        source_str = source_str.lower()
    counter: collections.Counter[str] = collections.Counter() if counter_to_update is None else counter_to_update
    counter.update(filter(None, re.split(f"{token_delim}|{seq_delim}", source_str)))
    return counter


class Vocabulary:
    """A number for each token: 0 for the unknown one, then the reserved ones, then those of a counter by frequency.

    ``counter``: a ``collections.Counter`` of tokens, or None for none. Of those as frequent as each other the smaller
    comes first, so all have to be comparable. ``most_freq_count``: how many of them at most. ``min_freq``: how often a
    token has to occur, 1 or more. ``unknown_token`` stands for every token that has no number. ``reserved_tokens``: a
    list of tokens that have numbers whether or not they occur, each once. ``AssertionError`` where that is not so.

    >>> import collections
    >>> from lazynd.contrib import text
    >>> words = text.vocab.Vocabulary(collections.Counter("to be or not to be".split()), min_freq=2)
    >>> words.idx_to_token, words.to_indices(["be", "or"]), len(words)
    (['<unk>', 'be', 'to'], [1, 0], 3)
    """

    def __init__(
        self,
        counter: collections.Counter[Any] | None = None,
        most_freq_count: int | None = None,
        min_freq: int = 1,
        unknown_token: Hashable = "<unk>",
        reserved_tokens: list[Any] | None = None,
    ) -> None:
        assert min_freq > 0, "`min_freq` must be set to a positive value."
        if reserved_tokens is not None:
            distinct = set(reserved_tokens)
            assert unknown_token not in distinct, "`reserved_token` cannot contain `unknown_token`."
            assert len(distinct) == len(reserved_tokens), "`reserved_tokens` cannot contain duplicate reserved tokens."
        self._unknown_token: Any = unknown_token
        self._reserved_tokens = None if reserved_tokens is None else reserved_tokens[:]
        self._idx_to_token: list[Any] = [unknown_token, *(reserved_tokens or ())]
        if counter is not None:
            self._add(counter, most_freq_count, min_freq)
        self._token_to_idx: dict[Any, int] = {token: number for number, token in enumerate(self._idx_to_token)}

    def _add(self, counter: collections.Counter[Any], most: int | None, least: int) -> None:
        assert isinstance(counter, collections.Counter), "`counter` must be an instance of collections.Counter."
        there = set(self._idx_to_token)
        frequent = sorted((token for token, number in counter.items() if number >= least))
        new = [each for each in sorted(frequent, key=counter.__getitem__, reverse=True) if each not in there]
        self._idx_to_token += new if most is None or most < 0 else new[:most]

    def __len__(self) -> int:
        return len(self._idx_to_token)

    @property
    def token_to_idx(self) -> dict[Any, int]:
        """The number of each token."""
        return self._token_to_idx

    @property
    def idx_to_token(self) -> list[Any]:
        """The tokens in the order of their numbers."""
        return self._idx_to_token

    @property
    def unknown_token(self) -> Any:
        """The token that stands for all that have no number."""
        return self._unknown_token

    @property
    def reserved_tokens(self) -> list[Any] | None:
        """The tokens that were reserved, None if none were named."""
        return self._reserved_tokens

    def to_indices(self, tokens: Any) -> Any:
        """The number of a token, or those of a list of tokens; 0 for one that has none.

        >>> from lazynd.contrib import text
        >>> text.vocab.Vocabulary(reserved_tokens=["<pad>"]).to_indices(["<pad>", "ship"])
        [1, 0]
        """
        numbers = self._token_to_idx
        if isinstance(tokens, list):
            return [numbers.get(token, UNKNOWN_IDX) for token in tokens]
        return numbers.get(tokens, UNKNOWN_IDX)

    def to_tokens(self, indices: Any) -> Any:
        """The token with a number, or those with a list of numbers; ``ValueError`` for what is no token's number.

        >>> from lazynd.contrib import text
        >>> text.vocab.Vocabulary(reserved_tokens=["<pad>"]).to_tokens([1, 0])
        ['<pad>', '<unk>']
        """
        found = []
        tokens = self._idx_to_token
        for index in indices if isinstance(indices, list) else [indices]:
            if not isinstance(index, Integral) or not -len(tokens) <= int(index) < len(tokens):
                text = f"Token index {index} in the provided `indices` is invalid."
                raise ValueError(f"{text} There are {len(tokens)} tokens, and numbers of them from 0")
            found.append(tokens[int(index)])
        return found if isinstance(indices, list) else found[0]
