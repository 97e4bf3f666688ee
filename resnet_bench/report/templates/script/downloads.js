// CSV and JSON from the data that the page carries.

function save(name, type, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
const field = (value) => (value === null ? "" : /[",\n\r]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : String(value));

// A figure's own columns and the rows that the filter leaves in it, or everything.
function csv(id, ofFigure) {
  const own = data.tables[id], source = own.of ? data.tables[own.of] : own;
  const kept = source.columns.map((_, at) => at).filter((at) => !ofFigure || own.shown.includes(source.columns[at].key) || !own.of);
  const lines = [kept.map((at) => source.columns[at].key).join(",")];
  const match = ofFigure ? matcher() : null;
  const position = (row) => (own.of === "results" ? row : source.positions?.[row]);
  for (let row = 0; row < source.values[0].length; row++) {
    const of = position(row);
    if (!match || of === undefined || match(tables.results, of)) lines.push(kept.map((at) => field(source.values[at][row])).join(","));
  }
  save(`${id}.csv`, "text/csv", lines.join("\n") + "\n");
}
function json(id) {
  const { columns, values } = data.tables[id];
  const rows = values[0].map((_, row) => Object.fromEntries(columns.map((column, at) => [column.key, values[at][row]])));
  save(`${id}.json`, "application/json", JSON.stringify(rows, null, 1) + "\n");
}
