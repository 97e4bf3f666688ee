"""What is fetched is whole, or its beginning is kept; a server that stalls, drips or lies ends in one line."""

import hashlib
import os
from pathlib import Path

import pytest
import torch

from resnet_bench.errors import ModelError
from resnet_bench.models import create_model, downloads
from tests.models.server import Served, serving

CONTENT = bytes(range(256)) * 400


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(torch.hub, "_hub_dir", None)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "torch" / "hub" / "checkpoints"


@pytest.fixture
def served():
    with serving(Served(content=CONTENT)) as it:
        yield it


def refusal(url):
    with pytest.raises(ModelError) as caught:
        downloads.fetch(url)
    text = str(caught.value)
    assert len(text.splitlines()) == 1
    return text


def parts(cache):
    return list(cache.rglob("*.part"))


def test_a_file_is_fetched_once(served, cache):
    path = downloads.fetch(f"{served.url}/mine.pth")
    assert path.read_bytes() == CONTENT
    assert path.is_relative_to(cache)
    assert downloads.fetch(f"{served.url}/mine.pth") == path
    assert served.asked == [""]
    assert [it for it in cache.rglob("*") if it.is_file() and it.suffix != ".lock"] == [path]


def test_two_addresses_share_a_place_only_where_their_name_holds_a_hash(served, cache):
    one, two = (downloads.fetch(f"{served.url}/{folder}/mine.pth") for folder in ("a", "b"))
    assert one != two
    hashed = f"mine-{hashlib.sha256(CONTENT).hexdigest()[:8]}.pth"
    assert downloads.fetch(f"{served.url}/a/{hashed}") == downloads.fetch(f"{served.url}/b/{hashed}") == cache / hashed


@pytest.mark.parametrize("then", ["stall", "close"])
def test_what_a_server_gave_before_it_stopped_is_kept_and_gone_on_from(served, cache, monkeypatch, then):
    served.stop_after, served.then = 30_000, then
    with monkeypatch.context() as patient:
        patient.setattr(downloads, "STALLED_S", 2.0)  # for this alone: what is slow to come has not stalled
        said = refusal(f"{served.url}/mine.pth")
    (part,) = parts(cache)
    assert f"30,000 bytes are kept in {part}, the same command goes on from there." in said
    assert ("next to nothing, for 2 s" if then == "stall" else "ended after 30,000 of 102,400 bytes") in said
    served.stop_after = None
    assert downloads.fetch(f"{served.url}/mine.pth").read_bytes() == CONTENT
    assert served.asked == ["", "bytes=30000-"]
    assert parts(cache) == []


@pytest.mark.parametrize("damage", ["bytes", "pipe"])
def test_a_damaged_note_of_the_version_keeps_nothing_from_going_on(served, cache, damage):
    served.stop_after, served.then = 30_000, "close"
    refusal(f"{served.url}/mine.pth")
    served.stop_after = None
    (tag,) = cache.rglob("*.part.version")
    if damage == "bytes":
        tag.write_bytes(b"\xff\xfe")
    else:
        tag.unlink()
        os.mkfifo(tag)
    assert downloads.fetch(f"{served.url}/mine.pth").read_bytes() == CONTENT


def test_a_server_that_drips_has_stalled_too(served, monkeypatch):
    monkeypatch.setattr(downloads, "SLOW_WINDOW_S", 0.3)
    served.stop_after, served.then = 100, "drip"
    assert "next to nothing" in refusal(f"{served.url}/mine.pth")


@pytest.mark.parametrize("change", ["version", "ranges", "whole"])
def test_a_beginning_that_is_of_no_use_is_fetched_anew(served, cache, change):
    served.stop_after, served.then = 30_000, "close"
    refusal(f"{served.url}/mine.pth")
    served.stop_after = None
    if change == "version":
        served.version, served.content = '"two"', CONTENT[::-1]
    elif change == "ranges":
        served.ranges = False
    else:
        (part,) = parts(cache)
        part.write_bytes(CONTENT)  # a kill before it was given its name
    assert downloads.fetch(f"{served.url}/mine.pth").read_bytes() == served.content


def test_an_answer_that_is_none_is_said(served, cache):
    served.status = 404
    assert "the server answered 404" in refusal(f"{served.url}/mine.pth")
    assert not [it for it in cache.rglob("*") if it.is_file() and it.suffix != ".lock"]


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "data:text/plain,x"])
def test_a_server_cannot_lead_to_a_file_of_this_machine(served, cache, target):
    served.redirect = target
    refusal(f"{served.url}/mine.pth")
    assert not [it for it in cache.rglob("*") if it.is_file() and it.suffix != ".lock"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/x.pth", "http://[bad/x.pth", "http:///x.pth", "http://a b/x.pth"])
def test_an_address_that_leads_nowhere_is_one_line(url):
    assert f"weights {url}" in refusal(url)


@pytest.mark.parametrize("name", ["..", "%2e%2e%2f%2e%2e%2fx.pth", "a" * 400 + ".pth", ".pth", "", "x\x1b[2J.pth"])
def test_a_name_leads_nowhere_else_and_is_never_too_long(served, cache, name):
    path = downloads.fetch(f"{served.url}/{name.replace(chr(27), '%1b')}")
    assert path.resolve().is_relative_to(cache.resolve())
    assert path.name.isprintable()


def test_a_broken_file_of_the_cache_is_named_removed_and_fetched_anew(served, cache, tmp_path):
    good = tmp_path / "good.pth"
    torch.save(create_model("cifar_resnet20").state_dict(), good)
    served.content = good.read_bytes()[:-1000]
    url = f"{served.url}/mine.pth"
    with pytest.raises(ModelError) as caught:
        create_model("cifar_resnet20", pretrained=url)
    (removed,) = [Path(word.rstrip(";:")) for word in str(caught.value).split() if word.startswith(str(cache))]
    assert "it was removed, the same command fetches it anew." in str(caught.value)
    assert not removed.exists()
    served.content = good.read_bytes()
    create_model("cifar_resnet20", pretrained=url)


def test_a_file_with_another_hash_than_its_name_says_is_not_kept(served, cache):
    served.content = CONTENT
    with pytest.raises(ModelError, match="its SHA-256 does not start with 00000000"):
        create_model("cifar_resnet20", pretrained=f"{served.url}/mine-00000000.pth")
    assert not (cache / "mine-00000000.pth").exists()
