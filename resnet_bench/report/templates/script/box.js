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
  const question = asking(), a = data.decision.asked[question.asked], known = question.limit !== null;
  const found = known ? decide(question) : null;
  $("#unit").textContent = a.unit;
  box.elements.under.setAttribute("aria-invalid", String(!known));
  const list = $("#answer");
  list.replaceChildren();
  (known ? sentences(found) : [data.decision.no_budget]).forEach((text, at) => {
    const line = document.createElement("p");
    if (at === 0 && found?.best) {
      const name = document.createElement("strong"), after = text.indexOf(": ");
      const cut = data.decision.names[found.best.best].length;
      name.textContent = text.slice(0, after === cut ? cut : after);
      line.append(name, text.slice(name.textContent.length));
    } else line.textContent = text;
    line.className = at === 0 ? "first" : "";
    list.append(line);
  });
  $("#command").textContent = known ? spoken(question, found) : "";
  plots.forEach((plot) => plot.budget(question, { a }));
}
// The same question for the command line.
function spoken({ batch }, { a, r }) {
  const at = batch === null ? "" : ` at batch ${batch}`;
  return `report RUN --best --under "${a.words} ${box.elements.under.value.trim()} ${a.unit}${at}" --for "${r.words}"`;
}
