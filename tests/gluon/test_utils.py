"""``gluon.utils``: dividing, clipping without a read, fetching files."""

from __future__ import annotations

import functools
import hashlib
import http.server
import pathlib
import pickle
import threading
import warnings
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, gluon, nd
from lazynd.gluon.utils import (
    HookHandle,
    check_sha1,
    clip_global_norm,
    download,
    replace_file,
    shape_is_known,
    split_and_load,
    split_data,
)

X = nd.arange(12).reshape((6, 2))


def test_splitting() -> None:
    assert [x.asnumpy().tolist() for x in split_data(X, 3)] == [[[0, 1], [2, 3]], [[4, 5], [6, 7]], [[8, 9], [10, 11]]]
    assert [x.shape for x in split_data(X, 4, even_split=False)] == [(2, 2), (2, 2), (1, 2), (1, 2)]
    assert [x.shape for x in split_data(nd.ones((2, 10)), 4, batch_axis=1, even_split=False)] == [
        (2, 3), (2, 3), (2, 2), (2, 2)
    ]  # fmt: skip
    assert [x.asnumpy()[:, 0].tolist() for x in split_data(X, 2, 1)] == [[0, 2, 4, 6, 8, 10], [1, 3, 5, 7, 9, 11]]
    parts = split_data(np.ones((4, 2)), 2)
    assert all(type(part) is np.ndarray and part.shape == (2, 2) for part in parts)
    assert split_data(X, 1)[0] is X
    with pytest.raises(ValueError, match=r"shape \(6, 2\) cannot be evenly split into 4 slices along axis 0"):
        split_data(X, 4)
    with pytest.raises(ValueError, match="into 0"):
        split_data(X, 0)


def test_loading() -> None:
    contexts = [lazynd.cpu(0), lazynd.cpu(1)]
    parts = split_and_load(X, contexts)
    assert [part.context for part in parts] == contexts and parts[1].asnumpy().tolist() == [[6, 7], [8, 9], [10, 11]]
    parts = split_and_load(np.ones((4, 2), "int32"), contexts)
    assert parts[0].dtype is np.float32 and [part.context for part in parts] == contexts
    assert split_and_load([[1, 2]], [lazynd.cpu(1)])[0].context == lazynd.cpu(1)
    w = nd.ones((2,))
    w.attach_grad()
    with autograd.record():
        losses = [(x * w.as_in_context(x.context)).sum() for x in split_and_load(X, contexts)]
    autograd.backward(losses)
    assert w.grad.asnumpy().tolist() == [30, 36]


# ---------------------------------------------------------------------------------------------------- clipping


def gradients() -> list[Any]:
    return [nd.ones((2, 2)) * 3, nd.ones((3,)) * 4]


def test_clipping_as_mxnet() -> None:
    """Values of MXNet 1.9.1."""
    arrays = gradients()
    assert float(clip_global_norm(arrays, 1.0)) == pytest.approx(9.165152, rel=1e-6)
    assert arrays[0].asnumpy() == pytest.approx(0.32732683, rel=1e-6)
    assert arrays[1].asnumpy() == pytest.approx(0.43643576, rel=1e-6)
    arrays = gradients()
    assert float(clip_global_norm(arrays, 100.0)) == pytest.approx(9.165152, rel=1e-6)
    assert arrays[1].asnumpy().tolist() == [4, 4, 4], "what is short enough stays, to the bit"
    found = clip_global_norm(arrays, 1.0, check_isfinite=False)
    assert isinstance(found, nd.NDArray) and found.shape == (1,)
    assert float(clip_global_norm([nd.zeros((2,))], 1.0)) == 0
    assert float(clip_global_norm([nd.ones((2,)), nd.ones((2,), ctx=lazynd.cpu(1))], 1)) == pytest.approx(2)
    half = [nd.ones((4,), dtype="float16") * 300]
    assert float(clip_global_norm(half, 1.0)) == 600, "computed in float32"
    assert half[0].dtype is np.float16 and half[0].asnumpy() == pytest.approx(0.5, rel=1e-3)
    with pytest.raises(AssertionError):
        clip_global_norm([], 1.0)


@pytest.mark.lazy  # about reads
def test_clipping_reads_nothing() -> None:
    arrays = gradients()
    forces = lazynd.stats().forces
    norm = clip_global_norm(arrays, 1.0)
    with lazynd.no_sync():
        norm = clip_global_norm(arrays, 1.0)
    assert lazynd.stats().forces == forces
    assert float(norm) == pytest.approx(1, rel=1e-5) and lazynd.stats().forces == forces + 1
    assert norm < 2 and lazynd.stats().forces == forces + 1, "once"


def test_the_norm_is_a_number() -> None:
    norm: Any = clip_global_norm([nd.array([3.0, 4.0])], 10)
    assert norm == 5 and norm != 4 and norm >= 5 > norm - 1 and norm < 6 and not norm < 5
    assert (norm + 1, 1 + norm, norm * 2, 10 / norm, 10 - norm, -norm, abs(norm), norm**2) == (
        6,
        6,
        10,
        2,
        5,
        -5,
        5,
        25,
    )
    assert (f"{norm:.2f}", str(norm), "%.1f" % norm, repr(norm)) == (  # noqa: UP031 - who uses it
        "5.00", "5.0", "5.0", repr(np.float32(5)),
    )  # fmt: skip
    assert (int(norm), bool(norm), round(norm), hash(norm)) == (5, True, 5, hash(5.0))
    assert norm.item() == 5.0 and np.asarray(norm).dtype == np.float32 and np.isfinite(float(norm))
    assert type(pickle.loads(pickle.dumps(norm))) is np.float32
    other: Any = clip_global_norm([nd.array([5.0])], 10)
    assert norm == other and norm + other == 10


def test_what_is_not_finite_is_told_when_it_is_looked_at() -> None:
    arrays = [nd.array([np.nan, 1])]
    norm = clip_global_norm(arrays, 1.0)
    with pytest.warns(UserWarning, match="nan or inf is detected. Clipping results will be undefined.") as caught:
        assert np.isnan(float(norm))
    assert caught[0].filename == __file__
    assert np.isnan(arrays[0].asnumpy()).all()
    arrays = [nd.array([np.inf, 1])]
    with pytest.warns(UserWarning):
        assert float(clip_global_norm(arrays, 1.0)) == np.inf
    assert np.isnan(arrays[0].asnumpy()[0]) and arrays[0].asnumpy()[1] == 0


def test_or_soon_if_nobody_looks() -> None:
    for _ in range(6):  # nothing of other tests waits
        clip_global_norm(gradients(), 1.0)
    nd.waitall()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(4):
            arrays = [nd.array([np.nan, 1])]
            clip_global_norm(arrays, 1.0)
            nd.waitall()
    assert caught and all(each.filename == __file__ for each in caught)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(6):
            clip_global_norm(gradients(), 1.0)
            nd.waitall()


# ------------------------------------------------------------------------------------------- shapes and hooks


def test_known_shapes() -> None:
    assert shape_is_known((1, 2)) and not shape_is_known((0, 2)) and not shape_is_known(None) and not shape_is_known(())
    with pytest.raises(AssertionError, match="cannot be less than 0, while received -1"):
        shape_is_known((-1, 2))
    with lazynd.util.np_shape(True):
        assert shape_is_known((0, 2)) and not shape_is_known((-1, 2)) and shape_is_known(())


def test_hooks() -> None:
    for hooks in (OrderedDict(), {}):
        handle = HookHandle()
        handle.attach(hooks, print)
        assert list(hooks.values()) == [print]
        with pytest.raises(AssertionError, match="cannot be attached twice"):
            handle.attach(hooks, print)
        handle.detach()
        handle.detach()
        assert not hooks
        with HookHandle() as handle:
            handle.attach(hooks, print)
            state = handle.__getstate__()
            assert state[0] is hooks
        assert not hooks
    again = HookHandle()
    again.__setstate__((None, None))
    again.detach()


# -------------------------------------------------------------------------------------------------------- files


@pytest.fixture
def url(tmp_path: pathlib.Path) -> Iterator[str]:
    """Where a file "greeting" is served that says hello."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Nothing."""

        def do_GET(self) -> None:
            if self.path == "/cut":
                self.send_response(200)
                self.send_header("Content-Length", "100")
                self.end_headers()
                self.wfile.write(b"hello")
            else:
                super().do_GET()

    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "greeting").write_text("hello")
    handler = functools.partial(Quiet, directory=tmp_path / "served")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


HELLO = hashlib.sha1(b"hello").hexdigest()


def test_downloads(url: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert download(f"{url}/greeting") == "greeting"
    assert download(f"{url}/greeting?x=1", str(tmp_path)) == str(tmp_path / "greeting")
    assert download(f"{url}/greeting", "new/folder/") == "new/folder/greeting"
    place = tmp_path / "deep" / "name"
    assert download(f"{url}/greeting", place, sha1_hash=HELLO) == str(place) and check_sha1(place, HELLO.upper())
    place.write_text("other")
    assert download("http://127.0.0.1:9/x", place, retries=0) and place.read_text() == "other", "it is there"
    download(f"{url}/greeting", place, overwrite=True)
    assert place.read_text() == "hello"
    place.write_text("other")
    download(f"{url}/greeting", place, sha1_hash=HELLO)
    assert place.read_text() == "hello"
    assert sorted(p.name for p in place.parent.iterdir()) == ["name"]


def test_downloads_that_fail_keep_what_was_there(
    url: str, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "kept"
    place.write_text("before")
    for source, error, why in (
        (f"{url}/missing", RuntimeError, "Failed downloading url .*missing: 404"),
        (f"{url}/cut", OSError, "ended after 5 of 100 bytes|IncompleteRead"),
        ("http://127.0.0.1:9/x", OSError, "refused"),
    ):
        with pytest.raises(error, match=why):
            download(source, place, overwrite=True, retries=0)
    with pytest.raises(UserWarning, match="the content hash does not match"):
        download(f"{url}/greeting", place, sha1_hash="0" * 40, retries=0)
    assert place.read_text() == "before" and len(list(tmp_path.iterdir())) == 2
    capsys.readouterr()
    with pytest.raises(RuntimeError):
        download(f"{url}/missing", tmp_path / "never", retries=2)
    out = capsys.readouterr().out
    assert out.count("Downloading") == 3 and "2 attempts left" in out and "1 attempt left" in out
    with pytest.raises(AssertionError, match="Can't construct file-name"):
        download(f"{url}/")
    with pytest.raises(AssertionError, match="currently it's -1"):
        download(f"{url}/greeting", retries=-1)
    with pytest.warns(UserWarning, match="Unverified HTTPS"):
        download(f"{url}/greeting", place, verify_ssl=False)


def test_replacing(tmp_path: pathlib.Path) -> None:
    (tmp_path / "new").write_text("new")
    replace_file(tmp_path / "new", tmp_path / "old")
    assert (tmp_path / "old").read_text() == "new"
    with pytest.raises(OSError, match="Please retry the download"):
        replace_file(tmp_path / "new", tmp_path / "old")
    assert gluon.utils.replace_file is replace_file
