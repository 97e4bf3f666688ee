"""Suite files are read strictly, and say what is wrong with them."""

from pathlib import Path

import pytest

from resnet_bench.config import suite_file
from resnet_bench.errors import ConfigError
from resnet_bench.machine import environment
from resnet_bench.records import State


def suite_of(tmp_path: Path, text: str) -> suite_file.Suite:
    path = tmp_path / "suite.toml"
    path.write_text(text)
    return suite_file.load_suite(path)


@pytest.mark.parametrize(("preset", "launches"), [("quick", 2), ("standard", 6), ("rigorous", 10)])
def test_presets_have_their_launches(preset, launches):
    assert suite_file.load_suite(preset=preset).protocol.launches == launches


def test_a_preset_printed_and_read_back_is_that_preset(tmp_path):
    text = 'preset = "standard"\n' + suite_file.preset_text("standard")
    assert suite_of(tmp_path, text) == suite_file.load_suite(preset="standard")


def test_protocol_keys_replace_the_presets_one_by_one(tmp_path):
    suite = suite_of(tmp_path, 'preset = "standard"\n[protocol]\nlaunches = 3\n')
    assert suite.protocol.launches == 3
    assert suite.protocol.target_interval == suite_file.load_suite(preset="standard").protocol.target_interval


def test_accelerators_have_a_protocol_of_their_own_and_what_a_suite_says_itself_holds_there_too(tmp_path):
    preset = suite_file.load_suite(preset="standard")
    assert (preset.protocol_on("cpu").launches, preset.protocol_on("cuda:0").launches) == (6, 5)
    assert preset.protocol_on("cuda:0").state is State.SUSTAINED
    own = suite_of(tmp_path, 'preset = "standard"\n[protocol]\nlaunches = 8\nstate = "burst"\n')
    assert (own.protocol_on("cpu").launches, own.protocol_on("cuda:0").launches) == (8, 8)
    assert own.protocol_on("cuda:0").state is State.BURST
    apart = suite_of(tmp_path, 'preset = "standard"\n[protocol.accelerator]\nlaunches = 7\n')
    assert (apart.protocol_on("cpu").launches, apart.protocol_on("cuda:0").launches) == (6, 7)


def test_the_state_of_accelerators_makes_no_difference_on_the_host(tmp_path):
    text = 'preset = "standard"\n[protocol]\nstate = "{}"\nwarmup_min_s = 3\n'
    both = [suite_of(tmp_path, text.format(state)).protocol_on("cpu") for state in State]
    assert both == [suite_file.load_suite(preset="standard").protocol_on("cpu")] * 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[protocol]\nstate = "cold"\n', ["protocol.state = 'cold': expected one of sustained or burst"]),
        ("[protocol.accelerator]\nlaunchs = 1\n", ["unknown key 'launchs' at protocol.accelerator", "launches"]),
        ("[protocol]\naccelerator = 1\n", ["protocol.accelerator = 1: expected a table"]),
        ('[[sweep]]\nmodels = ["resnet18"]\nbatchsize = [1]\n', ["unknown key 'batchsize'", "batch_size"]),
        ('[[sweep]]\nmodel = "resnet18"\nbatch_size = []\n', ["sweep[0].batch_size = []: expected a whole number"]),
        (
            '[[sweep]]\nmodel = "resnet18"\nbatch_size = 1\nbatch_sizes = [2]\n',
            ["sweep[0]: 'batch_size' and 'batch_sizes' are one key; give one of them."],
        ),
        ('[[sweep]]\nmodel = "resnet18"\nthreads = "some"\n', ["threads = 'some': expected a whole number", '"all"']),
        (
            '[[sweep]]\nmodels = ["resnet18"]\nbatch_sizes = ["four"]\n',
            [
                "sweep[0].batch_sizes = ['four']: expected a list of whole numbers of 1 or more",
                "at most 2147483647, such as [1, 8]",
                ', or "auto".',
            ],
        ),
        ('[[sweep]]\nmodels = ["resnet18"]\nbatch_sizes = [0]\n', ["1 or more"]),
        ('[[sweep]]\nmodels = ["resnet18"]\nprecisions = ["fp31"]\n', ["fp31"]),
        ("[protocol]\nlaunches = -1\n", ["protocol.launches"]),
        ("[protocol]\nmin_samples = 30\nmax_samples = 20\n", ["max_samples = 20", "min_samples = 30"]),
        ('[search]\nmemory_limit = "lots"\n', ["[search]: memory_limit", "'lots' is not a size such as 8GiB"]),
        ("[[sweep]\n", ["not TOML"]),
        ('preset = "quik"\n', ["quik", "quick"]),
        ("devise = 1\n", ["unknown key 'devise'", "device"]),
    ],
)
def test_a_wrong_suite_names_file_key_and_expectation(tmp_path, text, words):
    with pytest.raises(ConfigError) as caught:
        suite_of(tmp_path, text)
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message


def test_a_suite_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"absent\.toml"):
        suite_file.load_suite(tmp_path / "absent.toml")


def test_an_axis_is_understood_by_its_name_and_by_its_plural(tmp_path):
    """As in flags and thresholds: one value or a list under the name, a list under the plural."""
    plural = '[[sweep]]\nmodels = ["resnet18"]\nbatch_sizes = [4]\nprecisions = ["bf16", "fp32"]\n[[exclude]]\nmodes = '
    singular = '[[sweep]]\nmodel = "resnet18"\nbatch_size = 4\nprecision = ["bf16", "fp32"]\n[[exclude]]\nmode = '
    suites = [suite_of(tmp_path, plural + '["training"]\n'), suite_of(tmp_path, singular + '"training"\n')]
    assert suites[0] == suites[1]
    written = suite_file.read(tmp_path / "suite.toml").places
    assert written["sweep[0].batch_sizes"] == written["exclude[0].modes"].replace("exclude", "sweep")
    searched = suite_of(tmp_path, '[[sweep]]\nmodel = "resnet18"\nbatch_size = "auto"\n')
    assert searched.sweeps[0].searched


def test_all_threads_are_a_word_in_files_too(tmp_path):
    (sweep,) = suite_of(tmp_path, '[[sweep]]\nmodel = "resnet18"\nthreads = "all"\n').sweeps
    assert sweep["threads"] == (environment.logical_cores(),)
    (sweep,) = suite_of(
        tmp_path, f'[[sweep]]\nmodel = "resnet18"\nthreads = [1, "all", {environment.logical_cores()}]\n'
    ).sweeps
    assert set(sweep["threads"]) == {1, environment.logical_cores()}
    assert sweep.with_cores(96)["threads"] == tuple(dict.fromkeys((1, 96, environment.logical_cores())))
