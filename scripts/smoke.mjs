// Installs a packed tarball in an empty folder, as a user would, and trains with it by import and by require().
//   node scripts/smoke.mjs bitcenter-0.1.0.tgz [path/to/node ...]
// Every run has to print the same line: the weights are the same bits on every Node.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const [tarball, ...nodes] = process.argv.slice(2);
if (tarball === undefined) throw new Error("usage: node scripts/smoke.mjs TARBALL [NODE ...]");
if (nodes.length === 0) nodes.push(process.execPath);

const body = `
const rows = 64;
const cols = 5;
const data = Float32Array.from({ length: rows * cols }, (_, i) => ((i * 7919) % 257) / 128 - 1);
const labels = Array.from({ length: rows }, (_, row) => (data[row * cols] + data[row * cols + 1] > 0 ? 1 : 0));
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex").slice(0, 16);
if (typeof io.readIdx !== "function") throw new Error("bitcenter/io did not load");
if (typeof files.readFile !== "function") throw new Error("bitcenter/node did not load");
for (const name of ["kernels.wasm", "kernels.relaxed.wasm"]) {
  const bytes = readFileSync(require.resolve("bitcenter/" + name));
  if (bytes.readUInt32LE(0) !== 0x6d736100) throw new Error(name + " is no WebAssembly module");
}
const engine = bitcenter.createEngine();
const problem = engine.problem(engine.dataset({ data, rows, cols }, labels), { loss: "logistic", l2: 1e-3 });
let last;
for (const step of bitcenter.halp(problem, { seed: 7, outerSteps: 30 })) last = step;
const right = problem.margins(last).filter((margin, row) => margin > 0 === (labels[row] === 1)).length;
if (right < 60) throw new Error("only " + right + " of 64 predicted");
const { version } = require("bitcenter/package.json");
console.log(version, "weights", sha256(new Uint8Array(last.coef.buffer)), right + " of 64 right");
`;
const esm = `
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import * as bitcenter from "bitcenter";
import * as io from "bitcenter/io";
import * as files from "bitcenter/node";
const require = createRequire(import.meta.url);
${body}`;
const cjs = `
const { createHash } = require("node:crypto");
const { readFileSync } = require("node:fs");
const bitcenter = require("bitcenter");
const io = require("bitcenter/io");
const files = require("bitcenter/node");
${body}`;

const folder = mkdtempSync(join(tmpdir(), "bitcenter-smoke-"));
const run = (command, args) =>
  execFileSync(command, args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
try {
  writeFileSync(join(folder, "package.json"), `{ "private": true }\n`);
  writeFileSync(join(folder, "esm.mjs"), esm);
  writeFileSync(join(folder, "cjs.cjs"), cjs);
  run("npm", ["install", "--no-audit", "--no-fund", "--engine-strict", resolve(tarball)]);
  const lines = new Set();
  for (const node of nodes) {
    const version = run(node, ["--version"]).trim();
    for (const file of ["esm.mjs", "cjs.cjs"]) {
      const line = run(node, [file]).trim();
      lines.add(line);
      console.log(`${version} ${file}: ${line}`);
    }
  }
  if (lines.size !== 1) throw new Error(`${lines.size} different results, expected one`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
