"""Latency, time per image and peak memory of models, batch sizes and modes, each launch a fresh process.

More is worse in asv, so there is time per image and no throughput. Medians over launches are what to compare; asv
pools the samples of all rounds.
"""

from benchmarks.engine import BATCH_SIZES, DEVICES, MODELS, MODES, as_samples, measure, skip_without

_PARAMETERS = (MODELS, BATCH_SIZES, MODES, DEVICES)
_NAMES = ("model", "batch_size", "mode", "device")


class Latency:
    """The isolated protocol: seconds of one iteration, the device synchronised after each."""

    params = _PARAMETERS
    param_names = _NAMES
    version = "1"
    timeout = 300

    def setup(self, model, batch_size, mode, device):
        del batch_size, mode
        skip_without(model, device)

    def track_latency(self, model, batch_size, mode, device):
        launch = measure(model, batch_size=batch_size, mode=mode, device=device)
        return as_samples(launch.isolated.iteration_s)

    track_latency.unit = "seconds"
    track_latency.rounds = 2


class Throughput:
    """The back-to-back protocol: seconds per image, iterations queued, then one synchronisation."""

    params = (MODELS, BATCH_SIZES, ("inference",), DEVICES)
    param_names = _NAMES
    version = "1"
    timeout = 300

    def setup(self, model, batch_size, mode, device):
        del batch_size, mode
        skip_without(model, device)

    def track_seconds_per_image(self, model, batch_size, mode, device):
        launch = measure(model, batch_size=batch_size, mode=mode, device=device, samples=4, throughput_budget_s=1.0)
        return as_samples(seconds / batch_size for seconds in launch.back_to_back.iteration_s)

    track_seconds_per_image.unit = "seconds"
    track_seconds_per_image.rounds = 2


class Memory:
    """Bytes of tensors at their peak; the same in every launch, so one is enough."""

    params = _PARAMETERS
    param_names = _NAMES
    version = "1"
    timeout = 300

    def setup(self, model, batch_size, mode, device):
        del batch_size, mode
        skip_without(model, device)

    def track_peak_allocated(self, model, batch_size, mode, device):
        launch = measure(model, batch_size=batch_size, mode=mode, device=device, samples=1)
        return launch.memory.peak_allocated_bytes

    track_peak_allocated.unit = "bytes"


class Compile:
    """Cold compilation, in a process and with a cache that compiled nothing before."""

    params = (("resnet18",), DEVICES)
    param_names = ("model", "device")
    version = "1"
    timeout = 600

    def setup(self, model, device):
        skip_without(model, device)

    def track_compile(self, model, device):
        launch = measure(model, batch_size=1, mode="inference", device=device, executor="compile", samples=1)
        return as_samples([launch.compilation.compile_s])

    track_compile.unit = "seconds"
    track_compile.rounds = 1
