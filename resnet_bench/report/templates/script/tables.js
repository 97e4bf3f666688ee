// Tables: drawn in pieces, sorted, filtered.

let data, tables = {};

class TableView {
  constructor(element) {
    this.element = element;
    this.id = element.dataset.table;
    const own = data.tables[this.id];
    const source = own.of ? data.tables[own.of] : own;
    this.columns = source.columns;
    this.values = source.values;
    this.texts = source.texts;
    this.intervals = source.intervals;
    this.numeric = source.numeric;
    this.shown = own.shown.map((key) => source.columns.findIndex((column) => column.key === key));
    this.positions = source.positions ?? [];
    this.members = source.members ?? [];
    this.filtered = own.of === "results" || this.id === "results" || this.id === "summary";
    this.total = this.values[0].length;
    this.order = Array.from({ length: this.total }, (_, row) => row);
    this.rows = this.order;
    this.drawn = element.tBodies[0].rows.length;
    this.points = {};
    this.more = $(`[data-more="${this.id}"]`);
    tools(this);
    if (this.more) this.buttons();
    const heads = all("thead tr:last-child th", element);
    this.unprinted = heads.map((head) => head.classList.contains("unprinted"));
    heads.forEach((head, at) => this.sortable(head, this.shown[at]));
  }
  buttons() {
    this.more.replaceChildren();
    const add = (label, count) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = label;
      button.addEventListener("click", () => this.draw(this.drawn + count));
      this.more.append(button);
    };
    add(`Show ${PIECE} more`, PIECE);
    add("Show all", Infinity);
    this.left = document.createElement("span");
    this.more.append(this.left);
    this.status();
  }
  status() {
    if (!this.more) return;
    const left = this.rows.length - this.drawn;
    this.more.hidden = left <= 0;
    this.left.textContent = `${grouped(left)} more rows`;
  }
  sortable(head, column) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    head.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => { this.sort(head, column); remember(); });
  }
  sort(head, column, up = head.getAttribute("aria-sort") !== "ascending") {
    all("th[aria-sort]", this.element).forEach((other) => other.setAttribute("aria-sort", "none"));
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const values = this.values[column], numeric = this.numeric[column], way = up ? 1 : -1;
    const collator = new Intl.Collator("en", { numeric: true });
    this.order = Array.from({ length: this.total }, (_, row) => row).sort((a, b) => {
      const x = values[a], y = values[b];
      if (x === null || y === null) return (x === null) - (y === null) || a - b; // unavailable stays last
      return way * (numeric ? x - y : collator.compare(x, y)) || a - b;
    });
    this.select(this.match);
  }
  select(match) {
    this.match = match;
    this.rows = this.order;
    if (match && this.filtered) this.rows = this.order.filter((row) => match(this, row));
    else if (match && this.positions.length) this.rows = this.order.filter((row) => match(tables.results, this.positions[row]));
    this.element.tBodies[0].replaceChildren();
    this.drawn = 0;
    this.draw(FIRST);
  }
  draw(until) {
    const end = Math.min(until, this.rows.length);
    const piece = document.createDocumentFragment();
    for (; this.drawn < end; this.drawn++) piece.append(this.row(this.rows[this.drawn]));
    this.element.tBodies[0].append(piece);
    this.status();
  }
  row(row) {
    const line = document.createElement("tr");
    this.shown.forEach((column, at) => {
      const cell = this.cell(row, column, at);
      if (this.unprinted[at]) cell.classList.add("unprinted");
      line.append(cell);
    });
    if (this.reference) {
      const beside = line.cells[this.reference.at] ?? null;
      this.reference.cells(row).forEach((cell) => line.insertBefore(cell, beside));
    }
    if (this.reference?.row === row) line.className = "chosen";
    return line;
  }
  cell(row, column, at) {
    const { key, kind, silent } = this.columns[column];
    const cell = document.createElement(at === 0 && kind !== "link" ? "th" : "td");
    const value = this.values[column][row];
    const text = this.texts[key] ? this.texts[key][row] : value === null ? "" : String(value);
    if (kind === "link") {
      const link = document.createElement("a");
      link.href = text;
      link.textContent = decodeURI(text).split("/").at(-2) ?? text;
      cell.className = "link";
      cell.append(link);
    } else if (at === 0) {
      cell.scope = "row";
      cell.append(document.createElement("span"));
      cell.firstChild.textContent = text;
    } else if (this.numeric[column]) {
      cell.className = "n";
      const number = document.createElement("span");
      number.dataset.p = this.pad(key, text);
      number.textContent = text;
      cell.append(number);
      const interval = this.intervals[key] && this.intervals[key][row];
      if (interval) {
        const small = document.createElement("small");
        small.textContent = interval;
        cell.append(small);
      }
    } else if (kind === "notes") {
      cell.className = "notes";
      for (const number of text.split(" ").filter(Boolean)) {
        const link = document.createElement("a");
        link.href = "#note-" + number;
        link.textContent = number;
        cell.append(link, " ");
      }
    } else {
      cell.className = kind;
      cell.textContent = cell.dataset.v = text && text === silent ? "" : text;
    }
    return cell;
  }
  pad(key, text) {
    const after = (it) => (it.includes(" ") || !it.includes(".") ? 0 : it.length - it.indexOf("."));
    this.points[key] ??= this.texts[key].reduce((most, it) => Math.max(most, after(it)), 0);
    const missing = this.points[key] - after(text);
    if (missing <= 0 || text.includes(" ")) return "";
    return text.includes(".") ? "0".repeat(missing) : "." + "0".repeat(missing - 1);
  }
}
