// Engine against oracle, index for index, tolerance 0.
//   1. Inner runs: InnerRun (bindings/solvers/stochastic/inner-run.ts) and runInner (oracle/inner.ts) get the same z, gradient, states and unit;
//      every code of z must agree, after whole runs and after every single step.
//   2. Whole solvers: reports against the oracle's outer loop. The order of the sums of an exact pass is not specified, so the oracle replays
//      the engine's gradient and states (onAnchor); how far those two may lie apart is checked on the way, against γₙ bounds.

import { afterAll, describe, expect, it } from "vitest";
import type { Plane } from "../bindings/data/dataset.js";
import { Scope } from "../bindings/engine/core.js";
import type { CodeStorage } from "../bindings/engine/kernels.js";
import { finish } from "../bindings/engine/work.js";
import {
  createEngine,
  type DataBits,
  type Engine,
  halp,
  type LossName,
  lpSgd,
  lpSvrg,
  type Problem,
  type StepReport,
  sgd,
  svrg,
} from "../bindings/index.js";
import { InnerRun } from "../bindings/solvers/stochastic/inner-run.js";
import { BLOCK_ROWS, type Codes, type InnerInput, type PackedLevels, runInner, shuffled } from "./oracle/inner.js";
import { lossDerivative, lossValue } from "./oracle/loss.js";
import { joinParameters, marginsOf, normalisedWeights } from "./oracle/objective.js";
import { bytesOf, indicesOf } from "./oracle/packed.js";
import {
  type Anchor,
  autoFlushEvery,
  problemOf,
  type SolverInput,
  type SolverReport,
  smoothness,
  solve,
} from "./oracle/solvers.js";
import { dice, type Sample, sampleFor } from "./support/data.js";
import { describeVariants } from "./support/variants.js";

type Rounding = "stochastic" | "nearest";
type Option = "I" | "II";

const ARRAYS = { I8: Int8Array, I16: Int16Array, F32: Float32Array } as const;

/** The losses, softmax with few and with many classes. */
const LOSSES: readonly { readonly title: string; readonly loss: LossName; readonly classes: number }[] = [
  { title: "squared", loss: "squared", classes: 1 },
  { title: "logistic", loss: "logistic", classes: 1 },
  { title: "softmax of 3", loss: "softmax", classes: 3 },
  { title: "softmax of 10", loss: "softmax", classes: 10 },
  { title: "squaredHinge", loss: "squaredHinge", classes: 1 },
  { title: "hinge", loss: "hinge", classes: 1 },
  { title: "huber", loss: "huber", classes: 1 },
];

interface Shape {
  readonly rows: number;
  readonly cols: number;
}

interface Setting {
  readonly loss: LossName;
  readonly classes: number;
  readonly bits: DataBits;
  readonly fitIntercept: boolean;
  readonly isWeighted: boolean;
  readonly l2: number;
}

/** Tables in root mean squares, uneven on purpose. */
const LEVELS = {
  4: [
    [-2.9, -2.1, -1.6, -1.2, -0.9, -0.6, -0.35, -0.1, 0.12, 0.33, 0.6, 0.95, 1.3, 1.7, 2.2, 3.1],
    [-2, -1, -0.4, 0, 0.5, 1.1, 2.3],
  ],
  2: [
    [-1.5, -0.4, 0.45, 1.4],
    [-1.2, 0, 1.3],
  ],
} as const;

/** The data with one column that does not vary: its packed codes are masked. Not centred, only zeros are nothing to code. */
function withConstant(data: Float64Array, { cols }: Shape, fitIntercept: boolean): Float64Array {
  if (cols < 5) return data;
  return data.map((x, i) => (i % cols === 3 ? (fitIntercept ? 0.1 : 0) : x));
}

/** Problems by setting and shape, made once per engine. */
class Bench {
  readonly engine: Engine;
  readonly #problems = new Map<string, Problem>();
  readonly #samples = new Map<string, Sample>();

  constructor(engine: Engine) {
    this.engine = engine;
  }

  sample(loss: LossName, classes: number, { rows, cols }: Shape): Sample {
    const key = `${loss} ${classes} ${rows} ${cols}`;
    let sample = this.#samples.get(key);
    if (sample === undefined) {
      sample = sampleFor(loss, rows, cols, 1000 * rows + cols, classes);
      this.#samples.set(key, sample);
    }
    return sample;
  }

  problem(setting: Setting, shape: Shape): Problem {
    const { loss, classes, bits, fitIntercept, isWeighted, l2 } = setting;
    const key = `${Object.values(setting).join(" ")} ${shape.rows} ${shape.cols}`;
    let problem = this.#problems.get(key);
    if (problem === undefined) {
      const { rows, cols, labels, weights, ...sample } = this.sample(loss, classes, shape);
      const isPacked = bits === 4 || bits === 2;
      const data = isPacked ? withConstant(sample.data, shape, fitIntercept) : sample.data;
      const dataset = this.engine.dataset({ data, rows, cols }, labels, {
        bits,
        // with a level 0 and without
        ...(isPacked && { levels: LEVELS[bits][isWeighted ? 0 : 1] }),
        ...(isWeighted && { sampleWeight: weights }),
      });
      problem = this.engine.problem(dataset, { loss, l2, fitIntercept, epsilon: 0.7 });
      this.#problems.set(key, problem);
    }
    return problem;
  }
}

/** Levels and mask of packed codes, undefined for others. */
function packedOf({ dataset }: Problem, plane: Plane): PackedLevels | undefined {
  if (plane.packed === null) return undefined;
  const columns = dataset.cols + (plane.intercept !== 0 ? 1 : 0);
  const { levels, mask } = plane.packed;
  const isMasked = Array.from(dataset.core.bytes(mask, columns), (byte) => byte === 0);
  return { levels: Array.from(levels), isMasked };
}

/** rows × columns codes of a plane without padding, in their own type; of packed codes the levels they stand for. */
function codesOf({ dataset }: Problem, plane: Plane): Codes {
  const columns = dataset.cols + (plane.intercept !== 0 ? 1 : 0);
  const buffer = dataset.core.view().buffer as ArrayBuffer;
  const { packed } = plane;
  if (packed !== null) {
    const { levels, isMasked } = packedOf({ dataset } as Problem, plane) as PackedLevels;
    const rows = Array.from({ length: dataset.rows }, (_, i) =>
      indicesOf(
        dataset.core.bytes(plane.codes + i * plane.strideBytes, bytesOf(packed.bits, plane.padded)),
        packed.bits,
        columns,
      ),
    );
    return Int8Array.from(rows.flat(), (index, i) => (isMasked[i % columns] ? 0 : (levels[index] as number)));
  }
  const make = ARRAYS[plane.storage as CodeStorage];
  const codes = new make(dataset.rows * columns);
  for (let i = 0; i < dataset.rows; i++) {
    codes.set(new make(buffer, plane.codes + i * plane.strideBytes, columns), i * columns);
  }
  return codes;
}

/** K × columns out of K × padded. */
function unpad<T extends Codes | Float64Array>(padded: T, plane: Plane, columns: number): T {
  const classes = padded.length / plane.padded;
  const out = padded.slice(0, classes * columns) as T;
  for (let c = 0; c < classes; c++) out.set(padded.subarray(c * plane.padded, c * plane.padded + columns), c * columns);
  return out;
}

function pad<T extends Codes | Float64Array>(values: ArrayLike<number>, into: T, plane: Plane, columns: number): void {
  into.fill(0);
  for (let i = 0; i < values.length; i++)
    into[Math.floor(i / columns) * plane.padded + (i % columns)] = values[i] as number;
}

/** The first place where two arrays differ in their bits, as a sentence; null: nowhere. */
function difference(name: string, actual: ArrayLike<number>, expected: ArrayLike<number>): string | null {
  if (actual.length !== expected.length) return `${name}: ${actual.length} values instead of ${expected.length}`;
  for (let i = 0; i < actual.length; i++) {
    if (!Object.is(actual[i], expected[i])) return `${name}[${i}]: engine ${actual[i]}, oracle ${expected[i]}`;
  }
  return null;
}

// ---- inner runs --------------------------------------------------------------------------------------------------

interface Method {
  readonly name: "halp" | "saga" | "lpSvrg" | "lpSgd" | "svrg" | "sgd";
  readonly bits: DataBits;
  readonly data: "codes" | "float32";
  readonly model: CodeStorage;
  readonly isPublished: boolean;
}

const method = (
  name: Method["name"],
  bits: DataBits,
  model: CodeStorage,
  data: Method["data"] = "codes",
  isPublished = false,
): Method => ({
  name,
  bits,
  data,
  model,
  isPublished,
});

const METHODS: readonly Method[] = [
  ...(["halp", "saga", "lpSvrg", "lpSgd"] as const).flatMap((name) => [
    method(name, 8, "I8"),
    method(name, 8, "I16"),
    method(name, 16, "I16"),
  ]),
  method("halp", 8, "I8", "codes", true),
  // packed codes: the steps of all four are the same, so one width of z each
  method("halp", 4, "I8"),
  method("halp", 2, "I16"),
  method("saga", 4, "I16"),
  method("saga", 2, "I8"),
  method("lpSvrg", 4, "I16"),
  method("lpSvrg", 2, "I8"),
  method("lpSgd", 4, "I8"),
  method("lpSgd", 2, "I16"),
  ...(["svrg", "sgd"] as const).flatMap((name) => [
    method(name, 8, "F32", "float32"),
    method(name, 8, "F32"),
    method(name, 16, "F32"),
  ]),
];

const titleOf = ({ name, bits, data, model, isPublished }: Method): string =>
  `${name}${isPublished ? ", published step" : ""}, ${data === "codes" ? `int${bits}` : "float32"} data, z ${model}`;

interface Run {
  readonly method: Method;
  readonly problem: Problem;
  readonly steps: number;
  readonly flushEvery: number;
  readonly rounding?: Rounding;
  readonly option?: Option;
  readonly seed?: number;
  readonly outerStep?: number;
  /** Unit of z against the one that spans ten times the gradient step. */
  readonly unit?: number;
  /** Size of the gradient against the true one at a random anchor. */
  readonly size?: number;
  /** Rows visited per row drawn, on the rows in their own order. */
  readonly rowsPerDraw?: number;
  /** In blocks, on a shuffled plane. */
  readonly isShuffled?: boolean;
  /** Makes the oracle's run another one. */
  readonly spoil?: (input: InnerInput) => InnerInput;
}

interface Outcome {
  /** null when all agrees. */
  readonly difference: string | null;
  readonly saturated: number;
  /** Codes of z that have moved from where they started. */
  readonly moved: number;
}

/** The same inner run by the engine and by the oracle. */
function compare(run: Run): Outcome {
  const {
    method,
    problem,
    steps,
    flushEvery,
    rounding = "stochastic",
    option = "I",
    seed = 7,
    outerStep = 3,
    unit = 1,
    size = 1,
    isShuffled = false,
    spoil = (input: InnerInput) => input,
    rowsPerDraw = isShuffled ? BLOCK_ROWS : 1,
  } = run;
  const { name, model, isPublished } = method;
  const { core, dataset, outputs, l2 } = problem;
  const { rows, cols, weights } = dataset;
  const plane = finish(dataset.plane(method.data, problem.fitIntercept, isShuffled));
  const columns = cols + (plane.intercept !== 0 ? 1 : 0);
  const Q = plane.largest;
  const isFloat = model === "F32";
  const isReduced = name === "halp" || name === "saga" || name === "svrg" || name === "lpSvrg";
  const carries = name === "lpSvrg" || name === "lpSgd" || name === "sgd";
  const limit = model === "I8" ? 127 : 32767;
  const L = finish(problem.smoothness(plane));
  const stepSize = 1 / (2 * (L > 0 ? L : 1));
  const alpha = stepSize / (Q * Q);
  const random = dice(seed + 17 * rows + cols);

  const scope = new Scope(core);
  try {
    const isDense = isReduced || l2 > 0;
    const inner = finish(
      InnerRun.create(scope, problem, {
        plane,
        model,
        alpha,
        flushEvery: !isDense || (isPublished && l2 === 0) ? 0 : flushEvery,
        isStochastic: rounding === "stochastic",
        isCentred: isReduced,
        hasTable: name === "saga",
        hasBase: name === "lpSvrg",
        isPublished,
        rowsPerDraw,
      }),
    );
    const { size: count } = inner;
    // the anchor: half a unit in every coordinate
    const packed = packedOf(problem, plane);
    const anchor = Float64Array.from({ length: outputs * columns }, () => random.uniform() / (2 * Q));
    for (let i = 0; i < anchor.length; i++) if (packed?.isMasked[i % columns]) anchor[i] = 0;
    let delta = 1;
    let start: Codes = new ARRAYS[model](outputs * columns);
    if (carries && !isFloat) {
      delta = (2 * unit) / Q / limit;
      start = start.map((_, i) => Math.max(-limit, Math.min(limit, Math.floor((anchor[i] as number) / delta + 0.5))));
    } else if (carries) start = Float32Array.from(anchor);
    if (carries) for (let i = 0; i < anchor.length; i++) anchor[i] = delta * (start[i] as number);

    const v = scope.alloc(count * 8, "anchor");
    const g = scope.alloc(count * 8, "gradient");
    pad(anchor, core.f64(v, count), plane, columns);
    const { codeNorm } = finish(problem.exactPass(plane, v, g, inner.values));
    finish(inner.takeStates());
    const full = core.f64(g, count).map((x) => x * size);
    const ridge = core.f64(inner.ridge, plane.padded).slice();
    let dense = full;
    if (name === "lpSvrg")
      dense = full.map((x, i) => x - (ridge[i % plane.padded] as number) * (core.f64(v, count)[i] as number));
    if (name === "halp" || name === "saga") {
      // ten full steps along the gradient fill the range
      delta = (unit * 10 * alpha * codeNorm * size) / limit;
      if (delta === 0) delta = 1e-3;
    }
    if (isReduced) core.f64(inner.gradientTarget, count).set(dense);
    const labels = core.f64(problem.labels.f64, rows).slice();
    const omega = weights.f64 === 0 ? undefined : core.f64(weights.f64, rows).slice();
    const state = core.f32(inner.values.state, rows * outputs).slice();

    const zOf = (): Codes => new ARRAYS[model](core.view().buffer as ArrayBuffer, inner.z, count);
    pad(start, zOf(), plane, columns);
    if (name === "lpSvrg") finish(inner.fillBase());
    const done = finish(inner.advance(seed, outerStep, steps, delta, option === "II"));

    const own = codesOf(problem, finish(dataset.plane(method.data, problem.fitIntercept)));
    let base: Float64Array | undefined;
    if (name === "lpSvrg") {
      base = new Float64Array(rows * outputs);
      for (let i = 0; i < rows; i++) {
        for (let c = 0; c < outputs; c++) {
          for (let j = 0; j < columns; j++) {
            base[i * outputs + c] =
              (base[i * outputs + c] as number) + (own[i * columns + j] as number) * (start[c * columns + j] as number);
          }
        }
      }
    }
    const input: InnerInput = {
      codes: isFloat ? Float32Array.from(own) : own,
      z: start,
      rows,
      columns,
      classes: outputs,
      loss: problem.loss,
      tau: problem.epsilon,
      labels,
      alpha,
      deltaScale: delta,
      ridge: ridge.subarray(0, columns),
      flushEvery,
      innerSteps: steps,
      option,
      rounding,
      seed,
      outerStep,
      rowsPerDraw,
      published: isPublished,
      table: name === "saga",
      ...(packed !== undefined && { packed }),
      ...(omega !== undefined && { omega }),
      ...(isReduced && { state, gradient: unpad(dense, plane, columns) }),
      ...(base !== undefined && { base }),
    };
    const expected = runInner(spoil(isShuffled ? shuffled(input) : input));

    const z = zOf();
    const ours = unpad(z, plane, columns);
    let found = difference("z", ours, expected.z);
    if (found === null && done.steps !== expected.steps)
      found = `steps: engine ${done.steps}, oracle ${expected.steps}`;
    if (found === null && done.saturated !== expected.saturated)
      found = `saturated: engine ${done.saturated}, oracle ${expected.saturated}`;
    if (found === null && z.some((code, i) => i % plane.padded >= columns && code !== 0))
      found = "padding of z is not zero";
    let moved = 0;
    ours.forEach((code, i) => {
      if (code !== start[i]) moved++;
    });
    return { difference: found, saturated: done.saturated, moved };
  } finally {
    scope.release();
  }
}

const SHAPES: readonly Shape[] = [
  { rows: 50, cols: 33 },
  { rows: 300, cols: 5 },
  { rows: 50, cols: 1 },
  { rows: 300, cols: 33 },
  { rows: 50, cols: 100 },
];
/** As SHAPES for few rows: softmax of 10 needs ten of them. */
const SMALL: readonly Shape[] = [
  { rows: 3, cols: 5 },
  { rows: 1, cols: 1 },
  { rows: 3, cols: 33 },
  { rows: 1, cols: 5 },
];

describeVariants("inner runs agree code for code", (variant) => {
  const engine = createEngine({ variant });
  const bench = new Bench(engine);
  afterAll(() => engine.dispose());

  describe.each(METHODS.map((method) => ({ title: titleOf(method), method })))("$title", ({ method }) => {
    it.each(LOSSES)("$title: every combination of options", ({ loss, classes }) => {
      const wrong: string[] = [];
      let turn = METHODS.indexOf(method);
      let moved = 0;
      let runs = 0;
      for (const fitIntercept of [false, true]) {
        for (const isWeighted of [false, true]) {
          for (const l2 of [0, 0.01]) {
            for (const rounding of ["stochastic", "nearest"] as const) {
              for (const option of ["I", "II"] as const) {
                for (const flushEvery of method.isPublished ? [1] : [1, 7, 64]) {
                  turn++;
                  const few = SMALL.filter(
                    ({ rows }) => (loss === "squared" || loss === "huber" || rows > 1) && rows >= classes,
                  );
                  const shapes = [...SHAPES, ...few];
                  const shape = shapes[turn % shapes.length] as Shape;
                  const setting = { loss, classes, bits: method.bits, fitIntercept, isWeighted, l2 };
                  const problem = bench.problem(setting, shape);
                  const outcome = compare({
                    method,
                    problem,
                    steps: 40 + (turn % 31),
                    flushEvery,
                    rounding,
                    option,
                    seed: turn,
                    outerStep: turn % 5,
                  });
                  runs++;
                  if (outcome.moved > 0) moved++;
                  if (outcome.difference !== null) {
                    wrong.push(
                      `${JSON.stringify({ ...setting, ...shape, rounding, option, flushEvery, turn })}: ${outcome.difference}`,
                    );
                  }
                }
              }
            }
          }
        }
      }
      expect(wrong).toEqual([]);
      // the comparison is not one of zeros with zeros
      expect(moved).toBeGreaterThan(0.6 * runs);
    });

    it("after every single step", () => {
      const wrong: string[] = [];
      for (const { loss, classes } of LOSSES) {
        const setting = { loss, classes, bits: method.bits, fitIntercept: true, isWeighted: true, l2: 0.01 };
        const problem = bench.problem(setting, { rows: 50, cols: 33 });
        // the run of T steps is the beginning of every longer one, but for the flush at its end
        for (let steps = 1; steps <= 24; steps++) {
          const outcome = compare({ method, problem, steps, flushEvery: method.isPublished ? 1 : 5 });
          if (outcome.difference !== null)
            wrong.push(`${loss} of ${classes} after ${steps} steps: ${outcome.difference}`);
        }
      }
      expect(wrong).toEqual([]);
    });

    it("in blocks", () => {
      const wrong: string[] = [];
      let turn = 0;
      for (const { loss, classes } of LOSSES) {
        // blocks of rows in their own order, shorter and longer than the set, and the ones of the solvers, on shuffled rows
        for (const rowsPerDraw of [2, 7, 64, null]) {
          for (const isWeighted of [false, true]) {
            turn++;
            const setting = { loss, classes, bits: method.bits, fitIntercept: true, isWeighted, l2: 0.01 };
            const problem = bench.problem(setting, { rows: turn % 3 === 0 ? 300 : 50, cols: 5 });
            const outcome = compare({
              method,
              problem,
              steps: 150,
              flushEvery: method.isPublished ? 1 : 16,
              option: turn % 5 === 0 ? "II" : "I",
              seed: turn,
              ...(rowsPerDraw === null ? { isShuffled: true } : { rowsPerDraw }),
            });
            if (outcome.difference !== null)
              wrong.push(`${loss} of ${classes}, ${rowsPerDraw}, weighted ${isWeighted}: ${outcome.difference}`);
          }
        }
      }
      for (const shape of SMALL.filter(({ cols }) => cols === 5)) {
        const problem = bench.problem(
          { loss: "squared", classes: 1, bits: method.bits, fitIntercept: true, isWeighted: false, l2: 0 },
          shape,
        );
        for (const isShuffled of [false, true]) {
          const flushEvery = method.isPublished ? 1 : 16;
          const outcome = compare({ method, problem, steps: 100, flushEvery, isShuffled, rowsPerDraw: BLOCK_ROWS });
          if (outcome.difference !== null) wrong.push(`${shape.rows} rows: ${outcome.difference}`);
        }
      }
      expect(wrong).toEqual([]);
    });

    it("over 2000 steps", () => {
      const wrong: string[] = [];
      for (const { loss, classes } of LOSSES.filter(({ classes }) => classes < 10)) {
        for (const rounding of ["stochastic", "nearest"] as const) {
          const setting = { loss, classes, bits: method.bits, fitIntercept: true, isWeighted: false, l2: 0.001 };
          const problem = bench.problem(setting, { rows: 300, cols: 33 });
          const outcome = compare({ method, problem, steps: 2000, flushEvery: method.isPublished ? 1 : 64, rounding });
          if (outcome.difference !== null) wrong.push(`${loss}, ${rounding}: ${outcome.difference}`);
        }
      }
      expect(wrong).toEqual([]);
    });
  });

  // unit of z far too small: it runs into its limits; far too large: everything is one code or none
  const EXTREMES = [
    { title: "saturating", unit: 1e-3, size: 1, saturates: true },
    { title: "saturating hard", unit: 1e-7, size: 1, saturates: true },
    { title: "coarse", unit: 1e3, size: 1, saturates: false },
    { title: "very coarse", unit: 1e7, size: 1, saturates: false },
    { title: "late in convergence (gradient × 1e-10)", unit: 1, size: 1e-10, saturates: false },
    {
      title: "later still (gradient × 1e-30, below float32's normal numbers × alpha)",
      unit: 1,
      size: 1e-30,
      saturates: false,
    },
    { title: "late and saturating", unit: 1e-3, size: 1e-10, saturates: true },
    { title: "late and coarse", unit: 1e3, size: 1e-10, saturates: false },
  ];
  describe.each(METHODS.filter(({ model }) => model !== "F32").map((method) => ({ title: titleOf(method), method })))(
    "$title",
    ({ method }) => {
      it.each(EXTREMES)("$title", ({ unit, size, saturates }) => {
        const wrong: string[] = [];
        let saturated = 0;
        for (const { loss, classes } of LOSSES) {
          for (const rounding of ["stochastic", "nearest"] as const) {
            const setting = { loss, classes, bits: method.bits, fitIntercept: true, isWeighted: true, l2: 0.01 };
            const problem = bench.problem(setting, { rows: 50, cols: 33 });
            const outcome = compare({
              method,
              problem,
              steps: 150,
              flushEvery: method.isPublished ? 1 : 16,
              rounding,
              unit,
              size,
            });
            saturated += outcome.saturated;
            if (outcome.difference !== null) wrong.push(`${loss} of ${classes}, ${rounding}: ${outcome.difference}`);
          }
        }
        expect(wrong).toEqual([]);
        if (saturates && method.name === "halp") expect(saturated).toBeGreaterThan(0);
      });
    },
  );

  it.each([
    { title: "784 columns, 10 classes", shape: { rows: 50, cols: 784 }, loss: "softmax", classes: 10 },
    { title: "784 columns, squared", shape: { rows: 50, cols: 784 }, loss: "squared", classes: 1 },
    {
      title: "more columns than one window of the integer dot",
      shape: { rows: 10, cols: 8300 },
      loss: "logistic",
      classes: 1,
    },
  ] as const)("$title", ({ shape, loss, classes }) => {
    const wrong: string[] = [];
    for (const method of METHODS) {
      const problem = bench.problem(
        { loss, classes, bits: method.bits, fitIntercept: true, isWeighted: false, l2: 0.01 },
        shape,
      );
      const outcome = compare({ method, problem, steps: 60, flushEvery: method.isPublished ? 1 : 13 });
      if (outcome.difference !== null) wrong.push(`${titleOf(method)}: ${outcome.difference}`);
    }
    expect(wrong).toEqual([]);
  });

  /** Orders that somebody might take for the right one. */
  const ORDERS: Readonly<Record<string, (input: InnerInput) => InnerInput>> = {
    "every row drawn": (input) => ({ ...input, rowsPerDraw: 1 }),
    "blocks one row shorter": (input) => ({ ...input, rowsPerDraw: BLOCK_ROWS - 1 }),
    "blocks one row longer": (input) => ({ ...input, rowsPerDraw: BLOCK_ROWS + 1 }),
    "shuffled twice": shuffled,
    "labels in another order": (input) => ({ ...input, labels: labelsOf(input) }),
    "weights left out": (input) => ({ ...input, omega: new Float64Array(input.rows).fill(1) }),
    "states in another order": (input) => ({ ...input, state: (input.state as Float32Array).slice().reverse() }),
    "goes on with the last row instead of the first": (input) => ({ ...input, ...lastRowTwice(input) }),
  };
  const labelsOf = ({ labels }: InnerInput): number[] => Array.from(labels).reverse();
  /** The last row in the place of the first, too: what a block sees that does not go round. */
  const lastRowTwice = ({ codes, rows, columns }: InnerInput): Pick<InnerInput, "codes"> => {
    const spoilt = codes.slice() as Codes;
    spoilt.copyWithin(0, (rows - 1) * columns);
    return { codes: spoilt };
  };
  it.each(Object.keys(ORDERS))("another order is noticed: %s", (name) => {
    const setting = { classes: 1, bits: 8, fitIntercept: true, isWeighted: true, l2: 0.01 } as const;
    const problem = bench.problem({ ...setting, loss: "squaredHinge" }, { rows: 50, cols: 33 });
    const spoil = ORDERS[name] as (input: InnerInput) => InnerInput;
    const run = { method: METHODS[1] as Method, problem, steps: 200, flushEvery: 16, isShuffled: true };
    expect(compare(run).difference).toBe(null);
    expect(compare({ ...run, spoil }).difference).not.toBe(null);
  });

  it.each([4, 2] as const)("another rounding is noticed: one per column in place of one per level, %s bits", (bits) => {
    const setting = { classes: 1, bits, fitIntercept: true, isWeighted: false, l2: 0.01 } as const;
    const problem = bench.problem({ ...setting, loss: "logistic" }, { rows: 50, cols: 33 });
    const run = { method: method("halp", bits, "I16"), problem, steps: 40, flushEvery: 16 };
    expect(compare(run).difference).toBe(null);
    const spoil = ({ packed: _packed, ...input }: InnerInput): InnerInput => input;
    expect(compare({ ...run, spoil }).difference).not.toBe(null);
  });

  it("seeds and outer steps at the ends of their range", () => {
    const wrong: string[] = [];
    for (const seed of [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]) {
      for (const outerStep of [0, 1, 1000, 2 ** 31]) {
        const method = METHODS[1] as Method;
        const problem = bench.problem(
          { loss: "logistic", classes: 1, bits: 8, fitIntercept: true, isWeighted: false, l2: 0 },
          { rows: 50, cols: 5 },
        );
        const outcome = compare({ method, problem, steps: 50, flushEvery: 7, seed, outerStep, option: "II" });
        if (outcome.difference !== null) wrong.push(`seed ${seed}, outer step ${outerStep}: ${outcome.difference}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});

// ---- whole solvers -----------------------------------------------------------------------------------------------

const u = 2 ** -53;
/** γₙ: n roundings in a row. */
const gamma = (n: number): number => (n * u) / (1 - n * u);
/** Roundings granted to one evaluation of a loss or its derivative (exp, log1p and a few operations around them), each side. */
const EVALUATION = 16;

interface Bounds {
  readonly objective: number;
  readonly gradientNorm: number;
  /** Per coordinate of the gradient in code coordinates, K × columns. */
  readonly code: Float64Array;
}

/** How far two float64 evaluations at the same weights may lie apart, whatever the order of their sums. */
function exactBounds(input: SolverInput, coef: Float64Array, intercept: Float64Array): Bounds {
  const problem = problemOf(input);
  const { rows, cols, loss, labels, tau, classes: K } = problem;
  const columns = cols + (input.intercept ? 1 : 0);
  const interceptCode = Math.abs(input.interceptCode as number);
  const theta = joinParameters(problem, coef, intercept);
  const omega = normalisedWeights(problem);
  let objective = 0;
  let penalty = 0;
  for (const w of coef) penalty += 0.5 * input.l2 * w * w;
  const user = new Float64Array(K * columns);
  const code = new Float64Array(K * columns);
  for (let i = 0; i < rows; i++) {
    const margins = marginsOf(problem, theta, i);
    const y = labels[i] as number;
    const derivative = lossDerivative(loss, margins, y, tau);
    // a margin: cols + 1 products and sums, in either order
    const shift = Float64Array.from({ length: K }, (_, c) => {
      let sum = Math.abs(intercept[c] as number);
      for (let j = 0; j < cols; j++)
        sum += Math.abs((coef[c * cols + j] as number) * (input.values[i * cols + j] as number));
      return 2 * gamma(cols + 2) * sum;
    });
    const largest = Math.max(...shift);
    const value = lossValue(loss, margins, y, tau);
    const weight = omega[i] as number;
    const steepest = Math.max(1, ...derivative.map(Math.abs)) + largest;
    const size = margins.reduce((top, m) => Math.max(top, Math.abs(m)), Math.abs(y));
    objective +=
      weight * (2 * steepest * largest + 2 * EVALUATION * u * (value + size + 1) + 2 * gamma(rows + 2) * value);
    for (let c = 0; c < K; c++) {
      const d = Math.abs(derivative[c] as number);
      // second derivatives are at most 1 (times 2 for the spread over classes); the hinge jumps where its kink is within reach
      const jump = loss === "hinge" && Math.abs(1 - y * (margins[0] as number)) <= 2 * largest ? 1 : 0;
      const error = weight * (2 * largest + jump + 2 * EVALUATION * u * (d + size + 1) + 2 * gamma(rows + 4) * d);
      for (let j = 0; j < columns; j++) {
        const x = j < cols ? Math.abs(input.values[i * cols + j] as number) : 1;
        const at = c * columns + j;
        user[at] = (user[at] as number) + (error * x) / rows;
        const reach = j < cols ? (x + Math.abs(input.offset[j] as number)) / (input.scale[j] as number) : interceptCode;
        code[at] = (code[at] as number) + (error * reach) / rows;
      }
    }
  }
  for (let c = 0; c < K; c++) {
    for (let j = 0; j < cols; j++) {
      const ridge = 8 * u * input.l2 * Math.abs(coef[c * cols + j] as number);
      const at = c * columns + j;
      user[at] = (user[at] as number) + ridge;
      code[at] = (code[at] as number) + ridge / (input.scale[j] as number);
    }
  }
  const length = Math.sqrt(user.reduce((sum, x) => sum + x * x, 0));
  return { objective: objective / rows + 2 * gamma(K * cols + 3) * penalty, gradientNorm: length, code };
}

/** Whole runs of these; of SAGA the inner runs, whose outer loop is HALP's. */
type Solver = Exclude<Method["name"], "saga">;

interface Case extends Setting {
  readonly solver: Solver;
  readonly shape: Shape;
  readonly modelBits?: 8 | 16;
  readonly data?: "codes" | "float32";
  readonly flushEvery?: number | "auto";
  readonly rounding?: Rounding;
  readonly option?: Option;
  readonly mu?: number | "auto";
  readonly range?: number | "auto";
  readonly stepSize?: number;
  readonly innerSteps?: number;
  readonly outerSteps?: number;
  readonly sampling?: "uniform" | "blocks";
}

const SOLVERS = { halp, lpSvrg, lpSgd, svrg, sgd } as unknown as Record<
  Solver,
  (problem: Problem, options: Record<string, unknown>) => Generator<StepReport, void, undefined>
>;

/** Runs both; every sentence of the answer is one disagreement. */
function replay(bench: Bench, test: Case): string[] {
  const {
    solver,
    shape,
    modelBits,
    data,
    flushEvery = "auto",
    rounding = "stochastic",
    option = "I",
    mu,
    range,
    stepSize,
    innerSteps,
    outerSteps = 4,
    sampling,
  } = test;
  const { loss, classes, bits, fitIntercept, isWeighted, l2 } = test;
  const drawn = bench.sample(loss, classes, shape);
  const sample = bits < 8 ? { ...drawn, data: withConstant(drawn.data, shape, fitIntercept) } : drawn;
  const problem = bench.problem({ loss, classes, bits, fitIntercept, isWeighted, l2 }, shape);
  const { core, dataset, outputs } = problem;
  const isFloat = solver === "svrg" || solver === "sgd";
  const isReduced = solver === "halp" || solver === "svrg" || solver === "lpSvrg";
  const isOnGrid = solver === "lpSvrg" || solver === "lpSgd";
  const seed = 11;
  const chosen = isReduced ? option : "I"; // SGD has no anchor to choose
  const reports = [
    ...SOLVERS[solver](problem, {
      seed,
      outerSteps,
      flushEvery,
      ...(sampling !== undefined && { sampling }),
      ...(stepSize !== undefined && { stepSize }),
      ...(innerSteps !== undefined && { innerSteps }),
      ...(isFloat ? { data: data ?? "float32" } : { bits: modelBits ?? bits, rounding }),
      ...(solver === "halp" && { mu: mu ?? "auto" }),
      ...(isOnGrid && { range: range ?? 3 }),
      ...(isReduced && { option }),
    }),
  ];

  // float32 models read the int8 codes that packed ones stand for
  const kind = isFloat ? (bits < 8 ? "int8" : (data ?? "float32")) : "codes";
  const plane = finish(dataset.plane(kind, fitIntercept, sampling === "blocks"));
  const { cols, rows } = dataset;
  const columns = cols + (fitIntercept ? 1 : 0);
  const Q = plane.largest;
  const codes = codesOf(problem, finish(dataset.plane(kind, fitIntercept)));
  const packed = packedOf(problem, plane);
  const width = 2 ** ((modelBits ?? bits) - 1) - 1;
  const scale = core.f64(plane.scale, columns).slice();
  const offset = core.f64(plane.offset, columns).slice();
  const alpha = (reports[0] as StepReport).stepSize;
  const lambda = finish(problem.largestEigenvalue(plane));
  const every = flushEvery === "auto" ? Math.max(1, Math.min(64, Math.floor(1 / (alpha * lambda)))) : flushEvery;
  const labels = core.f64(problem.labels.f64, rows).slice();
  const wrong: string[] = [];
  const own: SolverInput = {
    codes,
    scale,
    offset,
    values: sample.data,
    rows,
    cols,
    labels,
    loss,
    tau: problem.epsilon,
    classes: outputs,
    l2,
    intercept: fitIntercept,
    ...(isWeighted && { weights: sample.weights }),
    bits: modelBits ?? (bits as 8 | 16),
    ...(packed !== undefined && { packed }),
    interceptCode: plane.intercept,
    stepSize: alpha,
    ...(typeof mu === "number" && { mu }),
    range: isOnGrid ? (range === "auto" ? (reports[0] as StepReport).deltaScale * width : (range ?? 3)) : 1,
    innerSteps: innerSteps ?? 2 * rows,
    flushEvery: every,
    seed,
    sampling: sampling ?? "uniform",
    rounding,
    option: chosen,
    outerSteps,
    published: !isFloat && solver === "halp" && bits === 8 && (modelBits ?? bits) === 8 && flushEvery === 1,
  };
  // float32 z on integer codes: the oracle reads the same numbers as a float32 plane of Q = 1
  const isMixed = isFloat && !(codes instanceof Float32Array);
  const input: SolverInput = isMixed ? { ...own, codes: Float32Array.from(codes), stepSize: alpha / (Q * Q) } : own;

  if (Math.abs(smoothness(own) - finish(problem.smoothness(plane))) > 2 * gamma(columns + 3) * smoothness(own))
    wrong.push(`L: ${finish(problem.smoothness(plane))}, oracle ${smoothness(own)}`);
  if (stepSize === undefined && alpha !== 1 / (2 * finish(problem.smoothness(plane))))
    wrong.push("stepSize is not 1/(2L)");
  const oracleFlush = autoFlushEvery(own);
  const product = 1 / (alpha * lambda);
  // the two may only differ where 1/(alpha·λmax) is a whole number to the last digits
  if (flushEvery === "auto" && oracleFlush !== every && Math.abs(product - Math.round(product)) > 1e-9 * product)
    wrong.push(`flushEvery: ${every}, oracle ${oracleFlush}`);

  const size = outputs * plane.padded;
  const scope = new Scope(core);
  const v = scope.alloc(size * 8, "anchor");
  const g = scope.alloc(size * 8, "gradient");
  const values = finish(problem.allocRows(scope));
  const weightsAt = (values: Float64Array): { coef: Float64Array; intercept: Float64Array } => {
    pad(values, core.f64(v, size), plane, columns);
    return problem.toWeights(plane, v);
  };
  /** Replaces what comes out of sums by the engine's own. */
  const onAnchor = (anchor: Anchor): void => {
    const { coef, intercept } = weightsAt(anchor.v);
    const before = reports[anchor.outerStep] as StepReport;
    const after = reports[anchor.outerStep + 1] as StepReport | undefined;
    const exact = finish(problem.exactPass(plane, v, g, values));
    const at = `outer step ${anchor.outerStep}`;
    for (const found of [
      difference("anchor's coef", before.coef, coef),
      difference("anchor's intercept", before.intercept, intercept),
    ]) {
      if (found !== null) wrong.push(`${at}: ${found}`);
    }
    const bounds = exactBounds(own, coef, intercept);
    const gradient = unpad(core.f64(g, size), plane, columns);
    if (!isMixed) {
      gradient.forEach((x, i) => {
        const error = Math.abs(x - (anchor.gradient[i] as number));
        if (!(error <= (bounds.code[i] as number)))
          wrong.push(`${at}: gradient[${i}] off by ${error}, bound ${bounds.code[i]}`);
      });
    }
    if (exact.objective !== before.objective || exact.gradientNorm !== before.gradientNorm)
      wrong.push(`${at}: the exact pass cannot be repeated`);
    anchor.gradient.set(gradient);
    if (anchor.dense !== null) {
      if (solver === "lpSvrg") {
        for (let i = 0; i < gradient.length; i++) {
          const j = i % columns;
          const ridge = j < cols ? l2 / (scale[j] as number) / (scale[j] as number) : 0;
          anchor.dense[i] = (gradient[i] as number) - ridge * (anchor.v[i] as number);
        }
      } else anchor.dense.set(gradient);
    }
    if (anchor.state !== null) anchor.state.set(core.f32(values.state, rows * outputs));
    if (solver === "halp" && after !== undefined) anchor.deltaScale = exact.codeNorm / Q / (after.mu * width) / Q;
    if (isOnGrid) anchor.deltaScale = (own.range as number) / Q / width;
    if (isOnGrid && range === "auto") anchor.deltaScale = before.deltaScale / Q;
    if (solver === "halp" && own.mu === undefined && after !== undefined) {
      // mu: "auto" takes back an outer step that made both objective and gradient worse
      const z = innerOf(anchor);
      const tried = anchor.v.map((x, i) => x + anchor.deltaScale * (z.z[i] as number));
      weightsAt(tried);
      const trial = finish(problem.exactPass(plane, v, g, values));
      if (!(trial.objective <= exact.objective) && !(trial.gradientNorm <= exact.gradientNorm)) {
        for (const found of [
          difference("coef taken back", after.coef, coef),
          difference("intercept taken back", after.intercept, intercept),
        ]) {
          if (found !== null) wrong.push(`${at}: ${found}`);
        }
        taken.set(anchor.outerStep, { deltaScale: anchor.deltaScale, saturated: z.saturated });
        // nothing moves at a stationary point: the oracle's anchor stays, too
        anchor.dense?.fill(0);
      }
    }
  };
  /** Outer steps that were taken back. */
  const taken = new Map<number, { deltaScale: number; saturated: number }>();
  const ordered = sampling === "blocks" ? shuffled : (run: InnerInput): InnerInput => run;
  const innerOf = (anchor: Anchor): ReturnType<typeof runInner> => {
    const run = ordered({
      codes,
      z: anchor.z,
      rows,
      columns,
      classes: outputs,
      loss,
      labels,
      tau: problem.epsilon,
      alpha: alpha / Q ** 2,
      deltaScale: anchor.deltaScale,
      ridge: Float64Array.from(scale, (x, j) => (j < cols ? l2 / x / x : 0)),
      flushEvery: every,
      innerSteps: own.innerSteps,
      option: chosen,
      rounding,
      seed,
      outerStep: anchor.outerStep,
      published: own.published as boolean,
      ...(packed !== undefined && { packed }),
      ...(isWeighted && { omega: normalisedWeights(problemOf(own)) }),
      ...(anchor.state !== null && { state: anchor.state }),
      ...(anchor.dense !== null && { gradient: anchor.dense }),
    });
    return runInner(run);
  };
  const oracleReports: SolverReport[] = [];
  oracleReports.push(...solve(solver, { ...input, onAnchor }));

  if (oracleReports.length !== reports.length - 1 && !(reports.at(-1) as StepReport).isDiverged)
    wrong.push(`${reports.length - 1} outer steps, oracle ${oracleReports.length}`);
  let steps = 0;
  oracleReports.forEach((oracle, k) => {
    const report = reports[k + 1] as StepReport | undefined;
    if (report === undefined) return;
    const at = `after outer step ${k}`;
    const { coef, intercept } = weightsAt(oracle.v);
    for (const found of [
      difference("coef", report.coef, isMixed ? coef : oracle.coef),
      difference("intercept", report.intercept, isMixed ? intercept : oracle.intercept),
    ]) {
      if (found !== null) wrong.push(`${at}: ${found}`);
    }
    const { saturated } = taken.get(k) ?? oracle;
    const deltaScale = isFloat ? 0 : (taken.get(k) ?? oracle).deltaScale * Q;
    if (report.deltaScale !== deltaScale) wrong.push(`${at}: deltaScale ${report.deltaScale}, oracle ${deltaScale}`);
    if (report.saturated !== saturated) wrong.push(`${at}: saturated ${report.saturated}, oracle ${saturated}`);
    steps += oracle.steps;
    if (report.passes !== steps / rows) wrong.push(`${at}: passes ${report.passes}, oracle ${steps / rows}`);
    if (isMixed) return;
    const bounds = exactBounds(own, report.coef, report.intercept);
    const apart = Math.abs(report.objective - oracle.objective);
    if (!(apart <= bounds.objective)) wrong.push(`${at}: objective off by ${apart}, bound ${bounds.objective}`);
    const gradientApart = Math.abs(report.gradientNorm - oracle.gradientNorm);
    if (!(gradientApart <= bounds.gradientNorm))
      wrong.push(`${at}: gradientNorm off by ${gradientApart}, bound ${bounds.gradientNorm}`);
  });
  scope.release();
  return wrong;
}

describeVariants("whole solvers replay the oracle", (variant) => {
  const engine = createEngine({ variant });
  const bench = new Bench(engine);
  afterAll(() => engine.dispose());
  const shape = { rows: 50, cols: 5 };

  const KINDS: readonly {
    readonly title: string;
    readonly kind: Pick<Case, "solver" | "bits" | "modelBits" | "data" | "flushEvery">;
  }[] = [
    { title: "halp 8/8", kind: { solver: "halp", bits: 8, modelBits: 8 } },
    { title: "halp 8/8, published", kind: { solver: "halp", bits: 8, modelBits: 8, flushEvery: 1 } },
    { title: "halp 8/16", kind: { solver: "halp", bits: 8, modelBits: 16 } },
    { title: "halp 16/16, flushEvery 7", kind: { solver: "halp", bits: 16, modelBits: 16, flushEvery: 7 } },
    { title: "lpSvrg 8/8", kind: { solver: "lpSvrg", bits: 8, modelBits: 8 } },
    { title: "lpSvrg 8/16, flushEvery 1", kind: { solver: "lpSvrg", bits: 8, modelBits: 16, flushEvery: 1 } },
    { title: "lpSvrg 16/16", kind: { solver: "lpSvrg", bits: 16, modelBits: 16 } },
    { title: "lpSgd 8/8", kind: { solver: "lpSgd", bits: 8, modelBits: 8 } },
    { title: "lpSgd 8/16, flushEvery 7", kind: { solver: "lpSgd", bits: 8, modelBits: 16, flushEvery: 7 } },
    { title: "lpSgd 16/16", kind: { solver: "lpSgd", bits: 16, modelBits: 16 } },
    { title: "halp 4/16", kind: { solver: "halp", bits: 4, modelBits: 16 } },
    { title: "halp 2/8, flushEvery 7", kind: { solver: "halp", bits: 2, modelBits: 8, flushEvery: 7 } },
    { title: "halp 4/8, flushEvery 1", kind: { solver: "halp", bits: 4, modelBits: 8, flushEvery: 1 } },
    { title: "lpSvrg 4/8", kind: { solver: "lpSvrg", bits: 4, modelBits: 8 } },
    { title: "lpSgd 2/16", kind: { solver: "lpSgd", bits: 2, modelBits: 16 } },
    { title: "svrg on codes of 4 bits", kind: { solver: "svrg", bits: 4, data: "codes" } },
    { title: "svrg", kind: { solver: "svrg", bits: 8, data: "float32" } },
    { title: "svrg on int8 codes", kind: { solver: "svrg", bits: 8, data: "codes" } },
    { title: "svrg on int16 codes, flushEvery 7", kind: { solver: "svrg", bits: 16, data: "codes", flushEvery: 7 } },
    { title: "sgd", kind: { solver: "sgd", bits: 8, data: "float32" } },
    { title: "sgd on int8 codes, flushEvery 1", kind: { solver: "sgd", bits: 8, data: "codes", flushEvery: 1 } },
    { title: "sgd on int16 codes", kind: { solver: "sgd", bits: 16, data: "codes" } },
  ];

  describe.each(KINDS)("$title", ({ kind }) => {
    it.each(LOSSES)("$title", ({ loss, classes }) => {
      const wrong: string[] = [];
      let turn = 0;
      for (const fitIntercept of [true, false]) {
        for (const isWeighted of [false, true]) {
          for (const l2 of [0, 0.02]) {
            turn++;
            const test: Case = {
              ...kind,
              loss,
              classes,
              fitIntercept,
              isWeighted,
              l2,
              shape,
              rounding: turn % 3 === 0 ? "nearest" : "stochastic",
              option: turn % 4 === 1 ? "II" : "I",
              mu: turn % 2 === 0 ? 0.2 : "auto",
              // half of the combinations each, over the losses
              sampling: (turn + LOSSES.findIndex((one) => one.loss === loss)) % 2 === 0 ? "blocks" : "uniform",
            };
            for (const sentence of replay(bench, test)) wrong.push(`${JSON.stringify(test)}: ${sentence}`);
          }
        }
      }
      expect(wrong.slice(0, 20)).toEqual([]);
    });
  });

  const LIMITS: readonly (Omit<Case, "classes" | "fitIntercept" | "isWeighted" | "l2"> & { readonly title: string })[] =
    [
      {
        title: "halp, mu a thousand times too large",
        solver: "halp",
        loss: "logistic",
        bits: 8,
        modelBits: 16,
        shape,
        mu: 1e3,
      },
      {
        title: "halp 8 bit, mu a thousand times too large",
        solver: "halp",
        loss: "logistic",
        bits: 8,
        modelBits: 8,
        shape,
        mu: 1e3,
      },
      { title: "halp, mu far too small", solver: "halp", loss: "squared", bits: 8, modelBits: 16, shape, mu: 1e-5 },
      {
        title: "published, mu too small",
        solver: "halp",
        loss: "squared",
        bits: 8,
        modelBits: 8,
        shape,
        mu: 0.03,
        flushEvery: 1,
      },
      { title: "halp to the end", solver: "halp", loss: "squared", bits: 8, modelBits: 16, shape, outerSteps: 60 },
      {
        title: "halp 16/16 to the end",
        solver: "halp",
        loss: "logistic",
        bits: 16,
        modelBits: 16,
        shape,
        outerSteps: 60,
      },
      { title: "svrg to the end", solver: "svrg", loss: "squared", bits: 8, shape, outerSteps: 60 },
      {
        title: "lpSvrg, a range that is too small",
        solver: "lpSvrg",
        loss: "squared",
        bits: 8,
        modelBits: 8,
        shape,
        range: 0.1,
      },
      {
        title: "lpSvrg, automatic range",
        solver: "lpSvrg",
        loss: "squared",
        bits: 8,
        modelBits: 8,
        shape,
        range: "auto",
      },
      {
        title: "lpSgd, automatic range",
        solver: "lpSgd",
        loss: "logistic",
        bits: 8,
        modelBits: 16,
        shape,
        range: "auto",
      },
      {
        title: "a thousand rows and more: the curvature is that of a sample",
        solver: "halp",
        loss: "logistic",
        bits: 8,
        modelBits: 16,
        shape: { rows: 1200, cols: 5 },
        outerSteps: 2,
        sampling: "blocks",
      },
      {
        title: "the same of 4 bits",
        solver: "halp",
        loss: "logistic",
        bits: 4,
        modelBits: 16,
        shape: { rows: 1200, cols: 5 },
        outerSteps: 2,
        sampling: "blocks",
      },
      { title: "one row", solver: "halp", loss: "squared", bits: 8, modelBits: 16, shape: { rows: 1, cols: 5 } },
      {
        title: "one row of 4 bits",
        solver: "halp",
        loss: "squared",
        bits: 4,
        modelBits: 8,
        shape: { rows: 1, cols: 5 },
      },
      {
        title: "three rows, one column",
        solver: "halp",
        loss: "huber",
        bits: 16,
        modelBits: 16,
        shape: { rows: 3, cols: 1 },
      },
      {
        title: "one inner step",
        solver: "halp",
        loss: "squared",
        bits: 8,
        modelBits: 16,
        shape,
        innerSteps: 1,
        outerSteps: 20,
      },
      {
        title: "300 rows, 100 columns",
        solver: "halp",
        loss: "logistic",
        bits: 8,
        modelBits: 16,
        shape: { rows: 300, cols: 100 },
        outerSteps: 3,
      },
      {
        title: "300 rows, 33 columns, svrg",
        solver: "svrg",
        loss: "huber",
        bits: 8,
        shape: { rows: 300, cols: 33 },
        outerSteps: 3,
      },
      {
        title: "a diverging step",
        solver: "svrg",
        loss: "squared",
        bits: 8,
        shape,
        stepSize: 3,
        innerSteps: 20,
        outerSteps: 2,
      },
    ];
  it.each(LIMITS)("$title", ({ title: _title, ...limit }) => {
    const wrong: string[] = [];
    for (const fitIntercept of [true, false]) {
      for (const sentence of replay(bench, { ...limit, classes: 1, fitIntercept, isWeighted: false, l2: 0.001 }))
        wrong.push(`intercept ${fitIntercept}: ${sentence}`);
    }
    expect(wrong.slice(0, 6)).toEqual([]);
  });
});
