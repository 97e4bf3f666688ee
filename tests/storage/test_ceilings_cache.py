"""Where measured ceilings are kept."""

import pytest

from resnet_bench.storage import ceilings_cache
from tests import make


def test_the_cache_is_in_the_users_folder_and_a_relative_variable_is_ignored(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert ceilings_cache.cache_file("cuda:1", 4) == tmp_path / "resnet-bench" / "ceilings-cuda-1-4-threads.json"
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for value in ("", "relative/path"):
        monkeypatch.setenv("XDG_CACHE_HOME", value)
        assert ceilings_cache.cache_file("cpu", 1).is_relative_to(tmp_path / "home" / ".cache")


@pytest.mark.parametrize("content", [b"{", b'{"schema": "\xff"}', b"[" * 100_000, b"{}"])
def test_a_damaged_cache_is_left_out_with_one_line(monkeypatch, tmp_path, content):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = ceilings_cache.cache_file("cpu", 1)
    path.parent.mkdir()
    path.write_bytes(content)
    said = []
    assert ceilings_cache.read(make.environment(), device="cpu", threads=1, warn=said.append) is None
    [line] = said
    assert line.endswith("they are measured anew.")
    assert "\n" not in line
