"""From suites to cases to an order of launches."""

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resnet_bench import cli
from resnet_bench.commands import run as run_command
from resnet_bench.config import suite_file
from resnet_bench.errors import ConfigError, ModelError
from resnet_bench.machine import environment
from resnet_bench.records import Allocator, Case, Mode, Precision, SkipReason
from resnet_bench.runner import plan
from resnet_bench.runner.sweep import unfinished
from resnet_bench.wire.answers import Probed
from tests import make
from tests.runner.instant import Machine

QUICK = suite_file.load_suite(preset="quick")
CASES = plan.expand(QUICK, "cpu").cases
axis = {
    "batch_size": st.lists(st.integers(1, 64), min_size=1, max_size=4, unique=True),
    "mode": st.lists(st.sampled_from(Mode), min_size=1, max_size=2, unique=True),
    "precision": st.lists(st.sampled_from(Precision), min_size=1, max_size=3, unique=True),
}


def suite(**changes: object) -> suite_file.Suite:
    return msgspec.structs.replace(QUICK, **changes)


def sweep(**axes: object) -> suite_file.Sweep:
    return suite_file.Sweep(axes={"model": ("resnet18", "cifar_resnet20"), **axes})


def test_quick_on_a_cpu_is_five_depths_at_two_batch_sizes():
    assert [(case.model, case.batch_size) for case in CASES] == [
        (f"resnet{depth}", batch) for depth in (18, 34, 50, 101, 152) for batch in (1, 4)
    ]


def test_quick_on_an_accelerator_goes_up_to_128():
    assert max(case.batch_size for case in plan.expand(QUICK, "cuda:0").cases) == 128


@given(axes=st.fixed_dictionaries(axis))
@settings(max_examples=50, deadline=None)
def test_a_sweep_is_the_cartesian_product_of_its_axes(axes):
    cases = plan.expand(suite(sweeps=(sweep(**{name: tuple(values) for name, values in axes.items()}),)), "cpu").cases
    size = 2
    for values in axes.values():
        size *= len(values)
    assert len(cases) == len(set(cases)) == size


def test_each_family_gets_its_own_image_size():
    sizes = {case.model: case.image_size for case in plan.expand(suite(sweeps=(sweep(),)), "cpu").cases}
    assert sizes == {"resnet18": 224, "cifar_resnet20": 32}


@pytest.mark.parametrize(
    ("device", "glibc", "allocator"),
    [("cpu", True, Allocator.FIXED), ("cpu", False, Allocator.SHIPPED), ("cuda:0", True, Allocator.SHIPPED)],
)
def test_the_allocator_is_fixed_unless_asked_where_that_matters_and_can_be_done(monkeypatch, device, glibc, allocator):
    monkeypatch.setattr(environment, "has_glibc", lambda: glibc)
    assert {case.allocator for case in plan.expand(suite(sweeps=(sweep(),)), device).cases} == {allocator}
    asked = plan.expand(suite(sweeps=(sweep(allocator=(Allocator.SHIPPED,)),)), device).cases
    assert {case.allocator for case in asked} == {Allocator.SHIPPED}


def test_a_record_that_says_no_allocator_is_of_a_release_that_left_it_as_shipped():
    old = msgspec.json.decode(
        b'{"model": "resnet18", "batch_size": 1, "image_size": 224, "device": "cpu", "threads": 1}', type=Case
    )
    assert old.allocator is Allocator.SHIPPED


def test_excluded_cases_are_left_out_and_only_those():
    out = suite_file.Exclude(axes={"model": ("resnet152",), "batch_size": (4,)})
    kept = plan.expand(suite(excludes=(out,)), "cpu").cases
    assert set(CASES) - set(kept) == {c for c in CASES if c.model == "resnet152" and c.batch_size == 4}


def test_nothing_left_to_measure_is_an_error():
    with pytest.raises(ConfigError, match="no case for cpu"):
        plan.expand(suite(excludes=(suite_file.Exclude(axes={"batch_size": (1, 4)}),)), "cpu")


def test_an_image_too_small_names_the_smallest():
    with pytest.raises(ModelError, match="32"):
        plan.expand(suite(sweeps=(suite_file.Sweep(axes={"model": ("resnet18",), "image_size": (31,)}),)), "cpu")


@given(launches=st.integers(1, 8), seed=st.integers())
@settings(max_examples=50, deadline=None)
def test_every_round_holds_every_case_once(launches, seed):
    slots = plan.schedule(CASES, launches, seed=seed)
    for index in range(launches):
        block = slots[index * len(CASES) : (index + 1) * len(CASES)]
        assert {slot.index for slot in block} == {index}
        assert sorted(slot.case.key for slot in block) == sorted(case.key for case in CASES)
    assert slots == plan.schedule(CASES, launches, seed=seed)


def test_seeds_change_the_order():
    assert len({plan.schedule(CASES, 2, seed=seed) for seed in range(5)}) == 5


@pytest.mark.parametrize(
    ("reason", "is_left"),
    [
        (SkipReason.OUT_OF_MEMORY, False),
        (SkipReason.UNSUPPORTED, False),
        (SkipReason.DISAGREES, False),
        (SkipReason.TIMEOUT, True),
        (SkipReason.CRASHED, True),
        (SkipReason.INTERRUPTED, True),
    ],
)
def test_resume_tries_again_what_was_no_result(reason, is_left):
    slots = plan.schedule(CASES[:1], 1, seed=0)
    skip = make.skip(CASES[0], reason)
    assert bool(unfinished(slots, [skip])) is is_left


BUILDERS = (
    *("resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "resnext50_32x4d", "resnext101_32x8d"),
    *("resnext101_64x4d", "wide_resnet50_2", "wide_resnet101_2"),
)


@pytest.mark.parametrize("batch_sizes", ["1,32", "1,256"])
def test_ten_models_on_an_accelerator_take_less_than_forty_minutes_and_mostly_measure(monkeypatch, capsys, batch_sizes):
    """The dry run says so: five launches a case, each of seconds of work and not of milliseconds."""
    gpu = Machine(make.change(make.IDENTITY, device="cuda"))
    probed = Probed(device="cuda:0", environment=gpu.environment)
    gpu.machines = lambda *_: (probed,)
    gpu.install(monkeypatch)
    monkeypatch.setattr(run_command, "known_without_torch", lambda _: None)
    asked = ["--models", ",".join(BUILDERS), "--batch-sizes", batch_sizes, "--precision", "fp32,amp_bf16"]
    asked += ["--memory-format", "contiguous"]
    assert cli.run(["run", "--preset", "standard", "--device", "cuda:0", "--dry-run", "--format", "json", *asked]) == 0
    planned = json.loads(capsys.readouterr().out)
    assert [it["launches"] for it in planned] == [5] * 40
    assert sum(it["estimate_s"] for it in planned) < 40 * 60
    protocol = suite_file.load_suite(preset="standard").protocol_on("cuda:0")
    assert (protocol.warmup_min_s, protocol.throughput_min_s) == (1.0, 2.0)
