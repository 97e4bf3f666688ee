// CSV and JSON from the data that the page carries.

function save(name, type, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
// Spreadsheets read it too: a name is on one line and no formula (words.py has the same rules for the command line).
const visible = (char) => `\\u${char.codePointAt(0).toString(16).padStart(4, "0")}`;
const celled = (text) => text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, visible).replace(/^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]/, (start) => `'${start}`);
function field(value) {
  const text = typeof value === "string" ? celled(value) : value === null ? "" : String(value);
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

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
