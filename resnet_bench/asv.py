"""Benchmarks for another repository's asv suite: subclass, name the models, and asv finds them.

    from resnet_bench import asv

    class Latency(asv.LatencySuite):
        models = ("mynet.model:build",)
        batch_sizes = (1, 8)

Nothing is computed, and torch not imported, when this is: asv imports every file of a suite to find its benchmarks.
Every figure is a launch in a fresh process, against the package of the commit that asv has installed; a commit that
has no such model, and a machine without the device, are skipped. Of a repository that pip cannot install, asv runs
`python -m resnet_bench.asv {build_dir}` after installing resnet_bench: it puts the checkout on the environment's path.
"""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

_SAMPLES = 5  # always as many, so that the samples of a round can be told from the next one's


class _Models:
    """What all share: parameters that follow from `models`, and skipping what a commit does not have."""

    models: ClassVar[tuple[str, ...]] = ()
    version: ClassVar[str] = "1"
    timeout: ClassVar[float] = 300
    params: ClassVar[tuple[tuple[object, ...], ...]]
    param_names: ClassVar[tuple[str, ...]] = ("model",)

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.params = (tuple(cls.models),)

    def setup(self, model: str, *_rest: object) -> None:
        """Skip a model that the commit does not have."""
        from resnet_bench.errors import ResNetBenchError  # noqa: PLC0415 - see above
        from resnet_bench.runner import choices  # noqa: PLC0415
        from resnet_bench.runner.launchers.table import launcher  # noqa: PLC0415

        try:
            self._own = choices.named(model).own(launcher())
        except ResNetBenchError as error:
            raise NotImplementedError(str(error)) from error


class CostSuite(_Models):
    """Exact counts for one image: any change is a change of the network."""

    image_size: ClassVar[int | None] = None

    def track_parameters(self, model: str) -> int:
        """Return the parameters."""
        return int(self._profile(model).parameters)

    def track_macs(self, model: str) -> int:
        """Return multiply-accumulates of convolution and linear layers."""
        return int(self._profile(model).macs)

    def _profile(self, model: str) -> Any:
        from resnet_bench.api import profile  # noqa: PLC0415

        size = self.image_size
        return profile(model, input=None if size is None else self._own.sized(size))


class _Measured(_Models):
    """One launch of each model and batch size."""

    batch_sizes: ClassVar[tuple[int, ...]] = (1,)
    image_size: ClassVar[int | None] = None
    mode: ClassVar[str] = "inference"
    device: ClassVar[str | None] = None  # the host
    threads: ClassVar[int | None] = None
    param_names: ClassVar[tuple[str, ...]] = ("model", "batch_size")

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.params = (tuple(cls.models), tuple(cls.batch_sizes))

    def _launch(self, model: str, batch_size: int, *, samples: int = _SAMPLES, throughput_budget_s: float = 0.1) -> Any:
        """Make one launch in a fresh process; a case that cannot run is skipped, one that breaks fails."""
        from asv_runner.benchmarks.mark import SkipNotImplemented  # noqa: PLC0415

        from resnet_bench.config.axes import completed  # noqa: PLC0415
        from resnet_bench.machine import environment  # noqa: PLC0415
        from resnet_bench.machine.devices import HOST  # noqa: PLC0415
        from resnet_bench.records import Case, Launch, Mode, SkipReason  # noqa: PLC0415
        from resnet_bench.runner.launchers.table import launcher  # noqa: PLC0415
        from resnet_bench.runner.plan import resolved  # noqa: PLC0415
        from resnet_bench.wire.messages import MeasureRequest  # noqa: PLC0415

        spec = resolved([model], ())[model]
        wanted = self._own if self.image_size is None else self._own.sized(self.image_size)
        device = self.device or HOST
        said = {
            "mode": Mode(self.mode),
            "batch_size": batch_size,
            "image_size": wanted.image_size,
            "input": wanted.short,
            "device": device,
            "threads": self.threads or environment.default_threads(),
        }
        case = Case(model=model, **completed(said, device))
        protocol = _protocol(device, samples, throughput_budget_s, self.timeout * 0.8)
        answer = launcher().ask(MeasureRequest(case=case, index=0, attempt=0, model=spec, protocol=protocol))
        if isinstance(answer, Launch):
            return answer
        if answer.reason in {SkipReason.UNSUPPORTED, SkipReason.OUT_OF_MEMORY}:
            raise SkipNotImplemented(answer.detail)
        raise RuntimeError(f"{answer.reason}: {answer.detail}")


def _protocol(device: str, samples: int, throughput_budget_s: float, time_limit_s: float) -> Any:
    """Return the standard preset's protocol on a device, with as many samples always, and briefer on the host."""
    import msgspec  # noqa: PLC0415 - see above

    from resnet_bench.config.suite_file import load_suite  # noqa: PLC0415
    from resnet_bench.machine.devices import is_accelerator  # noqa: PLC0415
    from resnet_bench.records import ReferenceUse  # noqa: PLC0415

    briefer = {} if is_accelerator(device) else {"warmup_budget_s": 1.0}
    return msgspec.structs.replace(
        load_suite(preset="standard").protocol_on(device),
        launches=1,
        repeats=0,
        min_samples=samples,
        max_samples=samples,
        sampling_budget_s=60.0,
        throughput_budget_s=throughput_budget_s,
        warmup_min_iterations=2,
        time_limit_s=time_limit_s,
        reference=ReferenceUse.OFF,  # asv takes samples as they are
        **briefer,
    )


class LatencySuite(_Measured):
    """Seconds of one iteration, the device synchronised after each."""

    def track_latency(self, model: str, batch_size: int) -> dict[str, object]:
        """Return the samples of one launch."""
        return _as_samples(self._launch(model, batch_size).isolated.iteration_s)


class ThroughputSuite(_Measured):
    """Seconds per image, iterations queued, then one synchronisation: more is worse in asv."""

    def track_seconds_per_image(self, model: str, batch_size: int) -> dict[str, object]:
        """Return the samples of one launch."""
        launch = self._launch(model, batch_size, samples=4, throughput_budget_s=1.0)
        return _as_samples(seconds / batch_size for seconds in launch.back_to_back.iteration_s)


class MemorySuite(_Measured):
    """Bytes of tensors at their peak; the same in every launch."""

    def track_peak_allocated(self, model: str, batch_size: int) -> int | None:
        """Return the peak of one launch."""
        peak: int | None = self._launch(model, batch_size, samples=1).memory.peak_allocated_bytes
        return peak


def _as_samples(values: Iterable[float]) -> dict[str, object]:
    """Return samples as asv takes them from its own timings: it then makes the median, interval and quartiles."""
    return {"samples": list(values), "number": 1}


def _described(benchmark: Callable[..., Any], unit: str, rounds: int) -> None:
    benchmark.unit = unit  # type: ignore[attr-defined] # asv reads these of the function
    benchmark.rounds = rounds  # type: ignore[attr-defined]


_described(CostSuite.track_parameters, "parameters", 1)
_described(CostSuite.track_macs, "MACs", 1)
_described(LatencySuite.track_latency, "seconds", 2)
_described(ThroughputSuite.track_seconds_per_image, "seconds", 2)
_described(MemorySuite.track_peak_allocated, "bytes", 1)


def follow(checkout: str) -> None:
    """Let this environment import what lies in a checkout, or in its src folder, and was never installed."""
    import sysconfig  # noqa: PLC0415 - see above
    from pathlib import Path  # noqa: PLC0415

    from resnet_bench.storage import files  # noqa: PLC0415

    root = Path(checkout).resolve()
    files.whole(Path(sysconfig.get_path("purelib"), "checkout-of-asv.pth"), f"{root}\n{root / 'src'}\n")


if __name__ == "__main__":
    import sys

    follow(sys.argv[1])
