"""``mxnet.runtime``: what the installation can do, by MXNet's names."""

from __future__ import annotations

from collections import OrderedDict

import pytest

import lazynd
from lazynd.runtime import Feature, Features, feature_list

from ..backends.fake import FakeBackend


def test_the_features_are_one_dictionary() -> None:
    found = Features()
    assert Features() is found is lazynd.runtime.Features() and isinstance(found, OrderedDict)
    assert list(found)[:3] == ["CUDA", "CUDNN", "NCCL"] and len(found) == 32
    assert all(type(each) is Feature and each.name == name for name, each in found.items())
    assert [each.name for each in feature_list()] == list(found)


def test_a_feature_is_asked_for_in_letters_of_either_case() -> None:
    found = Features()
    assert found.is_enabled("tensorrt") is found.is_enabled("TENSORRT") is found["TENSORRT"].enabled is False
    with pytest.raises(RuntimeError, match="Feature 'FOO' is unknown, known features are:"):
        found.is_enabled("foo")
    assert repr(found).startswith(("[✖ CUDA, ", "[✔ CUDA, ")) and repr(Feature("X", True)) == "✔ X"


def test_cuda_is_where_there_is_a_gpu(two_gpus: FakeBackend) -> None:
    assert {each.name for each in feature_list() if each.enabled} >= {"CUDA", "CUDNN"}


def test_cuda_is_not_where_there_is_none() -> None:
    expected = lazynd.num_gpus() > 0
    assert all(each.enabled is expected for each in feature_list() if each.name in ("CUDA", "CUDNN"))
