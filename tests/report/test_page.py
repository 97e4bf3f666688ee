"""The page in a real browser, from disk: what a reader sees, clicks, types, prints and hears."""

import contextlib
import itertools
import json
from pathlib import Path

import pytest

from resnet_bench import cli
from resnet_bench.report.documents import run as view
from resnet_bench.report.renderers import html
from resnet_bench.report.renderers.paper_columns import PAPER_PX
from tests.make import (
    HOSTILE,
    asv_folder,
    big_run,
    dissected,
    gpu_run,
    make_repository,
    noisy,
    save_run,
    suite_run,
    troubled_run,
)
from tests.report import hostile
from tests.report.settling import settle

pytestmark = pytest.mark.browser

# Older processors fill their names up with spaces, and HTML makes one of them.
ODD = ("=1+1", "Intel(R) Xeon(R) CPU           E5-2630 v3", "  CPU\t\r\n\x00\u202e", HOSTILE)
AXE = Path(__file__).parents[1] / "data" / "axe-core" / "axe.min.js"


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Write a page of each kind once, and say where."""
    folder = tmp_path_factory.mktemp("pages")
    kinds = {
        "quick": [suite_run()],
        "gpu": [gpu_run()],
        "troubled": [troubled_run()],
        "two": [
            suite_run(launches=8, noise=0.003),
            suite_run(launches=8, noise=0.003, seed=9, speed=1.05, revision="abcdef0123456"),
        ],
        "big": [big_run(500)],
        "layers": [dissected()],
        "many": [suite_run(launches=4, run_id=f"run {at} of {'long ' * 6}") for at in range(4)],
        "odd": [suite_run(models=("resnet18",), machines=ODD)],
    }
    for name, runs in kinds.items():
        (folder / f"{name}.html").write_text(html.render(view.build(runs)), encoding="utf-8")
    for name, forms in {"hostile": hostile.NAMES, "long": hostile.NAMES * 3}.items():
        texts = [text.encode(errors="replace").decode() for text in forms]
        (folder / f"{name}.html").write_text(html.render(hostile.document(*texts)), encoding="utf-8")
    _write_history(tmp_path_factory.mktemp("repository"), folder / "history.html")
    return folder


def _write_history(repository, page):
    """A report with 24 commits of history, the last 8 of them 10 % slower."""
    asv_folder(repository / ".asv" / "results", make_repository(repository, 24), noisy(1, (16, 1.0), (8, 1.1)))
    run = save_run(repository / "run", suite_run())
    with contextlib.chdir(repository):
        assert cli.run(["report", str(run), "--asv-results", ".asv/results", "-o", str(page)]) == 0


@pytest.fixture(scope="module")
def loaded(browser, pages):
    """Load each page once for each width, and keep what it logged, threw, or asked for beside itself."""
    kept = {}

    def get(name, width):
        if (name, width) not in kept:
            page = browser.new_context(viewport={"width": width, "height": 900}).new_page()
            troubles = []
            url = (pages / f"{name}.html").as_uri()
            page.on("console", lambda message: troubles.append(f"console: {message.text}"))
            page.on("pageerror", lambda error: troubles.append(f"error: {error}"))
            page.on("dialog", lambda dialog: troubles.append(f"dialog: {dialog.message}"))
            page.on(
                "request",
                lambda request: request.url == url or troubles.append(f"request: {request.url[:100]}"),
            )
            page.goto(url)
            page.wait_for_selector("html[data-library]", timeout=120_000)
            kept[name, width] = page, troubles
        return kept[name, width]

    yield get
    for page, _ in kept.values():
        page.context.close()


@pytest.fixture
def open_page(loaded):
    """Give a page in its first state; afterwards nothing may have been logged, thrown or asked for."""
    used = []

    def opened(name, *, scheme="light", width=1300):
        page, troubles = loaded(name, width)
        used.append(troubles)
        page.emulate_media(color_scheme=scheme, media="screen", reduced_motion="no-preference")
        page.evaluate("document.querySelectorAll('details').forEach((it) => { it.open = false; }); scrollTo(0, 0)")
        page.evaluate("document.documentElement.removeAttribute('data-theme')")
        page.click("button[type=reset]")
        settle(page)
        return page

    yield opened
    # A download is a request for the page's own memory.
    assert [it for troubles in used for it in troubles if not it.startswith("request: blob:")] == []


def rows(page, table="summary"):
    return page.eval_on_selector_all(
        f'table[data-table="{table}"] tbody tr',
        "rows => rows.map(row => [...row.cells].map(cell => cell.innerText.trim()))",
    )


def draw_all(page):
    for plot in page.query_selector_all(".plot"):
        plot.scroll_into_view_if_needed()
        page.wait_for_function("plot => plot.dataset.drawn", arg=plot, timeout=120_000)


def test_figures_are_drawn_when_they_come_into_view(open_page):
    page = open_page("big")
    drawn = page.locator(".plot[data-drawn]").count()
    assert drawn < page.locator(".plot").count()
    draw_all(page)
    assert page.locator(".plot[data-drawn]").count() == page.locator(".plot").count() > 5
    assert page.locator(".plot .scatterlayer .trace").count() > 20


def test_sorts_by_any_column_and_says_so(open_page):
    page = open_page("quick")
    head = page.locator('table[data-table="summary"] th[data-key="throughput_images_per_s"]')
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    column = page.eval_on_selector_all(
        'table[data-table="summary"] tbody tr td:nth-child(8) span',
        "cells => cells.map(cell => Number(cell.textContent))",
    )
    assert column == sorted(column)
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    assert rows(page)[0][0] == "resnet18"


def test_unavailable_values_sort_last_both_ways(open_page):
    page = open_page("troubled")
    button = page.locator('table[data-table="summary"] th[data-key="latency_s"] button')
    for _ in range(2):
        button.click()
        assert [row[2] for row in rows(page)][-4:] == ["-"] * 4


def test_filters_by_text_and_facets_and_tells_how_many(open_page):
    page = open_page("gpu")
    page.fill("#filter-text", "resnet50")
    page.select_option('[data-facet="mode"]', "training")
    page.select_option('[data-facet="precision"]', "fp32")
    assert page.inner_text("#count") == "6 of 120 rows"
    assert {row[0] for row in rows(page)} == {"resnet50"}
    page.click("button[type=reset]")
    settle(page)
    assert page.inner_text("#count") == "120 rows"


def test_figures_follow_the_filter(open_page):
    page = open_page("gpu")
    page.select_option('[data-facet="mode"]', "training")
    page.fill("#filter-text", "resnet18")
    settle(page)
    draw_all(page)
    names = page.evaluate('document.querySelector("[data-figure=throughput]").data.map(trace => trace.name)')
    assert {name for name in names if "knee" not in name} == {
        "resnet18 · training · fp32",
        "resnet18 · training · amp_fp16",
    }


def test_figures_follow_the_filter_within_one_tick_of_the_clock(open_page):
    page = open_page("quick")
    draw_all(page)
    page.evaluate("window.tick = Date.now; const at = Date.now(); Date.now = () => at")
    page.fill("#filter-text", "resnet50")
    settle(page)
    page.evaluate("Date.now = window.tick")


def test_rows_come_in_pieces(open_page):
    page = open_page("big")
    assert len(rows(page)) == 40
    page.get_by_role("button", name="Show 200 more").first.click()
    assert len(rows(page)) == 240
    page.get_by_role("button", name="Show all").first.click()
    assert len(rows(page)) == 500


def test_rows_drawn_by_script_are_the_rows_of_the_file(open_page):
    page = open_page("troubled")
    before = page.inner_html('table[data-table="summary"] tbody')
    page.fill("#filter-text", "resnet")
    page.fill("#filter-text", "")
    after = page.inner_html('table[data-table="summary"] tbody')
    assert "".join(after.split()) == "".join(before.split())


def test_details_open_a_figures_data_as_a_table(open_page):
    page = open_page("quick")
    details = page.locator("#figure-latency details.data")
    details.locator("summary").click()
    assert len(rows(page, "latency-data")) == 10
    assert "p95" in details.inner_text()


def test_csv_of_a_figure_and_of_the_results(open_page):
    page = open_page("quick")
    with page.expect_download() as figure:
        page.click("#figure-throughput [data-csv]")
    heading, *lines = Path(figure.value.path()).read_text().splitlines()
    assert heading.startswith("model,batch_size,throughput_images_per_s")
    assert len(lines) == 10
    page.fill("#filter-text", "resnet152")
    with page.expect_download() as filtered:
        page.click("#figure-throughput [data-csv]")
    assert [line.split(",")[0] for line in Path(filtered.value.path()).read_text().splitlines()[1:]] == [
        "resnet152"
    ] * 2
    with page.expect_download() as every:
        page.click('[data-csv="results"]')
    assert len(Path(every.value.path()).read_text().splitlines()) == 11
    with page.expect_download() as launches:
        page.click('[data-json="launches"]')
    content = json.loads(Path(launches.value.path()).read_text())
    assert len(content) == 20
    assert len(content[0]["latency_samples_s"].split()) == 24


def test_dark_and_light_follow_the_reader_live(open_page):
    page = open_page("quick", scheme="light")
    draw_all(page)
    seen = {}
    for scheme in ("light", "dark", "light"):
        page.emulate_media(color_scheme=scheme)
        settle(page)
        seen[scheme] = (
            page.evaluate("getComputedStyle(document.body).backgroundColor"),
            page.evaluate('document.querySelector("[data-figure=latency]").data[0].line.color'),
        )
    assert seen["light"] == ("rgb(255, 255, 255)", "#0072B2")
    assert seen["dark"] == ("rgb(18, 21, 25)", "#4EA3E0")


@pytest.mark.parametrize(
    ("name", "scheme"),
    [
        ("quick", "dark"),
        ("troubled", "light"),
        ("troubled", "dark"),
        ("two", "light"),
        ("layers", "dark"),
        ("history", "light"),
    ],
)
def test_axe_finds_no_violation(open_page, name, scheme):
    page = open_page(name, scheme=scheme)
    draw_all(page)
    for summary in page.query_selector_all("details > summary"):
        summary.click()
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
    assert [
        (it["id"], it["impact"], it["nodes"][0]["html"][:200])
        for it in found
        if it["impact"] in {"serious", "critical"}
    ] == []


def tab_to(page, selector):
    """Press Tab, and nothing else, until the element has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement === document.querySelector(selector)", selector):
            return
    raise AssertionError(f"60 presses of Tab do not reach {selector}")


def test_keyboard_alone_reaches_filter_sorting_and_data(open_page):
    page = open_page("quick")
    page.reload()  # Tab starts where the last click was, and other tests have clicked this page
    page.wait_for_selector("html[data-library]", timeout=120_000)
    tab_to(page, ".skip")
    assert page.locator(".skip").bounding_box()["x"] >= 0
    tab_to(page, "#filter-text")
    page.keyboard.type("152")
    assert page.inner_text("#count") == "2 of 10 rows"
    head = 'table[data-table="summary"] th[data-key="batch_size"]'
    tab_to(page, f"{head} button")
    page.keyboard.press("Enter")
    assert [row[1] for row in rows(page)] == ["1", "4"]
    page.keyboard.press("Space")
    assert [row[1] for row in rows(page)] == ["4", "1"]
    assert page.locator(head).get_attribute("aria-sort") == "descending"
    tab_to(page, "#figure-accuracy details.data summary")
    page.keyboard.press("Enter")
    assert page.locator("#figure-accuracy details.data table").is_visible()


def test_the_keyboard_reaches_legends_and_the_buttons_of_a_figure(open_page):
    page = open_page("layers")
    draw_all(page)
    entries = page.locator("#figure-throughput .legend .traces[role=button]")
    entries.first.focus()
    assert [entries.nth(at).get_attribute("tabindex") for at in range(2)] == ["0", "-1"]  # a legend is one stop
    page.keyboard.press("ArrowDown")
    assert entries.nth(1).evaluate("it => it === document.activeElement")
    page.keyboard.press("ArrowUp")
    assert entries.first.get_attribute("aria-pressed") == "true"
    page.keyboard.press("Enter")
    page.wait_for_selector("#figure-throughput .legend .traces[aria-pressed=false]")
    shown = "document.querySelector('[data-figure=throughput]').data.map((it) => it.visible ?? true)"
    assert "legendonly" in page.evaluate(shown)
    page.wait_for_timeout(400)  # two presses at once are plotly's double click
    page.keyboard.press(" ")
    page.wait_for_selector("#figure-throughput .legend .traces[aria-pressed=false]", state="detached")
    assert "legendonly" not in page.evaluate(shown)
    page.wait_for_timeout(400)
    page.keyboard.down("Enter")
    page.keyboard.down("Enter")  # held: the key repeats itself
    page.keyboard.up("Enter")
    page.wait_for_selector("#figure-throughput .legend .traces[aria-pressed=false]")
    assert entries.first.get_attribute("aria-pressed") == "false"
    treemap = "document.querySelector('.plot:has(.updatemenu-button)').data[0].values"
    button = page.locator(".plot .updatemenu-button[role=button]").nth(1)
    before = page.evaluate(treemap)
    button.focus()
    page.keyboard.press("Enter")
    page.wait_for_function(f"before => JSON.stringify({treemap}) !== JSON.stringify(before)", arg=before)


def test_a_filtered_figure_says_what_its_sentence_is_of(open_page):
    page = open_page("quick")
    draw_all(page)
    note = page.locator("[data-limits=accuracy]")
    assert not note.is_visible()
    page.fill("#filter-text", "resnet152")
    note.wait_for(state="visible")
    assert "The sentence and the frontier are of all cases, not of the filtered ones" in note.inner_text()


def test_a_filter_that_leaves_nothing_says_so_and_is_taken_back(open_page):
    page = open_page("quick")
    draw_all(page)
    data = "document.querySelector('[data-figure=accuracy]').data"
    lines = f"{data}.filter((it) => it.line?.shape === 'vh').map((it) => it.name)"
    whole = page.evaluate(lines)
    assert len(whole) == 1
    page.fill("#filter-text", "zzz")
    settle(page)
    assert page.locator("#none span").inner_text() == "No case has 'zzz'."
    assert page.evaluate(lines) == []
    page.fill("#filter-text", "resnet18")
    settle(page)
    assert page.evaluate(lines) == [f"{whole[0]} of all cases"]
    page.fill("#filter-text", "zzz")
    page.click("#none button")
    settle(page)
    assert page.locator("#none").is_visible() is False
    assert page.evaluate(lines) == whole


@pytest.mark.parametrize("width", [1300, 400])
def test_nothing_moves_when_figures_are_drawn(browser, pages, width):
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto((pages / "gpu.html").as_uri())
    page.wait_for_selector("html[data-ready]")
    heights = "document.querySelector('main').getBoundingClientRect().height"
    before = page.evaluate(heights)
    assert page.locator("main .plot:not([data-drawn])").count() > 2
    draw_all(page)
    assert page.evaluate(heights) == pytest.approx(before, abs=2)
    page.context.close()


def test_the_filter_leaves_the_layers_of_its_cases(open_page):
    page = open_page("layers")
    draw_all(page)
    drawn = "document.querySelector('[data-figure=depth]').data.map((it) => it.name)"
    dots = "document.querySelector('[data-figure=layer-roofline]').data.flatMap((it) => it.hovertext ?? [])"
    assert len(page.evaluate(drawn)) == 2
    assert len({"resnet18" in it for it in page.evaluate(dots)}) == 2
    page.fill("#filter-text", "resnet50")
    page.wait_for_function(f"() => {drawn}.length === 1")
    assert "resnet50" in page.evaluate(drawn)[0]
    assert not any("resnet18" in it for it in page.evaluate(dots))
    subjects = {row[0] for row in rows(page, "layers")}
    assert len(subjects) == 1
    assert "resnet50" in subjects.pop()


def test_screen_reader_names(open_page):
    page = open_page("quick")
    draw_all(page)
    figure = page.locator("#figure-throughput")
    assert page.inner_text("#" + figure.get_attribute("aria-labelledby")) == "Throughput against batch size"
    image = figure.locator(".main-svg").first
    assert image.get_attribute("role") == "img"
    assert "fastest" in image.get_attribute("aria-label")
    assert page.locator("thead th:not([scope])").count() == 0
    assert page.locator("tbody th:not([scope=row])").count() == 0


def test_paper_has_every_figure_as_a_drawing_in_light_colours(open_page, tmp_path):
    page = open_page("gpu", scheme="dark")
    draw_all(page)
    pdf = page.pdf(path=tmp_path / "page.pdf", prefer_css_page_size=True)
    assert pdf.startswith(b"%PDF")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    seen = page.eval_on_selector_all(".static svg", "all => all.map((it) => it.getBoundingClientRect().height)")
    assert len(seen) == page.locator(".plot").count()
    assert min(seen) > 100
    assert page.locator(".js-plotly-plot").first.is_visible() is False
    assert page.evaluate("getComputedStyle(document.querySelector('.static .t')).fill") == "rgb(22, 25, 29)"
    assert len(rows(page)) == 120
    # The first screen is the first page, and a figure moves to the next one before it is torn.
    assert page.evaluate("getComputedStyle(document.querySelector('main')).breakBefore") == "page"
    torn = "all => all.filter((it) => getComputedStyle(it).breakInside !== 'avoid').length"
    assert page.eval_on_selector_all("figure", torn) == 0
    small = "all => Math.min(...all.map((it) => parseFloat(getComputedStyle(it).fontSize)))"
    page.set_viewport_size({"width": int(PAPER_PX), "height": 900})  # nothing is cut at the right
    wide = "all => all.map((it) => it.getBoundingClientRect().right).filter((it) => it > innerWidth + 1)"
    assert page.eval_on_selector_all("table, td, th", wide) == []
    missing = page.locator("#summary .not-shown").inner_text().removeprefix("not shown for want of width: ").split(", ")
    heads = page.eval_on_selector_all(
        "#summary thead tr:last-child th", "all => all.filter((it) => it.offsetWidth).map((it) => it.innerText)"
    )
    assert missing
    assert [it for it in heads if it.split("\n")[0] in missing] == []
    page.set_viewport_size({"width": 1300, "height": 900})
    assert page.eval_on_selector_all("td small, thead .unit, .finding", small) * 0.75 >= 7  # pt
    page.evaluate("dispatchEvent(new Event('afterprint'))")


def test_a_dark_page_is_itself_again_after_printing(open_page):
    page = open_page("layers", scheme="dark")
    draw_all(page)
    ink = "[...new Set([...document.querySelectorAll('.plot .xtick text')].map((it) => it.style.fill))]"
    ground = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(ink), page.evaluate(ground)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(ground) == "rgb(255, 255, 255)"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert (page.evaluate(ink), page.evaluate(ground)) == before
    assert before[0] == ["rgb(231, 234, 238)"]


def test_a_figure_with_fewer_rows_is_drawn_less_high(open_page):
    page = open_page("gpu")
    draw_all(page)
    height = "document.querySelector('[data-figure=distribution]')._fullLayout.height"
    before = page.evaluate(height)
    page.fill("#filter-text", "resnet18 b16")
    page.wait_for_function(f"before => {height} < before", arg=before)
    heights = page.evaluate(
        "[...document.querySelectorAll('.plot')].map((it) => [it._fullLayout.height, it.clientHeight])"
    )
    assert all(drawn == room for drawn, room in heights)


def test_the_filter_leaves_the_measure_that_the_reader_chose(open_page):
    page = open_page("layers", scheme="dark")
    draw_all(page)
    page.locator(".updatemenu-button").nth(1).click()
    hover = "document.querySelector('[data-figure=treemap]').data[0].hovertemplate"
    page.wait_for_function(f"{hover}.includes('MACs')")
    page.fill("#filter-text", "resnet50")
    settle(page)
    assert "MACs" in page.evaluate(hover)


def test_names_that_html_would_change_are_filtered_by(open_page):
    page = open_page("odd")
    for index in range(len(ODD)):
        page.select_option("[data-facet=machine]", index=index + 1)
        assert page.inner_text("#count") == f"2 of {2 * len(ODD)} rows"


def test_long_tables_but_the_summary_print_as_they_stand(open_page):
    page = open_page("layers")
    table = page.locator("table[data-table=layers] tbody tr")
    assert table.count() == 40
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert table.count() == 40
    assert page.locator("[data-more=layers]").inner_text().endswith("more rows")


@pytest.mark.parametrize("name", ["gpu", "layers"])
def test_narrow_pages_draw_all_and_do_not_scroll_sideways(open_page, name):
    page = open_page(name, width=400)
    draw_all(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    rows = """all => all.filter((it) => it.layout.yaxis?.type === 'category').map((it) => ({
      frame: it.getBoundingClientRect().width, plot: it._fullLayout._size.w,
      names: [...it.querySelectorAll('.annotation-text')].map((one) => one.getBoundingClientRect())
        .map((one) => [one.left, one.right]) }))"""
    found = page.eval_on_selector_all(".plot", rows)
    assert found
    for it in found:  # a name stands above its row, whole, and leaves the width to the values
        assert it["plot"] > 0.8 * it["frame"]
        assert it["names"]
        assert all(left >= 0 and right <= 400 for left, right in it["names"])
    ticks = page.eval_on_selector_all(
        ".plot .xaxislayer-above",
        "all => all.map((axis) => [...axis.querySelectorAll('text')].map((it) => it.getBoundingClientRect())"
        ".map((it) => [it.left, it.right]))",
    )
    assert any(len(it) > 1 for it in ticks)
    for axis in ticks:
        assert all(before[1] <= after[0] for before, after in itertools.pairwise(sorted(axis)))
    page.emulate_media(media="screen", reduced_motion="reduce")
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"


def test_words_in_tables_are_not_broken_for_want_of_width(open_page):
    page = open_page("troubled", width=400)
    heights = "cells => cells.filter(it => it.innerText.trim()).map(it => it.getBoundingClientRect().height)"
    assert max(page.eval_on_selector_all("table[data-table=skips] td.name", heights)) < 80
    page = open_page("two", width=400)
    assert max(page.eval_on_selector_all("table[data-table=best] td.name", heights)) < 50


def test_hostile_names_are_only_text(open_page):
    page = open_page("troubled")
    draw_all(page)
    assert page.locator("img").count() == 0
    assert HOSTILE in {row[0] for row in rows(page)}
    ticks = page.eval_on_selector_all(".ytick text", "texts => texts.map(text => text.textContent)")
    assert f"{HOSTILE} · b4" in ticks
    legend = page.eval_on_selector_all(".legendtext", "texts => texts.map(text => text.textContent)")
    assert HOSTILE in legend


@pytest.mark.parametrize("name", ["hostile", "long"])
def test_hostile_text_everywhere_is_only_text(open_page, name):
    """Nothing runs, is asked for, or stands in the page that its template does not have."""
    page = open_page(name)
    ours = "link:not([rel=icon]), form:not(#filters, #decision), svg:not(.main-svg, .drawn)"
    assert page.locator(f"img, iframe, object, embed, base, {ours}").count() == 0
    outside = "links => links.filter(it => !it.getAttribute('href').startsWith('#')).length"
    assert page.eval_on_selector_all("a", outside) == 0
    handlers = "all => all.flatMap(it => [...it.attributes]).filter(it => it.name.startsWith('on')).length"
    assert page.eval_on_selector_all("*", handlers) == 0
    assert page.evaluate("document.scripts.length - document.querySelectorAll('body > script').length") == 0
    for cell in page.locator("table[data-table=summary] tbody th").all()[:50]:
        cell.hover()
    shown = {row[0] for row in rows(page)}
    assert "::error title=x::pwned" in shown
    assert r"\x1b[2J\x1b[31mred" in shown


def test_csv_of_the_page_is_as_harmless_as_the_command_lines(open_page):
    page = open_page("odd")
    with page.expect_download() as every:
        page.click('[data-csv="results"]')
    content = Path(every.value.path()).read_text()
    assert len(content.splitlines()) == 1 + 2 * len(ODD)
    assert not [line for line in content.splitlines() if not line.isprintable()]


def test_no_button_sends_a_chart_anywhere(open_page):
    page = open_page("quick")
    draw_all(page)
    titles = page.eval_on_selector_all(".modebar-btn", "buttons => buttons.map(it => it.dataset.title || it.ariaLabel)")
    assert titles
    assert not [title for title in titles if title and ("cloud" in title.lower() or "share" in title.lower())]
    assert page.locator(".plotlyjsicon, .modebar a[href*=plot]").count() == 0


def test_verdicts_are_words_signs_and_colours(open_page):
    page = open_page("two")
    cell = page.locator("#summary td.verdict").first
    assert cell.inner_text() == "▲ improved"
    assert cell.evaluate("cell => getComputedStyle(cell).color") == "rgb(0, 104, 74)"
    folded = page.locator("#differences details")
    assert folded.locator("summary").inner_text() == "50 rows unchanged"


def test_layers_are_drawn_without_trouble_and_tiles_change_their_measure(loaded):
    page, troubles = loaded("layers", 1280)
    for name in ("roofline", "stages", "treemap", "depth", "layer-roofline"):
        plot = page.locator(f'.plot[data-figure="{name}"]')
        plot.scroll_into_view_if_needed()
        page.wait_for_selector(f'.plot[data-figure="{name}"][data-drawn]', timeout=120_000)
    assert page.locator('.plot[data-figure="stages"] .bars .point').count() == 14
    tiles = page.locator('.plot[data-figure="treemap"] .slice')
    assert tiles.count() > 20
    sizes = "() => document.querySelector('.plot[data-figure=treemap]').data[0].values"
    before = page.evaluate(sizes)
    page.locator('.plot[data-figure="treemap"] .updatemenu-button', has_text="MACs").click()
    page.wait_for_function(f"before => JSON.stringify(({sizes})()) !== JSON.stringify(before)", arg=before)
    assert troubles == []


def test_the_table_of_layers_sorts(loaded):
    page, _ = loaded("layers", 1280)
    head = page.locator('table[data-table="layers"] th[data-key="time_s"] button')
    head.click()
    head.click()
    first = page.locator('table[data-table="layers"] tbody tr').first.inner_text()
    assert "conv1\tConv2d" in first
