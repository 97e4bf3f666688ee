"""What the steps of `benchmarks.gpu_session` share: cases, workloads, and how states that were read are told."""

import statistics

READ_EVERY_S = 0.05


def summary(states):
    """Return the least, the median and the greatest of what was read, and every reason for throttling."""

    def of(name, scale):
        values = sorted(value / scale for it in states if (value := getattr(it, name)) is not None)
        return f"{values[0]:.2f} / {statistics.median(values):.2f} / {values[-1]:.2f}" if values else "not told"

    reasons = sorted({reason for it in states for reason in it.throttle_reasons})
    return {
        "clock (GHz)": of("sm_clock_hz", 1e9),
        "power (W)": of("power_w", 1),
        "temperature (C)": of("temperature_c", 1),
        "throttled by": ", ".join(reasons) or "nothing",
    }


def case_of(scale, **axes):
    """Return a case of the scale's model, precision and device, channels last, but for what is named."""
    import msgspec

    from resnet_bench import specs
    from resnet_bench.machine.environment import default_threads
    from resnet_bench.records import Case

    given = {"precision": scale.precision, "memory_format": "channels_last", "model": scale.model} | axes
    size = specs.find(given["model"]).image_size
    made = {"image_size": size, "device": scale.device, "threads": default_threads(), **given}
    return msgspec.convert(made, Case)


def load_case(scale, **axes):
    """Return such a case's workload in this process, with its clock."""
    from resnet_bench.child.prepare import load

    asked = case_of(scale, **axes)
    return load(asked, asked.model, seed=0)


def quick_protocol():
    """Return how a launch measures in the quick preset."""
    from resnet_bench.config.suite_file import load_suite

    return load_suite(preset="quick").protocol
