"""What `import resnet_bench` promises: the names, their signatures, and that they cost nothing until they are used."""

import inspect
import subprocess
import sys

import resnet_bench as rb
from resnet_bench import api, errors
from resnet_bench.config.options import OPTIONS

SIGNATURES = {
    "profile": (
        "(model, *, input=None, batch_size=1, mode=inference, precision=None, optimizer=momentum, counters=(), "
        "arguments={}, by_running=False)"
    ),
    "predict": "(models, *, batch_sizes=1, measure_missing=False, across=False, library=None, axes)",
    "load": "(directory)",
    "register_operator": "(name, count)",
    "history": "(runs=(), *, asv_results=None, repository=., branch=HEAD, min_change=0.03)",
    "resume": "(directory, *, launcher=)",
    "compare": (
        "(baseline, contender, *, across=(), baselines_dir=reports/baselines, calibration=reports/calibration.json)"
    ),
}
METHODS = {
    "ChosenModel": {"case", "choice", "document", "frame", "model", "supported"},
    "MeasuredRun": {
        "best",
        "directory",
        "document",
        "entries",
        "figure",
        "figures",
        "frame",
        "record",
        "report",
        "save",
    },
    "ComparedRuns": {"document", "frame", "improved", "regressed", "table"},
}


def spelled(function):
    parts, starred = [], False
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            parts.append("*")
            starred = True
        default = "" if parameter.default is parameter.empty else f"={parameter.default}"
        parts.append(parameter.name + default)
    return f"({', '.join(parts)})"


def test_the_names_are_these():
    assert set(rb.__all__) - {"__version__"} == set(api.__all__)
    assert set(rb.__all__) <= set(dir(rb))
    for name in api.__all__:
        assert getattr(rb, name) is getattr(api, name)


def test_signatures_are_what_they_were():
    assert {name: spelled(getattr(rb, name)) for name in SIGNATURES} == SIGNATURES


def test_run_shows_every_option_of_the_command_line():
    shown = list(inspect.signature(rb.run).parameters)
    assert shown[:7] == ["models", "suite", "directory", "layers", "label", "note", "launcher"]
    assert shown[7:] == [option.name for option in OPTIONS if option.name != "models"]


def test_results_have_these_parts():
    made = {
        "ChosenModel": {*dir(rb.ChosenModel), "choice", "document"},
        "MeasuredRun": {*dir(rb.MeasuredRun), "record", "directory", "entries"},
        "ComparedRuns": {*dir(rb.ComparedRuns), "table"},
    }
    for name, parts in METHODS.items():
        assert parts <= made[name]


def test_errors_are_one_tree():
    assert rb.ResNetBenchError is errors.ResNetBenchError


def test_a_name_that_is_not_there_is_an_attribute_error():
    assert not hasattr(rb, "measure")


def loaded_by(code):
    lines = f"{code}\nimport sys\nprint(len([it for it in sys.modules if it.startswith('resnet_bench')]))\n"
    lines += "print(sorted({'torch', 'pandas', 'plotly', 'msgspec', 'numpy', 'resnet_bench.api'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, check=True)
    return done.stdout.split("\n")[:2]


def test_importing_the_package_loads_nothing_else():
    assert loaded_by("import resnet_bench as rb; rb.__version__") == ["1", "[]"]


def test_the_api_loads_neither_torch_nor_pandas_until_it_must():
    assert "'torch'" not in loaded_by("import resnet_bench as rb; rb.profile('resnet18').macs")[1]
    assert "'pandas'" not in loaded_by("import resnet_bench as rb; rb.profile('resnet18').macs")[1]
    assert "'pandas'" in loaded_by("import resnet_bench as rb; rb.profile('resnet18').frame()")[1]  # it can fail
