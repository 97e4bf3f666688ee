// Unpack, wire up, watch.

async function start() {
  performance.mark("script");
  const packed = unpack("data");
  if ($("#plotly")) source = unpack("plotly"); // while the data are inflated and the tables drawn
  data = JSON.parse(await packed);
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
  form?.addEventListener("input", filter);
  form?.addEventListener("submit", (event) => event.preventDefault());
  form?.addEventListener("reset", () => setTimeout(filter));
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
  // The medium is still the screen when this is said, and its colours may be the dark ones.
  const onPaper = (now) => { printing = now; document.documentElement.toggleAttribute("data-printing", now); };
  addEventListener("beforeprint", () => {
    onPaper(true);
    tables.summary?.draw(Math.max(tables.summary.drawn, Math.min(PRINTED, tables.summary.rows.length)));
    for (const plot of plots) {
      try { plot.draw(); } catch (error) { reportError(error); } // the others are printed all the same
    }
  });
  addEventListener("afterprint", () => { onPaper(false); redraw(); });
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
