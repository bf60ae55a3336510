import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const checkout = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

/** The folder with real samples: TISSULAR_DATA, or shared/data beside the checkout; null where there is none. */
export const realData: string | null = find(
  process.env["TISSULAR_DATA"],
  join(checkout, "..", "shared", "data"),
);

/** The folder with peers' exact outputs: TISSULAR_ORACLES, or shared/oracles beside the checkout; null where there is none. */
export const oracles: string | null = find(
  process.env["TISSULAR_ORACLES"],
  join(checkout, "..", "shared", "oracles"),
);

function find(...folders: readonly (string | undefined)[]): string | null {
  return folders.find((f) => f !== undefined && existsSync(f)) ?? null;
}

if (realData === null)
  console.warn("Real samples not found (TISSULAR_DATA or ../shared/data): tests on them are skipped.");
if (oracles === null)
  console.warn(
    "Peers' outputs not found (TISSULAR_ORACLES or ../shared/oracles): tests on them are skipped.",
  );
