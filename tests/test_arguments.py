"""Every option of every command given nonsense: a documented exit code, and one line where it is refused."""

import pytest

from resnet_bench import cli
from resnet_bench.errors import ExitCode, IncompleteError
from resnet_bench.runner import live
from resnet_bench.runner.launchers import table
from tests import make

NONSENSE = (
    *("", " ", "-1", "0", "1.5", "nan", "1e999", "9" * 30, "a" * 300, "\x1b[31mred", "\n::error title=a::b"),
    *("::add-mask::x", "\u2028", "../../esc", "/", "/dev/null", "/dev/full", "=1+1", "[", "a,b", "*", "x:y", "\u0665"),
)
# What a command needs beside the option: what it would refuse before it came to that.
BESIDE = {
    "show": ["resnet18"],
    "profile": ["resnet18"],
    "report": ["run"],
    "compare": ["run", "run"],
    "check": ["run"],
    "merge": ["run"],
    "export": ["run"],
    "ab": ["HEAD"],
    "run": ["--device", "cpu"],
}
COMMANDS = [*[[name] for name, _, _ in cli.COMMANDS if name != "baseline"], ["baseline", "set"], ["baseline", "list"]]


class Nowhere:
    """A launcher that starts nothing."""

    def machines(self, _device, _subjects=()):
        raise IncompleteError("nothing is measured here.")

    def ask(self, _request):
        raise IncompleteError("nothing is measured here.")


def options(command):
    """Return the long names of a command's options."""
    app = cli.app
    for name in command:
        app = app[name]
    names = [name for argument in app.assemble_argument_collection() for name in argument.names]
    return sorted({name for name in names if name.startswith("--")} - {"--help", "--version"})


@pytest.fixture
def nothing_measured(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(table.LAUNCHERS, table.DEFAULT, table.LauncherFacts(lambda _: Nowhere()))

    def refuse(*_, **__):
        raise IncompleteError("nothing is measured here.")

    monkeypatch.setattr(live, "measure_pairs", refuse)
    made = make.run_of([make.measurement(make.noisy_launches(1), profile=make.profile())], name="run")
    make.save_run(tmp_path / "run", made)


def test_every_command_has_options():
    assert {" ".join(it): len(options(it)) for it in COMMANDS if not options(it)} == {}


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.usefixtures("nothing_measured")
def test_nonsense_ends_in_a_documented_way(command, capsys):
    for option in options(command):
        for value in NONSENSE:
            given = [*command, *BESIDE.get(command[0], []), f"{option}={value}"]
            code = cli.run(given)
            out, err = capsys.readouterr()
            lines = err.splitlines()
            assert code in set(ExitCode) - {ExitCode.INTERNAL}, (given, err)
            assert all(line.isprintable() for line in lines), (given, err)
            assert not [line for line in (*lines, *out.splitlines()) if line.lstrip().startswith("::")], given
            errors = [line for line in lines if line.startswith("error: ")]
            assert len(errors) == (code in {2, 3} and bool(errors)), (given, err)
            assert code != ExitCode.USAGE or len(errors) == 1 == len(lines), (given, err)
