"""What a run directory promises: nothing finished is lost, nothing half-written is taken for whole."""

import os
from pathlib import Path

import msgspec
import pytest

from resnet_bench.errors import StoreError
from resnet_bench.records import SCHEMA_VERSION, Contention, SkipReason
from resnet_bench.storage import assembly, run_directory
from tests.make import skip, suite_run


@pytest.fixture
def run():
    return suite_run()


def of_run(line, run):
    return msgspec.structs.replace(line, run=run.header.id)


def written(run):
    """The run as it is read back: every line knows its run."""
    measurements = [
        msgspec.structs.replace(it, launches=tuple(of_run(launch, run) for launch in it.launches))
        for it in run.measurements
    ]
    return msgspec.structs.replace(run, measurements=tuple(measurements))


@pytest.fixture
def directory(tmp_path, run):
    run_directory.create(tmp_path, run.header)
    for measurement in run.measurements:
        for launch in measurement.launches:
            run_directory.append(tmp_path, launch, run=run.header.id)
    for skipped in run.skips:
        run_directory.append(tmp_path, skipped, run=run.header.id)
    return tmp_path


def test_what_is_written_is_read_back(directory, run):
    read = run_directory.load(directory)
    assert read.header == run.header
    assert [m.launches for m in read.measurements] == [m.launches for m in written(run).measurements]
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
    run_directory.append(directory, launch, run=run.header.id)
    assert path.read_bytes() == whole + msgspec.json.encode(of_run(launch, run)) + b"\n"


DAMAGED = [b'{"type":"launch"', b'{"type":"laun\xedch"}', b"[" * 100_000]


@pytest.mark.parametrize("damaged", DAMAGED, ids=["cut", "byte", "deep"])
def test_a_damaged_line_in_the_middle_is_set_aside_with_its_number_and_the_rest_is_read(directory, damaged):
    path = directory / run_directory.LAUNCHES_NAME
    before = run_directory.load(directory)
    lines = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([lines[0], damaged, *lines[1:]]) + b"\n")
    read = run_directory.load(directory)
    assert (read.measurements, read.skips) == (before.measurements, before.skips)
    [said] = read.set_aside
    assert said.startswith(f"{path}, line 2: ")
    assert "set aside" in said
    assert "\n" not in said
    assert said in read.warnings


def test_many_damaged_lines_are_counted(directory):
    path = directory / run_directory.LAUNCHES_NAME
    path.write_bytes(b"x\n" * 100 + path.read_bytes())
    assert len(run_directory.load(directory).set_aside) == 4
    assert run_directory.load(directory).set_aside[-1].endswith("97 more lines were set aside.")


@pytest.mark.parametrize("damaged", DAMAGED, ids=["cut", "byte", "deep"])
def test_a_file_of_damaged_lines_alone_is_refused_with_the_first(directory, damaged):
    (directory / run_directory.LAUNCHES_NAME).write_bytes(damaged + b"\n")
    with pytest.raises(StoreError, match=r"launches\.jsonl, line 1: .*; no line can be read\."):
        run_directory.load(directory)


def test_the_number_of_a_foreign_line_counts_those_set_aside(directory, run):
    path = directory / run_directory.LAUNCHES_NAME
    foreign = msgspec.structs.replace(run.measurements[0].launches[0], run="elsewhere", index=99)
    path.write_bytes(b"x\n" + msgspec.json.encode(foreign) + b"\n" + path.read_bytes())
    with pytest.raises(StoreError, match="line 2, belongs to run elsewhere"):
        run_directory.load(directory)


def test_a_line_of_a_machine_that_the_run_does_not_know_is_refused(directory, run):
    path = directory / run_directory.LAUNCHES_NAME
    lost = msgspec.structs.replace(of_run(run.measurements[0].launches[0], run), environment="nobody")
    path.write_bytes(msgspec.json.encode(lost) + b"\n" + path.read_bytes())
    with pytest.raises(StoreError, match="line 1, was measured on machine 'nobody'"):
        run_directory.load(directory)


def test_a_line_of_a_case_that_the_run_does_not_name_is_refused(directory, run):
    path = directory / run_directory.LAUNCHES_NAME
    known = of_run(run.measurements[0].launches[0], run)
    lost = msgspec.structs.replace(known, case=msgspec.structs.replace(known.case, machine="elsewhere"))
    path.write_bytes(msgspec.json.encode(lost) + b"\n" + path.read_bytes())
    with pytest.raises(StoreError, match=r"line 1, is of the case .*, which run\.json beside it does not name"):
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
    with pytest.raises(StoreError, match="is not a run directory"):
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
    measurement = assembly.assemble(run.header, [disturbed, repeat]).measurements[0]
    assert measurement.launches == (repeat,)
    assert measurement.superseded == (disturbed,)


def test_a_skip_stands_until_its_launch_is_measured(run):
    launch = run.measurements[0].launches[0]
    died = skip(launch.case, SkipReason.CRASHED, index=launch.index)
    assert assembly.assemble(run.header, [died]).skips == (died,)
    assert assembly.assemble(run.header, [died, launch]).skips == ()


def test_a_line_of_another_run_is_refused(directory, run):
    path = directory / run_directory.LAUNCHES_NAME
    foreign = msgspec.structs.replace(run.measurements[0].launches[0], run="elsewhere", index=99)
    path.write_bytes(path.read_bytes() + msgspec.json.encode(foreign) + b"\n")
    number = len(path.read_bytes().splitlines())
    with pytest.raises(StoreError, match=f"line {number}, belongs to run elsewhere and not to {run.header.id}"):
        run_directory.load(directory)


@pytest.mark.parametrize("name", [run_directory.LAUNCHES_NAME, run_directory.LAYERS_NAME])
def test_a_run_adopts_no_lines_that_it_did_not_write(tmp_path, run, name):
    (tmp_path / name).write_text("{}\n")
    with pytest.raises(StoreError, match=rf"holds {name} without the run\.json that it belongs to"):
        run_directory.create(tmp_path, run.header)
    assert (tmp_path / name).read_text() == "{}\n"


@pytest.mark.parametrize("name", [run_directory.LAUNCHES_NAME, run_directory.LAYERS_NAME])
@pytest.mark.parametrize("put", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("nowhere")])
def test_a_run_begins_where_nothing_lies_in_the_place_of_its_lines(tmp_path, run, name, put):
    put(tmp_path / name)
    with pytest.raises(StoreError, match=rf"holds {name} without the run\.json"):
        run_directory.create(tmp_path, run.header)


def test_lines_of_the_first_schema_know_no_run_and_are_read(directory, run):
    header = msgspec.structs.replace(run.header, schema=1)
    (directory / run_directory.HEADER_NAME).write_bytes(msgspec.json.encode(header))
    path = directory / run_directory.LAUNCHES_NAME
    path.write_bytes(path.read_bytes().replace(f'"run":"{run.header.id}"'.encode(), b'"run":""'))
    assert run_directory.load(directory).measurements
    (directory / run_directory.HEADER_NAME).write_bytes(msgspec.json.encode(run.header))
    with pytest.raises(StoreError, match="belongs to no run"):
        run_directory.load(directory)


PUBLISHED = [*Path("reports/published").glob("*/run.json"), *Path("tests/data").rglob("run.json")]


@pytest.mark.parametrize("published", sorted(PUBLISHED), ids=str)
def test_every_published_run_still_reads(published):
    read = run_directory.load(published.parent)
    assert read.measurements
    assert not read.warnings
