"""What real MXNet says of symbols: ``PYTHON_WITH_MXNET tools/make_symbol_goldens.py``.

The symbols are those of ``tests/sym/nets.py`` the statements those of ``tests/sym/sessions.py``, and
the random compositions those of ``tests/sym/compositions.py``. The answers go to
``tests/data/symbols_golden.json``; ``tests/sym/asked.py`` says what is asked.
"""

from __future__ import annotations

import json
import pathlib
import sys
from typing import Any

import mxnet as mx  # type: ignore[import-not-found]  # the real one

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from tests.sym import asked, compositions, sessions
from tests.sym.nets import NETS


def main() -> None:
    found: dict[str, dict[str, Any]] = {}
    for name, (make, shapes) in NETS.items():
        with mx.name.NameManager():
            symbol = make(mx.sym)
        found[name] = {title: asked.answer(ask) for title, ask in asked.questions(symbol, shapes)}
    for name in sessions.SESSIONS:
        found[f"session {name}"] = sessions.answers(name, mx)
    for number in range(compositions.COUNT):
        found[f"composition {number}"] = compositions.ask(number, mx)
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in found.items())
    asked.FILE.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
