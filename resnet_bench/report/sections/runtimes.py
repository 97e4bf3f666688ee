"""What the page says of runtimes that run an artefact, and of what int8 took its ranges from."""

from collections.abc import Sequence

from resnet_bench.executors import calibration
from resnet_bench.executors import table as executors
from resnet_bench.records import Launch, Precision, Run
from resnet_bench.report.document import Passage
from resnet_bench.words import listed


def runtimes(runs: Sequence[Run]) -> tuple[Passage, ...]:
    """Return how artefacts were made and loaded, which runtimes ran them, and where int8 comes from; where any did."""
    launches = [launch for run in runs for measurement in run.measurements for launch in measurement.launches]
    said = (*_converted(launches), *_quantised(runs))
    return (Passage(title="Runtimes", paragraphs=said),) if said else ()


def _converted(launches: Sequence[Launch]) -> tuple[str, ...]:
    converted = [it for it in launches if it.conversion is not None]
    if not converted:
        return ()
    once = any(it.conversion and it.conversion.convert_s is None for it in converted)
    ran = [it.executed.runtime for it in converted if it.executed.runtime is not None]
    named = list(dict.fromkeys(f"{it.name} {it.version} by {', '.join(it.providers)}" for it in ran))
    without = all(not executors.facts(it.case.executor).needs_torch for it in converted)
    often = "once for all launches of a case" if once else "in each launch"
    text = (
        f"An artefact is made by a process of its own, {often}, and loaded in a fresh one"
        f"{' that imports no torch' * without}, after its digest was compared. Providers, threads and the type of "
        f"every product are read back from the runtime when all is timed{f' ({listed(named)})' if named else ''}."
    )
    return (text,)


def _quantised(runs: Sequence[Run]) -> tuple[str, ...]:
    measured = [(run, it) for run in runs for it in run.measurements if it.case.precision is Precision.INT8]
    if not measured:
        return ()
    folders = dict.fromkeys(run.header.protocol.calibration for run, _ in measured)
    images = f"{calibration.IMAGES} seeded images"
    sources = [f"images in '{folder}'" if folder else images for folder in folders]
    return (
        f"int8 took the ranges of activations from {listed(sources)}; each channel of weights has a scale of its own.",
    )
