// npm run bench:kernels [-- --rounds N]: dots and fused single-sample steps against our own float32, L2-resident.
// Writes bench/results/kernels-node<major>-<variant>.json and prints the table.
import { mkdirSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Dataset } from "../bindings/data/dataset.js";
import { Problem } from "../bindings/data/problem.js";
import { Core, Scope } from "../bindings/engine/core.js";
import type { CodeStorage, KernelName } from "../bindings/engine/kernels.js";
import type { Variant } from "../bindings/engine/load.js";
import { InnerRun } from "../bindings/solvers/inner-run.js";
import { type Case, environment, type Measurement, measure } from "./rounds.js";

const { values: args } = parseArgs({
  options: { rounds: { type: "string", default: "9" }, variant: { type: "string" }, out: { type: "string" } },
});
const ROUNDS = Number(args.rounds);
const SECONDS = 0.08;
/** Bytes of float32 data per case: half of a small L2. */
const WORKING_SET = 512 * 1024;
const WIDTHS = [256, 784, 4096];

let seed = 1;
function random(): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return (seed >>> 8) / 2 ** 24;
}

interface Row extends Measurement {
  readonly group: string;
  readonly columns: number;
  readonly ratio: number;
}

function dotCases(core: Core, scope: Scope, columns: number): Case[] {
  const rows = Math.floor(WORKING_SET / (4 * columns));
  const kinds: [name: KernelName, xBytes: number, zBytes: number, top: number, low: number][] = [
    ["dotF32F32", 4, 4, 0, 0],
    ["dotI16I16", 2, 2, 32767, -32767],
    ["dotI8I16", 1, 2, 127, -127],
    ["dotI8I8", 1, 1, 127, -127],
    ["dotI7I8", 1, 1, 127, 0],
  ];
  return kinds.map(([name, xBytes, zBytes, top, low]) => {
    const x = scope.alloc(rows * columns * xBytes, "rows");
    const z = scope.alloc(columns * zBytes, "z");
    const write = (pointer: number, bytes: number, count: number, least: number, most: number): number[] => {
      const values = Array.from({ length: count }, () =>
        most === 0 ? Math.fround(random() - 0.5) : Math.floor(least + (most - least + 1) * random()),
      );
      if (bytes === 4) core.f32(pointer, count).set(values);
      else if (bytes === 2) new Int16Array(core.bytes(pointer, 2 * count).buffer, pointer, count).set(values);
      else new Int8Array(core.bytes(pointer, count).buffer, pointer, count).set(values);
      return values;
    };
    const data = write(x, xBytes, rows * columns, low, top);
    const model = write(
      z,
      zBytes,
      columns,
      top === 0 ? 0 : -(zBytes === 1 ? 128 : 32768),
      top === 0 ? 0 : zBytes === 1 ? 127 : 32767,
    );
    const kernel = core.kernels[name];
    const expected = model.reduce((sum, value, j) => sum + value * (data[j] as number), 0);
    const slack =
      xBytes === 4
        ? columns * 2 ** -24 * model.reduce((sum, value, j) => sum + Math.abs(value * (data[j] as number)), 0)
        : 0;
    if (Math.abs(kernel(x, z, columns) - expected) > slack) throw new Error(`${name} is wrong at ${columns} columns`);
    const run = (): void => {
      for (let i = 0, row = x; i < rows; i++, row += columns * xBytes) kernel(row, z, columns);
    };
    return { name, work: rows * columns, run };
  });
}

interface StepKind {
  readonly name: string;
  readonly data: "codes" | "float32";
  readonly model: CodeStorage;
  readonly bits: 8 | 16;
  readonly isStochastic: boolean;
  readonly isPublished?: boolean;
}

const STEPS: StepKind[] = [
  { name: "float32", data: "float32", model: "F32", bits: 8, isStochastic: false },
  { name: "int8 data, int16 delta, stochastic", data: "codes", model: "I16", bits: 8, isStochastic: true },
  { name: "int8 data, int16 delta, nearest", data: "codes", model: "I16", bits: 8, isStochastic: false },
  { name: "int8 data, int8 delta, stochastic", data: "codes", model: "I8", bits: 8, isStochastic: true },
  { name: "int8 data, int8 delta, nearest", data: "codes", model: "I8", bits: 8, isStochastic: false },
  {
    name: "int8, int8, as published (dense each step)",
    data: "codes",
    model: "I8",
    bits: 8,
    isStochastic: true,
    isPublished: true,
  },
  { name: "int16 data, int16 delta, stochastic", data: "codes", model: "I16", bits: 16, isStochastic: true },
];

/** Logistic steps around the zero anchor, the dense term every 64 steps; the delta's range as HALP's "auto" would choose it. */
function stepCases(core: Core, scope: Scope, columns: number): Case[] {
  const rows = Math.floor(WORKING_SET / (4 * columns));
  const data = Float32Array.from({ length: rows * columns }, () => random() - 0.5);
  const labels = Array.from({ length: rows }, (_, i) => (i % 2 === 0 ? 1 : -1));
  const STEPS_PER_CALL = 1000;
  return STEPS.map((kind) => {
    const dataset = new Dataset(core, { data, rows, cols: columns }, labels, { bits: kind.bits });
    const problem = new Problem(dataset, { loss: "logistic", l2: 1e-3, fitIntercept: false });
    const plane = dataset.plane(kind.data, false);
    const squared = plane.largest ** 2;
    const stepSize = 1 / (2 * problem.smoothness(plane));
    const inner = new InnerRun(scope, problem, {
      plane,
      model: kind.model,
      alpha: stepSize / squared,
      flushEvery: kind.isPublished ? 0 : 64,
      isStochastic: kind.isStochastic,
      isCentred: true,
      hasBase: false,
      isPublished: kind.isPublished ?? false,
    });
    const v = scope.alloc(inner.size * 8, "the anchor");
    const g = scope.alloc(inner.size * 8, "the gradient");
    problem.exactPass(plane, v, g, inner.state);
    core.f64(inner.gradientTarget, inner.size).set(core.f64(g, inner.size));
    const limit = kind.model === "F32" ? 1 : kind.model === "I8" ? 127 : 32767;
    const reach = (core.kernels.maxAbs(g, inner.size) / plane.largest) * stepSize * rows;
    const delta = kind.model === "F32" ? 1 : reach / limit / plane.largest;
    let call = 0;
    return {
      name: kind.name,
      work: STEPS_PER_CALL,
      run: () => void inner.advance(7, call++, STEPS_PER_CALL, delta, false),
    };
  });
}

function table(rows: readonly Row[], group: string, unit: string): string {
  const names = [...new Set(rows.filter((row) => row.group === group).map((row) => row.name))];
  const lines = [
    `${group} (${unit}, × float32)`.padEnd(46) + WIDTHS.map((width) => `d = ${width}`.padStart(18)).join(""),
  ];
  for (const name of names) {
    const cells = WIDTHS.map((width) => {
      const row = rows.find((one) => one.group === group && one.name === name && one.columns === width) as Row;
      const rate = group === "dot" ? (row.rate / 1e9).toFixed(1) : (row.rate / 1e6).toFixed(2);
      return `${rate} (${row.ratio.toFixed(2)}×)`.padStart(18);
    });
    lines.push(name.padEnd(46) + cells.join(""));
  }
  return lines.join("\n");
}

const core = new Core({ variant: args.variant as Variant | undefined });
const results: Row[] = [];
for (const columns of WIDTHS) {
  for (const [group, make] of [
    ["dot", dotCases],
    ["step", stepCases],
  ] as const) {
    Scope.scratch(core, (scope) => {
      const measured = measure(make(core, scope, columns), ROUNDS, SECONDS);
      const base = measured[0] as Measurement;
      for (const one of measured) results.push({ group, columns, ...one, ratio: one.rate / base.rate });
    });
  }
}
console.log(`Node ${process.version}, ${core.variant} module\n`);
console.log(table(results, "dot", "multiply-adds per ns"), "\n");
console.log(table(results, "step", "million steps per s"));
const out = args.out ?? `bench/results/kernels-node${process.versions.node.split(".")[0]}-${core.variant}.json`;
mkdirSync("bench/results", { recursive: true });
writeFileSync(out, `${JSON.stringify({ environment: environment(core.variant), results }, null, 2)}\n`);
console.log(`\nwritten to ${out}`);
