import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const here = resolve(import.meta.dirname, "../peers");
const scripts = ["scran.js", "umap-js", "ml-pca"];

/** What is installed: `python` has scanpy and squidpy, `js` has node_modules of the JavaScript peers. */
export function findPeers({ python, js }) {
  const tools = [];
  const versions = {};
  if (python !== undefined) {
    const names = [
      "scanpy",
      "squidpy",
      "anndata",
      "h5py",
      "numpy",
      "numba",
      "umap-learn",
      "pynndescent",
      "igraph",
    ];
    const ask = `import importlib.metadata as m, json; print(json.dumps({p: m.version(p) for p in ${JSON.stringify(names)}}))`;
    Object.assign(versions, JSON.parse(execFileSync(python, ["-c", ask], { encoding: "utf8" })));
    tools.push("scanpy");
  }
  const node24 = js === undefined ? undefined : join(resolve(js), "node_modules/.bin/node");
  for (const name of js === undefined ? [] : scripts) {
    const manifest = join(resolve(js), "node_modules", name, "package.json");
    if (!existsSync(manifest) || (name === "scran.js" && !existsSync(node24))) continue;
    versions[name] = JSON.parse(readFileSync(manifest, "utf8")).version;
    tools.push(name);
  }
  return { python, js: js === undefined ? undefined : resolve(js), node24, tools, versions };
}

/** Installs the peers: scanpy and squidpy into the new environment `venv` of `from`, the JavaScript ones into `js`. */
export function installPeers({ venv, from = "python3.12", js }) {
  const run = (command, ...args) => execFileSync(command, args, { stdio: "inherit" });
  if (venv !== undefined) {
    run(from, "-m", "venv", venv);
    run(join(venv, "bin/pip"), "install", "--quiet", "-r", join(here, "requirements.txt"));
  }
  if (js !== undefined) {
    mkdirSync(js, { recursive: true });
    copyFileSync(join(here, "package.json"), join(js, "package.json"));
    run("npm", "install", "--no-audit", "--no-fund", "--prefix", js);
  }
}

export const named = (versions) =>
  Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(", ");
