"""What runtimes gain, side by side: `python -m benchmarks.runtimes -o DIR` prints it; a quiet machine is a must.

One run of eager (channels_last too), ONNX Runtime and OpenVINO in float32 and int8, with the product's own launches,
then each runtime again in a loop that anybody would write, in turns with the product's sampler. Bars: float32 at least
1.2 times eager channels_last at batch 1, int8 at least 3 times float32 of the same runtime, ours / loop within 1 %.
"""

import argparse
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

MODELS = ("resnet18", "resnet50")
RUNTIMES = ("onnxruntime", "openvino")
FASTER, NARROWER, OVERHEAD = 1.2, 3.0, 0.01


class ProcessClock:
    """A clock that counts the CPU time of all threads: a runtime has some of its own."""

    now = staticmethod(time.perf_counter)

    def time(self, iterate, count, *, meanwhile=None):  # noqa: ARG002 - as the clocks' own
        from resnet_bench.profilers.clock import Timing

        start = time.process_time()
        for _ in range(count):
            iterate()
        return Timing(time.process_time() - start, None)


def measured(folder, *, models, batch_sizes, threads, launches):
    """Measure all configurations into a run directory; return throughputs by (model, executor, precision, format)."""
    suite = Path(folder).with_suffix(".toml")
    suite.write_text(
        'preset = "standard"\n[protocol]\n'
        f"launches = {launches}\n"
        f"[[sweep]]\nmodels = {list(models)}\nbatch_sizes = {batch_sizes}\nthreads = [{threads}]\n"
        'executors = ["eager", "folded"]\nmemory_formats = ["contiguous", "channels_last"]\n'
        f"[[sweep]]\nmodels = {list(models)}\nbatch_sizes = {batch_sizes}\nthreads = [{threads}]\n"
        f'executors = {list(RUNTIMES)}\nprecisions = ["fp32", "int8"]\n'.replace("'", '"'),
        encoding="utf-8",
    )
    subprocess.run([sys.executable, "-m", "resnet_bench", "run", str(suite), "-o", str(folder)], check=True)
    import resnet_bench as rb

    frame = rb.load(folder).frame()
    at_one = frame[frame["batch_size"] == 1]
    keys = ["model", "executor", "precision", "memory_format"]
    return {tuple(row[key] for key in keys): row["throughput_images_per_s"] for _, row in at_one.iterrows()}


def held(found, models):
    """Yield each bar with what was reached."""
    for model in models:
        eager = found[model, "eager", "fp32", "channels_last"]
        for runtime in RUNTIMES:
            wide, narrow = (found[model, runtime, precision, "contiguous"] for precision in ("fp32", "int8"))
            yield f"{model} {runtime} fp32 / eager channels_last", wide / eager, FASTER
            yield f"{model} {runtime} int8 / fp32", narrow / wide, NARROWER


def overheads(runtime, *, model="resnet18", pairs=15, iterations=10):
    """Return ours / loop in CPU time of the process, a value a pair: the sampler beside a loop on the same session."""
    import torch

    from resnet_bench.executors.inputs import input_of, random_inputs
    from resnet_bench.executors.table import load_converting
    from resnet_bench.models import create_model
    from resnet_bench.profilers.sampler import sample
    from resnet_bench.records import Case, Executor, TimingProtocol

    case = Case(model=model, batch_size=1, image_size=224, device="cpu", threads=1, executor=Executor(runtime))
    executor, order = load_converting(case.executor), random.Random(0)  # noqa: S311 - an order, not a secret
    (images,) = random_inputs(input_of(case), 1, seed=0)
    with TemporaryDirectory() as folder:
        executor.convert(case, create_model(model).eval(), torch.from_numpy(images), Path(folder))
        prepared = executor.opened(case, Path(folder), seed=0)
        by_hand = _loop(runtime, Path(folder), images)

        def ours():
            taken = sample(
                prepared.iterate,
                ProcessClock(),
                protocol=TimingProtocol.BACK_TO_BACK,
                iterations=iterations,
                min_samples=1,
                max_samples=1,
                target_interval=1e-9,
                budget_s=1e9,
            )
            return sum(taken.elapsed_s)

        def loop():
            start = time.process_time()
            for _ in range(iterations):
                by_hand()
            return time.process_time() - start

        ratios = []
        for _ in range(pairs):
            sides = [("ours", ours), ("loop", loop)]
            order.shuffle(sides)
            took = {name: run() for name, run in sides}
            ratios.append(took["ours"] / took["loop"])
        return ratios[2:]


def any_batch_ratios(runtime, *, model="resnet18", pairs=15, iterations=10):
    """Return CPU time of an artefact for any batch size / of one for the very size, a value a pair, in turns."""
    import torch

    from resnet_bench.executors.inputs import input_of, random_inputs
    from resnet_bench.executors.protocol import BatchSizes
    from resnet_bench.executors.table import load_converting
    from resnet_bench.models import create_model
    from resnet_bench.records import Case, Executor

    case = Case(model=model, batch_size=1, image_size=224, device="cpu", threads=1, executor=Executor(runtime))
    executor, order, network = load_converting(case.executor), random.Random(0), create_model(model).eval()  # noqa: S311
    (images,) = random_inputs(input_of(case), 1, seed=0)
    with TemporaryDirectory() as folder:
        sides = []
        for sizes in BatchSizes:
            made = Path(folder) / sizes
            made.mkdir()
            executor.convert(case, network, torch.from_numpy(images), made, sizes=sizes)
            sides.append((sizes, executor.opened(case, made, seed=0).iterate))

        def spent(iterate):
            start = time.process_time()
            for _ in range(iterations):
                iterate()
            return time.process_time() - start

        ratios = []
        for _ in range(pairs):
            order.shuffle(sides)
            took = {sizes: spent(iterate) for sizes, iterate in sides}
            ratios.append(took[BatchSizes.ANY] / took[BatchSizes.ONE])
        return ratios[2:]


def _loop(runtime, folder, images):
    """Return an iteration as the runtime's own guide writes it, on a session of its own with one thread."""
    if runtime == "onnxruntime":
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(folder / "model.onnx", options, providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name
        return lambda: session.run(None, {name: images})
    import openvino

    # Not pinned, as ours: two sessions of one process would be pinned to different cores.
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1}
    settings |= {"ENABLE_CPU_PINNING": False}
    compiled = openvino.Core().compile_model(folder / "model.xml", "CPU", settings)
    request = compiled.create_infer_request()
    return lambda: request.infer([images], share_inputs=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("-o", "--output", type=Path, help="a new run directory")
    parser.add_argument("--any-batch", action="store_true", help="only what artefacts for any batch size cost")
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--batch-sizes", default="1,8", help="with 1, of which the bars speak")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--launches", type=int, default=3)
    asked = parser.parse_args()
    if asked.any_batch:
        for runtime in RUNTIMES:
            ratio = statistics.median(any_batch_ratios(runtime))
            print(f"{runtime + ' artefact for any batch size / for one, CPU time':60} {ratio:.3f}")
        return
    if asked.output is None:
        parser.error("-o DIR is needed: where the run is written")
    models = asked.models.split(",")
    batch_sizes = [int(size) for size in asked.batch_sizes.split(",")]
    found = measured(
        asked.output, models=models, batch_sizes=batch_sizes, threads=asked.threads, launches=asked.launches
    )
    for what, ratio, bar in held(found, models):
        print(f"{what:50} {ratio:.2f}x  {'reached' if ratio >= bar else 'MISSED'} ({bar}x)")
    if asked.threads == 1:
        for runtime in RUNTIMES:
            ratio = statistics.median(overheads(runtime))
            verdict = "reached" if abs(ratio - 1) <= OVERHEAD else "MISSED"
            print(f"{runtime + ' ours / hand-written loop':50} {ratio:.4f}  {verdict} (within 1 %)")


if __name__ == "__main__":
    main()
