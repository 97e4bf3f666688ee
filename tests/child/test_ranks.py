"""Ranks that train one network, in real processes under torchrun's agent: in step, equal, and ended together."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnet_bench.child.rank_files import RankFailed, RankFolder, RankRequest
from resnet_bench.child.ranks import behind, failure
from resnet_bench.records import Communication, Launch, Mode, SkipReason
from resnet_bench.runner.launchers.local import LocalLauncher
from resnet_bench.specs import find, totals
from tests import needs
from tests.make import case, change, launch, launch_request, skip

OF = case("m", mode=Mode.TRAINING, world_size=2)
REQUEST = RankRequest(launch=launch_request("cifar_resnet20", mode=Mode.TRAINING, world_size=2), cores=((0,), (1,)))


@pytest.fixture
def folder(tmp_path):
    found = RankFolder(tmp_path)
    found.write_request(REQUEST)
    return found


def test_a_request_comes_as_it_was_sent(folder):
    assert folder.request() == REQUEST
    assert folder.answer(0) is None
    assert folder.statuses() == {}
    folder.write_statuses(0, {0: 1})
    folder.write_statuses(1, {1: -9})
    assert folder.statuses() == {0: 1, 1: -9}


@given(st.lists(st.integers(0, 5), min_size=2, max_size=2))
def test_who_stands_still_is_who_has_come_less_far(tmp_path_factory, beats):
    folder = RankFolder(tmp_path_factory.mktemp("ranks"))
    folder.write_request(REQUEST)
    for rank, count in enumerate(beats):
        pulse = folder.beating(rank)
        for _ in range(count):
            pulse.beat()
    assert behind(folder, 2) == [rank for rank, count in enumerate(beats) if count == min(beats)]
    folder.write_answer(0, launch([0.1], of=OF))
    assert behind(folder, 2) == [1]


LOST = RankFailed(skip=skip(OF, SkipReason.CRASHED, detail="RuntimeError: connection closed by peer"), of_others=True)
OWN = RankFailed(skip=skip(OF, SkipReason.OUT_OF_MEMORY, detail="no memory"), of_others=False)


@pytest.mark.parametrize(
    ("answers", "statuses", "found"),
    [
        ([LOST, None], {1: -9, 0: 1}, (SkipReason.CRASHED, "rank 1 of 2: the process died of SIGKILL")),
        ([None, None], {1: -9, 0: -15}, (SkipReason.CRASHED, "rank 1 of 2: the process died of SIGKILL")),
        ([None, None], {0: -15}, (SkipReason.CRASHED, "rank 0 of 2: the process died of SIGTERM")),
        ([None, OWN], {0: -15, 1: 1}, (SkipReason.OUT_OF_MEMORY, "rank 1 of 2: no memory")),
        ([LOST, OWN], {}, (SkipReason.OUT_OF_MEMORY, "rank 1 of 2: no memory")),
        ([LOST, LOST], {}, (SkipReason.CRASHED, "rank 0 of 2: RuntimeError: connection closed by peer")),
        ([None, None], {}, None),
    ],
)
def test_the_rank_that_failed_first_is_named_and_not_one_that_lost_it(answers, statuses, found):
    assert failure(answers, statuses, kills_before=2**62) == found


def test_want_of_memory_is_told_where_the_agent_ended_another_rank_before_it_answered():
    expected = SkipReason.OUT_OF_MEMORY, "rank 1 of 2: the system killed the process for want of memory"
    assert failure([None, None], {1: -9, 0: -15}, kills_before=-1) == expected


@given(st.floats(1e-3, 1.0), st.floats(1e-3, 1.0), st.integers(2, 64), st.integers(1, 10**9))
def test_what_ranks_say_to_each_other_in_closed_form(reduced_s, alone_s, ranks, size):
    told = Communication(
        backend="gloo",
        gradient_bytes=size,
        bucket_bytes=(size,),
        reduced_s=(reduced_s,) * 3,
        alone_s=(alone_s,) * 3,
        link_byte_per_s=1e9,
    )
    assert told.share == pytest.approx(max(0.0, (reduced_s - alone_s) / reduced_s))
    assert told.reduction_s(ranks) == pytest.approx(size * (2 - 2 / ranks) / 1e9)


def asked(model, *, limit_s=240.0, **axes):
    request = launch_request(model, mode=Mode.TRAINING, **{"world_size": 2} | axes)
    return change(request, protocol=change(request.protocol, time_limit_s=limit_s))


@pytest.mark.slow
@needs.two_cores
def test_two_ranks_train_one_network_and_say_what_they_reduce(family):
    made = LocalLauncher().ask(asked("cifar_resnet20"))
    assert isinstance(made, Launch), made
    one, other = made.ranks
    assert one.cores != other.cores
    assert made.memory.peak_rss_bytes == one.memory.peak_rss_bytes + other.memory.peak_rss_bytes
    told = made.communication
    assert told.backend == "gloo"
    assert told.gradient_bytes == 4 * totals(find("cifar_resnet20"), image_size=32).parameters
    assert sum(told.bucket_bytes) == told.gradient_bytes
    assert len(told.reduced_s) == len(told.alone_s) >= 6
    assert made.phases is not None
    assert not family()


@pytest.mark.slow
@needs.two_cores
@pytest.mark.parametrize(
    ("name", "limit_s", "expected"),
    [
        ("one_dies", 240.0, r"crashed: rank [01] of 2: the process ended with status 9 and no answer"),
        # Until then the other one must have loaded: torchrun imports torch, then each rank does, beside other tests.
        ("one_hangs", 90.0, r"timeout: rank [01] of 2: not finished after 90 s"),
        ("drifts_apart", 240.0, r"disagrees: rank [01] of 2: .* weights of rank 1 are other ones than rank 0's."),
    ],
)
def test_a_rank_that_fails_ends_the_others_and_is_named(family, monkeypatch, tmp_path, *, name, limit_s, expected):
    monkeypatch.setenv("FAULTY_SAYS", str(tmp_path / "first"))
    found = LocalLauncher().ask(asked(f"tests.runner.faulty:{name}", limit_s=limit_s))
    assert re.fullmatch(expected, f"{found.reason}: {found.detail}"), found
    assert not family()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("axes", "said"),
    [
        ({"world_size": 9000}, "9,000 ranks of 1 thread need 9,000 cores, and there "),
        ({"mode": Mode.INFERENCE}, "2 ranks train one network together, and this case is inference"),
        ({"copies": 2}, "2 copies of 2 ranks each are not measured"),
        ({"nodes": 2}, "2 nodes are those of a job of Slurm's, and this is no job: start it inside salloc -N2"),
        ({"nodes": 3}, "2 ranks cannot be spread evenly over 3 nodes"),
    ],
)
def test_what_ranks_cannot_run_is_said_in_words(axes, said):
    request = asked("cifar_resnet20")
    found = LocalLauncher().ask(change(request, case=change(request.case, **axes)))
    assert found.reason is SkipReason.UNSUPPORTED
    assert found.detail.startswith(said)
