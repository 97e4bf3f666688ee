"""Completion in real shells: what --install-completion writes is taken, and completes."""

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest


@pytest.fixture
def home(tmp_path):
    """A home of its own, and the program on the path: fish completes no program that is not there."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    here = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / ".config"), "ZDOTDIR": str(tmp_path)}
    return os.environ | here | {"PATH": path}


def installed(shell, tmp_path, home):
    """Install the completion of a shell and return its script; CI has all three shells."""
    if shutil.which(shell) is None and not os.environ.get("CI"):
        pytest.skip(f"{shell} is not here; apt-get install {shell}")
    command = [sys.executable, "-m", "resnet_bench", "--install-completion", "--shell", shell]
    done = subprocess.run(command, env=home, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    (script,) = (path for path in tmp_path.rglob("*resnet-bench*") if path.is_file())
    return script


def said(shell, code, home):
    done = subprocess.run([shell, "-c", code], env=home, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_bash_completes_a_command(tmp_path, home):
    script = installed("bash", tmp_path, home)
    function = next(line.split("-F ")[1].split()[0] for line in script.read_text().splitlines() if "-F " in line)
    words = 'COMP_WORDS=(resnet-bench com); COMP_CWORD=1; COMP_LINE="resnet-bench com"; COMP_POINT=${#COMP_LINE}'
    assert "compare" in said("bash", f'source "{script}"; {words}; {function}; echo "${{COMPREPLY[@]}}"', home)


def test_fish_finds_the_script_by_itself_and_completes_a_command(tmp_path, home):
    installed("fish", tmp_path, home)
    assert "compare" in said("fish", 'complete -C "resnet-bench com"', home)


def test_zsh_completes_a_command_at_a_terminal(tmp_path, home):
    installed("zsh", tmp_path, home)
    # As most set-ups have it, below what the installation wrote.
    with (tmp_path / ".zshrc").open("a") as rc:
        rc.write("autoload -Uz compinit; compinit -u\nPS1='> '\n")
    assert "calibrate" in typed(["zsh", "-i"], "resnet-bench calib\t", home)


def typed(command, keys, home):
    """What a terminal shows after keys were pressed at a shell's prompt."""
    leader, follower = pty.openpty()
    shell = subprocess.Popen(
        command, stdin=follower, stdout=follower, stderr=follower, env=home | {"TERM": "xterm"}, start_new_session=True
    )
    os.close(follower)
    try:
        seen = shown(leader, "> ")
        os.write(leader, keys.encode())
        return seen + shown(leader, "calibrate")
    finally:
        shell.kill()
        shell.wait()
        os.close(leader)


def shown(leader, until, within_s=30):
    text, end = "", time.monotonic() + within_s
    while until not in text and time.monotonic() < end:
        if select.select([leader], [], [], 0.2)[0]:
            text += os.read(leader, 65536).decode(errors="replace")
    return text
