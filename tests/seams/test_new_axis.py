"""A new axis is one row and one field of `Case`: everything that reads axes then has it."""

import json

from tests.make import save_run, suite_run

ROW = """    Axis(
        name="streams",
        plural="streams",
        flag="--streams",
        reader=values.whole(),
        help="Streams at once on one device.",
        title="streams",
        words=lambda value: counted(int(value), "stream"),
    ),
)
BY_NAME"""

REPORT = """
import sys, msgspec
from pathlib import Path
from resnet_bench.storage import run_directory
source, target = map(Path, sys.argv[1:])
changed = {"streams": 2}
for name in ("run.json", "launches.jsonl"):
    lines = (source / name).read_text().splitlines() if name.endswith("l") else [(source / name).read_text()]
    target.mkdir(exist_ok=True)
    def with_streams(value):
        if isinstance(value, dict):
            inner = {key: with_streams(each) for key, each in value.items()}
            return inner | changed if "memory_format" in inner and inner["batch_size"] == 4 else inner
        return [with_streams(each) for each in value] if isinstance(value, list) else value
    text = "\\n".join(msgspec.json.encode(with_streams(msgspec.json.decode(line))).decode() for line in lines)
    (target / name).write_text(text + "\\n")
"""


def add_streams(house):
    house.replace("records/plan.py", '    machine: str = ""\n', '    machine: str = ""\n    streams: int = 1\n')
    house.replace("config/axes.py", ")\nBY_NAME", ROW)


def test_a_new_axis_is_asked_for_planned_and_excluded(house):
    add_streams(house)
    shown = house.run("run", "--help").stdout
    assert "--streams" in shown
    assert "Streams at once on one device." in shown
    asked = ("run", "--dry-run", "--models", "resnet18", "--batch-sizes", "1")
    planned = house.run(*asked, "--streams", "1,2")
    assert planned.returncode == 0, planned.stderr
    assert [" 2 streams " in line for line in planned.stdout.splitlines() if " on " in line] == [False, True]
    (house.home / "suite.toml").write_text(
        '[[sweep]]\nmodels = ["resnet18"]\nstreams = [1, 2, 4]\n[[exclude]]\nstreams = [2]\n'
    )
    lines = house.run("run", "suite.toml", "--dry-run").stdout.splitlines()
    assert [line.split(" on ")[0] for line in lines if " on " in line] == [
        "resnet18 batch 1 224 px",
        "resnet18 batch 1 224 px 4 streams",
    ]
    settings = json.loads(house.run("run", "suite.toml", "--streams", "3", "--print-config", "--format", "json").stdout)
    assert {"setting": "sweep[0].streams", "value": [3], "source": "flag --streams"} in settings
    for command in (("run", "--dry-run", "--streams", "0"), ("ab", "HEAD", "--case-a", "streams=0")):
        refused = house.run(*command)
        assert refused.returncode == 2
        assert "'0': expected " in refused.stderr


def test_a_new_axis_has_its_variable_and_filter(house):
    add_streams(house)
    script = (
        "from resnet_bench.config.sources import from_environment\n"
        "print(*from_environment({'RESNET_BENCH_STREAMS': '2'}))\n"
        "from pathlib import Path\n"
        "from resnet_bench.analysis.verdicts.thresholds import read\n"
        "from resnet_bench.records import Case\n"
        "Path('t.toml').write_text('[[rule]]\\nmetric = \"latency_s\"\\nlimit = \"5 %\"\\nstreams = 2\\n')\n"
        "case = dict(model='m', batch_size=1, image_size=9, device='cpu', threads=1)\n"
        "(rule,) = read(Path('t.toml')).rules\n"
        "print([rule.matches(Case(**case, streams=count), 'latency_s') for count in (1, 2)])\n"
        "print(Case(**case).key, Case(**case, streams=2).key)\n"
    )
    done = house.python("-c", script)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "{'streams': '2'} ()",
        "[False, True]",
        "m/inference/b1/9px/fp32/contiguous/eager/cpu/t1 m/inference/b1/9px/fp32/contiguous/eager/cpu/t1/streams2",
    ]


def test_a_new_axis_is_in_tables_and_facets_of_the_report(house, tmp_path):
    """Of a run that an older release wrote (its cases say nothing of streams), and of one with both."""
    old = save_run(tmp_path / "old", suite_run())
    add_streams(house)
    done = house.python("-c", REPORT, str(old), str(tmp_path / "new"))
    assert done.returncode == 0, done.stderr
    assert house.run("report", str(old), "--format", "text").returncode == 0
    shown = house.run("report", str(tmp_path / "new"), "--format", "csv")
    assert shown.returncode == 0, shown.stderr
    head, *rows = (line.split(",") for line in shown.stdout.splitlines())
    assert {row[head.index("streams")] for row in rows} == {"1", "2"}
    results = json.loads(house.run("report", str(tmp_path / "new"), "--format", "json").stdout)["results"]
    assert {row["streams"] for row in results} == {1, 2}
    page = house.run("report", str(tmp_path / "new"), "-o", str(tmp_path / "page.html"))
    assert page.returncode == 0, page.stderr
    assert 'data-facet="streams"' in (tmp_path / "page.html").read_text()
