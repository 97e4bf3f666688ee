import pytest

from resnet_bench.api.options import texts_of
from resnet_bench.errors import UsageError
from resnet_bench.records import Precision


def test_values_become_what_flags_would_have_in_either_spelling():
    given = {"batch_sizes": [1, 8], "precisions": [Precision.BF16, "fp32"], "mode": "both", "include_transfer": True}
    assert texts_of(given) == {
        "batch_sizes": "1,8",
        "precision": "bf16,fp32",
        "mode": "both",
        "include_transfer": "yes",
    }
    assert texts_of({"batch_size": 4, "threads": "all", "seed": None}) == {"batch_sizes": "4", "threads": "all"}


def test_a_wrong_name_is_told_the_nearest():
    with pytest.raises(UsageError, match=r"'batch_sices' is no option of a run\. Did you mean 'batch_sizes'"):
        texts_of({"batch_sices": 1})


def test_one_option_is_given_once():
    with pytest.raises(UsageError, match="another spelling"):
        texts_of({"batch_size": 1, "batch_sizes": 2})
