"""The search finds the largest batch size that fits, whatever it is, and says what ended it."""

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnet_bench.child import skips
from resnet_bench.config.sources import resolve
from resnet_bench.errors import Interrupted
from resnet_bench.records import BatchSearch, Executor, SearchStop, Trial
from resnet_bench.report.documents import run as view
from resnet_bench.runner import search as searching
from resnet_bench.runner.search import LARGEST_BATCH, Tried, largest_fit
from resnet_bench.runner.searches import with_searches
from resnet_bench.storage import run_directory
from resnet_bench.storage.trials import TrialLog
from resnet_bench.wire.answers import Fits, Probed
from tests import make
from tests.runner.instant import Answers

CASE = make.case(batch_size=1, image_size=224)


def fitting_up_to(largest, *, seconds_per_image=0.0, first_refused=False):
    def attempt(size):
        if first_refused and size == 1:
            return Tried(Trial(batch_size=1, fits=False, detail="one value per channel"), SearchStop.REFUSED)
        if size > largest:
            return Tried(Trial(batch_size=size, fits=False, detail="no memory"), SearchStop.OUT_OF_MEMORY)
        return Tried(Trial(batch_size=size, fits=True, iteration_s=size * seconds_per_image), None)

    return attempt


@given(st.integers(1, LARGEST_BATCH - 1))
def test_the_largest_size_that_fits_is_found_in_few_trials(largest):
    trials, found, stop = largest_fit(fitting_up_to(largest), iteration_limit_s=math.inf)
    assert (found, stop) == (largest, SearchStop.OUT_OF_MEMORY)
    assert len(trials) <= 2 * math.log2(largest) + 3
    assert len({trial.batch_size for trial in trials}) == len(trials)


@pytest.mark.parametrize(
    "words",
    [
        "CUDA out of memory. Tried to allocate 3.06 GiB",
        "cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED",
        "FIND was unable to find an engine to execute this computation",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "UR_RESULT_ERROR_OUT_OF_DEVICE_MEMORY",
        "miopenStatusAllocFailed",
    ],
)
def test_the_largest_size_is_found_in_whatever_words_the_device_says_that_it_is_full(tmp_path, words):
    def answer(request):
        if request.case.batch_size <= 1500:
            return Fits(iteration_s=0.01, peak_allocated_bytes=1)
        return skips.skip(request, RuntimeError(words))

    limits = searching.Limits(memory_bytes=None, iteration_s=60.0)
    case = make.case(batch_size=1, image_size=224, device="cuda:0")
    log = TrialLog(tmp_path, way="here")
    found = searching.search(case, "resnet18", limits, launcher=Answers(answer), log=log, on_trial=lambda *_: None)
    assert (found.largest, found.stopped_by) == (1500, SearchStop.OUT_OF_MEMORY)


def test_a_line_of_an_earlier_search_that_cannot_be_read_is_told(tmp_path):
    log = TrialLog(tmp_path, way="here")
    for size in (1, 2):
        log.add(CASE.with_batch_size(size), Trial(batch_size=size, fits=True), None, None)
    path = tmp_path / "trials.jsonl"
    first, second = path.read_text().splitlines()
    path.write_text(f"{first}\n{second[:40]}\n{second}\n{{")
    again = TrialLog(tmp_path, way="here")
    assert len(again) == 2
    half, damaged = again.warnings
    assert half.endswith(
        "trials.jsonl: the last line is half-written (1 bytes) and was set aside; what it held is tried again."
    )
    assert "trials.jsonl, line 2: " in damaged
    assert damaged.endswith("it was set aside: what it held is tried again; then remove that line.")


def test_nothing_fits():
    trials, found, stop = largest_fit(fitting_up_to(0), iteration_limit_s=math.inf)
    assert (len(trials), found, stop) == (1, None, SearchStop.OUT_OF_MEMORY)


def test_a_slow_iteration_ends_the_search_without_bisecting():
    trials, found, stop = largest_fit(fitting_up_to(10**6, seconds_per_image=1.0), iteration_limit_s=5.0)
    assert [trial.batch_size for trial in trials] == [1, 2, 4, 8]
    assert (found, stop) == (8, SearchStop.TIME_LIMIT)


def test_a_case_that_refuses_one_image_alone_is_searched_all_the_same():
    _, found, stop = largest_fit(fitting_up_to(5, first_refused=True), iteration_limit_s=math.inf)
    assert (found, stop) == (5, SearchStop.OUT_OF_MEMORY)


def search(trials, largest):
    return BatchSearch(
        case=CASE,
        trials=trials,
        largest=largest,
        stopped_by=SearchStop.MEMORY_LIMIT,
        memory_limit_bytes=2**30,
        iteration_limit_s=5.0,
    )


def test_powers_of_two_and_the_largest_are_measured():
    sizes = [(1, True), (2, True), (4, True), (8, False), (6, True), (7, False)]
    found = search(tuple(Trial(batch_size=size, fits=fits) for size, fits in sizes), 6)
    assert found.batch_sizes == (1, 2, 4, 6)
    assert search((Trial(batch_size=1, fits=False),), None).batch_sizes == (1,)


def test_the_report_recommends_the_knee():
    run = make.suite_run(models=("resnet18",), batch_sizes=(1, 2, 4, 8, 16))
    case = run.header.cases[0]
    found = msgspec.structs.replace(search((Trial(batch_size=16, fits=True),), 16), case=case.with_batch_size(1))
    header = msgspec.structs.replace(run.header, searches=(found,))
    document = view.build([msgspec.structs.replace(run, header=header)])
    (table,) = next(section for section in document.sections if section.id == "scaling").tables
    ((_, largest, end, recommended, throughput, share),) = table.rows
    assert (largest, end) == (16, "the memory limit of 1.000 GiB")
    assert recommended in (1, 2, 4, 8, 16)
    assert throughput > 0
    assert 0.95 <= share <= 1


@pytest.mark.parametrize(
    ("executor", "limit_s"), [(Executor.EAGER, 140), (Executor.COMPILE, 920), (Executor.COMPILE_MAX_AUTOTUNE, 920)]
)
def test_compiling_gets_the_time_that_a_launch_gets(tmp_path, executor, limit_s):
    given_s = []

    def tried(request):
        given_s.append(request.limit_s)
        return make.skip(request.case)

    case, log = msgspec.structs.replace(CASE, executor=executor), TrialLog(tmp_path, way="here")
    limits = searching.Limits(None, 5.0, 900.0)
    searching.search(case, "resnet18", limits, launcher=Answers(tried), log=log, on_trial=lambda *_: None)
    assert given_s == [limit_s]


@pytest.mark.slow
def test_a_memory_limit_on_the_cpu_is_felt_by_real_processes(tmp_path, capfd):
    from resnet_bench import cli

    arguments = ["--models", "tests.runner.faulty:needs_memory", "--batch-sizes", "auto", "--memory-limit", "256MiB"]
    code = cli.run(
        ["run", *arguments, "--image-sizes", "32", "--device", "cpu", "--launches", "1", "-o", str(tmp_path / "run")]
    )
    captured = capfd.readouterr()
    assert code == 0, captured.err
    (found,) = run_directory.load(tmp_path / "run").header.searches
    assert found.stopped_by is SearchStop.MEMORY_LIMIT
    assert 2 <= found.largest <= 4
    assert [it.fits for it in found.trials if it.batch_size > found.largest] == [False] * (
        sum(it.batch_size > found.largest for it in found.trials)
    )
    assert "the memory limit of 256" in captured.out
    assert "recommended" in captured.out
    assert "does not fit" in captured.err


@pytest.fixture
def trials():
    """Trials without processes: batch sizes up to 5 fit, and a list of those tried."""
    tried = []

    def ask(request):
        size = request.case.batch_size
        tried.append(size)
        if size > 5:
            return make.skip(request.case)
        return Fits(iteration_s=0.1, peak_allocated_bytes=size)

    tried_by = Answers(ask)
    tried_by.tried = tried
    return tried_by


def suite_that_searches(**flags):
    return resolve(None, variables={}, flags={"models": "resnet18", "batch_sizes": "auto", **flags}).suite


def test_an_interrupted_search_goes_on_where_it_stopped(tmp_path, trials):
    suite = suite_that_searches(memory_limit="1GiB")
    probed = Probed(device="cpu", environment=make.suite_run().header.environments[0])

    def stops_after_two(request):
        if len(trials.tried) == 2:
            raise KeyboardInterrupt
        return trials.ask(request)

    with pytest.raises(Interrupted, match=r"2 trials of the search are saved\. Go on with the same command and -o"):
        with_searches(suite, probed, tmp_path, launcher=Answers(stops_after_two), commit=None)
    plan, (found,) = with_searches(suite, probed, tmp_path, launcher=trials, commit=None)
    assert trials.tried == [1, 2, 4, 8, 6, 5]
    assert [case.batch_size for case in plan.cases] == [1, 2, 4, 5]
    assert [trial.batch_size for trial in found.trials] == trials.tried
    assert found.stopped_by is SearchStop.MEMORY_LIMIT


def test_trials_under_another_limit_are_made_again(tmp_path, trials):
    probed = Probed(device="cpu", environment=make.suite_run().header.environments[0])
    for limit in ("1GiB", "2GiB", "1GiB"):
        suite = suite_that_searches(memory_limit=limit)
        with_searches(suite, probed, tmp_path, launcher=trials, commit=None)
    assert trials.tried == [1, 2, 4, 8, 6, 5] * 2
