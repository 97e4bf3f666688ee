"""The first ten minutes on a card, in order of what they teach; `python -m benchmarks.gpu_session` runs them.

Each step is a process of its own under the budget that is left, and is saved the moment it ends: the same command goes
on where one stopped, and measures again what was cut short. Printed: a verdict for each step; written: a page. With
--rehearse every step's code runs on the CPU, small, and where it can on a simulated card, and says what is left.
Exit code: 0 where every step ran, 3 where one failed or is left.
"""

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

BUDGET_S = 540.0
ROOT = Path(__file__).parents[1]
GRACE_S = 5.0


def main(arguments=None):
    """Run the steps that are not done yet."""
    from benchmarks.gpu_steps import STEPS, Verdict
    from resnet_bench.units import parse_seconds

    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu_session", description=__doc__)
    parser.add_argument("--budget", type=parse_seconds, default=BUDGET_S, help="longest time, such as 9m (default)")
    parser.add_argument("-o", "--output", type=Path, help="folder of the session (default: reports/gpu-session)")
    parser.add_argument("--rehearse", action="store_true", help="on the CPU: does every step's code run?")
    parser.add_argument("--step", choices=[step.name for step in STEPS], help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    name = "gpu-session-rehearsed" if asked.rehearse else "gpu-session"
    directory = (asked.output or Path("reports") / name).absolute()
    directory.mkdir(parents=True, exist_ok=True)
    if asked.step:
        return answer(asked.step, directory, budget_s=asked.budget, rehearse=asked.rehearse)
    ends_s = time.monotonic() + asked.budget
    for number, step in enumerate(STEPS, start=1):
        found = saved(directory, step.name)
        if found is None or found["verdict"] in {Verdict.CUT, Verdict.LEFT}:
            found = run(step, directory, left_s=ends_s - time.monotonic(), rehearse=asked.rehearse)
            save(directory, step.name, found)
        print(f"[{number}/{len(STEPS)}] {step.title}: {words(found)}", flush=True)
    print(f"page: {page(directory)}")
    ended = {saved(directory, step.name)["verdict"] for step in STEPS}
    return 3 if ended & {Verdict.CUT, Verdict.LEFT, Verdict.FAILED} else 0


def words(found):
    """Return a step's verdict as one line."""
    not_rehearsed = f" Not rehearsed: {found['not_rehearsed']}." if found["not_rehearsed"] else ""
    return f"{found['verdict']}: {found['said']}{not_rehearsed} ({found['took_s']:.0f} s)"


def run(step, directory, *, left_s, rehearse):
    """Run one step in a process of its own, as long as it may take, and return what came of it."""
    from benchmarks.gpu_steps import Verdict, finding

    limit_s = left_s if rehearse else min(step.most_s, left_s)  # a CPU has other limits, and nothing to hurry for
    if limit_s < (GRACE_S if rehearse else step.least_s):
        needed = f"it needs {step.least_s:.0f} s, {max(0.0, left_s):.0f} s are left; the same command goes on"
        return finding(Verdict.LEFT, needed)
    began_s = time.monotonic()
    command = [sys.executable, "-m", "benchmarks.gpu_session", "--step", step.name, "-o", str(directory)]
    command += ["--budget", f"{limit_s:.0f}s", *(["--rehearse"] if rehearse else [])]
    with (directory / f"{step.name}.log").open("wb") as log:
        child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, start_new_session=True)
        try:
            answered, _ = child.communicate(timeout=limit_s + GRACE_S)
        except subprocess.TimeoutExpired:
            found = finding(Verdict.CUT, f"not finished after {limit_s:.0f} s; the same command tries it again")
        except KeyboardInterrupt:
            _end(child)
            raise
        else:
            found = _read(answered, child.returncode, log.name)
        finally:
            _end(child)
    return found | {"took_s": time.monotonic() - began_s}


def _read(answered, code, log):
    from benchmarks.gpu_steps import Verdict, finding

    try:
        return json.loads(answered.decode().strip().splitlines()[-1])
    except (ValueError, IndexError):
        lines = [line for line in Path(log).read_text(errors="replace").splitlines() if line.strip()]
        said = lines[-1].strip() if lines else "without a word"
        return finding(Verdict.FAILED, f"ended with {code}: {said}")


def _end(child):
    with contextlib.suppress(ProcessLookupError, PermissionError):  # already gone
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def answer(name, directory, *, budget_s, rehearse):
    """Do one step in this process, and print what came of it as one line of JSON."""
    from benchmarks import gpu_steps
    from benchmarks.gpu_rehearsal import also_simulated

    scale = gpu_steps.REHEARSAL if rehearse else gpu_steps.CARD
    step = next(step for step in gpu_steps.STEPS if step.name == name)
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    ends_s = time.monotonic() + budget_s
    found = step.run()(scale, directory, ends_s)
    if rehearse:
        found = also_simulated(step, found, directory, ends_s) if step.simulated else found
        found = found | {"not_rehearsed": step.only_on_a_card}
    out.write(json.dumps(found) + "\n")
    out.flush()
    os._exit(0)


def saved(directory, name):
    """Return what a step came to, None where it never ran."""
    path = directory / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else None


def save(directory, name, found):
    """Keep what a step came to, whole or not at all."""
    from resnet_bench.storage import files

    files.whole(directory / f"{name}.json", json.dumps(found, indent=1).encode())


def page(directory):
    """Write every step with its verdict and its figures into one page, and return where."""
    from benchmarks.gpu_steps import STEPS
    from resnet_bench.report.document import Document, Section
    from resnet_bench.report.renderers import Format, render
    from resnet_bench.report.table import Column, ColumnKind, Table
    from resnet_bench.storage import files

    def table(name, rows):
        keys = list(dict.fromkeys(key for row in rows for key in row))
        return Table(
            id=name,
            caption="",
            columns=tuple(Column(key=key, title=key, kind=ColumnKind.TEXT) for key in keys),
            rows=tuple(tuple(str(row.get(key, "")) for key in keys) for row in rows),
            shown=tuple(keys),
        )

    every = [(step, saved(directory, step.name)) for step in STEPS]
    verdicts = [
        {"step": step.title, "verdict": found["verdict"], "what it says": found["said"]} for step, found in every
    ]
    sections = [Section(id="verdicts", title="Verdicts", tables=(table("verdicts-table", verdicts),))]
    for step, found in every:
        tables = (table(f"{step.name}-table", found["rows"]),) if found["rows"] else ()
        sections.append(Section(id=step.name, title=step.title, paragraphs=(words(found),), tables=tables))
    document = Document(
        title="The first ten minutes on a card",
        kind="gpu session",
        content=lambda: {step.name: found for step, found in every},
        rows=lambda: table("verdicts-table", verdicts),
        sections=tuple(sections),
    )
    return files.whole(directory / "session.html", render(document, Format.HTML))


if __name__ == "__main__":
    sys.exit(main())
