"""Where measured ceilings are kept."""

from resnet_bench.storage import ceilings_cache


def test_the_cache_is_in_the_users_folder_and_a_relative_variable_is_ignored(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert ceilings_cache.cache_file("cuda:1", 4) == tmp_path / "resnet-bench" / "ceilings-cuda-1-4-threads.json"
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for value in ("", "relative/path"):
        monkeypatch.setenv("XDG_CACHE_HOME", value)
        assert ceilings_cache.cache_file("cpu", 1).is_relative_to(tmp_path / "home" / ".cache")
