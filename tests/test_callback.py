"""Callbacks: what they log, when, and what they reset and save. The texts are real MXNet's."""

from __future__ import annotations

import pathlib
import re
from types import SimpleNamespace
from typing import Any

import pytest

from lazynd import callback, metric, nd


def batch(number: int, metric: Any = None, epoch: int = 2) -> Any:
    return SimpleNamespace(epoch=epoch, nbatch=number, eval_metric=metric)


def losses(*values: float) -> metric.Loss:
    found = metric.Loss()
    found.update(None, nd.array(values))
    return found


@pytest.fixture(autouse=True)
def at_info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the root logger was told; lazynd's own says what ran."""
    return [record.getMessage() for record in caplog.records if record.name == "root"]


def test_log_train_metric(caplog: pytest.LogCaptureFixture) -> None:
    loss = losses(1, 2)
    log = callback.log_train_metric(2, auto_reset=True)
    log(batch(1, loss))
    log(batch(2))
    assert not told(caplog)
    log(batch(2, loss))
    assert told(caplog) == ["Iter[2] Batch[2] Train-loss=1.500000"]
    assert loss.num_inst == 0 and loss.global_num_inst == 2


@pytest.mark.parametrize("auto_reset", [True, False])
def test_speedometer(caplog: pytest.LogCaptureFixture, auto_reset: bool) -> None:
    both = metric.CompositeEvalMetric([losses(1, 2), metric.MSE()])
    both.metrics[1].update(nd.zeros(2), nd.ones(2))
    speedometer = callback.Speedometer(4, frequent=2, auto_reset=auto_reset)
    for number in (0, 1, 2, 3):
        speedometer(batch(number, both))
    (text,) = told(caplog)
    assert re.fullmatch(r"Epoch\[2\] Batch \[0-2\]\tSpeed: [\d.]+ samples/sec\tloss=1\.500000\tmse=1\.000000", text)
    assert both.metrics[0].num_inst == (0 if auto_reset else 2)
    speedometer(batch(0, both))  # another epoch: measuring begins anew
    speedometer(batch(2))
    assert re.fullmatch(r"Iter\[2\] Batch \[2\]\tSpeed: [\d.]+ samples/sec", told(caplog)[-1])


def test_batches_since_the_last_line(caplog: pytest.LogCaptureFixture) -> None:
    loss = losses(1)
    speedometer = callback.Speedometer(4, frequent=2)
    for number in range(5):
        speedometer(batch(number, loss))
    assert [text.partition("]\t")[0] for text in told(caplog)] == ["Epoch[2] Batch [0-2", "Epoch[2] Batch [2-4"]


def test_progress_bar(caplog: pytest.LogCaptureFixture) -> None:
    bar = callback.ProgressBar(total=8, length=10)
    bar(batch(3))
    bar(batch(8))
    assert told(caplog) == ["[====------] 38%\r", "[==========] 100%\r"]


def test_validation(caplog: pytest.LogCaptureFixture) -> None:
    log = callback.LogValidationMetricsCallback()
    log(batch(0))
    log(batch(0, losses(3)))
    assert told(caplog) == ["Epoch[2] Validation-loss=3.000000"]


def test_checkpoints(tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture) -> None:
    class Symbol:
        def save(self, file: str, remove_amp_cast: bool) -> None:
            pathlib.Path(file).write_text(str(remove_amp_cast), encoding="utf-8")

    prefix = f"{tmp_path}/net"
    save = callback.do_checkpoint(prefix, period=2)
    save(0, Symbol(), {}, {})
    assert not list(tmp_path.iterdir())
    save(1, Symbol(), {"w": nd.ones(2)}, {"mean": nd.zeros(1)})
    assert (tmp_path / "net-symbol.json").read_text() == "True"
    assert sorted(nd.load(f"{prefix}-0002.params")) == ["arg:w", "aux:mean"]
    assert told(caplog) == [f'Saved checkpoint to "{prefix}-0002.params"']


def test_checkpoints_of_a_module() -> None:
    saved: list[Any] = []
    module = SimpleNamespace(save_checkpoint=lambda *given: saved.append(given))
    save = callback.module_checkpoint(module, "net", period=0, save_optimizer_states=True)
    save(0)
    save(1, None, {}, {})
    assert saved == [("net", 1, True), ("net", 2, True)]
