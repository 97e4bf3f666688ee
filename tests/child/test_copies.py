"""Several copies of a case at once, in real processes: pinned, together, and ended together."""

import re

import pytest

from resnet_bench.analysis.metrics import THROUGHPUT
from resnet_bench.child.joined import joined
from resnet_bench.child.together import in_all, warnings_of
from resnet_bench.records import Executor, Launch, Memory, Moments, ReferenceUse, SkipReason, TimingProtocol, remarks
from resnet_bench.runner.launchers.local import LocalLauncher
from tests import needs
from tests.make import PROTOCOL, case, change, launch, launch_request, samples

TWO = case("m", copies=2)


def of_one(latency_s, began_s, *, span, queued_s=0.01, **changes):
    """Return the launch of one copy, whose isolated samples began then, and which iterated from one to the other."""
    moments = Moments(began_s=tuple(began_s), from_s=span[0], to_s=span[1])
    queued = Moments(began_s=(20.0, 20.1), from_s=19.0, to_s=30.0)
    return launch(
        latency_s,
        of=TWO,
        isolated=samples(TimingProtocol.ISOLATED, latency_s, moments=moments),
        back_to_back=samples(TimingProtocol.BACK_TO_BACK, [queued_s, queued_s], moments=queued),
        **changes,
    )


def test_copies_are_one_launch_that_of_the_slowest_with_what_is_of_all():
    quick = of_one([0.1, 0.1, 0.1], [1.0, 2.0, 3.0], span=(0.5, 9.0), queued_s=0.05, warnings=("a",))
    slow = of_one([0.4, 0.2, 0.2], [2.0, 3.0, 4.0], span=(1.5, 9.5), queued_s=0.08, warnings=("a", "b"))
    made = joined([quick, slow], [(0,), (1,)], protocol=PROTOCOL, others_share=0.0)
    assert [it.outside for it in made.copies] == [1, 0]  # the first sample began before the other copy did
    assert [it.isolated.elapsed_s for it in made.copies] == [(0.1, 0.1), (0.4, 0.2, 0.2)]
    assert [it.cores for it in made.copies] == [(0,), (1,)]
    assert made.isolated == slow.isolated
    assert made.warnings == ("a", "b")
    assert made.memory.peak_rss_bytes == 2 * quick.memory.peak_rss_bytes
    assert made.contention.disturbances == ()
    assert THROUGHPUT.extract(made) == (pytest.approx(4 / 0.05 + 4 / 0.08),)


def test_copies_that_never_ran_together_are_no_launch():
    early = of_one([0.1], [1.0], span=(0.5, 2.0))
    late = of_one([0.1], [4.0], span=(3.0, 9.0))
    assert joined([early, late], [(0,), (1,)], protocol=PROTOCOL, others_share=0.0) is None


@pytest.mark.parametrize("asked", ReferenceUse)
def test_processes_at_once_have_no_reference_and_say_so_where_one_was_asked_for(asked):
    launches = [launch([0.1], of=TWO, warnings=("a",))] * 2
    said = warnings_of(launches, [(), ()], protocol=change(PROTOCOL, reference=asked))
    told = (remarks.no_reference_together(),) if asked is ReferenceUse.ON else ()
    assert said == ("a", *told)


def test_what_one_copy_cannot_tell_of_is_not_known_of_all():
    both = in_all([Memory(peak_rss_bytes=1, weights_bytes=3), Memory(peak_rss_bytes=2, device_total_bytes=9)])
    assert both == Memory(peak_rss_bytes=3, device_total_bytes=9)


@pytest.mark.slow
@needs.two_cores
def test_two_copies_run_at_once_on_cores_of_their_own(family):
    made = LocalLauncher().ask(launch_request("cifar_resnet20", copies=2))
    assert isinstance(made, Launch), made
    one, other = made.copies
    assert len(one.cores) == len(other.cores) == 1
    assert one.cores != other.cores
    assert (one.outside, other.outside) == (0, 0)
    for name in ("isolated", "back_to_back"):
        mine, theirs = (getattr(it, name) for it in made.copies)
        for of_one_copy, beside in ((mine, theirs), (theirs, mine)):
            ends = [
                began + elapsed
                for began, elapsed in zip(of_one_copy.moments.began_s, of_one_copy.elapsed_s, strict=True)
            ]
            assert beside.moments.from_s <= min(of_one_copy.moments.began_s)
            assert max(ends) <= beside.moments.to_s
        assert mine.reference is None
    assert made.isolated in {one.isolated, other.isolated}
    assert made.memory.peak_rss_bytes == one.memory.peak_rss_bytes + other.memory.peak_rss_bytes
    assert not family()


@pytest.mark.slow
@needs.two_cores
@pytest.mark.parametrize(
    ("name", "limit_s", "expected"),
    [
        ("one_dies", 240.0, r"crashed: copy [12] of 2: the process ended with status 9 and no answer"),
        # Until then the other one must have loaded: each is a process that imports torch, beside other tests.
        ("one_hangs", 75.0, r"timeout: copy [12] of 2: not finished after 75 s"),
    ],
)
def test_a_copy_that_fails_ends_the_others_and_is_named(family, monkeypatch, tmp_path, *, name, limit_s, expected):
    monkeypatch.setenv("FAULTY_SAYS", str(tmp_path / "first"))
    request = launch_request(f"tests.runner.faulty:{name}", copies=2)
    skip = LocalLauncher().ask(change(request, protocol=change(request.protocol, time_limit_s=limit_s)))
    assert re.fullmatch(expected, f"{skip.reason}: {skip.detail}"), skip
    assert not family()


@pytest.mark.slow
@pytest.mark.engines
@needs.two_cores
def test_copies_of_a_runtime_are_measured_alike(family):
    made = LocalLauncher().ask(launch_request("tests.runner.faulty:tiny", copies=2, executor=Executor.ONNXRUNTIME))
    assert isinstance(made, Launch), made
    assert [len(it.cores) for it in made.copies] == [1, 1]
    assert [it.outside for it in made.copies] == [0, 0]
    assert made.executed.runtime.name == "onnxruntime"
    assert not family()


@pytest.mark.slow
def test_a_launch_of_more_copies_than_cores_says_so():
    skip = LocalLauncher().ask(launch_request("cifar_resnet20", copies=9000))
    assert skip.reason is SkipReason.UNSUPPORTED
    assert skip.detail.startswith("9,000 copies of 1 thread need 9,000 cores, and there ")
