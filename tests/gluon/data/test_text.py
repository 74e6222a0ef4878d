"""Texts from files in their original form, which are made here; the numbers are MXNet 1.9.1's for the same text."""

from __future__ import annotations

import collections
import inspect
import os
import pathlib
import zipfile

import numpy as np
import pytest

from lazynd import MXNetError, nd
from lazynd.contrib import text
from lazynd.gluon.contrib.data.text import WikiText2, WikiText103
from lazynd.gluon.data import DataLoader

TRAIN = " \n = Valkyria = \n \n the cat <unk> sat , the cat \n\n\n a\tb  c \n end é\n"
TEXTS = {"wiki.train.tokens": TRAIN, "wiki.valid.tokens": "", "wiki.test.tokens": "b b new\n"}


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MXNET_GLUON_REPO", "http://127.0.0.1:9/")


@pytest.fixture
def root(tmp_path: pathlib.Path) -> pathlib.Path:
    """A folder with the archive, nothing unpacked."""
    with zipfile.ZipFile(tmp_path / "wikitext-2-v1.zip", "w") as file:
        file.writestr("wikitext-2/", "")
        for name, content in TEXTS.items():
            file.writestr(f"wikitext-2/{name}", content)
        file.writestr("wikitext-2/../../outside", "no")
    return tmp_path


def test_examples_are_those_of_mxnet(root: pathlib.Path) -> None:
    data = WikiText2(root, seq_len=3)
    assert {each.name for each in root.iterdir()} == {"wikitext-2-v1.zip", *TEXTS}
    x, y = data[:]
    assert x.asnumpy().tolist() == [[2, 6, 2], [1, 4, 3], [0, 10, 5], [4, 3, 1], [0, 0, 8], [1, 9, 11]]
    assert y.asnumpy().tolist() == [[6, 2, 1], [4, 3, 0], [10, 5, 4], [3, 1, 0], [0, 8, 1], [9, 11, 1]]
    assert len(data) == 6 and data[-1][0].shape == (3,) and isinstance(data[0], tuple)
    assert x.dtype is np.int32 and data[0][1].dtype is np.int32 and isinstance(data[0][0], nd.NDArray)
    tokens = ["<unk>", "<eos>", "=", "cat", "the", ",", "Valkyria", "a\tb", "c", "end", "sat", "é"]
    assert data.vocabulary.idx_to_token == tokens and data.vocabulary.reserved_tokens == ["<eos>"]
    counted = {
        "=": 2,
        "the": 2,
        "cat": 2,
        **dict.fromkeys(["Valkyria", "<unk>", "sat", ",", "a\tb", "c", "end", "é"], 1),
    }
    assert data.frequencies == counted and isinstance(data.frequencies, collections.Counter)
    with pytest.raises(IndexError):
        data[99]
    batches = [batch[1].shape for batch in DataLoader(data, 4)]
    assert batches == [(4, 3), (2, 3)]


def test_segments_share_a_vocabulary(root: pathlib.Path) -> None:
    words = WikiText2(root, seq_len=3).vocabulary
    test = WikiText2(root, "test", words, 2)
    assert test.vocabulary is words and test.frequencies == {"b": 2, "new": 1}
    assert [each.asnumpy().tolist() for each in test[0]] == [[0, 0], [0, 0]]
    alone = WikiText2(root, "test", seq_len=1)
    assert alone.vocabulary.idx_to_token == ["<unk>", "<eos>", "b", "new"] and len(alone) == 3
    other = WikiText2(root, "test", text.vocab.Vocabulary(collections.Counter(["new"])), 1)
    assert [each[1].asscalar() for each in other] == [0, 1, 0]


def test_a_text_that_is_too_short_has_no_example(root: pathlib.Path) -> None:
    assert len(WikiText2(root, "validation")) == len(WikiText2(root, "test")) == 0
    assert [each.shape for each in WikiText2(root, "test")[:]] == [(0, 35), (0, 35)]


def test_what_cannot_be_had_is_said(tmp_path: pathlib.Path, root: pathlib.Path) -> None:
    with pytest.raises(KeyError, match="train, validation, test"):
        WikiText2(root, "dev")
    with pytest.raises(ValueError, match="seq_len"):
        WikiText2(root, seq_len=0)
    with pytest.raises(MXNetError, match=r"wikitext-103-v1.zip of the data set wikitext-103 is not in .*fetching it"):
        WikiText103(root / "nothing")
    (root / "wikitext-103-v1.zip").write_bytes(b"no archive")
    with pytest.raises(MXNetError, match="no whole zip file"):
        WikiText103(root)
    with zipfile.ZipFile(root / "wikitext-103-v1.zip", "w") as file:
        file.writestr("wikitext-103/wiki.train.tokens", "a b")
    with pytest.raises(MXNetError, match=r"lacks wiki.valid.tokens, wiki.test.tokens"):
        WikiText103(root, seq_len=1)
    assert not list(root.glob("*.part")) and not list(root.glob("*.tokens"))


def test_files_are_read_where_the_archive_unpacks_to(tmp_path: pathlib.Path) -> None:
    (tmp_path / "wikitext-103").mkdir()
    (tmp_path / "wikitext-103" / "wiki.valid.tokens").write_text("one two", encoding="utf-8")
    assert WikiText103(str(tmp_path), "validation", seq_len=2)[0][1].asnumpy().tolist() == [3, 1]


@pytest.mark.parametrize(("kind", "name"), [(WikiText2, "wikitext-2"), (WikiText103, "wikitext-103")])
def test_parameters(kind: type, name: str) -> None:
    defaults = {each.name: each.default for each in inspect.signature(kind).parameters.values()}
    folder = os.path.join("datasets", name)
    assert defaults.pop("root").endswith(folder)
    assert defaults == {"segment": "train", "vocab": None, "seq_len": 35}
