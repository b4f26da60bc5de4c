// Damaged files for every reader, many more than the test has time for.
//   node scripts/fuzz.mjs [FILES PER FORMAT]      default 100,000
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const files = process.argv[2] ?? "100000";
if (!/^[1-9]\d*$/.test(files)) throw new Error(`usage: node scripts/fuzz.mjs [FILES PER FORMAT], given ${files}`);

const started = performance.now();
const { status } = spawnSync(
  process.execPath,
  [join(root, "node_modules/vitest/vitest.mjs"), "run", "test/fuzz-readers.test.ts", "--reporter=verbose"],
  { cwd: root, stdio: "inherit", env: { ...process.env, BITCENTER_FUZZ: files } },
);
const seconds = ((performance.now() - started) / 1000).toFixed(0);
console.log(`fuzz: ${files} files for each of four readers, ${Math.ceil(files / 10)} for gzip, ${seconds} s`);
process.exitCode = status ?? 1;
