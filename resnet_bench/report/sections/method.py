"""How the numbers came about, what they leave out, and what the words mean."""

from collections import Counter
from collections.abc import Sequence

from resnet_bench import units
from resnet_bench.analysis.confidence import CONFIDENCE_TEXT
from resnet_bench.analysis.deployment_metrics import FEWEST_CLASSES
from resnet_bench.analysis.published import ACCURACY_IMAGE_SIZE
from resnet_bench.analysis.results import NOISY_SPREAD, Result
from resnet_bench.machine.devices import is_accelerator
from resnet_bench.records import Allocator, Mode, Run, State, StopReason, Transfer
from resnet_bench.report.document import Passage, Prominence, Section
from resnet_bench.report.sections.context import Context
from resnet_bench.report.sections.copies import of_copies_words
from resnet_bench.report.sections.launches import has_launches, has_samples
from resnet_bench.report.sections.ranks import of_ranks_words
from resnet_bench.report.sections.reference_words import reference_words
from resnet_bench.report.sections.runtimes import runtimes
from resnet_bench.specs.arithmetic import ARITHMETICS
from resnet_bench.words import counted, listed

_ENDINGS = {
    StopReason.INTERVAL: "because the median was known well enough",
    StopReason.BUDGET: "because its time was spent",
    StopReason.MAXIMUM: "at the largest number of samples",
    StopReason.STABLE: "because it was stable",
    StopReason.SETTLED: "because clocks and power were steady",
}
_STATES = {
    State.SUSTAINED: (
        "Accelerators are measured sustained: before its samples a launch keeps the device busy until clocks and power "
        "stay where they are, and throughput is that of seconds of queued work. Clocks, power, temperature and what "
        "held clocks back are read while the device works; a card at its power limit is a fact, not a disturbance."
    ),
    State.BURST: (
        "Accelerators are measured in bursts: after a short warm-up, before clocks and power are steady. That is what "
        "a rare request meets; nobody can keep up such a throughput."
    ),
}


def method_section(context: Context) -> Section:
    """Return the blocks that apply to what was measured."""
    runs, results = context.runs, context.results
    return Section(
        id="method",
        title="Method",
        prominence=Prominence.PAGE,
        blocks=(
            Passage(title="Timing", paragraphs=_timing(runs)),
            Passage(title="Statistics", paragraphs=_statistics()),
            Passage(title="What is counted, and what is not", paragraphs=_counting(results)),
            *_agreement(results),
            *runtimes(runs),
            Passage(title="Memory", paragraphs=_memory(runs)),
            Passage(title="Raw data", paragraphs=_raw_data(runs), downloads=_downloads(runs)),
        ),
    )


def _timing(runs: Sequence[Run]) -> tuple[str, ...]:
    transfers = {run.header.protocol.transfer for run in runs}
    copy = "includes" if transfers == {Transfer.INCLUDED} else "does not include"
    norms = listed(
        list(
            dict.fromkeys(
                launch.executed.batch_norm_statistics
                for run in runs
                for measurement in run.measurements
                for launch in measurement.launches
            )
        )
    )
    statistics = f" Batch-norm statistics: {norms}." if norms else ""
    return (
        (
            "Every launch is a fresh process that warms up, then measures twice. Latency: each iteration ends with "
            "a synchronisation of the device (isolated). Throughput: iterations are queued back to back and "
            "synchronised once. The launches of all cases take turns in a seeded random order, so that drift of "
            "the machine hits all alike."
        ),
        f"An iteration {copy} the copy of its input from host to device. Inputs are random.{statistics}",
        *_training(runs),
        *_endings(runs),
        *_allocator(runs),
        *_on_accelerators(runs),
        *_scaled(runs),
        *reference_words(runs),
        *of_copies_words(runs),
        *of_ranks_words(runs),
    )


def _allocator(runs: Sequence[Run]) -> tuple[str, ...]:
    """Say that memory was not given back to the system, where that is so."""
    cases = [case for run in runs for case in run.header.cases]
    fixed = [case for case in cases if case.allocator is Allocator.FIXED]
    if not fixed:
        return ()
    which = "all cases" if len(fixed) == len(cases) else counted(len(fixed), "case")
    text = (
        f"The C library's allocator was fixed for {which}: it keeps all memory. As it is shipped (--allocator shipped) "
        "it maps large tensors anew, in one launch more often than in the next, for the launch's whole life."
    )
    return (text,)


def _on_accelerators(runs: Sequence[Run]) -> tuple[str, ...]:
    """Say in which state accelerators were measured, and what they were like meanwhile."""
    states = dict.fromkeys(
        run.header.protocol.state
        for run in runs
        for environment in run.header.environments
        if is_accelerator(environment.identity.device)
    )
    return tuple(_STATES[state] for state in states)


def _scaled(runs: Sequence[Run]) -> tuple[str, ...]:
    """Say what a loss scaler does in an iteration, where one did."""
    launches = [launch for run in runs for measurement in run.measurements for launch in measurement.launches]
    scaled = [launch for launch in launches if launch.skipped_steps is not None]
    if not scaled:
        return ()
    before, among = (
        sum(it) for it in zip(*((it.warmup.skipped_steps, it.skipped_steps or 0) for it in scaled), strict=True)
    )
    return (
        (
            "Where the loss is scaled, each step asks whether a gradient overflowed and waits for the answer: such "
            f"iterations are never more than one ahead of the device. The scale is lowered before anything is timed "
            f"until the optimizer steps, and never raised: {before:,} steps were skipped before warm-up, {among:,} "
            "among samples."
        ),
    )


def _endings(runs: Sequence[Run]) -> tuple[str, ...]:
    """Say why sampling ended: where the budget ended it, more time would narrow the intervals."""
    endings = Counter(
        launch.isolated.stopped_by
        for run in runs
        for measurement in run.measurements
        for launch in measurement.launches
    )
    if not endings:
        return ()
    words = [f"{_ENDINGS[reason]} in {count:,}" for reason, count in endings.most_common()]
    return (f"Latency sampling ended {listed(words)} of {endings.total():,} launches.",)


def _statistics() -> tuple[str, ...]:
    return (
        (
            f"The launch is the unit of replication: each is reduced to its median, and the {CONFIDENCE_TEXT} interval "
            "is of the mean of their logarithms, from six launches on without the lowest and the highest fifth, so "
            "that one slow launch hides nothing; fewer than three launches give none. Percentiles (p50 to p99) are of "
            "all samples; p99 is not given below 100 samples. A case is called noisy when the "
            "range of its launch medians, corrected for drift where a reference stood beside it, is above "
            f"{units.percent(NOISY_SPREAD, 0)} of its median latency; without a reference also when its samples' MAD "
            "is."
        ),
        (
            "Improved and regressed: the interval of the ratio lies beyond the noise band. Unchanged: it lies within. "
            "Inconclusive: it is too wide to tell. Not comparable: device, software or "
            "protocol differ."
        ),
    )


def _counting(results: Sequence[Result]) -> tuple[str, ...]:
    uncounted = list(
        dict.fromkeys(
            operator for result in results if result.profile for operator in result.profile.uncounted_operators
        )
    )
    left_out = f" Not counted in these models: {listed(uncounted, limit=8)}." if uncounted else ""
    return (
        "MACs are multiply-accumulates of convolution and linear layers; FLOPs are twice the MACs. Batch norm, "
        "activations, pooling and additions are not in them. Tools that say “FLOPs” for MACs show half of our FLOPs."
        + left_out
        + _disagreeing(results),
        (
            "Accuracy is what the weights' publishers state for ImageNet (top-1); it is not measured here and does not "
            f"change with the precision shown. It holds for {ACCURACY_IMAGE_SIZE} px, so other image sizes have none."
            + _given(results)
        ),
    )


def _floors() -> str:
    """Say the floors of all precisions: 60 dB in fp32 and fp64, ..."""
    floors: dict[float, list[str]] = {}
    for precision, row in ARITHMETICS.items():
        floors.setdefault(row.least_trained_sqnr_db, []).append(precision.value)
    return "; ".join(f"{floor:g} dB in {listed(of, limit=8)}" for floor, of in sorted(floors.items(), reverse=True))


def _agreement(results: Sequence[Result]) -> tuple[Passage, ...]:
    """Say how outputs were compared, where any were."""
    found = [result.agreement for result in results if result.agreement]
    if not found:
        return ()
    images = next((it.images for it in found if it.loss_error is None), None)
    of_logits = (
        f"After all that is timed, the logits of {images} seeded images are compared with those of the same "
        "weights in eager float32. SQNR is the power of eager float32's logits, less their mean over the images, by "
        "that of the difference, in dB. That the largest logit is the same says nothing below "
        f"{FEWEST_CLASSES} distinct classes (“void”), and little with random weights (“untrained”). Below 3 dB, in "
        "float32 below 60 dB, a case disagrees and has no figures; with loaded weights below "
        f"{_floors()}."
    )
    of_steps = (
        "Training steps are compared by their loss and by all gradients together, on other images than they were timed "
        "with. Rounding alone moves gradients by more than logits, for a rectifier opens or closes by it: what "
        "disagrees lies below those bounds and also 20 dB below eager float32 on images rounded as the case rounds."
    )
    has_steps = any(it.loss_error is not None for it in found)
    said = [*([] if images is None else [of_logits]), *([of_steps] if has_steps else [])]
    return (Passage(title="Agreement", paragraphs=tuple(said)),)


def _given(results: Sequence[Result]) -> str:
    """Say whose accuracy the suite gives."""
    told = {it.case.model: it.accuracy for it in results if it.accuracy_given and it.accuracy is not None}
    said = [f"{model} ({units.percent(accuracy)})" for model, accuracy in told.items()]
    return f" Given by the suite, of whatever it was measured on: {listed(said, limit=8)}." if said else ""


def _training(runs: Sequence[Run]) -> tuple[str, ...]:
    """Say what a training step computes, where one was planned."""
    optimizers = sorted({it.optimizer for run in runs for it in run.header.cases if it.mode is Mode.TRAINING})
    if not optimizers:
        return ()
    text = (
        f"A training step is a forward pass, a backward pass and the optimizer's step ({listed(optimizers)}). Its loss "
        "is the sum over the floating-point tensors of the output that a gradient flows through: of each of shape (N, "
        "classes, ...) the cross entropy with fixed random targets, of any other its mean."
    )
    return (text,)


def _disagreeing(results: Sequence[Result]) -> str:
    """Say of which models torch's own counter counts something else, for no reason that is known."""
    models = {it.case.model: None for it in results if it.profile and it.profile.unexplained_flops}
    if not models:
        return ""
    return (
        f" Of {listed(list(models), limit=8)} torch's own counter counts another forward pass than we do, and why is "
        "not known: take neither for granted."
    )


def _memory(runs: Sequence[Run]) -> tuple[str, ...]:
    launches = (launch for run in runs for measurement in run.measurements for launch in measurement.launches)
    beside = (
        "On CUDA predicted also has what is known of the device: its allocator rounds blocks up, and its library of "
        "products keeps a workspace for each stream (32 MiB on Hopper). Adam's and AdamW's step makes the roots of all "
        "second moments at once; a loss scaler adds single numbers. cuDNN chooses its workspace with its algorithm "
        "while it runs: it is in what is measured and not in what is predicted."
    )
    return (
        (
            "Peak allocated is what the device's allocator handed out for tensors; peak reserved adds its cache; "
            "peak RSS is the whole process, its libraries included. Predicted is weights, buffers, input, "
            "gradients, optimizer state and live or saved activations of one iteration, without convolution "
            "workspace. A dash is “unavailable”, never 0."
        ),
        *([beside] if any(launch.memory.beside_bytes is not None for launch in launches) else []),
    )


def _downloads(runs: Sequence[Run]) -> tuple[str, ...]:
    return ("results", "launches") if has_launches(runs) else ("results",)


def _raw_data(runs: Sequence[Run]) -> tuple[str, ...]:
    if not has_launches(runs):
        return ("Every case with every column, in base units; launches stand in the run directory's launches.jsonl.",)
    samples = (
        "Launches come with all their latency samples in time order."
        if has_samples(runs)
        else "The samples themselves stand in the run directory's launches.jsonl."
    )
    return (f"Every case with every column, and every launch, in base units. {samples}",)
