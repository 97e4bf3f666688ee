// A column beside the summary: each case's throughput as a ratio to that of the case that the reader chose.

class Reference {
  constructor(row) {
    const d = data.decision;
    this.row = row;
    this.rank = d.ranked.find((it) => it.raw && it.higher);
    this.place = new Map(d.rows.map((position, at) => [position, at]));
    this.at = this.place.get(row);
  }
  // The ratio with its interval in words, empty where one of both was not measured.
  words(row) {
    const at = this.place.get(row);
    if (at === undefined) return ["-", ""];
    const ratio = this.rank.values[at] / this.rank.values[this.at];
    if (at === this.at) return ["1.00x", ""];
    const bounds = ratioInterval(this.rank, at, this.at, 1)?.map(Math.exp);
    const said = ratio < 9.995 ? `${ratio.toFixed(2)}x` : `${significant(ratio, 3)}x`;
    return [said, bounds ? widthWords(Math.max(bounds[1] - ratio, ratio - bounds[0]) / ratio) : ""];
  }
  cell(row) {
    const cell = document.createElement("td"), [said, interval] = this.words(row);
    cell.className = "n";
    cell.textContent = said;
    if (interval) {
      const small = document.createElement("small");
      small.textContent = interval;
      cell.append(small);
    }
    return cell;
  }
}

function compared() {
  const select = $("#reference"), table = tables.summary;
  if (!select || !table) return;
  const line = $("thead tr:last-child", table.element);
  $("[data-reference]", line)?.remove();
  table.reference = select.value === "" ? null : new Reference(data.decision.rows[Number(select.value)]);
  if (table.reference) {
    const head = document.createElement("th");
    head.scope = "col";
    head.className = "n";
    head.dataset.reference = "yes";
    head.textContent = "ratio";
    const unit = document.createElement("span");
    unit.className = "unit";
    unit.textContent = `to ${data.decision.names[Number(select.value)]}`;
    head.append(unit);
    line.append(head);
  }
  table.select(table.match);
}
function referable() {
  const select = $("#reference");
  if (!select || !data.decision) return;
  data.decision.names.forEach((name, at) => select.append(new Option(name, String(at))));
  select.addEventListener("change", (event) => { event.stopPropagation(); compared(); remember(); });
  // A click on a case's name chooses it too.
  tables.summary.element.tBodies[0].addEventListener("click", (event) => {
    const line = event.target.closest("tr"), head = event.target.closest("th");
    if (!head || !line) return;
    const at = data.decision.rows.indexOf(tables.summary.rows[line.sectionRowIndex]);
    select.value = at < 0 || select.value === String(at) ? "" : String(at);
    compared();
    remember();
  });
}
