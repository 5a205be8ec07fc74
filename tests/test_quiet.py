"""Chatter is swallowed at the file descriptor, and shown when something fails."""

import os

import pytest

from vmnet.quiet import quiet


def test_chatter_is_swallowed_and_standard_error_comes_back(capfd):
    with quiet(), quiet():
        os.write(2, b"from C++\n")
    os.write(2, b"afterwards")
    assert capfd.readouterr() == ("", "afterwards")


def test_a_failure_shows_what_was_written(capfd):
    def fail() -> None:
        os.write(2, b"the reason")
        raise RuntimeError

    with pytest.raises(RuntimeError), quiet():
        fail()
    assert capfd.readouterr().err == "the reason"


def test_what_the_work_prints_is_left_alone(capfd):
    with quiet():
        os.write(1, b"a result")
    assert capfd.readouterr().out == "a result"
