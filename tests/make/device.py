"""The device of made-up runs: an overhead for each layer, work that saturates with the batch size, sizes of models."""

from random import Random

from resnet_bench.executors.table import facts
from resnet_bench.records import Case, Executor, MemoryFormat, Mode, Precision, PredictedMemory
from resnet_bench.specs.arithmetic import arithmetic

# name: parameters, MACs and activations at 224 px, weighted layers
MODELS = {
    "resnet18": (11_689_512, 1_814_073_344, 2_483_688, 18),
    "resnet34": (21_797_672, 3_663_761_408, 3_738_600, 34),
    "resnet50": (25_557_032, 4_089_184_256, 11_114_472, 50),
    "resnet101": (44_549_160, 7_801_405_440, 16_231_912, 101),
    "resnet152": (60_192_808, 11_513_626_624, 22_603_240, 152),
}
CORES = 2
_CPU_FLOP_PER_S = 6e10
_GPU_FLOP_PER_S = 4e13


def is_gpu(device: str) -> bool:
    return device.startswith("cuda")


def compiles(case: Case) -> bool:
    return facts(case.executor).compiles


def cost(model: str) -> tuple[int, int, int, int]:
    """Return parameters, MACs, activations and weighted layers; an invented model is a resnet50 of another width."""
    if model in MODELS:
        return MODELS[model]
    width = 0.5 + Random(model).random() * 1.5  # the same for the same name
    parameters, macs, activations, depth = MODELS["resnet50"]
    return round(parameters * width**2), round(macs * width**2), round(activations * width), depth


def predicted_memory(case: Case) -> PredictedMemory:
    parameters, _, activations, _ = cost(case.model)
    computes = arithmetic(case.precision)
    training = case.mode is Mode.TRAINING
    alive = activations * case.batch_size * computes.activation_bytes
    parts = dict(
        weights_bytes=parameters * 4,
        buffers_bytes=parameters // 100,
        input_bytes=case.batch_size * 3 * case.image_size**2 * computes.weight_bytes,
        gradients_bytes=parameters * 4 if training else 0,
        optimizer_bytes=parameters * 4 if training else 0,
        activations_bytes=alive if training else alive // 4,
    )
    return PredictedMemory(**parts, temporary_bytes=0, absent_bytes=0, peak_bytes=sum(parts.values()))


def iteration_s(case: Case, *, speed: float) -> float:
    _, macs, _, depth = cost(case.model)
    gpu = is_gpu(case.device)
    reduced = case.precision is not Precision.FP32
    rate = (_GPU_FLOP_PER_S if gpu else _CPU_FLOP_PER_S) * (2.4 if reduced and gpu else 1.0) * speed
    overhead = depth * (4.5e-5 if gpu else 1e-4) / (3 if case.executor is Executor.CUDA_GRAPH else 1)
    work = 2 * macs * case.batch_size * (3 if case.mode is Mode.TRAINING else 1) / rate
    saturation = 1 + (6 if gpu else 0.4) / case.batch_size
    last = 0.93 if case.memory_format is MemoryFormat.CHANNELS_LAST else 1.0
    return (overhead + work * (1 + (saturation - 1) / 4)) * last
