"""What the asv benchmarks share: the axes, and one launch of one case measured by resnet_bench itself.

Nothing is computed or probed at import, and the axes are the same on every machine and at every commit, because asv
runs this folder as it is checked out now against the package of each commit: what a commit or a machine does not have
is skipped. Every asv process makes one launch; asv's `rounds` are therefore fresh processes.
"""

MODELS = ("resnet18", "resnet50")
BATCH_SIZES = (1, 4)
MODES = ("inference", "training")
DEVICES = ("cpu", "cuda")
SAMPLES = 5  # always as many, so that the samples of a round can be told from the next one's

# The registry, written out: asv passes the number of a parameter, and an older commit may have another list.
REGISTRY = (
    *("resnet10", "resnet14", "resnet18", "resnet26", "resnet34", "resnet50", "resnet101", "resnet152", "resnet200"),
    *("resnet10_v1", "resnet14_v1", "resnet18_v1", "resnet26_v1", "resnet34_v1", "resnet50_v1", "resnet101_v1"),
    *("resnet152_v1", "resnet200_v1", "resnext50_32x4d", "resnext101_32x4d", "resnext101_32x8d", "resnext101_64x4d"),
    *("wide_resnet50_2", "wide_resnet101_2", "resnet18d", "resnet26d", "resnet34d", "resnet50d", "resnet101d"),
    *("resnet152d", "resnet200d", "seresnet18", "seresnet34", "seresnet50", "seresnet101", "seresnet152"),
    *("preact_resnet18", "preact_resnet34", "preact_resnet50", "preact_resnet101", "preact_resnet152"),
    *("preact_resnet200", "cifar_resnet20", "cifar_resnet32", "cifar_resnet44", "cifar_resnet56", "cifar_resnet110"),
    *("cifar_resnet1202", "cifar_resnet18", "cifar_resnet34", "cifar_resnet50", "cifar_preact_resnet164"),
    *("cifar_preact_resnet1001", "cifar_wrn_16_8", "cifar_wrn_28_10", "cifar_wrn_40_4"),
)


# A commit that knows of it measures an accelerator in its steady state; an older one measures bursts.
_SUSTAINED = {"state": "sustained", "warmup_min_s": 1.0, "throughput_min_s": 1.0}


def find(model):
    """Return a model's spec; a commit that has no such model is skipped."""
    try:
        from resnet_bench import specs
        from resnet_bench.errors import ModelError
    except ImportError as error:
        raise NotImplementedError("this commit is older than the interface") from error
    try:
        return specs.find(model)
    except ModelError as error:
        raise NotImplementedError(str(error)) from error


def skip_without(model, device):
    """Skip what is not there: the device on this machine, the interface or the model at this commit."""
    find(model)
    try:
        from resnet_bench.errors import DeviceError
        from resnet_bench.machine.nvml import device_count
        from resnet_bench.runner.launchers.local import LocalLauncher
        from resnet_bench.wire import messages
    except ImportError as error:
        raise NotImplementedError("this commit is older than the interface") from error
    del messages
    if device == "cuda":
        if not device_count():  # before torch, which takes seconds to load
            raise NotImplementedError("no CUDA device here")
        try:
            LocalLauncher().machines("cuda")
        except DeviceError as error:
            raise NotImplementedError(str(error)) from error


def measure(model, *, batch_size, mode, device, executor="eager", samples=SAMPLES, throughput_budget_s=0.1):
    """Make one launch in a fresh process; a case that cannot run is skipped, one that breaks fails."""
    from asv_runner.benchmarks.mark import SkipNotImplemented

    from resnet_bench.machine import environment
    from resnet_bench.records import Case, Launch, Protocol, SkipReason
    from resnet_bench.runner.launchers.local import LocalLauncher
    from resnet_bench.wire import messages

    spec = find(model)
    case = Case(
        model=model,
        mode=mode,
        batch_size=batch_size,
        image_size=spec.image_size,
        executor=executor,
        device="cuda:0" if device == "cuda" else device,
        threads=environment.default_threads(),
    )
    protocol = Protocol(
        launches=1,
        target_interval=0.02,
        min_samples=samples,
        max_samples=samples,
        sampling_budget_s=60.0,
        throughput_budget_s=throughput_budget_s,
        warmup_min_iterations=2,
        warmup_budget_s=1.0,
        time_limit_s=240.0,
        **(_SUSTAINED if device == "cuda" and "state" in Protocol.__struct_fields__ else {}),
    )
    request = messages.MeasureRequest(case=case, index=0, attempt=0, model=spec, protocol=protocol)
    answer = LocalLauncher().ask(request)
    if isinstance(answer, Launch):
        return answer
    if answer.reason in {SkipReason.UNSUPPORTED, SkipReason.OUT_OF_MEMORY}:
        raise SkipNotImplemented(answer.detail)
    raise RuntimeError(f"{answer.reason}: {answer.detail}")


def as_samples(values):
    """Return samples as asv takes them from its own timings: it then makes the median, interval and quartiles."""
    return {"samples": list(values), "number": 1}
