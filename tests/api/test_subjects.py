"""What may be given as a model, what it is called, and what cannot travel."""

import pickle
import threading

import pytest

from resnet_bench import specs
from resnet_bench.api.subjects import subjects_of
from resnet_bench.errors import ModelError, UsageError
from resnet_bench.specs import Block, Layout, Spec, Stem
from resnet_bench.specs.objects import file_of


class Tiny:
    """A factory by its class."""

    def __call__(self):
        return None


def build():
    return None


def test_names_and_factories_that_can_be_imported_travel_by_name():
    found = subjects_of(["resnet18", build, Tiny])
    assert found.names == ("resnet18", f"{__name__}:build", f"{__name__}:Tiny")
    assert found.objects == ()


def test_one_model_needs_no_list():
    assert subjects_of("resnet18").names == ("resnet18",)
    assert subjects_of(build).names == (f"{__name__}:build",)


def test_what_has_no_importable_name_is_pickled_with_its_source():
    def inner():
        return "made"

    found = subjects_of([inner, inner, lambda: None])
    assert found.names == ("object:inner", "object:inner-2", "object:lambda")
    assert 'return "made"' in found.objects[0].source
    assert found.objects[0].type.endswith("inner")
    assert pickle.loads(found.pickles[0])() == "made"  # noqa: S301 - our own


def test_a_mapping_names_what_it_holds_and_hostile_names_stay_in_the_folder(tmp_path):
    found = subjects_of({"../../my net": lambda: None})
    assert found.names == ("object:my-net",)
    found.pack_into(tmp_path)
    assert file_of(found.names[0], tmp_path).parent == tmp_path
    assert [path.name for path in tmp_path.iterdir()] == ["my-net.pickle"]


def test_a_spec_of_ours_is_its_name_and_another_goes_with_the_suite():
    own = Spec(
        name="mine",
        family="mine",
        block=Block.BASIC,
        layers=(1, 1, 1, 1),
        layout=Layout.V1_5,
        stem=Stem.IMAGENET,
        image_size=224,
        num_classes=10,
    )
    found = subjects_of([specs.find("resnet18"), own])
    assert found.names == ("resnet18", "mine")
    assert found.specs == (own,)


def test_what_cannot_travel_says_why_and_what_can():
    lock = threading.Lock()
    with pytest.raises(ModelError, match=r"cannot travel .*lock.*factory"):
        subjects_of([lambda: lock])


@pytest.mark.parametrize("given", [3, [3], [], {"a": "resnet18"}])
def test_what_is_no_model_is_refused_in_one_line(given):
    with pytest.raises(UsageError) as error:
        subjects_of(given)
    assert "\n" not in str(error.value)
