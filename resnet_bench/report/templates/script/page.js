// What every part uses. The parts are one script; text from files only ever becomes textContent.

const FIRST = 40, PIECE = 200, PRINTED = 1000, MAX_SERIES = 24, MAX_POINTS = 60, MAX_BOXES = 30;
const $ = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const dark = matchMedia("(prefers-color-scheme: dark)");
const narrow = matchMedia("(max-width: 640px)");
const isDark = () => { const { theme } = document.documentElement.dataset; return theme ? theme === "dark" : dark.matches; };

// 12,345; toLocaleString takes 50 ms the first time.
const grouped = (count) => String(count).replace(/\B(?=(\d{3})+$)/g, ",");

// Base85 in RFC 1924's alphabet, but a comma for "<", which HTML would read; padded to whole groups of five.
function decoded(text) {
  const digits = new Uint8Array(128);
  [..."0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;,=>?@^_`{|}~"].forEach((it, value) => { digits[it.charCodeAt(0)] = value; });
  const codes = new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 5) * 5, "~"));
  const words = new DataView(new ArrayBuffer((codes.length / 5) * 4));
  for (let at = 0, to = 0; at < codes.length; at += 5, to += 4) {
    words.setUint32(to, (((digits[codes[at]] * 85 + digits[codes[at + 1]]) * 85 + digits[codes[at + 2]]) * 85 + digits[codes[at + 3]]) * 85 + digits[codes[at + 4]]);
  }
  return new Uint8Array(words.buffer, 0, Math.floor((text.length * 4) / 5));
}

async function unpack(id) {
  const bytes = decoded($("#" + id).textContent);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}
