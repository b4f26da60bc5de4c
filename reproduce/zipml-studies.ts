// ZipML's studies: data in, numbers out. Every gap is (F − F*)/(F(0) − F*) of the problem as it was given, whatever the steps saw.
// ZipML, Zhang et al. 2017 (arXiv 1611.05402): §2 double sampling, §3 levels, §4 other losses.
import {
  auto,
  type Dataset,
  type Engine,
  halp,
  lpSgd,
  optimalLevels,
  type Problem,
  roundingVariance,
  sgd,
  type WeightsInput,
  type ZipmlOptions,
  type ZipmlReport,
  zipml,
} from "../bindings/index.js";
import { median } from "./measures.js";
import {
  energy,
  evenLevels,
  meanVariances,
  normalEquations,
  roundNearest,
  roundStochastic,
  roundToMiddles,
  solve,
  type UnitRows,
  withDiagonal,
} from "./normal-equations.js";
import { Draws } from "./random.js";
import type { Rows } from "./tasks.js";

export interface StudySet extends UnitRows {
  readonly name: string;
  readonly description: string;
}

export interface Distribution {
  readonly name: string;
  readonly values: Float64Array;
}

export interface Settings {
  readonly seed: number;
  readonly epochs: number;
  /** From 0 to 1. */
  readonly progress: (fraction: number) => void;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** What is known of a set before anything is rounded. */
interface Facts {
  readonly name: string;
  readonly description: string;
  readonly rows: number;
  readonly cols: number;
}

const factsOf = ({ name, description, rows, cols }: StudySet): Facts => ({ name, description, rows, cols });

/** Counts finished runs. */
function counter(total: number, progress: (fraction: number) => void): () => void {
  let done = 0;
  return () => progress(Math.min(1, ++done / total));
}

/** The exact optimum, and gaps relative to it. */
interface Optimum {
  readonly weights: WeightsInput;
  readonly gap: (objective: number) => number;
}

function optimumOf(problem: Problem): Optimum {
  let [start, least] = [Number.NaN, Number.POSITIVE_INFINITY];
  let weights: WeightsInput = { coef: [] };
  for (const report of auto(problem)) {
    if (report.outerStep === 0) start = report.objective;
    if (report.objective <= least) [least, weights] = [report.objective, report];
  }
  // the objective at the optimum is a sum of float64: a gap below its last bits means nothing
  return { weights, gap: (objective) => (objective - least) / (start - least) };
}

interface Outcome {
  readonly gap: number;
  readonly points: Point[];
  readonly last: ZipmlReport;
  /** Bytes of sample data per visited row. */
  readonly bytesPerRow: number;
}

/** One run to its end. */
function train(problem: Problem, optimum: Optimum, options: ZipmlOptions): Outcome {
  const points: Point[] = [];
  let last: ZipmlReport | undefined;
  for (const report of zipml(problem, options)) {
    points.push({ x: report.passes, y: optimum.gap(report.objective) });
    last = report;
  }
  const final = last as ZipmlReport;
  const gap = final.isDiverged ? Number.POSITIVE_INFINITY : optimum.gap(final.objective);
  return { gap, points, last: final, bytesPerRow: final.sampleBytes / (final.passes * problem.dataset.rows) };
}

/** The last iterate of steps α/(1 + epoch), and the mean of the second half's iterates of steps α/√(1 + epoch): each with the decay that suits it. */
function trainBoth(problem: Problem, optimum: Optimum, options: ZipmlOptions): { last: Outcome; tail: Outcome } {
  return {
    last: train(problem, optimum, { ...options, decay: "inverse" }),
    tail: train(problem, optimum, { ...options, decay: "inverseSqrt", average: "tail" }),
  };
}

function withProblem<T>(engine: Engine, set: StudySet, work: (problem: Problem, optimum: Optimum) => T): T {
  const { data, labels, rows, cols } = set;
  const dataset = engine.dataset({ data, rows, cols }, labels);
  const problem = engine.problem(dataset, { loss: "squared", fitIntercept: false });
  try {
    return work(problem, optimumOf(problem));
  } finally {
    problem.dispose();
    dataset.dispose();
  }
}

// --- how a sample enters the gradient ---

export type MethodKey = "exact" | "naive" | "nearest" | "weaved" | "corrected" | "stored" | "fresh";

export const METHODS: readonly { key: MethodKey; name: string; options: ZipmlOptions }[] = [
  { key: "exact", name: "float32 rows", options: { estimator: "exact" } },
  { key: "naive", name: "naive", options: { estimator: "naive", samples: "fresh" } },
  { key: "nearest", name: "nearest", options: { estimator: "nearest" } },
  { key: "weaved", name: "weaved", options: { samples: "weaved" } },
  { key: "corrected", name: "corrected", options: { estimator: "corrected" } },
  { key: "stored", name: "double, stored", options: { estimator: "double" } },
  { key: "fresh", name: "double, fresh", options: { estimator: "double", samples: "fresh" } },
];

/** Where the method would end in the long run: a gap; "indefinite": there is no such point. */
export type FixedPoint = number | "indefinite";

export interface BiasCell {
  readonly bits: number;
  readonly last: number;
  readonly tail: number;
  readonly bytesPerRow: number;
  readonly fixedPoint: FixedPoint;
}

export interface BiasStudy extends Facts {
  readonly epochs: number;
  readonly methods: readonly { readonly key: MethodKey; readonly name: string; readonly cells: readonly BiasCell[] }[];
  /** Gap of the last iterate after every epoch, at CURVE_BITS. */
  readonly curves: readonly { readonly key: MethodKey; readonly name: string; readonly points: readonly Point[] }[];
}

export const BITS = [1, 2, 3, 4, 6, 8] as const;
export const CURVE_BITS = 4;

/**
 * Gaps of the solutions of what the steps see, in closed form. naive: (XᵀX/n + D̄)w = Xᵀy/n; nearest, weaved: the rounded rows; corrected and double, stored: one drawn set of
 * samples, those of the run being another; fresh double samples, and exact rows: the problem itself.
 */
export function fixedPoints(set: StudySet, bits: number, seed: number): Record<MethodKey, FixedPoint> {
  const { data } = set;
  const levels = evenLevels(bits);
  const exact = normalEquations(set, data, data);
  const best = solve(exact);
  const gap = (w: Float64Array | null): FixedPoint => {
    if (w === null || best === null) return "indefinite";
    return (
      energy(
        exact,
        w.map((one, j) => one - (best[j] as number)),
      ) / energy(exact, best)
    );
  };
  const draws = new Draws(seed + bits);
  const variances = meanVariances(set, levels);
  const rounded = roundNearest(data, levels);
  const middles = roundToMiddles(data, bits);
  const [one, other] = [roundStochastic(data, levels, draws), roundStochastic(data, levels, draws)];
  const single = withDiagonal(
    normalEquations(set, one, one),
    variances.map((v) => -v),
  );
  return {
    exact: 0,
    naive: gap(solve(withDiagonal(exact, variances))),
    nearest: gap(solve(normalEquations(set, rounded, rounded))),
    weaved: gap(solve(normalEquations(set, middles, middles))),
    corrected: gap(solve(single)),
    stored: gap(solve(normalEquations(set, one, other))),
    fresh: 0,
  };
}

/** Studies 1 and 2: loss against bits, and where theory says it ends. */
export function biasStudy(engine: Engine, set: StudySet, { seed, epochs, progress }: Settings): BiasStudy {
  const tick = counter(BITS.length * METHODS.length, progress);
  return withProblem(engine, set, (problem, optimum) => {
    const closed = BITS.map((bits) => fixedPoints(set, bits, seed));
    const curves: { key: MethodKey; name: string; points: Point[] }[] = [];
    const methods = METHODS.map(({ key, name, options }) => {
      const cells: BiasCell[] = [];
      BITS.forEach((bits, b) => {
        const isExact = key === "exact";
        const known = isExact ? cells[0] : undefined;
        if (known !== undefined) cells.push({ ...known, bits });
        else {
          const both = { ...options, ...(isExact ? {} : { bits }), outerSteps: epochs, seed };
          const { last, tail } = trainBoth(problem, optimum, both);
          const fixedPoint = (closed[b] as Record<MethodKey, FixedPoint>)[key];
          cells.push({ bits, last: last.gap, tail: tail.gap, bytesPerRow: last.bytesPerRow, fixedPoint });
          if (bits === CURVE_BITS || isExact) curves.push({ key, name, points: last.points });
        }
        tick();
      });
      return { key, name, cells };
    });
    return { ...factsOf(set), epochs, methods, curves };
  });
}

// --- end to end ---

export interface EndToEndRow {
  readonly name: string;
  readonly fresh: { readonly last: number; readonly tail: number };
  readonly stored: { readonly last: number; readonly tail: number };
  readonly points: readonly Point[];
}

export interface EndToEndStudy extends Facts {
  readonly epochs: number;
  readonly formats: readonly EndToEndRow[];
}

const FORMATS: readonly { name: string; data: number | null; model: number; gradient: number }[] = [
  { name: "f32/f32/f32", data: null, model: 32, gradient: 32 },
  { name: "f32/8/8", data: null, model: 8, gradient: 8 },
  { name: "8/8/8", data: 8, model: 8, gradient: 8 },
  { name: "6/6/6", data: 6, model: 6, gradient: 6 },
  { name: "4/8/8", data: 4, model: 8, gradient: 8 },
  { name: "4/4/4", data: 4, model: 4, gradient: 4 },
];

/** Study 3: samples, model and gradient rounded together. */
export function endToEndStudy(engine: Engine, set: StudySet, { seed, epochs, progress }: Settings): EndToEndStudy {
  const tick = counter(FORMATS.length, progress);
  return withProblem(engine, set, (problem, optimum) => ({
    ...factsOf(set),
    epochs,
    formats: FORMATS.map(({ name, data, model, gradient }) => {
      const common = { modelBits: model, gradientBits: gradient, outerSteps: epochs, seed };
      const of = (samples: "fresh" | "stored"): { last: Outcome; tail: Outcome } =>
        trainBoth(
          problem,
          optimum,
          data === null ? { ...common, estimator: "exact" } : { ...common, samples, bits: data },
        );
      const fresh = of("fresh");
      const stored = data === null ? fresh : of("stored");
      tick();
      const gaps = ({ last, tail }: { last: Outcome; tail: Outcome }) => ({ last: last.gap, tail: tail.gap });
      return { name, fresh: gaps(fresh), stored: gaps(stored), points: fresh.tail.points };
    }),
  }));
}

// --- levels ---

export interface LevelRow {
  readonly name: string;
  readonly count: number;
  readonly cells: readonly { readonly bits: number; readonly uniform: number; readonly optimal: number }[];
}

export const LEVEL_BITS = [2, 3, 4, 5] as const;

/** Study 4, first half: mean variance of stochastic rounding to 2^bits levels, in squares of the values' reach: evenly spaced over the range, and optimal. */
export function levelStudy(sets: readonly Distribution[], progress: (fraction: number) => void): LevelRow[] {
  const tick = counter(sets.length * LEVEL_BITS.length, progress);
  return sets.map(({ name, values }) => {
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
    const cells = LEVEL_BITS.map((bits) => {
      const even = evenLevels(bits, low, high);
      // the ends as they are: (high − low)·k/intervals may round past them
      even[0] = low;
      even[even.length - 1] = high;
      const best = optimalLevels(values, { levels: 2 ** bits });
      tick();
      return { bits, uniform: roundingVariance(values, even), optimal: roundingVariance(values, best) };
    });
    return { name, count: values.length, cells };
  });
}

export interface LevelTrainingStudy extends Facts {
  readonly epochs: number;
  readonly cells: readonly {
    readonly bits: number;
    readonly samples: "fresh" | "stored";
    readonly uniform: number;
    readonly optimal: number;
  }[];
}

export const TRAINED_BITS = [2, 3, 4] as const;

/** Study 4, second half: training by double sampling, one table of levels for all columns. Gaps of the tail average. */
export function levelTrainingStudy(
  engine: Engine,
  set: StudySet,
  { seed, epochs, progress }: Settings,
): LevelTrainingStudy {
  const tick = counter(TRAINED_BITS.length * 2, progress);
  return withProblem(engine, set, (problem, optimum) => {
    const cells = TRAINED_BITS.flatMap((bits) =>
      (["fresh", "stored"] as const).map((samples) => {
        const options = { samples, bits, outerSteps: epochs, seed, decay: "inverseSqrt", average: "tail" } as const;
        const uniform = train(problem, optimum, options).gap;
        const optimal = train(problem, optimum, { ...options, levels: "optimal" }).gap;
        tick();
        return { bits, samples, uniform, optimal };
      }),
    );
    return { ...factsOf(set), epochs, cells };
  });
}

// --- other losses ---

export interface PolynomialRow {
  readonly name: string;
  readonly kind: "exact" | "nearest" | "double" | "chebyshev";
  readonly bits: number;
  readonly last: number;
  readonly tail: number;
  /** Fraction of the polynomial's margins beyond its radius. */
  readonly outside: number;
  readonly bytesPerRow: number;
}

export interface PolynomialStudy extends Facts {
  readonly epochs: number;
  readonly largestMargin: number;
  readonly runs: readonly PolynomialRow[];
}

export const POLYNOMIAL_BITS = [4, 6, 8] as const;
/** error: largest difference from the derivative within the radius (derived). */
export const CHOSEN = { degree: 7, radius: 8, error: 3.0e-2 } as const;
const OTHERS = [
  { degree: 3, radius: 4 },
  { degree: 7, radius: 4 },
  { degree: 15, radius: 8 },
  { degree: 7, radius: 16 },
] as const;

function withLoss<T>(
  engine: Engine,
  set: StudySet,
  loss: "logistic" | "hinge",
  l2: number,
  work: (problem: Problem, optimum: Optimum) => T,
): T {
  const { data, labels, rows, cols } = set;
  const dataset = engine.dataset({ data, rows, cols }, labels);
  const problem = engine.problem(dataset, { loss, l2, fitIntercept: false });
  try {
    return work(problem, optimumOf(problem));
  } finally {
    problem.dispose();
    dataset.dispose();
  }
}

function largest(values: Float64Array): number {
  return values.reduce((top, value) => Math.max(top, Math.abs(value)), 0);
}

/** Study 5, logistic: a polynomial in place of the derivative, unbiased with degree + 1 samples, against one nearest rounding. */
export function polynomialStudy(engine: Engine, set: StudySet, { seed, epochs, progress }: Settings): PolynomialStudy {
  const tick = counter(2 + 3 * POLYNOMIAL_BITS.length + OTHERS.length, progress);
  return withLoss(engine, set, "logistic", 0, (problem, optimum) => {
    const { coef } = optimum.weights;
    // a ball that has room for the solution: the one that keeps every margin within the radius does not
    const ball = Math.sqrt(Array.from(coef).reduce((sum, w) => sum + w * w, 0));
    const row = (name: string, kind: PolynomialRow["kind"], bits: number, options: ZipmlOptions): PolynomialRow => {
      const { last, tail } = trainBoth(problem, optimum, { outerSteps: epochs, seed, ...options });
      tick();
      const { outside } = last.last;
      return { name, kind, bits, last: last.gap, tail: tail.gap, outside, bytesPerRow: last.bytesPerRow };
    };
    const chebyshev = (bits: number, { degree, radius }: { degree: number; radius: number }): PolynomialRow =>
      row(`Chebyshev, degree ${degree}, ±${radius}`, "chebyshev", bits, {
        samples: "fresh",
        bits,
        polynomial: { degree, radius, ball },
      });
    const runs = [row("float32 rows", "exact", 32, { estimator: "exact" })];
    for (const bits of POLYNOMIAL_BITS) {
      runs.push(row("nearest", "nearest", bits, { estimator: "nearest", bits }));
      runs.push(row("double, fresh", "double", bits, { samples: "fresh", bits }));
      runs.push(chebyshev(bits, CHOSEN));
    }
    for (const other of OTHERS) runs.push(chebyshev(8, other));
    const { degree, radius } = CHOSEN;
    runs.push(
      row(`Chebyshev, degree ${degree}, ±${radius}, ball of the bound`, "chebyshev", 8, {
        samples: "fresh",
        bits: 8,
        polynomial: { degree, radius },
      }),
    );
    return { ...factsOf(set), epochs, largestMargin: largest(problem.margins(optimum.weights)), runs };
  });
}

export type RefetchKey = "l1" | "midpoint" | "hoeffding";
export const RULES: readonly RefetchKey[] = ["l1", "midpoint", "hoeffding"];
export const REFETCH_BITS = [2, 3, 4, 5, 6, 8] as const;
/** Probability of Hoeffding's rule to keep a row that is on the other side. */
export const FAILURE = 0.01;

export interface RefetchCell {
  readonly bits: number;
  /** Share of the rows whose sign of 1 − y·margin one stochastic rounding turns. */
  readonly flips: number;
  readonly rules: Readonly<Record<RefetchKey, { readonly fetched: number; readonly wrong: number }>>;
}

/** Which rows each rule would fetch at w, and how many of those it keeps are on the other side of the hinge: counted here, apart from the solver. */
export function refetchRates(set: UnitRows, w: ArrayLike<number>, bits: number, seed: number): RefetchCell {
  const { data, labels, rows, cols } = set;
  const levels = evenLevels(bits);
  const width = 2 / (2 ** bits - 1);
  const rounded = roundStochastic(data, levels, new Draws(seed + bits));
  let [sum, squares] = [0, 0];
  for (let j = 0; j < cols; j++) {
    sum += width * Math.abs(w[j] as number);
    squares += (width * (w[j] as number)) ** 2;
  }
  const bounds = { l1: sum, midpoint: sum / 2, hoeffding: Math.sqrt(0.5 * Math.log(2 / FAILURE) * squares) };
  let flips = 0;
  const counts = { l1: [0, 0], midpoint: [0, 0], hoeffding: [0, 0] } as Record<RefetchKey, [number, number]>;
  for (let i = 0; i < rows; i++) {
    let [exact, sample, middle] = [0, 0, 0];
    for (let j = 0; j < cols; j++) {
      const x = data[i * cols + j] as number;
      const wj = w[j] as number;
      exact += x * wj;
      sample += (rounded[i * cols + j] as number) * wj;
      const k = Math.min(Math.floor((x + 1) / width), 2 ** bits - 2);
      middle += (-1 + (k + 0.5) * width) * wj;
    }
    const y = labels[i] as number;
    const isInside = 1 - y * exact > 0;
    if (1 - y * sample > 0 !== isInside) flips++;
    for (const rule of RULES) {
      const h = 1 - y * (rule === "midpoint" ? middle : sample);
      if (Math.abs(h) <= bounds[rule]) counts[rule][0]++;
      else if (h > 0 !== isInside) counts[rule][1]++;
    }
  }
  const share = ([fetched, wrong]: [number, number]) => ({ fetched: fetched / rows, wrong: wrong / rows });
  return {
    bits,
    flips: flips / rows,
    rules: { l1: share(counts.l1), midpoint: share(counts.midpoint), hoeffding: share(counts.hoeffding) },
  };
}

export interface RefetchTraining {
  readonly bits: number;
  readonly rule: "none" | RefetchKey;
  readonly gap: number;
  readonly refetched: number;
  readonly bytesPerRow: number;
}

export interface RefetchStudy extends Facts {
  readonly epochs: number;
  /** At the model that labels the rows, and at the trained optimum. */
  readonly given: readonly RefetchCell[];
  readonly trained: readonly RefetchCell[];
  readonly exactGap: number;
  readonly training: readonly RefetchTraining[];
}

export const REFETCH_TRAINED = [4, 6, 8] as const;
const HINGE_L2 = 1e-3;

/** Study 5, hinge: how often a few bits do not tell on which side of the kink a row is. */
export function refetchStudy(
  engine: Engine,
  set: StudySet & { readonly truth: ArrayLike<number> },
  { seed, epochs, progress }: Settings,
): RefetchStudy {
  const rules = ["none", ...RULES] as const;
  const tick = counter(REFETCH_TRAINED.length * rules.length + 1, progress);
  return withLoss(engine, set, "hinge", HINGE_L2, (problem, optimum) => {
    const rates = (w: ArrayLike<number>) => REFETCH_BITS.map((bits) => refetchRates(set, w, bits, seed));
    const [given, trained] = [rates(set.truth), rates(optimum.weights.coef)];
    const common = { outerSteps: epochs, seed, decay: "inverseSqrt", average: "tail" } as const;
    const exactGap = train(problem, optimum, { ...common, estimator: "exact" }).gap;
    tick();
    const training = REFETCH_TRAINED.flatMap((bits) =>
      rules.map((rule) => {
        const { gap, last, bytesPerRow } = train(problem, optimum, {
          ...common,
          bits,
          refetch: rule,
          ...(rule === "hoeffding" ? { failure: FAILURE } : {}),
        });
        tick();
        return { bits, rule, gap, refetched: last.refetched, bytesPerRow };
      }),
    );
    return { ...factsOf(set), epochs, given, trained, exactGap, training };
  });
}

// --- the published setting ---

export interface PublishedRow {
  readonly name: string;
  /** null: float32 rows. */
  readonly bits: number | null;
  readonly correct: number;
  /** Σ over the rows of c·½·max(0, 1 − y·margin)² of the digit 0, original rows: at the start and at the end. */
  readonly zeroStart: number;
  readonly zeroEnd: number;
  readonly bytesPerRow: number;
}

export interface PublishedStudy {
  readonly rows: number;
  readonly tested: number;
  readonly epochs: number;
  readonly formats: readonly PublishedRow[];
}

const PUBLISHED_FORMATS: readonly (number | null)[] = [null, 8, 4, 2, 1];
/** As in the authors' code: step 2⁻¹² per row, errors of the other digits weigh 1.5. */
const PUBLISHED_STEP = 2 ** -12;
const OTHER_WEIGHT = 1.5;

/** Study 6: ten squared-hinge machines, one digit against the rest, on nearest samples of few bits over [0, 1]. */
export function publishedStudy(
  engine: Engine,
  { train: images, test }: { readonly train: Rows; readonly test: Rows },
  { seed, epochs, progress }: Settings,
  rows: number,
): PublishedStudy {
  const { cols } = images;
  const data = images.data.subarray(0, rows * cols);
  const digits = Array.from({ length: 10 }, (_, digit) => digit);
  const tick = counter(digits.length * PUBLISHED_FORMATS.length, progress);
  const testSet = engine.dataset(test, null);
  const scores = PUBLISHED_FORMATS.map(() => digits.map(() => new Float64Array(0)));
  const zero = PUBLISHED_FORMATS.map(() => ({ start: Number.NaN, end: Number.NaN, bytesPerRow: Number.NaN }));
  for (const digit of digits) {
    const labels = Float64Array.from({ length: rows }, (_, i) => (images.labels[i] === digit ? 1 : -1));
    const sampleWeight = labels.map((y) => (y > 0 ? 1 : OTHER_WEIGHT));
    // the dataset's weights sum to its rows: steps and sums are scaled back
    const total = sampleWeight.reduce((sum, weight) => sum + weight, 0);
    const dataset = engine.dataset({ data, rows, cols }, labels, { sampleWeight, center: false });
    const problem = engine.problem(dataset, { loss: "squaredHinge" });
    PUBLISHED_FORMATS.forEach((bits, f) => {
      const sampling: ZipmlOptions =
        bits === null ? { estimator: "exact" } : { estimator: "nearest", bits, levels: evenLevels(bits, 0, 1) };
      const stepSize = (PUBLISHED_STEP * total) / rows;
      let last: ZipmlReport | undefined;
      let start = Number.NaN;
      for (const report of zipml(problem, { ...sampling, batchSize: 1, stepSize, outerSteps: epochs, seed })) {
        if (report.outerStep === 0) start = report.objective * total;
        last = report;
      }
      const final = last as ZipmlReport;
      (scores[f] as Float64Array[])[digit] = problem.margins(final, testSet);
      if (digit === 0) {
        zero[f] = { start, end: final.objective * total, bytesPerRow: final.sampleBytes / (final.passes * rows) };
      }
      tick();
    });
    problem.dispose();
    dataset.dispose();
  }
  testSet.dispose();
  const correctOf = (all: readonly Float64Array[]): number => {
    let correct = 0;
    for (let i = 0; i < test.rows; i++) {
      let best = 0;
      for (const digit of digits) {
        if ((all[digit]?.[i] as number) > (all[best]?.[i] as number)) best = digit;
      }
      if (best === test.labels[i]) correct++;
    }
    return correct;
  };
  const formats = PUBLISHED_FORMATS.map((bits, f): PublishedRow => {
    const { start, end, bytesPerRow } = zero[f] as (typeof zero)[number];
    const name = bits === null ? "float32 rows" : `${bits} bit${bits === 1 ? "" : "s"}, nearest`;
    return {
      name,
      bits,
      correct: correctOf(scores[f] as Float64Array[]),
      zeroStart: start,
      zeroEnd: end,
      bytesPerRow,
    };
  });
  return { rows, tested: test.rows, epochs, formats };
}

// --- few bits, exact answers ---

export interface ExactRun {
  readonly name: string;
  readonly kind: "auto" | "halp" | "zipml";
  readonly bits: number;
  /** x: passes over the rows, those over the exact copy included. */
  readonly points: readonly Point[];
}

export interface ExactStudy extends Facts {
  readonly l2: number;
  readonly runs: readonly ExactRun[];
}

const EXACT_L2 = 1e-4;
export const DATA_BITS = [8, 4, 2] as const;

/** Study 7: codes of few bits in the steps, the exact problem in the outer loop. */
export function exactStudy(engine: Engine, set: StudySet, { seed, epochs, progress }: Settings): ExactStudy {
  const tick = counter(DATA_BITS.length * 3, progress);
  const { data, labels, rows, cols } = set;
  const problemOf = (bits: 8 | 4 | 2): { problem: Problem; dataset: Dataset } => {
    const dataset = engine.dataset({ data, rows, cols }, labels, { bits });
    return { problem: engine.problem(dataset, { loss: "logistic", l2: EXACT_L2, fitIntercept: false }), dataset };
  };
  const raw: { name: string; kind: ExactRun["kind"]; bits: number; points: Point[] }[] = [];
  for (const bits of DATA_BITS) {
    const { problem, dataset } = problemOf(bits);
    const collect = (
      kind: ExactRun["kind"],
      name: string,
      reports: Iterable<{ passes: number; exactPasses?: number; objective: number }>,
    ): void => {
      const points = Array.from(reports, ({ passes, exactPasses = 0, objective }) => ({
        x: passes + exactPasses,
        y: objective,
      }));
      raw.push({ name: `${name}, ${bits} bits`, kind, bits, points });
      tick();
    };
    // a run of bit centring ends where its gradient has all but vanished
    collect("auto", "auto", auto(problem, { tol: 1e-8, seed }));
    collect("halp", "halp", halp(problem, { outerSteps: epochs, seed }));
    collect("zipml", "zipml", zipml(problem, { bits, outerSteps: 3 * epochs, seed, decay: "inverse" }));
    problem.dispose();
    dataset.dispose();
  }
  const objectives = raw.flatMap(({ points }) => points.map(({ y }) => y)).filter(Number.isFinite);
  const [least, start] = [Math.min(...objectives), raw[0]?.points[0]?.y as number];
  const runs = raw.map((run) => ({
    ...run,
    points: run.points.map(({ x, y }) => ({ x, y: (y - least) / (start - least) })),
  }));
  return { ...factsOf(set), l2: EXACT_L2, runs };
}

// --- bytes and time ---

export interface TimedRow {
  readonly name: string;
  readonly kind: "float32" | "codes" | "samples";
  readonly bytesPerEpoch: number;
  /** Median milliseconds of an epoch. */
  readonly ms: number;
  /** Median over the rounds of float32's time ÷ this one's: above 1 is faster. */
  readonly ratio: number;
  readonly gap: number;
}

export interface TimedStudy extends Facts {
  readonly rounds: number;
  readonly solvers: readonly TimedRow[];
}

interface Epoch {
  readonly objective: number;
  readonly passes: number;
  readonly seconds: { readonly inner: number };
  readonly sampleBytes?: number;
}

/** Study 8: one epoch of each in turn, so that all of them see the same machine. The first round is not counted: it compiles. */
export function timedStudy(engine: Engine, set: StudySet, { seed, epochs, progress }: Settings): TimedStudy {
  const { data, labels, rows, cols } = set;
  const datasets = new Map(DATA_BITS.map((bits) => [bits, engine.dataset({ data, rows, cols }, labels, { bits })]));
  const problems = new Map(
    [...datasets].map(([bits, dataset]) => [bits, engine.problem(dataset, { loss: "squared", fitIntercept: false })]),
  );
  const of = (bits: 8 | 4 | 2): Problem => problems.get(bits) as Problem;
  const optimum = optimumOf(of(8));
  const common = { innerSteps: rows, outerSteps: epochs + 1, seed } as const;
  const more = { outerSteps: epochs + 1, seed } as const;
  /** Bytes of a row of codes: columns are a multiple of 64 here, so that nothing is padded. */
  const codes = (bits: number): number => (rows * cols * bits) / 8;
  const contestants: { name: string; kind: TimedRow["kind"]; bytes: number | null; run: Iterator<Epoch, void> }[] = [
    {
      name: "sgd, float32",
      kind: "float32",
      bytes: codes(32),
      run: sgd(of(8), { ...common, sampling: "uniform" }),
    },
    {
      name: "sgd, float32, in blocks",
      kind: "float32",
      bytes: codes(32),
      run: sgd(of(8), { ...common, sampling: "blocks" }),
    },
  ];
  for (const bits of DATA_BITS) {
    for (const sampling of ["uniform", "blocks"] as const) {
      contestants.push({
        name: `lpSgd, ${bits} bits${sampling === "blocks" ? ", in blocks" : ""}`,
        kind: "codes",
        bytes: codes(bits),
        run: lpSgd(of(bits), { ...common, bits: 16, sampling }),
      });
    }
  }
  contestants.push({
    name: "zipml, float32 rows",
    kind: "samples",
    bytes: null,
    run: zipml(of(8), { ...more, estimator: "exact" }),
  });
  for (const bits of DATA_BITS) {
    for (const estimator of ["double", "nearest"] as const) {
      const name = `zipml, ${estimator}, ${bits} bits`;
      contestants.push({ name, kind: "samples", bytes: null, run: zipml(of(bits), { ...more, estimator, bits }) });
    }
  }
  const tracks = contestants.map((contestant) => ({
    ...contestant,
    last: contestant.run.next().value as Epoch,
    times: [] as number[],
  }));
  for (let round = 0; round <= epochs; round++) {
    tracks.forEach((track, i) => {
      const { done, value } = track.run.next();
      if (!done) {
        const epoch = value as Epoch;
        if (round > 0) track.times.push(epoch.seconds.inner - track.last.seconds.inner);
        track.last = epoch;
      }
      progress((round * tracks.length + i + 1) / ((epochs + 1) * tracks.length));
    });
  }
  const base = tracks[0]?.times ?? [];
  const solvers = tracks.map(({ name, kind, bytes, last, times }): TimedRow => {
    const ratio = median(times.map((time, round) => (base[round] as number) / time));
    const bytesPerEpoch = bytes ?? (last.sampleBytes as number) / last.passes;
    return { name, kind, bytesPerEpoch, ms: 1000 * median(times), ratio, gap: optimum.gap(last.objective) };
  });
  for (const problem of problems.values()) problem.dispose();
  for (const dataset of datasets.values()) dataset.dispose();
  return { ...factsOf(set), rounds: epochs, solvers };
}
