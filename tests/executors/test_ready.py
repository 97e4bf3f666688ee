"""What processes of a comparison share: an artefact that the first makes, and that all load as it was made."""

from types import SimpleNamespace

import pytest
import torch

from resnet_bench.errors import DisagreesError
from resnet_bench.executors import artifact, table
from resnet_bench.profilers.workload import Workload
from resnet_bench.records import Executor
from tests import make


class Converting:
    """An executor whose artefact is a file with the batch size; it notes the folders that it was asked for."""

    def __init__(self):
        self.made, self.opened_in = [], []

    def supports(self, case):
        assert case.executor is Executor.EAGER

    def convert(self, case, network, images, folder, *, calibration, sizes):  # noqa: ARG002 - the protocol's
        assert not network.training
        self.made.append(folder)
        (folder / "model").write_bytes(bytes([case.batch_size]))

    def opened(self, case, folder, *, seed):  # noqa: ARG002 - the protocol's
        self.opened_in.append(folder)
        assert (folder / "model").read_bytes() == bytes([case.batch_size])
        return SimpleNamespace(iterate=None, step=None, weights_bytes=1)


@pytest.fixture
def converting(monkeypatch):
    executor = Converting()
    row = table.EXECUTORS[Executor.EAGER]._replace(converts=True)
    monkeypatch.setitem(table.EXECUTORS, Executor.EAGER, row)
    monkeypatch.setattr(table, "load", lambda _: executor)
    return executor


def prepare(**where):
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4)).eval()
    return Workload(make.case("tiny", batch_size=2, image_size=8), network, seed=0, **where)


def test_the_first_process_makes_it_and_the_others_load_what_it_made(converting, tmp_path):
    for _ in range(3):
        prepare(artifacts=str(tmp_path))
    assert converting.made == [tmp_path / artifact.FOLDER]
    assert converting.opened_in == [tmp_path / artifact.FOLDER] * 3
    (tmp_path / artifact.FOLDER / "model").write_bytes(b"other")
    with pytest.raises(DisagreesError, match="changed on disk after it was converted"):
        prepare(artifacts=str(tmp_path))


def test_what_was_ended_while_it_converted_is_made_again(converting, tmp_path):
    (tmp_path / artifact.FOLDER).mkdir()
    (tmp_path / artifact.FOLDER / "half").touch()
    prepare(artifacts=str(tmp_path))
    assert [it.name for it in (tmp_path / artifact.FOLDER).iterdir()] == ["model"]
    assert len(converting.made) == 1


def test_without_a_folder_it_is_made_for_one_and_leaves_nothing(converting):
    prepare()
    prepare()
    assert len(set(converting.made)) == 2
    assert not any(it.exists() for it in converting.made)
