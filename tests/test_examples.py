"""The examples run as they are, and show what they say."""

from __future__ import annotations

import json
import pathlib
import runpy
from typing import Any

import numpy as np
import pytest

from lazynd import nd

ROOT = pathlib.Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
#: What MXNet itself makes of the digits with the parameters that it saved.
MXNETS: dict[str, Any] = json.loads((ROOT / "tests/data/files/digits_mlp.json").read_text(encoding="utf-8"))


def test_a_network_saved_by_mxnet_classifies_digits(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("sklearn", reason="the extra examples")
    runpy.run_path(str(EXAMPLES / "mxnet_files.py"), run_name="__main__")
    assert "350 of 360 digits right: accuracy 97.2%" in capsys.readouterr().out


def test_it_gives_what_mxnet_gives() -> None:
    load_digits = pytest.importorskip("sklearn.datasets", reason="the extra examples").load_digits
    example = runpy.run_path(str(EXAMPLES / "mxnet_files.py"))
    images = load_digits(return_X_y=True)[0][::5] / 16
    found = example["scores"](nd.array(images), nd.load(example["PARAMETERS"])).asnumpy()
    assert found.argmax(axis=1).tolist() == MXNETS["predictions"]
    # Sums of 64 and 32 products of float32, in another order: as many roundings of 6e-8 of terms up to 20.
    np.testing.assert_allclose(found[0], MXNETS["scores_of_first"], rtol=0, atol=96 * 6e-8 * 20)
