// npm run bench:batches [-- --rounds N] [-- --variant baseline|relaxed] [-- --memory]: rows per second of logistic steps, batches on tiles next to single
// rows and next to a float32 minibatch blocked alike (bench/native/batch.ts), data in L2 or (--memory) larger than any cache. Writes
// bench/results/batches-node<major>-<variant>.json and prints the table.

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Dataset } from "../bindings/data/dataset.js";
import { Problem } from "../bindings/data/problem.js";
import { Core, Scope } from "../bindings/engine/core.js";
import type { Kernel } from "../bindings/engine/kernels.js";
import type { Variant } from "../bindings/engine/load.js";
import { finish } from "../bindings/engine/work.js";
import { InnerRun } from "../bindings/solvers/stochastic/inner-run.js";
import type { BatchResults, BatchRow } from "./batch-results.js";
import { withFolder } from "./opponents.js";
import { type Case, environment, measure, pairedRatio } from "./rounds.js";

const { values: args } = parseArgs({
  options: {
    rounds: { type: "string", default: "15" },
    variant: { type: "string" },
    memory: { type: "boolean", default: false },
    out: { type: "string" },
  },
});
const ROUNDS = Number(args.rounds);
/** Bytes of float32 data of a case in L2, of int8 codes of one from memory. */
const CACHED_SET = 512 * 1024;
const MEMORY_SET = 2 ** 27;
const WIDTHS = args.memory ? [64, 256, 784] : [32, 64, 128, 256, 784, 4096];
/** Rows visited per call. */
const WORK = args.memory ? 16_384 : 1024;
/** Rows between two flushes, whatever the batch: what single steps have at most. */
const FLUSHED = 64;
const SIZES = [8, 16, 32] as const;

let seed = 1;
function random(): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return (seed >>> 8) / 2 ** 24;
}

interface Kind {
  readonly name: string;
  readonly isFloat: boolean;
  readonly batchSize: number;
}

const KINDS: readonly Kind[] = [
  { name: "float32, single rows", isFloat: true, batchSize: 1 },
  ...SIZES.map((batchSize) => ({ name: `float32, batches of ${batchSize}`, isFloat: true, batchSize })),
  { name: "int8 data, int16 delta, single rows", isFloat: false, batchSize: 1 },
  ...SIZES.map((batchSize) => ({ name: `tiles, batches of ${batchSize}`, isFloat: false, batchSize })),
];

/** Steps around the zero anchor. */
function caseOf(core: Core, scope: Scope, problem: Problem, { name, isFloat, batchSize }: Kind): Case {
  const { dataset } = problem;
  const isTiled = !isFloat && batchSize > 1;
  // from memory single rows and float32 batches come in blocks of the shuffled plane; tiles have an order of their own
  const plane = finish(dataset.plane(isFloat ? "float32" : "codes", false, args.memory && !isTiled));
  const stepSize = 1 / (2 * finish(problem.smoothness(plane)));
  const inner = finish(
    InnerRun.create(scope, problem, {
      plane,
      model: isFloat ? "F32" : "I16",
      alpha: stepSize / plane.largest ** 2,
      flushEvery: FLUSHED / batchSize,
      isStochastic: !isFloat,
      isCentred: true,
      hasBase: false,
      isPublished: false,
      rowsPerDraw: args.memory ? 32 : batchSize,
      batchSize: isTiled ? batchSize : 1,
    }),
  );
  const v = scope.alloc(inner.size * 8, "the anchor");
  const g = scope.alloc(inner.size * 8, "the gradient");
  finish(problem.exactPass(plane, v, g, inner.values));
  finish(inner.takeStates());
  core.f64(inner.gradientTarget, inner.size).set(core.f64(g, inner.size));
  const reach = (core.kernels.maxAbs(g, inner.size) / plane.largest) * stepSize * Math.min(dataset.rows, 2000);
  const delta = isFloat ? 1 : reach / 32767 / plane.largest;
  let call = 0;
  const run = (): void => void finish(inner.advance(7, call++, WORK / batchSize, delta, false));
  run();
  const isMoved = isFloat
    ? core.f32(inner.z, inner.size).some((x) => x !== 0 && Number.isFinite(x))
    : new Int16Array(core.view().buffer as ArrayBuffer, inner.z, inner.size).some((x) => x !== 0);
  if (!isMoved) throw new Error(`${name}: z has not moved`);
  return { name, work: WORK, run };
}

/** An engine whose float32 steps are batches where a draw brings several rows. */
function load(folder: string, variant: Variant): Core {
  const out = join(folder, `batch-${variant}.wasm`);
  execFileSync(process.execPath, [
    ...["node_modules/assemblyscript/bin/asc.js", "bench/native/batch.ts", "--config", "bench/twin/asconfig.json"],
    ...["--target", variant, "--outFile", out],
  ]);
  return new Core({ module: new WebAssembly.Module(readFileSync(out)) });
}

let isBatched = false;

/** InnerRun calls advanceF32F32: from now on that of batches while `isBatched`. */
function reroute(core: Core): void {
  const { kernels } = core;
  const { advanceF32F32 } = kernels;
  const { advanceBatch } = kernels as unknown as Record<"advanceBatch", Kernel>;
  const either = (run: number, steps: number): number => (isBatched ? advanceBatch : advanceF32F32)(run, steps);
  Object.defineProperty(core, "kernels", { value: { ...kernels, advanceF32F32: either } });
}

const variant = new Core({ variant: args.variant as Variant | undefined }).variant;
const results: BatchRow[] = [];
withFolder((folder) => {
  for (const columns of WIDTHS) {
    // linear memory never shrinks: an engine for each
    const core = load(folder, variant);
    Scope.scratch(core, (scope) => {
      const rows = args.memory ? Math.ceil(MEMORY_SET / columns) : Math.floor(CACHED_SET / (4 * columns));
      const data = new Int8Array(rows * columns);
      for (let i = 0; i < data.length; i++) data[i] = 254 * random() - 127;
      const labels = Array.from({ length: rows }, (_, i) => (i % 2 === 0 ? 1 : -1));
      const dataset = finish(Dataset.create(core, { data, rows, cols: columns }, labels));
      const problem = finish(Problem.create(dataset, { loss: "logistic", l2: 1e-3, fitIntercept: false }));
      reroute(core);
      const { setBatchSize } = core.kernels as unknown as Readonly<Record<string, Kernel>>;
      const cases = KINDS.map((kind) => {
        const one = caseOf(core, scope, problem, kind);
        const run = (): void => {
          isBatched = kind.isFloat && kind.batchSize > 1;
          setBatchSize?.(kind.batchSize);
          one.run();
        };
        return { ...one, run };
      });
      const measured = measure(cases, ROUNDS, 0.03);
      const single = measured.find(({ name }) => name.startsWith("int8")) as (typeof measured)[number];
      const rival = measured.slice(0, 4).reduce((best, one) => (one.rate > best.rate ? one : best));
      for (const { name, rate, rates, spread } of measured) {
        const [toSingle, toFloat] = [single, rival].map((one) => pairedRatio(rates, one.rates)) as [number, number];
        results.push({ columns, name, rate, spread, toSingle, toFloat });
      }
    });
    core.dispose();
  }
});
console.log(
  `Node ${process.version}, ${variant} module: million rows per s (× single int8 rows, × the fastest float32)`,
);
console.log("".padEnd(38) + WIDTHS.map((width) => `d = ${width}`.padStart(21)).join(""));
for (const { name } of KINDS) {
  const cells = WIDTHS.map((width) => {
    const row = results.find((one) => one.name === name && one.columns === width) as BatchRow;
    return `${(row.rate / 1e6).toPrecision(3)} (${row.toSingle.toFixed(2)}, ${row.toFloat.toFixed(2)})`.padStart(21);
  });
  console.log(name.padEnd(38) + cells.join(""));
}
const major = process.versions.node.split(".")[0];
const out = args.out ?? `bench/results/batches${args.memory ? "-memory" : ""}-node${major}-${variant}.json`;
mkdirSync("bench/results", { recursive: true });
const all: BatchResults = { environment: environment(variant), isFromMemory: args.memory, results };
writeFileSync(out, `${JSON.stringify(all, null, 2)}\n`);
console.log(`\nwritten to ${out}`);
