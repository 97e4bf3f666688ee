"""What a runtime runs is converted, loaded without torch, and proven to be the network; faults are planted."""

import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from resnet_bench import specs
from resnet_bench.child.convert import convert
from resnet_bench.child.deployed import agreement_with_eager, refuse_other_threads
from resnet_bench.errors import DisagreesError, UnsupportedError
from resnet_bench.executors import artifact, inputs, onnx_providers, open_vino, table
from resnet_bench.executors.deployed import refuse_other_types
from resnet_bench.executors.protocol import BatchSizes
from resnet_bench.models.registry import create_with_weights
from resnet_bench.profilers.busy_threads import BusyThreads
from resnet_bench.records import (
    INT8_TYPES,
    Executor,
    Launch,
    MemoryFormat,
    Mode,
    Precision,
    RanOperators,
    RuntimeRan,
    SkipReason,
)
from resnet_bench.runner.launchers.local import LocalLauncher
from resnet_bench.wire.messages import ConvertRequest
from tests import make, needs
from tests.make.trained import TINY, save_trained, trained_case

RUNTIMES = (Executor.ONNXRUNTIME, Executor.OPENVINO)
SEED = make.BRIEF.seed


def installed(executor):
    """Say whether its packages are here; where all is installed, as in CI, nothing is passed over."""
    return "CI" in os.environ or not table.facts(executor).missing


engines = [
    pytest.mark.engines,
    pytest.mark.skipif(
        not all(map(installed, RUNTIMES)) and not os.environ.get("CI"), reason="the runtimes are not installed"
    ),
]


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return save_trained(tmp_path_factory.mktemp("weights") / "tiny.pth")


@pytest.fixture(scope="module", params=RUNTIMES)
def made(request, weights, tmp_path_factory):
    """A case, the folder of its artefact and what its conversion answered: made once for each runtime."""
    of = trained_case(weights, executor=request.param)
    folder = tmp_path_factory.mktemp(f"made-{request.param}")
    return of, folder, convert(ConvertRequest(case=of, model=TINY, folder=str(folder), seed=SEED, images=64))


@pytest.fixture
def copied(made, tmp_path):
    """The same, for a test that spoils the artefact."""
    of, folder, answer = made
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    return of, tmp_path, answer


def opened(of, folder):
    return table.load_converting(of.executor).opened(of, folder / "artifact", seed=SEED)


def compared(of, folder):
    return agreement_with_eager(of, opened(of, folder), folder, images=64, seed=SEED)


@pytest.mark.parametrize("executor", RUNTIMES)
class TestALaunch:
    pytestmark = engines

    def test_is_measured_without_torch_and_proves_itself(self, executor, weights, tmp_path):
        of = trained_case(weights, executor=executor)
        asked = make.change(make.launch_request(TINY.name), case=of, model=TINY, artifacts=str(tmp_path))
        launch = LocalLauncher().ask(asked)
        assert isinstance(launch, Launch), launch
        near = launch.agreement
        assert near.sqnr_db is None or near.sqnr_db > 80
        assert (near.images, near.top1_agreement) == (64, 1.0)
        assert near.classes >= 8
        assert launch.conversion.artifact_bytes > 4 * specs.totals(TINY, image_size=32).parameters
        assert launch.conversion.convert_s > 0
        assert launch.executed.threads == 1
        assert launch.busy_threads in {1, None}
        assert launch.executed.weights
        assert launch.memory.peak_allocated_bytes is None
        assert launch.memory.peak_rss_bytes > launch.conversion.artifact_bytes
        ran = launch.executed.runtime
        assert ran.macs_share({"float32"}) == 1.0
        macs = specs.totals(TINY, image_size=32).macs * of.batch_size
        assert sum(it.macs for it in ran.operators) == macs

        again = LocalLauncher().ask(make.change(asked, index=1))
        assert again.conversion.convert_s is None
        assert (again.conversion.sha256, again.agreement.images) == (launch.conversion.sha256, 16)

        largest = max((tmp_path / artifact.FOLDER).iterdir(), key=lambda it: it.stat().st_size)
        largest.write_bytes(largest.read_bytes()[:-100])
        spoiled = LocalLauncher().ask(make.change(asked, index=2))
        assert (spoiled.reason, spoiled.index) == (SkipReason.DISAGREES, 2)
        assert "changed on disk after it was converted" in spoiled.detail


class TestCopies:
    pytestmark = engines

    @needs.two_cores
    def test_load_one_artefact_that_was_made_before_they_were_bound_to_cores(self, weights, tmp_path):
        of = trained_case(weights, executor=Executor.ONNXRUNTIME, copies=2)
        asked = make.change(make.launch_request(TINY.name), case=of, model=TINY, artifacts=str(tmp_path))
        first, again = (LocalLauncher().ask(make.change(asked, index=index)) for index in range(2))
        assert [it.conversion.convert_s is None for it in (first, again)] == [False, True]
        assert first.conversion.sha256 == again.conversion.sha256
        assert first.environment == LocalLauncher().machines("cpu")[0].environment.id
        assert [len(it.copies) for it in (first, again)] == [2, 2]


@pytest.mark.engines
@needs.compiler
def test_a_package_compiled_ahead_is_the_network_and_needs_its_own_threads_only(weights, tmp_path):
    of = trained_case(weights, executor=Executor.AOT_INDUCTOR)
    convert(ConvertRequest(case=of, model=TINY, folder=str(tmp_path), seed=SEED, images=16))
    prepared = opened(of, tmp_path)
    near = agreement_with_eager(of, prepared, tmp_path, images=16, seed=SEED)
    assert near.sqnr_db is None or near.sqnr_db > 80
    assert prepared.executed().threads == 1


class TestInt8:
    pytestmark = engines

    @pytest.mark.parametrize("executor", RUNTIMES)
    def test_runs_in_int8_and_is_near(self, executor, weights, tmp_path):
        of = trained_case(weights, executor=executor, precision=Precision.INT8)
        answer = convert(ConvertRequest(case=of, model=TINY, folder=str(tmp_path), seed=SEED, images=64))
        prepared = opened(of, tmp_path)
        near = agreement_with_eager(of, prepared, tmp_path, images=64, seed=SEED)
        assert near.sqnr_db > 20
        assert near.top1_agreement > 0.9
        ran = prepared.executed().runtime
        assert ran.macs_share(INT8_TYPES) > 0.95
        assert sum(it.macs for it in ran.operators) == specs.totals(TINY, image_size=32).macs * of.batch_size
        refuse_other_types(of, ran)
        assert answer.size_bytes < 4 * specs.totals(TINY, image_size=32).parameters

    @pytest.mark.parametrize("executor", RUNTIMES)
    def test_calibrated_by_photos_is_near_too(self, executor, weights, tmp_path):
        photos = tmp_path / "photos"
        photos.mkdir()
        ramp = np.linspace(0, 255, 48)
        for index in range(32):
            light, tilt = np.random.default_rng(index).uniform(0.2, 1.0, 3), index / 31
            tones = (tilt * ramp[:, None] + (1 - tilt) * ramp[None, ::-1])[..., None] * light
            Image.fromarray(tones.astype(np.uint8)).save(photos / f"{index}.png")
        of = trained_case(weights, executor=executor, precision=Precision.INT8)
        asked = ConvertRequest(case=of, model=TINY, folder=str(tmp_path), seed=SEED, images=64, calibration=str(photos))
        convert(asked)
        prepared = opened(of, tmp_path)
        near = agreement_with_eager(of, prepared, tmp_path, images=64, seed=SEED, calibrated_by=str(photos))
        assert near.sqnr_db > 15


def test_what_calls_itself_int8_and_ran_none_of_it_disagrees():
    wide = RanOperators(operator="Conv", provider="CPU", dtype="float32", count=3, macs=10)
    narrow = make.change(wide, dtype="uint8", macs=30)
    of = trained_case(executor=Executor.ONNXRUNTIME, precision=Precision.INT8)
    ran = RuntimeRan(name="onnxruntime", version="1", providers=("CPU",), operators=(wide,))
    with pytest.raises(DisagreesError, match="ran no product in it"):
        refuse_other_types(of, ran)
    ran = make.change(ran, operators=(wide, narrow))
    refuse_other_types(of, ran)
    assert ran.macs_share(INT8_TYPES) == 0.75


class TestAPlantedFault:
    pytestmark = engines

    def test_a_truncated_or_exchanged_artefact_is_never_loaded(self, copied):
        _, folder, answer = copied
        written = artifact.Fingerprint(answer.sha256, answer.size_bytes)
        artifact.refuse_changed(folder / "artifact", written)
        largest = max((folder / "artifact").iterdir(), key=lambda it: it.stat().st_size)
        whole = largest.read_bytes()
        for spoiled in (whole[:-100], whole[:-1] + bytes([whole[-1] ^ 1])):
            largest.write_bytes(spoiled)
            with pytest.raises(DisagreesError, match="changed on disk"):
                artifact.refuse_changed(folder / "artifact", written)

    def test_a_wrong_weight_disagrees(self, copied, weights, tmp_path):
        of, folder, _ = copied
        state = torch.load(weights)
        state["layer2.0.conv1.weight"][3] *= 1.5
        torch.save(state, tmp_path / "wrong.pth")
        wrong = make.change(of, weights=str(tmp_path / "wrong.pth"))
        other = tmp_path / "other"
        other.mkdir()
        convert(ConvertRequest(case=wrong, model=TINY, folder=str(other), seed=SEED, images=8))
        shutil.rmtree(folder / "artifact")
        shutil.copytree(other / "artifact", folder / "artifact")
        with pytest.raises(DisagreesError, match=r"does not compute the network.*at least 60 dB"):
            compared(of, folder)

    @pytest.mark.parametrize("made", [Executor.ONNXRUNTIME], indirect=True)
    def test_a_runtime_that_ignores_threads_is_refused(self, made):
        """Of so small a network OpenVINO runs all in one thread, however many it has."""
        of, folder, _ = made
        if (os.cpu_count() or 1) < 2:
            pytest.skip("one core: nobody could use two")
        greedy = opened(make.change(of, threads=2), folder)
        busy = BusyThreads()
        for _ in range(100):  # on a busy machine the second thread may get no core at first
            for _ in range(60):
                greedy.iterate()
            used = busy.count()
            if used != 1:
                break
        if used is None:
            pytest.skip("the system does not tell of threads")
        with pytest.raises(UnsupportedError, match="used 2 threads where 1 were asked for"):
            refuse_other_threads(of, used)

    def test_what_is_measured_reads_its_own_input_whatever_is_allocated_later(self, made):
        of, folder, _ = made
        prepared = opened(of, folder)
        later = [np.full((of.batch_size, 3, 32, 32), np.nan, dtype=np.float32) for _ in range(64)]
        (images,) = inputs.random_inputs(inputs.input_of(of), of.batch_size, seed=SEED)
        assert np.array_equal(prepared.iterate(), prepared.outputs(images))
        assert len(later) == 64

    def test_an_artefact_serves_no_other_batch_size(self, made):
        of, folder, _ = made
        with pytest.raises(UnsupportedError, match=r"built for an input of 2x3x32x32, and the case has 4x3x32x32"):
            opened(of.with_batch_size(4), folder)

    def test_one_for_any_batch_size_serves_each_and_computes_the_same(self, made, tmp_path):
        of, _, _ = made
        network = create_with_weights(TINY, of.weights, device=torch.device("cpu"))[0].eval()
        any_size = dict(sizes=BatchSizes.ANY)
        executor = table.load_converting(of.executor)
        executor.convert(of.with_batch_size(1), network, torch.zeros(1, 3, 32, 32), tmp_path, **any_size)
        images = inputs.structured_images(inputs.input_of(of), 4, seed=1)
        four = executor.opened(of.with_batch_size(4), tmp_path, seed=SEED)
        with torch.inference_mode():
            expected = network(torch.from_numpy(images)).numpy()
        np.testing.assert_allclose(four.outputs(images), expected, rtol=1e-4, atol=1e-4)
        macs = specs.totals(TINY, image_size=32).macs * 4
        assert sum(it.macs for it in four.executed().runtime.operators) == macs

    @pytest.mark.parametrize("executor", RUNTIMES)
    def test_a_model_that_cannot_be_exported_names_the_operator(self, executor, tmp_path):
        of, images = trained_case(executor=executor), torch.zeros(2, 3, 32, 32)
        with pytest.raises(UnsupportedError, match=r"refuses 'tiny': it has no \w+ for \w+\.\w*bessel_j0\."):
            table.load_converting(executor).convert(of, Odd().eval(), images, tmp_path)

    @pytest.mark.parametrize("made", [Executor.ONNXRUNTIME], indirect=True)
    def test_a_provider_that_is_not_there_is_a_refusal_and_no_silent_fallback(self, made, monkeypatch):
        of, folder, _ = made
        row = onnx_providers.PROVIDERS[of.executor, "cpu"]
        monkeypatch.setitem(onnx_providers.PROVIDERS, (of.executor, "cpu"), row._replace(name="CUDAExecutionProvider"))
        with pytest.raises(UnsupportedError, match="fell back to CPUExecutionProvider: CUDAExecutionProvider"):
            opened(of, folder)

    @pytest.mark.parametrize("made", [Executor.OPENVINO], indirect=True)
    def test_bfloat16_under_the_name_of_float32_is_seen_twice(self, made, monkeypatch):
        """By what its nodes say, and by the logits; where the processor has no bfloat16 OpenVINO computes float32."""
        openvino = pytest.importorskip("openvino")
        if "BF16" not in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
            pytest.skip("this processor has no bfloat16")
        of, folder, _ = made
        monkeypatch.setitem(open_vino.HINTS, Precision.FP32, "bf16")
        lowered = opened(of, folder)
        ran = lowered.executed().runtime
        assert ran.macs_share({"bfloat16"}) > 0
        with pytest.raises(DisagreesError, match=r"did not compute fp32: it ran .* in bfloat16"):
            refuse_other_types(of, ran)
        with pytest.raises(DisagreesError, match="does not compute the network"):
            agreement_with_eager(of, lowered, folder, images=64, seed=SEED)


class Odd(nn.Module):
    def forward(self, images):
        return torch.special.bessel_j0(images).mean(dim=(2, 3))


@pytest.mark.parametrize(
    ("axes", "words"),
    [
        (dict(mode=Mode.TRAINING), "inference only"),
        (dict(device="mps"), "on the CPU( and CUDA)? only, not on mps"),
        (dict(precision=Precision.FP16), "has no fp16 here: ask for fp32 and int8"),
        (dict(memory_format=MemoryFormat.CHANNELS_LAST), "leave --memory-format contiguous"),
        (dict(input="3x32x32+10:int64"), "one tensor of fractions"),
    ],
)
@pytest.mark.parametrize("executor", RUNTIMES)
def test_what_a_runtime_cannot_do_is_said_before_anything_is_converted(monkeypatch, executor, axes, words):
    monkeypatch.setattr(table, "find_spec", lambda _: object())
    with pytest.raises(UnsupportedError, match=words):
        table.load(executor).supports(trained_case(executor=executor, **axes))


@pytest.mark.parametrize("executor", RUNTIMES)
def test_an_executor_that_is_not_installed_names_the_extra(monkeypatch, executor):
    monkeypatch.setattr(table, "find_spec", lambda _: None)
    with pytest.raises(UnsupportedError, match=rf"pip install 'resnet-bench\[{executor}\]'"):
        table.load(executor).supports(trained_case(executor=executor))


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_a_runtime_that_is_there_and_cannot_be_imported_is_named_as_broken(monkeypatch, tmp_path, runtime):
    (tmp_path / f"{runtime}.py").write_text("raise ImportError('in its own words:\\nlibgone.so.1: no such file')")
    monkeypatch.syspath_prepend(tmp_path)
    for name in [it for it in sys.modules if it.partition(".")[0] == runtime]:
        monkeypatch.delitem(sys.modules, name)
    of = trained_case(executor=Executor(runtime))
    loads = {
        "onnxruntime": lambda: onnx_providers.refuse_absent(of),
        "openvino": lambda: open_vino.EXECUTOR.opened(of, tmp_path, seed=SEED),
    }
    with pytest.raises(UnsupportedError, match=rf"^{runtime} is installed here and broken.*: libgone\.so\.1: no such"):
        loads[runtime]()


def test_structured_images_are_seeded_and_differ_from_one_another():
    of = inputs.input_of(trained_case())
    first, again, other = (inputs.structured_images(of, 8, seed=seed) for seed in (1, 1, 2))
    assert inputs.digest(first) == inputs.digest(again) != inputs.digest(other)
    assert first.shape == (8, 3, 32, 32)
    assert first.dtype == np.float32
    means = first.mean(axis=(1, 2, 3))
    assert len(np.unique(means.round(3))) == 8


def test_a_folder_s_digest_knows_names_and_bytes(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"12")
    one = artifact.fingerprint(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    other = artifact.fingerprint(tmp_path)
    assert one.size_bytes == other.size_bytes == 2
    assert one.sha256 != other.sha256
