"""Objects of a session in real processes: a script, a notebook's kernel without a file, a module beside the script."""

import json
import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.slow

NET = """
import resnet_bench as rb
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.head = nn.Linear(4, 10)

    def forward(self, images):
        return self.head(self.conv(images).mean((2, 3)))
"""
MEASURE = """
import json
run = rb.run({models}, image_sizes=32, batch_sizes=[2], device="cpu", launches=1, threads=1, reference="off")
print(json.dumps(dict(
    models=[it.case.model for it in run.record.measurements],
    parameters=[it.profile.parameters for it in run.record.measurements],
    skips=[it.detail for it in run.record.skips],
    sources=[it.source.strip().split(chr(10))[0] for it in run.record.header.objects],
)))
"""


def answer(command, cwd, **more):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=250, **more)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_a_module_of_a_script_is_measured_beside_a_name(tmp_path):
    (tmp_path / "script.py").write_text(NET + MEASURE.format(models='["resnet18", Net()]'))
    found = answer([sys.executable, "script.py"], tmp_path)
    assert found["models"] == ["resnet18", "object:Net"]
    assert found["parameters"] == [11_689_512, 3 * 4 * 9 + 4 + 50]
    assert found["sources"] == ["class Net(nn.Module):"]


def test_without_a_file_of_main_a_module_travels_too(tmp_path):
    found = answer([sys.executable, "-"], tmp_path, input=NET + MEASURE.format(models="Net()"))
    assert (found["models"], found["skips"], found["sources"]) == (["object:Net"], [], [""])


def test_a_factory_is_imported_from_where_the_script_imports_it(tmp_path):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "mynet.py").write_text(NET)
    script = "import sys; sys.path.insert(0, 'lib')\nimport resnet_bench as rb, mynet\n"
    (tmp_path / "script.py").write_text(script + MEASURE.format(models="[mynet.Net, mynet.Net()]"))
    found = answer([sys.executable, "script.py"], tmp_path)
    assert found["models"] == ["mynet:Net", "object:Net"]
    assert found["skips"] == []


def test_an_object_is_known_to_its_session_alone(tmp_path):
    code = textwrap.dedent(
        """
        import resnet_bench as rb
        try:
            rb.run("object:Net", device="cpu", launches=1)
        except rb.ResNetBenchError as error:
            print('"' + str(error).replace('"', "'") + '"')
        """
    )
    assert "was an object of a Python session" in answer([sys.executable, "-c", code], tmp_path)
