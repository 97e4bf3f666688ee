"""The steps of `benchmarks.gpu_session` about networks: memory, layers, agreement, and a loop written by hand."""

import gc
import math
import statistics
import time

from benchmarks.gpu_common import case_of, load_case, quick_protocol
from benchmarks.gpu_steps import Verdict, finding

# From this batch size on predicted memory is to be within the one share, below within the other, or so many bytes.
LARGE_BATCH = 32
MEMORY_WITHIN, MEMORY_WITHIN_SMALL, MEMORY_BYTES = 0.05, 0.10, 40 * 2**20
LAYERS_WITHIN = 0.1
LOOP_WITHIN = 0.02  # the default noise band


def memory(scale, _directory, ends_s):
    """Hold what is predicted against what the allocator counts."""
    from resnet_bench.errors import ResNetBenchError

    rows, worst = [], []
    for case in _memory_cases(scale):
        if time.monotonic() > ends_s - 5:
            break
        try:
            predicted, allocated = _predicted_and_allocated(case)
        except (ResNetBenchError, RuntimeError) as error:
            rows.append({"case": case.key, "said": f"{type(error).__name__}: {str(error).splitlines()[0]}"})
            continue
        off = predicted / allocated - 1
        within = near(predicted, allocated, batch_size=case.batch_size)
        worst.append((within, abs(off)))
        rows.append(
            {
                "case": case.key,
                "predicted (MiB)": f"{predicted / 2**20:.1f}",
                "allocated (MiB)": f"{allocated / 2**20:.1f}",
                "off": f"{off:+.1%}",
                "within target": "yes" if within else "no",
            }
        )
    beyond = sum(not within for within, _ in worst)
    farthest = max((off for _, off in worst), default=math.nan)
    said = f"{len(worst)} cases, {beyond} beyond the target; the farthest is {farthest:.1%} off"
    return finding(Verdict.GOOD if worst and not beyond else Verdict.LOOK, said, rows)


def near(predicted, allocated, *, batch_size):
    """Say whether predicted memory is as near to what was allocated as it is meant to be."""
    apart = abs(predicted - allocated)
    if batch_size >= LARGE_BATCH:
        return apart <= MEMORY_WITHIN * allocated
    return apart <= MEMORY_WITHIN_SMALL * allocated or apart <= MEMORY_BYTES


def layers(scale, _directory, ends_s):
    """Time layers, and hold the sum of their rows against the iteration and against the profiler's kernels."""
    import msgspec

    from resnet_bench.records import Skip
    from resnet_bench.runner.launchers.table import launcher
    from resnet_bench.wire.messages import LayersRequest

    # A batch of 128 is enough to keep a card busy, and leaves time for three executors.
    rows, far = [], []
    batches = (scale.small_batch, scale.large_batch // 2)
    for batch_size, executor in ((batch, executor) for batch in batches for executor in scale.executors):
        if time.monotonic() > ends_s - 10:
            break
        case = case_of(scale, batch_size=batch_size, executor=executor)
        request = LayersRequest(case=case, model=case.model, protocol=quick_protocol(), budget_s=2.0)
        answer = launcher().ask(request)
        if isinstance(answer, Skip):
            rows.append({"case": case.key, "said": f"{answer.reason}: {answer.detail}"})
            continue
        found = answer.layers
        total_s = sum(it.time_s for it in found.layers)
        kernels_s = _kernels_s(msgspec.structs.replace(case, executor=case.plain.executor))
        far.append(abs(total_s / found.whole_s - 1))
        rows.append(
            {
                "case": case.key,
                "timed by": found.timed_by,
                "iteration (ms)": f"{found.whole_s * 1e3:.3f}",
                "sum of rows (ms)": f"{total_s * 1e3:.3f}",
                "sum over iteration": f"{total_s / found.whole_s - 1:+.1%}",
                "eager kernels by torch.profiler (ms)": f"{kernels_s * 1e3:.3f}",
            }
        )
    said = f"{len(far)} cases; rows add up to the iteration within {max(far, default=math.inf):.1%}"
    return finding(Verdict.GOOD if far and max(far) < LAYERS_WITHIN else Verdict.LOOK, said, rows)


def agreement(scale, _directory, ends_s):
    """Hold what is captured and compiled against eager float32, and count the steps that a loss scaler skips."""
    from resnet_bench.records import Skip
    from resnet_bench.runner.launchers.table import launcher
    from resnet_bench.wire.messages import MeasureRequest

    rows, bad = [], 0
    for mode, executor, precision in _compared(scale):
        if time.monotonic() > ends_s - 10:
            break
        case = case_of(scale, batch_size=8, mode=mode, executor=executor, precision=precision)
        if case == case.plain:
            continue
        request = MeasureRequest(case=case, index=0, attempt=0, model=case.model, protocol=quick_protocol())
        answer = launcher().ask(request)
        if isinstance(answer, Skip) or answer.agreement is None:
            bad += 1
            said = f"{answer.reason}: {answer.detail}" if isinstance(answer, Skip) else "; ".join(answer.warnings)
            rows.append({"case": case.key, "said": said})
            continue
        it = answer.agreement
        sqnr = "nothing differs" if it.sqnr_db is None else f"{it.sqnr_db:.1f}"
        row = {"case": case.key, "SQNR (dB)": sqnr, "largest error": f"{it.max_error:.2g}"}
        if it.loss_error is None:
            row["top-1"] = f"{it.top1_agreement:.0%} of {it.images}, {it.classes} classes"
        else:
            row["loss off by"] = f"{it.loss_error:.2g}"
        rows.append(row)
    skipped = _skipped_steps(scale)
    rows.append(
        {"case": f"{scale.model} {scale.half} training", "said": f"{skipped} steps before the first that counts"}
    )
    said = f"{len(rows) - 1 - bad} of {len(rows) - 1} compared; the loss scaler skips {skipped} steps"
    return finding(Verdict.LOOK if bad else Verdict.GOOD, said, rows)


def _compared(scale):
    if scale.in_process:  # a simulated card computes nothing that could be compared
        return
    for mode in ("inference", "training"):
        for executor in scale.executors:
            for precision in dict.fromkeys(("fp32", scale.half, scale.precision)):
                if (mode, executor) != ("training", "cuda_graph"):
                    yield mode, executor, precision


def loop(scale, _directory, _ends_s):
    """Hold our throughput against a hand-written loop of the same network in the same process, in turns."""
    import torch

    loaded = load_case(scale, batch_size=scale.large_batch)
    workload, clock = loaded
    network, _ = workload.prepared.plain()
    (images,) = workload.prepared.placed.inputs.tensors
    count = 10 if scale.rehearses else 50

    def by_hand():
        with torch.inference_mode(), torch.autocast(workload.device.type, dtype=torch.bfloat16):
            workload.instruments.synchronize(workload.device)
            began_s = clock.now()
            for _ in range(count):
                network(images)
            workload.instruments.synchronize(workload.device)
            return len(images) * count / (clock.now() - began_s)

    def by_us():
        with workload.running():
            return len(images) * count / clock.time(workload.iterate, count).host_s

    by_hand(), by_us()
    pairs = [(by_us(), by_hand()) for _ in range(7)]
    ratios = sorted(ours / theirs for ours, theirs in pairs)
    rows = [{"ours (images/s)": f"{ours:.1f}", "by hand (images/s)": f"{theirs:.1f}"} for ours, theirs in pairs]
    said = f"ours over a hand-written loop: {statistics.median(ratios):.4f} (from {ratios[0]:.4f} to {ratios[-1]:.4f})"
    alike = abs(statistics.median(ratios) - 1) < LOOP_WITHIN
    return finding(Verdict.GOOD if alike else Verdict.LOOK, said, rows)


def _memory_cases(scale):
    precisions = ("fp32",) if scale.in_process else ("fp32", scale.half)  # autocast knows no simulated card
    wanted = [(mode, precision) for precision in precisions for mode in ("inference", "training")]
    for model in scale.models:
        for batch_size in scale.memory_batches:
            for mode, precision in dict.fromkeys(wanted):
                axes = dict(
                    model=model, batch_size=batch_size, mode=mode, precision=precision, memory_format="contiguous"
                )
                yield case_of(scale, **axes)
                if mode == "inference" and "cuda_graph" in scale.executors:
                    yield case_of(scale, **axes, executor="cuda_graph")


def _predicted_and_allocated(case):
    from resnet_bench.child.prepare import load
    from resnet_bench.profilers.allocations import MemoryProbe
    from resnet_bench.profilers.complexity import static_profile

    static = static_profile(
        case.model,
        mode=case.mode,
        precision=case.precision,
        batch_size=case.batch_size,
        image_size=case.image_size,
    )
    gc.collect()  # captured graphs hold themselves
    if "cuda" in case.device:
        import torch

        torch._C._cuda_clearCublasWorkspaces()  # noqa: SLF001 - each stream keeps one from its first product on
        torch.cuda.empty_cache()
    loaded = load(case, case.model, seed=0)
    workload = loaded.workload
    workload.instruments.reset_peaks(workload.device)
    probe = MemoryProbe(workload)
    with workload.running():
        for _ in range(2):  # what the second allocates is what every later one does
            workload.iterate()
        loaded.until_it_steps()
        probe.warmed_up()
        workload.iterate()
        memory = probe.measure()
    return static.predicted_memory.on_device(memory.beside_bytes, memory.late_bytes), memory.peak_allocated_bytes


def _kernels_s(case):
    """Return what the kernels of one eager iteration last, by torch's profiler."""
    from resnet_bench.child.prepare import load
    from resnet_bench.profilers.profiled_iterations import profiled

    loaded = load(case, case.model, seed=0)
    with loaded.workload.running():
        loaded.warm_up(quick_protocol(), loaded.gauge())
        iterations = profiled(loaded.workload)
    return statistics.median(sum(it.seconds for it in each.operations) for each in iterations)


def _skipped_steps(scale):
    """Return how many training steps a loss scaler skips before the first that counts."""
    loaded = load_case(scale, batch_size=4, mode="training", precision=scale.half)
    with loaded.workload.running():
        loaded.workload.iterate()
        return loaded.until_it_steps()
