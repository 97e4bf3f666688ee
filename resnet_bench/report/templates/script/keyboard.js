// plotly's legend and buttons hear a mouse alone: here they get a place in the Tab order, a name and a state.

const CONTROLS = [
  { entries: ".legend .traces", target: ".legendtoggle", events: ["mousedown", "mouseup"] },
  { entries: ".updatemenu-button", target: null, events: ["click"] },
];

function reachable(plot, title) {
  for (const { entries, target, events } of CONTROLS) {
    for (const entry of all(entries, plot)) {
      const svg = entry.ownerSVGElement;
      svg.removeAttribute("aria-hidden");
      svg.setAttribute("role", "group");
      svg.setAttribute("aria-label", `Controls of: ${title}`);
      entry.setAttribute("tabindex", "0");
      entry.setAttribute("role", "button");
      entry.setAttribute("aria-label", entry.textContent.trim());
      if (target) entry.setAttribute("aria-pressed", String(Number(entry.style.opacity || 1) === 1));
      if (entry.dataset.keys) continue;
      entry.dataset.keys = "yes";
      entry.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        if (event.repeat) return; // a key held down is no double click
        for (const name of events) (target ? $(target, entry) : entry).dispatchEvent(new MouseEvent(name, { bubbles: true }));
      });
    }
  }
}
