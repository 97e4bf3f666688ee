"""Completion in real shells: what --install-completion writes is taken, and completes."""

import os
import shutil
import subprocess
import sys

import pytest

# What is run in each shell, and what it then says.
COMPLETES = {
    "bash": 'source "{script}"; COMP_WORDS=(resnet-bench com); COMP_CWORD=1; COMP_LINE="resnet-bench com"; '
    "COMP_POINT=${{#COMP_LINE}}; {function}; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
    "zsh": 'autoload -Uz compinit; compinit -u; source "{script}"; print "${{_comps[resnet-bench]}}"',
    "fish": 'source "{script}"; complete -C "resnet-bench com"',
}


@pytest.mark.parametrize("shell", sorted(COMPLETES))
def test_it_completes_in_a_shell(shell, tmp_path):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not here")
    command = [sys.executable, "-m", "resnet_bench", "--install-completion", "--shell", shell]
    home = os.environ | {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / ".config")}
    done = subprocess.run(command, env=home, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    (script,) = (path for path in tmp_path.rglob("*resnet-bench*") if path.is_file())
    text = script.read_text()
    function = next(
        (line.split("-F ")[1].split()[0] for line in text.splitlines() if "complete " in line and "-F " in line), ""
    )
    code = COMPLETES[shell].format(script=script, function=function)
    shown = subprocess.run([shell, "-c", code], env=home, capture_output=True, text=True, timeout=60)
    assert ("_cyclopts" if shell == "zsh" else "compare") in shown.stdout, shown.stderr
