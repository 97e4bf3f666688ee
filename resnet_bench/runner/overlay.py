"""An environment for one side of a live comparison: the invoking one, and over it what the side's own project asks for.

Installed with `pip install --editable`, so that compiled extensions are built too. A requirement that the invoking
environment satisfies is not installed again; another version of it is, and goes first.
"""

import contextlib
import site
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from pathlib import Path

import msgspec

from resnet_bench import scratch
from resnet_bench.errors import UsageError
from resnet_bench.records.live import Side

INSTALL_LIMIT_S = 1800.0


@contextlib.contextmanager
def installed(side: Side) -> Iterator[Side]:
    """Yield the side with an interpreter that has its project installed.

    Raises:
        UsageError: the project cannot be built or installed.
    """
    with scratch.folder("env") as home:
        venv.create(home, with_pip=False, symlinks=True)
        python = home / "bin" / "python"
        _lay_over_this_environment(home)
        command = [
            str(python),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--editable",
            side.root,
        ]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_LIMIT_S, check=False)
        except subprocess.TimeoutExpired:
            raise UsageError(f"{side.label}: pip install did not end within {INSTALL_LIMIT_S:g} s.") from None
        if done.returncode:
            said = [line.strip() for line in done.stderr.splitlines() if line.lstrip().lower().startswith("error")]
            raise UsageError(f"{side.label}: pip install failed: {said[0] if said else done.stderr.strip()[-300:]}")
        yield msgspec.structs.replace(side, python=str(python))


def _lay_over_this_environment(home: Path) -> None:
    """Let the new environment see this one's packages, after its own (site: .pth files append to sys.path)."""
    seen = [path for path in (*site.getsitepackages(), sysconfig.get_path("purelib")) if Path(path).is_dir()]
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    target = home / "lib" / version / "site-packages" / "invoking-environment.pth"
    target.write_text("".join(f"{path}\n" for path in dict.fromkeys(seen)))
