"""Waiting for an open page in its own time: what is to happen there has, however late a busy machine lets it."""

# A frame reports the reader's new colours; twice as long as the filter waits for the next letter, for a reset puts it
# off once more. Timers run in the order in which they are due.
_SETTLED = """async () => {
  const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const later = () => new Promise((done) => setTimeout(done, 200));
  await frame();
  await later();
  await later();
  await frame();
}"""


def settle(page):
    """Wait until a page has done all that it does by itself after an input."""
    page.evaluate(_SETTLED)
