"use strict";
// Tables are drawn in pieces, figures when they come into view. Text from files only ever becomes textContent.
(() => {
  const FIRST = 40, PIECE = 200, PRINTED = 1000, MAX_SERIES = 24, MAX_BOXES = 30;
  const $ = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const narrow = matchMedia("(max-width: 640px)");
  let printing = false;

  function decoded(text) {
    if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
    const binary = atob(text), bytes = new Uint8Array(binary.length);
    for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
    return bytes;
  }

  async function unpack(id) {
    const bytes = decoded($("#" + id).textContent);
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  }

  // --- tables -------------------------------------------------------------------------------------------

  let data, tables = {};

  class TableView {
    constructor(element) {
      this.element = element;
      this.id = element.dataset.table;
      const own = data.tables[this.id];
      const source = own.of ? data.tables[own.of] : own;
      this.columns = source.columns;
      this.values = source.values;
      this.texts = source.texts;
      this.intervals = source.intervals;
      this.numeric = source.numeric;
      this.shown = own.shown.map((key) => source.columns.findIndex((column) => column.key === key));
      this.filtered = own.of === "results" || this.id === "results" || this.id === "summary";
      this.total = this.values[0].length;
      this.order = Array.from({ length: this.total }, (_, row) => row);
      this.rows = this.order;
      this.drawn = element.tBodies[0].rows.length;
      this.points = {};
      this.more = $(`[data-more="${this.id}"]`);
      if (this.more) this.buttons();
      all("thead tr:last-child th", element).forEach((head, at) => this.sortable(head, this.shown[at]));
    }
    buttons() {
      this.more.replaceChildren();
      const add = (label, count) => {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = label;
        button.addEventListener("click", () => this.draw(this.drawn + count));
        this.more.append(button);
      };
      add(`Show ${PIECE} more`, PIECE);
      add("Show all", Infinity);
      this.left = document.createElement("span");
      this.more.append(this.left);
      this.status();
    }
    status() {
      if (!this.more) return;
      const left = this.rows.length - this.drawn;
      this.more.hidden = left <= 0;
      this.left.textContent = `${left.toLocaleString("en")} more rows`;
    }
    sortable(head, column) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      head.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => this.sort(head, column));
    }
    sort(head, column) {
      const up = head.getAttribute("aria-sort") !== "ascending";
      all("th[aria-sort]", this.element).forEach((other) => other.setAttribute("aria-sort", "none"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const values = this.values[column], numeric = this.numeric[column], way = up ? 1 : -1;
      const collator = new Intl.Collator("en", { numeric: true });
      this.order = Array.from({ length: this.total }, (_, row) => row).sort((a, b) => {
        const x = values[a], y = values[b];
        if (x === null || y === null) return (x === null) - (y === null) || a - b; // unavailable stays last
        return way * (numeric ? x - y : collator.compare(x, y)) || a - b;
      });
      this.select(this.match);
    }
    select(match) {
      this.match = match;
      this.rows = match && this.filtered ? this.order.filter((row) => match(this, row)) : this.order;
      this.element.tBodies[0].replaceChildren();
      this.drawn = 0;
      this.draw(FIRST);
    }
    draw(until) {
      const end = Math.min(until, this.rows.length);
      const piece = document.createDocumentFragment();
      for (; this.drawn < end; this.drawn++) piece.append(this.row(this.rows[this.drawn]));
      this.element.tBodies[0].append(piece);
      this.status();
    }
    row(row) {
      const line = document.createElement("tr");
      this.shown.forEach((column, at) => line.append(this.cell(row, column, at)));
      return line;
    }
    cell(row, column, at) {
      const { key, kind } = this.columns[column];
      const cell = document.createElement(at === 0 ? "th" : "td");
      const value = this.values[column][row];
      const text = this.texts[key] ? this.texts[key][row] : value === null ? "" : String(value);
      if (at === 0) {
        cell.scope = "row";
        cell.textContent = text;
      } else if (this.numeric[column]) {
        cell.className = "n";
        const number = document.createElement("span");
        number.dataset.p = this.pad(key, text);
        number.textContent = text;
        cell.append(number);
        const interval = this.intervals[key] && this.intervals[key][row];
        if (interval) {
          const small = document.createElement("small");
          small.textContent = interval;
          cell.append(small);
        }
      } else if (kind === "notes") {
        cell.className = "notes";
        for (const number of text.split(" ").filter(Boolean)) {
          const link = document.createElement("a");
          link.href = "#note-" + number;
          link.textContent = number;
          cell.append(link, " ");
        }
      } else {
        cell.className = kind;
        cell.textContent = cell.dataset.v = kind === "status" && text === "measured" ? "" : text;
      }
      return cell;
    }
    pad(key, text) {
      const after = (it) => (it.includes(" ") || !it.includes(".") ? 0 : it.length - it.indexOf("."));
      this.points[key] ??= this.texts[key].reduce((most, it) => Math.max(most, after(it)), 0);
      const missing = this.points[key] - after(text);
      if (missing <= 0 || text.includes(" ")) return "";
      return text.includes(".") ? "0".repeat(missing) : "." + "0".repeat(missing - 1);
    }
  }

  // --- filter -------------------------------------------------------------------------------------------

  const form = $("#filters");
  const words = new Map();

  function haystack(table, row) {
    if (!words.has(table.id)) words.set(table.id, []);
    const known = words.get(table.id);
    known[row] ??= table.columns.map((column, at) => (table.numeric[at] ? "" : table.values[at][row] ?? "")).join("\n").toLowerCase();
    return known[row];
  }

  function matcher() {
    const wanted = $("#filter-text").value.toLowerCase().split(/\s+/).filter(Boolean);
    const facets = all("[data-facet]").filter((select) => select.value !== "").map((select) => [select.dataset.facet, select.value]);
    if (!wanted.length && !facets.length) return null;
    return (table, row) =>
      facets.every(([key, value]) => {
        // Side by side, a facet may have a column for each run: verdict.1, verdict.2.
        const own = table.columns.flatMap((column, at) => (column.key === key || column.key.startsWith(key + ".") ? [at] : []));
        return !own.length || own.some((at) => String(table.values[at][row]) === value);
      }) && (!wanted.length || wanted.every((word) => haystack(table, row).includes(word)));
  }

  let settling;
  function filter() {
    const match = matcher();
    const summary = tables.summary;
    summary.select(match);
    const some = summary.rows.length.toLocaleString("en"), total = summary.total.toLocaleString("en");
    $("#count").textContent = match ? `${some} of ${total} rows` : `${total} ${total === 1 ? "row" : "rows"}`;
    clearTimeout(settling);
    settling = setTimeout(() => {
      for (const [id, table] of Object.entries(tables)) if (id !== "summary") table.select(match);
      plots.forEach((plot) => plot.refresh());
    }, 150);
  }

  // --- downloads ----------------------------------------------------------------------------------------

  function save(name, type, text) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }
  const field = (value) => (value === null ? "" : /[",\n\r]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : String(value));

  function csv(id, shownOnly) {
    const own = data.tables[id], source = own.of ? data.tables[own.of] : own;
    const kept = source.columns.map((_, at) => at).filter((at) => !shownOnly || own.shown.includes(source.columns[at].key) || !own.of);
    const lines = [kept.map((at) => source.columns[at].key).join(",")];
    for (let row = 0; row < source.values[0].length; row++) lines.push(kept.map((at) => field(source.values[at][row])).join(","));
    save(`${id}.csv`, "text/csv", lines.join("\n") + "\n");
  }
  function json(id) {
    const { columns, values } = data.tables[id];
    const rows = values[0].map((_, row) => Object.fromEntries(columns.map((column, at) => [column.key, values[at][row]])));
    save(`${id}.json`, "application/json", JSON.stringify(rows, null, 1) + "\n");
  }

  // --- figures ------------------------------------------------------------------------------------------

  const plots = [];
  let source, library;
  function plotly() {
    library ??= source.then((text) => {
      const script = document.createElement("script");
      script.textContent = text; // the policy knows its hash
      document.head.append(script);
      performance.mark("library");
    });
    return library;
  }

  // One figure at a time with a frame between, so that the first is seen before the second is drawn.
  let turn = Promise.resolve();
  function inTurn(plot) {
    turn = turn.then(plotly).then(() => {
      if (!plot.drawn) plot.draw();
      return new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    });
  }

  const POINTWISE = ["x", "y", "hovertext", "text", "q1", "median", "q3", "lowerfence", "upperfence"];

  function narrowed(trace, keep) {
    const rows = trace.meta.rows;
    const at = rows.map((row, index) => (keep(row) ? index : -1)).filter((index) => index >= 0);
    if (at.length === rows.length || !rows.length) return trace;
    if (!at.length) return null;
    const slim = { ...trace, meta: { ...trace.meta, rows: at.map((index) => rows[index]) } };
    const slice = (values) => (Array.isArray(values) && values.length === rows.length ? at.map((index) => values[index]) : values);
    for (const key of POINTWISE) if (trace[key]) slim[key] = slice(trace[key]);
    for (const key of ["error_x", "error_y"]) {
      if (trace[key]) slim[key] = { ...trace[key], array: slice(trace[key].array), arrayminus: slice(trace[key].arrayminus) };
    }
    return slim;
  }

  function limited(traces) {
    const groups = [...new Set(traces.filter((trace) => trace.meta.rows.length && trace.legendgroup).map((trace) => trace.legendgroup))];
    const kept = new Set(groups.slice(0, MAX_SERIES));
    const boxes = traces.find((trace) => trace.type === "box");
    if (boxes) {
      const chosen = new Set(boxes.meta.rows.slice(0, MAX_BOXES));
      return [traces.map((trace) => narrowed(trace, (row) => chosen.has(row))).filter(Boolean), chosen.size, boxes.y.length, "cases"];
    }
    return [traces.filter((trace) => !trace.meta.rows.length || !trace.legendgroup || kept.has(trace.legendgroup)), kept.size, groups.length, "series"];
  }

  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const recoloured = (value) => {
    if (typeof value === "string") return data.swap[value] ?? value;
    if (Array.isArray(value)) return value;
    if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, it]) => [key, key === "meta" ? it : recoloured(it)]));
    return value;
  };

  const decades = (traces) => {
    const values = traces.flatMap((trace) => trace.x).filter((value) => value > 0);
    return Math.log10(values.reduce((a, b) => Math.max(a, b), 1e-9) / values.reduce((a, b) => Math.min(a, b), 1e99));
  };

  class Plot {
    constructor(element) {
      this.element = element;
      this.id = element.dataset.figure;
      this.spec = data.figures[this.id];
      this.drawn = false;
      plots.push(this);
    }
    content() {
      const match = matcher(), results = tables.results ?? (tables.results = new Rows());
      const keep = (row) => !match || match(results, row);
      const [traces, some, total, what] = limited(this.spec.data.map((trace) => narrowed(trace, keep)).filter(Boolean));
      const note = $(`[data-limits="${this.id}"]`);
      note.hidden = some === total;
      note.textContent = `${some} of ${total} ${what} drawn; filter above to see the others.`;
      return dark.matches && !printing ? traces.map(recoloured) : traces;
    }
    layout(traces) {
      const axis = (own) => ({ gridcolor: css("--grid"), linecolor: css("--strong-line"), zerolinecolor: css("--strong-line"), tickcolor: css("--strong-line"), ticks: "outside", ticklen: 4, automargin: true, ...own });
      const below = narrow.matches || printing || this.element.clientWidth < 760;
      const { xaxis, yaxis, ...rest } = this.spec.layout;
      const crowded = narrow.matches && xaxis?.dtick && decades(traces) > 3; // 2 and 5 would touch each other
      const entries = traces.filter((trace) => trace.showlegend ?? trace.meta.rows.length).length;
      const rows = this.id === "distribution" ? traces[0]?.y.length ?? 0 : 0;
      const layout = {
        ...rest,
        xaxis: axis(crowded ? { ...xaxis, dtick: 1 } : xaxis), yaxis: axis(yaxis),
        paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
        font: { family: getComputedStyle(document.body).fontFamily, size: narrow.matches ? 11 : 12.5, color: css("--ink") },
        hoverlabel: { align: "left", bgcolor: css("--raised"), bordercolor: css("--strong-line"), font: { color: css("--ink") } },
        margin: { l: 10, r: 10, t: 10, b: 10, pad: 2 },
        legend: below || rows ? { orientation: "h", yref: "container", y: 0, yanchor: "bottom", x: 0, maxheight: 2000 } : { x: 1.02, y: 1, tracegroupgap: 2 },
        showlegend: entries > 0,
        transition: { duration: 0 },
      };
      const height = rows
        ? Math.max(240, 120 + rows * 18)
        : below ? 390 + entries * (narrow.matches ? 23 : 12) : Math.max(440, 70 + entries * 19);
      this.element.style.height = `${height}px`;
      if (printing) Object.assign(layout, { width: 690, height });
      return layout;
    }
    draw() {
      if (!window.Plotly) return;
      this.drawn = true;
      const traces = this.content();
      const config = { responsive: true, displaylogo: false, showSendToCloud: false, modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d"] };
      window.Plotly.react(this.element, traces, this.layout(traces), config);
      const finding = $(`#finding-${this.id}`).textContent, title = $(`#title-${this.id}`).textContent;
      all(".main-svg", this.element).forEach((svg, at) => {
        if (at) svg.setAttribute("aria-hidden", "true");
        else { svg.setAttribute("role", "img"); svg.setAttribute("aria-label", `${title}. ${finding}`); }
      });
      if (!this.element.dataset.drawn) performance.mark("figure");
      this.element.dataset.drawn = "yes";
    }
    refresh() { if (this.drawn) this.draw(); }
  }

  // The results without a drawn table: what figures filter by.
  class Rows {
    constructor() {
      const { columns, values, numeric } = data.tables.results;
      Object.assign(this, { id: "results", columns, values, numeric });
    }
    select() {}
  }

  // --- start --------------------------------------------------------------------------------------------

  async function start() {
    performance.mark("script");
    source = unpack("plotly"); // while the tables are drawn
    data = JSON.parse(await unpack("data"));
    tables.results = new Rows();
    for (const element of all("table[data-table]")) {
      if (!element.closest("details")) tables[element.dataset.table] = new TableView(element);
    }
    for (const details of all("details.data")) {
      details.addEventListener("toggle", () => {
        const element = $("table", details), id = element.dataset.table;
        if (!details.open || tables[id]) return;
        tables[id] = new TableView(element);
        tables[id].select(matcher());
      });
    }
    form.addEventListener("input", filter);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(filter));
    document.addEventListener("click", (event) => {
      const button = event.target.closest("[data-csv], [data-json]");
      if (!button) return;
      if (button.dataset.csv) csv(button.dataset.csv, Boolean(button.dataset.shown));
      else json(button.dataset.json);
    });
    const seen = new IntersectionObserver((entries) => {
      for (const entry of entries.filter((it) => it.isIntersecting)) {
        seen.unobserve(entry.target);
        inTurn(plots.find((plot) => plot.element === entry.target));
      }
    }, { rootMargin: "300px" });
    for (const element of all(".plot")) {
      new Plot(element);
      seen.observe(element);
    }
    const redraw = () => plots.forEach((plot) => plot.refresh());
    dark.addEventListener("change", redraw);
    narrow.addEventListener("change", redraw);
    addEventListener("beforeprint", () => {
      printing = true;
      tables.summary.draw(Math.max(tables.summary.drawn, Math.min(PRINTED, tables.summary.rows.length)));
      plots.forEach((plot) => plot.draw());
    });
    addEventListener("afterprint", () => { printing = false; redraw(); });
    const links = new Map(all("nav a").map((link) => [link.hash.slice(1), link]));
    const current = new IntersectionObserver((entries) => {
      for (const entry of entries.filter((it) => it.isIntersecting)) {
        links.forEach((link, id) => (id === entry.target.id ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current")));
      }
    }, { rootMargin: "-10% 0px -80% 0px" });
    all("main > section").forEach((section) => current.observe(section));
    performance.mark("tables");
    document.documentElement.dataset.ready = "yes";
    await plotly(); // also when no figure is in view: printing draws them all at once
    document.documentElement.dataset.library = "yes";
  }
  start();
})();
