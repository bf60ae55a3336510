import type { Progress } from "../core/progress.ts";

const names: Readonly<Record<string, string>> = {
  "variable-genes": "variable genes",
  "spatial-graph": "spatial graph",
  moran: "Moran's I",
  umap: "UMAP",
  pca: "PCA",
};

/**
 * Shows progress on standard error: a bar that stays on one line on a terminal, one line per step elsewhere, nothing
 * when quiet.
 */
export function progressTo(
  stream: NodeJS.WriteStream,
  quiet: boolean,
): { readonly onProgress: (p: Progress) => void; readonly close: () => void } {
  if (quiet) return { onProgress: () => undefined, close: () => undefined };
  const bar = stream.isTTY === true;
  const named = new Set<string>();
  let last = "";
  let shown = 0;
  const onProgress = ({ step, fraction }: Progress): void => {
    const name = short(names[step] ?? step);
    if (!bar) {
      if (!named.has(name)) stream.write(`${name}\n`);
      named.add(name);
      return;
    }
    const now = performance.now();
    if (name === last && fraction < 1 && now - shown < 50) return;
    last = name;
    shown = now;
    const filled = Math.round(fraction * 24);
    stream.write(`\r\u001b[2K${"━".repeat(filled)}${"╌".repeat(24 - filled)} ${name}`);
  };
  const close = (): void => {
    if (bar && last !== "") stream.write("\r\u001b[2K");
    last = "";
  };
  return { onProgress, close };
}

/** So that a bar and its name stay on one line of 80. */
function short(name: string): string {
  return name.length > 52 ? `${name.slice(0, 24)}...${name.slice(-25)}` : name;
}

/** One clear paragraph for a person; no stack trace. */
export function paragraph(error: unknown): string {
  const e = error as {
    readonly message?: string;
    readonly hint?: string | null;
    readonly subject?: string | null;
  };
  const subject = e.subject && !e.message?.includes(e.subject) ? ` (${e.subject})` : "";
  const message = (e.message ?? String(error)).replace(
    /^\w+: option "(\w+)"/,
    (_, name: string) =>
      `--${name === "variableGenes" ? "hvg" : name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`,
  );
  return `tissular: ${message}${subject}${e.hint ? ` ${e.hint}` : ""}`;
}
