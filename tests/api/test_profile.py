"""`rb.profile`: names, specs, modules and factories have one answer."""

import re

import pytest
import torch
from torch import nn

import resnet_bench as rb
from resnet_bench.errors import ModelError, UsageError


class Net(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3, padding=1, bias=False)
        self.head = nn.Linear(width, 10)

    def forward(self, images):
        return self.head(self.conv(images).mean((2, 3)))


def test_a_module_a_factory_and_a_class_cost_the_same_in_closed_form():
    for model in (Net(), Net, lambda: Net(8)):
        cost = rb.profile(model, input=(3, 16, 16), batch_size=2)
        assert cost.parameters == 3 * 8 * 9 + 8 * 10 + 10
        assert cost.macs == 2 * (16 * 16 * 3 * 8 * 9 + 8 * 10)
        assert cost.flops == 2 * cost.macs


def test_a_module_is_left_as_it_was():
    net = Net().train()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    rb.profile(net, input=(3, 16, 16))
    assert net.training
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


@pytest.mark.parametrize("by_running", [False, True])
@pytest.mark.parametrize("model", [Net, Net()])
def test_other_tools_count_modules_and_factories_too(model, by_running):
    cost = rb.profile(model, input=(3, 16, 16), mode="training", counters=["torch", "fvcore"], by_running=by_running)
    assert cost.fvcore_count == cost.macs
    assert cost.torch_counter_flops == cost.training_flops
    assert cost.unexplained_flops == 0


def test_what_is_not_predicted_of_an_lstms_memory_is_said():
    class Reads(Net):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(16, 8)

        def forward(self, images):
            return self.head(self.lstm(self.conv(images)[:, :, 0])[0][:, -1])

    words = "What a library keeps inside of an LSTM, packed weights and a workspace, is not predicted"
    assert words in str(rb.profile(Reads(), input=(3, 16, 16)))
    assert words not in str(rb.profile(Reads(), input=(3, 16, 16), by_running=True))
    assert words not in str(rb.profile(Net(), input=(3, 16, 16)))


def test_a_name_and_torchvision_agree():
    assert rb.profile("resnet18").macs == rb.profile("torchvision:resnet18").macs == 1_814_073_344


def test_the_frame_is_the_layers_and_adds_up():
    cost = rb.profile("resnet18")
    frame = cost.frame()
    assert frame["macs"].sum() == cost.macs
    assert set(cost.frame("stage")["name"]) >= {"stem", "layer1"}
    assert "<table>" in cost._repr_html_()
    assert "MACs" in str(cost)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (dict(model="resnet18", input="3xx"), "input '3xx': expected an input such as"),
        (dict(model="resnet18", precision="fp31"), "precision 'fp31': expected one of"),
        (dict(model=3), "int is no model"),
        (dict(model=Net, counters=["fvcor"]), "Did you mean 'fvcore'?"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(arguments, words):
    with pytest.raises(UsageError, match=re.escape(words)) as error:
        rb.profile(**arguments)
    assert "\n" not in str(error.value)


def test_a_factory_that_returns_something_else_is_told_so():
    with pytest.raises(ModelError, match=r"returned int, not a torch\.nn\.Module"):
        rb.profile(lambda: 3)
