// Writes the wasm of the JPEG 2000 decoder as text into src/io/openjpeg.generated.ts, so that every runtime finds it.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const target = join(dirname(fileURLToPath(import.meta.url)), "openjpeg.generated.ts");
const wasm = createRequire(import.meta.url).resolve("@cornerstonejs/codec-openjpeg/decodewasm");
const text = `// Made by src/io/embed-openjpeg.mjs.\nexport const binary: string = "${readFileSync(wasm).toString("base64")}";\n`;
if (!existsSync(target) || readFileSync(target, "utf8") !== text) writeFileSync(target, text);
