// The question box: its inputs, its answer, and the mark of its budget in figures.

const box = $("#decision");

function asking() {
  const of = (name) => box.elements[name].value;
  const asked = Number(of("of")), number = of("under").trim() === "" ? NaN : Number(of("under"));
  const limit = Number.isFinite(number) && number > 0 ? number * data.decision.asked[asked].scale : null;
  return { asked, limit, batch: of("at") === "" ? null : Number(of("at")), rank: Number(of("for")) };
}
function answered() {
  if (!box || !data.decision) return;
  const question = asking(), found = decide(question), [first, ...rest] = sentences(found);
  $("#unit").textContent = found.a.unit;
  const list = $("#answer");
  list.replaceChildren();
  [first, ...rest].forEach((text, at) => {
    const line = document.createElement("p");
    if (at === 0 && found.best) {
      const name = document.createElement("strong"), after = text.indexOf(": ");
      const cut = data.decision.names[found.best.best].length;
      name.textContent = text.slice(0, after === cut ? cut : after);
      line.append(name, text.slice(name.textContent.length));
    } else line.textContent = text;
    line.className = at === 0 ? "first" : "";
    list.append(line);
  });
  $("#command").textContent = spoken(question, found);
  plots.forEach((plot) => plot.budget(question, found));
}
// The same question for the command line.
function spoken({ limit, batch, asked, rank }, { a, r }) {
  const at = batch === null ? "" : ` at batch ${batch}`;
  const under = limit === null ? "" : ` --under "${data.decision.asked[asked].words} ${box.elements.under.value.trim()} ${a.unit}${at}"`;
  return `report RUN --best${under} --for "${r.words}${limit === null ? at : ""}"`;
}
