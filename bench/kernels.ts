// npm run bench:kernels [-- --rounds N] [-- --variant baseline|relaxed] [-- --cached]: dots, bare passes and whole single-sample steps, L2-resident, and steps
// from memory, against float32 and, for dots, against C. Writes bench/results/kernels-node<major>-<variant>.json and prints the tables.

import { mkdirSync, writeFileSync } from "node:fs";
import { freemem } from "node:os";
import { parseArgs } from "node:util";
import { Dataset } from "../bindings/data/dataset.js";
import { Problem } from "../bindings/data/problem.js";
import { strideFor } from "../bindings/data/raw-rows.js";
import { Core, Scope } from "../bindings/engine/core.js";
import type { CodeStorage, KernelName } from "../bindings/engine/kernels.js";
import type { Variant } from "../bindings/engine/load.js";
import { finish } from "../bindings/engine/work.js";
import { InnerRun } from "../bindings/solvers/stochastic/inner-run.js";
import type { KernelGroup, KernelResults, KernelRow } from "./kernel-results.js";
import { compilePasses, NativeDots, type NativeKind, type Passes, type PassName, withFolder } from "./opponents.js";
import { axpyCases, packedDotCases, sweepCases } from "./packed-cases.js";
import { type Case, environment, type Measurement, measure, pairedRatio } from "./rounds.js";

const { values: args } = parseArgs({
  options: {
    rounds: { type: "string", default: "15" },
    variant: { type: "string" },
    out: { type: "string" },
    cached: { type: "boolean", default: false },
  },
});
const ROUNDS = Number(args.rounds);
const SECONDS = 0.03;
/** Bytes of float32 data per case: half of a small L2. */
const WORKING_SET = 512 * 1024;
const WIDTHS = [256, 784, 4096];
/** Values of a set that no cache holds (as bytes, even at 4 bits), its steps per call: they must not fit, either; and its rounds. */
const MEMORY_SET = 2 ** 28;
/** Values of the sets whose dots are streamed: 2 GiB as float32. At 2 and 1 bits a large outermost cache may hold a part. */
const STREAM_SET = 2 ** 29;
const SWEEP_COLUMNS = [896, 4096];
const MEMORY_STEPS = 20_000;
/** Bytes that such a set takes in all, with float32 and both orders of the rows. */
const MEMORY_NEEDED = 17 * MEMORY_SET;
/** Rows per draw in blocks, as bindings/solvers/stochastic/session.ts has it. */
const BLOCK_ROWS = 32;
/** Rows that the first steps of a run may come from: what the delta's range is chosen for. */
const FIRST_ROWS = 2000;

let seed = 1;
function random(): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return (seed >>> 8) / 2 ** 24;
}

type Numbers = Float32Array | Int16Array | Int8Array;
type NumbersKind = "f32" | "i16" | "i8";

/** Random values: whole ones in least..most, or reals in ±1/2. */
function numbers(kind: NumbersKind, count: number, least: number, most: number): Numbers {
  const make = { f32: Float32Array, i16: Int16Array, i8: Int8Array }[kind];
  const values = new make(count);
  for (let i = 0; i < count; i++) {
    values[i] = kind === "f32" ? random() - 0.5 : Math.floor(least + (most - least + 1) * random());
  }
  return values;
}

function bytesOf({ buffer, byteOffset, byteLength }: Numbers): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

const roundUp = (value: number, step: number): number => Math.ceil(value / step) * step;

/** Σ x·z over one row, and what float32 may be off by. */
function plainDot(x: Numbers, z: Numbers, from: number, columns: number): { sum: number; slack: number } {
  let sum = 0;
  let size = 0;
  for (let j = 0; j < columns; j++) {
    const product = (x[from + j] as number) * (z[j] as number);
    sum += product;
    size += Math.abs(product);
  }
  return { sum, slack: x instanceof Float32Array ? columns * 2 ** -24 * size : 0 };
}

interface DotKind {
  readonly name: string;
  readonly kernel: KernelName;
  readonly x: readonly [kind: NumbersKind, least: number, most: number];
  readonly z: readonly [kind: NumbersKind, least: number, most: number];
  readonly native: NativeKind | null;
}

const REAL = ["f32", 0, 0] as const;
const DOTS: readonly DotKind[] = [
  { name: "float32", kernel: "dotF32F32", x: REAL, z: REAL, native: "f32" },
  // the C kernels for int16 do not widen their sums: smaller values
  { name: "int16 × int16", kernel: "dotI16I16", x: ["i16", -127, 127], z: ["i16", -2047, 2047], native: "i16" },
  { name: "int8 × int16", kernel: "dotI8I16", x: ["i8", -127, 127], z: ["i16", -2047, 2047], native: "i8xi16" },
  { name: "int8 × int8", kernel: "dotI8I8", x: ["i8", -127, 127], z: ["i8", -128, 127], native: null },
  { name: "int8 (0..127) × int8", kernel: "dotI7I8", x: ["i8", 0, 127], z: ["i8", -128, 127], native: "i8" },
];

function dotCases(core: Core, scope: Scope, columns: number, native: NativeDots | null): Case[] {
  const rows = Math.floor(WORKING_SET / (4 * columns));
  const work = rows * columns;
  return DOTS.flatMap(({ name, kernel: kernelName, x, z, native: nativeKind }) => {
    const data = numbers(x[0], work, x[1], x[2]);
    const model = numbers(z[0], columns, z[1], z[2]);
    // our rows are padded to 32 columns, and pay for it
    const padded = roundUp(columns, 32);
    const stride = strideFor(padded * data.BYTES_PER_ELEMENT);
    const pointer = scope.alloc(stride * rows, "rows");
    const zPointer = scope.alloc(padded * model.BYTES_PER_ELEMENT, "z");
    core.bytes(pointer, stride * rows).fill(0);
    core.bytes(zPointer, padded * model.BYTES_PER_ELEMENT).fill(0);
    for (let i = 0; i < rows; i++) {
      const row = bytesOf(data.subarray(i * columns, (i + 1) * columns));
      core.bytes(pointer + i * stride, row.length).set(row);
    }
    core.bytes(zPointer, model.byteLength).set(bytesOf(model));
    const kernel = core.kernels[kernelName];
    let [total, slack] = [0, 0];
    for (let i = 0; i < rows; i++) {
      const expected = plainDot(data, model, i * columns, columns);
      const given = kernel(pointer + i * stride, zPointer, padded);
      if (!(Math.abs(given - expected.sum) <= expected.slack)) throw new Error(`${kernelName} is wrong at row ${i}`);
      total += expected.sum;
      slack += expected.slack;
    }
    const run = (): void => {
      for (let i = 0, row = pointer; i < rows; i++, row += stride) kernel(row, zPointer, padded);
    };
    const cases: Case[] = [{ name, work, run }];
    if (native !== null && nativeKind !== null) {
      const input = Buffer.concat([bytesOf(data), bytesOf(model)]);
      const sample = (): number => {
        const { sum, rate } = native.run(nativeKind, rows, columns, SECONDS, input);
        if (!(Math.abs(sum - total) <= slack)) throw new Error(`C ${nativeKind} gives ${sum}, expected ${total}`);
        return rate;
      };
      cases.push({ name: `C ${name}`, work, run: () => {}, sample });
    }
    return cases;
  });
}

const FLOATS: readonly (readonly [name: string, pass: PassName, step: number])[] = [
  ["float32, the engine's", "engineF32F32", 32],
  ["float32 fused, mul + add, 4 sums", "fusedMulAdd4", 16],
  ["float32 fused, mul + add, 8 sums", "fusedMulAdd8", 32],
  ["float32 axpy, then dot, mul + add", "plainMulAdd4", 16],
];
const RELAXED_FLOATS: typeof FLOATS = [
  ["float32 fused, relaxed madd, 4 sums", "fusedMadd4", 16],
  ["float32 fused, relaxed madd, 8 sums", "fusedMadd8", 32],
  ["float32 axpy, then dot, relaxed madd", "plainMadd4", 16],
];
const INTEGERS: readonly (readonly [name: string, pass: PassName, x: "i8" | "i16", z: "i8" | "i16"])[] = [
  ["int8 data, int16 delta", "engineI8I16", "i8", "i16"],
  ["int8 data, int8 delta", "engineI8I8", "i8", "i8"],
  ["int16 data, int16 delta", "engineI16I16", "i16", "i16"],
];

/** z += k·x and the dot of the new z with the next row, nothing else. Stochastic rounding, a shift of 7 (22 for int16 data) as in mid-run. */
function passCases({ memory, heapBase, pass }: Passes, variant: Variant, columns: number): Case[] {
  const rows = Math.floor(WORKING_SET / (4 * columns));
  let top = roundUp(heapBase(), 64);
  const place = (values: Numbers): number => {
    const pointer = top;
    new Uint8Array(memory.buffer, pointer, values.byteLength).set(bytesOf(values));
    top = roundUp(pointer + values.byteLength, 64);
    return pointer;
  };
  /** Rows at a stride as the engine would choose it, padded to `step` columns, z of zeros behind them. */
  const layOut = (kind: NumbersKind, zKind: NumbersKind, limit: number, step: number) => {
    const padded = roundUp(columns, step);
    const make = numbers(kind, 0, 0, 0);
    const elements = strideFor(padded * make.BYTES_PER_ELEMENT) / make.BYTES_PER_ELEMENT;
    const data = numbers(kind, rows * elements, -limit, limit);
    for (let i = 0; i < rows; i++) data.fill(0, i * elements + columns, (i + 1) * elements);
    const z = numbers(zKind, padded, 0, 0);
    z.fill(0);
    return { data, elements, padded, stride: elements * make.BYTES_PER_ELEMENT, x: place(data), z: place(z) };
  };
  const sweep = (step: (x: number, y: number, i: number) => void, x: number, stride: number) => (): void => {
    for (let i = 0; i < rows - 1; i++) step(x + i * stride, x + (i + 1) * stride, i);
  };
  const work = (rows - 1) * columns;

  const floats = layOut("f32", "f32", 0, 32);
  const floatCases = [...FLOATS, ...(variant === "relaxed" ? RELAXED_FLOATS : [])].map(
    ([name, passName, step]): Case => {
      const kernel = pass[passName];
      const width = roundUp(columns, step);
      const { data, elements, x, z, stride } = floats;
      const zView = new Float32Array(memory.buffer, z, floats.padded).fill(0);
      const given = kernel(z, x, x + stride, width, 0.125);
      const expected = plainDot(
        data.subarray(0, columns).map((value) => 0.125 * value),
        data.subarray(elements, elements + columns),
        0,
        columns,
      );
      if (!(Math.abs(given - expected.sum) <= 2 * expected.slack)) throw new Error(`${passName} is wrong`);
      zView.fill(0);
      // signs alternate, so that z stays small
      return { name, work, run: sweep((a, b, i) => kernel(z, a, b, width, i & 1 ? -0.125 : 0.125), x, stride) };
    },
  );

  const integerCases = INTEGERS.map(([name, passName, kind, zKind]): Case => {
    const kernel = pass[passName];
    const isWide = kind === "i16";
    const { data, elements, padded, x, z, stride } = layOut(kind, zKind, isWide ? 32767 : 127, 32);
    const [k, s] = isWide ? [20_000, 22] : [100, 7];
    const lane = Uint16Array.from({ length: 8 }, () => Math.floor(random() * (isWide ? 65536 : 2 ** s)));
    const offsets = place(new Int16Array(lane.buffer));
    const negatives = Array.from({ length: rows }, (_, i) => {
      let sum = 0;
      for (let j = 0; j < columns; j++) sum -= Math.min(data[i * elements + j] as number, 0);
      return sum;
    });
    const call = (a: number, b: number, i: number): number =>
      kernel(z, a, b, padded, i & 1 ? -k : k, s, offsets, negatives[i + 1] as number);
    let expected = 0;
    for (let j = 0; j < columns; j++) {
      const r = (lane[j & 7] as number) * (isWide ? 2 ** (s - 16) : 1);
      expected += Math.floor((k * (data[j] as number) + r) / 2 ** s) * (data[elements + j] as number);
    }
    const given = call(x, x + stride, 0);
    if (given !== expected) throw new Error(`${passName} gives ${given}, expected ${expected}`);
    return { name, work, run: sweep(call, x, stride) };
  });
  return [...floatCases, ...integerCases];
}

interface StepKind {
  readonly name: string;
  readonly data: "codes" | "float32";
  readonly model: CodeStorage;
  readonly bits: 2 | 4 | 8 | 16;
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
  { name: "4-bit data, int16 delta, stochastic", data: "codes", model: "I16", bits: 4, isStochastic: true },
  { name: "4-bit data, int8 delta, stochastic", data: "codes", model: "I8", bits: 4, isStochastic: true },
  { name: "2-bit data, int16 delta, stochastic", data: "codes", model: "I16", bits: 2, isStochastic: true },
  { name: "2-bit data, int8 delta, stochastic", data: "codes", model: "I8", bits: 2, isStochastic: true },
];

/** Steps around the zero anchor, the dense term every 64 steps, the delta's range as HALP's "auto" would choose it; `isCentred` false: of SGD, without a dense term. */
function steps(
  core: Core,
  scope: Scope,
  problem: Problem,
  kind: StepKind,
  stepsPerCall: number,
  isInBlocks = false,
  isCentred = true,
): () => void {
  const { dataset } = problem;
  const plane = finish(dataset.plane(kind.data, false, isInBlocks));
  const squared = plane.largest ** 2;
  const stepSize = 1 / (2 * finish(problem.smoothness(plane)));
  const inner = finish(
    InnerRun.create(scope, problem, {
      plane,
      model: kind.model,
      alpha: stepSize / squared,
      flushEvery: kind.isPublished || !isCentred ? 0 : 64,
      isStochastic: kind.isStochastic,
      isCentred,
      hasBase: false,
      isPublished: kind.isPublished ?? false,
      rowsPerDraw: isInBlocks ? BLOCK_ROWS : 1,
    }),
  );
  const v = scope.alloc(inner.size * 8, "the anchor");
  const g = scope.alloc(inner.size * 8, "the gradient");
  core.f64(v, inner.size).fill(0);
  finish(problem.exactPass(plane, v, g, inner.values));
  finish(inner.takeStates());
  core.f64(inner.gradientTarget, inner.size).set(core.f64(g, inner.size));
  const limit = kind.model === "F32" ? 1 : kind.model === "I8" ? 127 : 32767;
  const reach = (core.kernels.maxAbs(g, inner.size) / plane.largest) * stepSize * Math.min(dataset.rows, FIRST_ROWS);
  const delta = kind.model === "F32" ? 1 : reach / limit / plane.largest;
  let call = 0;
  return () => void finish(inner.advance(7, call++, stepsPerCall, delta, false));
}

/** One class: logistic loss. */
function stepCases(core: Core, scope: Scope, columns: number, classes: number): Case[] {
  const rows = Math.floor(WORKING_SET / (4 * columns));
  const data = Float32Array.from({ length: rows * columns }, () => random() - 0.5);
  const isBinary = classes === 1;
  const labels = Array.from({ length: rows }, (_, i) => (isBinary ? (i % 2 === 0 ? 1 : -1) : i % classes));
  const work = Math.ceil(1000 / classes);
  return STEPS.map((kind) => {
    const dataset = finish(Dataset.create(core, { data, rows, cols: columns }, labels, { bits: kind.bits }));
    const loss = isBinary ? "logistic" : "softmax";
    const problem = finish(Problem.create(dataset, { loss, l2: 1e-3, fitIntercept: false }));
    return { name: kind.name, work, run: steps(core, scope, problem, kind, work) };
  });
}

/** The same on more codes than a cache holds: rows drawn one by one, and blocks of neighbours from shuffled codes. Packed ones in an engine of their own. */
function memoryCases(
  core: Core,
  scope: Scope,
  other: Core,
  otherScope: Scope,
  columns: number,
): { steps: Case[]; epochs: Case[] } {
  const rows = Math.ceil(MEMORY_SET / columns);
  const data = new Int8Array(rows * columns);
  for (let i = 0; i < data.length; i++) data[i] = 254 * random() - 127;
  const labels = Array.from({ length: rows }, (_, i) => (i % 2 === 0 ? 1 : -1));
  const problems = new Map<number, Problem>();
  for (const bits of [8, 4, 2] as const) {
    const dataset = finish(Dataset.create(bits === 8 ? core : other, { data, rows, cols: columns }, labels, { bits }));
    problems.set(bits, finish(Problem.create(dataset, { loss: "logistic", l2: 1e-3, fitIntercept: false })));
  }
  const kinds = STEPS.filter(({ name }) => name === "float32" || /^(int8|4-bit|2-bit) data, .*stochastic/.test(name));
  const caseOf = (kind: StepKind, name: string, isInBlocks: boolean, isCentred: boolean): Case => {
    const [home, room] = kind.bits === 8 ? [core, scope] : [other, otherScope];
    const problem = problems.get(kind.bits) as Problem;
    return { name, work: MEMORY_STEPS, run: steps(home, room, problem, kind, MEMORY_STEPS, isInBlocks, isCentred) };
  };
  const inOrder = [true, false].flatMap((isInBlocks) =>
    kinds.map((kind) => caseOf(kind, `${kind.name}, ${isInBlocks ? "in blocks" : "row by row"}`, isInBlocks, true)),
  );
  return {
    steps: inOrder,
    epochs: kinds.map((kind) => caseOf(kind, kind.name.replace("delta", "model"), true, false)),
  };
}

const UNITS: Record<KernelGroup, readonly [title: string, unit: number]> = {
  dot: ["dot, multiply-adds per ns (× our float32)", 1e9],
  axpy: ["axpy, columns per ns (× the fastest float32)", 1e9],
  sweep: ["dots of many rows in one call, multiply-adds per ns (× our float32)", 1e9],
  stream: ["dot from memory in order, multiply-adds per ns (× our float32)", 1e9],
  pass: ["bare pass, columns per ns (× the fastest float32)", 1e9],
  step: ["logistic step, million per s (× our float32)", 1e6],
  softmax: ["softmax step of 10 classes, thousand per s (× our float32)", 1e3],
  epoch: ["SGD step on 2²⁸ values in blocks, million per s (× our float32)", 1e6],
  memory: ["logistic step on 2²⁸ values, million per s (× our float32 in blocks)", 1e6],
};

function table(rows: readonly KernelRow[], group: KernelGroup): string {
  const members = rows.filter((row) => row.group === group);
  const names = [...new Set(members.map(({ name }) => name))];
  const widths = [...new Set(members.map(({ columns }) => columns))];
  const [title, unit] = UNITS[group];
  const lines = [title.padEnd(60) + widths.map((width) => `d = ${width}`.padStart(16)).join("")];
  for (const name of names) {
    const cells = widths.map((width) => {
      const row = members.find((one) => one.name === name && one.columns === width) as KernelRow;
      return `${(row.rate / unit).toPrecision(3)} (${row.ratio.toFixed(2)}×)`.padStart(16);
    });
    lines.push(name.padEnd(60) + cells.join(""));
  }
  return lines.join("\n");
}

const core = new Core({ variant: args.variant as Variant | undefined });
const results: KernelRow[] = [];

/** One group at one width; ratios against the first case, or for passes against the fastest float32. */
function add(group: KernelGroup, columns: number, cases: readonly Case[]): void {
  const measured = measure(cases, ROUNDS, SECONDS);
  const floats = measured.filter(({ name }) => name.startsWith("float32"));
  const rival = floats.reduce((best, one) => (one.rate > best.rate ? one : best));
  const base = group === "pass" || group === "axpy" ? rival : (measured[0] as Measurement);
  for (const one of measured) results.push({ group, columns, ...one, ratio: pairedRatio(one.rates, base.rates) });
}

const compiler = withFolder((folder) => {
  const native = NativeDots.compile(folder);
  const passes = compilePasses(folder, core.variant);
  for (const columns of WIDTHS) {
    const rows = Math.floor(WORKING_SET / (4 * columns));
    Scope.scratch(core, (scope) =>
      add("dot", columns, [
        ...dotCases(core, scope, columns, native),
        ...packedDotCases(core, scope, rows, columns, random),
      ]),
    );
    add("axpy", columns, axpyCases(passes, core.variant, rows, columns, random));
    add("pass", columns, passCases(passes, core.variant, columns));
    Scope.scratch(core, (scope) => add("step", columns, stepCases(core, scope, columns, 1)));
  }
  Scope.scratch(core, (scope) => add("softmax", 784, stepCases(core, scope, 784, 10)));
  for (const columns of args.cached ? [] : WIDTHS) {
    if (freemem() < MEMORY_NEEDED) {
      console.log(`skipped: steps from memory at d = ${columns} (less than ${MEMORY_NEEDED / 2 ** 30} GiB free)`);
      continue;
    }
    // linear memory never shrinks: an engine for each
    const large = new Core({ variant: core.variant });
    const other = new Core({ variant: core.variant });
    Scope.scratch(large, (scope) =>
      Scope.scratch(other, (room) => {
        const cases = memoryCases(large, scope, other, room, columns);
        add("memory", columns, cases.steps);
        add("epoch", columns, cases.epochs);
      }),
    );
    large.dispose();
    other.dispose();
  }
  for (const columns of SWEEP_COLUMNS) {
    add("sweep", columns, sweepCases(compilePasses(folder, core.variant), WORKING_SET / 4, columns, false));
    if (!args.cached)
      add("stream", columns, sweepCases(compilePasses(folder, core.variant), STREAM_SET, columns, true));
  }
  return native?.compiler ?? null;
});
console.log(`Node ${process.version}, ${core.variant} module`);
for (const group of ["dot", "sweep", "stream", "axpy", "pass", "step", "softmax", "memory", "epoch"] as const) {
  if (results.some((row) => row.group === group)) console.log(`\n${table(results, group)}`);
}
const out = args.out ?? `bench/results/kernels-node${process.versions.node.split(".")[0]}-${core.variant}.json`;
mkdirSync("bench/results", { recursive: true });
const written: KernelResults = { environment: environment(core.variant), compiler, results };
writeFileSync(out, `${JSON.stringify(written, null, 2)}\n`);
console.log(`\nwritten to ${out}`);
