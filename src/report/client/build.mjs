// Bundles the page's script into src/report/client.generated.ts, a module that exports it as text.
import { build } from "esbuild";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, "..", "client.generated.ts");
const { outputFiles } = await build({
  entryPoints: [join(here, "main.ts")],
  bundle: true,
  minify: true,
  write: false,
  format: "iife",
  target: "es2022",
  charset: "ascii",
  legalComments: "none",
});
const script = outputFiles[0].text.trim();
if (/<\/script|<!--/i.test(script))
  throw new Error("The page's script must not contain what ends a script block.");
const text = `// Made by src/report/client/build.mjs.\nexport const clientScript: string = ${JSON.stringify(script)};\n`;
if (!existsSync(target) || readFileSync(target, "utf8") !== text) writeFileSync(target, text);
