// Student's t, for the interval of a ratio: as the report's own statistics have it (scipy), to ten digits.

function logGamma(x) { // Lanczos
  const c = [76.18009172947146, -86.50532032941677, 24.01409824083091, -1.231739572450155, 1.208650973866179e-3, -5.395239384953e-6];
  let sum = 1.000000000190015;
  for (let at = 0; at < 6; at++) sum += c[at] / (x + 1 + at);
  return -(x + 5.5) + (x + 0.5) * Math.log(x + 5.5) + Math.log((2.5066282746310005 * sum) / x);
}
function fraction(a, b, x) { // of the incomplete beta function, Lentz's method
  const tiny = 1e-300;
  let c = 1, d = 1 - ((a + b) * x) / (a + 1);
  d = 1 / (Math.abs(d) < tiny ? tiny : d);
  let h = d;
  for (let m = 1; m < 300; m++) {
    for (const up of [(m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m)), (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))]) {
      d = 1 + up * d; d = 1 / (Math.abs(d) < tiny ? tiny : d);
      c = 1 + up / c; c = Math.abs(c) < tiny ? tiny : c;
      h *= d * c;
    }
    if (Math.abs(d * c - 1) < 1e-14) break;
  }
  return h;
}
function beyond(t, degrees) { // two-sided
  const a = degrees / 2, b = 0.5, x = degrees / (degrees + t * t);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  return x < (a + 1) / (a + b + 2) ? (front * fraction(a, b, x)) / a : 1 - (front * fraction(b, a, 1 - x)) / b;
}
function quantile(degrees, confidence) {
  let low = 0, high = 2;
  while (beyond(high, degrees) > 1 - confidence && high < 1e9) high *= 2;
  for (let step = 0; step < 100 && high - low > 1e-12 * high; step++) {
    const middle = (low + high) / 2;
    if (beyond(middle, degrees) > 1 - confidence) low = middle; else high = middle;
  }
  return (low + high) / 2;
}
