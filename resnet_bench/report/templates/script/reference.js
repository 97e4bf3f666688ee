// Columns in the summary, beside the throughput: each row's throughput as a ratio to that of a case, a run or a baseline that was chosen.

const NO_RATIO = ["-", ""];
function ratioWords(ratio, bounds) {
  const said = ratio < 9.995 ? `${ratio.toFixed(2)}x` : `${significant(ratio, 3)}x`;
  return [said, bounds ? widthWords(ratio, bounds[0], bounds[1]) : ""];
}
// The ratio of one row of the results to another with its interval, which launches give.
function ratioOf(row, other) {
  const d = data.decision, place = (d.places ??= new Map(d.rows.map((it, at) => [it, at])));
  const one = place.get(row), base = place.get(other);
  if (one === undefined || base === undefined) return NO_RATIO;
  if (one === base) return ["1.00x", ""];
  const rank = d.ranked.find((it) => it.raw && it.higher);
  const judged = ratioInterval(rank, one, base, 1)?.map(Math.exp); // of corrected figures where both have them
  return ratioWords(judged?.[2] ?? rank.values[one] / rank.values[base], judged);
}
function toBaseline({ ratios }, row) {
  const [ratio, low, high] = ratios[row] ?? [];
  return ratio === undefined ? NO_RATIO : ratioWords(ratio, low === null ? null : [low, high]);
}

// What rows are compared with, from the choice's value: "case:3", "run:0" or "baseline:0"; a column for each run.
class Reference {
  constructor(chosen, table) {
    const shown = table.shown.map((at) => table.columns[at]), grouped = shown.findIndex(({ group }) => group);
    const throughput = shown.findIndex(({ key }) => key === "throughput_images_per_s");
    this.at = grouped >= 0 ? grouped : throughput >= 0 ? throughput + 1 : shown.length; // before the runs' own columns
    const [kind, at] = [chosen.split(":")[0], Number(chosen.split(":")[1])], { members } = table, { runs } = data;
    const rows = members.length ? (row) => members[row] : (row) => [row], of = (name) => (runs.length > 1 ? `${name} ` : "");
    const column = (run, to, words) => ({ title: `${of(runs[run])}to ${to}`, words });
    if (kind === "case") {
      this.row = data.decision.rows[at];
      this.columns = [column(0, data.decision.names[at], (row) => ratioOf(row, this.row))];
    } else if (kind === "run") {
      const others = runs.map((_, run) => run).filter((run) => run !== at);
      this.columns = others.map((run) => column(run, runs[at], (row) => ratioOf(rows(row)[run], rows(row)[at])));
    } else {
      const given = data.baselines[at];
      this.columns = runs.map((_, run) => column(run, given.name, (row) => toBaseline(given, rows(row)[run])));
    }
  }
  cells(row) {
    return this.columns.map(({ words }) => {
      const cell = document.createElement("td"), [said, interval] = words(row);
      cell.className = "n";
      cell.dataset.reference = "yes";
      cell.textContent = said;
      if (interval) {
        const small = document.createElement("small");
        small.textContent = interval;
        cell.append(small);
      }
      return cell;
    });
  }
}

function compared() {
  const select = $("#reference"), table = tables.summary;
  if (!select || !table) return;
  all("thead [data-reference]", table.element).forEach((it) => it.remove());
  table.reference = select.value === "" ? null : new Reference(select.value, table);
  for (const groups of table.reference ? all("thead .groups", table.element) : []) {
    const room = document.createElement("td");
    room.colSpan = table.reference.columns.length;
    room.dataset.reference = "yes";
    groups.insertBefore(room, $("th", groups));
  }
  const heads = $("thead tr:last-child", table.element), beside = heads.cells[table.reference?.at] ?? null;
  for (const { title } of table.reference?.columns ?? []) {
    const head = document.createElement("th");
    head.scope = "col";
    head.className = "n";
    head.dataset.reference = "yes";
    head.textContent = "ratio";
    const unit = document.createElement("span");
    unit.className = "unit";
    unit.textContent = title;
    head.append(unit);
    heads.insertBefore(head, beside);
  }
  table.select(table.match);
  widths();
}
function referable() {
  const select = $("#reference"), several = data.runs.length > 1;
  if (!select || !data.decision) return;
  const offer = (kind, names) => names.forEach((name, at) => select.append(new Option(name, `${kind}:${at}`)));
  offer("baseline", data.baselines.map(({ name }) => name));
  offer(several ? "run" : "case", several ? data.runs : data.decision.names);
  select.addEventListener("change", (event) => { event.stopPropagation(); compared(); remember(); });
  if (several) return;
  // A click on a case's name chooses it too.
  tables.summary.element.tBodies[0].addEventListener("click", (event) => {
    const line = event.target.closest("tr"), head = event.target.closest("th");
    if (!head || !line) return;
    const at = data.decision.rows.indexOf(tables.summary.rows[line.sectionRowIndex]);
    select.value = at < 0 || select.value === `case:${at}` ? "" : `case:${at}`;
    compared();
    remember();
  });
}
