"""The table of axes is whole, and what it says holds wherever an axis is read."""

import msgspec
import pytest

from resnet_bench import cli
from resnet_bench.config.axes import ALONE, AXES, BY_NAME, find
from resnet_bench.config.case_labels import label, label_of_pair, labels
from resnet_bench.errors import UsageError
from resnet_bench.records import Case, Executor
from tests.make import case


def test_every_field_of_a_case_has_a_row():
    """Whoever adds a field adds its row; the machine is no axis: a joined run has it, nobody asks for it."""
    assert set(BY_NAME) == set(Case.__struct_fields__) - {"machine"}
    assert len(BY_NAME) == len(AXES)


def test_no_two_axes_share_a_name_a_plural_or_a_flag():
    spelled = [name for axis in AXES for name in {axis.name, axis.plural}]
    assert len(spelled) == len(set(spelled))
    assert len({axis.flag for axis in AXES}) == len(AXES)


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "--dry-run", "--precision", "int9"),
        ("profile", "resnet18", "--precision", "int9"),
        ("ab", "HEAD", "--precision", "int9"),
        ("ab", "HEAD", "--case-a", "precision=int9"),
        ("machine", "--ceilings", "--precision", "int9"),
    ],
)
def test_one_sentence_meets_a_wrong_value_everywhere(capsys, arguments):
    assert cli.run(arguments) == 2
    said = capsys.readouterr().err
    assert "'int9': expected one of fp32, tf32, fp16, bf16, amp_fp16, amp_bf16, fp64, fp8, or int8." in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("spelling", ["amp-fp16", "amp_fp16"])
def test_a_hyphen_is_an_underscore_in_every_command(capsys, spelling):
    assert cli.run(["run", "--dry-run", "--models", "resnet18", "--precision", spelling]) == 0
    assert cli.run(["profile", "resnet18", "--precision", spelling]) == 0
    assert "amp_fp16" in capsys.readouterr().out


def test_both_modes_are_two():
    cases = [case(threads=count, mode=mode) for count in (1, 2) for mode in ("inference", "training")]
    assert len(set(labels(cases).values())) == 4


def test_mode_both_is_planned_as_both(capsys):
    assert cli.run(["run", "--dry-run", "--models", "resnet18", "--mode", "both", "--batch-sizes", "1"]) == 0
    lines = [it for it in capsys.readouterr().out.splitlines() if " on " in it]
    assert len(lines) == len(set(lines)) == 2


def test_no_two_lines_of_a_plan_are_alike(capsys):
    assert cli.run(["run", "--dry-run", "--models", "resnet18", "--threads", "1,2", "--batch-size", "1"]) == 0
    lines = [it for it in capsys.readouterr().out.splitlines() if " on " in it]
    assert len(lines) == len(set(lines)) == 2


def test_patterns_name_models(capsys, tmp_path):
    suite = tmp_path / "suite.toml"
    suite.write_text('[[sweep]]\nmodels = ["resnet1?"]\n[[exclude]]\nmodels = ["*4"]\n')
    assert cli.run(["run", str(suite), "--dry-run"]) == 0
    assert {it.split()[0] for it in capsys.readouterr().out.splitlines() if " on " in it} == {"resnet10", "resnet18"}
    assert cli.run(["profile", "cifar_resnet2?", "--format", "csv"]) == 0
    assert "cifar_resnet20" in capsys.readouterr().out
    for arguments in (
        ("run", "--dry-run", "--models", "rexnet*"),
        ("profile", "rexnet*"),
        ("ab", "HEAD", "--models", "rexnet*"),
    ):
        assert cli.run(arguments) == 2
        assert "no model is called like 'rexnet*'" in capsys.readouterr().err


def test_case_a_takes_the_name_or_its_plural_and_names_the_nearest(capsys):
    assert cli.run(["ab", "HEAD", "--case-a", "batch_sizes=0"]) == 2
    assert (
        "--case-a: batch_size = '0': expected a whole number of 1 or more, at most 2147483647."
        in capsys.readouterr().err
    )
    assert cli.run(["ab", "HEAD", "--case-a", "precison=fp16"]) == 2
    assert "Did you mean 'precision'?" in capsys.readouterr().err


def test_a_pair_of_cases_is_called_by_what_it_shares_and_how_it_differs():
    left = case(model="resnet18", batch_size=1, image_size=96)
    assert label_of_pair(left, left) == label(left)
    differing = msgspec.structs.replace(left, executor=Executor.COMPILE, threads=2)
    assert label_of_pair(left, differing) == f"{label(left)}: eager 1 thread against compile 2 threads"
    larger = left.with_batch_size(8)
    assert label_of_pair(left, larger) == f"{label(left)} against {label(larger)}"


@pytest.mark.parametrize("name", ["copies", "world_size", "world-sizes", "scaling", "nodes"])
def test_what_is_of_several_processes_is_said_to_be_where_one_a_side_is_taken(name):
    with pytest.raises(UsageError, match=f"--case-b: '{name}' is of several processes at once, and here a side is one"):
        find(name, "--case-b", among=ALONE)
