"""The answer to "which one should I take?" as people and programs read it."""

import json as json_reader

import pytest

from resnet_bench.analysis.choice import ask
from resnet_bench.analysis.published import Published
from resnet_bench.records import Agreement, Executor, Precision
from resnet_bench.report.documents import choice
from resnet_bench.report.documents import run as view
from resnet_bench.report.renderers import csv, json, markdown, text
from tests import goldens, make
from tests.make import gpu_run, suite_run

ACCURACY = {"resnet18": 0.69758, "resnet34": 0.73314, "resnet50": 0.7613, "resnet101": 0.77374, "resnet152": 0.78312}


def document(*under, best_for=None, price=(), runs=None):
    runs = runs or [suite_run(launches=6, noise=0.004)]
    return choice.build(
        runs, ask(under, best_for, price), catalog=lambda name: Published(family="resnet", accuracy=ACCURACY.get(name))
    )


DOCUMENTS = {
    "budget": lambda: document("latency p95 200 ms at batch 1", "peak memory 8 GiB", price=["0.10 USD/h"]),
    "few": lambda: document("latency p95 165 ms at batch 1", best_for="throughput", runs=[suite_run()]),
    "none": lambda: document("latency 1 ms at batch 1"),
    "gpu": lambda: document(
        "latency 100 ms at mode inference", best_for="cost", price=["2.49 USD/h"], runs=[gpu_run()]
    ),
}


@pytest.mark.parametrize(("ending", "render"), [("txt", text.render), ("md", markdown.render)])
@pytest.mark.parametrize("name", DOCUMENTS)
def test_golden(name, ending, render):
    goldens.check(render(DOCUMENTS[name]()), f"choice/{name}.{ending}")


def test_json_and_csv_hold_the_case_axis_by_axis_and_figures_in_base_units():
    of = DOCUMENTS["budget"]()
    content = json_reader.loads(json.render(of))
    best = content["models"][0]
    assert (best["model"], best["batch_size"], best["answer"]) == ("resnet34", 1, "best")
    assert best["budget.1_low"] < best["budget.1"] < best["budget.1_high"] < 0.2
    assert content["supported"] is True
    assert content["query"]["budgets"][0]["limit"] == 0.2
    assert csv.render(of).startswith("run,model,mode,batch_size,")


def test_an_answer_that_is_open_says_so_in_the_words_of_the_page():
    close = {"resnet18": 0.1, "resnet34": 0.1002, "resnet50": 0.3}
    cases = [
        make.measurement(
            make.noisy_launches(seed, center=center, noise=0.02, samples=5),
            of=make.case(model, batch_size=1, image_size=224),
        )
        for seed, (model, center) in enumerate(close.items())
    ]
    runs = [make.run_of(cases)]
    said = document("latency 1 s", best_for="throughput", runs=runs).sections[0].paragraphs[0]
    assert "; whether it is the best is open: these launches cannot tell it from resnet" in said
    dots = next(it for section in view.build(runs).sections for it in section.figures if it.id == "configurations")
    assert "; whether it is the fastest is open: these launches cannot tell it from resnet" in dots.finding
    few = document("latency 1 s", best_for="throughput", runs=[suite_run(launches=2)]).sections[0].paragraphs[:2]
    assert few[0].endswith("; that it is the best is not proven: 2 launches give no interval.")
    assert few[1] == "That it fits is not proven: 2 launches give no interval."


def test_an_answer_by_corrected_figures_says_that_another_case_measured_better():
    measured = []
    for model, latency_s, drift in (("resnet18", 0.1, 1.1), ("resnet34", 0.105, 0.95)):
        drifts = [drift * (1 + 0.06 * launch) for launch in range(6)]
        of = make.case(model, batch_size=1, image_size=224)
        plain = make.measurement([[latency_s * it] * 6 for it in drifts], of=of)
        beside = [make.beside_reference(it, 0.001 * drift) for it, drift in zip(plain.launches, drifts, strict=True)]
        measured.append(make.change(plain, launches=tuple(beside)))
    runs = [make.run_of(measured)]
    (said, *_) = document(best_for="latency", runs=runs).sections[0].paragraphs
    assert said.startswith("resnet18, batch 1: latency 126.5 ms")
    assert said.endswith("; corrected for drift it is ahead of one that measured better.")
    figures = {it.id: it.finding for section in view.build(runs).sections for it in section.figures}
    assert figures["accuracy-latency"].startswith(
        "Both are on the frontier: each one that is more accurate is slower, "
    )
    assert "from resnet18 (126.5 ms, 69.8 %) to resnet34 (114.7 ms, 73.3 %)" in figures["accuracy-latency"]
    assert "resnet18 is the fastest, corrected for drift, and measured " in figures["configurations"]


def test_a_run_beside_another_is_named():
    runs = [suite_run(launches=6), suite_run(launches=6, speed=1.5, revision="abcdef0")]
    said = text.render(document("latency 200 ms at batch 1", best_for="throughput", runs=runs))
    assert "abcdef0" in said


def test_an_answer_says_that_accuracy_is_of_fp32_and_how_far_the_case_agrees():
    def of_precision(model, precision, latency_s, **more):
        executor = Executor.ONNXRUNTIME if precision is Precision.INT8 else Executor.EAGER
        of = make.case(model, image_size=224, precision=precision, executor=executor)
        return make.measurement([[latency_s] * 5] * 3, of=of, **more)

    near = Agreement(images=64, max_error=0.1, sqnr_db=23.0, top1_agreement=57 / 64, classes=12)
    quick = of_precision("resnet50", Precision.INT8, 0.005, agreement=near)
    eager = [of_precision(model, Precision.FP32, 0.02) for model in ("resnet18", "resnet50")]
    run = make.run_of([*eager, quick])
    said = "accuracy is published for fp32; agreement of this case is 23.0 dB, 89.1 % of 64, 12 classes, untrained"
    of = document("latency 10 ms", best_for="accuracy", runs=[run])
    assert said in of.sections[0].paragraphs[0]
    assert json_reader.loads(json.render(of))["models"][0]["agreement"].startswith("23.0 dB")
    page = view.build([run], catalog=lambda name: Published(family="resnet", accuracy=ACCURACY.get(name)))
    assert [said in name for name in page.decision.names] == [False, False, True]
    assert ": " not in page.decision.names[2]  # the answer's own colon ends the name
    frontier = next(it for section in page.sections for it in section.figures if it.id == "accuracy")
    assert "and for fp32" in frontier.how_to_read
    assert (
        "Accuracy is published for fp32, and what computes otherwise has no place on it; agreement of these cases: "
        "resnet50 · int8" in frontier.finding
    )
    assert "agreement" in frontier.table.shown
    both = document("latency 30 ms", best_for="accuracy", runs=[make.run_of([eager[0], quick])])
    open_ = "; whether it is the best is open: agreement with fp32 cannot tell it from resnet18"
    assert open_ in both.sections[0].paragraphs[0]
    asked = document("accuracy 75 %", best_for="latency", runs=[make.run_of([eager[0], quick])])
    assert asked.sections[0].paragraphs[1] == "That it fits is not proven: its accuracy is published for fp32."
    assert json_reader.loads(json.render(asked))["supported"] is False
    plain = document("latency 30 ms", best_for="accuracy", runs=[make.run_of(eager)])
    assert "published" not in plain.sections[0].paragraphs[0]


def of_two(*, beside):
    """Two models, the second of them slower by a tenth on a machine that was slower beside the first."""
    measured = []
    for model, latency_s, slower in (("resnet18", 0.9, 1.12), ("resnet34", 1.0, 1.0)):
        case, launches = make.case(model=model), []
        for index in range(6):
            speed = slower * (1 + 0.02 * index)
            made = make.launch([latency_s * speed * (1 + 0.001 * index)] * 3, index=index, of=case)
            launches.append(make.beside_reference(made, 0.003 * speed) if beside else made)
        measured.append(make.change(make.measurement([[1.0]], of=case), launches=tuple(launches)))
    return document(best_for="throughput", runs=[make.run_of(measured)])


def test_a_choice_is_by_corrected_figures_where_there_are_and_says_which_stand_beside_it():
    corrected, raw = of_two(beside=True), of_two(beside=False)
    said = text.render(corrected)
    assert said.splitlines()[2].startswith("resnet18, batch 4: throughput")
    assert "is open" not in said
    assert "ranked by figures corrected for drift; those shown, and limits, are of what was" in " ".join(said.split())
    assert "corrected" not in text.render(raw)
    ranked_by = [json_reader.loads(json.render(it))["ranked_by"] for it in (corrected, raw)]
    assert ranked_by == ["corrected", "raw"]
