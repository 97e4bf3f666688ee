"""What a run directory promises: nothing finished is lost, nothing half-written is taken for whole."""

import msgspec
import pytest

from resnet_bench.errors import StoreError
from resnet_bench.records import SCHEMA_VERSION, Contention, Skip, SkipReason
from resnet_bench.storage import run_directory
from tests.runs import make_run


@pytest.fixture
def run():
    return make_run()


@pytest.fixture
def directory(tmp_path, run):
    run_directory.create(tmp_path, run.header)
    for measurement in run.measurements:
        for launch in measurement.launches:
            run_directory.append(tmp_path, launch)
    for skip in run.skips:
        run_directory.append(tmp_path, skip)
    return tmp_path


def test_what_is_written_is_read_back(directory, run):
    read = run_directory.load(directory)
    assert read.header == run.header
    assert [m.launches for m in read.measurements] == [m.launches for m in run.measurements]
    assert [skip.case for skip in read.skips] == [skip.case for skip in run.skips]


def test_a_half_written_last_line_is_set_aside_with_a_warning(directory):
    path = directory / run_directory.LAUNCHES_NAME
    whole = path.read_bytes()
    path.write_bytes(whole + whole.splitlines()[0][:100])
    read = run_directory.load(directory)
    assert "half-written" in read.warnings[0]
    assert len(run_directory.load_entries(directory)) == whole.count(b"\n")


def test_appending_after_a_half_written_line_replaces_it(directory, run):
    path = directory / run_directory.LAUNCHES_NAME
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"type":"launch","ca')
    launch = run.measurements[0].launches[0]
    run_directory.append(directory, launch)
    assert path.read_bytes() == whole + msgspec.json.encode(launch) + b"\n"


def test_a_damaged_line_in_the_middle_names_file_and_line(directory):
    path = directory / run_directory.LAUNCHES_NAME
    lines = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([lines[0], b'{"type":"launch"', *lines[1:]]) + b"\n")
    with pytest.raises(StoreError, match=r"launches\.jsonl, line 2: "):
        run_directory.load(directory)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"schema": "one"}'])
def test_a_truncated_header_is_said_to_be_damaged(directory, content):
    (directory / run_directory.HEADER_NAME).write_bytes(content)
    with pytest.raises(StoreError, match=r"run\.json is damaged"):
        run_directory.load(directory)


def test_a_newer_schema_asks_for_an_upgrade(directory):
    path = directory / run_directory.HEADER_NAME
    header = msgspec.json.decode(path.read_bytes())
    path.write_bytes(msgspec.json.encode(header | {"schema": SCHEMA_VERSION + 1, "novelty": 1}))
    with pytest.raises(StoreError, match="Upgrade resnet-bench"):
        run_directory.load(directory)


def test_a_folder_that_is_no_run_says_so(tmp_path):
    with pytest.raises(StoreError, match="is no run directory"):
        run_directory.load(tmp_path)


def test_a_second_run_does_not_overwrite_the_first(directory, run):
    with pytest.raises(StoreError, match="--resume"):
        run_directory.create(directory, run.header)


def test_a_locked_folder_refuses_a_second_writer(tmp_path):
    with run_directory.locked(tmp_path), pytest.raises(StoreError, match="another run"), run_directory.locked(tmp_path):
        pass


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot write"), run_directory.locked(tmp_path / "file" / "run"):
        pass


def test_a_disturbed_launch_that_was_repeated_is_kept_but_superseded(run):
    launch = run.measurements[0].launches[0]
    disturbed = msgspec.structs.replace(launch, contention=Contention(disturbances=("a neighbour",)))
    repeat = msgspec.structs.replace(launch, attempt=1)
    measurement = run_directory.assemble(run.header, [disturbed, repeat]).measurements[0]
    assert measurement.launches == (repeat,)
    assert measurement.superseded == (disturbed,)


def test_a_skip_stands_until_its_launch_is_measured(run):
    launch = run.measurements[0].launches[0]
    skip = Skip(case=launch.case, index=launch.index, reason=SkipReason.CRASHED, detail="signal")
    assert run_directory.assemble(run.header, [skip]).skips == (skip,)
    assert run_directory.assemble(run.header, [skip, launch]).skips == ()
