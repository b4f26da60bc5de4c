// Checks what a web page pays: everything dist/index.js reaches, gzipped, and each module alone.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const dist = join(dirname(dirname(fileURLToPath(import.meta.url))), "dist");
const require = createRequire(import.meta.url);
// A limit moves only for something users get: 30 kB made room for hinge (interior point), sampling in blocks, and the kernels that skip tiles of zeros; 40 kB for
// packed codes of 4 and 2 bits, optimal levels, and ZipML's samples, a third each; 8 kB per module and 115 kB in all (with comments, not minified) for sparse rows, l1, the estimators
// and work that can be paused; 5 kB for tables without a header or with a preamble, models that know their file's first index, and what keeps runs honest where the data say nothing.
const budgets = { "main entry, as built": 280_000, "kernels.wasm": 49_000, "kernels.relaxed.wasm": 49_000 };

/** `file` and all it imports, in order of first sight, packages included. */
function reach(file, seen = new Set()) {
  if (seen.has(file)) return seen;
  seen.add(file);
  const text = readFileSync(file, "utf8");
  for (const [, name] of text.matchAll(/^(?:import\s*|(?:import|export)\b[^;"'=]*?\bfrom\s*)["']([^"']+)["']/gm)) {
    reach(name.startsWith(".") ? join(dirname(file), name) : require.resolve(name), seen);
  }
  return seen;
}

const sizes = {
  "main entry, as built": Buffer.concat([...reach(join(dist, "index.js"))].map((file) => readFileSync(file))),
  "kernels.wasm": readFileSync(join(dist, "kernels.wasm")),
  "kernels.relaxed.wasm": readFileSync(join(dist, "kernels.relaxed.wasm")),
};
for (const [name, bytes] of Object.entries(sizes)) {
  const gzipped = gzipSync(bytes, { level: 9 }).length;
  const verdict = gzipped <= budgets[name] ? "ok" : "TOO LARGE";
  if (verdict !== "ok") process.exitCode = 1;
  console.log(`${name}: ${bytes.length} B, ${gzipped} B gzipped, budget ${budgets[name]} B: ${verdict}`);
}
