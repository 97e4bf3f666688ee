"""What a suite's models are, with arguments, weights and inputs, before anything is measured."""

import pytest

from resnet_bench import cli, specs
from resnet_bench.config import suite_file
from resnet_bench.errors import ConfigError, IncompleteError, ModelError
from resnet_bench.records import Mode, Optimizer, Precision, inputs
from resnet_bench.runner import choices, plan
from resnet_bench.wire.answers import Known
from tests.runner.instant import Answers

SUITE = """
[[models]]
name = "tiny"
block = "basic"
layers = [1, 1]
stem = "cifar"
weights = "tiny.pth"
ema = false
accuracy = 71.5

[[models]]
name = "four"
model = "timm:resnet50d"
arguments = { in_chans = 4, act_layer = "gelu" }
weights = "best.pth"
partial = true
accuracy = 76.3

[[sweep]]
models = ["tiny", "four", "torchvision:inception_v3", "my.net:build"]
batch_sizes = [1]
"""


def suite(tmp_path, text):
    path = tmp_path / "suite.toml"
    path.write_text(text)
    return suite_file.load_suite(path)


def planned(tmp_path, text, own=None):
    """Return the cases of a suite; `own` are the inputs that a child would find, by model."""
    asked = suite(tmp_path, text)

    def answer(request):
        return Known(inputs=tuple((own or {}).get(it.model, "3x224x224") for it in request.models))

    found = choices.looked_up(asked, plan.sweeps_for(asked, "cpu"), Answers(answer))
    return plan.expand(asked, "cpu", own=found)


def test_cases_say_arguments_and_weights_and_each_has_its_own_input(tmp_path):
    own = {"timm:resnet50d": "4x256x256", "torchvision:inception_v3": "3x299x299"}
    found = planned(tmp_path, SUITE, own)
    said = [(it.model, it.arguments, it.weights, it.image_size, it.input) for it in found.cases]
    assert said == [
        ("tiny", "", "tiny.pth#raw", 32, ""),
        ("timm:resnet50d", 'act_layer="gelu" in_chans=4', "best.pth#partial", 256, "4x256x256"),
        ("torchvision:inception_v3", "", "", 299, ""),
        ("my.net:build", "", "", 224, ""),
    ]
    assert found.model(found.cases[1]) == "timm:resnet50d"


def test_what_a_suite_gives_of_accuracy_is_kept_with_its_model_and_weights(tmp_path):
    from resnet_bench.config.suite_models import accuracies

    given = accuracies(suite(tmp_path, SUITE).named)
    assert [(it.model, it.weights, it.accuracy) for it in given] == [
        ("tiny", "tiny.pth#raw", pytest.approx(0.715)),
        ("timm:resnet50d", "best.pth#partial", pytest.approx(0.763)),
    ]


def test_arguments_and_inputs_may_stand_in_a_sweep(tmp_path):
    text = (
        '[[sweep]]\nmodel = "timm:resnet50d"\narguments = { in_chans = 4 }\ninput = "4x96x128"\n'
        '[[sweep]]\nmodels = ["resnet18"]\nbatch_size = 1\ninputs = ["3x64x64", "3x64x96"]\n'
    )
    found = planned(tmp_path, text).cases
    assert {(it.arguments, it.image_size, it.input) for it in found if ":" in it.model} == {
        ("in_chans=4", 128, "4x96x128")
    }
    assert [(it.image_size, it.input) for it in found if it.model == "resnet18"] == [(64, ""), (96, "3x64x96")]


def test_sizes_are_of_the_models_own_channels(tmp_path):
    text = '[[sweep]]\nmodel = "m:four"\nbatch_size = 1\nimage_sizes = [64, 96]\n'
    found = planned(tmp_path, text, {"m:four": "4x256x256"}).cases
    assert [(it.image_size, it.input) for it in found] == [(64, "4x64x64"), (96, "4x96x96")]


def test_an_optimizer_sets_training_cases_apart_and_no_others(tmp_path):
    text = (
        '[[sweep]]\nmodel = "resnet18"\nbatch_size = 1\n'
        'modes = ["inference", "training"]\noptimizers = ["sgd", "adamw"]\n'
    )
    found = [(it.mode, it.optimizer) for it in planned(tmp_path, text).cases]
    assert found == [
        (Mode.INFERENCE, Optimizer.MOMENTUM),
        (Mode.TRAINING, Optimizer.SGD),
        (Mode.TRAINING, Optimizer.ADAMW),
    ]


def test_a_model_is_measured_in_the_precision_that_it_is_built_in_where_none_is_asked_for(tmp_path):
    def answer(request):
        built_in = {"m:half": Precision.FP16}
        return Known(
            inputs=("3x8x8",) * len(request.models),
            precisions=tuple(built_in.get(it.model, Precision.FP32) for it in request.models),
        )

    def precisions_of(sweep):
        asked = suite(tmp_path, f'[[sweep]]\nmodels = ["m:half", "m:single"]\nbatch_size = 1\n{sweep}')
        own = choices.looked_up(asked, plan.sweeps_for(asked, "cpu"), Answers(answer))
        return [it.precision for it in plan.expand(asked, "cpu", own=own).cases]

    assert precisions_of("") == ["fp16", "fp32"]
    assert precisions_of('precision = "bf16"') == ["bf16", "bf16"]


def test_a_model_that_ends_its_process_when_it_is_built_is_not_built_to_be_looked_up(tmp_path):
    def answer(request):
        if request.builds:
            raise IncompleteError("the process ended with status 7 and no answer.")
        return Known(inputs=("3x8x8",))

    asked = suite(tmp_path, '[[sweep]]\nmodel = "m:exits"\nbatch_size = 1\n')
    own = choices.looked_up(asked, plan.sweeps_for(asked, "cpu"), Answers(answer))
    assert [it.precision for it in plan.expand(asked, "cpu", own=own).cases] == ["fp32"]


def test_an_architecture_takes_its_own_fields_as_arguments(tmp_path):
    text = (
        '[[models]]\nname = "mine"\nmodel = "resnet18"\narguments = { in_channels = 4, norm = "group" }\n'
        '[[sweep]]\nmodels = ["mine", "resnet18"]\nbatch_size = 1\n'
    )
    found = planned(tmp_path, text)
    variant, plain = found.cases
    assert (variant.model, variant.arguments, variant.input) == (
        "resnet18",
        'in_channels=4 norm="group"',
        "4x224x224",
    )
    spec = found.model(variant)
    assert (spec.in_channels, spec.norm, spec.layers) == (4, "group", (2, 2, 2, 2))
    assert found.model(plain) == specs.find("resnet18")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[sweep]]\nmodel = "resnet18"\nimage_size = 64\ninput = "3x64x96"\n', "image_sizes or inputs, not both"),
        ('[[sweep]]\nmodel = "resnet18"\narguments = "in_chans=4"\n', "Did you mean 'in_channels'?"),
        ('[[sweep]]\nmodel = "resnet18"\ninput = "3x64x"\n', "expected an input such as 3x224x320"),
        ('[[models]]\nmodel = "timm:x"\nargument = 4\n[[sweep]]\nmodel = "timm:x"\n', "Did you mean 'arguments'?"),
        ('[[models]]\nmodel = "timm:x"\nema = false\n[[sweep]]\nmodel = "timm:x"\n', "'weights' is missing"),
        ('[[models]]\nmodel = "timm:x"\naccuracy = 763\n[[sweep]]\nmodel = "timm:x"\n', "accuracy = 763: expected"),
        ('[[models]]\nname = "resnet18"\nmodel = "timm:x"\n[[sweep]]\nmodel = "resnet18"\n', "name of another model"),
        ('[[models]]\nname = "mine"\nmodel = "timm:x"\n[[sweep]]\nmodel = "mina"\n', "Did you mean 'mine'?"),
        ('[[sweep]]\nmodel = "resnet18"\ninput = "3x5x64"\n', "image size 5"),
        ('[[sweep]]\nmodel = "resnet18"\ninput = "1x28x28"\n', "--arguments in_channels=1 makes the network that"),
        ('[[sweep]]\nmodel = "resnet18"\ninput = "3x64x64+3:int64"\n', "takes images of 3 channels"),
        ('[[sweep]]\nmodel = "resnet18"\ninput = "3x16x64x64"\n', "takes images of 3 channels"),
        ('[[sweep]]\nmodel = "resnet18"\narguments = "norm=layer"\n', "expected one of batch, group"),
        ('[[sweep]]\nmodel = "resnet18"\narguments = "antialias=true layout=v1"\n', "antialias blurs"),
    ],
)
def test_what_a_suite_cannot_mean_is_refused(tmp_path, text, says):
    with pytest.raises((ConfigError, ModelError)) as caught:
        planned(tmp_path, text)
    assert says in str(caught.value)


def test_a_size_or_input_of_the_flags_replaces_the_other_of_the_file(capsys, tmp_path):
    (tmp_path / "suite.toml").write_text('[[sweep]]\nmodel = "resnet18"\nbatch_size = 1\nimage_sizes = [64, 96]\n')
    assert cli.run(["run", str(tmp_path / "suite.toml"), "--dry-run", "--input", "3x64x128"]) == 0
    assert [it.split(" on ")[0] for it in capsys.readouterr().out.splitlines() if " on " in it] == [
        "resnet18 batch 1 128 px input 3x64x128"
    ]
    assert cli.run(["run", str(tmp_path / "suite.toml"), "--dry-run", "--input", "3x64x128", "--image-size", "64"]) == 2
    assert "not both" in capsys.readouterr().err


def test_the_own_input_of_a_model_is_asked_for_once_with_its_arguments(tmp_path):
    text = '[[sweep]]\nmodels = ["m:a", "resnet18"]\narguments = ["none_such=1"]\n'
    asked = suite(tmp_path, text.replace('"resnet18"', '"m:a"'))
    requests = []

    def answer(request):
        requests.append(request)
        return Known(inputs=("1x28x28",) * len(request.models))

    found = choices.looked_up(asked, plan.sweeps_for(asked, "cpu"), Answers(answer))
    assert {it.input for it in found.values()} == {inputs.parse("1x28x28")}
    (request,) = requests
    assert [(it.model, it.arguments) for it in request.models] == [("m:a", "none_such=1")]
