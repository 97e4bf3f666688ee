"""Kernels to modules by injected events: what shapes prove is attributed, the rest is fused and never guessed."""

import pytest

from resnet_bench import specs
from resnet_bench.errors import UnsupportedError
from resnet_bench.profilers.kernels import attribute
from resnet_bench.profilers.profiled_iterations import Iteration, Operation, alike, iterations_of
from resnet_bench.profilers.timeline import Call
from resnet_bench.records import Mode, Part, Precision
from resnet_bench.specs.costs import backward_cost, forward_cost

CONV1 = Call("conv1", "Conv2d", (1, 3, 32, 32), (1, 16, 32, 32), (16, 3, 3, 3))
BLOCK = [Call(f"layer1.0.conv{n}", "Conv2d", (1, 16, 32, 32), (1, 16, 32, 32), (16, 16, 3, 3)) for n in (1, 2)]
RELU = Call("relu", "ReLU", (1, 16, 32, 32), (1, 16, 32, 32), ())
FC = Call("fc", "Linear", (1, 64), (1, 10), (10, 64))
CALLS = (CONV1, RELU, *BLOCK, FC)
LAYERS = tuple(
    layer
    for layer in specs.profile(
        specs.find("cifar_resnet20"), mode=Mode.INFERENCE, precision=Precision.FP32, batch_size=1, image_size=32
    ).layers
    if layer.name in {call.name for call in CALLS}
)


def conv(call, seconds, **more):
    return Operation("aten::convolution", seconds, (call.input_shape, call.weight_shape), **more)


def conv_backward(call, seconds):
    shapes = (call.output_shape, call.input_shape, call.weight_shape)
    return Operation("aten::convolution_backward", seconds, shapes, backward=True)


def rows_of(*operations, mode=Mode.INFERENCE, total=100.0):
    return attribute([Iteration(total, tuple(operations))], CALLS, LAYERS, mode=mode, precision=Precision.FP32)


def test_products_go_to_the_modules_of_their_shapes_in_order_and_the_rest_is_fused():
    found = rows_of(
        conv(CONV1, 3.0),
        Operation("graph_0_cpp_fused_relu_0", 0.5),
        conv(BLOCK[0], 4.0),
        Operation("graph_0_cpp_fused_relu_0", 0.6),
        conv(BLOCK[1], 5.0),
        Operation("aten::addmm", 1.0, ((10,), (1, 64), (64, 10))),
    )
    named = {(row.name, row.call): row for row in found}
    assert [named[call.name, 1].forward_s for call in (CONV1, *BLOCK, FC)] == [3.0, 4.0, 5.0, 1.0]
    assert named["cpp_fused_relu_0", 2].forward_s == 0.6
    assert {row.part for row in found} == {Part.MODULE, Part.FUSED, Part.OUTSIDE}
    assert all(row.flops is None and row.macs == 0 for row in found if row.part is not Part.MODULE)
    assert ("relu", 1) not in named
    assert sum(row.time_s for row in found) == pytest.approx(100.0)
    assert found[-1].name == "outside kernels"


def test_a_product_of_a_shape_that_no_module_has_is_not_guessed():
    strange = Operation("aten::convolution", 2.0, ((1, 3, 32, 32), (16, 3, 5, 5)))
    once_too_often = [conv(CONV1, 1.0), conv(CONV1, 7.0)]
    parts = {(row.name, row.part): row.forward_s for row in rows_of(strange, *once_too_often)}
    assert parts["conv1", Part.MODULE] == 1.0
    assert parts["aten::convolution", Part.FUSED] == 9.0


def test_backward_passes_run_from_the_last_module_to_the_first():
    found = rows_of(
        conv(BLOCK[0], 1.0),
        conv(BLOCK[1], 2.0),
        Operation("aten::mm", 0.25, ((10, 1), (1, 64)), backward=True),
        Operation("aten::mm", 0.5, ((1, 10), (10, 64)), backward=True),
        conv_backward(BLOCK[1], 20.0),
        conv_backward(BLOCK[0], 10.0),
        Operation("aten::add_", 3.0, optimizer=True),
        mode=Mode.TRAINING,
    )
    named = {row.name: row for row in found}
    assert (named["layer1.0.conv1"].forward_s, named["layer1.0.conv1"].backward_s) == (1.0, 10.0)
    assert (named["layer1.0.conv2"].forward_s, named["layer1.0.conv2"].backward_s) == (2.0, 20.0)
    assert named["fc"].backward_s == 0.75
    assert named["optimizer step"].optimizer_s == 3.0
    assert sum(row.time_s for row in found) == pytest.approx(100.0)


def test_costs_are_those_of_the_passes_that_were_attributed():
    layer = next(layer for layer in LAYERS if layer.name == "layer1.0.conv2")
    forward, backward = forward_cost(layer), backward_cost(layer, Precision.FP32, is_first=False)
    both = {row.name: row for row in rows_of(conv(BLOCK[0], 1.0), conv(BLOCK[1], 2.0), conv_backward(BLOCK[1], 4.0))}
    assert both["layer1.0.conv1"].flops == forward.flops
    assert both["layer1.0.conv2"].flops == forward.flops + backward.flops
    assert both["layer1.0.conv2"].moved_bytes == forward.moved_bytes + backward.moved_bytes


def test_only_iterations_of_the_usual_kernels_count():
    usual = [Iteration(float(n), (conv(CONV1, 1.0),)) for n in range(4, 0, -1)]
    odd = Iteration(0.1, (conv(CONV1, 0.1), conv(CONV1, 0.1)))
    assert [each.seconds for each in alike([odd, *usual])] == [1.0, 2.0, 3.0]
    with pytest.raises(UnsupportedError, match="saw no kernel"):
        alike([Iteration(1.0, ())])
    with pytest.raises(UnsupportedError, match="other kernels"):
        alike([Iteration(1.0, (Operation(f"aten::op{n}", 1.0),)) for n in range(6)])


class Event:
    """As much of a profiler's event as is read."""

    def __init__(self, name, start, end, *, parent=None, device="CPU", shapes=(), kernels=(), device_time=0.0):
        self.name, self.cpu_parent, self.kernels = name, parent, list(kernels)
        self.time_range = type("Range", (), {"start": start, "end": end, "elapsed_us": lambda _: end - start})()
        self.cpu_time_total, self.device_time_total = end - start, device_time
        self.device_type = type("Device", (), {"name": device})()
        self.input_shapes = [list(shape) for shape in shapes]


def kernel(name, duration):
    return type("Kernel", (), {"name": name, "duration": duration})()


def test_host_events_count_once_and_by_iteration():
    events = [Event("resnet_bench.iteration", 0, 100), Event("resnet_bench.iteration", 100, 220)]
    wrapper = Event("## Call CompiledFxGraph x ##", 105, 215)
    outer = Event("aten::convolution", 110, 150, parent=wrapper, shapes=[(1, 3, 8, 8), (4, 3, 3, 3)])
    inner = Event("aten::mkldnn_convolution", 111, 149, parent=outer)
    fused = Event("graph_0_cpp_fused_add_1", 150, 155, parent=wrapper)
    step = Event("Optimizer.step#SGD.step", 160, 170)
    update = Event("aten::add_", 161, 165, parent=step)
    early = Event("aten::convolution", 10, 50)
    (found,) = iterations_of([*events, wrapper, outer, inner, fused, step, update, early], on_device=False)
    assert found.seconds == pytest.approx(120e-6)
    assert [(op.name, round(op.seconds * 1e6)) for op in found.operations] == [
        ("aten::convolution", 40),
        ("graph_0_cpp_fused_add_1", 5),
        ("aten::add_", 4),
    ]
    assert found.operations[0].shapes == ((1, 3, 8, 8), (4, 3, 3, 3))
    assert found.operations[2].optimizer


def test_device_kernels_count_with_the_operator_that_launched_them_or_by_their_own_name():
    ranges = [Event("resnet_bench.iteration", 0, 100), Event("resnet_bench.iteration", 100, 300)]
    op = Event("aten::convolution", 110, 120, kernels=[kernel("implicit_gemm", 30.0)], device_time=30.0)
    graph = Event("## Call CompiledFxGraph x ##", 105, 290, kernels=[kernel("triton_poi_fused_relu_0", 7.0)])
    launched = Event("implicit_gemm", 130, 160, device="CUDA")
    fused = Event("triton_poi_fused_relu_0", 160, 167, device="CUDA")
    shadow = Event("resnet_bench.iteration", 130, 170, device="CUDA")
    (found,) = iterations_of([*ranges, op, graph, launched, fused, shadow], on_device=True)
    assert [(each.name, round(each.seconds * 1e6)) for each in found.operations] == [
        ("aten::convolution", 30),
        ("triton_poi_fused_relu_0", 7),
    ]
