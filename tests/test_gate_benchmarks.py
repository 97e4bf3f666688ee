"""The tables that the benchmarks of the gate print, of made-up runs and at a reduced size."""

import re

from benchmarks import gate_recipe, gate_simulation
from tests.make import measurement, noisy_launches, run_of


def test_the_share_that_the_recipe_decides_is_printed():
    """Three runs that agree to half a percent teach a band under which identical code keeps a limit of 5 %."""
    levels = (1.0, 1.001, 0.999, 1.0005)
    runs = [
        run_of([measurement(noisy_launches(number, factor=level))], name=f"r{number}")
        for number, level in enumerate(levels)
    ]
    corrected, raw = gate_recipe.lines(runs, "5 %")
    assert corrected.startswith("limit 5 %, corrected figures: 100 % of 4 rows of 4 checks decided (100 % passed")
    assert raw.startswith("limit 5 %, raw figures: 100 % of 4 rows of 4 checks decided (100 % passed, 0 % failed)")
    apart = [
        run_of([measurement(noisy_launches(number, factor=level**20))], name=f"r{number}")
        for number, level in enumerate(levels)
    ]
    assert "raw figures: 0 % of 4 rows" in list(gate_recipe.lines(apart, "1 %"))[1]


def test_what_a_calibration_that_is_off_does_is_printed():
    printed = list(gate_simulation.band_table(trials=2))
    calibrated = [re.match(r"\s*1\.0%\s+3\s+1\s+(\S+)", line) for line in printed]
    assert [found[1] for found in calibrated if found] == ["-", "0.5%", "1.0%", "2.0%"]
    assert "median band" in printed[0]
    assert "false claims" in printed[0]


def test_the_price_of_robustness_stands_beside_what_it_finds():
    titles = next(gate_simulation.table(trials=1))
    assert titles.index("10 % found") < titles.index("10 % found by plain means")
