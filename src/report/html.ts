/** Text that is already markup. Only `html` makes it, so nothing unescaped gets in by accident. */
export interface Markup {
  readonly markup: string;
}

/** A value in a template: words are escaped, markup is kept, nothing shows for null. */
export type Part = string | number | Markup | null | readonly Part[];

/** Words as HTML text or attribute value; also safe inside quotes. */
export function escapeText(text: string): string {
  return text.replace(/[&<>"'`\u2028\u2029\u0000]/g, (c) => `&#${c === "\u0000" ? 65533 : c.charCodeAt(0)};`);
}

function write(part: Part): string {
  if (part === null) return "";
  if (typeof part === "string") return escapeText(part);
  if (typeof part === "number") return String(part);
  if ("markup" in part) return part.markup;
  return part.map(write).join("");
}

/** A piece of HTML; everything put in is escaped unless it is markup itself. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return {
    markup: strings.map((s, k) => s + (k < parts.length ? write(parts[k]) : "")).join(""),
  };
}

/** Text from a trusted maker (our SVG, our style sheet), taken as it is. */
export function trusted(markup: string): Markup {
  return { markup };
}

/** JSON for a script block: no sequence in it can end the block or open a comment. */
export function scriptJson(value: unknown): string {
  const escape = (c: string): string => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, escape);
}

/** A block whose text the browser reads as it is: nothing is put around it, so that a hash of the text holds. */
export function rawBlock(tag: "script" | "style", text: string, attributes: string = ""): Markup {
  return trusted(`<${tag}${attributes}>${text}</${tag}>`);
}
