"""The command line: names, exit codes, one line for every error. `resnet_bench.commands` holds the commands."""

import errno
import os
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError

from resnet_bench import __version__
from resnet_bench.errors import ResNetBenchError

# Name, where it lives (imported only when it is asked for), and its line in --help.
_COMMANDS = (
    ("list", "models:list_models", "The models, with what each costs and its published accuracy."),
    ("show", "models:show", "The module tree of one model, as torch prints it."),
    ("profile", "profile:profile", "The exact static profile, or with --measured where the time goes."),
    ("run", "run:run", "Measure models on the device at hand."),
    ("merge", "merge:merge", "Runs of several machines, or the shards of a suite, joined into one run."),
    ("report", "report:report", "One offline HTML page, or text, Markdown, JSON or CSV, from runs."),
    ("compare", "compare:compare", "Two runs or baselines: ratio, interval, verdict and reason for every row."),
    ("check", "check:check", "The gate for CI: a run against a baseline by the rules of a thresholds file."),
    ("ab", "ab:ab", "Two revisions measured now, against each other, until there is a verdict."),
    ("calibrate", "calibrate:calibrate", "A/A self-test: what this machine can see, and its noise bands."),
    ("history", "history:history_command", "Series across commits, and which commits moved a level."),
    ("export", "export:export", "A run as asv results of its commit, or as CSV."),
    ("baseline", "baseline:baseline", "Named baselines: set one from runs, or list them."),
    ("machine", "machine:machine", "What is measured on, and what to change for steadier numbers."),
)

# What writing to a file that standard output was sent to can say.
_OUTPUT_ERRORS = frozenset({errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EIO})

app = App(
    name="resnet-bench",
    help="What a residual network costs, how fast it runs here, and whether a commit changed that.",
    version=f"resnet-bench {__version__}",
    suppress_keyboard_interrupt=False,
)
for _name, _target, _help in _COMMANDS:
    app.command(f"resnet_bench.commands.{_target}", name=_name, help=_help)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its documented exit code."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    try:
        result = app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
        sys.stdout.flush()  # here, where a full disk can still be said
    except CycloptsError as error:
        return _fail(_one_line(str(error)), code=2)
    except ResNetBenchError as error:
        return _fail(str(error), code=error.exit_code)
    except KeyboardInterrupt:
        return _fail("interrupted.", code=130)
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except OSError as error:
        if error.filename is not None or error.errno not in _OUTPUT_ERRORS:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is still buffered would fail again at exit
        return _fail(f"cannot write to standard output: {error.strerror}.", code=2)
    return result if isinstance(result, int) else 0


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _fail(message: str, *, code: int) -> int:
    print(f"error: {message}", file=sys.stderr)
    return code
