// npm run bench:training [-- --quick] [-- --only regression|digits|mnist] [-- --data DIR] [-- --out FILE]
// How far every solver comes per epoch (one outer step of T = 2n stochastic steps), against plain float64 SVRG.
// Real data are looked for in --data (default ../shared/data); what is absent is skipped. A complete run is written to
// bench/results/training.json, a partial one only where --out says.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { finish } from "../bindings/engine/work.js";
import {
  createEngine,
  type DatasetOptions,
  type Engine,
  halp,
  lpSgd,
  lpSvrg,
  type Problem,
  type StepReport,
  svrg,
  type Weights,
} from "../bindings/index.js";
import { accuracy, median } from "../reproduce/measures.js";
import { mnist, type Rows, regression } from "../reproduce/tasks.js";
import { findOptimum, type Optimum } from "./optimum.js";
import { environment } from "./rounds.js";
import { svrg64, toWeights, type UnitProblem, unitProblem } from "./svrg64.js";
import {
  type ConvergenceTask,
  type ImageRow,
  type ImageTask,
  type SolverRow,
  type Spread,
  TARGETS,
  type TrainingResults,
} from "./training-results.js";

const NAMES = ["regression", "digits", "mnist"];
const { values: args } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    data: { type: "string", default: "../shared/data" },
    out: { type: "string" },
  },
});
if (args.only !== undefined && !NAMES.includes(args.only)) {
  throw new Error(`--only ${args.only}: known are ${NAMES.join(", ")}`);
}
const SEEDS = args.quick ? 2 : 5;
const EPOCHS = args.quick ? 15 : 60;
const IMAGE_EPOCHS = args.quick ? 3 : 15;
/** HALP's mu, as multiples of the Hessian's smallest eigenvalue. */
const FACTORS = [1, 2, 4, 8, 16, 32, 64, 128];

const isWanted = (name: string): boolean => args.only === undefined || args.only === name;

/** Path of a data file, or null with a message. */
function find(name: string, purpose: string): string | null {
  const path = join(args.data, name);
  if (existsSync(path)) return path;
  console.log(`skipped: ${purpose} (${path} is absent; --data DIR names another folder; the rest is unaffected)\n`);
  return null;
}

// --- Convergence on small problems, with a known optimum ---

interface Trial {
  readonly problem: Problem;
  /** The same on int16 codes: SGD without exact passes converges to the optimum of the *rounded* data. */
  readonly wide: Problem;
  readonly unit: UnitProblem;
  readonly optimum: Optimum;
  readonly seed: number;
}

interface Curve {
  /** By epoch, relative to the start. */
  readonly gaps: number[];
  readonly gradients: number[];
  readonly isDiverged: boolean;
}

interface Settings {
  readonly seed: number;
  readonly outerSteps: number;
}

type Start = (trial: Trial, settings: Settings) => Iterable<{ readonly weights: Weights }>;

function* weightsOf(steps: Iterable<StepReport>): Generator<{ weights: Weights }> {
  for (const step of steps) yield { weights: step };
}

function curve(trial: Trial, start: Start): Curve {
  const { problem, optimum, seed } = trial;
  const gaps: number[] = [];
  const gradients: number[] = [];
  let first = 0;
  for (const { weights } of start(trial, { seed, outerSteps: EPOCHS })) {
    const { objective, gradientNorm } = problem.evaluate(weights);
    if (gaps.length === 0) first = problem.evaluate(toWeights(trial.unit, zeros(trial.unit))).gradientNorm;
    gaps.push(optimum.gap(weights, objective));
    gradients.push(gradientNorm / first);
  }
  const last = gaps.at(-1) as number;
  return { gaps, gradients, isDiverged: !(last < 1e3) };
}

function zeros({ outputs, width }: UnitProblem): Float64Array {
  return new Float64Array(outputs * width);
}

/** JSON knows no infinity: null stands for "never" and for "diverged". */
function spreadOf(values: readonly number[]): Spread {
  const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
  return { median: finite(median(values)), least: finite(Math.min(...values)), most: finite(Math.max(...values)) };
}

function summarise(solver: string, curves: readonly Curve[], factor?: number): SolverRow {
  const last = (values: readonly number[], isDiverged: boolean): number =>
    isDiverged ? Number.POSITIVE_INFINITY : (values.at(-1) as number);
  return {
    solver,
    ...(factor === undefined ? {} : { factor }),
    epochs: TARGETS.map((target) =>
      spreadOf(
        curves.map(({ gaps }) => {
          const epoch = gaps.findIndex((gap) => gap <= target);
          return epoch < 0 ? Number.POSITIVE_INFINITY : epoch;
        }),
      ),
    ),
    gap: spreadOf(curves.map(({ gaps, isDiverged }) => last(gaps, isDiverged))),
    gradient: spreadOf(curves.map(({ gradients, isDiverged }) => last(gradients, isDiverged))),
    diverged: curves.filter(({ isDiverged }) => isDiverged).length,
  };
}

/** Hardest target first; what never gets there is judged by the next one, at last by the gap. */
function isBetter(a: SolverRow, b: SolverRow): boolean {
  const rank = ({ epochs, gap }: SolverRow): number[] =>
    [...epochs.map((one) => one.median).reverse(), gap.median].map((value) => value ?? Number.POSITIVE_INFINITY);
  const [left, right] = [rank(a), rank(b)];
  for (let i = 0; i < left.length; i++) {
    if (left[i] !== right[i]) return (left[i] as number) < (right[i] as number);
  }
  return false;
}

const SOLVERS: readonly (readonly [name: string, start: Start])[] = [
  ["SVRG float64 (plain JavaScript)", ({ unit }, settings) => svrg64(unit, settings)],
  ["SVRG float32, float32 data", ({ problem }, settings) => weightsOf(svrg(problem, settings))],
  ["SVRG float32, int8 data", ({ problem }, settings) => weightsOf(svrg(problem, { ...settings, data: "codes" }))],
  ["HALP 16-bit, mu auto", ({ problem }, settings) => weightsOf(halp(problem, { ...settings, bits: 16 }))],
  ["HALP 8-bit, mu auto", ({ problem }, settings) => weightsOf(halp(problem, { ...settings, bits: 8 }))],
  ["LP-SGD 8-bit", ({ problem }, settings) => weightsOf(lpSgd(problem, { ...settings, bits: 8 }))],
  ["LP-SGD 16-bit", ({ problem }, settings) => weightsOf(lpSgd(problem, { ...settings, bits: 16 }))],
  ["LP-SGD 16-bit, int16 data", ({ wide }, settings) => weightsOf(lpSgd(wide, { ...settings, bits: 16 }))],
  ["LP-SVRG 8-bit", ({ problem }, settings) => weightsOf(lpSvrg(problem, { ...settings, bits: 8 }))],
  ["LP-SVRG 16-bit", ({ problem }, settings) => weightsOf(lpSvrg(problem, { ...settings, bits: 16 }))],
];

const SWEEPS = [
  { name: "HALP 16-bit, best mu", bits: 16, flushEvery: "auto" },
  { name: "HALP 8-bit, best mu", bits: 8, flushEvery: "auto" },
  { name: "HALP 8-bit, best mu, as published (dense term each step)", bits: 8, flushEvery: 1 },
] as const;

function convergence(name: string, description: string, trials: readonly Trial[]): ConvergenceTask {
  console.log(`${name}: ${description}`);
  const tell = (row: SolverRow): SolverRow => {
    console.log(`  ${line(row)}`);
    return row;
  };
  const rows = SOLVERS.map(([solver, start]) =>
    tell(
      summarise(
        solver,
        trials.map((trial) => curve(trial, start)),
      ),
    ),
  );
  const sweeps = SWEEPS.map(({ name: solver, bits, flushEvery }) => {
    const tried = FACTORS.map((factor) => {
      const start: Start = ({ problem, optimum }, settings) =>
        weightsOf(halp(problem, { ...settings, bits, flushEvery, mu: optimum.mu * factor }));
      return summarise(
        solver,
        trials.map((trial) => curve(trial, start)),
        factor,
      );
    });
    rows.push(tell(tried.reduce((best, one) => (isBetter(one, best) ? one : best))));
    return tried;
  });
  console.log("");
  const conditions = trials.map(({ problem, optimum }) => {
    return finish(problem.smoothness(finish(problem.dataset.plane("codes", problem.fitIntercept)))) / optimum.mu;
  });
  const { dataset, outputs } = (trials[0] as Trial).problem;
  return {
    name,
    description,
    rows: dataset.rows,
    cols: dataset.cols,
    outputs,
    runs: trials.length,
    epochs: EPOCHS,
    condition: spreadOf(conditions),
    solvers: rows,
    sweeps: sweeps.flat(),
  };
}

function line({ solver, factor, epochs, gap, gradient, diverged }: SolverRow): string {
  const reached = epochs.map(({ median: epoch }) => epoch ?? "–").join("/");
  const [last, slope] = [gap, gradient].map(({ median: value }) => value?.toExponential(1) ?? "–");
  const label = factor === undefined ? solver : `${solver} (×${factor})`;
  return `${label.padEnd(62)} ${reached.padEnd(10)} gap ${last}, gradient ${slope}${diverged > 0 ? `, ${diverged} diverged` : ""}`;
}

interface Values extends Rows {
  readonly loss: "squared" | "softmax";
  readonly l2: number;
  readonly fitIntercept: boolean;
}

function makeTrial(engine: Engine, values: Values, seed: number, options: DatasetOptions): Trial {
  const { loss, l2, fitIntercept } = values;
  const make = (bits: 8 | 16): Problem =>
    engine.problem(engine.dataset(values, values.labels, { ...options, bits }), { loss, l2, fitIntercept });
  const problem = make(8);
  const unit = unitProblem(problem, values);
  return { problem, wide: make(16), unit, optimum: findOptimum(unit), seed };
}

/** The reference must solve the very same problem: its objective against the engine's at a point that is not special. */
function checkReference({ problem, unit }: Trial): void {
  const last = [...svrg64(unit, { seed: 99, outerSteps: 1 })].at(-1) as { objective: number; weights: Weights };
  const { objective } = problem.evaluate(last.weights);
  if (!(Math.abs(objective - last.objective) <= 1e-12 * objective)) {
    throw new Error(`float64 SVRG reports ${last.objective}, the engine ${objective} at the same weights`);
  }
}

function runRegression(engine: Engine): ConvergenceTask {
  const trials = Array.from({ length: SEEDS }, (_, seed) => {
    const { train, l2 } = regression(seed, false);
    return makeTrial(engine, { ...train, loss: "squared", l2, fitIntercept: false }, seed, {});
  });
  trials.forEach(checkReference);
  return convergence(
    "Linear regression",
    "synthetic: normal columns, half of them informative, noise of the size of one column; no l2, no intercept; new data for every run",
    trials,
  );
}

/** λ for columns scaled to [0, 1]; the raw ones reach 16. */
const DIGITS = { l2: 1e-2, top: 16 };

function runDigits(engine: Engine, path: string): ConvergenceTask[] {
  const lines = gunzipSync(readFileSync(path)).toString().trim().split("\n");
  const table = lines.map((one) => one.split(",").map(Number));
  const cols = (table[0] as number[]).length - 1;
  const data = Uint8Array.from(table.flatMap((row) => row.slice(0, cols)));
  const labels = table.map((row) => row[cols] as number);
  const l2 = DIGITS.l2 * DIGITS.top ** 2;
  const values: Values = { data, labels, rows: table.length, cols, loss: "softmax", l2, fitIntercept: true };
  return [false, true].map((center) => {
    const first = makeTrial(engine, values, 0, { center });
    checkReference(first);
    const trials = Array.from({ length: SEEDS }, (_, seed) => ({ ...first, seed }));
    return convergence(
      `Digits, ${center ? "centred" : "not centred"}`,
      `8 × 8 digits (UCI), softmax of 10 classes with intercepts, λ = ${DIGITS.l2} for columns in [0, 1]; ` +
        `${center ? "columns centred (the default)" : "columns not centred, as in the papers"}`,
      trials,
    );
  });
}

// --- MNIST: accuracy, objective and seconds after the same number of epochs ---

interface Racer {
  readonly solver: string;
  readonly steps: Iterator<{ objective: number; weights: Weights; seconds: { inner: number; exact: number } }, void>;
  readonly seconds: { inner: number; exact: number }[];
  objectives: number[];
  weights: Weights | null;
}

function* imageSteps(steps: Iterable<StepReport>): Generator<{
  objective: number;
  weights: Weights;
  seconds: { inner: number; exact: number };
}> {
  for (const step of steps) yield { objective: step.objective, weights: step, seconds: step.seconds };
}

/** Differences of neighbours, their medians: the cost of one outer step. */
function perStep(seconds: readonly { inner: number; exact: number }[]): { inner: number; exact: number } {
  const differences = (pick: (one: { inner: number; exact: number }) => number): number =>
    median(seconds.slice(1).map((one, i) => pick(one) - pick(seconds[i] as { inner: number; exact: number })));
  return { inner: differences((one) => one.inner), exact: differences((one) => one.exact) };
}

function runImages(engine: Engine, folder: string, l2Scaled: number): ImageTask {
  const input = mnist(folder, false);
  const test = input.test as Rows;
  const dataset = engine.dataset(input.train, input.train.labels, { bits: 8 });
  const testSet = engine.dataset(test, test.labels);
  const l2 = (input.l2 / input.l2Scaled) * l2Scaled;
  const problem = engine.problem(dataset, { loss: "softmax", l2, fitIntercept: true });
  const unit = unitProblem(problem, input.train);
  // row by row, as published: the digits of MNIST would come in blocks
  const settings = { seed: 0, outerSteps: IMAGE_EPOCHS, sampling: "uniform" } as const;
  const racer = (solver: string, steps: Racer["steps"]): Racer => ({
    solver,
    steps,
    seconds: [],
    objectives: [],
    weights: null,
  });
  const racers = [
    racer("SVRG float64 (plain JavaScript)", svrg64(unit, settings)),
    racer("SVRG float32", imageSteps(svrg(problem, settings))),
    racer("HALP 16-bit, mu auto", imageSteps(halp(problem, { ...settings, bits: 16 }))),
    racer("HALP 8-bit, mu auto", imageSteps(halp(problem, { ...settings, bits: 8 }))),
    racer("LP-SVRG 16-bit", imageSteps(lpSvrg(problem, { ...settings, bits: 16 }))),
    racer("LP-SVRG 8-bit", imageSteps(lpSvrg(problem, { ...settings, bits: 8 }))),
  ];
  // one outer step each in turn: all of them see the same machine
  for (let k = 0; k <= IMAGE_EPOCHS; k++) {
    for (const one of racers) {
      const { done, value } = one.steps.next();
      if (done) continue;
      one.seconds.push(value.seconds);
      one.objectives.push(value.objective);
      one.weights = value.weights;
    }
  }
  const reference = (racers[0] as Racer).objectives.at(-1) as number;
  const name = `MNIST, λ = ${l2Scaled}`;
  console.log(`${name}: ${IMAGE_EPOCHS} epochs`);
  const solvers = racers.map(({ solver, seconds, objectives, weights }): ImageRow => {
    const objective = objectives.at(-1) as number;
    const row = {
      solver,
      objective,
      excess: objective / reference - 1,
      gradient: problem.evaluate(weights as Weights).gradientNorm,
      accuracy: accuracy(problem, testSet, weights as Weights),
      seconds: perStep(seconds),
    };
    const { inner, exact } = row.seconds;
    console.log(
      `  ${solver.padEnd(34)} F ${objective.toFixed(9)} (${row.excess.toExponential(1)}), test ${(100 * row.accuracy).toFixed(2)} %, ` +
        `${inner.toFixed(3)} + ${exact.toFixed(3)} s per outer step`,
    );
    return row;
  });
  console.log("");
  testSet.dispose();
  problem.dispose();
  dataset.dispose();
  const { rows, cols } = input.train;
  return { name, rows, cols, outputs: problem.outputs, l2: l2Scaled, epochs: IMAGE_EPOCHS, solvers };
}

const engine = createEngine();
const convergences: ConvergenceTask[] = [];
const images: ImageTask[] = [];
const missing: string[] = [];
if (isWanted("regression")) convergences.push(runRegression(engine));
if (isWanted("digits")) {
  const path = find("csv/digits.csv.gz", "digits");
  if (path === null) missing.push("digits");
  else convergences.push(...runDigits(engine, path));
}
if (isWanted("mnist")) {
  const path = find("idx/mnist", "MNIST");
  if (path === null) missing.push("mnist");
  else for (const l2 of [1e-2, 1e-4]) images.push(runImages(engine, path, l2));
}
const isComplete = !args.quick && args.only === undefined && missing.length === 0;
const out = args.out ?? (isComplete ? "bench/results/training.json" : null);
if (out === null) {
  console.log("a partial run: nothing written (--out FILE would)");
} else {
  const results: TrainingResults = { environment: environment(engine.variant), convergence: convergences, images };
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, `${JSON.stringify(results, null, 2)}\n`);
  console.log(`written to ${out}`);
}
engine.dispose();
