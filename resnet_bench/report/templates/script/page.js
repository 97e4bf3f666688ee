// What every part uses. The parts are one script; text from files only ever becomes textContent.

const FIRST = 40, PIECE = 200, PRINTED = 1000, MAX_SERIES = 24, MAX_BOXES = 30;
const $ = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const dark = matchMedia("(prefers-color-scheme: dark)");
const narrow = matchMedia("(max-width: 640px)");
let printing = false;

// Base85 in RFC 1924's alphabet, but a comma for "<", which HTML would read.
function decoded(text) {
  const digits = new Uint8Array(128);
  [..."0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;,=>?@^_`{|}~"].forEach((it, value) => { digits[it.charCodeAt(0)] = value; });
  const whole = Math.ceil(text.length / 5) * 4, bytes = new Uint8Array(whole);
  const digit = (at) => (at < text.length ? digits[text.charCodeAt(at)] : 84);
  for (let at = 0, to = 0; to < whole; at += 5, to += 4) {
    const value = (((digit(at) * 85 + digit(at + 1)) * 85 + digit(at + 2)) * 85 + digit(at + 3)) * 85 + digit(at + 4);
    bytes[to] = value >>> 24;
    bytes[to + 1] = value >>> 16;
    bytes[to + 2] = value >>> 8;
    bytes[to + 3] = value;
  }
  return bytes.subarray(0, Math.floor((text.length * 4) / 5));
}

async function unpack(id) {
  const bytes = decoded($("#" + id).textContent);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}
