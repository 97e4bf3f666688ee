"""What `merge` promises: everything of every part, once, under names that tell machines apart."""

import itertools

import msgspec
import pytest

from resnet_bench import cli
from resnet_bench.analysis.roofline import ceilings_of
from resnet_bench.errors import StoreError
from resnet_bench.machine import names
from resnet_bench.records import SCHEMA_VERSION, Launch, Shard, SkipReason
from resnet_bench.storage import assembly, merge, run_directory
from tests import make

CASES = [make.case(batch_size=size) for size in (1, 2, 4, 8)]


def part(directory, cases, *, seed=0, count=2, environment="e1", identity=make.IDENTITY, skips=(), **header):
    """A run of `cases` on one machine, its launches drawn from `seed`."""
    measured = [
        make.measurement(
            make.noisy_launches(seed, count=count), of=case, environment=environment, profile=make.profile(case)
        )
        for case in cases
    ]
    run = make.run_of(measured, name=directory.name, identity=identity, skips=skips)
    environments = (make.change(run.header.environments[0], id=environment),)
    run = make.change(run, header=make.change(run.header, environments=environments, **header))
    return make.save_run(directory, run)


OTHER = make.change(make.IDENTITY, device_name="Another CPU", cpu_name="Another CPU")


def joined(*directories):
    return merge.join(merge.read(directories), "joined")


def lines(entries):
    """What was measured, whichever run's folder it was copied to."""
    anonymous = (make.change(entry, run="") for entry in entries)
    return sorted((entry.case.key, entry.index, msgspec.json.encode(entry)) for entry in anonymous)


def test_shards_give_the_whole_suite_in_its_order(tmp_path):
    ones = part(tmp_path / "1", [CASES[0], CASES[3]], shards=(Shard(index=1, count=2, positions=(0, 3)),))
    twos = part(tmp_path / "2", CASES[1:3], shards=(Shard(index=2, count=2, positions=(1, 2)),))
    for order in itertools.permutations((ones, twos)):
        whole = joined(*order)
        assert whole.header.cases == tuple(CASES)
        assert whole.header.shards == ()
        assert whole.warnings == ()
        assert len(whole.header.profiles) == 4
        assert lines(whole.entries) == lines([*run_directory.load_entries(ones), *run_directory.load_entries(twos)])


def test_a_shard_that_is_not_among_the_runs_is_named_until_it_comes(tmp_path):
    shards = [
        part(tmp_path / str(number), [CASES[number]], shards=(Shard(index=number + 1, count=3, positions=(number,)),))
        for number in range(3)
    ]
    some = joined(shards[0], shards[2])
    assert "2/3" in some.warnings[0]
    (tmp_path / "some").mkdir()
    run_directory.create_whole(tmp_path / "some", some.header, some.entries)
    assert joined(tmp_path / "some", shards[1]).header.cases == tuple(CASES[:3])


def test_two_machines_keep_their_own_rows(tmp_path):
    here = part(tmp_path / "here", CASES[:2], seed=1)
    there = part(tmp_path / "there", CASES[:2], seed=2, environment="e2", identity=OTHER)
    whole = joined(here, there)
    run = assembly.assemble(whole.header, whole.entries)
    assert [(it.case.machine, it.case.batch_size) for it in run.measurements] == [
        ("Example CPU", 1),
        ("Example CPU", 2),
        ("Another CPU", 1),
        ("Another CPU", 2),
    ]
    for measurement in run.measurements:
        assert len(measurement.launches) == 2
        assert measurement.profile is not None
        environments = {launch.environment for launch in measurement.launches}
        assert environments == {"e1" if measurement.case.machine == "Example CPU" else "e2"}


def test_equal_devices_are_told_apart_by_what_differs(tmp_path):
    newer = make.change(make.IDENTITY, torch="2.14.0")
    whole = joined(part(tmp_path / "a", CASES[:1]), part(tmp_path / "b", CASES[:1], environment="e2", identity=newer))
    assert [case.machine for case in whole.header.cases] == ["Example CPU, torch 2.13.0", "Example CPU, torch 2.14.0"]


def test_joining_in_steps_gives_the_same_as_joining_at_once(tmp_path):
    newer = make.change(make.IDENTITY, torch="2.14.0")
    parts = [
        part(tmp_path / "a", CASES[:2], seed=1),
        part(tmp_path / "b", CASES[:2], seed=2, environment="e2", identity=OTHER),
        part(tmp_path / "c", CASES[1:3], seed=3, environment="e3", identity=newer),
        part(tmp_path / "d", CASES[1:3], seed=4),
    ]
    first = joined(*parts[:2])
    (tmp_path / "first").mkdir()
    run_directory.create_whole(tmp_path / "first", first.header, first.entries)
    stepwise, at_once = joined(tmp_path / "first", *parts[2:]), joined(*parts)
    assert stepwise.header == at_once.header
    assert lines(stepwise.entries) == lines(at_once.entries)


def test_a_copy_counts_once_and_other_launches_of_the_machine_get_free_indices(tmp_path):
    first = part(tmp_path / "first", CASES[:1], seed=1, count=2)
    again = part(tmp_path / "again", CASES[:1], seed=2, count=3)
    whole = joined(first, again)
    indices = [entry.index for entry in whole.entries]
    assert indices == [0, 1, 2, 3, 4]
    (tmp_path / "whole").mkdir()
    run_directory.create_whole(tmp_path / "whole", whole.header, whole.entries)
    copies = joined(first, tmp_path / "whole", again)
    assert lines(copies.entries) == lines(whole.entries)


def test_a_run_finished_later_joins_with_its_earlier_copy(tmp_path):
    early = part(tmp_path / "early", CASES[:1], seed=1, count=2)
    late = part(tmp_path / "late", CASES[:1], seed=1, count=4)
    assert lines(joined(early, late).entries) == lines(run_directory.load_entries(late))
    assert lines(joined(late, early).entries) == lines(run_directory.load_entries(late))


def test_skips_know_their_machine_and_stand_beside_measurements(tmp_path):
    died = make.skip(CASES[0], SkipReason.CRASHED)
    here = part(tmp_path / "here", CASES[:1], seed=1)
    again = part(tmp_path / "again", [], skips=[died])
    there = part(tmp_path / "there", [], skips=[died], environment="e2", identity=OTHER)
    whole = joined(here, again, again, there)
    run = assembly.assemble(whole.header, whole.entries)
    assert [(skip.case.machine, skip.environment, skip.index) for skip in run.skips] == [
        ("Example CPU", "e1", 2),
        ("Another CPU", "e2", 0),
    ]
    assert run.missing == ()


COMMIT = make.commit("a" * 40)


@pytest.mark.parametrize(
    ("changes", "cases", "words"),
    [
        ({"protocol": make.change(make.PROTOCOL, min_samples=9)}, CASES[:1], ["measured twice", "min_samples"]),
        ({"protocol": make.change(make.PROTOCOL, min_samples=9)}, CASES[1:2], ["one protocol", "min_samples"]),
        ({"commit": make.change(COMMIT, revision="b" * 40)}, CASES[:1], ["aaaaaaaaaaaa", "bbbbbbbbbbbb", "compare"]),
        ({"profiles": (make.profile(CASES[0], parameters=7),)}, CASES[:1], ["resnet18", "1,000 and 7"]),
        ({"models": ({"name": "resnet18", "layers": [9]},)}, CASES[:1], ["resnet18", "differently specified"]),
    ],
)
def test_what_would_mix_two_things_under_one_name_is_refused(tmp_path, capsys, changes, cases, words):
    first = part(tmp_path / "first", CASES[:1], commit=COMMIT)
    second = part(tmp_path / "second", cases, **({"commit": COMMIT} | changes))
    assert cli.run(["merge", str(first), str(second), "-o", str(tmp_path / "out")]) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    for word in [*words, "first", "second"]:
        assert word in captured.err
    assert not (tmp_path / "out").exists()


def test_more_launches_and_another_seed_are_no_other_protocol(tmp_path):
    first = part(tmp_path / "first", CASES[:1], protocol=make.change(make.PROTOCOL, launches=2))
    second = part(tmp_path / "second", CASES[1:2], protocol=make.change(make.PROTOCOL, launches=4), seed=3)
    assert joined(first, second).header.protocol.launches == 4


def test_a_commit_that_one_part_does_not_know_is_not_claimed_for_all(tmp_path):
    whole = joined(part(tmp_path / "a", CASES[:1], commit=COMMIT), part(tmp_path / "b", CASES[1:2]))
    assert whole.header.commit is None
    assert "the commit is unknown" in whole.warnings[0]


def test_a_newer_schema_and_a_folder_that_is_no_run_are_one_line(tmp_path):
    newer = part(tmp_path / "newer", CASES[:1])
    path = newer / run_directory.HEADER_NAME
    path.write_bytes(msgspec.json.encode(msgspec.json.decode(path.read_bytes()) | {"schema": SCHEMA_VERSION + 1}))
    with pytest.raises(StoreError, match="Upgrade"):
        merge.read([newer])
    with pytest.raises(StoreError, match="not a run directory"):
        merge.read([tmp_path])


def test_it_does_not_overwrite_a_run(tmp_path, capsys):
    first = part(tmp_path / "first", CASES[:1])
    before = (first / run_directory.LAUNCHES_NAME).read_bytes()
    assert cli.run(["merge", str(first), "-o", str(first)]) == 2
    assert "already holds a run" in capsys.readouterr().err
    assert (first / run_directory.LAUNCHES_NAME).read_bytes() == before


def test_half_a_line_is_warned_about_and_left_behind(tmp_path, capsys):
    first = part(tmp_path / "first", CASES[:1])
    with (first / run_directory.LAUNCHES_NAME).open("ab") as file:
        file.write(b'{"type":"launch","ca')
    assert cli.run(["merge", str(first), "-o", str(tmp_path / "out")]) == 0
    captured = capsys.readouterr()
    assert "warning: " in captured.err
    assert "half-written" in captured.err
    assert captured.out.count("\n") == 1
    assert "1 case, 2 launches from 1 run" in captured.out
    assert run_directory.load(tmp_path / "out").warnings == ()


def two_machines(tmp_path):
    here = part(tmp_path / "here", CASES[:2], seed=1, count=6)
    there = part(tmp_path / "there", CASES[:2], seed=2, count=6, environment="e2", identity=OTHER)
    assert cli.run(["merge", str(here), str(there), "-o", str(tmp_path / "all")]) == 0
    return here, there, tmp_path / "all"


def test_a_joined_run_is_reported_with_a_column_for_the_machine(tmp_path, capsys):
    *_, whole = two_machines(tmp_path)
    capsys.readouterr()
    assert cli.run(["report", str(whole), "--format", "csv"]) == 0
    header, *rows = (line.split(",") for line in capsys.readouterr().out.splitlines())
    machine = header.index("machine")
    assert [row[machine] for row in rows] == ["Example CPU", "Example CPU", "Another CPU", "Another CPU"]
    assert cli.run(["report", str(whole)]) == 0
    assert "Another CPU" in (whole / "report.html").read_text()


def test_beside_a_part_of_it_the_same_machine_stands_in_the_same_row(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    _, there, whole = two_machines(tmp_path)
    capsys.readouterr()
    assert cli.run(["report", str(whole), str(there), "--format", "text"]) == 0
    out = capsys.readouterr().out
    rows = [line for line in out.splitlines() if " ±" in line and "separable" not in line]
    assert ["unchanged" in row for row in rows] == [False, False, True, True]
    assert ["Another CPU" in row for row in rows] == [False, False, True, True]


@pytest.mark.parametrize("order", [(2, 1), (1, 2)])
def test_a_joined_run_compares_each_machine_with_itself(tmp_path, capsys, order):
    runs = two_machines(tmp_path)
    capsys.readouterr()
    assert cli.run(["compare", str(runs[order[0]]), str(runs[order[1]]), "--format", "json"]) == 0
    table = msgspec.json.decode(capsys.readouterr().out)
    rows = [row for row in table["comparisons"] if row["metric"] == "latency_s"]
    assert len(rows) == 4
    for row in rows:
        ours = "Another" in row["case"]["machine"] or row["case"]["machine"] == ""
        assert (row["ratio"] == 1.0) is ours, row


def test_a_joined_run_can_be_a_baseline_and_pass_its_own_gate(tmp_path, capsys):
    _, there, whole = two_machines(tmp_path)
    folder = ["--baselines-dir", str(tmp_path / "baselines")]
    (tmp_path / "rules.toml").write_text('[[rule]]\nmetric = "parameters"\n[[rule]]\nmetric = "macs"\n')
    rules = ["--baseline", "all", "--thresholds", str(tmp_path / "rules.toml"), *folder]
    assert cli.run(["baseline", "set", "all", str(whole), *folder]) == 0
    assert cli.run(["check", str(whole), *rules]) == 0
    assert cli.run(["check", str(there), *rules]) == 3  # two of the four cases are not there
    out = capsys.readouterr().out
    assert "the baseline has this case" in out


def test_a_joined_run_of_several_machines_is_not_resumed_here(tmp_path, capsys):
    *_, whole = two_machines(tmp_path)
    assert cli.run(["run", "--resume", str(whole)]) == 2
    assert "2 machines" in capsys.readouterr().err


def test_every_entry_of_every_part_is_in_the_joined_run(tmp_path):
    parts = [part(tmp_path / str(seed), CASES[: seed + 1], seed=seed) for seed in range(3)]
    whole = joined(*parts)
    before = [entry for directory in parts for entry in run_directory.load_entries(directory)]
    assert len(whole.entries) == len(before)
    samples = sorted(entry.isolated.elapsed_s for entry in before if isinstance(entry, Launch))
    assert sorted(entry.isolated.elapsed_s for entry in whole.entries) == samples
    assert len({(entry.case, entry.index) for entry in whole.entries}) == len(whole.entries)


def test_each_machine_keeps_its_own_ceilings_and_layers(tmp_path):
    parts = []
    for number, (environment, identity) in enumerate((("e1", make.IDENTITY), ("e2", OTHER))):
        ceilings = make.change(make.CEILINGS, environment=environment, threads=CASES[0].threads)
        faster = make.change(ceilings, rates=(make.change(ceilings.rates[0], matmul_flop_per_s=1e12 * (number + 1)),))
        directory = part(
            tmp_path / environment, CASES[:1], environment=environment, identity=identity, ceilings=(faster,)
        )
        profile = make.roofline_layers(CASES[0], ceilings)
        run_directory.append_layers(
            directory, make.change(profile, environment=environment), run=run_directory.load(directory).header.id
        )
        parts.append(directory)
    assert cli.run(["merge", *map(str, parts), "-o", str(tmp_path / "joined")]) == 0
    run = run_directory.load(tmp_path / "joined")
    assert {it.environment: it.rates[0].matmul_flop_per_s for it in run.header.ceilings} == {"e1": 1e12, "e2": 2e12}
    assert [(it.case.machine, it.environment) for it in run.layers] == [("Example CPU", "e1"), ("Another CPU", "e2")]
    for layers in run.layers:
        assert ceilings_of(layers.case, run.header.ceilings, layers.environment).environment == layers.environment
    (alone, _) = names.named_alike([run_directory.load(parts[0]), run])  # beside the joined run its machine has a name
    assert {it.case.machine for it in (*alone.layers, *alone.measurements)} == {"Example CPU"}
