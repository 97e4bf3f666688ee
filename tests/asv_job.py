"""asv on this repository, for real: `python -m tests.asv_job`, a few minutes, one model on the CPU.

In a scratch clone, `asv run` measures two real commits and some planted ones, of which one makes resnet18 slower;
compare, continuous and publish show them, and `asv find` and `resnet-bench history` must both name the slow commit.
The clone's asv environment borrows torch and the rest from the environment that runs this, by a .pth file.
"""

import json
import os
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
BENCHMARK = r"latency\.Latency\.track_latency\('resnet18', 1, 'inference', 'cpu'\)"
BEFORE = 2  # planted commits without a change, beside two real ones
AFTER = 2  # planted commits after the slow one
MODEL = "resnet_bench/models/resnet.py"
FORWARD = '"""Map images (N, C, H, W) to class scores (N, num_classes), or to features (N, out_features)."""\n'
# Run by the environment's own Python: what is not installed there is found where this job's packages lie.
_BORROW = """import pathlib, sysconfig
pathlib.Path(sysconfig.get_path("purelib"), "borrowed.pth").write_text("{site}")
"""
SLOW = FORWARD + '        __import__("time").sleep(1.0)\n'


def say(text):
    print(f"[{time.perf_counter() - _START:4.0f} s] {text}", flush=True)


_START = time.perf_counter()


class Clone:
    """A scratch clone with an asv that builds nothing but this package."""

    def __init__(self, scratch):
        self.root = Path(scratch) / "clone"
        self.variables = os.environ | {"HOME": str(scratch), "OMP_NUM_THREADS": "1"}
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(self.root)], check=True)
        self.git("checkout", "--quiet", "-B", "main")
        self.git("config", "user.name", "asv job")
        self.git("config", "user.email", "asv@example.org")
        (self.root / "borrow.py").write_text(_BORROW.format(site=sysconfig.get_path("purelib")))
        configuration = json.loads((ROOT / "asv.conf.json").read_text())
        requirements = configuration["matrix"]["req"]
        configuration["matrix"] = {"req": {"pip+asv_runner": requirements["pip+asv_runner"]}}
        configuration["install_command"].append("python {conf_dir}/borrow.py")
        # One launch of a few samples a commit: asv runs the benchmarks as they lie here, committed or not.
        self.edit("benchmarks/latency.py", "track_latency.rounds = 2", "track_latency.rounds = 1")
        self.edit("benchmarks/engine.py", "SAMPLES = 5 ", "SAMPLES = 3 ")
        (self.root / "asv.job.json").write_text(json.dumps(configuration))

    def git(self, *arguments):
        done = subprocess.run(["git", *arguments], cwd=self.root, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def asv(self, *arguments, expected=(0,)):
        say(f"asv {' '.join(arguments)}")
        command = [sys.executable, "-m", "asv", "--config", "asv.job.json", *arguments]
        done = self._run(command, expected)
        return done.stdout + done.stderr

    def resnet_bench(self, *arguments, expected=(0,)):
        say(f"resnet-bench {' '.join(arguments)}")
        return self._run([sys.executable, "-m", "resnet_bench", *arguments], expected).stdout

    def _run(self, command, expected):
        done = subprocess.run(
            command, cwd=self.root, env=self.variables, capture_output=True, text=True, timeout=900, check=False
        )
        if done.returncode not in expected:
            sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done

    def edit(self, name, old, new):
        path = self.root / name
        text = path.read_text()
        if old not in text:
            sys.exit(f"{name} has no such line: {old}")
        path.write_text(text.replace(old, new, 1))

    def plant(self, message, *names):
        if names:
            self.git("add", *names)
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")


def main():
    with tempfile.TemporaryDirectory() as scratch:
        clone = Clone(scratch)
        first, second = clone.git("rev-list", "--max-count=2", "--first-parent", "HEAD").split()[::-1]
        planted = [clone.plant(f"Nothing {number}") for number in range(BEFORE)]
        clone.edit(MODEL, FORWARD, SLOW)
        culprit = clone.plant("Slow resnet18 down", MODEL)
        planted += [culprit, *(clone.plant(f"Nothing more {number}") for number in range(AFTER))]
        Path(scratch, "hashes").write_text("\n".join([first, second, *planted]) + "\n")

        clone.resnet_bench("machine", "--asv", "--device", "cpu")
        clone.asv("run", "--record-samples", "--bench", BENCHMARK, f"HASHFILE:{scratch}/hashes")
        print(clone.asv("compare", first, second))
        print(clone.asv("continuous", first, second, "--bench", BENCHMARK, expected=(0, 1)))
        found = clone.asv("find", f"{second}..{planted[-1]}", BENCHMARK)
        if culprit[:8] not in found:
            sys.exit(f"asv find did not name {culprit[:8]}:\n{found}")
        say(f"asv find named {culprit[:8]}")
        clone.asv("publish", "--no-pull")
        if not (clone.root / ".asv" / "html" / "index.json").exists():
            sys.exit("asv publish wrote no index.json")
        print(clone.resnet_bench("history", "--min-change", "20%"))
        gate = ("history", "--format", "json", "--fail-on", "regressed", "--since", second)
        history = json.loads(clone.resnet_bench(*gate, expected=(1,)))
        named = {
            history["commits"][it["first_after"]]["revision"] for one in history["series"] for it in one["changes"]
        }
        if culprit not in named:
            sys.exit(f"history did not name {culprit[:8]}: {named}")
        say(f"resnet-bench history named {culprit[:8]}")


if __name__ == "__main__":
    main()
