"""Progress on standard error: soon, seldom in a log, gone from a terminal when done."""

import itertools
import sys

from resnet_bench.commands.ticker import Ticker


def test_a_log_hears_of_it_within_a_second_and_then_every_ten(capsys):
    with Ticker(clock=itertools.count(0, 1).__next__) as ticker:
        for number in range(25):
            ticker(f"read {number}")
    assert capsys.readouterr().err.splitlines() == ["read 0", "read 10", "read 20"]


def test_nothing_is_said_of_what_is_quick(capsys):
    with Ticker(clock=itertools.count(0, 0.01).__next__) as ticker:
        for number in range(20):
            ticker(f"read {number}")
    assert capsys.readouterr().err == ""


def test_a_terminal_has_one_line_that_is_gone_in_the_end(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with Ticker(clock=itertools.count(0, 1).__next__) as ticker:
        ticker("read 1")
        ticker("read 2\x1b[31m")
    err = capsys.readouterr().err
    assert err.split("\r\x1b[K")[:2] == ["", "read 1"]
    assert "\x1b[31m" not in err
    assert err.endswith("\r\x1b[K")
    assert "\n" not in err
