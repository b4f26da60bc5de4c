// zipml: the estimators with every outcome of their coins enumerated; the solver against the bit-exact oracle, index for index; where the baselines end up.

import { afterAll, describe, expect, it } from "vitest";
import type { Plane } from "../bindings/data/dataset.js";
import { Core, Scope } from "../bindings/engine/core.js";
import { finish } from "../bindings/engine/work.js";
import {
  BitcenterError,
  createEngine,
  type Dataset,
  type DatasetOptions,
  type LossName,
  optimalLevels,
  type Problem,
  roundingVariance,
  type ZipmlOptions,
  type ZipmlReport,
  zipml,
} from "../bindings/index.js";
import { cosine, logisticCoefficients } from "../bindings/solvers/zipml/chebyshev.js";
import { datasetLevels } from "../bindings/solvers/zipml/dataset-levels.js";
import type { Loss } from "./oracle/loss.js";
import {
  Coins,
  counted,
  double,
  type Levels,
  momentsOfPairs,
  naive,
  normalSolution,
  type Outcome,
  pairMatrix,
  pairSolution,
  placeOf,
  product,
  roundings,
  runZipml,
  symmetrised,
  type ZipmlInput,
} from "./oracle/zipml.js";
import { readPlane, sampleFor } from "./support/data.js";
import { Dice } from "./support/random.js";
import { describeVariants } from "./support/variants.js";

const at = (values: ArrayLike<number>, i: number): number => values[i] as number;
const f = Math.fround;
const close = (got: ArrayLike<number>, want: ArrayLike<number>, tolerance = 1e-12): void => {
  for (let j = 0; j < want.length; j++) expect(Math.abs(at(got, j) - at(want, j))).toBeLessThanOrEqual(tolerance);
};

// ---- enumeration -----------------------------------------------------------------------------------------------------------

interface Tiny {
  readonly x: number[];
  readonly w: number[];
  readonly y: number;
  readonly low: number[];
  readonly high: number[];
  readonly outcomes: Outcome[];
  /** Variances of a sample. */
  readonly v: number[];
  readonly r: number;
}

/** Little rows on uniform levels of [−1, 1], their last entry an intercept, which is a level. */
function* tinies(count: number): Generator<Tiny> {
  const dice = new Dice(71);
  for (let n = 0; n < count; n++) {
    const d = 1 + dice.below(4);
    const intervals = 2 ** (1 + dice.below(4)) - 1;
    const x = Array.from({ length: d }, (_, j) => (j === 3 ? 1 : 2 * dice.uniform() - 1));
    const w = x.map(() => dice.normal());
    const y = dice.normal();
    const low = x.map(
      (value) => -1 + (2 * Math.min(Math.floor(((value + 1) * intervals) / 2), intervals - 1)) / intervals,
    );
    const high = low.map((value) => value + 2 / intervals);
    const v = x.map((value, j) => (at(high, j) - value) * (value - at(low, j)));
    yield { x, w, y, low, high, outcomes: roundings(x, low, high), v, r: product(x, w) - y };
  }
}

describe("estimators, all outcomes", () => {
  const one: Outcome[] = [{ value: [], chance: 1 }];

  it("a rounding has mean x and variance (u − x)(x − l)", () => {
    for (const { x, outcomes, v } of tinies(40)) {
      const { mean, square } = momentsOfPairs(outcomes, one, (q) => q);
      close(mean, x);
      close([square], [product(x, x) + v.reduce((a, b) => a + b, 0)]);
    }
  });

  it("two samples: unbiased, with the second moments of the derivation", () => {
    for (const { x, w, y, outcomes, v, r } of tinies(40)) {
      const TV = v.reduce((a, b) => a + b, 0);
      const V = v.reduce((sum, value, j) => sum + value * at(w, j) ** 2, 0);
      const gradient = x.map((value) => value * r);
      const plain = momentsOfPairs(outcomes, outcomes, double(w, y));
      close(plain.mean, gradient);
      close([plain.square], [(product(x, x) + TV) * (r * r + V)]);
      close([plain.square - product(gradient, gradient)], [TV * r * r + (product(x, x) + TV) * V]);
      const both = momentsOfPairs(outcomes, outcomes, symmetrised(w, y));
      close(both.mean, gradient);
      const cross = x.reduce((sum, value, j) => sum + (value * r + at(v, j) * at(w, j)) ** 2, 0);
      close([both.square], [0.5 * (product(x, x) + TV) * (r * r + V) + 0.5 * cross]);
    }
  });

  it("one sample used twice is off by D·w, and minus D·w it is not", () => {
    let largest = 0;
    for (const { x, w, y, outcomes, v, r } of tinies(40)) {
      const { mean } = momentsOfPairs(outcomes, one, (q) => naive(w, y)(q));
      close(
        mean,
        x.map((value, j) => value * r + at(v, j) * at(w, j)),
      );
      const corrected = momentsOfPairs(outcomes, one, (q) => naive(w, y)(q).map((g, j) => g - at(v, j) * at(w, j)));
      close(
        corrected.mean,
        x.map((value) => value * r),
      );
      largest = Math.max(largest, ...v.map((value, j) => Math.abs(value * at(w, j))));
    }
    expect(largest).toBeGreaterThan(0.1);
  });

  it("counted ups, handed to the first sample first, are biased by −δⱼ Σ δₗwₗ, symmetrised or not; ordered bits are not", () => {
    let largest = 0;
    for (const { x, w, y, low, high, outcomes, r } of tinies(40)) {
      const delta = x.map((value, j) => {
        const width = at(high, j) - at(low, j);
        const p = (value - at(low, j)) / width;
        return p * (1 - p) * width;
      });
      const total = product(delta, w);
      const others = delta.map((value, j) => total - value * at(w, j));
      const gradient = x.map((value) => value * r);
      const ofCounts = (g: typeof double): number[] =>
        momentsOfPairs(outcomes, outcomes, (a, b) => {
          const { first, second } = counted(a, b);
          return g(w, y)(first, second);
        }).mean;
      const bias = gradient.map((_g, j) => -at(delta, j) * at(others, j));
      close(
        ofCounts(symmetrised),
        gradient.map((g, j) => g + at(bias, j)),
      );
      // one side only: the larger sample meets the others' smaller ones and the label
      close(
        ofCounts(double),
        gradient.map(
          (g, j) =>
            g + at(bias, j) + at(delta, j) * (product(x, w) - at(x, j) * at(w, j) - y) - at(x, j) * at(others, j),
        ),
      );
      for (const g of [double, symmetrised]) close(momentsOfPairs(outcomes, outcomes, g(w, y)).mean, gradient);
      largest = Math.max(largest, ...bias.map(Math.abs));
    }
    expect(largest).toBeGreaterThan(0.05);
  });

  it("end to end, 512 states and the gradient's: unbiased", () => {
    const dice = new Dice(72);
    for (let n = 0; n < 5; n++) {
      const [x, w] = [0, 1].map(() => Array.from({ length: 3 }, () => 2 * dice.uniform() - 1)) as [number[], number[]];
      const y = dice.normal();
      const grid = (v: readonly number[], limit: number): Outcome[] => {
        const unit = Math.max(...v.map(Math.abs)) / limit;
        if (unit === 0) return [{ value: v, chance: 1 }];
        const low = v.map((value) => unit * Math.min(Math.floor(value / unit), limit - 1));
        return roundings(
          v,
          low,
          low.map((value) => value + unit),
        );
      };
      const low = x.map((value) => Math.floor(3 * value) / 3);
      const samples = roundings(
        x,
        low,
        low.map((value) => value + 1 / 3),
      );
      const mean = [0, 0, 0];
      let chances = 0;
      for (const { value: seen, chance } of grid(w, 3)) {
        for (const a of samples) {
          for (const b of samples) {
            for (const g of grid(symmetrised(seen, y)(a.value, b.value), 1)) {
              const all = chance * a.chance * b.chance * g.chance;
              chances += all;
              g.value.forEach((part, j) => {
                mean[j] = at(mean, j) + all * part;
              });
            }
          }
        }
      }
      close([chances], [1]);
      close(
        mean,
        x.map((value) => value * (product(x, w) - y)),
      );
    }
  });

  it("the Chebyshev recurrence with a sample per step: E P̂ = P(t)", () => {
    const core = new Core({ variant: "baseline" });
    for (const { x, w, outcomes } of tinies(12)) {
      if (x.length > 2) continue;
      const radius = 3;
      const c = logisticCoefficients(core, 3, radius);
      const value = (taus: readonly number[]): number => {
        let [before, now, sum] = [0, 1, at(c, 0)];
        taus.forEach((tau, i) => {
          [before, now] = [now, i === 0 ? tau : 2 * tau * now - before];
          sum += at(c, i + 1) * now;
        });
        return sum;
      };
      let [mean, shared] = [0, 0];
      for (const a of outcomes) {
        const tau = (q: Outcome): number => product(q.value, w) / radius;
        shared += a.chance * value([tau(a), tau(a), tau(a)]);
        for (const b of outcomes)
          for (const d of outcomes) mean += a.chance * b.chance * d.chance * value([tau(a), tau(b), tau(d)]);
      }
      const t = product(x, w) / radius;
      close([mean], [value([t, t, t])]);
      // one sample for all steps is another polynomial's mean, unless nothing was rounded
      if (outcomes.some(({ chance }) => chance > 0.1 && chance < 0.9))
        expect(Math.abs(shared - mean)).toBeGreaterThan(1e-9);
    }
    core.dispose();
  });

  it("a smooth derivative at one sample: two samples leave ½f″V·x, one used twice adds f′v·w", () => {
    // σ(−t) and its derivatives at t
    const sigma = (t: number): number => 1 / (1 + Math.exp(t));
    const [x, w] = [
      [0.31, -0.62],
      [0.9, -0.7],
    ] as [number[], number[]];
    const t = product(x, w);
    const s = sigma(t);
    const first = -s * (1 - s);
    const second = s * (1 - s) * (1 - 2 * s);
    const left = (width: number): readonly [number, number] => {
      // x at a third of its interval, whatever its width
      const low = x.map((value) => value - width / 3);
      const high = low.map((value) => value + width);
      const outcomes = roundings(x, low, high);
      const v = (2 / 9) * width * width;
      const V = v * product(w, w);
      const two = momentsOfPairs(outcomes, outcomes, (a, b) => b.map((value) => sigma(product(a, w)) * value)).mean;
      const same = momentsOfPairs(outcomes, one, (a) => a.map((value) => sigma(product(a, w)) * value)).mean;
      const size = (got: number[], bias: (j: number) => number): number =>
        Math.hypot(...got.map((value, j) => value - s * at(x, j) - bias(j)));
      return [
        size(two, (j) => 0.5 * second * V * at(x, j)),
        size(same, (j) => 0.5 * second * V * at(x, j) + first * v * at(w, j)),
      ];
    };
    // what is left is of third order: an eighth for half the width, and far less than the terms themselves
    const [wide, narrow] = [left(0.02), left(0.01)];
    for (const k of [0, 1] as const) {
      expect(narrow[k] / wide[k]).toBeLessThan(0.14);
      expect(narrow[k]).toBeLessThan(1e-7);
    }
  });

  it("stored pairs: the smallest eigenvalue is negative where rows are few, less so with more levels", () => {
    const [rows, columns] = [30, 40];
    const dice = new Dice(73);
    const x = Float64Array.from({ length: rows * columns }, () => 2 * dice.uniform() - 1);
    const smallest = [3, 7, 31].map((intervals) => {
      const width = 2 / intervals;
      const rounded = (): Float64Array =>
        x.map((value) => {
          const p = (value + 1) / width;
          return -1 + width * (Math.floor(p) + Number(dice.uniform() < p - Math.floor(p)));
        });
      const m = pairMatrix(rounded(), rounded(), rows, columns);
      // power iterations on c − M, c above the largest eigenvalue
      const c = Math.max(...m.map((row) => row.reduce((sum, value) => sum + Math.abs(value), 0)));
      let z = Array.from({ length: columns }, () => dice.normal());
      for (let i = 0; i < 2000; i++) {
        const next = z.map((value, j) => c * value - product(m[j] as number[], z));
        const size = Math.hypot(...next);
        z = next.map((value) => value / size);
      }
      return z.reduce((sum, value, j) => sum + value * product(m[j] as number[], z), 0);
    });
    expect(at(smallest, 0)).toBeLessThan(-0.01);
    expect(at(smallest, 1)).toBeLessThan(0);
    expect(at(smallest, 1)).toBeGreaterThan(at(smallest, 0) / 2);
    expect(at(smallest, 2)).toBeLessThan(0);
    expect(at(smallest, 2)).toBeGreaterThan(at(smallest, 1) / 4);
  });

  it("rows by their norm: the total variance is at most min(d/S², √d/S)·‖x‖²", () => {
    const dice = new Dice(74);
    for (const d of [1, 3, 16, 100, 1000, 4096]) {
      for (const S of [1, 3, 7, 127]) {
        const x = Float64Array.from({ length: d }, () => dice.normal());
        const square = x.reduce((sum, value) => sum + value * value, 0);
        const unit = Math.sqrt(square) / S;
        const total = x.reduce((sum, value) => {
          const part = value / unit - Math.floor(value / unit);
          return sum + part * (1 - part) * unit * unit;
        }, 0);
        expect(total).toBeLessThanOrEqual(Math.min(d / (S * S), Math.sqrt(d) / S) * square * (1 + 1e-12));
      }
    }
  });

  it("refetching by the sample's own margin chooses rows by their coins; by midpoints it does not", () => {
    // hinge, y = 1, one column between 0 and 1 at ½, w = 1.8: the sample at 0 has h = 1, the one at 1 h = −0.8, the row itself h = 0.1
    const [x, w] = [0.5, 1.8];
    const outcomes = roundings([x], [0], [1]);
    const gradient = (bound: number, by: (q: number) => number): number =>
      outcomes.reduce((sum, { value, chance }) => {
        const h = 1 - w * by(at(value, 0));
        const kept = h > bound ? -at(value, 0) : 0;
        return sum + chance * (Math.abs(h) <= bound ? (1 - w * x > 0 ? -x : 0) : kept);
      }, 0);
    // the midpoint, ½, has h = 0.1: within half an interval, so it is fetched always
    expect(gradient(w / 2, () => 0.5)).toBe(-x);
    // l1: both within 1.8, fetched; with a failure probability (Hoeffding, p = 0.5: t = √(½ ln 4)·1.8 = 1.498) as well; a bound of 0.9 keeps the sample 0
    expect(gradient(w, (q) => q)).toBe(-x);
    expect(gradient(0.9, (q) => q)).toBe(-x / 2);
  });
});

describe("Chebyshev coefficients", () => {
  const core = new Core({ variant: "baseline" });
  afterAll(() => core.dispose());

  it("the cosine is right to 4 units of the last place of 1", () => {
    for (let n = 1; n <= 64; n++) {
      for (let m = 0; m <= 5 * n; m++) {
        expect(Math.abs(cosine(m, n) - Math.cos((Math.PI * m) / n))).toBeLessThan(2e-15 * (1 + m / n));
      }
    }
    expect(cosine(1, 2)).toBe(0);
    expect(cosine(3, 3)).toBe(-1);
  });

  // Largest error of the interpolant of σ(−t) on ±radius, and its largest coefficient by the power of t/radius, on a grid of 4001 points.
  it.each([
    [2, 3, 4.2e-3],
    [2, 5, 3.5e-4],
    [2, 7, 3.0e-5],
    [2, 9, 2.5e-6],
    [2, 15, 1.6e-9],
    [4, 3, 3.5e-2],
    [4, 5, 8.4e-3],
    [4, 7, 2.0e-3],
    [4, 9, 4.7e-4],
    [4, 15, 6.2e-6],
    [8, 3, 1.2e-1],
    [8, 5, 6.2e-2],
    [8, 7, 3.0e-2],
    [8, 9, 1.3e-2],
    [8, 15, 1.4e-3],
    [16, 3, 2.0e-1],
    [16, 5, 1.3e-1],
    [16, 7, 1.1e-1],
    [16, 9, 8.2e-2],
    [16, 15, 2.8e-2],
  ])("radius %d, degree %d: off by %d at most", (radius, degree, expected) => {
    const c = logisticCoefficients(core, degree, radius);
    let worst = 0;
    for (let i = 0; i <= 4000; i++) {
      const tau = i / 2000 - 1;
      let [before, now, sum] = [0, 1, at(c, 0)];
      for (let k = 1; k <= degree; k++) {
        [before, now] = [now, k === 1 ? tau : 2 * tau * now - before];
        sum += at(c, k) * now;
      }
      worst = Math.max(worst, Math.abs(sum - 1 / (1 + Math.exp(radius * tau))));
    }
    expect(worst / expected).toBeGreaterThan(0.9);
    expect(worst / expected).toBeLessThan(1.1);
  });
});

// ---- the solver, index for index -------------------------------------------------------------------------------------------

const ROWS = 60;

interface Setup {
  readonly loss?: LossName;
  readonly cols?: number;
  readonly rows?: number;
  readonly l2?: number;
  readonly fitIntercept?: boolean;
  readonly hasWeights?: boolean;
  readonly dataset?: DatasetOptions;
  /** Uncentred, between 0 and 1. */
  readonly isPositive?: boolean;
}

/** Levels of numerics §14 as the oracle wants them. */
function levelsOf(options: ZipmlOptions): Levels {
  const { samples, scaling = "column", levels } = options;
  const bits = options.bits as number;
  const even = (low: number, high: number, intervals: number): Levels => ({
    low: f(low),
    width: f((high - low) / intervals),
    intervals,
    table: null,
  });
  if (samples === "weaved")
    return { low: f(-1 + 1 / 2 ** bits), width: 2 / 2 ** bits, intervals: 2 ** bits, table: null };
  if (scaling !== "column") return even(-1, 1, 2 ** bits - 2);
  if (levels === undefined || levels === "uniform") return even(-1, 1, 2 ** bits - 1);
  const given = Array.from(levels as ArrayLike<number>);
  const spaced = even(at(given, 0), at(given, given.length - 1), given.length - 1);
  const isEven = given.every((level, k) => f(level) === f(spaced.low + f(spaced.width * k)));
  return isEven ? spaced : { low: 0, width: 1, intervals: given.length - 1, table: given.map(f) };
}

describeVariants("zipml", (variant) => {
  const engine = createEngine({ variant });
  afterAll(() => engine.dispose());

  function pose(setup: Setup): { problem: Problem; dataset: Dataset; input: (plane: Plane) => Partial<ZipmlInput> } {
    const { loss = "squared", cols = 7, rows = ROWS, l2 = 0, fitIntercept = true } = setup;
    const sample = sampleFor(loss, rows, cols, 900 + cols);
    const data = sample.data.map((x, i) => {
      if (i % cols === 2) return 3; // a constant column
      return setup.isPositive ? Math.abs(x) : x * 10 ** ((i % cols) - 3);
    });
    const dataset = engine.dataset({ data, rows, cols }, sample.labels, {
      ...setup.dataset,
      ...(setup.hasWeights ? { sampleWeight: sample.weights } : {}),
    });
    const problem = engine.problem(dataset, { loss, l2, fitIntercept, epsilon: 0.7 });
    return {
      problem,
      dataset,
      input: (plane) => {
        const read = readPlane(dataset, plane);
        const x = new Float32Array(rows * plane.padded);
        for (let i = 0; i < rows; i++) {
          for (let j = 0; j < read.columns; j++) x[i * plane.padded + j] = at(read.codes, i * read.columns + j);
        }
        const isBinary = problem.classes.length === 2;
        const empty = new Set(dataset.emptyColumns(fitIntercept));
        return {
          x,
          rows,
          columns: plane.padded,
          cols,
          hasIntercept: fitIntercept,
          isRounded: (j) => !empty.has(j),
          labels: isBinary ? sample.labels.map((y) => 2 * y - 1) : sample.labels,
          weights: setup.hasWeights ? dataset.core.f64(dataset.weights.f64, rows).slice() : null,
          loss: loss as Loss,
          epsilon: 0.7,
          ridge: Array.from({ length: plane.padded }, (_, j) =>
            j < cols ? l2 / at(read.scale, j) / at(read.scale, j) : 0,
          ),
        };
      },
    };
  }

  /** Runs both; compares every weight, bit for bit. */
  function judge(
    setup: Setup,
    given: ZipmlOptions,
  ): { report: ZipmlReport; wrong: number; refetched: number; visits: number } {
    const { problem, dataset, input } = pose(setup);
    const options: ZipmlOptions = { batchSize: 4, stepSize: 0.125, seed: 11, outerSteps: 2, innerSteps: 9, ...given };
    const {
      estimator = options.samples === "weaved" ? "nearest" : "double",
      polynomial = null,
      refetch = "none",
    } = options;
    const levels =
      estimator === "exact" ? { low: 0, width: 0, intervals: 1, table: null } : levelsOf({ bits: 8, ...options });
    const limit = (bits = 32): number => (bits === 32 ? 0 : 2 ** (bits - 1) - 1);
    const inScope = Scope.scratch(dataset.core, (scope) => {
      const plane = finish(dataset.unitPlane(scope, problem.fitIntercept));
      const read = readPlane(dataset, plane);
      return { part: input(plane), scale: read.scale, offset: read.offset };
    });
    const kind =
      polynomial !== null
        ? "polynomial"
        : estimator === "exact"
          ? "exact"
          : estimator !== "double"
            ? "single"
            : options.symmetrised === false
              ? "double"
              : "symmetrised";
    const largest = Math.max(
      ...Array.from({ length: inScope.part.rows as number }, (_, i) => {
        const { columns, x } = inScope.part as ZipmlInput;
        return x.subarray(i * columns, (i + 1) * columns).reduce((sum, value) => sum + value * value, 0);
      }),
    );
    const table = levels.table;
    const result = runZipml({
      ...(inScope.part as ZipmlInput),
      estimator: kind,
      samples: estimator === "exact" ? 0 : polynomial !== null ? polynomial.degree + 1 : estimator === "double" ? 2 : 1,
      source: options.samples ?? "stored",
      isNearest: estimator === "nearest",
      scaling: options.scaling ?? "column",
      levels,
      bits: (options.bits as number) ?? 8,
      isCorrected: estimator === "corrected",
      modelLimit: limit(options.modelBits),
      gradientLimit: limit(options.gradientBits),
      isNorm: options.vectorScaling === "l2",
      batch: options.batchSize as number,
      stepSize: options.stepSize as number,
      polynomial:
        polynomial === null
          ? null
          : {
              coefficients: logisticCoefficients(dataset.core, polynomial.degree, polynomial.radius),
              radius: polynomial.radius,
              ball: polynomial.ball ?? polynomial.radius / Math.sqrt(largest),
            },
      refetch:
        refetch === "none"
          ? null
          : {
              rule: refetch,
              failure: options.failure ?? 0.01,
              size: options.sketchSize ?? 256,
              widest:
                table === null
                  ? levels.width
                  : Math.max(...Array.from(table).map((b, k) => b - at(table, Math.max(0, k - 1)))),
            },
      seed: options.seed as number,
      epochs: options.outerSteps as number,
      steps: options.innerSteps as number,
    });
    const report = [...zipml(problem, options)].at(-1) as ZipmlReport;
    const { cols } = inScope.part as ZipmlInput;
    let shift = 0;
    report.coef.forEach((got, j) => {
      const want = at(result.w, j) / at(inScope.scale, j);
      expect(Object.is(got, want), `weight ${j}: ${got}, expected ${want}`).toBe(true);
      shift += at(inScope.offset, j) * want;
    });
    expect(report.intercept[0]).toBe(problem.fitIntercept ? at(result.w, cols) - shift : 0);
    expect(result.w.some((value) => value !== 0)).toBe(true);
    const visits = (options.batchSize as number) * (options.innerSteps as number) * (options.outerSteps as number);
    expect(report.refetched).toBe(result.refetched / visits);
    if (polynomial !== null) expect(report.outside).toBe(result.outside / (visits * polynomial.degree));
    problem.dispose();
    dataset.dispose();
    return { report, wrong: result.wrong, refetched: result.refetched, visits };
  }

  describe("index for index", () => {
    const LEVELS = [-1, -0.4, -0.05, 0.1, 0.2, 0.5, 0.75, 1];
    const cases: readonly (readonly [string, Setup, ZipmlOptions])[] = [
      ["exact rows", {}, { estimator: "exact" }],
      ["exact rows, weights, l2", { hasWeights: true, l2: 0.3 }, { estimator: "exact" }],
      ["nearest, 1 bit", {}, { estimator: "nearest", bits: 1 }],
      ["nearest, 3 bits, fresh", {}, { estimator: "nearest", bits: 3, samples: "fresh" }],
      ["nearest, 8 bits, no intercept", { fitIntercept: false }, { estimator: "nearest" }],
      ["naive, 3 bits", {}, { estimator: "naive", bits: 3 }],
      ["naive, 5 bits, fresh", { hasWeights: true }, { estimator: "naive", bits: 5, samples: "fresh" }],
      ["pairs, 1 bit: no base planes", {}, { bits: 1 }],
      ["pairs, 2 bits", {}, { bits: 2 }],
      ["pairs, 8 bits, weights, l2", { hasWeights: true, l2: 0.3 }, {}],
      ["pairs, 4 bits, fresh", {}, { bits: 4, samples: "fresh" }],
      ["pairs, one side only", {}, { bits: 3, symmetrised: false }],
      ["pairs, one side only, fresh", { cols: 33 }, { bits: 3, symmetrised: false, samples: "fresh" }],
      ["65 columns", { cols: 65 }, { bits: 4 }],
      ["130 columns, no intercept", { cols: 130, fitIntercept: false }, { bits: 2, samples: "fresh" }],
      ["corrected", { hasWeights: true }, { estimator: "corrected", bits: 2 }],
      ["corrected, fresh, rows scaled", {}, { estimator: "corrected", bits: 3, samples: "fresh", scaling: "rowMax" }],
      ["a table of levels", {}, { bits: 3, levels: LEVELS }],
      [
        "a table of levels, fresh, corrected",
        {},
        { bits: 3, levels: LEVELS, samples: "fresh", estimator: "corrected" },
      ],
      ["a table of levels, nearest", {}, { bits: 3, levels: LEVELS, estimator: "nearest" }],
      [
        "an uneven range of even levels",
        { isPositive: true, dataset: { center: false } },
        { bits: 2, levels: [0, 1, 2, 3].map((k) => Math.min(1, -0.1 + (k * 1.1) / 3)), samples: "fresh" },
      ],
      [
        "levels 0 and 1",
        { isPositive: true, dataset: { center: false } },
        { bits: 1, levels: [0, 1], estimator: "nearest" },
      ],
      ["an exact copy of 16 bits", { dataset: { exact: "rounded16" } }, { bits: 3 }],
      ["an exact copy of 16 bits, weaved", { dataset: { exact: "rounded16" } }, { samples: "weaved", bits: 5 }],
      ["rows by their norm, hoeffding", { loss: "hinge" }, { bits: 7, scaling: "rowL2", refetch: "hoeffding" }],
      ["rows by their largest entry", {}, { bits: 4, scaling: "rowMax" }],
      ["rows by their norm, fresh", { cols: 40 }, { bits: 2, scaling: "rowL2", samples: "fresh" }],
      ["weaved, 8 bits", {}, { samples: "weaved", bits: 8 }],
      ["weaved, 3 bits, 40 columns", { cols: 40 }, { samples: "weaved", bits: 3 }],
      ["end to end, 4 bits, fresh", {}, { bits: 4, samples: "fresh", modelBits: 4, gradientBits: 4 }],
      [
        "end to end, norms",
        { hasWeights: true, l2: 0.1 },
        { bits: 5, modelBits: 8, gradientBits: 3, vectorScaling: "l2" },
      ],
      ["model only, exact rows", {}, { estimator: "exact", modelBits: 2 }],
      ["gradient only, exact rows", {}, { estimator: "exact", gradientBits: 16 }],
      ...(["huber", "logistic", "squaredHinge", "hinge"] as const).flatMap((loss) => [
        [`${loss}, pairs`, { loss }, { bits: 3 }] as const,
        [`${loss}, nearest, weights`, { loss, hasWeights: true }, { bits: 3, estimator: "nearest" }] as const,
      ]),
      ["Chebyshev, stored", { loss: "logistic" }, { bits: 2, polynomial: { degree: 5, radius: 2 } }],
      [
        "Chebyshev, fresh, the ball given",
        { loss: "logistic" },
        { bits: 4, samples: "fresh", polynomial: { degree: 3, radius: 0.5, ball: 5 }, stepSize: 2 },
      ],
      [
        "Chebyshev, exact rows",
        { loss: "logistic", hasWeights: true },
        { estimator: "exact", polynomial: { degree: 1, radius: 4 } },
      ],
      ...(["hinge", "squaredHinge"] as const).flatMap((loss) => [
        [`${loss}, l1`, { loss }, { bits: 6, refetch: "l1" }] as const,
        [`${loss}, midpoint`, { loss }, { bits: 6, refetch: "midpoint" }] as const,
        [
          `${loss}, midpoint, fresh, a table`,
          { loss },
          { bits: 3, levels: LEVELS, samples: "fresh", refetch: "midpoint" },
        ] as const,
        [
          `${loss}, midpoint, nearest`,
          { loss, hasWeights: true },
          { bits: 6, estimator: "nearest", refetch: "midpoint" },
        ] as const,
        [`${loss}, hoeffding`, { loss }, { bits: 5, refetch: "hoeffding", symmetrised: false }] as const,
        [
          `${loss}, hoeffding, naive, rows scaled`,
          { loss },
          { bits: 5, estimator: "naive", scaling: "rowMax", refetch: "hoeffding" },
        ] as const,
        [`${loss}, midpoint, weaved`, { loss }, { bits: 6, samples: "weaved", refetch: "midpoint" }] as const,
      ]),
    ];
    it.each(cases)("%s", (_name, setup, options) => {
      judge(setup, options);
    });
  });

  describe("refetching", () => {
    it.each(["hinge", "squaredHinge"] as const)("%s: no kept row is on the other side, or few enough", (loss) => {
      const long = { outerSteps: 4, innerSteps: 100, stepSize: 0.5 };
      let kept = 0;
      for (const bits of [4, 6, 8]) {
        for (const refetch of ["l1", "midpoint"] as const) {
          for (const scaling of ["column", "rowMax", "rowL2"] as const) {
            const { wrong, refetched, visits } = judge({ loss }, { ...long, bits, samples: "fresh", scaling, refetch });
            expect(wrong).toBe(0);
            kept += visits - refetched;
          }
        }
      }
      expect(kept).toBeGreaterThan(1000);
      // the bound is loose: p = 0.5 makes wrong sides likely enough to be seen
      for (const failure of [0.5, 0.01]) {
        const { wrong, visits } = judge(
          { loss },
          { ...long, bits: 3, samples: "fresh", refetch: "hoeffding", failure },
        );
        expect(wrong / visits).toBeLessThanOrEqual(failure);
      }
    });

    it("fetches less with more bits, and midpoints less than whole intervals", () => {
      const part = (bits: number, refetch: "l1" | "midpoint"): number =>
        judge({ loss: "hinge" }, { bits, refetch, outerSteps: 2, innerSteps: 100, stepSize: 0.5 }).report.refetched;
      const l1 = [4, 5, 6, 7, 8].map((bits) => part(bits, "l1"));
      const midpoint = [4, 5, 6, 7, 8].map((bits) => part(bits, "midpoint"));
      l1.forEach((value, k) => {
        expect(at(midpoint, k)).toBeLessThanOrEqual(value);
        if (k > 0) expect(value).toBeLessThanOrEqual(at(l1, k - 1));
      });
      expect(at(midpoint, 4)).toBeLessThan(0.3);
      expect(at(midpoint, 4)).toBeGreaterThan(0);
    });

    it.each([176, 1024])("sketches of %d numbers: index for index, and few rows on the other side", (sketchSize) => {
      const options = {
        bits: 3,
        refetch: "sketch",
        sketchSize,
        outerSteps: 2,
        innerSteps: 100,
        stepSize: 0.25,
      } as const;
      const { wrong, refetched, visits } = judge({ loss: "hinge" }, options);
      expect(wrong / visits).toBeLessThanOrEqual(0.01);
      expect(refetched).toBeGreaterThan(0);
      expect(refetched).toBeLessThan(visits);
    });

    it("refuses sketches too short for their failure", () => {
      const { problem } = pose({ loss: "hinge" });
      const run = (sketchSize: number): unknown => [
        ...zipml(problem, { refetch: "sketch", sketchSize, outerSteps: 1 }),
      ];
      expect(() => run(160)).toThrow(/sketchSize: 160 cannot keep failure: 0.01; use at least 176/);
      expect(run(176)).toHaveLength(2);
      problem.dispose();
    });
  });

  // ---- fixed points ----------------------------------------------------------------------------------------------------------

  /** Weights in unit coordinates that constant steps hover around, with their standard error from 16 blocks of epochs. */
  function stationary(
    problem: Problem,
    options: ZipmlOptions,
    scale: ArrayLike<number>,
  ): { mean: number[]; error: number[] } {
    const [epochs, blocks] = [340, 16];
    const kept = 320;
    const seen: number[][] = [];
    for (const { outerStep, coef } of zipml(problem, { outerSteps: epochs, batchSize: 4, ...options })) {
      if (outerStep > epochs - kept) seen.push(Array.from(coef, (w, j) => w * at(scale, j)));
    }
    const per = kept / blocks;
    const means = Array.from({ length: blocks }, (_, b) =>
      (seen[0] as number[]).map((_w, j) => {
        let sum = 0;
        for (let i = b * per; i < (b + 1) * per; i++) sum += at(seen[i] as number[], j);
        return sum / per;
      }),
    );
    const mean = (seen[0] as number[]).map((_w, j) => means.reduce((sum, m) => sum + at(m, j), 0) / blocks);
    const error = mean.map((value, j) =>
      Math.sqrt(means.reduce((sum, m) => sum + (at(m, j) - value) ** 2, 0) / (blocks - 1) / blocks),
    );
    return { mean, error };
  }

  describe("where constant steps end up", () => {
    const [rows, cols] = [80, 3];
    const dice = new Dice(77);
    const data = Float64Array.from({ length: rows * cols }, () => 2 * dice.uniform() - 1);
    const labels = Float64Array.from(
      { length: rows },
      (_, i) => 1.5 * at(data, 3 * i) - at(data, 3 * i + 1) + 0.3 * dice.normal(),
    );
    const dataset = engine.dataset({ data, rows, cols }, labels);
    const problem = engine.problem(dataset, { loss: "squared", fitIntercept: false });
    const { unit, scale } = Scope.scratch(dataset.core, (scope) => {
      const { codes, scale } = readPlane(dataset, finish(dataset.unitPlane(scope, false)));
      return { unit: codes, scale };
    });
    const bits = 2;
    const width = 2 / 3;
    const meanVariance = Array.from({ length: cols }, (_, j) => {
      let sum = 0;
      for (let i = 0; i < rows; i++) {
        const p = (at(unit, i * cols + j) + 1) / width;
        const part = p - Math.min(Math.floor(p), 2);
        sum += part * (1 - part) * width * width;
      }
      return sum / rows;
    });
    const none = [0, 0, 0];
    const least = normalSolution(unit, labels, rows, cols, none);
    // E w moves by −α(A·E w − b) at every step, whatever the noise: the mean over steps is A⁻¹b once the start is forgotten, (1 − αλ)^(20 epochs·20 steps).
    // Sixteen blocks leave a heavier tail than a normal law's: 6 standard errors are as rare (2e-5) as 4.3 of those.
    const within = ({ mean, error }: { mean: number[]; error: number[] }, want: readonly number[]): boolean =>
      mean.every((value, j) => Math.abs(value - at(want, j)) <= 6 * at(error, j));

    it("naive: the ridge D̄, not least squares", () => {
      const found = stationary(problem, { estimator: "naive", samples: "fresh", bits, stepSize: 0.02, seed: 5 }, scale);
      expect(within(found, normalSolution(unit, labels, rows, cols, meanVariance))).toBe(true);
      expect(within(found, least)).toBe(false);
    });

    it.each([
      ["pairs", { estimator: "double" }],
      ["pairs, one side", { estimator: "double", symmetrised: false }],
      ["corrected", { estimator: "corrected" }],
      ["exact rows", { estimator: "exact" }],
    ] as const)("%s, fresh: least squares", (_name, options) => {
      const fresh: ZipmlOptions = options.estimator === "exact" ? {} : { samples: "fresh" };
      const found = stationary(problem, { ...options, ...fresh, bits, stepSize: 0.02, seed: 6 }, scale);
      expect(within(found, least)).toBe(true);
      expect(within(found, normalSolution(unit, labels, rows, cols, meanVariance))).toBe(false);
    });

    it("end to end: least squares", () => {
      const options = { samples: "fresh", bits, modelBits: 4, gradientBits: 4, stepSize: 0.02, seed: 7 } as const;
      expect(within(stationary(problem, options, scale), least)).toBe(true);
    });

    it("stored pairs: the normal equations of the two roundings", () => {
      const coins = new Coins(9, 0xffffffff);
      const levels = { low: f(-1), width: f(width), intervals: 3, table: null };
      const samples = [new Float64Array(rows * cols), new Float64Array(rows * cols)];
      for (let i = 0; i < rows; i++) {
        for (const sample of samples) {
          const u = coins.flip(32);
          for (let j = 0; j < cols; j++) {
            const { base, fraction } = placeOf(at(unit, i * cols + j), levels);
            sample[i * cols + j] = -1 + width * (base + Number(at(u, j) < fraction));
          }
        }
      }
      const [a, b] = samples as [Float64Array, Float64Array];
      const found = stationary(problem, { bits, stepSize: 0.02, seed: 9 }, scale);
      expect(within(found, pairSolution(a, b, labels, rows, cols))).toBe(true);
      expect(within(found, least)).toBe(false);
    });

    it("nearest, stored: the normal equations of its codes", () => {
      const codes = unit.map((x) => -1 + width * Math.min(3, Math.max(0, Math.floor((x + 1) / width + 0.5))));
      const found = stationary(problem, { estimator: "nearest", bits, stepSize: 0.02, seed: 8 }, scale);
      expect(within(found, normalSolution(codes, labels, rows, cols, none))).toBe(true);
      expect(within(found, least)).toBe(false);
    });
  });

  // ---- options, memory ---------------------------------------------------------------------------------------------------------

  it("levels reach every value, outliers included: the unit plane is never clipped", () => {
    const dice = new Dice(78);
    const data = Float64Array.from({ length: 3000 }, () => dice.normal());
    // 20 robust deviations away: the codes of the other solvers are cut off there
    data[300] = 30;
    const labels = Float64Array.from({ length: 3000 }, () => dice.normal());
    const dataset = engine.dataset({ data, rows: 3000, cols: 1 }, labels);
    const values = (plane: Plane): number[] => readPlane(dataset, plane).codes;
    const float32 = Math.max(...values(finish(dataset.plane("float32", false))).map(Math.abs));
    expect(float32).toBeGreaterThan(1);
    Scope.scratch(dataset.core, (scope) => {
      expect(Math.max(...values(finish(dataset.unitPlane(scope, false))).map(Math.abs))).toBe(1);
      const plane = finish(dataset.unitPlane(scope, true));
      expect(Math.max(...readPlane(dataset, plane).codes.map(Math.abs))).toBe(1);
    });
    expect(finish(dataset.unitRange(false))[1]).toBe(1);
    dataset.dispose();
  });

  it.each([true, false])(
    "16 bits a value round the ends of a column: levels reach what is stored (center: %s)",
    (center) => {
      const dice = new Dice(79);
      const [rows, cols] = [300, 40];
      const data = Float64Array.from({ length: rows * cols }, () => dice.normal() + 0.3);
      const dataset = engine.dataset({ data, rows, cols }, new Float64Array(rows), { exact: "rounded16", center });
      for (const hasIntercept of [true, false]) {
        Scope.scratch(dataset.core, (scope) => {
          const { codes, columns } = readPlane(dataset, finish(dataset.unitPlane(scope, hasIntercept)));
          const values = codes.filter((_, i) => i % columns < cols);
          expect(Math.max(...values.map(Math.abs))).toBe(1);
          expect(finish(dataset.unitRange(hasIntercept))).toEqual([Math.min(...values), Math.max(...values)]);
        });
      }
      dataset.dispose();
    },
  );

  it.each([true, false])("optimal levels are those of the unit values (intercept: %s)", (fitIntercept) => {
    const { problem, dataset } = pose({ fitIntercept });
    const { codes } = Scope.scratch(dataset.core, (scope) => {
      const plane = readPlane(dataset, finish(dataset.unitPlane(scope, fitIntercept)));
      // without the column of ones and those that are never rounded
      const empty = dataset.emptyColumns(fitIntercept);
      return {
        codes: plane.codes.filter((_, i) => i % plane.columns < dataset.cols && !empty.includes(i % plane.columns)),
      };
    });
    const values = [...codes, ...finish(dataset.unitRange(fitIntercept))];
    const levels = optimalLevels(values, { levels: 8 });
    const uniform = Array.from({ length: 8 }, (_, k) => -1 + (2 * k) / 7);
    expect(roundingVariance(values, levels)).toBeLessThan(roundingVariance(values, uniform));
    const run = (given: ZipmlOptions): number[] =>
      [...zipml(problem, { bits: 3, outerSteps: 3, ...given })].flatMap(({ coef, objective }) => [...coef, objective]);
    expect(run({ levels: "optimal" })).toEqual(run({ levels }));
    problem.dispose();
    dataset.dispose();
  });

  it("optimal levels ascend in float32 where the values leave no room for as many", () => {
    const data = Float64Array.from({ length: 40 }, (_, i) => 1 + (i % 3) * 1e-6);
    const labels = Float64Array.from({ length: 40 }, (_, i) => i % 5);
    const dataset = engine.dataset({ data, rows: 40, cols: 1 }, labels);
    const levels = finish(datasetLevels(dataset, false, 256));
    expect(levels.length).toBe(256);
    for (let k = 1; k < 256; k++) expect(f(at(levels, k))).toBeGreaterThan(f(at(levels, k - 1)));
    const problem = engine.problem(dataset, { loss: "squared", fitIntercept: false });
    for (const report of zipml(problem, { levels: "optimal", estimator: "corrected", outerSteps: 3 })) {
      expect(Number.isFinite(report.objective)).toBe(true);
    }
    dataset.dispose();
  });

  it("optimal levels know nothing of columns that are never rounded", () => {
    const dice = new Dice(80);
    const rows = 200;
    const narrow = Float64Array.from({ length: rows }, () => dice.normal());
    const wide = Float64Array.from({ length: 8 * rows }, (_, i) =>
      i % 8 === 3 ? at(narrow, Math.floor(i / 8)) : i % 8,
    );
    const labels = Float64Array.from({ length: rows }, () => dice.normal());
    const [few, many] = [narrow, wide].map((data) => {
      const dataset = engine.dataset({ data, rows, cols: data.length / rows }, labels);
      const levels = finish(datasetLevels(dataset, true, 4));
      dataset.dispose();
      return levels;
    });
    expect(many).toEqual(few);
  });

  it("optimal levels of data with fewer values than levels", () => {
    const data = Float64Array.from({ length: 300 }, (_, i) => (i * 7) % 3);
    const dataset = engine.dataset(
      { data, rows: 100, cols: 3 },
      Array.from({ length: 100 }, (_, i) => i % 5),
    );
    const problem = engine.problem(dataset, { loss: "squared", l2: 0.1 });
    const start = problem.evaluate({ coef: new Float64Array(3), intercept: new Float64Array(1) }).objective;
    const end = [...zipml(problem, { bits: 4, levels: "optimal", outerSteps: 20 })].at(-1) as ZipmlReport;
    expect(end.objective).toBeLessThan(start);
    dataset.dispose();
  });

  it("asks a schedule of bits once per epoch and reads as many planes", () => {
    const { problem, dataset } = pose({ cols: 40 });
    const asked: number[] = [];
    const bits = (epoch: number): number => {
      asked.push(epoch);
      return 2 + 3 * epoch;
    };
    const reports = [...zipml(problem, { samples: "weaved", bits, outerSteps: 3, innerSteps: 2, batchSize: 5 })];
    expect(asked).toEqual([0, 1, 2]);
    expect(reports.map((report) => report.bits)).toEqual([2, 2, 5, 8]);
    // 41 columns, padded to 64: 8 bytes per plane and visit
    expect(reports.map((report) => report.sampleBytes)).toEqual([0, 10 * 2 * 8, 10 * 7 * 8, 10 * 15 * 8]);
    expect(() => [...zipml(problem, { samples: "weaved", bits: () => 9 })]).toThrow(
      /zipml: epoch 0: bits must be a whole number from 1 to 8, given 9/,
    );
    problem.dispose();
    dataset.dispose();
  });

  it("counts the bytes of samples by their format", () => {
    const { problem, dataset } = pose({ cols: 40 });
    const bytes = (options: ZipmlOptions): number => {
      const last = [...zipml(problem, { outerSteps: 1, innerSteps: 1, batchSize: 1, ...options })].at(
        -1,
      ) as ZipmlReport;
      return last.sampleBytes;
    };
    // 64 padded columns
    expect(bytes({ estimator: "exact" })).toBe(256);
    expect(bytes({ samples: "fresh", bits: 3 })).toBe(256);
    expect(bytes({ bits: 3 })).toBe((3 + 2) * 8);
    expect(bytes({ bits: 1 })).toBe(2 * 8);
    expect(bytes({ bits: 3, estimator: "naive" })).toBe(3 * 8);
    expect(bytes({ bits: 3, scaling: "rowMax" })).toBe((3 + 2) * 8 + 4);
    problem.dispose();
    dataset.dispose();
  });

  it("frees its memory on break, at its end and on errors; the dataset keeps one weaved copy", () => {
    const { problem, dataset } = pose({ loss: "hinge" });
    // coordinates are the dataset's own, made on first use
    for (const _report of zipml(problem, { outerSteps: 1 })) break;
    const before = engine.bytes;
    const options: readonly ZipmlOptions[] = [
      {},
      { samples: "fresh", average: "tail", modelBits: 8 },
      { estimator: "exact" },
      { bits: 3, levels: [-1, -0.5, -0.25, 0, 0.1, 0.2, 0.5, 1], refetch: "midpoint" },
      { refetch: "sketch" },
    ];
    for (const given of options) {
      for (const _report of zipml(problem, given)) break;
      expect(engine.bytes).toBe(before);
      for (const _report of zipml(problem, { ...given, outerSteps: 2 }));
      expect(engine.bytes).toBe(before);
    }
    for (const _report of zipml(problem, { levels: "optimal", bits: 2, outerSteps: 1 }));
    expect(engine.bytes).toBe(before);
    expect(() => [...zipml(problem, { refetch: "sketch", sketchSize: 16 })]).toThrow(BitcenterError);
    expect(engine.bytes).toBe(before);
    const own = dataset.bytes;
    for (let i = 0; i < 2; i++) for (const _report of zipml(problem, { samples: "weaved" })) break;
    // 32 padded columns in eight planes, each a multiple of 64 bytes
    expect(dataset.bytes - own).toBe(8 * Math.ceil((4 * ROWS) / 64) * 64);
    problem.dispose();
    dataset.dispose();
  });

  it("starts where it is told, averages the tail, and repeats itself", () => {
    const { problem, dataset } = pose({});
    const start = { coef: Float64Array.from({ length: 7 }, (_, j) => f(j / 8)), intercept: [0.5] };
    const [first] = zipml(problem, { start, outerSteps: 1 });
    close((first as ZipmlReport).coef, start.coef, 1e-7);
    const options: ZipmlOptions = { outerSteps: 4, innerSteps: 1, batchSize: 3, seed: 9, bits: 3 };
    const last = [...zipml(problem, options)];
    const mean = [...zipml(problem, { ...options, average: "tail" })];
    // one step per epoch: the iterates are the reports; the tail begins with epoch 2
    expect(mean.slice(0, 3).map(({ objective }) => objective)).toEqual(
      last.slice(0, 3).map(({ objective }) => objective),
    );
    const [third, fourth] = [last[3], last[4]] as [ZipmlReport, ZipmlReport];
    close(
      (mean[4] as ZipmlReport).coef,
      third.coef.map((w, j) => (w + at(fourth.coef, j)) / 2),
      1e-14 * Math.max(...third.coef.map(Math.abs)),
    );
    expect([...zipml(problem, options)].map(({ coef }) => coef)).toEqual(last.map(({ coef }) => coef));
    expect([...zipml(problem, { ...options, seed: 10 })].at(-1)?.coef).not.toEqual(fourth.coef);
    problem.dispose();
    dataset.dispose();
  });

  it("decays its step", () => {
    const { problem, dataset } = pose({});
    const steps = (decay: "none" | "inverse" | "inverseSqrt"): number[] =>
      [...zipml(problem, { decay, stepSize: 0.5, outerSteps: 4 })].map(({ stepSize }) => stepSize);
    expect(steps("none")).toEqual([0.5, 0.5, 0.5, 0.5, 0.5]);
    expect(steps("inverse")).toEqual([0.5, 0.5, 0.5 / 2, 0.5 * (1 / 3), 0.5 / 4]);
    expect(steps("inverseSqrt")).toEqual([0.5, 0.5, 0.5 * (1 / Math.sqrt(2)), 0.5 * (1 / Math.sqrt(3)), 0.25]);
    problem.dispose();
    dataset.dispose();
  });

  it("converges with automatic steps, whatever the bits; but for stored pairs of one bit, whose normal matrix is indefinite", () => {
    const { problem, dataset } = pose({ rows: 300 });
    const ends = (options: ZipmlOptions): { first: number; last: number } => {
      const reports = [...zipml(problem, { outerSteps: 20, ...options })];
      return {
        first: at(
          reports.map(({ objective }) => objective),
          0,
        ),
        last: (reports.at(-1) as ZipmlReport).objective,
      };
    };
    for (const bits of [1, 2, 4, 8]) {
      const others: readonly ZipmlOptions[] = [
        { bits, samples: "fresh" },
        { bits, samples: "weaved" },
        { bits, estimator: "naive" },
        { bits: Math.max(2, bits), scaling: "rowL2" },
        { bits: Math.max(2, bits) },
        { bits: Math.max(2, bits), gradientBits: 2 },
      ];
      for (const options of others) {
        const { first, last } = ends(options);
        expect(last, JSON.stringify(options)).toBeLessThan(first);
      }
    }
    const { first, last } = ends({ bits: 1 });
    expect(last).toBeGreaterThan(first);
    problem.dispose();
    dataset.dispose();
  });

  it("takes shorter steps where the errors of nearest rounding add up: columns that say the same, at one bit", () => {
    const dice = new Dice(91);
    const cols = 12;
    const rows = 400;
    const common = Array.from({ length: rows }, () => dice.normal());
    const data = Float64Array.from(
      { length: rows * cols },
      (_, i) => at(common, Math.floor(i / cols)) + 0.05 * dice.normal(),
    );
    // one far row: all others are small, and nearest rounding makes each of them a whole half of the range
    data.fill(40, 0, cols);
    const labels = Float64Array.from(common, (value) => value + 0.1 * dice.normal());
    const dataset = engine.dataset({ data, rows, cols }, labels);
    const problem = engine.problem(dataset, { loss: "squared" });
    for (const options of [{ estimator: "nearest" }, { samples: "weaved" }] as const) {
      const reports = [...zipml(problem, { bits: 1, outerSteps: 30, ...options })];
      expect(reports.length, JSON.stringify(options)).toBe(31);
      expect(reports.at(-1)?.isDiverged).toBe(false);
    }
    problem.dispose();
    dataset.dispose();
  });

  it("reports a run that diverges, and ends", () => {
    const { problem, dataset } = pose({});
    const reports = [...zipml(problem, { stepSize: 1e4, outerSteps: 50, bits: 3 })];
    expect(reports.at(-1)?.isDiverged).toBe(true);
    expect(reports.length).toBeLessThan(50);
    problem.dispose();
    dataset.dispose();
  });

  describe("bad options", () => {
    const hinge = pose({ loss: "hinge" });
    const softmax = pose({ loss: "softmax" });
    const squared = pose({});
    const cases: readonly (readonly [object, RegExp])[] = [
      [
        { estimator: "triple" },
        /zipml: estimator must be "double" or "naive" or "nearest" or "corrected" or "exact", given "triple"/,
      ],
      [{ bits: 9 }, /zipml: bits must be a whole number from 1 to 8, given 9/],
      [{ bits: 1, scaling: "rowMax" }, /zipml: bits must be a whole number from 2 to 8, given 1/],
      [{ bits: () => 2 }, /zipml: bits must be a number, but for samples: "weaved"/],
      [
        { samples: "weaved", estimator: "naive" },
        /samples: "weaved" holds one deterministic rounding: use estimator: "nearest", given "naive"/,
      ],
      [{ samples: "weaved", scaling: "rowL2" }, /samples: "weaved" has columns in their own scales/],
      [{ samples: "weaved", levels: "optimal" }, /samples: "weaved" has uniform levels: leave levels away/],
      [{ scaling: "rowL2", levels: "optimal" }, /scaling: "rowL2" has uniform levels: leave levels away/],
      [
        { estimator: "exact", samples: "stored" },
        /estimator: "exact" reads the float32 rows and has no use for samples: "stored"/,
      ],
      [{ symmetrised: true, estimator: "naive" }, /symmetrised is for estimator: "double", given estimator: "naive"/],
      [{ levels: [0, 1], bits: 2 }, /levels of bits: 2 must be 4 numbers, given 2/],
      [{ levels: [1, 0], bits: 1 }, /levels must ascend \(in float32\), given 1 and 0 at indices 0 and 1/],
      [{ levels: [0, 2], bits: 1 }, /levels must be numbers from -1 to 1, given 2 at index 1/],
      [{ levels: "even" }, /levels must be "uniform", "optimal" or an array of 256 numbers, given "even"/],
      [{ modelBits: 1 }, /modelBits must be 32 \(not rounded\) or a whole number from 2 to 16, given 1/],
      [{ gradientBits: 17 }, /gradientBits must be 32/],
      [{ polynomial: { degree: 3, radius: 4 } }, /polynomial is for loss "logistic", given loss "squared"/],
      [{ refetch: "l1" }, /refetch is for loss "hinge" and "squaredHinge", given loss "squared"/],
      [{ sketchSize: 100 }, /sketchSize must be a multiple of 16, given 100/],
      [{ batchSize: 0 }, /batchSize must be a whole number from 1 to 65536, given 0/],
      [{ failure: 0 }, /failure must be a finite number/],
      [{ bit: 8 }, /zipml: unknown option "bit"/],
    ];
    it.each(cases)("%o", (options, sentence) => {
      expect(() => zipml(squared.problem, options as ZipmlOptions)).toThrow(sentence);
      try {
        zipml(squared.problem, options as ZipmlOptions);
      } catch (error) {
        expect((error as BitcenterError).code).toBe("BAD_OPTION");
      }
    });

    it("what does not go with the loss or the data", () => {
      expect(() => zipml(softmax.problem)).toThrow(/loss "softmax" has several outputs/);
      expect(() => zipml(hinge.problem, { estimator: "corrected" })).toThrow(
        /estimator: "corrected" is for loss "squared", given loss "hinge"/,
      );
      expect(() => zipml(hinge.problem, { refetch: "midpoint", estimator: "naive" })).toThrow(
        /needs the interval of a value/,
      );
      expect(() => zipml(hinge.problem, { refetch: "hoeffding", estimator: "nearest" })).toThrow(
        /is about random rounding/,
      );
      expect(() => zipml(hinge.problem, { refetch: "l1", estimator: "exact" })).toThrow(/has nothing to fetch/);
      expect(() => [...zipml(squared.problem, { levels: [0, 1], bits: 1 })]).toThrow(
        /levels from 0 to 1 do not cover the unit values of this dataset, -/,
      );
      expect(() => zipml({} as Problem)).toThrow(/expected a problem of an engine/);
    });
  });
});
