// Checkers of the inner loop over sparse rows: bit for bit against test/oracle/lazy.ts, tolerance 0, also where numbers leave their range.
import type { Kernel, Kernels } from "../../bindings/engine/kernels.js";
import { LAZY_BYTES, type LazyField, readLazy, writeLazy } from "../../bindings/engine/lazy-run.js";
import {
  caughtUp,
  dotOf,
  driftOf,
  entriesOf,
  firstOffset,
  type LazyInput,
  limitsOf,
  type Model,
  nextOffset,
  offsetOf,
  rateOf,
  rowsOf,
  runLazy,
  storedAs,
} from "../oracle/lazy.js";
import { stateFloat32 } from "../oracle/loss.js";
import { RandomStream } from "../oracle/random.js";
import { at, type Check, LOSSES, Mismatch, roundUp } from "./checkers.js";
import type { Harness } from "./memory.js";
import { Dice } from "./random.js";

export type LazyModel = "I8" | "I16" | "F32";
const ARRAYS = { I8: Int8Array, I16: Int16Array, F32: Float32Array } as const;

const expectSame = (what: string, got: number, want: number): void => {
  if (!Object.is(got, want)) throw new Mismatch(`${what}: got ${got}, expected ${want}`);
};

/** Sizes in a slot. */
export const slotBytes = (classes: number): number => (classes === 1 ? 16 : roundUp(8 + 8 * roundUp(classes, 2), 16));

interface Shape {
  readonly rows: number;
  readonly cols: number;
  readonly classes: number;
  /** Most entries of a row. */
  readonly longest: number;
  readonly loss: (typeof LOSSES)[number];
  readonly hasIntercept: boolean;
  readonly isCentred: boolean;
  readonly hasBase: boolean;
  readonly hasTable: boolean;
  readonly isWeighted: boolean;
  readonly rounding: "stochastic" | "nearest";
  readonly option: "I" | "II";
  readonly steps: number;
  /** l2 in code coordinates, times up to 2. */
  readonly ridge: number;
  /** Size of the drift per step, in codes. */
  readonly drift: number;
  /** Size of kappa, in codes of z per code of data. */
  readonly kappa: number;
}

const PLAIN: Shape = {
  rows: 30,
  cols: 40,
  classes: 1,
  longest: 12,
  loss: "logistic",
  hasIntercept: true,
  isCentred: true,
  hasBase: false,
  hasTable: false,
  isWeighted: false,
  rounding: "stochastic",
  option: "I",
  steps: 120,
  ridge: 1e-3,
  drift: 0.3,
  kappa: 0.05,
};

/** Every loss, and every switch at least once either way. */
const SHAPES: readonly Shape[] = [
  ...LOSSES.map((loss, i) => ({ ...PLAIN, loss, classes: loss === "softmax" ? 3 : 1, isWeighted: i % 2 === 1 })),
  ...LOSSES.map((loss, i) => ({
    ...PLAIN,
    loss,
    classes: loss === "softmax" ? 4 : 1,
    isCentred: false,
    hasIntercept: i % 2 === 0,
    rounding: "nearest" as const,
  })),
  { ...PLAIN, hasTable: true, isWeighted: true },
  { ...PLAIN, hasTable: true, loss: "softmax", classes: 5, hasIntercept: false },
  { ...PLAIN, hasTable: true, loss: "squared", ridge: 0, kappa: 2 },
  { ...PLAIN, hasBase: true, ridge: 3 },
  { ...PLAIN, hasBase: true, loss: "softmax", classes: 10, ridge: 0.4 },
  // columns that fill up, a row without entries among them; rates from nothing to all in one step
  { ...PLAIN, ridge: 0, drift: 400, kappa: 30, loss: "squared" },
  { ...PLAIN, ridge: 200, loss: "huber", drift: 20 },
  { ...PLAIN, ridge: 1e300, loss: "squared", option: "II" },
  { ...PLAIN, ridge: 1e-42, option: "II", loss: "squaredHinge" },
  // one row, one column; no column at all in any row
  { ...PLAIN, rows: 1, cols: 1, longest: 1 },
  { ...PLAIN, longest: 0 },
  { ...PLAIN, longest: 0, hasIntercept: false, loss: "softmax", classes: 2 },
  // beyond every range
  ...LOSSES.map((loss) => ({
    ...PLAIN,
    loss,
    classes: loss === "softmax" ? 3 : 1,
    drift: 1e36,
    kappa: 1e37,
    steps: 40,
  })),
];

/** One problem: oracle's input and the kernel's operands. */
export interface LazyCase {
  readonly input: LazyInput;
  readonly run: number;
  readonly columns: number;
  readonly slots: number;
  readonly z: number;
  readonly base: number;
  readonly write: (fields: Partial<Record<LazyField, number>>) => void;
}

const ALPHA = 1e-4;

/** The problem of a shape, with every operand in memory. */
function place(memory: Harness, shape: Shape, model: LazyModel, dice: Dice): LazyCase {
  const { rows, cols, classes, loss, hasIntercept } = shape;
  const intercept = hasIntercept ? 127 : 0;
  const width = cols + 1;
  const columns = roundUp(width, 32);
  const starts = new Int32Array(rows + 1);
  const indices: number[] = [];
  for (let i = 0; i < rows; i++) {
    // every third row full or nearly so; the first one empty unless it is the only one
    const wanted = i === 0 && rows > 1 ? 0 : i % 3 === 2 ? shape.longest : dice.between(0, shape.longest);
    const chosen = new Set<number>();
    while (chosen.size < Math.min(wanted, cols)) {
      // the last third of the columns is rare, the last one of all nowhere
      const j = dice.below(8) === 0 ? dice.below(cols) : dice.below(Math.ceil((2 * cols) / 3));
      if (j < cols - 1 || cols === 1) chosen.add(j);
    }
    indices.push(...[...chosen].sort((a, b) => a - b));
    starts[i + 1] = indices.length;
  }
  const codes = Int8Array.from(indices, () => (dice.below(6) === 0 ? dice.sign() * 127 : dice.between(-127, 127)));
  const Model = ARRAYS[model];
  const size = classes * width;
  const isFloat = model === "F32";
  // 8 bits have fewer codes; float32 models count in units of value
  const unit = isFloat ? 2 ** -9 : model === "I8" ? 1 / 64 : 1;
  // kappa = −alpha/delta·dc is to have the size asked for
  const alpha = isFloat ? shape.kappa * unit : ALPHA;
  const delta = isFloat ? 1 : alpha / (shape.kappa * unit);
  const limit = model === "I8" ? 127 : 32767;
  // margins of the size of 1, but for a few columns at a limit
  const z: Model = new Model(size);
  if (shape.hasBase || !shape.isCentred) {
    for (let i = 0; i < size; i++) {
      z[i] = dice.below(30) === 0 && !isFloat ? dice.sign() * limit : dice.normal() / (delta * 200);
    }
  }
  const drift = shape.drift * unit;
  const gradient = Float64Array.from({ length: size }, () => (dice.normal() * drift * delta) / alpha);
  const ridge = Float64Array.from({ length: width }, (_, j) => {
    if (j === cols || j % 7 === 3) return 0;
    return shape.ridge === 1e300 ? 1e300 : (shape.ridge * (1 + dice.uniform())) / alpha;
  });
  const labels = Float32Array.from({ length: rows }, () =>
    loss === "softmax" ? dice.below(classes) : loss === "squared" || loss === "huber" ? dice.normal() : dice.sign(),
  );
  const state = new Float32Array(rows * classes);
  for (let i = 0; i < rows; i++) {
    const margins = Array.from({ length: classes }, () => dice.normal());
    state.set(stateFloat32(loss, margins, at(labels, i)), i * classes);
  }
  const omega = Float32Array.from({ length: rows }, (_, i) => (i % 5 === 4 ? 0 : 0.5 + dice.uniform()));
  const exact = (i: number): number => {
    const entries = entriesOf({ rows, cols, starts, indices, codes, intercept }, Math.floor(i / classes));
    return entries.reduce((sum, [j, code]) => sum + code * at(z, (i % classes) * width + j), 0);
  };
  const base = Float64Array.from({ length: rows * classes }, (_, i) => exact(i) + dice.normal() / delta);
  const input: LazyInput = {
    rows,
    cols,
    starts,
    indices,
    codes,
    intercept,
    z,
    classes,
    loss,
    tau: 0.7,
    labels,
    ...(shape.isWeighted && { omega }),
    ...(shape.isCentred && { state }),
    ...(shape.hasBase && { base }),
    alpha,
    deltaScale: delta,
    gradient,
    ridge,
    table: shape.hasTable,
    innerSteps: shape.steps,
    option: shape.option,
    rounding: shape.rounding,
    seed: dice.bits(),
    outerStep: dice.below(9),
  };
  memory.reset();
  const padded = <T extends Float64Array | Model>(values: T): T => {
    const out = new (values.constructor as new (count: number) => T)(classes * columns);
    for (let c = 0; c < classes; c++) out.set(values.slice(c * width, (c + 1) * width) as never, c * columns);
    return out;
  };
  const u32 = (values: ArrayLike<number>) => memory.input(Int32Array.from(values));
  const run = memory.inout(new Uint8Array(LAZY_BYTES));
  const zAt = memory.inout(padded(z));
  const slots = memory.output((cols + 1) * slotBytes(classes));
  const even = roundUp(classes, 2);
  const baseAt = memory.inout(base);
  const write = (fields: Partial<Record<LazyField, number>>): void => writeLazy(memory.core.view(), run, fields);
  const kappaLimit = (2 - 2 ** -23) * 2 ** 127;
  write({
    alpha,
    delta,
    codes: memory.input(codes),
    rows,
    columns,
    classes,
    z: zAt,
    gradient: memory.input(padded(gradient)),
    ridge: memory.input(Float64Array.from({ length: columns }, (_, j) => ridge[j] ?? 0)),
    state: memory.input(Float32Array.of(...state, 0, 0, 0, 0)),
    base: shape.hasBase ? baseAt : 0,
    table: shape.hasTable ? memory.inout(new Float32Array(rows * classes)) : 0,
    labels: memory.input(labels),
    weights: shape.isWeighted ? memory.input(omega) : 0,
    dots: memory.output(8 * even),
    changes: memory.output(4 * roundUp(classes, 4)),
    coefficients: memory.output(4 * even),
    lanes: memory.output(16),
    loss: LOSSES.indexOf(loss),
    threshold: 0.7,
    deltaScale: delta,
    factor: Math.max(-alpha / delta, -kappaLimit),
    stochastic: shape.rounding === "stochastic" ? 1 : 0,
    centred: shape.isCentred ? 1 : 0,
    starts: u32(starts),
    indices: u32(indices),
    slots,
    values: memory.output(8 * (Math.min(shape.longest, cols) + 1) * (classes === 1 ? 1 : even)),
    cols,
    intercept,
  });
  return { input, run, columns, slots, z: zAt, base: baseAt, write };
}

/** K × width numbers of the model array at z. */
function modelAt(memory: Harness, { input, z, columns }: LazyCase, model: LazyModel): number[] {
  const { classes, cols } = input;
  const views = { I8: memory.i8, I16: memory.i16, F32: memory.f32 } as const;
  const all: Model = (views[model] as (pointer: number, count: number) => Model).call(memory, z, classes * columns);
  return Array.from({ length: classes * (cols + 1) }, (_, i) =>
    at(all, Math.floor(i / (cols + 1)) * columns + (i % (cols + 1))),
  );
}

/** Columns that have a slot which is used. */
const widthOf = ({ cols, intercept }: LazyInput): number => (intercept === 0 ? cols : cols + 1);

const kernelsOf = (memory: Harness): Kernels => memory.core.kernels;

/** advance: whole runs in pieces of all sizes, and what a call says it has done. */
export function checkAdvanceLazy(model: LazyModel): Check {
  return (kernel, memory) => {
    const dice = new Dice(71);
    const kernels = kernelsOf(memory);
    for (const shape of SHAPES) {
      const given = place(memory, shape, model, dice);
      const { input, run } = given;
      const width = widthOf(input);
      const want = runLazy(input);
      const stop = kernels.beginLazy(run, input.seed, input.outerStep, shape.steps, shape.option === "II" ? 1 : 0);
      expectSame("steps", stop, want.steps);
      kernels[`openLazy${model}`](run, 0, width);
      const own = input.intercept === 0 ? 0 : 1;
      const costs = want.order.map((row) => at(input.starts, row + 1) - at(input.starts, row) + own);
      let done = 0;
      while (done < stop) {
        const steps = Math.min(stop - done, dice.between(1, 40));
        const budget = dice.below(2) === 0 ? 0xffffffff : dice.between(1, 60);
        let [expected, touched] = [0, 0];
        while (expected < steps && touched + expected < budget) touched += at(costs, done + expected++);
        expectSame("steps of a call", kernel(run, steps, budget), expected);
        expectSame("entries of a call", readLazy(memory.core.view(), run, "touched"), touched);
        done += expected;
      }
      expectSame("step", readLazy(memory.core.view(), run, "step"), want.steps);
      kernels.endLazy(run);
      kernels[`settleLazy${model}`](run, 0, width);
      memory.verify();
      modelAt(memory, given, model).forEach((code, i) => {
        if (i % (input.cols + 1) < width) expectSame(`${shape.loss}, z[${i}]`, code, at(want.z, i));
      });
    }
    return SHAPES.length;
  };
}

/** What a slot holds. */
interface Slot {
  readonly last: number;
  readonly rate: number;
  readonly drifts: readonly number[];
  readonly z: readonly number[];
}

export function readSlot(memory: Harness, slots: number, column: number, classes: number): Slot {
  const view = memory.core.view();
  const start = slots + column * slotBytes(classes);
  const parts = Array.from({ length: classes === 1 ? 1 : roundUp(classes, 2) }, (_, c) => start + 8 + 8 * c);
  return {
    last: view.getUint32(start, true),
    rate: view.getFloat32(start + 4, true),
    drifts: parts.map((part) => view.getFloat32(part, true)),
    z: parts.map((part) => view.getFloat32(part + 4, true)),
  };
}

/** open: any piece of the columns, the rest untouched. */
export function checkOpenLazy(model: LazyModel): Check {
  return (kernel, memory) => {
    const dice = new Dice(72);
    for (const shape of SHAPES) {
      const given = place(memory, shape, model, dice);
      const { input, run, slots } = given;
      const { classes, cols } = input;
      const before = memory.u8(slots, (cols + 1) * slotBytes(classes)).slice();
      const from = dice.below(cols + 1);
      const to = dice.between(from, cols + 1);
      kernel(run, from, to);
      memory.verify();
      const after = memory.u8(slots, before.length).slice();
      for (let i = 0; i < before.length; i++) {
        const column = Math.floor(i / slotBytes(classes));
        if (column < from || column >= to) expectSame("a slot beside", at(after, i), at(before, i));
      }
      for (let j = from; j < to; j++) {
        const slot = readSlot(memory, slots, j, classes);
        expectSame("step", slot.last, 0);
        expectSame("rate", slot.rate, rateOf(input.alpha, input.ridge?.[j] ?? 0));
        for (const [c, drift] of slot.drifts.entries()) {
          const i = c * (cols + 1) + j;
          const own = c < classes;
          expectSame("drift", drift, own ? driftOf(input.alpha, input.gradient?.[i] ?? 0, input.deltaScale) : 0);
          expectSame("z", at(slot.z, c), own ? at(input.z, i) : 0);
        }
      }
    }
    return SHAPES.length;
  };
}

/** Numbers of steps missed, and rates: around the ends of the series, and the largest there are. */
const MISSED = [0, 1, 2, 3, 63, 64, 1000, 2 ** 24 + 1, 2 ** 32 - 1];
const RATES = [0, 1e-45, 1e-30, 1e-9, 0.002, 0.49999, 0.5, 0.50001, 1, 3.9, 63.99, 64, 1e5, 1e30];

/** settle: every pair of missed steps and rate, of classes by the way; columns that no row has had among them. */
export function checkSettleLazy(model: LazyModel): Check {
  return (kernel, memory) => {
    const dice = new Dice(73);
    let cases = 0;
    for (const classes of [1, 2, 3, 10]) {
      for (const missed of MISSED) {
        for (const rounding of ["stochastic", "nearest"] as const) {
          const shape: Shape = {
            ...PLAIN,
            classes,
            loss: classes === 1 ? "squared" : "softmax",
            rounding,
            hasBase: true,
          };
          const given = place(memory, shape, model, dice);
          const { input, run, slots } = given;
          const { cols } = input;
          const width = cols + 1;
          const step = Math.max(missed, dice.below(2) === 0 ? 2 ** 32 - 1 : missed);
          const offset = dice.bits();
          const isStochastic = rounding === "stochastic";
          given.write({ step, offset: isStochastic ? offset : 2 ** 31, spread: isStochastic ? 0x9e3779b9 : 0 });
          kernelsOf(memory)[`openLazy${model}`](run, 0, width);
          const limits = limitsOf(input.z);
          const largest = limits === null ? 8 : limits[1];
          const view = memory.core.view();
          for (let j = 0; j < width; j++) {
            const start = slots + j * slotBytes(classes);
            view.setUint32(start, step - missed, true);
            view.setFloat32(start + 4, at(RATES, j % RATES.length), true);
            for (let c = 0; c < classes; c++) {
              // a tenth of a code to the whole range over all steps missed, and beyond
              const reach = dice.normal() * 10 ** dice.between(-1, 3) * (largest / 100);
              const drift = dice.below(9) === 0 ? dice.sign() * 1e30 : reach / Math.max(1, missed);
              const z = dice.below(5) === 0 ? dice.sign() * largest : dice.normal() * (largest / 3);
              view.setFloat32(start + 8 + 8 * c, drift, true);
              view.setFloat32(start + 12 + 8 * c, limits === null ? z : storedAs(z, 0.5, limits), true);
            }
          }
          const want = new Array<number>(classes * width);
          for (let j = 0; j < width; j++) {
            const { rate, drifts, z } = readSlot(memory, slots, j, classes);
            const u = isStochastic ? offsetOf(offset, j) : 0.5;
            for (let c = 0; c < classes; c++) {
              want[c * width + j] = storedAs(caughtUp(at(z, c), rate, at(drifts, c), missed), u, limits);
            }
          }
          const middle = dice.below(width + 1);
          kernel(run, 0, middle);
          kernel(run, middle, width);
          memory.verify();
          modelAt(memory, given, model).forEach((code, i) => {
            expectSame(`${missed} steps, rate ${at(RATES, (i % width) % RATES.length)}`, code, at(want, i));
          });
          cases += want.length;
        }
      }
    }
    return cases;
  };
}

/** begin: seeds, stop, first row, rounding stream. */
export const checkBeginLazy: Check = (kernel, memory) => {
  const dice = new Dice(74);
  let cases = 0;
  for (const option of ["I", "II"] as const) {
    for (const rounding of ["stochastic", "nearest"] as const) {
      for (let i = 0; i < 20; i++) {
        const { input, run } = place(memory, { ...PLAIN, option, rounding, steps: dice.between(1, 500) }, "I16", dice);
        const { seed, outerStep, innerSteps, rows } = input;
        const stop = kernel(run, seed, outerStep, innerSteps, option === "II" ? 1 : 0);
        memory.verify();
        const want = rowsOf(input);
        expectSame("stop", stop, want.rows.length);
        const random = new RandomStream(seed, outerStep);
        if (option === "II") random.draw();
        const view = memory.core.view();
        expectSame("row", readLazy(view, run, "row"), random.index(rows));
        expectSame("state", readLazy(view, run, "scalar"), random.state);
        expectSame("step", readLazy(view, run, "step"), 0);
        const isStochastic = rounding === "stochastic";
        expectSame("offset", readLazy(view, run, "offset"), isStochastic ? firstOffset(want.lanes) : 2 ** 31);
        expectSame("spread", readLazy(view, run, "spread"), isStochastic ? 0x9e3779b9 : 0);
        cases++;
      }
    }
  }
  return cases;
};

/** fillBase: any piece of the rows. */
export const checkFillBaseLazy: Check = (kernel, memory) => {
  const dice = new Dice(75);
  const shapes = SHAPES.filter(({ hasBase }) => hasBase);
  for (const shape of shapes) {
    for (const model of ["I8", "I16", "F32"] as const) {
      const given = place(memory, shape, model, dice);
      const { input, run, base } = given;
      const { rows, classes, cols } = input;
      given.write({ step: 0 });
      kernelsOf(memory)[`openLazy${model}`](run, 0, cols + 1);
      const before = memory.f64(base, rows * classes).slice();
      const from = dice.below(rows);
      const to = dice.between(from, rows);
      kernel(run, from, to);
      memory.verify();
      memory.f64(base, rows * classes).forEach((got, i) => {
        const row = Math.floor(i / classes);
        const entries = entriesOf(input, row);
        const terms = entries.map(([j, code]) => code * at(input.z, (i % classes) * (cols + 1) + j));
        const isOwn = row >= from && row < to;
        expectSame(`row ${row}`, got, isOwn ? dotOf(terms, input.intercept !== 0, classes) : at(before, i));
      });
    }
  }
  return 3 * shapes.length;
};

/** end: the rounding stream moves once; nearest rounding has none. */
export const checkEndLazy: Check = (kernel, memory) => {
  const dice = new Dice(76);
  for (let i = 0; i < 50; i++) {
    const given = place(memory, PLAIN, "I16", dice);
    const offset = dice.bits();
    for (const stochastic of [1, 0]) {
      given.write({ offset, stochastic });
      kernel(given.run);
      memory.verify();
      const got = readLazy(memory.core.view(), given.run, "offset");
      expectSame("offset", got, stochastic === 1 ? nextOffset(offset) : offset);
    }
  }
  return 100;
};

export const checkLazyBytes: Check = (kernel: Kernel) => {
  for (let classes = 1; classes <= 40; classes++) expectSame("bytes", kernel(classes), slotBytes(classes));
  return 40;
};

export const checkLongestRow: Check = (kernel, memory) => {
  const dice = new Dice(77);
  for (let rows = 1; rows <= 60; rows++) {
    const lengths = Array.from({ length: rows }, () => dice.below(9));
    // the longest first, last, somewhere; no entries at all
    if (rows % 4 < 3) lengths[rows % 4 === 0 ? 0 : rows % 4 === 1 ? rows - 1 : dice.below(rows)] = 1000;
    else lengths.fill(0);
    const starts = new Int32Array(rows + 1);
    lengths.forEach((length, i) => {
      starts[i + 1] = at(starts, i) + length;
    });
    memory.reset();
    expectSame(`${rows} rows`, kernel(memory.input(starts), rows), Math.max(...lengths));
    memory.verify();
  }
  return 60;
};
