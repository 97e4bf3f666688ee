"""The first screen in a real browser: its question box against the Python answer, the address, no scripts, a phone."""

import random

import pytest

from resnet_bench.analysis.choice import ask, choose
from resnet_bench.analysis.digest import digest
from resnet_bench.analysis.published import published
from resnet_bench.analysis.results import of_runs
from resnet_bench.machine.names import named_alike
from resnet_bench.records import Agreement, Precision, Price
from resnet_bench.report.choice_words import answer
from resnet_bench.report.documents import run as view
from resnet_bench.report.labels import label
from resnet_bench.report.renderers import html
from resnet_bench.report.sections.decision import decision
from tests import make
from tests.make import gpu_run, suite_run, troubled_run
from tests.report.settling import settle

pytestmark = pytest.mark.browser

PRICES = (Price(per_hour=2.49, currency="USD", where="*"),)
RUNS = {
    "steady": lambda: [suite_run(launches=6)],
    "noisy": lambda: [suite_run(launches=4, noise=0.2)],
    "few": lambda: [suite_run(launches=2)],
    "gpu": lambda: [gpu_run()],
    "troubled": lambda: [troubled_run()],
    "two": lambda: [
        suite_run(launches=5, noise=0.05),
        suite_run(launches=5, noise=0.05, seed=9, revision="abcdef01234"),
    ],
    "drifting": lambda: [drifting()],
    "borrowed": lambda: [borrowing()],
    "priced": lambda: [make.change(run := drifting(), header=make.change(run.header, prices=PRICES))],
}


def drifting():
    """A run with a reference beside its samples: ratios are of corrected figures; one model's accuracy is of fp32."""
    rng = random.Random(3)
    near = Agreement(images=64, max_error=0.1, sqnr_db=23.0, top1_agreement=1.0, classes=12)
    measured = []
    for number, model in enumerate(("resnet18", "resnet34", "resnet50", "resnet101")):
        drifts = [rng.uniform(0.9, 1.1) for _ in range(6)]
        times = [[0.05 * (1 + 0.04 * number) * it * rng.uniform(0.995, 1.005) for _ in range(8)] for it in drifts]
        precision = Precision.INT8 if model == "resnet101" else Precision.FP32
        plain = make.measurement(times, of=make.case(model, image_size=224, precision=precision), agreement=near)
        beside = [make.beside_reference(it, 0.001 * drift) for it, drift in zip(plain.launches, drifts, strict=True)]
        measured.append(make.change(plain, launches=tuple(beside)))
    return make.run_of(measured)


def borrowing():
    """Accuracies of fp32 beside those that other precisions borrow, whatever their agreement says."""
    measured = []
    for number, (model, precision, same) in enumerate(
        (
            ("resnet18", Precision.FP32, None),
            ("resnet34", Precision.FP32, None),
            ("resnet34", Precision.INT8, 57),
            ("resnet50", Precision.FP32, None),
            ("resnet50", Precision.INT8, 57),
            ("resnet101", Precision.BF16, 64),
            ("resnet152", Precision.INT8, 63),
        )
    ):
        trained = "IMAGENET1K_V1" if model == "resnet152" else ""
        of = make.case(model, batch_size=1, image_size=224, precision=precision, weights=trained)
        times = [[0.02 * (1 + number) * (1 + 0.004 * launch)] * 5 for launch in range(5)]
        share = None if same is None else same / 64
        near = Agreement(images=64, max_error=0.1, sqnr_db=23.0, top1_agreement=share, classes=12)
        measured.append(make.measurement(times, of=of, **({} if same is None else {"agreement": near})))
    return make.run_of(measured)


@pytest.fixture(scope="module")
def opened(browser, tmp_path_factory):
    """Open a page of each kind once, and keep it."""
    folder, kept = tmp_path_factory.mktemp("pages"), {}

    def get(name, **context):
        key = f"{name} {context}"
        if key not in kept:
            path = folder / f"{name}.html"
            if not path.exists():
                path.write_text(html.render(view.build(RUNS[name]())), encoding="utf-8")
            page = browser.new_context(**{"viewport": {"width": 1280, "height": 800}} | context).new_page()
            page.goto(path.as_uri())
            if context.get("java_script_enabled", True):
                page.wait_for_selector("html[data-library]", timeout=120_000)
            kept[key] = page
        return kept[key]

    yield get
    for page in kept.values():
        page.context.close()


def said(page):
    return page.eval_on_selector_all("#answer p", "all => all.map((it) => it.textContent)")


def put(page, *, of, under, at, best_for):
    page.select_option("#of", label=of)
    page.fill("#under", under)
    page.select_option("#at", at)
    page.select_option("#for", label=best_for)


@pytest.mark.parametrize("name", RUNS)
def test_the_box_answers_as_python_does(opened, name):
    page, runs = opened(name), named_alike(RUNS[name]())
    results, labels, rng = of_runs(runs, published), label(runs), random.Random(name)
    asked = page.eval_on_selector_all("#of option", "all => all.map((it) => it.textContent)")
    batches = page.eval_on_selector_all("#at option", "all => all.map((it) => it.value)")
    objectives = page.eval_on_selector_all("#for option", "all => all.map((it) => it.textContent)")
    figures = [[it / one.scale for it in one.values if it] for one in decision(results, labels).asked]
    for _ in range(20):
        of, at, best_for = rng.choice(asked), rng.choice(batches), rng.choice(objectives)
        known = figures[asked.index(of)]
        under = f"{rng.choice(known) * rng.uniform(0.9, 1.2):.4g}"
        put(page, of=of, under=under, at=at, best_for=best_for)
        unit = page.inner_text("#unit")
        where = f" at batch {at}" if at else ""
        query = ask([f"{of} {under} {unit}{where}"], best_for)
        expected = list(answer(choose(results, query, runs=labels.runs), labels))
        assert said(page) == expected, (of, under, at, best_for)


@pytest.mark.parametrize("under", ["", "0", "-5"])
def test_a_budget_that_is_none_is_asked_for_instead_of_answered(opened, under):
    page = opened("steady")
    put(page, of="latency p95", under=under, at="1", best_for="accuracy")
    assert said(page) == ["Give a budget above 0."]
    assert page.locator("#command").text_content() == ""
    assert page.get_attribute("#under", "aria-invalid") == "true"
    page.fill("#under", "200")
    assert "--under" in page.locator("#command").text_content()
    assert page.get_attribute("#under", "aria-invalid") == "false"


def test_the_first_question_is_answered_in_the_file_as_the_script_answers_it(opened):
    scripted, plain = opened("steady"), opened("steady", java_script_enabled=False)
    put(scripted, of="latency p95", under=plain.input_value("#under"), at="1", best_for="accuracy")
    assert said(plain) == said(scripted)
    assert plain.locator("#command").inner_text() == scripted.locator("#command").inner_text()
    assert not plain.locator("#under").is_visible()  # nothing would hear it
    assert "latency p95 at most" in plain.inner_text(".box")
    assert "misses latency p95 by" in " ".join(said(plain))


def test_the_address_holds_what_the_reader_chose(opened, browser):
    page = opened("gpu")
    put(page, of="peak memory", under="900", at="4", best_for="throughput")
    page.fill("#filter-text", "resnet50")
    page.select_option('[data-facet="precision"]', label="fp32")
    page.click('table[data-table="summary"] th[data-key="latency_s"] button')
    page.select_option("#reference", index=3)
    page.click("#theme")
    page.click("#facts > summary")
    settle(page)
    again = browser.new_page(viewport={"width": 1280, "height": 800})
    again.goto(page.evaluate("location.href"))
    again.wait_for_selector("html[data-library]", timeout=120_000)
    settle(again)
    assert -60 < again.locator("#summary").bounding_box()["y"] < 200  # where what the link holds is seen
    seen = """() => [
      ...['of', 'under', 'at', 'for', 'filter-text', 'reference'].map((id) => document.getElementById(id).value),
      document.querySelector('[data-facet=precision]').value,
      document.querySelector('th[data-key=latency_s]').getAttribute('aria-sort'),
      document.documentElement.dataset.theme, document.getElementById('facts').open,
      document.getElementById('answer').innerText, document.getElementById('count').innerText,
      document.querySelector('table[data-table=summary] tbody').innerText,
    ]"""
    assert again.evaluate(seen) == page.evaluate(seen)
    assert again.evaluate("document.documentElement.dataset.theme") == "dark"
    again.context.close()


def test_a_reference_gives_each_row_its_ratio(opened):
    page = opened("steady")
    page.select_option("#reference", index=1)
    last = page.eval_on_selector_all(
        'table[data-table="summary"] tbody [data-reference]', "all => all.map((it) => it.innerText)"
    )
    assert last[0].startswith("1.00x")
    assert all("x" in it for it in last)
    assert "±" in last[1]
    heads = page.eval_on_selector_all("#summary thead tr:last-child th", "all => all.map((it) => it.innerText)")
    at = next(number for number, head in enumerate(heads) if head.startswith("throughput"))
    assert heads[at + 1].startswith("ratio\nto ")
    page.select_option("#reference", "")
    assert page.locator("[data-reference]").count() == 0
    page.locator('table[data-table="summary"] tbody th').nth(2).click()
    assert page.input_value("#reference") == "case:2"
    page.locator('table[data-table="summary"] tbody th').nth(2).click()


def test_a_ratio_is_of_the_figures_that_are_judged(opened):
    """Launches drift by a fifth, and each model is slower by 4 % of the first."""
    page = opened("drifting")
    page.select_option("#reference", index=1)
    cells = page.eval_on_selector_all(
        'table[data-table="summary"] tbody [data-reference]', "all => all.map((it) => it.innerText)"
    )
    assert [float(it.split("x")[0]) for it in cells] == pytest.approx([1, 1 / 1.04, 1 / 1.08, 1 / 1.12], abs=0.015)
    page.select_option("#reference", "")


def test_a_run_is_a_reference_where_runs_stand_side_by_side(opened):
    page = opened("two")
    labels = page.eval_on_selector_all("#reference option", "all => all.map((it) => it.textContent)")
    page.select_option("#reference", label=labels[1])
    (head,) = page.eval_on_selector_all("thead tr:last-child [data-reference]", "all => all.map((it) => it.innerText)")
    assert head.split("\n")[-1] == f"{labels[2]} to {labels[1]}"
    cells = page.eval_on_selector_all(
        'table[data-table="summary"] tbody [data-reference]', "all => all.map((it) => it.innerText)"
    )
    assert all("x" in it and "±" in it for it in cells)
    page.select_option("#reference", label=labels[2])
    page.select_option("#reference", "")
    assert page.locator("[data-reference]").count() == 0


def test_a_baseline_is_a_reference_with_the_ratios_that_were_judged(browser, tmp_path):
    base, run = suite_run(launches=6), suite_run(launches=6, seed=4, speed=1.05)
    path = tmp_path / "against.html"
    path.write_text(html.render(view.build([run], baseline=digest(base, "main"))), encoding="utf-8")
    page = browser.new_page()
    page.goto(f"{path.as_uri()}#?ref=baseline%3A0")
    page.wait_for_selector("html[data-library]", timeout=120_000)
    assert page.inner_text("#reference option:checked") == "main"
    cells = page.eval_on_selector_all(
        'table[data-table="summary"] tbody [data-reference]', "all => all.map((it) => it.innerText)"
    )
    ratios = [float(it.split("x")[0]) for it in cells]
    assert len(ratios) == len(run.measurements)
    assert ratios == pytest.approx([1.05] * len(ratios), abs=0.04)
    page.context.close()


def test_tables_are_copied_as_markdown_and_latex(opened):
    page = opened("steady")
    page.select_option("#reference", index=1)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    for words, start, row in (
        ("Copy as Markdown", "| model |", "| resnet18 | 1 |"),
        ("Copy as LaTeX", "\\begin{tabular}", "resnet18 & 1 &"),
    ):
        page.locator("[data-tools=summary] button", has_text=words).click()
        copied = "async (start) => (await navigator.clipboard.readText()).startsWith(start)"
        page.wait_for_function(copied, arg=start)
        text = page.evaluate("navigator.clipboard.readText()")
        assert row in text
        assert len(text.splitlines()) >= 12
        if row.startswith("|"):
            heads, first = ([it.strip() for it in text.splitlines()[at].split("|")] for at in (0, 2))
            assert heads.index("ratio to resnet18, batch 1") == heads.index("throughput (images/s)") + 1
            assert first[heads.index("ratio to resnet18, batch 1")] == "1.00x"
    page.select_option("#reference", "")


def test_without_scripts_there_are_figures_the_answer_and_no_empty_box(opened):
    page = opened("steady", java_script_enabled=False)
    heights = page.eval_on_selector_all(".static svg", "all => all.map((it) => it.getBoundingClientRect().height)")
    assert len(heights) >= 4
    assert min(heights) > 100
    phone = opened("steady", java_script_enabled=False, viewport={"width": 400, "height": 800})
    assert phone.evaluate("document.documentElement.scrollWidth") <= 400
    sizes = "all => all.map((it) => 12 * it.getScreenCTM().a)"
    assert min(phone.eval_on_selector_all(".static svg", sizes)) > 9  # px that can be read
    assert page.locator("#answer .first").inner_text()
    assert "JavaScript" not in page.inner_text("main")


def test_the_first_screen_has_question_answer_figure_and_trust(opened):
    page = opened("steady")
    page.evaluate("scrollTo(0, 0)")
    for selector in ("h1", ".trust", "#decision", "#answer", ".hero figure"):
        box = page.locator(selector).first.bounding_box()
        assert box["y"] + min(box["height"], 300) <= 800, selector


@pytest.mark.parametrize("scripts", [True, False])
def test_what_the_verdict_means_opens_in_its_place(opened, scripts):
    page = opened("steady", java_script_enabled=scripts)
    page.focus("#means summary")
    page.keyboard.press("Enter")
    words = page.locator("#means dl")
    assert words.is_visible()
    assert abs(words.bounding_box()["y"] - page.locator(".trust").bounding_box()["y"]) < 100
    assert words.inner_text().lower().count("usable") == 1
    assert "±" in words.inner_text()
    page.click("#means summary")
    assert not words.is_visible()


@pytest.mark.parametrize("name", ["steady", "gpu", "two"])
def test_a_phone_sees_the_measured_columns_and_nothing_is_lost_sideways(opened, name):
    page = opened(name, viewport={"width": 400, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    for table in page.query_selector_all(".scroll"):
        if table.is_visible() and table.evaluate("it => it.scrollWidth > it.clientWidth + 1"):
            assert table.evaluate("it => getComputedStyle(it).overflowX") == "auto"
            assert table.evaluate("it => getComputedStyle(it.parentElement.querySelector('.hint')).display") != "none"
    if name == "steady":
        latency = page.locator('table[data-table="summary"] tbody tr').first.locator("td.n").nth(1)
        box = latency.bounding_box()
        assert box["x"] + box["width"] <= 400
        page.wait_for_selector(".hero .plot[data-drawn]")
        ends = "((at) => [at.left, at.right])(it.getBoundingClientRect())"
        names = page.eval_on_selector_all(".hero .textpoint text", f"all => all.map((it) => {ends})")
        frame = page.locator(".hero .plot .main-svg").first.bounding_box()
        assert len(names) == 5
        assert [it for it in names if it[0] < frame["x"] or it[1] > frame["x"] + frame["width"]] == []


def test_the_budget_is_a_line_in_the_figure_of_latency(opened):
    page = opened("steady")
    put(page, of="latency p95", under="200", at="1", best_for="accuracy")
    page.locator('.plot[data-figure="accuracy-latency"]').scroll_into_view_if_needed()
    page.wait_for_selector('.plot[data-figure="accuracy-latency"][data-drawn]')
    shapes = "document.querySelector('[data-figure=accuracy-latency]').layout.shapes"
    assert page.evaluate(f"{shapes}[0].x0") == 200
    words, ends = '.plot[data-figure="accuracy-latency"] .shape-label text', "it => [it.left, it.right]"
    edges = page.evaluate("document.querySelector('[data-figure=accuracy-latency]')._fullLayout.xaxis.range")
    for under in (10 ** (edges[0] + 0.01), 200, 10 ** (edges[1] - 0.01)):
        page.fill("#under", f"{under:.4g}")
        left, right = page.locator(words).evaluate(f"it => ({ends})(it.getBoundingClientRect())")
        frame = page.locator('.plot[data-figure="accuracy-latency"]').bounding_box()
        assert frame["x"] <= left < right <= frame["x"] + frame["width"], under
    page.fill("#under", "200")
    page.select_option("#at", "4")  # of another batch than the figure's
    assert page.evaluate(f"{shapes}.length") == 0
    page.select_option("#at", "1")
    assert page.evaluate(f"{shapes}[0].x0") == 200
    page.fill("#under", "")
    assert page.evaluate(f"{shapes}.length") == 0


def test_the_budget_is_a_line_on_paper_too_and_moves_with_the_question(opened):
    line = ".static .limit"
    plain, page = opened("steady", java_script_enabled=False), opened("steady")
    first = plain.locator(line)
    assert first.locator("text").text_content() == f"p95 {plain.input_value('#under')} ms (dots: p50)"
    at = "it => Number(/translate\\(([^)]*)/.exec(it.getAttribute('transform'))[1])"
    put(page, of="latency p95", under=plain.input_value("#under"), at="1", best_for="accuracy")
    assert page.locator(line).evaluate(at) == pytest.approx(first.evaluate(at), abs=0.5)
    page.fill("#under", str(float(plain.input_value("#under")) * 0.8))
    assert page.locator(line).evaluate(at) < first.evaluate(at)
    assert (
        page.locator(line).locator("text").text_content().endswith(" ms (dots: p50)")
    )  # the limit is of another figure
    page.select_option("#of", label="latency")
    assert "dots" not in page.locator(line).locator("text").text_content()
    page.fill("#under", "")
    assert page.locator(line).get_attribute("display") == "none"


def test_the_box_is_reached_and_changed_by_keyboard_alone(opened):
    page = opened("steady")
    page.focus("#of")
    page.keyboard.press("Tab")
    page.keyboard.press("Control+A")
    page.keyboard.type("400")
    assert "400" in page.evaluate("location.href")
    assert said(page)[0].startswith("resnet101")
