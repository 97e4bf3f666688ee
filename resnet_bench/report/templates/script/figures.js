// Figures: drawn when they come into view, in turn, in the colours of the reader's setting.

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

function firstRows(traces, rows) {
  const found = [...new Set(rows)], chosen = new Set(found.slice(0, MAX_BOXES));
  return [traces.map((trace) => narrowed(trace, (row) => chosen.has(row))).filter(Boolean), chosen.size, found.length, "cases"];
}
function limited(traces, { yaxis, meta: foremost }) {
  const order = yaxis?.categoryarray, series = traces.filter((trace) => trace.meta.rows.length && trace.legendgroup);
  const there = new Set(series.map((trace) => trace.legendgroup)), groups = foremost?.filter((it) => there.has(it)) ?? [...there];
  const kept = new Set(groups.slice(0, series.every((trace) => trace.x?.length === 1) ? MAX_POINTS : MAX_SERIES));
  const boxes = traces.find((trace) => trace.type === "box");
  if (boxes) return firstRows(traces, boxes.meta.rows);
  const dots = order && traces.length && traces.every((trace) => trace.meta.rows.length);
  if (dots) {
    const pairs = traces.flatMap((trace) => trace.y.map((name, at) => [order.indexOf(name), trace.meta.rows[at]]));
    return firstRows(traces, pairs.sort((a, b) => a[0] - b[0]).map(([, row]) => row));
  }
  return [traces.filter((trace) => !trace.meta.rows.length || !trace.legendgroup || kept.has(trace.legendgroup)), kept.size, groups.length, "series"];
}

// A property that holds two colours is resolved where it is used: here on an element of its own.
const probe = document.createElement("span");
const css = (name) => {
  if (!probe.isConnected) { probe.hidden = true; document.body.append(probe); }
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
};
const recoloured = (value) => {
  if (typeof value === "string") return data.swap[value] ?? value;
  if (Array.isArray(value)) return value;
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, it]) => [key, key === "meta" ? it : recoloured(it)]));
  return value;
};

const NARROW_PX = 600;
const decades = (traces) => {
  const values = traces.flatMap((trace) => trace.x).filter((value) => value > 0);
  return Math.log10(values.reduce((a, b) => Math.max(a, b), 1e-9) / values.reduce((a, b) => Math.min(a, b), 1e99));
};

// The ticks of an axis whose labels have room on a narrow screen.
function roomy(axis, traces, px) {
  if (axis?.type === "linear") return { ...axis, nticks: 5 };
  if (!axis?.dtick) return axis;
  const span = decades(traces), decade = px / (1.12 * span), high = Math.max(1, ...traces.flatMap((trace) => trace.x).slice(0, 9999));
  const label = 6.5 * grouped(Math.round(high)).length + 6;
  if (0.3 * decade >= label) return axis; // 1, 2, 5
  if (0.47 * decade < label) return { ...axis, dtick: 1 };
  return { ...axis, tickmode: "array", tickvals: Array.from({ length: 30 }, (_, at) => (at % 2 ? 3 : 1) * 10 ** (Math.floor(at / 2) - 6)) };
}
// A name above its row, both of its ends kept where it is too long.
function named(name, px, shift) {
  const text = name.replaceAll("<br>", " · "), most = Math.floor(px / 5.4);
  const short = text.length <= most || text.includes("&") ? text : `${text.slice(0, Math.ceil(0.6 * most) - 1)}…${text.slice(-Math.floor(0.4 * most))}`;
  return { text: short, x: 0, xref: "paper", xanchor: "left", y: name, yref: "y", yshift: shift, showarrow: false, font: { size: 10.5 } };
}
// How far to the right a value lies among those of the traces, from 0 to 1.
function share(traces, x, log) {
  const place = (it) => (log ? Math.log10(it) : it), placed = [...traces.flatMap((trace) => trace.x), x].map(place).filter(Number.isFinite);
  const low = placed.reduce((a, b) => Math.min(a, b), Infinity), high = placed.reduce((a, b) => Math.max(a, b), -Infinity);
  return low < high ? (place(x) - low) / (high - low) : 0.5;
}
// On a narrow screen a name beside a point at an edge would be cut: it goes to the inner side.
function inward(traces, log) {
  return traces.map((trace) => {
    if (!trace.textposition || trace.x.length !== 1) return trace;
    const at = share(traces, trace.x[0], log), side = at > 0.85 ? "left" : at < 0.15 ? "right" : "center";
    return { ...trace, textposition: trace.textposition.replace(/\w+$/, side) };
  });
}

class Plot {
  constructor(element) {
    this.element = element;
    this.id = element.dataset.figure;
    this.spec = data.figures[this.id];
    this.drawn = false;
    this.lead = Boolean(element.closest(".hero"));
    this.narrows = this.spec.data.some((trace) => trace.meta.rows.length);
    plots.push(this);
  }
  content() {
    const match = matcher(), results = tables.results;
    const keep = (row) => !match || match(results, row);
    const [traces, some, total, what] = limited(this.spec.data.map((trace) => narrowed(trace, keep)).filter(Boolean), this.spec.layout);
    const notes = [];
    if (some < total) notes.push(`${some} of ${total} ${what} drawn; filter above to see the others.`);
    if (match && this.spec.data.some((trace) => !trace.meta.rows.every(keep))) {
      notes.push(`The ${this.element.dataset.unfiltered} of all cases, not of the filtered ones.`);
    }
    this.note(notes);
    this.front(traces);
    const named = this.element.clientWidth < NARROW_PX ? inward(traces, this.spec.layout.xaxis?.type === "log") : traces;
    return isDark() ? named.map(recoloured) : named;
  }
  // A frontier of which the filter hides points is marked as that of all cases, and goes with the last of them.
  front(traces) {
    const points = new Set(traces.filter((trace) => trace.meta.rows.length && trace.x).flatMap((trace) => trace.x.map((x, at) => `${x} ${trace.y[at]}`)));
    for (let at = traces.length - 1; at >= 0; at--) {
      const trace = traces[at], own = trace.line?.shape === "vh" ? trace.x.map((x, point) => points.has(`${x} ${trace.y[point]}`)) : [];
      if (own.every(Boolean)) continue;
      if (own.some(Boolean)) traces[at] = { ...trace, name: `${trace.name} of all cases`, opacity: 0.4 };
      else traces.splice(at, 1);
    }
  }
  note(notes) {
    const note = $(`[data-limits="${this.id}"]`);
    note.hidden = !notes.length;
    note.textContent = notes.join(" ");
  }
  layout(traces) {
    const axis = (own) => ({ gridcolor: css("--grid"), linecolor: css("--strong-line"), zerolinecolor: css("--strong-line"), tickcolor: css("--strong-line"), ticks: "outside", ticklen: 4, automargin: true, ...own });
    const wide = this.element.clientWidth, below = narrow.matches || wide < 760;
    let { xaxis, yaxis, ...rest } = this.spec.layout;
    const entries = traces.filter((trace) => (trace.showlegend ?? true) && trace.type !== "treemap").length;
    const long = traces.some((trace) => (trace.name ?? "").length > 30); // a line of the legend for each
    const there = new Set(traces.flatMap((trace) => trace.y)), above = wide < NARROW_PX && yaxis?.type === "category";
    const rowPx = Math.max(Number(this.element.dataset.rowPx), above ? 36 : 0), rows = rowPx ? there.size : 0;
    if (yaxis?.categoryarray) yaxis = { ...yaxis, categoryarray: yaxis.categoryarray.filter((name) => there.has(name)) };
    if (above) { // beside its row a name would take the room of the values
      yaxis = { ...yaxis, showticklabels: false, ticks: "" };
      Object.assign(rest, { annotations: [...there].map((name) => named(name, wide - 20, rowPx / 2 - 7)), bargap: 0.7, boxgap: 0.7 });
    }
    if (wide < NARROW_PX) xaxis = roomy(xaxis, traces, wide - (above ? 30 : 70));
    const layout = {
      ...rest,
      xaxis: axis(xaxis), yaxis: axis(yaxis),
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle(document.body).fontFamily, size: narrow.matches ? 11 : 12.5, color: css("--ink") },
      hoverlabel: { align: "left", bgcolor: css("--raised"), bordercolor: css("--strong-line"), font: { color: css("--ink") } },
      margin: { l: 10, r: 10, t: 34, b: 10, pad: 2 }, // above stands plotly's mode bar
      modebar: { bgcolor: "rgba(0,0,0,0)", color: css("--soft"), activecolor: css("--ink") },
      legend: below || rows ? { orientation: "h", yref: "container", y: 0, yanchor: "bottom", x: 0, maxheight: 2000 } : { x: 1.02, y: 1, tracegroupgap: 2 },
      showlegend: entries > 0,
    };
    const height = rows
      ? Math.max(240, 120 + rows * rowPx)
      : this.lead ? 380 : below ? 390 + entries * (narrow.matches || long ? 23 : 12) : Math.max(440, 70 + entries * 19);
    const line = this.limit && { type: "line", layer: "below", x0: this.limit.at, x1: this.limit.at, yref: "paper", y0: 0, y1: 1, line: { color: css("--accent"), width: 1.5, dash: "dash" }, label: { text: this.limit.text, textposition: "end", xanchor: share(traces, this.limit.at, xaxis?.type === "log") > 0.5 ? "right" : "left", yanchor: "bottom", textangle: 0, font: { size: 11, color: css("--accent") } } };
    return { ...layout, shapes: line ? [line] : [], width: wide, height };
  }
  draw() {
    if (!window.Plotly) return;
    this.drawn = true;
    const traces = this.content(), layout = this.layout(traces);
    this.element.style.height = `${layout.height}px`;
    const config = { responsive: true, displaylogo: false, showSendToCloud: false, modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d"] };
    window.Plotly.react(this.element, traces, layout, config);
    // Without a size plotly keeps that of what it drew before, but with one it does not follow the window.
    delete layout.width;
    delete layout.height;
    const finding = $(`#finding-${this.id}`).textContent, title = $(`#title-${this.id}`).textContent;
    all(".main-svg", this.element).forEach((svg, at) => {
      if (at) svg.setAttribute("aria-hidden", "true");
      else { svg.setAttribute("role", "img"); svg.setAttribute("aria-label", `${title}. ${finding}`); }
    });
    reachable(this.element, title);
    if (!this.element.dataset.drawn) {
      this.element.on("plotly_afterplot", () => reachable(this.element, title));
      performance.mark("figure");
    }
    this.element.dataset.drawn = "yes";
  }
  // The budget of the question box as a line, in the figures of the quantity that it limits, at the batch that it is of.
  budget({ limit, batch }, { a }) {
    const { budgetBatch, statistic } = this.element.dataset, here = batch === null || batch === Number(budgetBatch);
    const known = here && this.element.dataset.budget === a.base_unit && a.words.startsWith("latency") && limit !== null;
    const percentile = a.words.replace("latency", "").trim(), dots = percentile && statistic ? ` (dots: ${statistic})` : "";
    const next = known ? { at: limit / a.scale, text: `${percentile} ${say(limit, a.base_unit).replace(/\.0+(?= |$)/, "")}${dots}`.trim() } : null;
    if (JSON.stringify(next) === JSON.stringify(this.limit ?? null)) return;
    this.limit = next;
    this.paper();
    this.refresh();
  }
  // The drawing of the file, which paper shows, has that line too.
  paper() {
    const mark = $(".limit", this.element.nextElementSibling), at = this.limit?.at;
    if (!mark) return;
    const [scale, ...ends] = mark.dataset.axis.split(" "), [low, high, start, end] = ends.map(Number);
    const share = at ? ((scale === "log" ? Math.log10(at) : at) - low) / (high - low) : -1, left = share < 0.5;
    mark.setAttribute("display", share < 0 || share > 1 ? "none" : "inline");
    mark.setAttribute("transform", `translate(${start + share * (end - start)})`);
    const label = $("text", mark);
    label.textContent = this.limit?.text ?? "";
    label.setAttribute("text-anchor", left ? "start" : "end");
    label.setAttribute("dx", left ? 5 : -5);
  }
  refresh() {
    if (this.drawn) this.draw();
    else this.reserve();
  }
  reserve() { this.element.nextElementSibling.style.height = `${this.layout(this.content()).height}px`; }
  // After the filter: drawing again what it does not narrow would undo the reader's clicks in it.
  follow() { if (this.narrows) this.refresh(); }
}

// The results without a drawn table: what figures filter by.
class Rows {
  constructor() {
    const { columns, values, numeric } = data.tables.results;
    Object.assign(this, { id: "results", columns, values, numeric });
  }
  select() {}
}
