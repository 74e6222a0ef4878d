"""``contrib.text.utils``: tokens counted."""

from __future__ import annotations

import collections
import re

from ...reference import fronts

__all__ = ["count_tokens_from_str"]


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


__getattr__, __dir__ = fronts(__name__)
