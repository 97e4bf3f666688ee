// What the reader chose, kept in the address: filter, question, sorting, reference, theme, open parts. A link says it all.

const PARTS = {
  under: { get: () => box?.elements.under.value, set: (it) => { if (box) box.elements.under.value = it; } },
  of: { get: () => box?.elements.of.value, set: (it) => pick(box?.elements.of, it) },
  at: { get: () => box?.elements.at.value, set: (it) => pick(box?.elements.at, it) },
  for: { get: () => box?.elements.for.value, set: (it) => pick(box?.elements.for, it) },
  filter: { get: () => $("#filter-text")?.value, set: (it) => { if (form) $("#filter-text").value = it; } },
  facets: {
    get: () => all("[data-facet]").filter((it) => it.value).map((it) => `${it.dataset.facet}:${it.value}`).join(","),
    set: (it) => it.split(",").forEach((pair) => { const [key, value] = pair.split(":"); pick(all("[data-facet]").find((one) => one.dataset.facet === key), value ?? ""); }),
  },
  sort: {
    get: () => { const head = $('table[data-table="summary"] th[aria-sort$="ending"]'); return head ? `${head.dataset.key}:${head.getAttribute("aria-sort")}` : ""; },
    set: (it) => { const [key, way] = it.split(":"), head = all('table[data-table="summary"] th').find((one) => one.dataset.key === key); if (head) tables.summary.sort(head, tables.summary.columns.findIndex((column) => column.key === key), way !== "descending"); },
  },
  ref: { get: () => $("#reference")?.value, set: (it) => pick($("#reference"), it) },
  theme: { get: () => document.documentElement.dataset.theme ?? "", set: (it) => themed(["light", "dark"].includes(it) ? it : "") },
  open: {
    get: () => all("details[id][open]").map((it) => it.id).join(","),
    set: (it) => it.split(",").forEach((id) => { const found = all("details[id]").find((one) => one.id === id); if (found) found.open = true; }),
  },
};
const usual = {};

function pick(select, value) {
  if (select && [...select.options].some((it) => it.value === value)) select.value = value;
}
function restore() {
  for (const [name, part] of Object.entries(PARTS)) usual[name] = part.get() ?? "";
  const said = location.hash.startsWith("#?") ? new URLSearchParams(location.hash.slice(2)) : new URLSearchParams();
  for (const [name, part] of Object.entries(PARTS)) if (said.has(name)) part.set(said.get(name));
  return said;
}
function stated() {
  const said = new URLSearchParams();
  for (const [name, part] of Object.entries(PARTS)) {
    const value = part.get() ?? "";
    if (value !== usual[name]) said.set(name, value);
  }
  return said.toString();
}
function remember() {
  const said = stated();
  if (!said && !location.hash.startsWith("#?")) return;
  history.replaceState(null, "", `${location.href.split("#")[0]}${said ? `#?${said}` : ""}`);
}
function themed(name) {
  if (name) document.documentElement.dataset.theme = name;
  else delete document.documentElement.dataset.theme;
  const button = $("#theme");
  if (button) { button.textContent = isDark() ? "Light" : "Dark"; button.setAttribute("aria-label", `Use the ${isDark() ? "light" : "dark"} theme`); }
}
