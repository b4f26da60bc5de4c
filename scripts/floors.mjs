// Keeps the floors of the house: imports go downward only. Prints one sentence per breach and exits with 1.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** Packages that bindings may import, each from one file. */
const packages = ["@assemblyscript/loader", "papaparse"];

// Lowest floor first. "." is the files beside bindings/index.ts: leaves such as errors.ts and types.ts.
const floors = {
  assembly: ["core", "kernel", "loss", "solver", "index"],
  bindings: [".", "engine", "data", "solvers", "estimators", "io", "worker", "node", "cli", "index"],
};

/** The floor of a path such as bindings/engine/load.ts: its folder, or "index", or "." for other files at the top. */
function floorOf(path) {
  const [, folder, ...deeper] = path.split("/");
  return deeper.length > 0 ? folder : /^index\b/.test(folder) ? "index" : ".";
}

/** What is wrong with an import of `name` in `file`, or undefined. */
function judge(house, file, name, target) {
  const order = floors[house];
  const own = floorOf(file);
  if (house === "bindings" && packages.includes(name)) {
    const first = importers.get(name) ?? file;
    importers.set(name, first);
    return file === first ? undefined : `${first} imports it already, and one file is enough`;
  }
  if (house === "bindings" && name.startsWith("node:") && (own === "node" || own === "cli")) return undefined;
  if (!target?.startsWith(`${house}/`)) return `${house} imports only its own files`;
  if (!order || floorOf(target) === own || order.indexOf(floorOf(target)) < order.indexOf(own)) return undefined;
  return `${own} may not reach up to ${floorOf(target)} (${order.join(" -> ")})`;
}

const breaches = [];
const importers = new Map();
for (const house of ["assembly", "bindings", "test/oracle"]) {
  const folder = join(root, house);
  const entries = existsSync(folder) ? readdirSync(folder, { withFileTypes: true, recursive: true }) : [];
  for (const entry of entries.filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))) {
    const file = relative(root, join(entry.parentPath, entry.name)).replaceAll("\\", "/");
    // Comments become blanks of the same shape, so that line numbers stay true.
    const source = readFileSync(join(root, file), "utf8");
    const text = source.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, (comment) => comment.replace(/\S/g, " "));
    const say = (index, sentence) => breaches.push(`${file}:${text.slice(0, index).split("\n").length} ${sentence}.`);

    if (floors[house]?.includes(floorOf(file)) === false) say(0, `is on no floor of ${floors[house].join(" -> ")}`);
    for (const { 1: name, index } of text.matchAll(/\b(?:from|import)\s*\(?\s*["']([^"']+)["']/g)) {
      const target = name.startsWith(".") ? join(dirname(file), name).replaceAll("\\", "/") : undefined;
      const wrong = judge(house, file, name, target);
      if (wrong) say(index, `imports "${name}": ${wrong}`);
    }
    const relaxed = house === "assembly" && floorOf(file) !== "core" ? text.matchAll(/\brelaxed_\w*/g) : [];
    for (const { 0: name, index } of relaxed) say(index, `names ${name}: relaxed opcodes belong to assembly/core`);
  }
}
for (const breach of breaches) console.error(breach);
console.log(breaches.length === 0 ? "floors: imports go downward only" : `floors: ${breaches.length} breaches`);
process.exitCode = breaches.length === 0 ? 0 : 1;
