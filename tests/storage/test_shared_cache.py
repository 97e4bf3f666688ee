"""Files that several runs add to lie in the user's cache and nowhere else."""

import pytest

from resnet_bench.errors import StoreError
from resnet_bench.records import Nominal
from resnet_bench.storage import nominals, shared_cache


@pytest.fixture
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return shared_cache.folder()


def one(version):
    return Nominal(version=version, pass_s=(0.003,))


def test_what_is_kept_is_read_again_and_changed_from_there(cache):
    assert nominals.read("e1") == ()
    assert nominals.change("e1", lambda before: (*before, one("a"))) == (one("a"),)
    assert nominals.change("e1", lambda before: (*before, one("b"))) == nominals.read("e1") == (one("a"), one("b"))
    assert nominals.path_of("e1").parent == cache


@pytest.mark.parametrize("name", ["../../elsewhere", "/etc/x", "a/b"])
def test_a_machine_whose_name_leads_elsewhere_is_refused(cache, tmp_path, name):
    with pytest.raises(StoreError, match="does not lie in"):
        nominals.change(name, lambda _: (one("a"),))
    assert not cache.exists()
    assert list(tmp_path.iterdir()) == []
