"""Every case in exactly one shard, wherever it is asked."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resnet_bench import cli
from resnet_bench.config import suite_file
from resnet_bench.errors import ConfigError
from resnet_bench.records import Mode
from resnet_bench.runner import plan, shards
from resnet_bench.storage import run_directory
from tests.runner.instant import Machine

QUICK = suite_file.load_suite(preset="quick")
MODELS = ("resnet18", "resnet152", "cifar_resnet20", "resnet50_v1", "torchvision:resnet18")


@st.composite
def suites(draw):
    sweep = suite_file.Sweep(
        axes={
            "model": tuple(draw(st.lists(st.sampled_from(MODELS), min_size=1, max_size=5, unique=True))),
            "batch_size": tuple(draw(st.lists(st.integers(1, 64), min_size=1, max_size=5, unique=True))),
            "mode": tuple(draw(st.lists(st.sampled_from(Mode), min_size=1, max_size=2, unique=True))),
        }
    )
    return msgspec.structs.replace(QUICK, sweeps=(sweep,))


@given(suite=suites(), count=st.integers(1, 12))
@settings(max_examples=50, deadline=None)
def test_every_case_is_in_exactly_one_shard_and_shards_are_equally_long(suite, count):
    whole = plan.expand(suite, "cpu")
    cases = whole.cases
    count = min(count, len(cases))
    parts = [shards.cut(whole, (index, count)) for index in range(1, count + 1)]
    assert sorted(position for shard, _ in parts for position in shard.positions) == list(range(len(cases)))
    for shard, part in parts:
        assert part.cases == tuple(cases[position] for position in shard.positions)
        assert list(shard.positions) == sorted(shard.positions)
        assert len(part.cases) in {len(cases) // count, -(-len(cases) // count)}


@given(suite=suites(), count=st.integers(1, 6))
@settings(max_examples=20, deadline=None)
def test_a_machine_with_other_cores_cuts_at_the_same_places(suite, count):
    here = plan.expand(suite, "cpu")
    elsewhere = here.only(tuple(msgspec.structs.replace(case, threads=96) for case in here.cases))
    count = min(count, len(here.cases))
    for index in range(1, count + 1):
        assert shards.cut(here, (index, count))[0] == shards.cut(elsewhere, (index, count))[0]


def test_the_dearest_cases_do_not_meet_in_one_shard():
    whole = plan.expand(QUICK, "cpu")
    for index in (1, 2):
        _, part = shards.cut(whole, (index, 2))
        assert {case.batch_size for case in part.cases} == {1, 4}
        assert len([case for case in part.cases if case.model in {"resnet101", "resnet152"}]) == 2


def test_a_shard_beyond_the_cases_is_empty_and_says_so():
    whole = plan.expand(QUICK, "cpu")
    with pytest.raises(ConfigError, match="11/11 is empty: the suite has 10 cases"):
        shards.cut(whole, (11, 11))


@pytest.mark.parametrize("text", ["0/4", "5/4", "1/0", "2", "2/", "a/b", "-1/4", "2/4/8", "", "1.5/4"])
def test_anything_but_a_shard_is_one_line(capsys, text):
    assert cli.run(["run", "--dry-run", f"--shard={text}"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert "--shard" in captured.err
    assert "2/4" in captured.err


def test_searched_batch_sizes_cannot_be_cut(capsys):
    assert cli.run(["run", "--dry-run", "--shard", "1/2", "--batch-sizes", "auto"]) == 2
    assert "--batch-sizes" in capsys.readouterr().err


def test_dry_runs_of_all_shards_show_every_case_once(capsys):
    assert cli.run(["run", "--dry-run"]) == 0
    whole = {line.partition("  ")[0] for line in capsys.readouterr().out.splitlines() if " on cpu" in line}
    seen = []
    for index in (1, 2, 3):
        assert cli.run(["run", "--dry-run", "--shard", f"{index}/3"]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert f"shard {index}/3: " in lines[-1]
        seen += [line.partition("  ")[0] for line in lines if " on cpu" in line]
    assert len(seen) == len(set(seen))
    assert set(seen) == whole


@pytest.mark.slow
def test_shards_are_measured_resumed_and_merged_into_the_whole(tmp_path, monkeypatch, capsys):
    machine = Machine().install(monkeypatch)
    parts = [tmp_path / str(index) for index in (1, 2, 3)]
    for index, directory in enumerate(parts, start=1):
        assert cli.run(["run", "--shard", f"{index}/3", "-o", str(directory)]) == 0
    first = run_directory.load(parts[0])
    (parts[0] / run_directory.LAUNCHES_NAME).write_bytes(b"")
    machine.requests.clear()
    assert cli.run(["run", "--resume", str(parts[0])]) == 0
    assert {request.case for request in machine.requests} == set(first.header.cases)
    assert len(machine.requests) == 2 * len(first.header.cases)
    assert cli.run(["merge", *map(str, parts), "-o", str(tmp_path / "all")]) == 0
    assert "10 cases, 20 launches from 3 runs" in capsys.readouterr().out
    whole = run_directory.load(tmp_path / "all")
    assert whole.header.cases == plan.expand(QUICK, "cpu").cases
    assert [len(measurement.launches) for measurement in whole.measurements] == [2] * 10
    machine.requests.clear()
    assert cli.run(["run", "--resume", str(tmp_path / "all")]) == 0
    assert machine.requests == []
