"""What an hour costs: in words, in a suite by the machine's name, and what each mistake is told."""

import pytest

from resnet_bench.config import suite_file
from resnet_bench.config.prices import of_machine, parse_price
from resnet_bench.errors import ConfigError, UsageError
from resnet_bench.records import Price


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("2.49 USD/h", Price(per_hour=2.49, currency="USD")),
        ("$2.49/h", None),
        ("a100-box = 2.49 EUR / h", Price(per_hour=2.49, currency="EUR", where="a100-box")),
        ("0 USD/h", None),
        ("2.49 USD", None),
        ("2.49", None),
    ],
)
def test_a_price_is_an_amount_an_hour(text, price):
    if price is None:
        with pytest.raises(UsageError, match="amount an hour"):
            parse_price(text)
    else:
        assert parse_price(text) == price


def test_a_suite_prices_machines_by_patterns_and_the_first_that_matches_holds(tmp_path):
    path = tmp_path / "my.toml"
    path.write_text('[prices]\n"NVIDIA H100*" = "2.49 USD/h"\n"*" = "0.08 USD/h"\n')
    prices = suite_file.load_suite(path).prices
    assert of_machine(prices, ["NVIDIA H100 80GB HBM3", "Some CPU"]).per_hour == 2.49
    assert of_machine(prices, ["AMD EPYC"]).per_hour == 0.08
    assert of_machine(prices[:1], ["AMD EPYC"]) is None


@pytest.mark.parametrize("value", ["2.49", '"much"', '"0 USD/h"', '"box=1 USD/h"', '["1 USD/h"]'])
def test_a_price_that_is_none_is_told_where_it_stands(tmp_path, value):
    path = tmp_path / "my.toml"
    path.write_text(f"[prices]\nbox = {value}\n")
    with pytest.raises(ConfigError, match=r'my.toml: prices."box" = .*: expected an amount an hour'):
        suite_file.load_suite(path)
