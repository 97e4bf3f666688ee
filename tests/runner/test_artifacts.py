"""A folder a case in which its launches share what it is converted to, and that is gone when the case is done."""

from collections import defaultdict
from pathlib import Path

from resnet_bench import cli
from resnet_bench.records import Executor
from tests.runner.instant import Machine


class Watching(Machine):
    """Notes the folder of each launch, and which folders of others there are."""

    def __init__(self):
        super().__init__()
        self.folders = defaultdict(list)
        self.beside = []

    def measure(self, request):
        self.folders[request.case].append(request.artifacts)
        if request.artifacts:
            own = Path(request.artifacts)
            assert own.is_dir()
            (own / str(request.index)).touch()
            self.beside.append(len(list(own.parent.glob("[0-9]*"))))
        return super().measure(request)


def test_launches_of_a_case_share_one_that_goes_with_the_case(tmp_path, monkeypatch):
    machine = Watching().install(monkeypatch)
    asked = ("--models", "cifar_resnet20", "--batch-sizes", "1,2", "--executor", "eager,aot_inductor")
    assert cli.run(["run", *asked, "--device", "cpu", "--launches", "3", "-o", str(tmp_path / "run")]) == 0
    converting = {case: found for case, found in machine.folders.items() if case.executor is Executor.AOT_INDUCTOR}
    assert [len(found) for found in converting.values()] == [3, 3]
    assert len({folder for found in converting.values() for folder in found}) == 2
    assert all(found == [""] * 3 for case, found in machine.folders.items() if case not in converting)
    assert machine.beside[-1] == 1
    assert not any(Path(found[0]).parent.exists() for found in converting.values())
