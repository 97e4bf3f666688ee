"""Machines of one kind: the slow one of 64 is named, and none where all are alike."""

import numpy as np
import pytest

from resnet_bench import cli
from resnet_bench.analysis.fleet import held_against_their_kind
from resnet_bench.records import DeviceState, FleetMember, Machine
from tests import make


def fleet_run(slow=(), *, machines=64, cases=2, seed=0, scatter=0.005, by=1.06):
    """Return a run of cards that differ by half a per cent, of six launches of a third of one each."""
    rng = np.random.default_rng(seed)
    measurements = []
    for name in (f"n{number:02}" for number in range(machines)):
        card = np.exp(rng.normal(0, scatter)) * (by if name in slow else 1.0)
        state = DeviceState(temperature_c=61.0 if name in slow else 55.0, power_limit_w=400.0, sm_clock_hz=1.41e9)
        for size in range(1, cases + 1):
            latencies = [0.01 * size * card * np.exp(rng.normal(0, 0.003)) for _ in range(6)]
            of = make.case(batch_size=size, machine=name)
            measurements.append(make.measurement([[float(it)] * 8 for it in latencies], of=of, after=state))
    members = dict.fromkeys(it.case.machine for it in measurements)
    machines = (Machine(name=name, launcher="slurm") for name in members)
    here = make.environment()
    fleet = tuple(FleetMember(machine=it, device="cpu", environment=here) for it in machines)
    return make.run_of(measurements, fleet=fleet)


def test_the_slow_card_of_64_is_named_in_each_of_its_cases():
    found = held_against_their_kind(fleet_run(["n17"]))
    assert len(found) == 128
    assert {(it.machine, it.case.batch_size) for it in found if it.slower} == {("n17", 1), ("n17", 2)}
    worst = found[0]
    assert worst.ratio == pytest.approx(1.06, abs=0.02)
    assert worst.interval.low < worst.ratio < worst.interval.high
    assert worst.interval.low > worst.limit > 1
    assert (worst.machines, worst.temperature_c, worst.power_limit_w, worst.clock_hz) == (64, 61.0, 400.0, 1.41e9)
    assert worst.case.machine == ""


def test_cards_that_are_alike_are_not_accused():
    accused = [it for seed in range(20) for it in held_against_their_kind(fleet_run(seed=seed, cases=1)) if it.slower]
    assert len(accused) <= 1  # at one error in a hundred fleets, each of these has one in a hundred


def test_two_machines_are_no_kind_to_be_held_against_and_three_show_too_little():
    assert held_against_their_kind(fleet_run(machines=2)) == ()
    assert not any(it.slower for it in held_against_their_kind(fleet_run(["n01"], machines=3)))


def test_other_identities_are_other_kinds():
    run = fleet_run(["n17"], machines=20, cases=1)
    moved = [
        make.change(it, launches=tuple(make.change(one, environment="e2") for one in it.launches))
        if it.case.machine == "n17"
        else it
        for it in run.measurements
    ]
    assert all(it.machines == 19 for it in held_against_their_kind(make.change(run, measurements=tuple(moved))))


def test_compare_fleet_and_the_page_name_it(tmp_path, capsys):
    run = fleet_run(["n17"], machines=24)
    directory = make.save_run(tmp_path / "run", run)
    assert cli.run(["compare", str(directory), "--fleet"]) == 0
    said = capsys.readouterr().out
    assert "n17 is slower than the other 23 of its kind (Example CPU) in 2 of 2 cases, by " in said
    assert "clock 1.410 GHz, power limit 400 W, 61 C." in said
    assert "n05" not in said
    assert cli.run(["report", str(directory), "-o", str(tmp_path / "page.html")]) == 0
    assert "n17 is slower than the other 23 of its kind" in (tmp_path / "page.html").read_text()
    capsys.readouterr()
    assert cli.run(["compare", str(directory), str(directory), "--fleet"]) == 2
    assert "--fleet holds the machines of one run" in capsys.readouterr().err
