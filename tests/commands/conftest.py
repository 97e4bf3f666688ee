import pytest

from tests.commands.workplace import fill


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """The current folder, with the runs of `tests.commands.workplace` and no baseline yet."""
    monkeypatch.chdir(tmp_path)
    fill(tmp_path)
    return tmp_path
