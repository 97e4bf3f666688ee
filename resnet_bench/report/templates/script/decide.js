// Which one to take: resnet_bench.analysis.choice, for the question that the box asks. A test asks both.

// What the results hold already travels once, with them.
function unpacked() {
  const d = data.decision;
  if (!d) return;
  const { columns, values } = data.tables.results, at = new Map(columns.map((column, place) => [column.key, place]));
  const all = [...d.asked, ...d.ranked];
  for (const it of all) {
    for (const name of ["values", "low", "high"]) {
      const key = it[name], column = values[at.get(key)];
      if (column) it[name] = d.rows.map((row) => column[row]);
      else if (typeof key === "string") { // the same as one before it: "3.low"
        const [place, of] = key.split(".");
        it[name] = all[Number(place)][of];
      }
    }
  }
}

const FIT = { fits: 0, undecided: 1, unknown: 2, misses: 3 };

// The interval of the logarithm of one / other and its center, null where launches are too few.
function ratioInterval(rank, one, other, family) {
  const d = data.decision;
  if (Math.min(d.launches[one], d.launches[other]) < FEWEST) return null;
  let [left, right] = [rank.raw[other], rank.raw[one]], doubt = 0;
  const [a, b] = [rank.corrected?.[other], rank.corrected?.[one]];
  if (a && b && a[6] === b[6] && a[8] === b[8]) { // the same nominal speed and reference
    const speeds = [a[6] + a[7], b[6] + b[7]], common = (speeds[0] + speeds[1]) / 2;
    const moved = (it) => rank.sign * it[4] * (common - it[6]);
    [left, right] = [a, b].map((it) => [it[0] + moved(it), it[1] + moved(it), it[2], it[3]]);
    doubt = Math.hypot(a[5] * Math.abs(speeds[0] - common), b[5] * Math.abs(speeds[1] - common));
  }
  if (!left || !right) return null;
  const total = left[2] + right[2];
  const inverse = [left, right].reduce((sum, it) => sum + (total ? (it[2] / total) ** 2 : 0) / it[3], 0);
  const half = quantile(inverse > 0 ? 1 / inverse : left[3] + right[3], 1 - (1 - d.confidence) / family) * Math.hypot(Math.sqrt(total), doubt);
  const center = right[0] - left[0], shift = right[1] - left[1];
  return [Math.min(shift - half, center), Math.max(shift + half, center), center];
}

// Which of several cases is first, and which cannot be told from it.
function placed(rank, cases) {
  const d = data.decision, way = rank.higher ? 1 : -1;
  if (rank.raw) {
    const all = cases.map((_, at) => at), family = Math.max(1, cases.length - 1);
    const ahead = (one, other) => {
      const ratio = ratioInterval(rank, cases[one], cases[other], family);
      return ratio !== null && (rank.higher ? ratio[0] > 0 : ratio[1] < 0);
    };
    const best = (places) => places.reduce((x, y) => (way * rank.values[cases[y]] > way * rank.values[cases[x]] ? y : x));
    const measured = best(all);
    let first = measured, better;
    // What is corrected for drift may say otherwise than what was measured.
    for (let round = 0; round < all.length && (better = all.filter((at) => at !== first && ahead(at, first))).length; round++) first = best(better);
    const rivals = all.filter((at) => at !== first && !ahead(first, at));
    return { first, rivals, corrected: first !== measured, launches: Math.min(...cases.map((it) => d.launches[it])) };
  }
  // A borrowed accuracy without bounds is put before its own kind alone, and behind an equal one that is a case's own.
  const lent = (it) => rank.borrowed_by[it] ?? "", bare = (it) => lent(it) !== "" && rank.low[it] === rank.high[it];
  let first = 0;
  const better = (one, other) => way * (rank.values[one] - rank.values[other]) || !lent(one) - !lent(other) || d.speed[one] - d.speed[other];
  cases.forEach((it, at) => { if (better(it, cases[first]) > 0) first = at; });
  const best = cases[first];
  const apart = (it) => (rank.higher ? rank.high[it] < rank.low[best] : rank.low[it] > rank.high[best]);
  const behind = (it) => (!bare(best) || lent(best) === lent(it)) && apart(it);
  const rivals = cases.map((_, at) => at).filter((at) => at !== first && !behind(cases[at]));
  return { first, rivals, launches: FEWEST };
}

// limit in base units; batch a number or null.
function decide({ asked, limit, batch, rank }) {
  const d = data.decision, a = d.asked[asked], r = d.ranked[rank];
  const fitOf = (it) => {
    const value = a.values[it];
    if (value === null) return FIT.unknown;
    return (a.high[it] ?? value) <= limit ? FIT.fits : (a.low[it] ?? value) > limit ? FIT.misses : FIT.undecided;
  };
  const chosen = d.rows.map((_, it) => it).filter((it) => (batch === null || d.batch[it] === batch) && r.values[it] !== null);
  const models = d.models.map((name, number) => {
    const own = chosen.filter((it) => d.model_of[it] === number), by = (fit) => own.filter((it) => fitOf(it) === fit);
    const [fitting, open, beyondIt] = [by(FIT.fits), by(FIT.undecided), by(FIT.misses)];
    if (fitting.length) {
      const best = fitting[placed(r, fitting).first];
      return { name, fit: FIT.fits, best, open: open.filter((it) => placed(r, [best, it]).first === 1) };
    }
    if (open.length) { const best = open[placed(r, open).first]; return { name, fit: FIT.undecided, best, open: [best] }; }
    const missed = (it) => (a.values[it] - limit) / limit;
    if (beyondIt.length) return { name, fit: FIT.misses, best: beyondIt.reduce((x, y) => (missed(y) < missed(x) ? y : x)), open: [] };
    return { name, fit: FIT.unknown, best: null, open: [] };
  });
  const fitting = models.filter((it) => it.fit === FIT.fits);
  const place = fitting.length ? placed(r, fitting.map((it) => it.best)) : null;
  const way = r.higher ? -1 : 1;
  const ranked = [...fitting].sort((x, y) => way * (r.values[x.best] - r.values[y.best]));
  const best = place && fitting[place.first];
  if (best) { ranked.splice(ranked.indexOf(best), 1); ranked.unshift(best); }
  const others = models.filter((it) => it.fit !== FIT.fits).sort((x, y) => x.fit - y.fit);
  return { models: [...ranked, ...others], best, tied: place ? place.rivals.map((at) => fitting[at]) : [], place, limit, a, r, batch };
}

function sentences({ models, best, tied, place, limit, a, r, batch }) {
  const d = data.decision, said = [];
  const of = (it) => `${a.words} ${withInterval(a, it)}`;
  const budget = `${a.words} at most ${say(limit, a.base_unit).replace(/\.0+(?= |$)/, "")}${batch === null ? "" : ` at batch ${batch}`}`;
  if (!best) said.push(`No model is known to keep ${budget}.`);
  else {
    const it = best.best, figures = [`${r.words} ${withInterval(r, it)}`];
    if (!figures.includes(of(it))) figures.push(of(it));
    let why = place.corrected ? "; corrected for drift it is ahead of one that measured better" : "";
    if (tied.length) {
      const names = [best, ...tied].map((model) => d.names[model.best]);
      const equal = !r.raw && [best, ...tied].every(({ best: one }) => r.low[one] === r.high[one] && r.values[one] === r.values[it]);
      if (equal) why += `; a tie with ${listed(names.slice(1))}`;
      else if (place.launches < FEWEST) why += `; that it is the best is not proven: ${launchWords(place.launches)}`;
      else why += `; whether it is the best is open: ${r.raw ? "these launches" : "agreement with fp32"} cannot tell it from ${listed(names.slice(1))}`;
    }
    said.push(`${d.names[it]}: ${figures.join("; ")}${why}.`);
    if (a.low[it] === null) said.push(`That it fits is not proven: ${launchWords(d.launches[it])}.`);
  }
  for (const model of models) for (const it of model.open) said.push(`Undecided: ${d.names[it]}, whose ${of(it)} is on both sides of the limit.`);
  const missing = models.filter((it) => it.fit === FIT.misses).sort((x, y) => a.values[x.best] - a.values[y.best]);
  if (missing.length) said.push(`${listed(missing.map((it) => `${d.series[it.best]} misses ${a.words} by ${say(a.values[it.best] - limit, a.base_unit)}`))}.`);
  const unknown = models.filter((it) => it.fit === FIT.unknown).map((it) => it.name);
  if (unknown.length) said.push(`Nothing is known of ${listed(unknown)}.`);
  return said;
}
