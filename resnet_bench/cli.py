"""The command line: names, exit codes, one line for every error. `resnet_bench.commands` holds the commands."""

import errno
import os
import resource
import sys
import traceback
from collections.abc import Iterator, Sequence
from enum import Enum
from pathlib import Path

from cyclopts import App, CoercionError, CycloptsError

from resnet_bench import __version__, streams
from resnet_bench.commands.examples import epilogue
from resnet_bench.errors import ExitCode, InternalError, ResNetBenchError, UsageError, nearest, text_of
from resnet_bench.words import either, say

# Name, where it lives (imported only when it is asked for), and its line in --help.
COMMANDS = (
    ("list", "models:list_models", "The models, with what each costs and its published accuracy."),
    ("show", "models:show", "The module tree of one model, as torch prints it."),
    ("profile", "profile:profile", "The exact static profile, or with --measured where the time goes."),
    ("predict", "predict:predict", "The latency of networks that nobody has measured, from this machine's layers."),
    ("design", "design:design", "Architectures under budgets, searched by closed form and this machine's layers."),
    ("run", "run:run", "Measure models on the device at hand."),
    ("merge", "merge:merge", "Runs of several machines, or the shards of a suite, joined into one run."),
    ("report", "report:report", "One offline HTML page, or text, Markdown, JSON, CSV or LaTeX, from runs."),
    ("compare", "compare:compare", "Two runs or baselines: ratio, interval, verdict and reason for every row."),
    ("check", "check:check", "The gate for CI: a run against a baseline by the rules of a thresholds file."),
    ("ab", "ab:ab", "Two revisions measured now, against each other, until there is a verdict."),
    ("bisect", "bisect:bisect", "The commit that made a model slower: git bisect by launch pairs."),
    ("calibrate", "calibrate:calibrate", "A/A self-test: what this machine can see, and its noise bands."),
    ("history", "history:history_command", "Series across commits, and which commits moved a level."),
    ("export", "export:export", "A run as asv results of its commit, or as CSV."),
    ("baseline", "baseline:baseline", "Named baselines: set one from runs, or list them."),
    ("init", "init:init", "A suite, thresholds, workflows and an asv suite for another repository."),
    ("machine", "machine:machine", "What is measured on, and what to change for steadier numbers."),
)

DEBUG = "RESNET_BENCH_DEBUG"
# What a path that a user named can say wherever it is looked at or a folder is made, `Path.exists` included.
_PATH_ERRORS = frozenset(
    {
        *(errno.EACCES, errno.EPERM, errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR, errno.EISDIR),
        *(errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE),
    }
)
_NO_MORE = frozenset({errno.EAGAIN, errno.ENOMEM})  # of processes or memory, whatever was asked

app = App(
    name="resnet-bench",
    help="What a residual network costs, how fast it runs here, and whether a commit changed that.",
    version=f"resnet-bench {__version__}",
    suppress_keyboard_interrupt=False,
)
for _name, _target, _help in COMMANDS:
    # A group of commands has its examples where it is defined.
    _more = {} if _name == "baseline" else {"help_epilogue": epilogue(_name)}
    app.command(f"resnet_bench.commands.{_target}", name=_name, help=_help, **_more)
app.register_install_completion_command(help="Install completion for bash, zsh or fish.")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its documented exit code."""
    streams.make_usable()
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    try:
        _refuse_bytes(arguments)
        result = app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
        sys.stdout.flush()  # here, where a full disk can still be said
    except BaseException as error:  # noqa: BLE001 - the one door: all get their code
        message, code = _said_of(error)
        say(f"error: {message}")
        return code
    return result if isinstance(result, int) else ExitCode.DONE


def _refuse_bytes(arguments: Sequence[str]) -> None:
    """Refuse what is no text: it could be written into no document."""
    variables = (value for name, value in os.environ.items() if name.startswith("RESNET_BENCH_"))
    for text in (*arguments, *variables):
        if any("\ud800" <= char <= "\udfff" for char in text):
            said = text.encode(errors="replace").decode()
            raise UsageError(f"'{said}' is not UTF-8 text; rename what it names, or link to it.")


def _said_of(error: BaseException) -> tuple[str, ExitCode]:
    """Return one line and the exit code; what nobody foresaw is a fault of ours, and no finding of a gate."""
    match error:
        case CycloptsError():
            return _mistake(error), ExitCode.USAGE
        case ResNetBenchError():
            if isinstance(error, InternalError) and os.environ.get(DEBUG):
                traceback.print_exception(error)
            return str(error), error.exit_code
        case KeyboardInterrupt():
            return "interrupted.", ExitCode.INTERRUPTED
        case OSError() if error.filename == streams.OUTPUT:
            return f"cannot write to standard output: {error.strerror}.", ExitCode.USAGE
        case OSError() if error.filename is not None and error.errno in _PATH_ERRORS:
            return f"cannot use {error.filename}: {error.strerror}.", ExitCode.USAGE
    return _said_of_cause(error)


def _said_of_cause(error: BaseException) -> tuple[str, ExitCode]:
    """Return what is said of an exception that nobody foresaw, unless what led to it is one that somebody did."""
    chain = tuple(_chain(error))
    if any(isinstance(each, KeyboardInterrupt) for each in chain):
        return "interrupted.", ExitCode.INTERRUPTED
    if any(map(_lacks_descriptors, chain)):
        return f"too many files are open at once: {_open_files()}.", ExitCode.USAGE
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in _NO_MORE):
        return "the system has no more memory or processes to give; raise the limit, or close others.", ExitCode.USAGE
    found = _unforeseen(error)
    return str(found), found.exit_code


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and those that led to it."""
    seen: set[int] = set()
    at: BaseException | None = error
    while at is not None and id(at) not in seen:
        seen.add(id(at))
        yield at
        at = at.__cause__ or at.__context__


def _lacks_descriptors(error: BaseException) -> bool:
    """Return whether no more files can be opened; what a library needs is then said to be missing."""
    wanting = os.strerror(errno.EMFILE), os.strerror(errno.ENFILE)
    by_number = isinstance(error, OSError) and error.errno in {errno.EMFILE, errno.ENFILE}
    return by_number or (isinstance(error, ImportError) and any(words in text_of(error) for words in wanting))


def _open_files() -> str:
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return f"this process may have {allowed} (ulimit -n); allow it 256 or more"


def _unforeseen(error: BaseException) -> InternalError:
    if os.environ.get(DEBUG):
        traceback.print_exception(error)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(frame.filename).name}:{frame.lineno}, resnet-bench {__version__}"
    return InternalError(f"{type(error).__name__}: {_one_line(text_of(error))} ({where})")


def _mistake(error: CycloptsError) -> str:
    """Return the parser's sentence; what is none of a flag's choices meets the one that all wrong values meet."""
    if isinstance(error, CoercionError) and error.token and isinstance(error.target_type, type(Enum)):
        names = [str(member.value) for member in error.target_type]
        flag, value = error.token.keyword, error.token.value
        return f"{flag} '{value}': expected one of {either(names)}.{nearest(value, names)}"
    return _one_line(str(error))


def _one_line(text: str) -> str:
    return " ".join(text.split())
