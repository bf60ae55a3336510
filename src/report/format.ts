/** 12345.6 as "12,346". */
export function whole(x: number): string {
  const digits = String(Math.round(Math.abs(x)));
  return (x <= -0.5 ? "\u2212" : "") + digits.replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Three significant digits, thousands grouped, powers of ten where numbers get very small or large; "missing" for NaN. */
export function short(x: number): string {
  if (x !== x) return "missing";
  const size = Math.abs(x);
  if (size === Infinity) return x < 0 ? "\u2212\u221e" : "\u221e";
  if (size >= 1e7 || (size < 1e-3 && size > 0)) {
    const [lead, power] = size.toExponential(1).split("e");
    return `${x < 0 ? "\u2212" : ""}${lead} \u00d7 10${superscript(Number(power))}`;
  }
  if (size >= 1000) return whole(x);
  const text = String(Number(size.toPrecision(3)));
  return x < 0 ? `\u2212${text}` : text;
}

/** A fixed number of decimals, for columns that are compared: "6.0", "\u22120.34", "1,234.5"; "missing" for NaN. */
export function fixed(x: number, decimals: number): string {
  if (!Number.isFinite(x) || Math.abs(x) >= 1e7) return short(x);
  const [head, tail] = Math.abs(x).toFixed(decimals).split(".");
  const text = head.replace(/\B(?=(\d{3})+$)/g, ",") + (tail === undefined ? "" : `.${tail}`);
  return x < 0 && /[1-9]/.test(text) ? `\u2212${text}` : text;
}

function superscript(n: number): string {
  const digits = [..."\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"];
  return (n < 0 ? "\u207b" : "") + [...String(Math.abs(n))].map((d) => digits[Number(d)]).join("");
}

/** "1 spot", "1,234 spots". */
export function count(n: number, one: string, many: string = `${one}s`): string {
  return `${whole(n)} ${n === 1 ? one : many}`;
}

/** "97.3 %"; never rounded up to 100 or down to 0. */
export function percent(fraction: number): string {
  if (fraction !== fraction) return "missing";
  if (fraction > 0 && fraction < 0.001) return "< 0.1 %";
  if (fraction < 1 && fraction > 0.999) return "> 99.9 %";
  return fraction === 0 || fraction === 1 ? `${fraction * 100} %` : `${(fraction * 100).toFixed(1)} %`;
}

/** "a", "a and b", "a, b and c". */
export function list(parts: readonly string[]): string {
  if (parts.length < 2) return parts.join("");
  return `${parts.slice(0, -1).join(", ")} and ${parts[parts.length - 1]}`;
}

/** A p value as words; below what doubles hold it says so. */
export function probability(p: number): string {
  return p === 0 ? "< 10\u207b\u00b3\u2070\u2070" : short(p);
}
