"""A section that SIGINT must not split: held back, delivered afterwards, the handler of the program put back."""

import signal

import pytest

from lazynd.runtime.interrupt import DeferInterrupt


def test_an_interrupt_inside_arrives_when_the_section_is_over() -> None:
    finished = False
    with pytest.raises(KeyboardInterrupt), DeferInterrupt():
        signal.raise_signal(signal.SIGINT)
        finished = True
    assert finished


@pytest.mark.parametrize("handler", [signal.SIG_IGN, signal.default_int_handler])
def test_the_handler_is_the_same_afterwards(handler: object) -> None:
    before = signal.signal(signal.SIGINT, handler)  # type: ignore[arg-type]
    try:
        with DeferInterrupt():
            pass
        assert signal.getsignal(signal.SIGINT) is handler or signal.getsignal(signal.SIGINT) == handler
    finally:
        signal.signal(signal.SIGINT, before)
