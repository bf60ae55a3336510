import { existsSync, readFileSync, writeFileSync } from "node:fs";

/** Puts a section (its text starts with its heading, "# Title") in the place of the one of that heading, or at the end of a file. */
export function putSection(path, text) {
  const heading = text.slice(0, text.indexOf("\n"));
  const sections = existsSync(path) ? readFileSync(path, "utf8").split(/^(?=# )/m) : [];
  const at = sections.findIndex((section) => section.startsWith(`${heading}\n`));
  const section = `${text.trim()}\n`;
  if (at < 0) sections.push(section);
  else sections[at] = section;
  writeFileSync(path, sections.map((part) => part.trim()).join("\n\n") + "\n");
}
