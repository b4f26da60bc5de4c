// npm run bench [-- --quick] [-- --data DIR]: kernels, passes and time to objective, one after the other.
// --quick takes less than three minutes and writes nothing; without it, complete runs are written to bench/results/ (then: npm run bench:report).
// Each part alone, with more options: npm run bench:kernels, bench:batches, bench:levels, bench:few-bits, bench:sparse, bench:training, bench:objective, bench:robustness.
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

const { values: args } = parseArgs({
  options: { quick: { type: "boolean", default: false }, data: { type: "string", default: "../shared/data" } },
});

/** Each in a process of its own: what one has compiled and allocated must not be felt by the next. */
function part(title: string, program: string, options: readonly string[]): void {
  console.log(`=== ${title} ===\n`);
  const { status } = spawnSync(process.execPath, [`build/bench/${program}.js`, ...options], { stdio: "inherit" });
  if (status !== 0) throw new Error(`${title}: ended with exit code ${status}`);
  console.log("");
}

const data = ["--data", args.data];
if (args.quick) {
  // kernels always writes: to a place where it does not matter
  part("Kernels", "kernels", [
    "--cached",
    "--rounds",
    "3",
    "--out",
    join(tmpdir(), `bitcenter-kernels-${process.pid}.json`),
  ]);
  for (const only of ["regression", "digits"]) part("Passes", "training", ["--quick", "--only", only, ...data]);
  part("Time to objective", "objective", ["--quick", ...data]);
  part("Robustness", "robustness", ["--count", "16", "--seeds", "1"]);
} else {
  part("Kernels", "kernels", []);
  part("Batches", "batches", []);
  part("Batches from memory", "batches", ["--memory"]);
  part("Passes", "training", data);
  part("Time to objective", "objective", data);
  part("Robustness", "robustness", []);
  part("Levels", "levels", []);
  part("Few bits", "few-bits", data);
  part("Sparse rows", "sparse", data);
}
