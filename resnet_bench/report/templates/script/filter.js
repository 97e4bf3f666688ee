// The filter above the tables, for tables and figures.

const form = $("#filters");
const words = new Map();

function haystack(table, row) {
  if (!words.has(table.id)) words.set(table.id, []);
  const known = words.get(table.id);
  known[row] ??= table.columns.map((column, at) => (table.numeric[at] ? "" : table.values[at][row] ?? "")).join("\n").toLowerCase();
  return known[row];
}

function matcher() {
  if (!form || !data.tables.results) return null;
  const wanted = $("#filter-text").value.toLowerCase().split(/\s+/).filter(Boolean);
  const { columns, values } = data.tables.results;
  const facets = all("[data-facet]").filter((select) => select.value !== "").map(({ dataset: { facet }, value }) =>
    [facet, values[columns.findIndex((column) => column.key === facet)][Number(value)]]);
  if (!wanted.length && !facets.length) return null;
  return (table, row) =>
    facets.every(([key, value]) => {
      // Side by side, a facet may have a column for each run: verdict.1, verdict.2.
      const own = table.columns.flatMap((column, at) => ((column.stands_for || column.key) === key ? [at] : []));
      return !own.length || own.some((at) => table.values[at][row] === value);
    }) && (!wanted.length || wanted.every((word) => haystack(table, row).includes(word)));
}

let settling;
function filter() {
  const match = matcher();
  const summary = tables.summary;
  summary.select(match);
  const some = grouped(summary.rows.length), total = grouped(summary.total);
  $("#count").textContent = match ? `${some} of ${total} rows` : `${total} ${total === 1 ? "row" : "rows"}`;
  const none = $("#none"), wanted = $("#filter-text").value.trim();
  none.hidden = summary.rows.length > 0;
  none.firstElementChild.textContent = !wanted ? "No case is all that is chosen." : `No case has '${wanted}'${all("[data-facet]").some((it) => it.value) ? " and all that is chosen" : ""}.`;
  clearTimeout(settling);
  settling = setTimeout(() => {
    remember();
    for (const [id, table] of Object.entries(tables)) if (id !== "summary") table.select(match);
    plots.forEach((plot) => plot.follow());
  }, 150);
}
