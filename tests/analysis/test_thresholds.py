import pytest

from resnet_bench.analysis.verdicts.thresholds import On, Percentile, Undecided, read
from resnet_bench.errors import ConfigError
from resnet_bench.records import Figures
from tests.make import case


def rules(tmp_path, text):
    path = tmp_path / "thresholds.toml"
    path.write_text(text, encoding="utf-8")
    return read(path).rules


def test_every_key_is_read_into_base_units(tmp_path):
    found = rules(
        tmp_path,
        """
undecided = "fail"
[[rule]]
metric = "latency_s"
limit = "5 %"
model = "resnet*"
batch_size = [1, 8]
device = "cuda*"
on = "changed"
[[rule]]
name = "tail"
metric = "latency_s"
percentile = "p99"
max = "15 ms"
undecided = "warn"
[[rule]]
metric = "peak_allocated_bytes"
max = "8 GiB"
[[rule]]
metric = "throughput_images_per_s"
min = "1000 images/s"
[[rule]]
metric = "graph_breaks"
""",
    )
    first, tail, peak, floor, exact = found
    assert (first.limit, first.on, first.undecided) == (0.05, On.CHANGED, "fail")
    assert first.cases == {"model": ("resnet*",), "batch_size": (1, 8), "device": ("cuda*",)}
    assert first.name == "rule 1: latency_s, limit 5 %, model resnet*, batch size 1, 8, device cuda*"
    assert (tail.name, tail.maximum, tail.percentile, tail.undecided) == (
        "tail",
        0.015,
        Percentile.P99,
        Undecided.WARN,
    )
    assert peak.maximum == 8 * 2**30
    assert (floor.minimum, floor.relative, exact.relative) == (1000.0, False, True)
    assert first.matches(case(device="cuda:0", batch_size=8), "latency_s")
    assert not first.matches(case(device="cpu", batch_size=8), "latency_s")
    assert not first.matches(case(device="cuda:0", batch_size=2), "latency_s")
    assert not first.matches(case(device="cuda:0", batch_size=8), "compile_s")


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ('metric = "latency"\nlimit = "5 %"', r"rule 1: 'latency' is not a metric\. Did you mean 'latency_s'\?"),
        ('metric = "latency_s"\nlimit = "5"', r"'5' is not a share such as 5 %"),
        ('metric = "latency_s"\nmax = "15"', r"'15' is not a time such as 15ms"),
        ('metric = "latency_s"\nmax = "15 MiB"', r"'15 MiB' is not a time"),
        ('metric = "latency_s"\nlimit = "-5 %"', r"'-5 %' is not a share"),
        ('metric = "latency_s"\nlimit = "lots"', r"'lots' is not a share"),
        ('metric = "latency_s"\nlimit = 5', r"rule 1: '5' is not a share such as 5 %"),
        ('metric = "latency_s"\nmax = 15.5', r"'15.5' is not a time such as 15ms"),
        ('metric = "latency_s"\nlimit = "' + "9" * 400 + ' %"', r"is not a share"),
        ('metric = "latency_s"\nmin = "9 ms"\nmax = "5 ms"', r"min = '9 ms' is above max = '5 ms'"),
        ('metric = "latency_s"\non = "changed"\nmax = "5 ms"', r"on belongs to limit"),
        (
            'metric = "latency_s"\nundecided = "maybe"',
            r"rule 1: undecided = 'maybe': expected one of stop, fail, or warn\.",
        ),
        ('metric = "latency_s"\nlimit = "5 %"\nmodel = "resnet[1"', r"model = 'resnet\[1' is not a pattern"),
        ('metric = "latency_s"\nlimit = "5 %"\nmodel = ""', r"model = '' is not a pattern"),
        ('metric = "latency_s"\nlimt = "5 %"', r"rule 1: 'limt' is not a key\. Did you mean 'limit'\?"),
        ('metric = "latency_s"\non = "better"', r"rule 1: on = 'better': expected one of regressed or changed\."),
        ('metric = "latency_s"\nlimit = "5 %"\nmax = "15 ms"', r"limit is relative, max and min are absolute"),
        ('metric = "latency_s"\nlimit = "5 %"\npercentile = "p99"', r"percentile belongs to max or min"),
        ('metric = "macs"\nmax = "9"\npercentile = "p99"', r"macs is exact and has no percentiles"),
        (
            'metric = "latency_s"\nbatch_size = 0',
            r"rule 1: batch_size = 0: expected a whole number of 1 or more, at most 2147483647, or a list",
        ),
        ('metric = "latency_s"\nbatch_size = "x"', r"batch_size = 'x': expected a whole number .* such as \[1, 8\]\."),
        (
            'metric = "latency_s"\nprecision = "fp31"',
            r"precision = 'fp31': expected one of fp32.* Did you mean 'fp32'\?",
        ),
        (
            'metric = "latency_s"\nlimit = "5 %"\nfigures = "rew"',
            r"rule 1: figures = 'rew': expected one of raw or corrected\. Did you mean 'raw'\?",
        ),
        ('metric = "latency_s"\nlimit = "5 %"\nfigure = "raw"', r"'figure' is not a key\. Did you mean 'figures'\?"),
        ('metric = "latency_s"\nmax = "5 ms"\nfigures = "raw"', r"figures belongs to limit; max and min are of what"),
        ('metric = "latency_s"\nmax = "5 ms"\nfigures = "corrected"', r"figures belongs to limit; max and min are of"),
        ('limit = "5 %"', r"rule 1 has no metric"),
    ],
)
def test_bad_rules_are_refused_in_one_line_that_says_where(tmp_path, rule, said):
    with pytest.raises(ConfigError, match=said) as caught:
        rules(tmp_path, "[[rule]]\n" + rule)
    assert "thresholds.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_rule_asks_for_raw_figures_by_name(tmp_path):
    text = '[[rule]]\nmetric = "latency_s"\nlimit = "5 %"\n'
    raw, usual = rules(tmp_path, f'{text}figures = "raw"\n{text}')
    assert (raw.figures, usual.figures) == (Figures.RAW, Figures.CORRECTED)


def test_the_old_key_is_read_with_a_note_at_the_top_and_in_a_rule(tmp_path):
    path = tmp_path / "thresholds.toml"
    path.write_text(
        'inconclusive = "fail"\n[[rule]]\nmetric = "macs"\n[[rule]]\nmetric = "latency_s"\ninconclusive = "pass"\n'
    )
    found = read(path)
    assert [rule.undecided for rule in found.rules] == [Undecided.FAIL, Undecided.WARN]
    assert found.notes == (
        f'{path}: inconclusive = "fail" is read as undecided = "fail"; write that.',
        f'{path}, rule 2: inconclusive = "pass" is read as undecided = "warn"; write that.',
    )
    with pytest.raises(ConfigError, match="inconclusive is the old name of undecided; leave it out"):
        rules(tmp_path, 'inconclusive = "warn"\nundecided = "warn"\n[[rule]]\nmetric = "macs"')


def test_a_rule_names_cases_by_any_axis_in_the_singular_or_plural(tmp_path):
    text = '[[rule]]\nmetric = "latency_s"\nlimit = "5 %"\nprecisions = ["fp32", "bf16"]\nthreads = 1\n'
    [rule] = rules(tmp_path, text)
    assert rule.matches(case(precision="bf16"), "latency_s")
    assert not rule.matches(case(precision="fp16"), "latency_s")
    assert not rule.matches(case(threads=2), "latency_s")


def test_no_rules_no_file_no_toml(tmp_path):
    with pytest.raises(ConfigError, match=r"has no \[\[rule\]\] table; one to start from: \[\[rule\]\], metric = "):
        rules(tmp_path, "rule = []")
    with pytest.raises(ConfigError, match=r"has no \[\[rule\]\] table"):
        rules(tmp_path, "")
    with pytest.raises(ConfigError, match="is not TOML"):
        rules(tmp_path, "[[rule")
    with pytest.raises(ConfigError, match="cannot read thresholds"):
        read(tmp_path / "none.toml")
