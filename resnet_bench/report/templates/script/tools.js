// Under each table: the same as Markdown, LaTeX or CSV, and a link to what is seen.

async function copied(button, text) {
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch { // a page from a file may have no clipboard
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = label; }, 1500);
}
// What is seen of a table: headings with their units, and the rows that the filter leaves.
function seen(table) {
  const heads = table.shown.map((column) => table.columns[column]);
  const titles = heads.map(({ title, unit, group }) => `${group ? `${group}: ` : ""}${title}${unit ? ` (${unit})` : ""}`);
  const rows = table.rows.map((row) => table.shown.map((column) => {
    const { key } = table.columns[column], value = table.values[column][row];
    const text = table.texts[key] ? table.texts[key][row] : value === null ? "" : String(value);
    return `${text} ${table.intervals[key]?.[row] ?? ""}`.trim();
  }));
  const right = table.shown.map((column) => table.numeric[column]), { columns: ratios = [], at: place = 0 } = table.reference ?? {};
  titles.splice(place, 0, ...ratios.map(({ title }) => `ratio ${title}`));
  right.splice(place, 0, ...ratios.map(() => true));
  table.rows.forEach((row, at) => rows[at].splice(place, 0, ...ratios.map(({ words }) => words(row).join(" ").trim())));
  return { titles, rows, right };
}
function markdown(table) {
  const { titles, rows, right } = seen(table);
  const escaped = (text) => text.replace(/[\\`*_{}[\]<>|#]/g, "\\$&").replace(/[\r\n]+/g, " ");
  const line = (cells) => `| ${cells.map(escaped).join(" | ")} |`;
  return [line(titles), `| ${right.map((it) => (it ? "---:" : "---")).join(" | ")} |`, ...rows.map(line)].join("\n") + "\n";
}
function latex(table) {
  const { titles, rows, right } = seen(table);
  const special = { "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "±": "$\\pm$" };
  const escaped = (text) => text.replace(/[\\~^±&%$#_{}]/g, (it) => special[it] ?? `\\${it}`).replace(/[\r\n]+/g, " ");
  const line = (cells) => `${cells.map(escaped).join(" & ")} \\\\`;
  const columns = right.map((it) => (it ? "r" : "l")).join("");
  return `\\begin{tabular}{${columns}}\n\\toprule\n${line(titles)}\n\\midrule\n${rows.map(line).join("\n")}\n\\bottomrule\n\\end{tabular}\n`;
}
function tools(table) {
  const place = table.element.closest(".held")?.querySelector("[data-tools]");
  if (!place || place.childElementCount) return;
  const add = (label, act) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet";
    button.textContent = label;
    button.addEventListener("click", () => act(button));
    place.append(button);
  };
  add("Copy link", (button) => { remember(); copied(button, location.href); });
  add("Copy as Markdown", (button) => copied(button, markdown(table)));
  add("Copy as LaTeX", (button) => copied(button, latex(table)));
  add("Download CSV", () => csv(table.id, true));
}
// Which tables go beyond their room, and say so.
function widths() {
  for (const scroll of all(".scroll")) scroll.parentElement.classList.toggle("wide", scroll.scrollWidth > scroll.clientWidth + 1);
}
