"""A file is there whole or as it was before, whatever happens on the way."""

import errno
import os
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resnet_bench.errors import StoreError
from resnet_bench.storage import files


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_a_failure_at_any_call_leaves_what_stood_there(tmp_path, monkeypatch, call):
    path = tmp_path / "x.json"
    path.write_text("old")

    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    target = {"write": (files, "_replace"), "fsync": (os, "fsync"), "replace": (type(path), "replace")}[call]
    monkeypatch.setattr(*target, full)
    with pytest.raises(StoreError, match=r"cannot write .*x\.json: No space left on device\."):
        files.whole(path, "new")
    monkeypatch.undo()
    assert path.read_text() == "old"
    assert [it.name for it in tmp_path.iterdir()] == ["x.json"]


def test_writers_at_once_do_not_meet(tmp_path):
    path = tmp_path / "x"
    contents = [str(number) * 100_000 for number in range(8)]
    threads = [threading.Thread(target=files.whole, args=(path, content)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_text() in contents
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_a_link_and_permissions_are_the_users(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    files.whole(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"
    mask = os.umask(0)
    os.umask(mask)
    assert (tmp_path / "real").stat().st_mode & 0o777 == 0o666 & ~mask


def test_what_is_no_regular_file_is_written_in_place(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    read = []
    reader = threading.Thread(target=lambda: read.append((tmp_path / "pipe").read_text()))
    reader.start()
    files.whole(tmp_path / "pipe", "through")
    reader.join()
    assert read == ["through"]


def test_a_folder_or_a_file_in_the_way_is_said_before_anything_is_measured(tmp_path):
    (tmp_path / "file").write_text("")
    for path, why in (
        (tmp_path, "it is a folder"),
        (tmp_path / "file" / "x", "Not a directory|File exists|there is no folder"),
    ):
        with pytest.raises(StoreError, match=f"cannot write .*({why})"):
            files.check_writable(path)
    files.make_folder_of(tmp_path / "new" / "x")
    files.check_writable(tmp_path / "new" / "x")
    assert not (tmp_path / "new" / "x").exists()


@settings(deadline=None)  # a disk takes as long as it takes
@given(st.lists(st.binary(min_size=1).filter(lambda line: b"\n" not in line), max_size=5), st.binary(max_size=20))
def test_what_a_kill_left_is_replaced_by_the_next_line(tmp_path_factory, written, half):
    path = tmp_path_factory.mktemp("lines") / "x.jsonl"
    for line in written:
        files.append_line(path, line)
    torn = half.replace(b"\n", b"")
    with path.open("ab") as file:
        file.write(torn)
    files.append_line(path, b"next")
    assert path.read_bytes().splitlines() == [*b"\n".join(written).splitlines(), b"next"] or b"\r" in b"".join(written)


@given(st.text())
def test_a_name_made_of_text_stays_in_its_folder(text):
    name = files.name_of(text)
    assert Path("folder", name).parent == Path("folder")
    assert not name.startswith(".")
    assert name
    assert "\0" not in name
    assert len(name.encode()) <= 100


@pytest.mark.parametrize("name", ["build-7.example.org", "2.9.0+cu128", "host_1"])
def test_a_usual_name_stays_as_it_is(name):
    assert files.name_of(name) == name


def test_a_folder_is_there_whole_and_only_where_none_was(tmp_path):
    contents = {"a": b"1", "b": b"2"}
    (tmp_path / "empty").mkdir()
    for name in ("new", "empty", "deep/below"):
        files.whole_folder(tmp_path / name, contents)
        assert {it.name: it.read_bytes() for it in (tmp_path / name).iterdir()} == contents
    with pytest.raises(StoreError, match="new is not empty; name a new folder"):
        files.whole_folder(tmp_path / "new", {"a": b"3"})
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"cannot write .*file: "):
        files.whole_folder(tmp_path / "file", contents)
    assert sorted(it.name for it in tmp_path.iterdir()) == ["deep", "empty", "file", "new"]


def test_a_folder_that_a_killed_process_left_half_made_goes_with_the_next(tmp_path):
    for name, age_s in (
        (".new.resnet-bench-1-0a.tmp", 7200),
        (".new.resnet-bench-2-0a.tmp", 60),
        (".new.mine.tmp", 7200),
    ):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (time.time() - age_s,) * 2)
    files.whole_folder(tmp_path / "new", {"a": b"1"})
    assert sorted(it.name for it in tmp_path.iterdir()) == [".new.mine.tmp", ".new.resnet-bench-2-0a.tmp", "new"]


@pytest.mark.parametrize("name", ["x" * 250, "\u00e9" * 120])
def test_a_name_as_long_as_the_system_takes_is_written(tmp_path, name):
    files.whole(tmp_path / name, "content")
    assert [it.name for it in tmp_path.iterdir()] == [name]


def test_whether_a_pipe_can_be_written_is_said_without_waiting_for_its_reader(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    files.check_writable(tmp_path / "pipe")
