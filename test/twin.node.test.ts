// The float32 twin of the benchmark (bench/twin): its kernels against float64 sums within the rounding that float32 may cost, and its optimum beside that
// of `auto`. Were its kernels wrong, the benchmark would compare with something that does less work, or more.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { compileTwin, loadTwin, type TwinKernels } from "../bench/twin/compile.js";
import type { ExactWhen } from "../bench/twin/real-products.js";
import { Twin } from "../bench/twin/twin.js";
import { Core, Scope } from "../bindings/engine/core.js";
import { auto, createEngine, type LossName, type NewtonReport, type NumericArray } from "../bindings/index.js";
import { tileMap } from "./oracle/newton.js";
import { dice, sampleFor } from "./support/data.js";
import { VARIANTS } from "./support/variants.js";

const folder = mkdtempSync(join(tmpdir(), "bitcenter-twin-"));
const modules = VARIANTS.map((variant) => ({ variant, module: loadTwin(compileTwin(folder, variant)) }));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Half a unit in the last place of 1. */
const FLOAT32 = 2 ** -24;
const FLOAT64 = 2 ** -53;
/** First-order bounds hold up to terms of second order. */
const SLACK = 1.01;
/** Rows whose sums stay float32, at most; in the Gram matrix fewer. */
const FLUSH = 256;

interface Shape {
  readonly rows: number;
  /** A multiple of 4. */
  readonly columns: number;
  readonly classes: number;
  /** Part of the tiles that hold something, for a case with a map of zeros; in half of them one number is not 0. */
  readonly held?: number;
}

/** Every path of the kernels: full tiles and rests of rows (4, 2), columns (32, 8, 4) and classes (5), more rows than a block and than a float32 sum. */
const SHAPES: readonly Shape[] = [
  { rows: 1, columns: 4, classes: 1 },
  { rows: 7, columns: 36, classes: 1 },
  { rows: 600, columns: 44, classes: 1 },
  { rows: 3, columns: 12, classes: 3 },
  { rows: 5, columns: 16, classes: 5 },
  { rows: 301, columns: 28, classes: 7 },
  // maps: no tile, one, all zeros, all full; odd rows, more than a strip of them; more columns than a word has tiles, with and without four left over
  { rows: 9, columns: 4, classes: 5, held: 0.5 },
  { rows: 1, columns: 8, classes: 5, held: 1 },
  { rows: 70, columns: 36, classes: 5, held: 0 },
  { rows: 67, columns: 28, classes: 7, held: 1 },
  { rows: 5, columns: 260, classes: 5, held: 0.5 },
  { rows: 64, columns: 264, classes: 5, held: 0.3 },
  { rows: 63, columns: 20, classes: 10, held: 0.5 },
  { rows: 131, columns: 300, classes: 6, held: 0.2 },
  { rows: 333, columns: 76, classes: 5, held: 0.4 },
];
/** Rows of a strip of the map: as many as the kernels below the passes take at most. */
const MAP_ROWS = 64;

/** Entries of zero tiles: ±0 here, random numbers elsewhere. */
function tilesOf({ rows, columns, held = 1 }: Shape): (i: number, j: number, value: number) => number {
  const { uniform } = dice(rows + 7 * columns);
  // uniform numbers are −1 … 1
  const chance = (): number => (uniform() + 1) / 2;
  const across = Math.floor(columns / 8);
  const tiles = Array.from({ length: Math.ceil(rows / 2) * across }, (_, at) => {
    const isLast = Math.floor(at / across) === rows >> 1;
    if (chance() >= held) return () => false;
    if (held === 1 || chance() < 0.5) return () => true;
    const [row, column] = [isLast || chance() < 0.5 ? 0 : 1, Math.floor(8 * chance())];
    return (i: number, j: number) => i === row && j === column;
  });
  return (i, j, value) => {
    if (j >= 8 * across) return value;
    return tiles[(i >> 1) * across + (j >> 3)]?.(i & 1, j & 7) ? value : 0 * value;
  };
}

/** A case in memory, and as JavaScript sees it. */
class Case {
  readonly shape: Shape;
  readonly scope: Scope;
  readonly core: Core;
  readonly strideBytes: number;
  readonly x: number;
  readonly at: (i: number, j: number) => number;

  constructor(core: Core, shape: Shape) {
    this.core = core;
    this.shape = shape;
    this.scope = new Scope(core);
    const { rows, columns } = shape;
    // rows a little apart, with numbers between them that no kernel may use
    this.strideBytes = columns * 4 + 16;
    const { normal } = dice(rows * 1000 + columns);
    const entry = tilesOf(shape);
    const pitch = columns + 4;
    this.x = this.reals(rows * pitch, (k) =>
      k % pitch < columns ? entry(Math.floor(k / pitch), k % pitch, normal()) : 1e30,
    );
    const values = core.f32(this.x, rows * (columns + 4)).slice();
    this.at = (i, j) => values[i * (columns + 4) + j] as number;
  }

  /** A map of zeros, or 0 where the shape has none (or the kernel takes `most` rows with one). */
  map(kernels: TwinKernels, most = Number.POSITIVE_INFINITY): number {
    const { rows, columns, held } = this.shape;
    if (held === undefined || rows > most) return 0;
    const size = kernels.tileBytes(rows, columns) + 16;
    const map = this.scope.alloc(size, "test data");
    this.core.bytes(map, size).fill(0);
    kernels.markRealTiles(this.x, this.strideBytes, rows, columns, map);
    return map;
  }

  reals(count: number, of: (k: number) => number): number {
    const pointer = this.scope.alloc(count * 4 + 16, "test data");
    this.core.f32(pointer, count).set(Float32Array.from({ length: count }, (_, k) => of(k)));
    return pointer;
  }

  doubles(count: number, of: (k: number) => number): number {
    const pointer = this.scope.alloc(count * 8 + 16, "test data");
    this.core.f64(pointer, count).set(Float64Array.from({ length: count }, (_, k) => of(k)));
    return pointer;
  }

  readReals(pointer: number, count: number): Float64Array {
    return Float64Array.from(this.core.f32(pointer, count));
  }

  readDoubles(pointer: number, count: number): Float64Array {
    return this.core.f64(pointer, count).slice();
  }
}

/** Worst error ÷ bound; NaN counts as infinitely wrong. */
function worst(got: Float64Array, expected: Float64Array, bound: Float64Array): number {
  return got.reduce((top, value, k) => {
    const error = Math.abs(value - (expected[k] as number));
    const allowed = SLACK * (bound[k] as number);
    return Math.max(top, error <= allowed ? error / (allowed || 1) : Number.POSITIVE_INFINITY);
  }, 0);
}

/** X·Pᵀ + shift (rows × classes), and the same of absolute values. */
function marginsOf({ shape, at }: Case, p: Float64Array, shift: Float64Array): [Float64Array, Float64Array] {
  const { rows, columns, classes } = shape;
  const sums = new Float64Array(rows * classes);
  const sizes = new Float64Array(rows * classes);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < classes; k++) {
      let [sum, size] = [shift[k] as number, Math.abs(shift[k] as number)];
      for (let j = 0; j < columns; j++) {
        const product = at(i, j) * (p[k * columns + j] as number);
        sum += product;
        size += Math.abs(product);
      }
      sums[i * classes + k] = sum;
      sizes[i * classes + k] = size;
    }
  }
  return [sums, sizes];
}

/** TᵀX (classes × columns) and Σ |t|·|x|·part + |x|·error: t with relative error `part` and absolute error `error` per entry. */
function transposedOf(
  { shape, at }: Case,
  t: Float64Array,
  part: number,
  error: Float64Array = new Float64Array(t.length),
): [Float64Array, Float64Array] {
  const { rows, columns, classes } = shape;
  const sums = new Float64Array(classes * columns);
  const bounds = new Float64Array(classes * columns);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < classes; k++) {
      const value = t[i * classes + k] as number;
      const slack = part * Math.abs(value) + (error[i * classes + k] as number);
      for (let j = 0; j < columns; j++) {
        const to = k * columns + j;
        sums[to] = (sums[to] as number) + value * at(i, j);
        bounds[to] = (bounds[to] as number) + slack * Math.abs(at(i, j));
      }
    }
  }
  return [sums, bounds];
}

type Check = (test: Case, kernels: TwinKernels) => number;

const scaled = (values: Float64Array, factor: number): Float64Array => values.map((value) => factor * value);

/** n products summed in any order: (n + 1)·2⁻²⁴ of the sum of their sizes. */
const checkMultiply: Check = (test, kernels) => {
  const { rows, columns, classes } = test.shape;
  const { normal } = dice(1);
  const p = test.reals(classes * columns, normal);
  const a = test.reals(rows * classes, () => 7);
  kernels.realMultiply(test.x, test.strideBytes, rows, columns, p, classes, a, test.map(kernels, MAP_ROWS));
  const [sums, sizes] = marginsOf(test, test.readReals(p, classes * columns), new Float64Array(classes));
  return worst(test.readReals(a, rows * classes), sums, scaled(sizes, (columns + 1) * FLOAT32));
};

const checkTransposed: Check = (test, kernels) => {
  const { rows, columns, classes } = test.shape;
  const { normal } = dice(2);
  const t = test.reals(rows * classes, normal);
  const s = test.reals(classes * columns, () => 0);
  kernels.realTransposed(test.x, test.strideBytes, rows, columns, t, classes, s, test.map(kernels, MAP_ROWS));
  const [sums, bounds] = transposedOf(test, test.readReals(t, rows * classes), (rows + 1) * FLOAT32);
  return worst(test.readReals(s, classes * columns), sums, bounds);
};

const checkMargins: Check = (test, kernels) => {
  const { rows, columns, classes } = test.shape;
  const { normal } = dice(3);
  const p = test.reals(classes * columns, normal);
  const shift = test.doubles(classes, normal);
  const u = test.doubles(rows * classes, () => 7);
  const scratch = test.scope.alloc(kernels.realScratchBytes(columns, classes), "scratch");
  kernels.realMargins(test.x, test.strideBytes, rows, columns, classes, p, shift, scratch, u, test.map(kernels));
  const [sums, sizes] = marginsOf(test, test.readReals(p, classes * columns), test.readDoubles(shift, classes));
  return worst(test.readDoubles(u, rows * classes), sums, scaled(sizes, (columns + 1) * FLOAT32));
};

/**
 * t = h·(a + shift), a with error e = (columns + 1)·2⁻²⁴·Σ|xp|: |Δt| ≤ h·(e + 3·2⁻²⁴·(|a| + |shift|)). Softmax: t = ωq(m − Σqm), with Σq ≈ 1:
 * |Δt| ≤ ωq·(e + Σqe + (classes + 6)·2⁻²⁴·(|m| + Σq|m|)). Then sums of at most 256 products, (256 + 1)·2⁻²⁴ of their sizes.
 */
const checkHessian: Check = (test, kernels) => {
  const { rows, columns, classes } = test.shape;
  const { normal, uniform } = dice(4);
  const p = test.reals(classes * columns, normal);
  const shift = test.doubles(classes, normal);
  const h = test.reals(rows, () => 0.6 + 0.5 * uniform());
  const omega = test.reals(rows, () => 1.5 + 0.5 * uniform());
  const raw = Float64Array.from({ length: rows * classes }, () => 1.1 + uniform());
  const state = test.reals(rows * classes, (k) => {
    const first = k - (k % classes);
    return (raw[k] as number) / raw.subarray(first, first + classes).reduce((sum, one) => sum + one, 0);
  });
  const g = test.doubles(classes * columns, () => 7);
  const totals = test.doubles(classes, () => 7);
  const scratch = test.scope.alloc(kernels.realScratchBytes(columns, classes), "scratch");
  kernels.realHessian(
    ...([test.x, test.strideBytes, rows, columns, classes, p, shift] as const),
    ...([h, state, omega, scratch, g, totals, test.map(kernels)] as const),
  );
  const [m, sizes] = marginsOf(test, test.readReals(p, classes * columns), test.readDoubles(shift, classes));
  const q = test.readReals(state, rows * classes);
  const weights = test.readReals(omega, rows);
  const curvatures = test.readReals(h, rows);
  const t = new Float64Array(rows * classes);
  const error = new Float64Array(rows * classes);
  const rough = (k: number): number => (columns + 1) * FLOAT32 * (sizes[k] as number);
  for (let i = 0; i < rows; i++) {
    const [from, to] = [i * classes, (i + 1) * classes];
    let [mean, meanError, meanSize] = [0, 0, 0];
    for (let k = from; k < to; k++) {
      mean += (q[k] as number) * (m[k] as number);
      meanError += (q[k] as number) * rough(k);
      meanSize += (q[k] as number) * (sizes[k] as number);
    }
    for (let k = from; k < to; k++) {
      if (classes === 1) {
        const weight = curvatures[i] as number;
        t[k] = weight * (m[k] as number);
        error[k] = weight * (rough(k) + 3 * FLOAT32 * (sizes[k] as number));
      } else {
        const weight = (weights[i] as number) * (q[k] as number);
        t[k] = weight * ((m[k] as number) - mean);
        error[k] = weight * (rough(k) + meanError + (classes + 6) * FLOAT32 * ((sizes[k] as number) + meanSize));
      }
    }
  }
  const [sums, bounds] = transposedOf(test, t, (FLUSH + 1) * FLOAT32, error);
  const column = (values: Float64Array): Float64Array =>
    Float64Array.from({ length: classes }, (_, k) => {
      let sum = 0;
      for (let i = 0; i < rows; i++) sum += values[i * classes + k] as number;
      return sum;
    });
  return Math.max(
    worst(test.readDoubles(g, classes * columns), sums, bounds),
    // totals are summed in float64: nothing but the error of t, and its representation
    worst(
      test.readDoubles(totals, classes),
      column(t),
      column(error.map((one, k) => one + FLOAT32 * Math.abs(t[k] as number))),
    ),
  );
};

const checkGradient: Check = (test, kernels) => {
  const { rows, columns, classes } = test.shape;
  const { normal } = dice(5);
  const c = test.doubles(rows * classes, normal);
  const g = test.doubles(classes * columns, () => 7);
  const scratch = test.scope.alloc(kernels.realScratchBytes(columns, classes), "scratch");
  kernels.realGradient(test.x, test.strideBytes, rows, columns, classes, c, scratch, g, test.map(kernels));
  const [sums, bounds] = transposedOf(test, test.readDoubles(c, rows * classes), (FLUSH + 2) * FLOAT32);
  return worst(test.readDoubles(g, classes * columns), sums, bounds);
};

/** Weighted Gram matrix, upper part: products of three factors, sums of at most 128 rows. */
const checkGram: Check = (test, kernels) => {
  const { rows, columns } = test.shape;
  const { uniform } = dice(6);
  const d = test.reals(rows, () => 1.1 + uniform());
  const g = test.doubles(columns * columns, () => 0);
  const first = test.doubles(columns, () => 0);
  const scratch = test.scope.alloc(kernels.realGramScratchBytes(columns), "scratch");
  const total = kernels.realGram(test.x, test.strideBytes, rows, columns, d, scratch, g, first, test.map(kernels));
  const weights = test.readReals(d, rows);
  const got = test.readDoubles(g, columns * columns);
  const expected = new Float64Array(columns * columns);
  const bounds = new Float64Array(columns * columns);
  const linear = new Float64Array(columns);
  const linearBounds = new Float64Array(columns);
  const part = (FLUSH / 2 + 2) * FLOAT32;
  for (let j = 0; j < columns; j++) {
    for (let i = 0; i < rows; i++) {
      const weighted = (weights[i] as number) * test.at(i, j);
      linear[j] = (linear[j] as number) + weighted;
      linearBounds[j] = (linearBounds[j] as number) + part * Math.abs(weighted);
      for (let k = j; k < columns; k++) {
        const to = j * columns + k;
        expected[to] = (expected[to] as number) + weighted * test.at(i, k);
        bounds[to] = (bounds[to] as number) + part * Math.abs(weighted * test.at(i, k));
      }
    }
    // below the diagonal anything may stand
    for (let k = 0; k < j; k++) got[j * columns + k] = 0;
  }
  const sum = weights.reduce((all, one) => all + one, 0);
  return Math.max(
    worst(got, expected, bounds),
    worst(test.readDoubles(first, columns), linear, linearBounds),
    worst(Float64Array.of(total), Float64Array.of(sum), Float64Array.of(rows * FLOAT64 * sum)),
  );
};

/** The exact passes: float64 sums of float32 rows. */
const checkExact: Check = (test, kernels) => {
  const { rows, columns, classes } = test.shape;
  const { normal } = dice(7);
  const w = test.doubles(classes * columns, normal);
  const bias = test.doubles(classes, normal);
  const m = test.doubles(rows * classes, () => 7);
  const map = test.map(kernels);
  kernels.exactMargins(test.x, test.strideBytes, rows, columns, w, bias, classes, m, map);
  const [sums, sizes] = marginsOf(test, test.readDoubles(w, classes * columns), test.readDoubles(bias, classes));
  const g = test.doubles(classes * columns, () => 0);
  kernels.exactGradient(test.x, test.strideBytes, rows, columns, m, classes, g, map);
  const [turned, bounds] = transposedOf(test, test.readDoubles(m, rows * classes), 2 * (rows + 1) * FLOAT64);
  return Math.max(
    // twice: the reference has roundings of its own
    worst(test.readDoubles(m, rows * classes), sums, scaled(sizes, 2 * (columns + 1) * FLOAT64)),
    worst(test.readDoubles(g, classes * columns), turned, bounds),
  );
};

/** The map is that of the oracle, and its count that of the bits. */
const checkMap: Check = (test, kernels) => {
  const { rows, columns } = test.shape;
  const bytes = kernels.tileBytes(rows, columns);
  const map = test.scope.alloc(bytes + 4, "test data");
  test.core.bytes(map, bytes).fill(0xff);
  const count = kernels.markRealTiles(test.x, test.strideBytes, rows, columns, map);
  const values = Float64Array.from({ length: rows * columns }, (_, k) => test.at(Math.floor(k / columns), k % columns));
  const expected = Buffer.from(tileMap(values, rows, columns).buffer);
  let tiles = 0;
  for (let i = 0; i < rows; i += 2) {
    for (let j = 0; j + 8 <= columns; j += 8) {
      let isHeld = false;
      for (let k = 0; k < 16; k++) isHeld ||= i + (k >> 3) < rows && test.at(i + (k >> 3), j + (k & 7)) !== 0;
      tiles += Number(isHeld);
    }
  }
  return expected.equals(test.core.bytes(map, bytes)) && count === tiles ? 0 : Number.POSITIVE_INFINITY;
};

/** Same bits with a map and without. */
const checkSameBits: Check = (test, kernels) => {
  const { rows, columns, classes } = test.shape;
  const map = test.map(kernels);
  const { normal, uniform } = dice(8);
  const ofRows = test.reals(rows * classes, () => 1.1 + uniform());
  const ofColumns = test.reals(classes * columns, normal);
  const [derivatives, weights] = [test.doubles(rows * classes, normal), test.doubles(classes * columns, normal)];
  const shift = test.doubles(classes, normal);
  const scratch = test.scope.alloc(kernels.realScratchBytes(columns, classes), "scratch");
  const space = test.scope.alloc(kernels.realGramScratchBytes(columns), "scratch");
  const x = [test.x, test.strideBytes, rows, columns] as const;
  const run = (zeros: number): Float64Array[] => {
    const out = (size: number): number => test.doubles(size, () => 0);
    const few = rows > MAP_ROWS ? 0 : zeros;
    const [a, s] = [test.reals(rows * classes, () => 0), test.reals(classes * columns, () => 0)];
    kernels.realMultiply(...x, ofColumns, classes, a, few);
    kernels.realTransposed(...x, ofRows, classes, s, few);
    const [u, m] = [out(rows * classes), out(rows * classes)];
    kernels.realMargins(...x, classes, ofColumns, shift, scratch, u, zeros);
    kernels.exactMargins(...x, weights, shift, classes, m, zeros);
    const [g, h, e, totals] = [out(classes * columns), out(classes * columns), out(classes * columns), out(classes)];
    kernels.realHessian(...x, classes, ofColumns, shift, ofRows, ofRows, 0, scratch, h, totals, zeros);
    kernels.realGradient(...x, classes, derivatives, scratch, g, zeros);
    kernels.exactGradient(...x, derivatives, classes, e, zeros);
    const [squares, first] = [out(columns * columns), out(columns)];
    const total = kernels.realGram(...x, ofRows, space, squares, first, zeros);
    // below the diagonal anything may stand
    const upper = test.readDoubles(squares, columns * columns);
    upper.forEach((_, k) => {
      if (k % columns < Math.floor(k / columns)) upper[k] = 0;
    });
    return [
      ...[test.readReals(a, rows * classes), test.readReals(s, classes * columns)],
      ...[u, m].map((one) => test.readDoubles(one, rows * classes)),
      ...[g, h, e].map((one) => test.readDoubles(one, classes * columns)),
      ...[test.readDoubles(totals, classes), upper, test.readDoubles(first, columns), Float64Array.of(total)],
    ];
  };
  const plain = run(0);
  // no NaN is equal to itself, and −0 is 0
  const isSame = run(map).every((one, k) => one.every((value, at) => value === plain[k]?.[at]));
  return isSame ? 0 : Number.POSITIVE_INFINITY;
};

/** Weighted sums of the columns and of their squares, onto what is there: float64, with weights and without. */
const checkMoments: Check = (test, kernels) => {
  const { rows, columns } = test.shape;
  const { uniform } = dice(7);
  const given = test.reals(rows, () => 1.1 + uniform());
  const weights = test.readReals(given, rows);
  const figures = [given, 0].map((d) => {
    const [q, s] = [test.doubles(columns, () => 3), test.doubles(columns, () => 3)];
    const total = kernels.realMoments(test.x, test.strideBytes, rows, columns, d, 4, q, s);
    const weight = (i: number): number => (d === 0 ? 1 : (weights[i] as number));
    const sumOver = (term: (i: number) => number): number => weights.reduce((sum, _, i) => sum + term(i), 0);
    const columnsOf = (term: (x: number) => number): [Float64Array, Float64Array] => [
      Float64Array.from({ length: columns }, (_, j) => 3 + sumOver((i) => weight(i) * term(test.at(i, j)))),
      Float64Array.from(
        { length: columns },
        (_, j) => (rows + 3) * FLOAT64 * (3 + sumOver((i) => weight(i) * Math.abs(term(test.at(i, j))))),
      ),
    ];
    const all = sumOver(weight);
    return Math.max(
      worst(test.readDoubles(q, columns), ...columnsOf((x) => x * x)),
      worst(test.readDoubles(s, columns), ...columnsOf((x) => x)),
      worst(Float64Array.of(total), Float64Array.of(all), Float64Array.of(rows * FLOAT64 * all)),
    );
  });
  return Math.max(...figures);
};

const CHECKS: Record<string, Check> = {
  checkMultiply,
  checkTransposed,
  checkMargins,
  checkHessian,
  checkGradient,
  checkGram,
  checkMoments,
  checkExact,
  checkMap,
  checkSameBits,
};

function worstOf(module: WebAssembly.Module, check: Check, change: (kernels: TwinKernels) => TwinKernels): number {
  const core = new Core({ module });
  try {
    return Math.max(
      ...SHAPES.map((shape) => {
        const test = new Case(core, shape);
        const ratio = check(test, change(core.kernels as TwinKernels));
        test.scope.release();
        return ratio;
      }),
    );
  } finally {
    core.dispose();
  }
}

/** A kernel whose map, its last argument, begins a word too late: its tiles are those to the right. */
function shifted(name: "realMargins" | "realHessian" | "realGradient" | "realGram" | "exactMargins" | "exactGradient") {
  return (kernels: TwinKernels): TwinKernels => ({
    ...kernels,
    [name]: (...args: number[]) => {
      const map = args.at(-1) as number;
      return kernels[name](...args.slice(0, -1), map === 0 ? 0 : map + 4);
    },
  });
}

/** Kernels that are wrong by little: a row or four columns less, a neighbour's weight, a class in the wrong place. */
const MUTANTS: Record<string, { readonly check: Check; readonly change: (kernels: TwinKernels) => TwinKernels }> = {
  "a product without the last columns": {
    check: checkMultiply,
    change: (kernels) => ({
      ...kernels,
      realMultiply: (x, stride, rows, columns = 0, p, classes, ...rest) =>
        kernels.realMultiply(
          ...([x, stride, rows, classes === 1 ? columns - 4 : columns, p, classes, ...rest] as number[]),
        ),
    }),
  },
  // a byte where a number of four should be
  "moments of columns that begin between two numbers": {
    check: checkMoments,
    change: (kernels) => ({
      ...kernels,
      realMoments: (x = 0, ...rest) => kernels.realMoments(x + 1, ...rest),
    }),
  },
  "a Hessian product without the last row": {
    check: checkHessian,
    change: (kernels) => ({
      ...kernels,
      realHessian: (x, stride, rows, ...rest) =>
        kernels.realHessian(x as number, stride as number, (rows as number) - 1, ...rest),
    }),
  },
  "a gradient without its last row": {
    check: checkGradient,
    change: (kernels) => ({
      ...kernels,
      realGradient: (x, stride, rows, ...rest) =>
        kernels.realGradient(x as number, stride as number, (rows as number) - 1, ...rest),
    }),
  },
  "a Gram matrix with the weights of the rows above": {
    check: checkGram,
    change: (kernels) => ({
      ...kernels,
      realGram: (x, stride, rows, columns, d, ...rest) =>
        kernels.realGram(x as number, stride as number, rows as number, columns as number, (d as number) + 4, ...rest),
    }),
  },
  "a map without the last row": {
    check: checkHessian,
    change: (kernels) => ({
      ...kernels,
      markRealTiles: (x, stride, rows, ...rest) =>
        kernels.markRealTiles(...([x, stride, (rows as number) - 1, ...rest] as number[])),
    }),
  },
  "a map of the first row alone": {
    check: checkMap,
    change: (kernels) => ({
      ...kernels,
      markRealTiles: (x, _stride, rows, ...rest) => kernels.markRealTiles(...([x, 0, rows, ...rest] as number[])),
    }),
  },
  "margins with another map": { check: checkMargins, change: shifted("realMargins") },
  "a Hessian product with another map": { check: checkHessian, change: shifted("realHessian") },
  "a gradient with another map": { check: checkGradient, change: shifted("realGradient") },
  "a Gram matrix with another map": { check: checkGram, change: shifted("realGram") },
  "exact margins with another map": { check: checkExact, change: shifted("exactMargins") },
  "an exact gradient with another map": { check: checkSameBits, change: shifted("exactGradient") },
  "exact margins in float32": {
    check: checkExact,
    change: (kernels) => ({
      ...kernels,
      exactMargins: (...args) => {
        const result = kernels.exactMargins(...args);
        const [, , rows = 0, , , , classes = 0, m = 0] = args;
        kernels.toFloat32(m, m, rows * classes);
        return result;
      },
    }),
  },
};

describe.each(modules)("kernels of the twin, $variant", ({ module }) => {
  it.each(Object.entries(CHECKS))("%s: within what float32 (or float64) sums may lose", (_name, check) => {
    expect(worstOf(module, check, (kernels) => kernels)).toBeLessThanOrEqual(1);
  });

  it.each(Object.entries(MUTANTS))("would catch %s", (_name, { check, change }) => {
    expect(worstOf(module, check, change)).toBeGreaterThan(1);
  });
});

/** Bytes with a class-dependent mean. */
function bytes(rows: number, cols: number, classes: number): { data: Uint8Array; labels: Float64Array } {
  const { normal } = dice(9);
  const centres = Float64Array.from({ length: classes * cols }, () => 100 + 40 * normal());
  const labels = Float64Array.from({ length: rows }, (_, i) => i % classes);
  const data = Uint8Array.from({ length: rows * cols }, (_, at) => {
    const label = labels[Math.floor(at / cols)] as number;
    return Math.max(0, Math.min(255, (centres[label * cols + (at % cols)] as number) + 60 * normal()));
  });
  return { data, labels };
}

interface Posed {
  readonly name: string;
  readonly loss: LossName;
  readonly data: NumericArray;
  readonly labels: Float64Array;
  readonly rows: number;
  readonly cols: number;
  readonly l2: number;
  readonly fitIntercept: boolean;
}

function posed(): Posed[] {
  // enough rows for the phase on a sample and for Hessians of a part of the rows
  const { data, labels, rows, cols } = sampleFor("logistic", 6000, 19, 8);
  const pixels = bytes(700, 30, 6);
  // two of three tiles are zeros, so that there is a map of them
  const patches = pixels.data.map((value, at) => ((Math.floor(at / 60) + ((at % 30) >> 3)) % 3 === 0 ? value : 0));
  return [
    {
      name: "logistic, 6000 × 19 float32 with an intercept",
      ...{ loss: "logistic", data: Float32Array.from(data), labels, rows, cols, l2: 1e-3, fitIntercept: true },
    },
    {
      name: "softmax of 6, 700 × 30 bytes",
      ...{ loss: "softmax", data: pixels.data, labels: pixels.labels, rows: 700, cols: 30, l2: 1, fitIntercept: false },
    },
    {
      name: "softmax of 6, 700 × 30 bytes, mostly zeros",
      ...{ loss: "softmax", data: patches, labels: pixels.labels, rows: 700, cols: 30, l2: 1, fitIntercept: false },
    },
  ];
}

function last(reports: Iterable<NewtonReport>): { first: NewtonReport; end: NewtonReport } {
  const all = [...reports];
  return { first: all[0] as NewtonReport, end: all.at(-1) as NewtonReport };
}

describe.each(posed())("$name", ({ loss, data, labels, rows, cols, l2, fitIntercept }) => {
  const options = { loss, l2, fitIntercept };
  const engine = createEngine();
  afterAll(() => engine.dispose());
  const problem = engine.problem(engine.dataset({ data, rows, cols }, labels), options);
  const { first, end } = last(auto(problem, { tol: 1e-8 }));

  function solve(module: WebAssembly.Module, when: ExactWhen, tol: number): NewtonReport {
    const twin = new Twin(module, { data, rows, cols }, labels, options);
    try {
      return last(twin.auto({ tol }, when)).end;
    } finally {
      twin.dispose();
    }
  }

  describe.each(modules)("$variant", ({ module }) => {
    it.each(["throughout", "afterwards"] as const)("the same optimum, float64 sums %s", (when) => {
      const report = solve(module, when, 1e-8);
      expect(report.isConverged).toBe(true);
      expect(report.exact).toBe("float32");
      // gaps below 1e-16 of the fall: what is left is the rounding of F
      expect(Math.abs(report.objective - end.objective)).toBeLessThanOrEqual(1e-14 * first.objective);
      expect(report.gradientNorm).toBeLessThanOrEqual(1e-7 * first.gradientNorm);
      // F is l2-strongly convex: ‖w − w*‖ ≤ ‖∇F‖/l2 for both; the intercept follows the weights
      const distance = Math.hypot(...report.coef.map((one, k) => one - (end.coef[k] as number)));
      expect(distance).toBeLessThanOrEqual((report.gradientNorm + end.gradientNorm) / l2);
    });

    it("the same optimum to 1e-9 with float32 sums alone", () => {
      const report = solve(module, "never", 1e-5);
      expect(report.isConverged).toBe(true);
      // its own objective has float32 margins; the engine's has not
      const { objective } = problem.evaluate(report);
      expect(objective - end.objective).toBeLessThanOrEqual(1e-9 * first.objective);
    });
  });
});
