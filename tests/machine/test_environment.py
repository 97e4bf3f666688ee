"""What a machine is called, and what of it is told."""

from pathlib import Path

import msgspec

from resnet_bench.machine.devices import software
from resnet_bench.machine.identity import environment_id
from resnet_bench.storage import run_directory
from tests.make import IDENTITY

ROOT = Path(__file__).parents[2]


def test_the_ids_of_published_machines_stay_whatever_fields_are_added():
    for header in (ROOT / "reports" / "published").glob("*/run.json"):
        for environment in run_directory.load(header.parent).header.environments:
            assert environment_id(environment.identity) == environment.id


def test_a_version_that_is_told_makes_another_machine():
    assert environment_id(msgspec.structs.replace(IDENTITY, hip="6.4")) != environment_id(IDENTITY)


def test_each_kind_of_device_has_the_versions_that_it_can_have():
    def titles(device):
        return [title for title, _ in software(msgspec.structs.replace(IDENTITY, device=device))]

    assert titles("cuda") == ["CUDA", "cuDNN", "driver"]
    assert titles("rocm") == ["HIP", "driver"]
    assert titles("cpu") == titles("mps") == []
