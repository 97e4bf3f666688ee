"""An sdist and a wheel, built, installed and run where this folder is not seen: `python -m tests.installed`.

Each is installed alone in an environment of its own, which borrows the other packages from the one that runs this.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
RUN = next((ROOT / "reports" / "published").glob("*/run.json")).parent
# One that reads no file of ours, and one each for the suites and the templates.
COMMANDS = (("list",), ("run", "--preset", "rigorous", "--dry-run", "--device", "cpu"), ("report", RUN, "-o", "x.html"))
LICENCE = "licenses/LICENSE"
# Run by the environment's own Python.
LIST_FILES = """import importlib.metadata
print(*importlib.metadata.files("resnet-bench"), sep="\\n")
"""


def output(*command, cwd, env=None):
    return subprocess.run(command, cwd=cwd, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout


def main():
    with tempfile.TemporaryDirectory() as scratch:
        built = Path(scratch) / "dist"
        # `build` makes the wheel from the sdist, so that it holds what a wheel needs.
        pinned = os.environ | {"PIP_CONSTRAINT": str(ROOT / "constraints.txt")}
        output(sys.executable, "-m", "build", "--outdir", built, ROOT, cwd=scratch, env=pinned)
        for archive in sorted(built.iterdir()):
            check(archive, Path(scratch) / archive.suffix.strip("."))
            print(f"{archive.name}: {archive.stat().st_size / 1000:.0f} kB, complete, and its command runs", flush=True)


def check(archive, home):
    output(sys.executable, "-m", "venv", home, cwd=archive.parent)
    packages = output(home / "bin/python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=home)
    borrowed = [path for path in sys.path if path.endswith("site-packages")]
    (Path(packages.strip()) / "borrowed.pth").write_text("\n".join(borrowed) + "\n")
    install = ("pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", archive)
    output(home / "bin/python", "-m", *install, cwd=home)
    there = output(home / "bin/python", "-c", LIST_FILES, cwd=home).split()
    tracked = output("git", "ls-files", "resnet_bench", cwd=ROOT).split()
    missing = {*tracked, "resnet_bench/py.typed"} - set(there)
    if missing or not any(name.endswith(LICENCE) for name in there):
        sys.exit(f"{archive.name} lacks {', '.join(sorted(missing)) or LICENCE}")
    for arguments in COMMANDS:
        if not output(home / "bin/resnet-bench", *arguments, cwd=home).strip():
            sys.exit(f"{archive.name}: resnet-bench {' '.join(map(str, arguments))} printed nothing")


if __name__ == "__main__":
    main()
