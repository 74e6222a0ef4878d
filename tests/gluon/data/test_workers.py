"""Workers of a ``DataLoader``: no jax in them, no guard needed, nothing left of them, however a loop ends.

Programs run as scripts of their own, with warnings as errors; whatever they print to stderr fails the test.
"""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import textwrap
import time
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import nd
from lazynd.gluon.data import ArrayDataset, DataLoader, Dataset
from lazynd.gluon.data.memory import Segment, shared
from lazynd.gluon.data.parcel import Parcel, unpacked

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="workers are threads here")

PRELUDE = """
import os, sys, time
import numpy as np
import lazynd as mx
from lazynd import autograd, gluon, nd
from lazynd.gluon.data import ArrayDataset, DataLoader, Dataset, SimpleDataset

class Probe(Dataset):
    def __len__(self):
        return 6
    def __getitem__(self, i):
        return np.full((64, 64), i, "float32"), ("jax" in sys.modules, os.getpid(), i)
"""
#: Of the programs: they find what this process finds.
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}


def workers_of(pid: int) -> list[int]:
    """The living children of a process."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, parent = (entry / "stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[:2]
            except OSError:
                continue
            if int(parent) == pid and state != "Z":
                found.append(int(entry.name))
    return found


def is_gone(pid: int) -> bool:
    for _ in range(200):
        try:
            if pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.05)
    return False


def run(program: str, folder: pathlib.Path, code: int = 0, errors: str = "") -> str:
    script = folder / "script.py"
    script.write_text(PRELUDE + textwrap.dedent(program))
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)], capture_output=True, text=True, timeout=1200, cwd=folder,
        env=ENVIRONMENT,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    if errors:
        assert errors in done.stderr
    else:
        assert done.stderr == ""
    return done.stdout


@pytest.mark.lazy
def test_a_script_without_a_guard(tmp_path: pathlib.Path) -> None:
    """Its classes, lambdas and globals; results of classes of its own come back as what they are."""
    told = run(
        """
        scale = 3
        class Pair:
            def __init__(self, x):
                self.x = x
        nd.dot(nd.ones((8, 8)), nd.ones((8, 8))).asnumpy()
        assert "jax" in sys.modules, "a program has run, and XLA's threads exist"
        pids = set()
        for x, (jax, pid, i) in DataLoader(Probe().transform_first(lambda x: x * scale), 2, num_workers=2):
            assert not jax.asnumpy().any()
            assert x.asnumpy()[:, 5, 5].tolist() == [3 * n for n in i.asnumpy()], "in order"
            pids |= set(pid.asnumpy().tolist())
        assert os.getpid() not in pids
        loader = DataLoader(Probe(), 3, batchify_fn=lambda s: [Pair(x) for x, _ in s], num_workers=1)
        class Key:
            def __init__(self, number):
                self.number = number
        class ByKey(Dataset):
            def __getitem__(self, key):
                return key.number
        keys = [[Key(1), Key(2)], [Key(3)]]
        found = DataLoader(ByKey(), batch_sampler=keys, num_workers=1)
        assert [b.asnumpy().tolist() for b in found] == [[1, 2], [3]]
        assert all(type(p) is Pair and p.x.shape == (64, 64) for batch in loader for p in batch)
        print(len(pids), end=" ")
        print(*pids)
        """,
        tmp_path,
    )
    count, *pids = map(int, told.split())
    assert count == 2 and all(is_gone(pid) for pid in pids)


def test_under_mxnets_name(tmp_path: pathlib.Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from mxnet import gluon, nd\ndef double(x):\n    import mxnet\n    return nd.array(x) * 2\n"
    )
    program = """
    import mine
    from mxnet import gluon
    data = gluon.data.SimpleDataset([[1, 2], [3, 4]]).transform(mine.double)
    print([b.asnumpy().tolist() for b in gluon.data.DataLoader(data, 1, num_workers=1)])
    """
    (tmp_path / "script.py").write_text(textwrap.dedent(program))
    done = subprocess.run(
        [sys.executable, "-m", "lazynd.as_mxnet", "script.py"], capture_output=True, text=True, timeout=120,
        cwd=tmp_path, env=ENVIRONMENT,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("[[[2.0, 4.0]], [[6.0, 8.0]]]\n", "")


def test_what_cannot_be_sent_is_used_in_threads(tmp_path: pathlib.Path) -> None:
    """One line in the log says so and why, once; the batches are the same."""
    program = """
        import threading
        class Locked(Probe):
            def __init__(self):
                self.lock = threading.Lock()
        {more}
        loader = DataLoader({data}, 2, num_workers=2)
        for _ in range(2):
            assert [i.asnumpy().tolist() for _, (_, _, i) in loader] == [[0, 1], [2, 3], [4, 5]]
        assert all((pid.asnumpy() == os.getpid()).all() for _, (_, pid, _) in loader)
        """
    for more, data, why in (
        ("", "Locked()", "TypeError: cannot pickle '_thread.lock' object"),
        # A module that only this process has:
        (
            "import types; m = types.ModuleType('made_up'); sys.modules['made_up'] = m; Probe.__module__ = 'made_up'; "
            "m.Probe = Probe",
            "Probe()",
            "No module named 'made_up'",
        ),
    ):
        script = tmp_path / "script.py"
        script.write_text(PRELUDE + textwrap.dedent(program.format(more=more, data=data)))
        done = subprocess.run(
            [sys.executable, "-W", "error", str(script)], capture_output=True, text=True, timeout=120,
            env=ENVIRONMENT,
        )  # fmt: skip
        lines = done.stderr.splitlines()
        assert done.returncode == 0 and len(lines) == 1, done.stderr
        assert "its 2 workers are threads, not processes" in lines[0] and why in lines[0]


def test_an_exception_has_the_workers_traceback(tmp_path: pathlib.Path) -> None:
    told = run(
        """
        import traceback
        class Bad(Probe):
            def __getitem__(self, i):
                if i == 3:
                    raise KeyError("number three")  # this line
                return i
        class Odd(Exception):
            def __init__(self, a, b):
                super().__init__(a)
            def __reduce__(self):
                raise TypeError("not this one")
        class Odder(Bad):
            def __getitem__(self, i):
                raise Odd("cannot be", "sent")
        class Leaves(Bad):
            def __getitem__(self, i):
                sys.exit("leaving")
        for kind, expected in ((Bad, KeyError), (Odder, RuntimeError), (Leaves, SystemExit)):
            loader = DataLoader(kind(), 2, num_workers=2)
            for _ in range(2 if kind is Bad else 1):  # and the loader can be used again
                try:
                    for batch in loader:
                        pass
                except expected as error:
                    text = "".join(traceback.format_exception(error))
                else:
                    sys.exit("nothing was raised")
            print(text)
        """,
        tmp_path,
    )
    assert "# this line" in told and "KeyError: 'number three'" in told and "direct cause" in told
    assert "RuntimeError: Odd: cannot be" in told and "SystemExit: leaving" in told
    assert "in make_batch" not in told.split("direct cause")[0], "frames of lazynd's own say nothing"


def test_a_worker_that_dies_and_one_that_hangs(tmp_path: pathlib.Path) -> None:
    run(
        """
        import multiprocessing, signal
        class Dies(Probe):
            def __getitem__(self, i):
                if i == 2:
                    os.kill(os.getpid(), signal.SIGKILL)
                return i
        class Ends(Probe):
            def __getitem__(self, i):
                os._exit(3)
        class Hangs(Probe):
            def __getitem__(self, i):
                time.sleep(1000)
        def told(kind, expected, **arguments):
            try:
                list(DataLoader(kind(), 1, num_workers=2, **arguments))
            except expected as error:
                return str(error)
        assert "was ended by SIGKILL, which the system sends when memory runs out" in told(Dies, RuntimeError)
        assert "ended with exit code 3" in told(Ends, RuntimeError)
        assert "in 3 seconds" in told(Hangs, multiprocessing.TimeoutError, timeout=3)
        """,
        tmp_path,
    )


LEFT = """
import gc, subprocess, threading
def state():
    gc.collect()
    children = [e for e in os.listdir("/proc") if e.isdigit() and parent(e) == os.getpid()]
    return children, sorted(os.listdir("/dev/shm")), len(os.listdir("/proc/self/fd")), threading.active_count()
def parent(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return int(file.read().rsplit(")", 1)[1].split()[1])
    except OSError:
        return 0
for x in DataLoader(Probe(), 2, num_workers=1):  # whatever is opened once is open
    pass
del x
before = state()
"""


def test_nothing_is_left_however_a_loop_ends(tmp_path: pathlib.Path) -> None:
    run(
        LEFT
        + """
class Bad(Probe):
    def __getitem__(self, i):
        if i == 3:
            raise KeyError(i)
        return super().__getitem__(i)
for x, _ in DataLoader(Probe(), 1, num_workers=2):
    break
del x, _
loader = DataLoader(Probe(), 1, num_workers=2, prefetch=6)
for _ in range(3):  # left early, again and again; and through to the end
    for x in loader:
        break
assert [int(i.asnumpy()[0]) for _, (_, _, i) in loader] == list(range(6))
one, other = iter(loader), iter(loader)  # two passes at once
pairs = [(next(one)[1][2].asscalar(), next(other)[1][2].asscalar()) for _ in range(6)]
assert pairs == [(i, i) for i in range(6)]
del loader, x, one, other, _
try:
    list(DataLoader(Bad(), 1, num_workers=2))
except KeyError:
    pass
after = state()
assert after == before, (before, after)
""",
        tmp_path,
    )


def test_an_interrupt_ends_all(tmp_path: pathlib.Path) -> None:
    """As from a terminal, where every process gets it: the program shows its own traceback, the workers are silent."""
    script = tmp_path / "script.py"
    script.write_text(
        PRELUDE
        + textwrap.dedent("""
        import signal
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has what it runs behind itself ignore it
        class Slow(Probe):
            def __getitem__(self, i):
                time.sleep(0.2)
                return os.getpid()
        for pid in DataLoader(SimpleDataset([Slow()[0]] * 2000).transform(lambda x: Slow()[0]), 1, num_workers=2):
            print(int(pid.asscalar()), flush=True)
        """)
    )
    process = subprocess.Popen(
        [sys.executable, "-W", "error", str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True, env=ENVIRONMENT,
    )  # fmt: skip
    assert process.stdout is not None
    pids = {int(process.stdout.readline()) for _ in range(4)}
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT and errors.count("Traceback") == 1, errors
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert pids and all(is_gone(pid) for pid in pids)


def test_workers_end_with_a_program_that_is_killed(tmp_path: pathlib.Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        PRELUDE
        + textwrap.dedent("""
        class Busy(Probe):
            def __getitem__(self, i):
                if i > 1:
                    time.sleep(1000)
                return os.getpid()
        for pid in DataLoader(Busy(), 1, num_workers=2):
            print(int(pid.asscalar()), flush=True)
        """)
    )
    process = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True,
        env=ENVIRONMENT,
    )  # fmt: skip
    assert process.stdout is not None
    pids = [int(process.stdout.readline()) for _ in range(2)]
    workers = workers_of(process.pid)
    process.kill()
    process.wait()
    process.stdout.close()
    assert set(pids) <= set(workers) and all(is_gone(pid) for pid in workers)


def test_in_a_forked_process(tmp_path: pathlib.Path) -> None:
    """It starts workers of its own, and leaves its parent's alone."""
    run(
        """
        nd.dot(nd.ones((8, 8)), nd.ones((8, 8))).asnumpy()
        loader = DataLoader(Probe(), 3, num_workers=1)
        mine = {int(pid.asnumpy()[0]) for _, (_, pid, _) in loader}
        child = os.fork()
        if not child:
            theirs = {int(pid.asnumpy()[0]) for _, (_, pid, _) in loader}
            del loader
            os._exit(0 if theirs and not theirs & mine else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert {int(pid.asnumpy()[0]) for _, (_, pid, _) in loader} == mine
        """,
        tmp_path,
    )


def test_draws_in_workers(tmp_path: pathlib.Path) -> None:
    """Each batch begins with seeds of its own, that follow from ``mx.random.seed`` and not from who makes it.

    The program has no file, as in a notebook.
    """
    program = PRELUDE + textwrap.dedent(
        """
        import random
        def draw(i):
            return [float(np.random.rand()), random.random(), float(nd.random.uniform().asscalar())]
        def passes(count):
            mx.random.seed(3)
            loader = DataLoader(SimpleDataset(list(range(8))).transform(draw), 2, num_workers=count)
            return [[b.asnumpy().tolist() for b in loader] for _ in range(2)]
        first = passes(1)
        assert passes(2) == first
        numbers = [n for once in first for batch in once for example in batch for n in example]
        assert len(set(numbers)) == len(numbers) == 48
        """
    )
    done = subprocess.run(
        [sys.executable, "-W", "error"], input=program, capture_output=True, text=True, env=ENVIRONMENT
    )
    assert (done.returncode, done.stderr) == (0, "")


AFTER_A_PROGRAM = """
for _ in range({times}):
    w = nd.ones((64, 1)) * 0.01
    w.attach_grad()
    seen = []
    for x, (jax, pid, i) in DataLoader(Probe().transform_first(lambda x: x.T), 2, shuffle=True, num_workers=2):
        assert not jax.asnumpy().any()
        with autograd.record():
            loss = (nd.dot(x, w) ** 2).sum()
        loss.backward()
        w[:] = w - 1e-6 * w.grad
        seen += i.asnumpy().tolist()
    assert sorted(seen) == list(range(6)) and np.isfinite(w.asnumpy()).all()
del x, jax, pid, i
after = state()
assert after[0] == [] and after[1] == before[1], (before, after)
"""


def test_twice_after_a_program(tmp_path: pathlib.Path) -> None:
    run(LEFT + AFTER_A_PROGRAM.format(times=2), tmp_path)


@pytest.mark.slow
def test_50_times_after_a_program(tmp_path: pathlib.Path) -> None:
    run(LEFT + AFTER_A_PROGRAM.format(times=50), tmp_path)


def test_threads_make_the_same_batches() -> None:
    data = ArrayDataset(nd.arange(20).reshape((10, 2)), nd.arange(10)).transform_first(lambda x: x * 2)
    here = [[part.asnumpy().tolist() for part in batch] for batch in DataLoader(data, 3)]
    loader = DataLoader(data, 3, num_workers=2, thread_pool=True)
    for _ in range(2):
        assert [[part.asnumpy().tolist() for part in batch] for batch in loader] == here

    class Bad(Dataset):
        def __len__(self) -> int:
            return 3

        def __getitem__(self, idx: int) -> Any:
            raise KeyError(idx)

    with pytest.raises(KeyError):
        list(DataLoader(Bad(), 1, num_workers=2, thread_pool=True))


# ------------------------------------------------------------------------------------------------- what is sent


def received(parcel: Parcel) -> list[Segment]:
    """Its memory as another process has it."""
    return [Segment.received(os.dup(each.descriptor)) for each in parcel.segments]


def test_memory_keeps_no_file_open() -> None:
    before = len(os.listdir("/proc/self/fd"))
    parcel = Parcel(np.ones((100, 100)), by_value=False)
    kept = [unpacked(parcel.body, received(parcel)) for _ in range(50)]
    assert len(os.listdir("/proc/self/fd")) == before + 1, "that of the parcel, which is to be sent"
    del parcel
    assert len(os.listdir("/proc/self/fd")) == before and all(each[99, 99] == 1 for each in kept)


def test_large_arrays_are_sent_in_memory_and_not_in_the_pickle(rng: np.random.Generator) -> None:
    large, small = rng.uniform(size=(300, 40)), rng.uniform(size=3).astype("float32")
    thing = {"x": [nd.array(large, dtype="float64"), large[::2].copy()], "y": (nd.array(small), "text")}
    parcel = Parcel(thing, by_value=False)
    assert len(parcel.body) < 2000 and len(parcel.segments) == 1
    back = unpacked(parcel.body, received(parcel))
    assert back["x"][0].dtype is np.float64 and back["x"][0].asnumpy().tolist() == large.tolist()
    assert back["x"][1].tolist() == large[::2].tolist() and back["y"][0].asnumpy().tolist() == small.tolist()
    back["x"][1][:] = 0
    again = unpacked(parcel.body, received(parcel))
    assert again["x"][1].tolist() == large[::2].tolist(), "what one writes the other does not see"


def test_arrays_made_in_shared_memory_are_not_copied() -> None:
    made = [shared((100, 100), np.dtype("float32")) for _ in range(40)]
    for number, each in enumerate(made):
        each[:] = number
    parcel = Parcel(made, by_value=False)
    assert len(parcel.segments) == 33, "the first 32 as they are, the others in one"
    back = unpacked(parcel.body, received(parcel))
    assert [float(each[0, 0]) for each in back] == list(range(40))
    assert all(each.ctypes.data % 64 == 0 for each in back)
    address = parcel.segments[0].address
    assert address == made[0].ctypes.data
    made[0][:] = 9
    assert unpacked(parcel.body, received(parcel))[0][0, 0] == 9


def test_bfloat16_and_numpys_arrays_of_lazynd() -> None:
    things = [nd.ones((100, 100)).astype("bfloat16"), lazynd.np.ones((100, 100)), nd.array([])]
    parcel = Parcel(things, by_value=False)
    back = unpacked(parcel.body, received(parcel))
    assert [type(x) for x in back] == [type(x) for x in things]
    assert [x.shape for x in back] == [x.shape for x in things] and back[0].dtype is things[0].dtype
