"""What makes a machine the same one."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnet_bench.analysis.digest import digest, pool
from resnet_bench.analysis.verdicts import calibrated
from resnet_bench.analysis.verdicts.compare import compare
from resnet_bench.machine.identity import environment_id, former_id, memory_class, settled
from resnet_bench.records import SCHEMA_VERSION, Verdict
from resnet_bench.records.calibration import Calibration
from resnet_bench.storage import baselines, record_file, run_directory
from tests.make import IDENTITY, change, environment, measurement, noisy_launches, run_of, save_run

GIB = 2**30
BOOTS = (25274793984, 25276502016)  # what one machine reported before and after a boot


@pytest.mark.parametrize(
    ("reported", "counts_as"),
    [(b, 24 * GIB) for b in BOOTS]
    + [(GIB, GIB), (GIB + 1, 2 * GIB), (3 * GIB, 3 * GIB), (5 * GIB, 6 * GIB), (7 * GIB, 8 * GIB), (9 * GIB, 12 * GIB)]
    + [(130 * GIB, 192 * GIB), (500 * 2**20, 512 * 2**20), (1, 2**20)],
)
def test_memory_counts_as_the_next_size_that_is_sold(reported, counts_as):
    assert memory_class(reported) == counts_as


@given(st.integers(1, 2**45))
def test_a_class_holds_the_memory_is_no_more_than_twice_it_and_is_its_own_class(reported):
    found = memory_class(reported)
    assert reported <= found
    assert found <= max(2 * reported, 2**20)
    assert memory_class(found) == found


def booted(memory_bytes, *, name):
    """A run as it was written when identities held exact bytes."""
    identity = change(IDENTITY, memory_bytes=memory_bytes)
    here = environment(environment_id(identity), identity=identity)
    run = run_of([measurement(noisy_launches(1), environment=here.id)], name=name)
    return change(run, header=change(run.header, environments=(here,)))


def test_a_machine_stays_the_same_over_a_boot_and_old_records_match_new_ones(tmp_path):
    first, second = (digest(run_directory.load(save_run(tmp_path / f"{b}", booted(b, name=f"{b}")))) for b in BOOTS)
    assert first.identities == second.identities
    assert {row.verdict for row in compare(first, second).comparisons} == {Verdict.UNCHANGED}
    now = settled(environment("x", identity=change(IDENTITY, memory_bytes=BOOTS[1])))
    assert set(first.identities) == {now.id}
    assert now.memory_bytes == BOOTS[1]


def test_an_old_baseline_file_matches_too(tmp_path):
    stored = pool([booted(BOOTS[0], name="r")], "main")
    path = baselines.save(stored, tmp_path)
    assert f'"memory_bytes": {BOOTS[0]}' in path.read_text()
    new = digest(run_directory.load(save_run(tmp_path / "new", booted(BOOTS[1], name="new"))))
    assert {row.verdict for row in compare(baselines.read("main", tmp_path), new).comparisons} == {Verdict.UNCHANGED}


def test_a_calibration_of_exact_bytes_still_applies_where_it_did(tmp_path):
    run = booted(BOOTS[0], name="r")
    old = run.header.environments[0].id
    kept = Calibration(environment=old, device_name="Example CPU", created_at="t", bands=(), cases=())
    path = tmp_path / "calibration.json"
    record_file.write(kept, path)
    subject = digest(run_directory.load(save_run(tmp_path / "r", run)))
    assert "another machine" not in " ".join(calibrated.bands_for(subject, path)[1])
    here = settled(run.header.environments[0])
    assert former_id(here) == old
    assert "another machine" not in " ".join(
        calibrated.paired_terms(None, environment=here, threads={1}, path=path).said
    )
    record_file.write(change(kept, environment="elsewhere"), path)
    assert "another machine" in calibrated.bands_for(subject, path)[1][0]


def test_a_run_that_old_lines_began_goes_on_under_the_new_id(tmp_path):
    """Lines on disk stay as they are; both names are one machine."""
    directory = save_run(tmp_path / "r", booted(BOOTS[0], name="r"))
    lines = (directory / "launches.jsonl").read_bytes().splitlines()
    new = settled(environment("x", identity=change(IDENTITY, memory_bytes=BOOTS[1]))).id
    line = msgspec.json.decode(lines[-1]) | {"environment": new}
    (directory / "launches.jsonl").write_bytes(b"\n".join([*lines[:-1], msgspec.json.encode(line), b""]))
    (case,) = digest(run_directory.load(directory)).cases
    assert case.environments == (new,)
    assert run_directory.load(directory).header.schema == SCHEMA_VERSION
