"""`--world-size`: what is planned, and what is a skip before the first launch."""

import pytest

from resnet_bench import cli
from resnet_bench.errors import ExitCode
from resnet_bench.records import Mode, Scaling, SkipReason
from resnet_bench.report.labels import label
from resnet_bench.storage import run_directory
from tests.make import case
from tests.runner.instant import Machine

ASKED = ("--models", "resnet18", "--launches", "1", "--device", "cpu", "-o", "r")


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """Two cores."""
    monkeypatch.chdir(tmp_path)
    return Machine().install(monkeypatch)


def planned(machine):
    return [(it.case.mode, it.case.batch_size, it.case.world_size, it.case.scaling) for it in machine.requests]


def test_one_rank_is_one_case_whatever_the_scaling(machine, tmp_path):
    axes = ("--mode", "both", "--batch-sizes", "4,5", "--world-size", "1,2,4", "--scaling", "weak,strong")
    assert cli.run(["run", *ASKED, *axes]) == ExitCode.DONE
    alone = [(mode, size, 1, Scaling.WEAK) for mode in Mode for size in (4, 5)]
    both = [(Mode.TRAINING, 4, 2, Scaling.WEAK), (Mode.TRAINING, 4, 2, Scaling.STRONG)]
    assert sorted(planned(machine)) == sorted([*alone, *both, (Mode.TRAINING, 5, 2, Scaling.WEAK)])
    skips = run_directory.load(tmp_path / "r").skips
    assert {it.reason for it in skips} == {SkipReason.UNSUPPORTED}
    assert {it.detail for it in skips} == {
        "4 ranks of 1 thread need 4 cores, and there are 2 here: ask for fewer, or for fewer --threads of each",
        "2 ranks cannot share a batch of 5 evenly",
        "4 ranks cannot share a batch of 5 evenly",
    }


@pytest.mark.usefixtures("machine")
def test_ranks_of_inference_alone_are_refused(capsys):
    assert cli.run(["run", *ASKED, "--batch-sizes", "4", "--world-size", "2"]) == ExitCode.USAGE
    assert "2 ranks train one network together, and this case is inference: ask for --mode training" in (
        capsys.readouterr().err
    )


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("modes", ["inference", "training", "both"])
@pytest.mark.parametrize(
    ("asked", "said"), [(("--scaling", "strong"), "--scaling strong"), (("--nodes", "2"), "--nodes 2")]
)
def test_what_is_of_ranks_is_refused_where_there_are_none(capsys, asked, said, modes):
    run = ("run", *ASKED, "--batch-sizes", "4", "--mode", modes)
    expected = f"error: {said} is of ranks, and none are asked for: add --mode training --world-size 2."
    assert cli.run([*run, *asked]) == ExitCode.USAGE
    assert capsys.readouterr().err.strip() == expected
    assert cli.run(list(run)) == ExitCode.DONE
    capsys.readouterr()
    assert cli.run(["run", "--extend", "r", *asked]) == ExitCode.USAGE
    assert capsys.readouterr().err.strip() == expected


@pytest.mark.usefixtures("machine")
def test_a_run_is_extended_by_ranks_as_it_would_have_been_run(tmp_path):
    axes, ranks = ("--mode", "both", "--batch-sizes", "4"), ("--world-size", "1,2", "--scaling", "weak,strong")
    assert cli.run(["run", *ASKED, *axes, *ranks]) == ExitCode.DONE
    whole = run_directory.load(tmp_path / "r")
    alone = [*ASKED[:-1], "grown"]
    assert cli.run(["run", *alone, *axes]) == ExitCode.DONE
    assert cli.run(["run", "--extend", "grown", *ranks]) == ExitCode.DONE
    grown = run_directory.load(tmp_path / "grown")
    assert set(grown.header.cases) == set(whole.header.cases)
    assert (grown.skips, grown.missing) == ((), ())
    assert cli.run(["run", *alone[:-1], "trained", *axes[:1], "training", *axes[2:], *ranks]) == ExitCode.DONE
    assert cli.run(["run", "--extend", "trained", "--mode", "inference"]) == ExitCode.DONE
    assert set(run_directory.load(tmp_path / "trained").header.cases) == set(whole.header.cases)


@pytest.mark.usefixtures("machine")
def test_a_process_alone_is_not_told_of_ranks(tmp_path):
    axes = ("--mode", "both", "--batch-sizes", "4", "--world-size", "1,2", "--scaling", "weak,strong")
    assert cli.run(["run", *ASKED, *axes]) == ExitCode.DONE
    run = run_directory.load(tmp_path / "r")
    told = {(it.mode, it.world_size, it.scaling): label([run]).variant(it) for it in run.header.cases}
    assert told == {
        (Mode.INFERENCE, 1, Scaling.WEAK): "inference",
        (Mode.TRAINING, 1, Scaling.WEAK): "training · one process",
        (Mode.TRAINING, 2, Scaling.WEAK): "training · 2 ranks · weak scaling",
        (Mode.TRAINING, 2, Scaling.STRONG): "training · 2 ranks · strong scaling",
    }


def test_a_rank_has_its_share_of_the_batch_and_its_node_its_share_of_ranks():
    weak = case(batch_size=8, world_size=4)
    assert (weak.batch_of_rank, weak.images_an_iteration) == (8, 32)
    strong = case(batch_size=8, world_size=4, scaling=Scaling.STRONG)
    assert (strong.batch_of_rank, strong.images_an_iteration) == (2, 8)
    assert (strong.processes_of_node, case(batch_size=8, world_size=4, nodes=2).processes_of_node) == (4, 2)
