"""The far end of a machine that measures nothing, reached by a way that may spoil what it says.

Run as a script: `stub_machine.py FOLDER NAME ...`; what follows, a real far end's command, is left alone. `prepared`
writes the answers into the folder. The file `FOLDER/NAME.fault` has lines "FAULT NUMBER": what happens to the launch of
that number on that machine, or to "every" one, or "always", to whatever else is asked too. The script imports the
standard library alone, and starts at once.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

LARGEST_BATCH = 3


def main():
    folder, name = Path(sys.argv[1]), sys.argv[2]
    errand = json.loads(sys.stdin.buffer.readline())
    answers = json.loads((folder / f"{name}.json").read_text())
    request = errand["request"]
    answer = answers["answers"][request["type"]]
    if request["type"] == "fit" and request["case"]["batch_size"] > LARGEST_BATCH:
        answer = answers["answers"]["too_large"]
    if request["type"] == "pairs":
        answer["outcomes"] = [answer["outcomes"][0] | {"matchup": each} for each in request["matchups"]]
    copied = {"measure": ("case", "index", "attempt"), "fit": ("case", "index") if "case" in answer else ()}
    copied["ceilings"] = ("threads",) if "threads" in answer else ()
    answer |= {key: request[key] for key in copied.get(request["type"], ())}
    if request["type"] == "layers":
        answer["layers"]["case"] = request["case"]
    delivery = {"protocol": 2, "number": errand["number"], "release": answers["release"], "answer": answer}
    WAYS[fault_of(folder, name, request["type"])](delivery)


def fault_of(folder, name, kind):
    """Return what happens to this errand; launches are counted by a file that grows by a byte for each."""
    number = "none"
    if kind == "measure":
        with (folder / f"{name}.launches").open("ab") as count:
            count.write(b".")
            number = str(count.tell())
    said = folder / f"{name}.fault"
    for line in said.read_text().splitlines() if said.exists() else ():
        fault, when = line.split()
        if when == "always" or (kind == "measure" and when in {"every", number}):
            return fault
    return "none"


def say(data):
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def encoded(delivery):
    return json.dumps(delivery).encode() + b"\n"


def sleeps(_delivery):
    time.sleep(600)


def dies(_delivery):
    os.kill(os.getpid(), signal.SIGKILL)


def dies_aloud(_delivery):
    print("srun: error: Node failure on n2", file=sys.stderr)
    sys.exit(143)


def slowly(delivery):
    said = encoded(delivery)
    for at in range(0, len(said), 1024):
        say(said[at : at + 1024])
        time.sleep(0.01)


def other_number(delivery):
    say(encoded(delivery | {"number": "0123456789abcdef"}))


def elsewhere(delivery):
    say(encoded(delivery | {"answer": delivery["answer"] | {"environment": "id-of-another-node"}}))


def other_case(delivery):
    case = delivery["answer"]["case"] | {"batch_size": 77}
    say(encoded(delivery | {"answer": delivery["answer"] | {"case": case}}))


def other_release(delivery):
    say(encoded(delivery | {"release": {"version": "9.9", "revision": "", "code": "feed"}}))


def behind(delivery):
    say(encoded(delivery | {"now_s": time.time() - 301}))


WAYS = {
    "none": lambda delivery: say(encoded(delivery)),
    "behind": behind,
    "greeted": lambda delivery: say(b"Welcome to n1!\n\n{}\n" + encoded(delivery)),
    "twice": lambda delivery: say(2 * encoded(delivery)),
    "slowly": slowly,
    "garbled": lambda delivery: say(encoded(delivery).replace(b'"answer"', b"\x00\xff")),
    "half": lambda delivery: say(encoded(delivery)[:300]),
    "other_number": other_number,
    "other_case": other_case,
    "other_protocol": lambda delivery: say(encoded({"protocol": 99, "number": delivery["number"], "new": [1]})),
    "other_release": other_release,
    "silent": lambda _: None,
    "dies": dies,
    "dies_aloud": dies_aloud,
    "sleeps": sleeps,
    "elsewhere": elsewhere,
}


def prepared(folder, *names, alike=False, samples=8):
    """Write what machines of these names answer, and return the tables of a suite that reach them."""
    import msgspec

    from resnet_bench.analysis.verdicts.sequential import decide
    from resnet_bench.records.live import MatchupResult, PairedSamples
    from resnet_bench.wire.delivery import own_release
    from resnet_bench.wire.messages import Dissected, Failed, Fits, Known, Probed, Profiled
    from resnet_bench.wire.pairs import PairsMade
    from tests import make
    from tests.runner.known_costs import cost

    folder.mkdir(exist_ok=True)
    case = make.case("cifar_resnet20", batch_size=1, image_size=32)
    # Sides that are alike, to half a per cent.
    turns = tuple(
        PairedSamples(pair=pair, baseline_s=(0.01,) * 11, contender_s=(0.01 * (1 + 0.005 * (pair % 2)),) * 11)
        for pair in range(20)
    )
    same = decide([it.log_ratio for it in turns], band=0.02)
    outcome = MatchupResult(matchup=make.matchup(case), turns=turns, decision=same)
    tables = []
    for name in names:
        card = "Card" if alike else f"Card of {name}"
        identity = make.change(make.IDENTITY, device_name=card)
        here = make.environment("id" if alike else f"id-{name}", identity=identity)
        answers = {
            "probe": Probed(device="cpu", environment=here),
            "profile": Profiled(profiles=()),
            "look_up": Known(),
            "ceilings": Failed(error="ResNetBenchError", message="this machine measures no ceilings."),
            "fit": Fits(iteration_s=0.01, peak_allocated_bytes=1000),
            "too_large": make.skip(case),
            "layers": Dissected(layers=make.known_layers(case, cost, environment=here.id), environment=here),
            "pairs": PairsMade(outcomes=(outcome,), labels=("old", "new")),
            "measure": make.launch([0.01] * samples, environment=here.id),
        }
        content = {"release": own_release(), "answers": answers}
        (folder / f"{name}.json").write_bytes(msgspec.json.encode(content))
        command = json.dumps([sys.executable, "-S", __file__, str(folder), name])
        tables.append(f'[[machine]]\nname = "{name}"\nlauncher = "command"\ncommand = {command}\n')
    return "\n".join(tables)


if __name__ == "__main__":
    main()
