"""What a log says while a sweep runs: a line a launch with the time left, and one when a case is done."""

from resnet_bench.runner import progress
from tests import make


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
