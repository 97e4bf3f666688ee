"""What the document says: order, findings, knees, frontiers, cliffs, health, several runs."""

import re

import msgspec
import pytest

from resnet_bench.analysis.digest import digest
from resnet_bench.analysis.published import Published
from resnet_bench.errors import UsageError
from resnet_bench.records import (
    Agreement,
    Band,
    BandSource,
    Conversion,
    Executor,
    Memory,
    MemoryFormat,
    Mode,
    Precision,
    RanOperators,
    RuntimeRan,
    StopReason,
)
from resnet_bench.report.document import Severity
from resnet_bench.report.documents import run as view
from resnet_bench.report.figure import Role
from resnet_bench.report.renderers import text
from resnet_bench.report.rows import objects
from tests import make
from tests.make import big_run, gpu_run, suite_run, troubled_run


def build(*runs, accuracy=None, **options):
    known = accuracy or {"resnet18": 0.70, "resnet34": 0.73, "resnet50": 0.76, "resnet101": 0.77, "resnet152": 0.78}
    return view.build(runs, catalog=lambda name: Published(family="resnet", accuracy=known.get(name)), **options)


def figure(document, name):
    return next(it for section in document.sections for it in section.figures if it.id == name)


def texts(document):
    return [it.text for it in document.health]


def column(table, key):
    return [row[table.index(key)] for row in table.rows]


def test_sections_stand_in_the_order_of_the_page():
    document = build(troubled_run(), suite_run(revision="abcdef0"))
    names = [section.id for section in document.sections]
    assert names == [
        *("accuracy", "configurations", "scaling", "distributions", "memory"),
        *("best", "differences", "gaps", "method"),
    ]


def test_sections_without_content_are_left_out():
    document = build(suite_run(), accuracy={"none": 0.5})
    assert [section.id for section in document.sections] == [
        *("configurations", "scaling", "distributions", "memory", "best", "method"),
    ]


def test_the_verdict_on_trust_has_what_separate_runs_differ_by_where_that_is_known():
    run, band = (
        suite_run(launches=4),
        Band(metric="throughput_images_per_s", width=0.021, source=BandSource.CALIBRATION),
    )
    assert build(run).trust.text.endswith("(99 %, within this run).")
    said = build(run, bands=[(band,)]).trust.text
    assert said.endswith("(99 %, within this run); figures of separate runs differ by up to 2.1 % here.")


def test_a_report_of_nothing_is_refused():
    with pytest.raises(UsageError, match="at least one run"):
        view.build([])


def test_a_run_without_any_launch_still_makes_a_report():
    run = suite_run()
    empty = msgspec.structs.replace(run, measurements=(), missing=run.header.cases)
    document = build(empty)
    assert texts(document)[:2] == ["0 of 10 cases measured", "10 missing"]
    assert [section.id for section in document.sections] == ["gaps", "method"]


def test_every_planned_case_has_a_row_and_its_status():
    run = troubled_run()
    results = build(run).results
    assert len(results.rows) == len(run.header.cases)
    assert sorted(column(results, "status")).count("measured") == 8


def test_what_is_the_same_everywhere_is_said_once():
    document = build(suite_run())
    assert document.summary.constants == "inference, 224 px, fp32, contiguous, eager, cpu, 2 threads"
    assert {"mode", "precision", "executor"}.isdisjoint(document.summary.shown)


def test_the_health_line_counts():
    document = build(gpu_run())
    said = texts(document)
    assert said[0] == "115 of 120 cases measured"
    assert "5 out of memory" in said
    assert any(text.startswith("throttled in ") for text in said)
    assert document.health[0].severity is Severity.NOTICE
    bad = [it.text for it in build(troubled_run()).health if it.severity is Severity.BAD]
    assert bad == ["1 timeout", "1 crashed", "1 missing"]


def clocked(run, *clocks):
    """Return the run with its launches' clocks set, in turn."""
    measurements, at = [], 0
    for measurement in run.measurements:
        launches = []
        for launch in measurement.launches:
            state = msgspec.structs.replace(launch.after, sm_clock_hz=clocks[at % len(clocks)])
            launches.append(msgspec.structs.replace(launch, before=state, after=state))
            at += 1
        measurements.append(msgspec.structs.replace(measurement, launches=tuple(launches)))
    return msgspec.structs.replace(run, measurements=tuple(measurements))


def test_clocks_that_move_within_a_run_are_told_and_two_devices_have_two_clocks():
    run = gpu_run(batch_sizes=(1, 4), models=("resnet18",))
    moved = [text for text in texts(build(clocked(run, 1.0e9, 1.5e9))) if "clocks" in text]
    assert moved == ["clocks not locked (moved by 50 %)"]
    assert not [text for text in texts(build(clocked(run, 1.0e9), clocked(run, 1.5e9))) if "clocks" in text]


def test_the_knee_is_the_smallest_batch_with_95_percent_of_the_best():
    document = build(gpu_run())
    results = document.results
    for series in figure(document, "throughput").series:
        if series.role is Role.MARK:
            (row,) = series.rows
            same = [
                other
                for other in results.rows
                if other[: results.index("batch_size")] == results.rows[row][: results.index("batch_size")]
                and other[results.index("precision")] == results.rows[row][results.index("precision")]
                and other[results.index("throughput_images_per_s")] is not None
            ]
            speeds = {it[results.index("batch_size")]: it[results.index("throughput_images_per_s")] for it in same}
            enough = [size for size, speed in sorted(speeds.items()) if speed >= 0.95 * max(speeds.values())]
            assert series.x == (enough[0],)


def test_two_batch_sizes_make_no_knee():
    assert not [it for it in figure(build(suite_run()), "throughput").series if it.role is Role.MARK]


def test_the_frontier_dominates_everything_off_it():
    accuracy = {"resnet18": 0.70, "resnet34": 0.73, "resnet50": 0.72, "resnet101": 0.77, "resnet152": 0.71}
    table = figure(build(suite_run(launches=6), accuracy=accuracy), "accuracy").table
    points = [dict(zip([it.key for it in table.columns], row, strict=True)) for row in table.rows]
    for point in points:
        better = [
            other["series"]
            for other in points
            if other["throughput_images_per_s"] > point["throughput_images_per_s"]
            and other["accuracy"] > point["accuracy"]
        ]
        assert (point["dominated_by"] in better) if better else point["dominated_by"] is None
    assert [it["series"] for it in points if it["dominated_by"]] == ["resnet50", "resnet152"]


def test_findings_are_computed_from_the_numbers():
    plain = figure(build(suite_run(launches=6)), "throughput").finding
    assert plain.startswith("resnet18 is the fastest with ")
    only = figure(build(suite_run(launches=6, models=("resnet152",))), "throughput").finding
    assert only.startswith("resnet152 is the fastest with ")
    beaten = figure(build(suite_run(launches=6), accuracy={"resnet18": 0.9, "resnet34": 0.7}), "accuracy").finding
    assert "1 of 2 on the frontier: resnet18. 1 is dominated: resnet34 by resnet18." in beaten


def test_findings_count_in_grammar():
    both = figure(build(suite_run(launches=6), accuracy={"resnet18": 0.7, "resnet34": 0.8}), "accuracy").finding
    assert both.startswith("Both are on the frontier: each one that is more accurate is slower, from resnet18 ")
    one = gpu_run(models=("resnet18",), modes=(Mode.INFERENCE,), precisions=(Precision.FP32,))
    assert " 1 series of 1 saturates at batch size " in figure(build(one), "throughput").finding


def test_two_launches_prove_no_superlative_and_the_sentences_say_so():
    document = build(suite_run(launches=2), accuracy={"resnet18": 0.9, "resnet34": 0.7})
    few = "2 launches give no interval"
    fastest = figure(document, "throughput").finding
    assert re.match(
        rf"resnet18 measured [\d.]+ images/s at batch size 4; that it is the fastest is not proven: {few}\.", fastest
    )
    assert figure(document, "accuracy").finding == (
        f"By medians alone, 1 of 2 are on the frontier: resnet18. Nothing is proven: {few}."
    )
    assert figure(document, "latency").finding.endswith(f"(resnet152); {few}.")
    assert not any(it.role is Role.DOMINATED for it in figure(document, "accuracy").series)
    (best,) = [section for section in document.sections if section.id == "best"]
    assert f"That it is the fastest is not proven for 5 of 5 models: {few}." in best.paragraphs[0]


def test_what_cannot_be_told_apart_is_not_ranked():
    cases = {name: 0.01 * (1 + 0.001 * number) for number, name in enumerate(("resnet18", "resnet34"))}
    measured = [
        make.measurement(
            make.noisy_launches(number + size, center=center * size, noise=0.02, samples=5),
            of=make.case(name, image_size=224, batch_size=size),
        )
        for number, (name, center) in enumerate(cases.items())
        for size in (1, 4)
    ]
    document = build(make.run_of(measured), accuracy={"resnet18": 0.70, "resnet34": 0.72})
    said = figure(document, "throughput").finding
    assert re.match(r"resnet\d\d measured [\d.]+ images/s at batch size \d; whether it is the fastest is open: ", said)
    assert re.search(r"open: these launches cannot tell it from resnet\d\d\.", said)
    assert (
        "1 is not separable from a more accurate one, such as resnet18 from resnet34."
        in figure(document, "accuracy").finding
    )
    dot = next(it for it in figure(document, "accuracy").series if it.name == "resnet18")
    assert (dot.role, "not separable from resnet34" in dot.hover[0]) == (Role.MEASURED, True)
    assert figure(document, "latency").finding.endswith("; these launches cannot tell the two apart.")


@pytest.mark.parametrize(("gain", "said"), [(1.5, "resnet18 still gains at the largest batch measured."), (1.06, "")])
def test_a_series_still_gains_at_the_largest_batch_where_that_is_proven(gain, said):
    times = {1: 0.01, 2: 0.02, 4: 0.04 / gain}
    measured = [
        make.measurement([[seconds * it] * 5 for it in (1.0, 1.04, 0.96)], of=make.case(batch_size=size))
        for size, seconds in times.items()
    ]
    finding = figure(build(make.run_of(measured)), "throughput").finding
    said = said or "These launches cannot tell whether resnet18 still gains at the largest batch."
    assert finding.endswith(f" {said}")


def test_accuracy_is_a_question_of_inference_where_both_modes_were_measured():
    run = suite_run(modes=(Mode.TRAINING, Mode.INFERENCE))
    table = figure(build(run), "accuracy").table
    assert len(table.rows) == 5


def test_the_cliff_is_the_first_batch_that_ran_out_of_memory():
    document = build(gpu_run())
    memory = figure(document, "memory")
    cliffs = [it for it in memory.series if it.role is Role.CLIFF]
    assert len(cliffs) == 5
    assert all("largest that fits: 256" in it.hover[0] for it in cliffs)
    assert [it.name for it in memory.series if it.role is Role.LIMIT] == ["device memory 24.00 GiB"]
    assert "5 series run out of memory" in memory.finding


def test_the_limit_is_that_of_the_cases_own_device():
    cpu, gpu = suite_run(), gpu_run()
    environments = (
        *gpu.header.environments,
        *(msgspec.structs.replace(it, id="e2") for it in cpu.header.environments),
    )
    header = msgspec.structs.replace(
        gpu.header, environments=environments, cases=(*gpu.header.cases, *cpu.header.cases)
    )
    joined = msgspec.structs.replace(gpu, header=header, measurements=(*gpu.measurements, *cpu.measurements))
    memory = figure(build(joined), "memory")
    assert [it.name for it in memory.series if it.role is Role.LIMIT] == ["device memory 24.00 GiB"]


def test_the_peak_of_a_process_is_not_held_against_the_prediction_of_its_tensors():
    memory = figure(build(gpu_run(), suite_run()), "memory")
    assert memory.y.title == "peak allocated or RSS (MiB)"
    assert "The prediction is of allocated bytes, no RSS; where an allocator counted them it is" in memory.finding
    assert "it is off by 2.9 % in the median and 2.9 % at most." in memory.finding
    assert figure(build(gpu_run()), "memory").y.title == "peak allocated (MiB)"
    assert figure(build(suite_run()), "memory").y.title == "peak RSS (MiB)"


def test_the_column_of_peaks_is_named_by_what_they_are():
    def titles(*runs):
        document = build(*runs)
        columns = {it.key: it.title for it in document.summary.columns}
        return [columns[key] for key in document.summary.shown if key.startswith("peak_bytes")]

    one_size = dict(models=("resnet18",), batch_sizes=(1,))
    on_gpu = gpu_run(models=("resnet18",), batch_sizes=(1,))
    assert titles(suite_run(**one_size)) == ["peak RSS"]
    assert titles(on_gpu) == ["peak allocated"]
    assert titles(suite_run(**one_size), on_gpu) == ["peak RSS", "peak allocated"]


def test_what_could_not_run_is_not_said_to_fit():
    assert figure(build(troubled_run()), "memory").finding.startswith("Everything measured fits: ")


def test_a_far_limit_is_not_drawn():
    document = build(suite_run())
    assert not [it for it in figure(document, "memory").series if it.role is Role.LIMIT]


def test_distributions_show_a_dot_for_each_launch_noisiest_first():
    document = build(troubled_run())
    distribution = figure(document, "distribution")
    dots = [it for it in distribution.series if it.role is Role.LAUNCHES]
    assert all(len(it.x) == 3 for it in dots)
    spreads = [document.results.rows[it.rows[0]][document.results.index("spread")] for it in dots]
    assert spreads == sorted(spreads, reverse=True)


def test_warnings_become_numbered_notes_counted_by_case():
    document = build(troubled_run())
    assert [note.number for note in document.notes] == [1, 2]
    marked = [value for value in column(document.results, "notes") if value]
    assert marked == ["1 2"] * document.notes[0].cases


def test_runs_that_differ_by_device_stand_side_by_side():
    document = build(suite_run(), gpu_run(batch_sizes=(1, 4), modes=(Mode.INFERENCE,), precisions=(Precision.FP32,)))
    assert [run.label for run in document.runs] == ["Intel Xeon Platinum 8481C", "NVIDIA RTX 4090"]
    assert len(document.summary.rows) == 10
    assert {"latency_s.0", "latency_s.1", "throughput_ratio.1"} <= set(document.summary.shown)
    assert len(document.results.rows) == 20


def test_runs_that_differ_by_precision_stand_side_by_side():
    document = build(suite_run(), suite_run(precisions=(Precision.BF16,)))
    assert [run.label for run in document.runs] == ["fp32", "bf16"]
    assert len(document.summary.rows) == 10


def test_runs_that_nothing_tells_apart_are_numbered():
    labels = [run.label for run in build(suite_run(), suite_run(seed=8)).runs]
    assert labels == ["1: 20261101-120000-cpu", "2: 20261101-120000-cpu"]


def test_the_first_of_several_runs_is_the_baseline():
    slow = suite_run(launches=8, noise=0.003)
    quick = suite_run(launches=8, noise=0.003, speed=1.06, seed=3, revision="abcdef0")
    document = build(slow, quick)
    assert set(column(document.summary, "verdict.1")) == {"improved"}
    assert texts(document)[:2] == ["20 of 70 comparisons improved", "50 unchanged"]
    differences = next(section for section in document.sections if section.id == "differences")
    assert len(differences.tables[0].rows) == 20
    assert differences.folded[0].caption == "50 rows unchanged"


def test_a_baseline_gives_a_single_run_its_verdicts():
    quick = suite_run(launches=8, noise=0.003, speed=1.06, seed=3)
    baseline = digest(quick, "main")
    document = build(suite_run(launches=8, noise=0.003), baseline=baseline)
    assert set(column(document.summary, "verdict")) == {"regressed"}
    assert document.health[0].severity is Severity.BAD


def test_runs_of_different_machines_are_not_judged():
    document = build(suite_run(), gpu_run(batch_sizes=(1, 4), modes=(Mode.INFERENCE,), precisions=(Precision.FP32,)))
    differences = next(section for section in document.sections if section.id == "differences")
    assert any("device" in str(row[0]) for table in differences.tables for row in table.rows)
    assert set(column(document.results, "verdict")) == {None}
    assert not [text for text in texts(document) if "not comparable" in text]


def test_launches_come_with_samples_while_they_are_few():
    assert build(suite_run()).launches.columns[-1].key == "latency_samples_s"
    assert "latency_samples_s" not in [column.key for column in build(big_run(200)).launches.columns]


def test_accuracy_stands_only_beside_the_image_size_that_it_was_published_for():
    document = build(suite_run(image_size=64))
    assert set(column(document.results, "accuracy")) == {None}
    assert "accuracy" not in [section.id for section in document.sections]


def test_the_method_says_why_sampling_ended():
    run = suite_run()
    launches = [
        msgspec.structs.replace(launch, isolated=msgspec.structs.replace(launch.isolated, stopped_by=StopReason.BUDGET))
        for launch in run.measurements[0].launches
    ]
    first = msgspec.structs.replace(run.measurements[0], launches=tuple(launches))
    document = build(msgspec.structs.replace(run, measurements=(first, *run.measurements[1:])))
    timing = document.sections[-1].blocks[0].paragraphs
    assert timing[-1] == (
        "Latency sampling ended because the median was known well enough in 18 and because its time was spent in 2 "
        "of 20 launches."
    )
    assert column(document.launches, "latency_stopped_by").count("budget") == 2


def test_how_near_a_case_is_to_eager_float32_stands_in_the_table_and_in_the_method():
    near = Agreement(images=64, max_error=0.12, sqnr_db=31.4, top1_agreement=0.75, classes=9, max_relative_error=0.02)
    of = make.case(precision=Precision.BF16)
    measured = make.measurement([[0.01] * 5] * 3, of=of, agreement=near)
    document = build(make.run_of([measured]))
    (row,) = objects(document.results)
    told = {
        key: row[key] for key in ("sqnr_db", "max_error", "top1_agreement", "agreement_classes", "agreement_images")
    }
    assert told == dict(sqnr_db=31.4, max_error=0.12, top1_agreement=0.75, agreement_classes=9, agreement_images=64)
    assert "SQNR" in text.render(document, 200)
    assert "31.4" in text.render(document, 200)
    (method,) = (section for section in document.sections if section.id == "method")
    assert row["agreement"] == "75.0 % of 64, 9 classes, untrained"
    assert row["max_relative_error"] == 0.02
    assert any("64 seeded images" in it.paragraphs[0] for it in method.blocks if it.title == "Agreement")
    few = make.change(near, classes=7)
    (row,) = objects(build(make.run_of([make.measurement([[0.01] * 5] * 3, of=of, agreement=few)])).results)
    assert row["agreement"] == "void: 7 classes, untrained"
    assert row["top1_agreement"] is None
    without = build(make.run_of([make.measurement([[0.01] * 5] * 3)]))
    assert "SQNR" not in text.render(without, 200)


def test_where_more_is_known_of_a_devices_memory_the_method_says_what_is_predicted_and_what_is_not():
    def said(beside_bytes):
        measured = make.measurement([[0.01] * 5] * 3)
        memory = make.change(measured.launches[0].memory, beside_bytes=beside_bytes)
        launches = [make.change(it, memory=memory) for it in measured.launches]
        document = build(make.run_of([make.change(measured, launches=tuple(launches))]))
        (method,) = (section for section in document.sections if section.id == "method")
        (told,) = (it.paragraphs for it in method.blocks if it.title == "Memory")
        return told

    assert len(said(None)) == 1
    assert "cuDNN chooses its workspace" in said(2**25)[1]


def test_how_near_a_training_step_is_has_its_loss_and_gradients_and_no_classes():
    near = Agreement(images=8, max_error=0.02, sqnr_db=22.5, loss_error=0.001)
    of = make.case(precision=Precision.BF16, mode=Mode.TRAINING)
    document = build(make.run_of([make.measurement([[0.01] * 5] * 3, of=of, agreement=near)]))
    (row,) = objects(document.results)
    told = {key: row[key] for key in ("sqnr_db", "loss_error", "top1_agreement", "agreement_classes")}
    assert told == dict(sqnr_db=22.5, loss_error=0.001, top1_agreement=None, agreement_classes=None)
    (method,) = (section for section in document.sections if section.id == "method")
    (said,) = (it.paragraphs for it in method.blocks if it.title == "Agreement")
    assert len(said) == 1
    assert "by all gradients together" in said[0]


def test_memory_of_cases_side_by_side_is_of_one_kind():
    """A runtime does not tell what its allocator holds: beside it torch's cases are told by their process too."""
    torch = make.measurement([[0.01] * 5], memory=Memory(peak_allocated_bytes=2**20, peak_rss_bytes=300 * 2**20))
    runtime = make.measurement(
        [[0.01] * 5], of=make.case(executor=Executor.ONNXRUNTIME), memory=Memory(peak_rss_bytes=200 * 2**20)
    )
    alone, beside = (objects(build(make.run_of(of)).results) for of in ([torch], [torch, runtime]))
    assert [it["peak_bytes"] for it in alone] == [2**20]
    assert [it["peak_bytes"] for it in beside] == [300 * 2**20, 200 * 2**20]


@pytest.mark.parametrize(
    ("weights", "sqnr_db", "classes", "mark"),
    [
        ("best.pth", 26.04, 9, " (26.0 dB, 96.9 %)"),
        ("best.pth", 26.04, 3, " (26.0 dB)"),
        ("", 26.04, 9, " (26.0 dB)"),
        ("best.pth", None, 9, " (exact, 96.9 %)"),
    ],
)
def test_a_page_over_executors_begins_with_dots_and_agreement_beside_them(weights, sqnr_db, classes, mark):
    near = Agreement(images=64, max_error=0.1, sqnr_db=sqnr_db, top1_agreement=62 / 64, classes=classes)
    eager = make.measurement([[0.02] * 5] * 3, of=make.case(weights=weights))
    deployed = make.case(executor=Executor.ONNXRUNTIME, precision=Precision.INT8, weights=weights)
    document = build(make.run_of([eager, make.measurement([[0.01] * 5] * 3, of=deployed, agreement=near)]))
    figure = next(figure for section in document.sections for figure in section.figures)
    assert (figure.id, document.lead) == ("configurations", "configurations")
    assert figure.order[0].endswith(f"onnxruntime{mark}")
    assert "(" not in figure.order[1]
    assert mark.strip(" ()").split(", ")[0] in next(it.hover[0] for it in figure.series if it.y[0] == figure.order[0])
    assert {"sqnr_db", "agreement"} <= set(figure.table.shown)
    assert "In brackets" in figure.how_to_read


def test_the_method_says_which_runtimes_ran_what_was_made_how_and_what_int8_was_calibrated_with():
    of = make.case(executor=Executor.ONNXRUNTIME, precision=Precision.INT8)
    of_type = dict(operator="Conv", provider="CPUExecutionProvider")
    operators = [RanOperators(**of_type, dtype=dtype, count=count) for dtype, count in (("uint8", 20), ("float32", 3))]
    ran = RuntimeRan(
        name="onnxruntime", version="1.32.0", providers=("CPUExecutionProvider",), operators=tuple(operators)
    )
    first = Conversion(convert_s=12.0, artifact_bytes=10, sha256="0", load_s=0.5)
    measured = make.measurement(
        [[0.01] * 5] * 2, of=of, conversion=first, executed=make.change(make.EXECUTED, runtime=ran)
    )
    later = make.change(measured.launches[1], conversion=make.change(first, convert_s=None))
    run = make.run_of([make.change(measured, launches=(measured.launches[0], later))])
    for folder, said in (("", "from 32 seeded images;"), ("mine", "from images in 'mine';")):
        protocol = make.change(run.header.protocol, calibration=folder)
        document = build(make.change(run, header=make.change(run.header, protocol=protocol)))
        (row,) = objects(document.results)
        assert (row["int8_operators"], row["float_operators"]) == (20, 3)
        blocks = document.sections[-1].blocks
        (made, int8) = next(it.paragraphs for it in blocks if it.title == "Runtimes")
        assert "once for all launches of a case, and loaded in a fresh one that imports no torch" in made
        assert "onnxruntime 1.32.0 by CPUExecutionProvider" in made
        assert said in int8
    assert "Runtimes" not in [it.title for it in build(suite_run()).sections[-1].blocks]


def test_the_fastest_configuration_says_what_it_costs():
    near = Agreement(images=64, max_error=0.12, sqnr_db=31.4, top1_agreement=0.75, classes=9)
    quick = make.case(executor=Executor.ONNXRUNTIME, precision=Precision.INT8)
    conversion = Conversion(convert_s=12.0, artifact_bytes=10, sha256="0", load_s=0.5)
    eager = make.measurement([[0.02] * 5] * 3)
    for of, said in ((quick, "untrained"), (make.change(quick, weights="best.pth"), "9 classes")):
        measured = make.measurement([[0.01] * 5] * 3, of=of, agreement=near, conversion=conversion)
        beside = eager if not of.weights else make.measurement([[0.02] * 5] * 3, of=make.change(of.plain))
        run = make.run_of([beside, measured])
        protocol = make.change(run.header.protocol, calibration="my images")
        document = build(make.change(run, header=make.change(run.header, protocol=protocol)))
        (best,) = (section for section in document.sections if section.id == "best")
        (row,) = objects(best.tables[0])
        assert row["agreement"].startswith("31.4 dB, 75.0 % of 64, 9 classes")
        assert row["agreement"].endswith(said)
        assert row["build"] == "12.0 s"
        assert "--executor onnxruntime" in row["command"]
        assert "--precision int8" in row["command"]
        assert [it.partition(" again: ")[2] for it in best.lines] == [row["command"]]
        assert row["command"].endswith("--calibration 'my images'")
        assert ("is not known for" in best.paragraphs[0]) is not bool(of.weights)


def test_the_step_to_int8_is_from_fp32_in_the_same_runtime_with_its_agreement():
    near = Agreement(images=64, max_error=0.12, sqnr_db=23.0, top1_agreement=57 / 64, classes=12)
    of = make.case(executor=Executor.OPENVINO)
    eager, plain = make.measurement([[0.04] * 5] * 3), make.measurement([[0.02] * 5] * 3, of=of)
    int8 = make.measurement([[0.005] * 5] * 3, of=make.change(of, precision=Precision.INT8), agreement=near)
    document = build(make.run_of([eager, plain, int8]))
    (best,) = (section for section in document.sections if section.id == "best")
    rows = {row["change"]: row for row in objects(best.tables[1])}
    assert rows["int8 instead of fp32 in openvino"]["gain"] == pytest.approx(4.0)
    assert rows["int8 instead of fp32 in openvino"]["agreement"] == "23.0 dB, 89.1 % of 64, 12 classes, untrained"
    dots = next(it for section in document.sections for it in section.figures if it.id == "configurations")
    assert "int8 in OpenVINO helps: up to 4.00x" in dots.finding
    assert " OpenVINO helps: up to 2.00x (resnet18)." in dots.finding


@pytest.mark.parametrize(
    ("gains", "said"),
    [
        ((1.016, 1.0, 1.0, 1.0, 1.0, 1.0), "Whether channels last helps is not clear (1.02x measured)."),
        ((1.016, 1.015, 1.0, 1.0, 1.0, 1.0), "Channels last helps: up to 1.02x (m:0)."),
        ((1.2, 1.0, 1.0, 1.0, 1.0, 1.0), "Channels last helps: up to 1.20x (m:0)."),
        ((0.9, 0.85, 0.9, 0.85, 0.9, 0.85), "Channels last does not help: at best 0.90x (m:0)."),
    ],
)
def test_one_gain_of_many_is_no_help_that_a_second_does_not_bear_out(gains, said):
    launches = (1.0, 1.008, 0.992, 1.004, 0.996)
    measured = [
        make.measurement([[0.05 / gain * it] * 5 for it in launches], of=make.case(f"m:{number}", memory_format=form))
        for number, brought in enumerate(gains)
        for form, gain in ((MemoryFormat.CONTIGUOUS, 1.0), (MemoryFormat.CHANNELS_LAST, brought))
    ]
    finding = figure(build(make.run_of(measured)), "configurations").finding
    assert finding.endswith(f" {said}")


def test_all_ratios_of_a_page_are_of_the_figures_that_are_judged():
    measured = []
    for size, drifts in {1: (1.1, 1.12, 1.08, 1.11), 8: (0.9, 0.92, 0.88, 0.91)}.items():
        plain = make.measurement([[0.01 * size * it] * 8 for it in drifts], of=make.case(batch_size=size))
        beside = [make.beside_reference(it, 0.001 * drift) for it, drift in zip(plain.launches, drifts, strict=True)]
        measured.append(make.change(plain, launches=tuple(beside)))
    document = build(make.run_of(measured))
    (best,) = (section for section in document.sections if section.id == "best")
    gain = objects(best.tables[1])[0]["gain"]
    raw = column(document.results, "throughput_images_per_s")
    assert f"{raw[1] / raw[0]:.2f}" != f"{gain:.2f}"
    assert figure(document, "throughput").finding.endswith(f"by a factor of {gain:.2f}.")


@pytest.mark.parametrize(("other", "apart"), [(1.25, False), (3.0, True)])
def test_the_largest_gain_names_those_that_may_be_as_large(other, apart):
    measured = [
        make.measurement([[seconds * it] * 5 for it in (1.0, 1.05, 0.95)], of=make.case(model, batch_size=size))
        for model, gain in (("resnet18", 4.0), ("resnet50", 4.0 / other))
        for size, seconds in ((1, 0.01), (8, 0.08 / gain))
    ]
    (best,) = (section for section in build(make.run_of(measured)).sections if section.id == "best")
    assert best.paragraphs[0].startswith("The largest gain measured is that of resnet18: 4.0x with batch 8")
    assert ("cannot tell it from that of resnet50 (3.2x)" in best.paragraphs[0]) is not apart


def test_trust_says_plainly_how_well_the_half_is_known_and_which_case_least():
    cases = [("resnet18", 0.001), ("resnet34", 0.002), ("resnet50", 0.03)]
    measured = [
        make.measurement([[0.01 * it] * 5 for it in (1, 1 + spread, 1 - spread)], of=make.case(model))
        for model, spread in cases
    ]
    document = build(make.run_of(measured))
    found = re.fullmatch(
        r"(\w+): the throughput of half of the cases is known within ±[\d.]+ %, that of the least sure one, "
        r"resnet50 at batch size \d, within ±[\d.]+ % \(.*\)\.",
        document.trust.text,
    )
    assert found[1].lower() in next(term for term, _ in document.glossary if "rough" in term)
