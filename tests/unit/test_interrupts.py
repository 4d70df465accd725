"""Signals that wait, in this process; the lake's own use of them is tested by killing processes."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from stedi.interrupts import Terminated, unbroken, undoing_when_terminated


def test_an_interrupt_waits_until_the_block_has_ended():
    done = []

    def work():
        with unbroken():
            signal.raise_signal(signal.SIGINT)
            done.append("the rest")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["the rest"]
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_blocks_in_blocks_wait_for_the_outermost():
    done = []

    def work():
        with unbroken():
            with unbroken():
                signal.raise_signal(signal.SIGINT)
            done.append("the rest")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["the rest"]


def test_an_error_in_the_block_is_raised_and_the_interrupt_is_not_lost():
    with pytest.raises(ZeroDivisionError) as caught, unbroken():
        raise ZeroDivisionError
    assert caught.value.__context__ is None


def test_a_handler_of_the_user_is_called_afterwards():
    heard = []
    before = signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))
    try:
        with unbroken():
            signal.raise_signal(signal.SIGTERM)
            assert heard == []
        assert heard == [signal.SIGTERM]
        # Whoever handles a signal in their own way keeps it.
        with undoing_when_terminated():
            signal.raise_signal(signal.SIGTERM)
        assert heard == [signal.SIGTERM] * 2
    finally:
        signal.signal(signal.SIGTERM, before)


def test_other_threads_hear_no_signals_and_run_as_they_are():
    done = []

    def work():
        with unbroken(), undoing_when_terminated():
            done.append(threading.current_thread())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [thread]


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_terminated_process_undoes_and_then_ends_by_the_same_signal():
    code = """
import os, signal
from stedi.interrupts import undoing_when_terminated
with undoing_when_terminated():
    try:
        os.kill(os.getpid(), signal.SIGTERM)
    finally:
        print("undone", flush=True)
print("never")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGTERM, "undone\n", "")


def test_what_is_raised_is_no_exception_that_somebody_swallows():
    assert not issubclass(Terminated, Exception)
