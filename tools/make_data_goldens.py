"""Facts about data loading from real MXNet: ``PYTHON_WITH_MXNET tools/make_data_goldens.py``.

Writes ``tests/data/loading``: the parameters of classes and functions, files of records, what samplers give, and what
transforms make of the image that is stored with them.
"""

from __future__ import annotations

import inspect
import json
import os
import pathlib
import random
import sys
import types
from collections.abc import Iterator
from typing import Any

import mxnet as mx  # type: ignore[import-not-found]  # the real one
import numpy as np
from mxnet import gluon, image, nd, recordio

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from tests.gluon.data.cases import HEADERS, RECORDS, each_transform, pictures, samplers

PLACE = pathlib.Path(__file__).parents[1] / "tests" / "data" / "loading"
MODULES = (
    "gluon.data", "gluon.data.dataloader", "gluon.data.dataset", "gluon.data.sampler", "gluon.data.vision",
    "gluon.data.vision.datasets", "gluon.data.vision.transforms", "gluon.contrib.data", "gluon.contrib.data.sampler",
    "gluon.utils", "recordio",
)  # fmt: skip
IMAGE = ("center_crop", "color_normalize", "fixed_crop", "imrotate", "random_crop", "random_rotate",
         "random_size_crop", "resize_short", "scale_down")  # fmt: skip


# -------------------------------------------------------------------------------------------------- parameters

STARS = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}


def parameters(function: Any) -> list[str]:
    """Each parameter with its default, as text; without ``self``."""
    found = []
    for each in inspect.signature(function).parameters.values():
        if each.name != "self":
            default = "" if each.default is each.empty else f"={each.default!r}".replace(os.path.expanduser("~"), "~")
            found.append(STARS.get(each.kind, "") + each.name + default)
    return found


def signatures() -> Iterator[tuple[str, list[str] | str]]:
    """Classes, their methods, and functions; what has two places is said to be the other in the second."""
    seen: dict[Any, str] = {}
    for place in MODULES:
        module: Any = mx
        for step in place.split("."):
            module = getattr(module, step)
        for name, value in sorted(vars(module).items()):
            path = f"{place}.{name}"
            if name.startswith("_") or value is recordio.IRHeader or not own(module, value):
                continue
            first = seen.setdefault(value, path)
            if first != path:
                yield path, first
            elif isinstance(value, type):
                yield path, parameters(value.__init__ if "__init__" in dir(value) else value)
                for method, function in sorted(vars(value).items()):
                    special = method in ("__call__", "__getitem__", "__iter__", "__len__", "hybrid_forward", "forward")
                    if isinstance(function, types.FunctionType) and (special or not method.startswith("_")):
                        yield f"{path}.{method}", parameters(function)
            elif isinstance(value, types.FunctionType):
                yield path, parameters(value)
    for name in IMAGE:
        yield f"image.{name}", parameters(getattr(image, name))


def own(module: Any, value: Any) -> bool:
    """Whether ``value`` is of ``module`` or of a part of it: other things it has imported for itself."""
    return str(getattr(value, "__module__", "")).startswith(module.__name__)


# ----------------------------------------------------------------------------------------------------- records


def write_records() -> None:
    plain = recordio.MXRecordIO(str(PLACE / "plain.rec"), "w")
    indexed = recordio.MXIndexedRecordIO(str(PLACE / "indexed.idx"), str(PLACE / "indexed.rec"), "w")
    for number, record in enumerate(RECORDS):
        plain.write(record)
        indexed.write_idx(100 - number, record)
    plain.close()
    indexed.close()


def packed() -> dict[str, Any]:
    """Packed headers as hexadecimal digits, and what MXNet reads of them."""
    made = []
    for header in HEADERS:
        content = recordio.pack(recordio.IRHeader(*header), b"data")
        back, rest = recordio.unpack(content)
        made.append({
            "header": header, "content": content.hex(), "rest": rest.decode(),
            "back": [back.flag, np.asarray(back.label).tolist(), back.id, back.id2],
        })  # fmt: skip
    return {"packed": made, "records": [each.hex() for each in RECORDS]}


def lines(value: Any) -> str:
    """JSON with a line for each entry."""
    if isinstance(value, list):
        return "[\n" + ",\n".join(map(json.dumps, value)) + "\n]"
    return "{\n" + ",\n".join(f"{json.dumps(name)}: {json.dumps(each)}" for name, each in value.items()) + "\n}"


def main() -> None:
    PLACE.mkdir(parents=True, exist_ok=True)
    write_records()
    told = {"signatures": dict(signatures()), "samplers": samplers(gluon), **packed()}
    text = ",\n".join(f"{json.dumps(name)}: {lines(value)}" for name, value in told.items())
    (PLACE / "facts.json").write_text("{\n" + text + "\n}\n", encoding="utf-8")
    kept = pictures()
    for name, (picture, function) in each_transform(gluon.data.vision.transforms, image, nd).items():
        random.seed(11)
        np.random.seed(11)
        kept[f"made_{name}"] = function(nd.array(kept[picture], dtype=kept[picture].dtype)).asnumpy()
    np.savez_compressed(PLACE / "transforms.npz", **kept)
    print(f"{len(told['signatures'])} signatures, {sum(p.stat().st_size for p in PLACE.iterdir())} bytes")


if __name__ == "__main__":
    main()
