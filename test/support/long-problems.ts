// Problems so large that a pass over them in one call is more than a piece, for the tests of pauses.
import type { DatasetOptions } from "../../bindings/data/dataset.js";
import type { Engine } from "../../bindings/data/engine.js";
import type { DenseMatrix } from "../../bindings/data/matrix.js";
import type { Problem, ProblemOptions } from "../../bindings/data/problem.js";
import type { STEPS } from "../../bindings/solvers/steps.js";
import { Dice } from "./random.js";

export interface LongSample {
  readonly matrix: DenseMatrix & { readonly rows: number; readonly cols: number };
  /** A class number per row. */
  readonly labels: Float64Array;
}

/** Rows of a few classes around means of their own, with noise: no class is separable. */
function draw(rows: number, cols: number, classes: number, isWhole: boolean): LongSample {
  const dice = new Dice(7 * rows + cols);
  // a pool of normal numbers: most of the time goes elsewhere
  const noise = Float64Array.from({ length: 4099 }, () => dice.normal());
  const means = Float64Array.from({ length: classes * cols }, () => 0.3 * dice.normal());
  const data = isWhole ? new Uint8Array(rows * cols) : new Float32Array(rows * cols);
  const labels = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    const label = dice.below(classes);
    labels[i] = label;
    for (let j = 0, at = dice.below(4099); j < cols; j++, at = (at + 1) % 4099) {
      const value = (means[label * cols + j] as number) + (noise[at] as number);
      data[i * cols + j] = isWhole ? Math.max(0, Math.min(255, Math.round(60 * value))) : value;
    }
  }
  return { matrix: { data, rows, cols }, labels };
}

const SHAPES = {
  /** Bytes: passes in integers, ten classes. */
  bytes: () => draw(18_000, 256, 10, true),
  /** Float32: passes in float64, a Gram matrix, a float32 plane. */
  real: () => draw(13_000, 700, 2, false),
  /** What is done once per row costs more than the rows themselves. */
  long: () => draw(1_200_000, 2, 2, false),
  /** A block of 256 rows is more than a piece. */
  wide: () => draw(300, 70_000, 2, false),
  /** A look at one number per row is more than a piece. */
  thin: () => draw(2_200_000, 1, 2, true),
} as const;
export type LongShape = keyof typeof SHAPES;

const drawn = new Map<LongShape, LongSample>();
export function longSample(shape: LongShape): LongSample {
  let sample = drawn.get(shape);
  if (sample === undefined) {
    sample = SHAPES[shape]();
    drawn.set(shape, sample);
  }
  return sample;
}

export interface LongCase {
  readonly shape: LongShape;
  readonly problem: ProblemOptions;
  readonly solver: keyof typeof STEPS;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly dataset?: DatasetOptions;
  /** Targets of the two classes, instead of 0 and 1. */
  readonly targets?: readonly [number, number];
}

const few = { outerSteps: 2 };

/** Every solver, every loss, every storage that has kernels of its own. */
export const LONG_CASES: Readonly<Record<string, LongCase>> = {
  "auto, softmax on bytes": { shape: "bytes", problem: { loss: "softmax", l2: 1e-3 }, solver: "auto", options: few },
  "newton with all rows, softmax on bytes": {
    shape: "bytes",
    problem: { loss: "softmax", l2: 1e-3 },
    solver: "newton",
    options: { ...few, hessianShare: 1, warmStart: false },
  },
  "newton with a Gram matrix": {
    shape: "real",
    problem: { loss: "logistic", l2: 1e-3 },
    solver: "newton",
    options: { ...few, preconditioner: "gram" },
  },
  "newton with a diagonal, softmax on bytes": {
    shape: "bytes",
    problem: { loss: "softmax", l2: 1e-3 },
    solver: "newton",
    options: { ...few, preconditioner: "diagonal" },
  },
  ...Object.fromEntries(
    (["logistic", "squared", "squaredHinge", "hinge", "huber"] as const).map((loss) => [
      `auto, ${loss}`,
      { shape: "real", problem: { loss, l2: 1e-3 }, solver: "auto", options: few } as const,
    ]),
  ),
  "auto, squared, directly": {
    shape: "long",
    problem: { loss: "squared", l2: 1e-3 },
    solver: "auto",
    options: few,
  },
  "auto, logistic on many rows": {
    shape: "long",
    problem: { loss: "logistic", l2: 1e-3 },
    solver: "auto",
    options: few,
  },
  "auto, hinge on many rows": { shape: "long", problem: { loss: "hinge", l2: 1e-3 }, solver: "auto", options: few },
  "auto, logistic on wide rows": {
    shape: "wide",
    problem: { loss: "logistic", l2: 1e-3 },
    solver: "auto",
    options: few,
  },
  "auto on 16 bits in two planes": {
    shape: "real",
    problem: { loss: "logistic", l2: 1e-3 },
    solver: "auto",
    options: few,
    dataset: { exact: "rounded16" },
  },
  "auto on packed codes": {
    shape: "real",
    problem: { loss: "logistic", l2: 1e-3 },
    solver: "auto",
    options: few,
    dataset: { bits: 4 },
  },
  "newton with l1 and a Gram matrix": {
    shape: "real",
    problem: { loss: "logistic", l1: 1e-3, l2: 1e-4 },
    solver: "newton",
    options: { ...few, preconditioner: "gram" },
  },
  "newton with l1 and a diagonal, softmax on bytes": {
    shape: "bytes",
    problem: { loss: "softmax", l1: 1e-4 },
    solver: "newton",
    options: { ...few, preconditioner: "diagonal" },
  },
  "auto, l1 on many rows": {
    shape: "long",
    problem: { loss: "logistic", l1: 1e-4 },
    solver: "auto",
    options: few,
  },
  "auto, l1 on wide rows": {
    shape: "wide",
    problem: { loss: "logistic", l1: 1e-4 },
    solver: "auto",
    options: few,
  },
  "auto, hinge on wide rows": { shape: "wide", problem: { loss: "hinge", l2: 1e-3 }, solver: "auto", options: few },
  "newton, huber without curvature at the start": {
    shape: "thin",
    problem: { loss: "huber", l2: 0 },
    solver: "newton",
    options: { ...few, warmStart: false },
    targets: [-3, 4],
  },
  ...Object.fromEntries(
    (["halp", "svrg", "saga", "sgd", "lp-sgd", "lp-svrg"] as const).map((solver) => [
      solver,
      { shape: "real", problem: { loss: "logistic", l2: 1e-3 }, solver, options: { outerSteps: 1 } } as const,
    ]),
  ),
  "halp in batches": {
    shape: "real",
    problem: { loss: "logistic", l2: 1e-3 },
    solver: "halp",
    options: { outerSteps: 1, batchSize: 16 },
  },
  "halp in blocks on many rows": {
    shape: "long",
    problem: { loss: "logistic", l2: 1e-3 },
    solver: "halp",
    options: { outerSteps: 1, sampling: "blocks", innerSteps: 100_000 },
  },
  "halp, softmax on 4 bits": {
    shape: "bytes",
    problem: { loss: "softmax", l2: 1e-3 },
    solver: "halp",
    options: { outerSteps: 1, innerSteps: 5000 },
    dataset: { bits: 4 },
  },
  zipml: {
    shape: "real",
    problem: { loss: "squared", l2: 1e-3 },
    solver: "zipml",
    options: { outerSteps: 1, bits: 4, levels: "optimal" },
  },
  "zipml, fresh samples in large batches": {
    shape: "real",
    problem: { loss: "logistic", l2: 1e-3 },
    solver: "zipml",
    options: { outerSteps: 1, innerSteps: 2, batchSize: 8192, samples: "fresh" },
  },
  "zipml, weaved": {
    shape: "real",
    problem: { loss: "squared", l2: 1e-3 },
    solver: "zipml",
    options: { outerSteps: 1, samples: "weaved" },
  },
  "zipml, sketches": {
    shape: "real",
    problem: { loss: "hinge", l2: 1e-3 },
    solver: "zipml",
    options: { outerSteps: 1, innerSteps: 200, refetch: "sketch" },
  },
};

export function* datasetOf(engine: Engine, { shape, problem, dataset, targets = [0, 1] }: LongCase) {
  const { matrix, labels } = longSample(shape);
  // two classes: the first half against the others; targets are class numbers
  const classes =
    problem.loss === "softmax" ? labels : labels.map((label) => targets[label > 4 || label === 1 ? 1 : 0]);
  return yield* engine.datasetWork(matrix, classes, dataset);
}

export function problemOf(engine: Engine, dataset: Parameters<Engine["problemWork"]>[0], { problem }: LongCase) {
  return engine.problemWork(dataset, problem);
}

export type AnySteps = (problem: Problem, options?: object) => Generator<object | undefined, void, undefined>;
