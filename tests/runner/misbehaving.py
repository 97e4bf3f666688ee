"""Models whose code does what a model's should not, for `tests.runner.misbehaving:NAME`."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable

from torch import nn

SLEEPS = [sys.executable, "-c", "import time; time.sleep(600)"]


def tiny(at_forward: Callable[[], object] = lambda: None) -> nn.Module:
    class Tiny(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(3, 10)

        def forward(self, images):
            at_forward()
            return self.linear(images.mean((2, 3)))

    return Tiny()


class WithoutWordsError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


class SurrogateError(Exception):
    def __str__(self) -> str:
        return "\udc80 is no character"


def raises(error: BaseException) -> nn.Module:
    raise error


def exits() -> nn.Module:
    sys.exit(0)


def exits_with_words() -> nn.Module:
    sys.exit("bye\nbye")


def exits_hard() -> nn.Module:
    os._exit(7)


def exits_hard_and_well() -> nn.Module:
    os._exit(0)


def interrupts() -> nn.Module:
    raise KeyboardInterrupt


def leaves_as_a_generator() -> nn.Module:
    raise GeneratorExit


def has_no_words() -> nn.Module:
    raise WithoutWordsError


def has_odd_words() -> nn.Module:
    raise SurrogateError


def steers_terminals() -> nn.Module:
    raise ValueError("\x1b[2J::error title=x::pwned\n##[add-mask]e")


def exits_in_forward() -> nn.Module:
    return tiny(lambda: sys.exit(3))


def exits_hard_in_forward() -> nn.Module:
    return tiny(lambda: os._exit(9))


def dies_of_a_signal_without_a_name() -> nn.Module:
    os.kill(os.getpid(), 40)
    return tiny()


def closes_everything() -> nn.Module:
    os.closerange(0, 256)
    return tiny()


def takes_the_answers_place() -> nn.Module:
    """Closes all files and opens one, which gets the lowest number."""
    os.closerange(0, 256)
    for _ in range(8):
        os.open(os.devnull, os.O_WRONLY)
    return tiny()


# Those below are measured all the same.


def cannot_be_printed() -> nn.Module:
    class Shy(nn.Linear):
        def __repr__(self) -> str:
            raise RuntimeError("not me")

    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), Shy(3, 10))


def leaves_its_folder() -> nn.Module:
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
    return tiny()


def talks() -> nn.Module:
    for _ in range(100):
        print("\x1b[31m" + "x" * 2**20)
    return tiny()


def eats_signals() -> nn.Module:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    return tiny()


def asks_for_input() -> nn.Module:
    try:
        input()
    except EOFError:
        return tiny()
    raise RuntimeError("somebody answered")


def forks() -> nn.Module:
    if os.fork() == 0:
        signal.pause()
    return tiny()


def forks_in_forward() -> nn.Module:
    return tiny(lambda: os.fork() or signal.pause())


def makes_a_daemon() -> nn.Module:
    subprocess.Popen(SLEEPS, start_new_session=True)
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        signal.pause()
    return tiny()


def comes_back_twice() -> nn.Module:
    os.fork()
    return tiny()
