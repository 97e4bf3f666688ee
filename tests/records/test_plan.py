"""What a case is: CPU threads belong to the host's alone, also in records that are older than that."""

import msgspec
import pytest

from resnet_bench.analysis.verdicts.compare import compare
from resnet_bench.config.case_labels import label
from resnet_bench.config.sources import resolve
from resnet_bench.records import Case, Verdict
from resnet_bench.runner import plan
from tests import make


def written_on_a_host_with(threads, *, device="cuda:0"):
    """A case as earlier releases wrote it, read back."""
    line = msgspec.json.encode(msgspec.to_builtins(make.case(device="cpu")) | {"device": device, "threads": threads})
    return msgspec.json.decode(line, type=Case)


def test_one_card_in_two_hosts_has_one_case():
    one, other = written_on_a_host_with(15), written_on_a_host_with(31)
    assert one == other
    assert one.key == "resnet18/inference/b4/96px/fp32/contiguous/eager/cuda:0"
    assert label(one) == "resnet18 batch 4 96 px on cuda:0"


@pytest.mark.parametrize("device", ["cpu", "auto"])
def test_threads_stay_where_the_host_computes_or_may(device):
    assert written_on_a_host_with(15, device=device) != written_on_a_host_with(31, device=device)
    assert make.change(make.case(threads=2), device=device).threads == 2


def test_a_suite_that_sweeps_threads_has_one_case_of_each_on_a_card():
    flags = {"threads": "1,2", "models": "resnet18", "batch_sizes": "1", "device": "cuda:0"}
    suite = resolve(None, variables={}, flags=flags).suite
    assert [case.threads for case in plan.expand(suite, "cuda:0").cases] == [0]
    assert [case.threads for case in plan.expand(suite, "cpu").cases] == [1, 2]


def test_runs_of_one_card_compare_whatever_threads_its_host_had():
    def run(threads):
        executed = make.change(make.EXECUTED, threads=threads, interop_threads=threads)
        of = make.case(device="cuda:0", threads=threads)
        return make.digest_of([make.measurement(make.noisy_launches(1), of=of, executed=executed)])

    assert {row.verdict for row in compare(run(15), run(31)).comparisons} == {Verdict.UNCHANGED}
