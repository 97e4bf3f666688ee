// Unpack, wire up, watch.

const redraw = () => plots.forEach((plot) => plot.refresh());

async function start() {
  performance.mark("script");
  const packed = unpack("data");
  if ($("#plotly")) source = unpack("plotly"); // while the data are inflated and the tables drawn
  data = JSON.parse(await packed);
  unpacked();
  if (data.tables.results) tables.results = new Rows();
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
  form?.addEventListener("input", (event) => { if (event.target.id !== "reference") filter(); });
  form?.addEventListener("submit", (event) => event.preventDefault());
  form?.addEventListener("reset", () => setTimeout(() => { compared(); filter(); }));
  box?.addEventListener("input", () => { answered(); remember(); });
  box?.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-csv], [data-json]");
    if (!button) return;
    if (button.dataset.csv) csv(button.dataset.csv, Boolean(button.dataset.shown));
    else json(button.dataset.json);
  });
  const near = new IntersectionObserver((entries) => {
    for (const entry of entries.filter((it) => it.isIntersecting)) {
      near.unobserve(entry.target);
      inTurn(plots.find((plot) => plot.element.parentElement === entry.target));
    }
  }, { rootMargin: "300px" });
  for (const element of all(".plot")) {
    new Plot(element).reserve();
    near.observe(element.parentElement);
  }
  referable();
  const theme = $("#theme");
  theme.hidden = false;
  theme.addEventListener("click", () => {
    themed(isDark() ? "light" : "dark");
    redraw();
    remember();
  });
  const restored = restore();
  themed(document.documentElement.dataset.theme ?? "");
  answered();
  if (restored.size) { compared(); filter(); }
  all("details[id]").forEach((details) => details.addEventListener("toggle", () => { remember(); widths(); }));
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]'), target = link && document.getElementById(link.hash.slice(1));
    if (!target) return;
    if (target.tagName === "DETAILS") target.open = true;
    if (!stated()) return; // the address holds the reader's choices, and goes on holding them
    event.preventDefault();
    target.scrollIntoView();
  });
  widths();
  // Who follows a link to a filtered table comes to the table.
  const followed = performance.getEntriesByType("navigation")[0]?.type === "navigate";
  if (followed && ["filter", "facets", "sort", "ref"].some((name) => restored.has(name))) $("#summary")?.scrollIntoView({ behavior: "instant" });
  addEventListener("resize", widths);
  dark.addEventListener("change", () => { themed(document.documentElement.dataset.theme ?? ""); redraw(); });
  narrow.addEventListener("change", () => { widths(); redraw(); });
  // Paper has the drawings of the file, and as many rows of the summary as anybody reads there.
  addEventListener("beforeprint", () => {
    document.documentElement.toggleAttribute("data-printing", true);
    tables.summary?.draw(Math.max(tables.summary.drawn, Math.min(PRINTED, tables.summary.rows.length)));
  });
  addEventListener("afterprint", () => document.documentElement.toggleAttribute("data-printing", false));
  const links = new Map(all("nav a").map((link) => [link.hash.slice(1), link]));
  const current = new IntersectionObserver((entries) => {
    for (const entry of entries.filter((it) => it.isIntersecting)) {
      links.forEach((link, id) => (id === entry.target.id ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current")));
    }
  }, { rootMargin: "-10% 0px -80% 0px" });
  all("main > section").forEach((section) => current.observe(section));
  performance.mark("tables");
  document.documentElement.dataset.ready = "yes";
  if (source) await plotly(); // also when no figure is in view: printing draws them all at once
  document.documentElement.dataset.library = "yes";
}
start();
