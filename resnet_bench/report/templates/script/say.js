// Figures in words, as resnet_bench.units has them.

const FEWEST = 3, TENFOLD = 10;
function significant(value, digits = 4) {
  if (value === 0) return "0";
  return value.toFixed(Math.max(0, digits - 1 - Math.floor(Math.log10(Math.abs(value)))));
}
function say(value, unit) {
  if (unit === "per million images") return significant(value, 3);
  if (unit === "share") return `${(value * 100).toFixed(1)} %`;
  if (unit === "B") {
    const [size, prefix] = [[2 ** 40, "TiB"], [2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"]].find(([it]) => Math.abs(value) >= it) ?? [0];
    return size ? `${significant(value / size)} ${prefix}` : `${value.toFixed(0)} B`;
  }
  if (unit === "s") {
    const [factor, prefix] = [[1, ""], [1e-3, "m"], [1e-6, "u"]].find(([it]) => Math.abs(value) >= it) ?? [1e-9, "n"];
    return `${significant(value / factor)} ${prefix}s`;
  }
  return `${Number.isInteger(value) ? grouped(value) : significant(value)} ${unit}`;
}
function withInterval(of, at) {
  const unit = of.base_unit, said = say(of.values[at], unit), low = of.low[at], high = of.high[at];
  if (of.exact || low === null || high === null || (of.borrowed_by && of.raw === null && low === high)) return said;
  const [from, to] = [say(low, unit), say(high, unit)], space = from.indexOf(" ");
  const own = space < 0 ? "" : from.slice(space + 1), number = space < 0 ? from : from.slice(0, space);
  return `${said} (${to.endsWith(own) ? number : from} to ${to})`;
}
function widthWords(center, low, high) {
  if (high > TENFOLD * center || (low > 0 && low < center / TENFOLD)) return "no estimate";
  const share = Math.max(high - center, center - low) / center;
  return share * 100 < 9.95 ? `±${(share * 100).toFixed(1)} %` : `±${(share * 100).toFixed(0)} %`;
}
function listed(names, limit = 3) {
  if (names.length > limit + 1) return `${names.slice(0, limit).join(", ")} and ${names.length - limit} more`;
  return names.length <= 1 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
const launchWords = (count) => `${count} ${count === 1 ? "launch gives" : "launches give"} no interval`;
