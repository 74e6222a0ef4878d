"""``contrib.text.embedding``: vectors of tokens, out of files, for the tokens of a vocabulary."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from typing import Any, ClassVar

from ... import base, nd, registry
from ...nd import NDArray
from ...nd.creation import zeros
from ...reference import fronts
from . import _constants as C
from . import files, vocab

__all__ = [
    "CompositeEmbedding", "CustomEmbedding", "FastText", "GloVe", "create", "get_pretrained_file_names", "register",
]  # fmt: skip

#: Where files of vectors are by default.
_ROOT = os.path.join(base.data_dir(), "embeddings")
#: Makes the vector of the unknown token, of a given ``shape``.
Initial = Callable[..., NDArray]


class _TokenEmbedding(vocab.Vocabulary):
    """A vocabulary that has a vector for each of its tokens; the base class of those that ``create`` makes.

    A subclass of your own calls ``super().__init__(**kwargs)``, then ``_load_embedding``, then
    ``_build_embedding_for_vocabulary``. The parameters are those of ``Vocabulary``.
    """

    #: The SHA-1 of the files that there are, and of the archives that they lie in.
    pretrained_file_name_sha1: ClassVar[dict[str, str]]
    pretrained_archive_name_sha1: ClassVar[dict[str, str]]
    _vec_len: int
    _idx_to_vec: NDArray

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    # ------------------------------------------------------------------------------------------- files

    @classmethod
    def _get_download_file_name(cls, pretrained_file_name: str) -> str:
        """The archive that has a file: itself, unless a subclass says otherwise."""
        return pretrained_file_name

    @classmethod
    def _check_pretrained_file_names(cls, pretrained_file_name: str) -> None:
        kind, known = cls.__name__.lower(), cls.pretrained_file_name_sha1
        if pretrained_file_name not in known:
            text = f"Cannot find pretrained file {pretrained_file_name} for token embedding {kind}."
            raise KeyError(f"{text} Valid pretrained files for embedding {kind}: {', '.join(known)}")

    @classmethod
    def _get_pretrained_file(cls, embedding_root: str, pretrained_file_name: str) -> str:
        archive = cls._get_download_file_name(pretrained_file_name)
        file_sha1 = cls.pretrained_file_name_sha1[pretrained_file_name]
        archives = getattr(cls, "pretrained_archive_name_sha1", {})
        sha1 = archives.get(archive, file_sha1)
        return files.found(embedding_root, cls.__name__.lower(), pretrained_file_name, archive, file_sha1, sha1)

    def _load_embedding(
        self, pretrained_file_path: str, elem_delim: str, init_unknown_vec: Initial, encoding: str = "utf8"
    ) -> None:
        """Take tokens and vectors out of a file; those that it lacks have what ``init_unknown_vec(shape=n)`` gives."""
        path = os.path.expanduser(pretrained_file_path)
        if not os.path.isfile(path):
            raise ValueError(
                "`pretrained_file_path` must be a valid path to the pre-trained token embedding file. "
                f"{pretrained_file_path!r} is none"
            )
        logging.getLogger().info("Loading pre-trained token embedding vectors from %s", path)
        read = files.read(path, elem_delim, encoding, self.unknown_token)
        unknown = init_unknown_vec(shape=read.length) if read.unknown is None else nd.array(read.unknown)
        # Tokens of a counter and reserved ones come first: their vectors are in the file, or are unknown too.
        there = len(self)
        number = {token: there + i for i, token in enumerate(t for t in read.tokens if t not in self._token_to_idx)}
        self._token_to_idx.update(number)
        self._idx_to_token += number
        row = {token: i for i, token in enumerate(read.tokens, 1)}
        order = [row.get(token, 0) for token in self._idx_to_token]
        rows = (
            nd.concat(unknown.reshape((1, -1)), nd.array(read.rows()), dim=0)
            if read.tokens
            else unknown.reshape((1, -1))
        )
        self._vec_len = read.length
        in_order = order == list(range(len(order)))
        self._idx_to_vec = rows if in_order else nd.take(rows, nd.array(order, dtype="int32"))

    # -------------------------------------------------------------------------------- other vocabularies

    def _index_tokens_from_vocabulary(self, vocabulary: vocab.Vocabulary) -> None:
        self._token_to_idx = vocabulary.token_to_idx.copy()
        self._idx_to_token = vocabulary.idx_to_token[:]
        self._unknown_token = vocabulary.unknown_token
        known = vocabulary.reserved_tokens
        self._reserved_tokens = None if known is None else known[:]

    def _set_idx_to_vec_by_embeddings(
        self, token_embeddings: list[_TokenEmbedding], vocab_len: int, vocab_idx_to_token: list[Any]
    ) -> None:
        """The vectors that each of ``token_embeddings`` has for tokens, one behind the other."""
        if not token_embeddings:
            raise base.MXNetError("an embedding is made of one other embedding at least; `token_embeddings` is empty")
        parts = [each.get_vecs_by_tokens(vocab_idx_to_token[:vocab_len]) for each in token_embeddings]
        self._vec_len = sum(each.vec_len for each in token_embeddings)
        self._idx_to_vec = parts[0] if len(parts) == 1 else nd.concat(*parts, dim=1)

    def _build_embedding_for_vocabulary(self, vocabulary: vocab.Vocabulary | None) -> None:
        """Keep the tokens of ``vocabulary`` alone, if one is given."""
        if vocabulary is not None:
            assert isinstance(vocabulary, vocab.Vocabulary), (
                "The argument `vocabulary` must be an instance of mxnet.contrib.text.vocab.Vocabulary."
            )
            self._set_idx_to_vec_by_embeddings([self], len(vocabulary), vocabulary.idx_to_token)
            self._index_tokens_from_vocabulary(vocabulary)

    # ---------------------------------------------------------------------------------------- vectors

    @property
    def vec_len(self) -> int:
        """How long a vector is."""
        return self._vec_len

    @property
    def idx_to_vec(self) -> NDArray:
        """The vectors of all tokens in the order of their numbers, float32 [number of tokens, ``vec_len``]."""
        return self._idx_to_vec

    def get_vecs_by_tokens(self, tokens: Any, lower_case_backup: bool = False) -> NDArray:
        """The vector of a token, [``vec_len``], or those of a list of tokens, [number, ``vec_len``].

        A token without a vector has that of the unknown one; with ``lower_case_backup``, that of itself in small
        letters, if there is one.

        >>> from lazynd.contrib import text
        >>> with open("vectors", "w") as file:
        ...     length = file.write("sea 1 2\\nship 3 4\\n")
        >>> text.embedding.CustomEmbedding("vectors").get_vecs_by_tokens(["Ship", "tree"], True).asnumpy()
        array([[3., 4.],
               [0., 0.]], dtype=float32)
        """
        listed = tokens if isinstance(tokens, list) else [tokens]
        if lower_case_backup:
            known = self._token_to_idx
            listed = [each if each in known else each.lower() for each in listed]
        numbers = nd.array(self.to_indices(listed), dtype="int32")
        vectors: NDArray = nd.Embedding(numbers, self._idx_to_vec, *self._idx_to_vec.shape)
        return vectors if isinstance(tokens, list) else vectors[0]

    def update_token_vectors(self, tokens: Any, new_vectors: NDArray) -> None:
        """Give a token, or a list of tokens, other vectors: [number, ``vec_len``], or [``vec_len``] for a single one.

        ``ValueError`` for a token that is not known, unless it is the unknown token itself; ``AssertionError`` for
        vectors of another shape.

        >>> from lazynd import nd
        >>> from lazynd.contrib import text
        >>> with open("vectors", "w") as file:
        ...     length = file.write("sea 1 2\\nship 3 4\\n")
        >>> words = text.embedding.CustomEmbedding("vectors")
        >>> words.update_token_vectors("sea", nd.array([7, 8]))
        >>> words.idx_to_vec.asnumpy()
        array([[0., 0.],
               [7., 8.],
               [3., 4.]], dtype=float32)
        """
        listed = tokens if isinstance(tokens, list) else [tokens]
        single = len(listed) == 1
        dimensions = (
            "1-D or 2-D NDArray if `tokens` is a singleton"
            if single
            else ("2-D NDArray if `tokens` is a list of multiple strings")
        )
        right = isinstance(new_vectors, NDArray) and new_vectors.ndim in ((1, 2) if single else (2,))
        assert right, f"`new_vectors` must be a {dimensions}."
        vectors = new_vectors.reshape((1, -1)) if new_vectors.ndim == 1 else new_vectors
        assert vectors.shape == (len(listed), self.vec_len), (
            "The length of new_vectors must be equal to the number of tokens and the width of new_vectors must be "
            f"equal to the dimension of embeddings of the glossary. It is {(len(listed), self.vec_len)}, not "
            f"{vectors.shape}"
        )
        for token in listed:
            if token not in self._token_to_idx:
                raise ValueError(
                    f"Token {token} is unknown. To update the embedding vector for an unknown token, please specify it "
                    f"explicitly as the `unknown_token` {self.unknown_token} in `tokens`. This is to avoid unintended "
                    "updates."
                )
        self._idx_to_vec[nd.array(self.to_indices(listed), dtype="int32")] = vectors


_register = registry.get_register_func(_TokenEmbedding, "token embedding")
_create = registry.get_create_func(_TokenEmbedding, "token embedding")


def register(embedding_cls: Any) -> Any:
    """A decorator: ``create`` finds the class, a subclass of ``_TokenEmbedding``, by its name in small letters.

    >>> from lazynd.contrib import text
    >>> @text.embedding.register
    ... class Short(text.embedding.CustomEmbedding):
    ...     pass
    >>> with open("vectors", "w") as file:
    ...     length = file.write("sea 1 2\\n")
    >>> text.embedding.create("short", pretrained_file_path="vectors").vec_len
    2
    """
    return _register(embedding_cls)


def create(embedding_name: str, **kwargs: Any) -> Any:
    """A registered embedding, "glove", "fasttext" or your own; ``AssertionError`` for another name.

    ``kwargs``: the parameters of the class.

    >>> from lazynd.contrib import text
    >>> try:
    ...     text.embedding.create("glove", pretrained_file_name="glove.txt")
    ... except KeyError as error:
    ...     print(error.args[0][:70])
    Cannot find pretrained file glove.txt for token embedding glove. Valid
    """
    return _create(embedding_name, **kwargs)


def get_pretrained_file_names(embedding_name: str | None = None) -> Any:
    """The files that a registered embedding has; of all, in a dict, if none is named. ``KeyError`` for another name.

    >>> from lazynd.contrib import text
    >>> text.embedding.get_pretrained_file_names("glove")[:2]
    ['glove.42B.300d.txt', 'glove.6B.50d.txt']
    >>> len(text.embedding.get_pretrained_file_names()["fasttext"])
    327
    """
    known = {
        name: list(cls.pretrained_file_name_sha1)
        for name, cls in registry.get_registry(_TokenEmbedding).items()
        if hasattr(cls, "pretrained_file_name_sha1")
    }
    if embedding_name is None:
        return known
    if embedding_name not in known:
        raise KeyError(
            f"Cannot find `embedding_name` {embedding_name}. Use `get_pretrained_file_names(embedding_name=None).keys()"
            f"` to get all the valid embedding names: {', '.join(known)}"
        )
    return known[embedding_name]


class _Pretrained(_TokenEmbedding):
    """An embedding whose file is one of a list, found under a root or downloaded."""

    def __init__(
        self,
        pretrained_file_name: str,
        embedding_root: str,
        init_unknown_vec: Initial,
        vocabulary: vocab.Vocabulary | None,
        **kwargs: Any,
    ) -> None:
        self._check_pretrained_file_names(pretrained_file_name)
        super().__init__(**kwargs)
        path = self._get_pretrained_file(embedding_root, pretrained_file_name)
        self._load_embedding(path, " ", init_unknown_vec)
        self._build_embedding_for_vocabulary(vocabulary)


@register
class GloVe(_Pretrained):
    """Vectors of words by how often they occur together (Pennington, Socher and Manning, 2014).

    ``pretrained_file_name``: one of ``get_pretrained_file_names("glove")`` (else ``KeyError``). It is looked for in the
    folder ``glove`` of ``embedding_root``, and fetched there, in its archive, if it is missing or not MXNet's by its
    SHA-1; ``MXNetError`` where that fails. ``init_unknown_vec(shape=n)`` makes the vector of the unknown token.
    ``vocabulary``: keep its tokens alone. ``kwargs``: the parameters of ``Vocabulary``.
    """

    pretrained_archive_name_sha1: ClassVar[dict[str, str]] = C.GLOVE_PRETRAINED_FILE_SHA1
    pretrained_file_name_sha1: ClassVar[dict[str, str]] = C.GLOVE_PRETRAINED_ARCHIVE_SHA1

    @classmethod
    def _get_download_file_name(cls, pretrained_file_name: str) -> str:
        """glove.6B.zip for glove.6B.50d.txt, if there is no archive of its own, such as glove.840B.300d.zip."""
        stem = pretrained_file_name.removesuffix(".txt")
        own = f"{stem}.zip"
        return own if own in cls.pretrained_archive_name_sha1 else f"{stem.rpartition('.')[0]}.zip"

    def __init__(
        self,
        pretrained_file_name: str = "glove.840B.300d.txt",
        embedding_root: str = _ROOT,
        init_unknown_vec: Initial = zeros,
        vocabulary: vocab.Vocabulary | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(pretrained_file_name, embedding_root, init_unknown_vec, vocabulary, **kwargs)


@register
class FastText(_Pretrained):
    """Vectors of words out of the parts of words (Bojanowski, Grave, Joulin and Mikolov, 2016), in 294 languages.

    ``pretrained_file_name``: one of ``get_pretrained_file_names("fasttext")`` (else ``KeyError``), in the folder
    ``fasttext`` of ``embedding_root``. The rest is as for ``GloVe``.
    """

    pretrained_archive_name_sha1: ClassVar[dict[str, str]] = C.FAST_TEXT_ARCHIVE_SHA1
    pretrained_file_name_sha1: ClassVar[dict[str, str]] = C.FAST_TEXT_FILE_SHA1

    @classmethod
    def _get_download_file_name(cls, pretrained_file_name: str) -> str:
        return f"{pretrained_file_name.removesuffix('.vec')}.zip"

    def __init__(
        self,
        pretrained_file_name: str = "wiki.simple.vec",
        embedding_root: str = _ROOT,
        init_unknown_vec: Initial = zeros,
        vocabulary: vocab.Vocabulary | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(pretrained_file_name, embedding_root, init_unknown_vec, vocabulary, **kwargs)


class CustomEmbedding(_TokenEmbedding):
    """Vectors out of a file of your own: on each line a token and the numbers of its vector.

    ``elem_delim`` stands between them, ``encoding`` is the file's. ``init_unknown_vec(shape=n)`` makes the vector of
    the unknown token, unless the file has one. ``vocabulary``: keep its tokens alone. ``kwargs``: the parameters of
    ``Vocabulary``. ``ValueError`` or ``AssertionError`` for what is no such file.

    >>> from lazynd.contrib import text
    >>> with open("vectors", "w") as file:
    ...     length = file.write("sea 1 2\\nship 3 4\\n")
    >>> words = text.embedding.CustomEmbedding("vectors")
    >>> words.idx_to_token, words.vec_len, words.idx_to_vec.shape
    (['<unk>', 'sea', 'ship'], 2, (3, 2))
    """

    def __init__(
        self,
        pretrained_file_path: str,
        elem_delim: str = " ",
        encoding: str = "utf8",
        init_unknown_vec: Initial = zeros,
        vocabulary: vocab.Vocabulary | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._load_embedding(pretrained_file_path, elem_delim, init_unknown_vec, encoding)
        self._build_embedding_for_vocabulary(vocabulary)


class CompositeEmbedding(_TokenEmbedding):
    """The tokens of ``vocabulary`` with the vectors that one or several embeddings have for them, one behind the other.

    >>> from lazynd.contrib import text
    >>> with open("vectors", "w") as file:
    ...     length = file.write("sea 1 2\\nship 3 4\\n")
    >>> words = text.embedding.CustomEmbedding("vectors")
    >>> few = text.vocab.Vocabulary(reserved_tokens=["ship"])
    >>> text.embedding.CompositeEmbedding(few, [words, words]).idx_to_vec.asnumpy()
    array([[0., 0., 0., 0.],
           [3., 4., 3., 4.]], dtype=float32)
    """

    def __init__(self, vocabulary: vocab.Vocabulary, token_embeddings: Any) -> None:
        assert isinstance(vocabulary, vocab.Vocabulary), (
            "The argument `vocabulary` must be an instance of mxnet.contrib.text.vocab.Vocabulary."
        )
        parts = token_embeddings if isinstance(token_embeddings, list) else [token_embeddings]
        for each in parts:
            assert isinstance(each, _TokenEmbedding), (
                "The argument `token_embeddings` must be a token embedding of mxnet.contrib.text.embedding, or a list "
                f"of such, whose vectors are concatenated for each token; {type(each).__name__} is none."
            )
        self._index_tokens_from_vocabulary(vocabulary)
        self._set_idx_to_vec_by_embeddings(parts, len(self), self.idx_to_token)


__getattr__, __dir__ = fronts(__name__)
