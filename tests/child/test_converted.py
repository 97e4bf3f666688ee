"""What a case is converted to is made once where its launches share a folder, and never taken half made."""

from pathlib import Path

import msgspec
import pytest

from resnet_bench.child import converted
from resnet_bench.errors import UnsupportedError
from resnet_bench.executors import artifact
from resnet_bench.records import Executor
from resnet_bench.wire.answers import Converted, Failed
from resnet_bench.wire.messages import ConvertRequest
from tests import make


class Conversions:
    """Conversions without a process: what each was asked, and what the next ones answer."""

    def __init__(self):
        self.asked = []
        self.answers = []

    def run(self, _command, *, input, stdout, check):  # noqa: A002 - as subprocess calls it
        assert not check
        asked = msgspec.json.decode(input, type=ConvertRequest)
        self.asked.append(asked)
        (Path(asked.folder) / artifact.FOLDER).mkdir()
        stdout.write(self.answers.pop(0) if self.answers else msgspec.json.encode(MADE))
        return type("Ended", (), {"returncode": 1})


MADE = Converted(
    convert_s=2.0, sha256="0", size_bytes=1, input_sha256="1", environment="e1", weights="", batch_norm_statistics=""
)


@pytest.fixture
def conversions(monkeypatch):
    made = Conversions()
    monkeypatch.setattr(converted.subprocess, "run", made.run)
    return made


def request(folder="", **changes):
    asked = make.launch_request("cifar_resnet20", executor=Executor.ONNXRUNTIME)
    return make.change(asked, artifacts=str(folder), **changes)


def test_the_first_launch_converts_for_all_with_the_images_that_any_of_them_compares(conversions, tmp_path):
    found = []
    for index in range(3):
        with converted.workplace(request(tmp_path, index=index)) as folder:
            found.append(converted.converted(request(tmp_path, index=index), folder))
    assert [it.now for it in found] == [True, False, False]
    assert {it.folder for it in found} == {tmp_path}
    assert {it.said for it in found} == {MADE}
    (asked,) = conversions.asked
    assert asked.images == 64


@pytest.mark.parametrize("folder", ["", "not there"])
def test_without_a_folder_each_launch_converts_and_leaves_nothing(conversions, folder):
    used = []
    for _ in range(2):
        with converted.workplace(request(folder)) as own:
            used.append(own)
            assert converted.converted(request(folder), own).now
    assert len(conversions.asked) == len(set(used)) == 2
    assert not any(it.exists() for it in used)


def test_what_was_ended_while_it_converted_is_made_again(conversions, tmp_path):
    conversions.answers = [msgspec.json.encode(MADE)[:20]]
    with pytest.raises(RuntimeError, match="status 1 and no answer"):
        converted.converted(request(tmp_path), tmp_path)
    (tmp_path / artifact.FOLDER / "half").write_bytes(b"0")
    assert converted.converted(request(tmp_path), tmp_path).now
    assert list((tmp_path / artifact.FOLDER).iterdir()) == []


def test_a_refusal_is_raised_as_it_was_and_asked_for_again(conversions, tmp_path):
    conversions.answers = [msgspec.json.encode(Failed.of(UnsupportedError("no ONNX for aten.x.")))]
    with pytest.raises(UnsupportedError, match=r"no ONNX for aten\.x\."):
        converted.converted(request(tmp_path), tmp_path)
    assert converted.converted(request(tmp_path), tmp_path).now
