"""``contrib.text``: what MXNet 1.9.1 gives for the same calls, and files that are wrong or missing."""

from __future__ import annotations

import collections
import hashlib
import inspect
import os
import pathlib
import zipfile
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import contrib, nd, reference
from lazynd.contrib import text
from lazynd.contrib.text.embedding import CompositeEmbedding, CustomEmbedding, FastText, GloVe

COUNTER = collections.Counter(["c", "c", "b", "b", "a", "a", "word$", "<unk>", "d", "d", "d"])
#: What ``read`` makes of a text, and the name of its file.
Read = Any


@pytest.fixture
def write(tmp_path: pathlib.Path) -> Any:
    def write(content: str, name: str = "vectors", encoding: str = "utf8") -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding=encoding)
        return str(path)

    return write


# ------------------------------------------------------------------------------------------------- names


@pytest.mark.parametrize("place", [each for each in reference.api() if each.startswith(("contrib.text", "contrib.au"))])
def test_all_names_are_there(place: str) -> None:
    found: Any = lazynd
    for step in place.split("."):
        found = getattr(found, step)
    leaked = {"c_array", "c_array_buf", "c_handle_array", "check_call", "NDArray", "zeros_like", "is_np_array"}
    for name in reference.api()[place] - leaked:
        assert inspect.getattr_static(found, name, None) is not None or name in found.__all__, name


def test_aliases() -> None:
    assert contrib.nd is contrib.ndarray is nd.contrib
    assert contrib.sym is contrib.symbol is lazynd.sym.contrib
    assert not hasattr(contrib, "onnx")


@pytest.mark.parametrize(
    ("function", "parameters"),
    [
        (text.vocab.Vocabulary, "counter=None, most_freq_count=None, min_freq=1, unknown_token='<unk>', "
         "reserved_tokens=None"),
        (text.utils.count_tokens_from_str, "source_str, token_delim=' ', seq_delim='\\n', to_lower=False, "
         "counter_to_update=None"),
        (CompositeEmbedding, "vocabulary, token_embeddings"),
        (text.embedding.create, "embedding_name, **kwargs"),
    ],
)  # fmt: skip
def test_parameters_and_defaults(function: Any, parameters: str) -> None:
    found = inspect.signature(function).parameters.values()
    assert ", ".join(str(each.replace(annotation=each.empty)) for each in found) == parameters


# ------------------------------------------------------------------------------------- counters, vocabularies


def test_counting() -> None:
    assert text.utils.count_tokens_from_str("a b\nB", to_lower=True) == {"a": 1, "b": 2}
    before = collections.Counter(["a"])
    assert text.utils.count_tokens_from_str("a,b;b", ",", ";", counter_to_update=before) is before
    assert before == {"a": 2, "b": 2}


@pytest.mark.parametrize(
    ("arguments", "tokens"),
    [
        ({}, ["<unk>", "d", "a", "b", "c", "word$"]),
        ({"most_freq_count": 2}, ["<unk>", "d", "a"]),
        ({"most_freq_count": 0}, ["<unk>"]),
        ({"most_freq_count": -1}, ["<unk>", "d", "a", "b", "c", "word$"]),
        ({"min_freq": 2}, ["<unk>", "d", "a", "b", "c"]),
        ({"reserved_tokens": ["<pad>", "b"]}, ["<unk>", "<pad>", "b", "d", "a", "c", "word$"]),
        ({"unknown_token": "a"}, ["a", "d", "b", "c", "<unk>", "word$"]),
        ({"unknown_token": None}, [None, "d", "a", "b", "c", "<unk>", "word$"]),
    ],
)
def test_tokens_of_a_vocabulary(arguments: dict[str, Any], tokens: list[Any]) -> None:
    made = text.vocab.Vocabulary(COUNTER, **arguments)
    assert made.idx_to_token == tokens and len(made) == len(tokens)
    assert made.token_to_idx == {token: i for i, token in enumerate(tokens)}
    assert made.reserved_tokens == arguments.get("reserved_tokens")
    assert made.unknown_token == arguments.get("unknown_token", "<unk>")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"min_freq": 0}, "`min_freq` must be set to a positive value"),
        ({"reserved_tokens": ["<unk>"]}, "`reserved_token` cannot contain `unknown_token`"),
        ({"reserved_tokens": ["a", "a"]}, "cannot contain duplicate"),
        ({"counter": ["a"]}, "must be an instance of collections.Counter"),
    ],
)
def test_refused_vocabularies(arguments: dict[str, Any], reason: str) -> None:
    with pytest.raises(AssertionError, match=reason):
        text.vocab.Vocabulary(**{"counter": COUNTER, **arguments})


def test_numbers_and_tokens() -> None:
    words = text.vocab.Vocabulary(COUNTER, min_freq=2)
    assert words.to_indices("c") == 4 and words.to_indices(["c", "?"]) == [4, 0]
    assert words.to_tokens(1) == "d" and words.to_tokens([1, 0]) == ["d", "<unk>"] and words.to_tokens([]) == []
    for wrong in (5, [99], 1.0, "a", -6):
        with pytest.raises(ValueError, match="in the provided `indices` is invalid"):
            words.to_tokens(wrong)


# -------------------------------------------------------------------------------------------------- files


def test_a_file_of_vectors(write: Any) -> None:
    with pytest.warns(UserWarning) as told:
        found = CustomEmbedding(write("2 3\na 1 2 3 \nb 4 5 6\nb 7 8 9\n<unk> 9 9 8\n"))
    assert [str(each.message)[:9] for each in told] == ["At line 1", "At line 4"]
    assert "likely a header" in str(told[0].message) and "duplicate" in str(told[1].message)
    assert found.idx_to_token == ["<unk>", "a", "b"] and found.vec_len == 3
    assert found.idx_to_vec.asnumpy().tolist() == [[9, 9, 8], [1, 2, 3], [4, 5, 6]]


def test_options_of_files(write: Any) -> None:
    found = CustomEmbedding(write("\xe9t\xe9\t1\t2\n", encoding="latin1"), "\t", "latin1", nd.ones)
    assert found.idx_to_token == ["<unk>", "\xe9t\xe9"]
    assert found.idx_to_vec.asnumpy().tolist() == [[1, 1], [1, 2]]


def test_tokens_from_elsewhere_have_vectors(write: Any) -> None:
    path = write("a 1 2\nb 3 4\n")
    found = CustomEmbedding(path, reserved_tokens=["<pad>", "b"], init_unknown_vec=nd.ones)
    assert found.idx_to_token == ["<unk>", "<pad>", "b", "a"]
    assert found.idx_to_vec.asnumpy().tolist() == [[1, 1], [1, 1], [3, 4], [1, 2]]
    few = CustomEmbedding(path, vocabulary=text.vocab.Vocabulary(collections.Counter(["b", "z"])))
    assert few.idx_to_token == ["<unk>", "b", "z"] and few.to_indices("a") == 0
    assert few.idx_to_vec.asnumpy().tolist() == [[0, 0], [3, 4], [0, 0]]


@pytest.mark.parametrize(
    ("content", "error", "reason"),
    [
        ("a 1 2 3\nb 4 5\n", AssertionError, "At line 2 .* the dimension of token b is 2 but .* previous tokens is 3"),
        ("a 1 2\n\nb 3 4\n", AssertionError, "At line 2 .* the data format .* is unexpected"),
        ("a 1 2\n<unk> 1\n", AssertionError, "At line 2 .* the dimension of token <unk> is 1"),
        ("a 1 x\n", ValueError, "line 1: could not convert string to float: 'x'"),
        ("", ValueError, "has no token with a vector"),
    ],
)
def test_refused_files(write: Any, content: str, error: type[Exception], reason: str) -> None:
    with pytest.raises(error, match=reason):
        CustomEmbedding(write(content))
    with pytest.raises(ValueError, match="must be a valid path"):
        CustomEmbedding("nowhere")


# ------------------------------------------------------------------------------------------------ vectors


def test_vectors_of_tokens(write: Any) -> None:
    found = CustomEmbedding(write("A 1 2\na 3 4\nBig 5 6\n<unk> 7 8\n"))
    assert found.get_vecs_by_tokens("a").asnumpy().tolist() == [3, 4]
    assert found.get_vecs_by_tokens(["a", "A", "?", "BIG"]).asnumpy().tolist() == [[3, 4], [1, 2], [7, 8], [7, 8]]
    assert found.get_vecs_by_tokens(["A", "AA", "Big"], True).asnumpy().tolist() == [[1, 2], [7, 8], [5, 6]]


def test_other_vectors(write: Any) -> None:
    found = CustomEmbedding(write("a 1 2\nb 3 4\n"))
    found.update_token_vectors("a", nd.array([5, 6]))
    found.update_token_vectors(["b", "<unk>"], nd.array([[7, 8], [9, 9]]))
    assert found.idx_to_vec.asnumpy().tolist() == [[9, 9], [5, 6], [7, 8]]
    wrong: list[tuple[Any, Any, type[Exception], str]] = [
        ("?", nd.ones(2), ValueError, "Token \\? is unknown"),
        (["a", "?"], nd.ones((2, 2)), ValueError, "Token \\? is unknown"),
        (["a", "b"], nd.ones(2), AssertionError, "must be a 2-D NDArray"),
        ("a", [1, 2], AssertionError, "must be a 1-D or 2-D NDArray"),
        ("a", nd.ones(3), AssertionError, "The length of new_vectors must be equal"),
    ]
    for tokens, vectors, error, reason in wrong:
        with pytest.raises(error, match=reason):
            found.update_token_vectors(tokens, vectors)
    assert found.idx_to_vec.asnumpy().tolist() == [[9, 9], [5, 6], [7, 8]]


def test_several_embeddings(write: Any) -> None:
    first, second = CustomEmbedding(write("a 1 2\n")), CustomEmbedding(write("b\t3\t4\n<unk>\t5\t6\n", "other"), "\t")
    words = text.vocab.Vocabulary(collections.Counter(["a", "z"]), reserved_tokens=["<pad>"])
    both = CompositeEmbedding(words, [first, second])
    assert both.idx_to_token == ["<unk>", "<pad>", "a", "z"] and both.reserved_tokens == ["<pad>"]
    assert both.idx_to_vec.asnumpy().tolist() == [[0, 0, 5, 6], [0, 0, 5, 6], [1, 2, 5, 6], [0, 0, 5, 6]]
    with pytest.raises(AssertionError, match="int is none"):
        CompositeEmbedding(words, [3])
    with pytest.raises(AssertionError, match="must be an instance of"):
        CompositeEmbedding(3, first)  # type: ignore[arg-type]  # the error is the test
    with pytest.raises(lazynd.MXNetError, match="is empty"):
        CompositeEmbedding(words, [])


# ---------------------------------------------------------------------------------------- files of others


def known(monkeypatch: pytest.MonkeyPatch, cls: type[GloVe | FastText], path: str, archive: str = "") -> None:
    """Let MXNet's SHA-1 be those of files of ours."""
    for table, each in (("pretrained_file_name_sha1", path), ("pretrained_archive_name_sha1", archive)):
        if each and os.path.exists(each):
            sha1 = hashlib.sha1(pathlib.Path(each).read_bytes()).hexdigest()
            monkeypatch.setattr(cls, table, {**getattr(cls, table), os.path.basename(each): sha1})


def test_files_are_found_under_the_root(write: Any, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known(monkeypatch, GloVe, write("a 1 2\n", "glove/glove.6B.50d.txt"))
    found = text.embedding.create("glove", pretrained_file_name="glove.6B.50d.txt", embedding_root=str(tmp_path))
    assert isinstance(found, GloVe) and found.idx_to_token == ["<unk>", "a"]


@pytest.mark.filterwarnings("ignore:At line 1")
def test_archives_are_unpacked_in_their_folder(
    write: Any, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write("1 2\na 1 2\n", "fasttext/wiki.simple.vec")
    archive = str(tmp_path / "fasttext" / "wiki.simple.zip")
    with zipfile.ZipFile(archive, "w") as file:
        file.write(path, "../../wiki.simple.vec")
        file.writestr("../other", "not asked for")
    known(monkeypatch, FastText, path, archive)
    os.remove(path)
    assert FastText(embedding_root=str(tmp_path)).idx_to_token == ["<unk>", "a"]
    assert sorted(os.listdir(tmp_path)) == ["fasttext"]
    assert sorted(os.listdir(tmp_path / "fasttext")) == ["wiki.simple.vec", "wiki.simple.zip"]


def test_damaged_archives(tmp_path: pathlib.Path, write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = write("no zip file", "fasttext/wiki.simple.zip")
    known(monkeypatch, FastText, "", archive)
    with pytest.raises(lazynd.MXNetError, match="is no whole zip file"):
        FastText(embedding_root=str(tmp_path))
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("other", "")
    known(monkeypatch, FastText, "", archive)
    with pytest.raises(lazynd.MXNetError, match=r"lacks wiki\.simple\.vec"):
        FastText(embedding_root=str(tmp_path))


def test_no_network(write: Any, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MXNET_GLUON_REPO", "http://127.0.0.1:9/")
    reason = r"glove\.6B\.zip of the token embedding glove is not in .*http://127\.0\.0\.1:9/gluon/embeddings/glove/"
    with pytest.raises(lazynd.MXNetError, match=reason):
        GloVe("glove.6B.50d.txt", str(tmp_path))
    write("a 1 2\n", "glove/glove.6B.50d.txt")
    with pytest.raises(lazynd.MXNetError, match="has not the SHA-1 of MXNet's file"):
        GloVe("glove.6B.50d.txt", str(tmp_path))
    for name, archive in (("glove.840B.300d.txt", "glove.840B.300d.zip"), ("glove.twitter.27B.25d.txt", "glove.twitt")):
        assert GloVe._get_download_file_name(name).startswith(archive)


def test_known_files_and_classes() -> None:
    names = text.embedding.get_pretrained_file_names()
    assert len(names["glove"]) == 10 and len(names["fasttext"]) == 327 and "customembedding" not in names
    assert all(GloVe._get_download_file_name(n) in GloVe.pretrained_archive_name_sha1 for n in names["glove"])
    assert all(FastText._get_download_file_name(n) in FastText.pretrained_archive_name_sha1 for n in names["fasttext"])
    with pytest.raises(KeyError, match="Valid pretrained files for embedding glove"):
        text.embedding.create("glove", pretrained_file_name="x.txt")
    with pytest.raises(KeyError, match="Cannot find `embedding_name` GloVe"):
        text.embedding.get_pretrained_file_names("GloVe")
    with pytest.raises(AssertionError, match="foo is not registered"):
        text.embedding.create("foo")
    with pytest.raises(AssertionError, match="Can only register subclass of _TokenEmbedding"):
        text.embedding.register(int)


def test_numbers_are_float32(write: Any) -> None:
    assert CustomEmbedding(write("a 0.1 2e38\n")).idx_to_vec.dtype is np.float32
