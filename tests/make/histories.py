"""Repositories, asv's results of their commits, and runs at them."""

import json
import math
import random
import subprocess

from tests.make.cases import case, change
from tests.make.commits import FIRST, commit
from tests.make.environments import IDENTITY
from tests.make.measurements import measurement, noisy_launches
from tests.make.profiles import profile
from tests.make.runs import run_of


def git(folder, *arguments, **options):
    done = subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True, text=True, **options)
    return done.stdout.strip()


def make_repository(folder, count, *, backwards=False):
    """Return the revisions of `count` commits; `backwards` gives them falling dates, so that order and date differ."""
    git(folder, "init", "-q", "-b", "main")
    lines = []
    for number in range(count):
        when = FIRST + 3600 * (count - number if backwards else number)
        lines += ["commit refs/heads/main", f"committer A <a@example.org> {when} +0000", f"data <<E\n{number}\nE"]
    git(folder, "fast-import", "--quiet", input="\n".join(lines) + "\n")
    return git(folder, "rev-list", "--reverse", "main").split()


def asv_folder(folder, revisions, values, **changes):
    """Write results of one benchmark without parameters; `changes` replace fields of every file."""
    machine = changes.pop("machine", "alpha")
    for number, (revision, value) in enumerate(zip(revisions, values, strict=True)):
        content = {"commit_hash": revision, "env_name": "e", "date": (FIRST + 3600 * number) * 1000, "version": 2}
        content |= {"params": {"machine": machine}, "python": "3.11", "requirements": {"torch": "2.13"}}
        content |= {"result_columns": ["result", "params", "version"], "env_vars": {}}
        content |= {"results": {"a.track_x": [[value], [], "1"]}} | changes
        path = folder / machine / f"{revision[:8]}-{changes.get('env_name', 'e')}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
    return folder


def noisy(seed, *levels, noise=0.01):
    """Return values of levels given as (length, level), with normal noise of their logarithms."""
    rng = random.Random(seed)
    return [level * math.exp(rng.gauss(0, noise)) for length, level in levels for _ in range(length)]


def run_at(revision, number, *, seed, factor=1.0, dirty=False, identity=IDENTITY, of=None):
    """Return a run of one case at commit number `number` of a repository."""
    of = of or case()
    launches = noisy_launches(seed, factor=factor, noise=0.01)
    run = run_of([measurement(launches, of=of, profile=profile(of))], name=f"run-{number}-{seed}", identity=identity)
    return at(revision, run, number, dirty=dirty)


def at(revision, run, number=0, *, dirty=False):
    return change(run, header=change(run.header, commit=commit(revision, number, dirty=dirty)))
