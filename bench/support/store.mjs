import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";

/** Headings of RESULTS.md in their order. */
export const headings = {
  targets: "# Targets",
  whole: "# Whole runs beside scanpy + squidpy",
  steps: "# Steps beside their peers",
  growth: "# Growth",
  start: "# Threads and start",
  abort: "# Stopping",
  genes: "# Spatially variable genes that were planted",
  read: "# Reading beside scanpy, and a matrix larger than memory",
};

/**
 * What was measured, as JSON beside RESULTS.md, so that a run of some rows leaves the others: `get(section)` gives a plain object to
 * change, `save(section, text)` writes it and puts the section's text in its place.
 */
export function openStore(markdown) {
  const path = markdown.replace(/\.md$/, ".json");
  const all = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {};
  return {
    get: (section) => (all[section] ??= {}),
    save(section, text) {
      write(path, `${JSON.stringify(all, null, 1)}\n`);
      putSection(markdown, section, text);
    },
  };
}

/** Puts a section's text under its heading, in the place of what was there. */
export function putSection(markdown, section, text) {
  const sections = existsSync(markdown) ? readFileSync(markdown, "utf8").split(/^(?=# )/m) : [];
  const order = Object.values(headings);
  const place = (part) => order.indexOf(part.slice(0, part.indexOf("\n")));
  const others = sections.filter((part) => !part.startsWith(`${headings[section]}\n`));
  const parts = [...others, `${headings[section]}\n\n${text}`].sort((a, b) => place(a) - place(b));
  write(markdown, `${parts.map((part) => part.trim()).join("\n\n")}\n`);
}

function write(path, text) {
  writeFileSync(`${path}.tmp`, text);
  renameSync(`${path}.tmp`, path);
}
