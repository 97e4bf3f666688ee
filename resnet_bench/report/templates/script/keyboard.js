// plotly's legend and buttons hear a mouse alone: here they get a name, a state, and one place in the Tab order for
// all entries of a legend; the arrow keys go from one to the next.

const CONTROLS = [
  { entries: ".legend .traces", target: ".legendtoggle", events: ["mousedown", "mouseup"] },
  { entries: ".updatemenu-button", target: null, events: ["click"] },
];

function reachable(plot, title) {
  for (const { entries, target, events } of CONTROLS) {
    const found = all(entries, plot);
    const current = found.find((entry) => entry === document.activeElement) ?? found[0];
    for (const entry of found) {
      const svg = entry.ownerSVGElement;
      svg.removeAttribute("aria-hidden");
      svg.setAttribute("role", "group");
      svg.setAttribute("aria-label", `Controls of: ${title}`);
      entry.setAttribute("tabindex", entry === current ? "0" : "-1");
      entry.setAttribute("role", "button");
      entry.setAttribute("aria-label", entry.textContent.trim());
      if (target) entry.setAttribute("aria-pressed", String(Number(entry.style.opacity || 1) === 1));
      if (entry.dataset.keys) continue;
      entry.dataset.keys = "yes";
      entry.addEventListener("keydown", (event) => {
        const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
        if (step) {
          event.preventDefault();
          const beside = all(entries, plot), next = beside[(beside.indexOf(entry) + step + beside.length) % beside.length];
          entry.setAttribute("tabindex", "-1");
          next.setAttribute("tabindex", "0");
          next.focus();
          return;
        }
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        if (event.repeat) return; // a key held down is no double click
        for (const name of events) (target ? $(target, entry) : entry).dispatchEvent(new MouseEvent(name, { bubbles: true }));
      });
    }
  }
}
