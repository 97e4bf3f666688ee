"""What a log says while a sweep runs: a line a launch with the time left, and one when a case is done."""

import re

from resnet_bench import cli
from resnet_bench.config.case_labels import labels
from resnet_bench.records import Contention
from resnet_bench.runner import progress
from tests import make
from tests.runner.instant import Machine


def test_every_launch_leaves_a_line_and_a_case_that_is_done_its_own(capsys, monkeypatch):
    monkeypatch.setattr(progress.sys.stderr, "isatty", lambda: False, raising=False)
    cases = [make.case("resnet18"), make.case("resnet50")]
    with progress.reporter(cases, launches=4) as report:
        for number, (case, done) in enumerate([(0, False), (1, False), (1, True), (0, True)]):
            report.started(cases[case], remaining_s=90.0 - 20 * number)
            report.ended(make.launch([0.01], of=cases[case]), case_is_done=done)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in lines[:2]] == [
        "launch 1 of 4, about 1 min 30 s left",
        "launch 2 of 4, about 1 min 10 s left",
    ]
    assert lines[2].startswith("[1/2] resnet50")
    assert lines[3].startswith("[2/2] resnet18")
    assert "(2 launches)" in lines[3]


def test_a_case_is_called_by_its_machine_where_there_are_several():
    one, other = (make.case("resnet18", machine=name) for name in ("n1", "n2"))
    names = labels([one, other])
    assert names[one] == names[other].replace("n2: ", "n1: ") == f"n1: {labels([one])[one]}"


class Disturbed(Machine):
    """Every second launch of it is disturbed, however often it is made."""

    def measure(self, request):
        made = super().measure(request)
        why = ("other processes used 1.5 of 2 cores",) if len(self.requests) % 2 else ()
        return make.change(made, contention=Contention(disturbances=why), duration_s=10.0)


def test_launches_that_are_made_again_are_announced_and_counted_in_what_is_left(monkeypatch, tmp_path, capsys):
    Disturbed().install(monkeypatch)
    asked = ("--models", "resnet18", "--batch-sizes", "1", "--launches", "4", "--preset", "standard", "--threads", "1")
    assert cli.run(["run", *asked, "--device", "cpu", "-o", str(tmp_path / "run")]) == 0
    said = capsys.readouterr().err.splitlines()
    again = [line for line in said if "disturbed (other processes used 1.5 of 2 cores); one more launch of it" in line]
    counted = [tuple(map(int, found.groups())) for line in said if (found := re.match(r"launch (\d+) of (\d+)", line))]
    assert counted == [(1, 4), (2, 5), (3, 5), (4, 6), (5, 6)]
    assert len(again) == 2
    # Three are left of four and one is made again, of 10 s each; as many as so far may be.
    assert any(line.startswith("launch 2 of 5, about 1 min 20 s left") for line in said)
    assert any(line.startswith("launch 3 of 5, about 45.0 s left") for line in said)
