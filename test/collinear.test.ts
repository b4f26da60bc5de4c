// Columns that are sums of others up to the rounding of their last bits, and no penalty to hold them: the optimum is a whole plane, and along it gradients are nothing
// but rounding. What is asked is what can be known: the objective of the columns they are made of, at weights that really have it.
import { describe, expect, it } from "vitest";
import { LinearRegression, LogisticRegression } from "../bindings/index.js";
import { Dice } from "./support/random.js";

interface Fit {
  readonly coef: Float64Array;
  readonly intercept: Float64Array;
  readonly report: { readonly isConverged: boolean; readonly objective: number };
}

interface Case {
  readonly loss: "squared" | "huber" | "logistic";
  readonly rows: number;
  /** Columns of the base, and of the data made of it. */
  readonly rank: number;
  readonly cols: number;
  /** How far from 0 the columns are, in their own spread, and over how many decades that goes. */
  readonly shift: number;
  readonly decades: number;
  readonly storage: "float64" | "float32";
}

const EPSILON = 0.3;
/** Of the base, which both descriptions share. */
const GAP = 1e-10;

const CASES: readonly Case[] = (["squared", "huber", "logistic"] as const)
  .flatMap(
    (loss) =>
      [50, 400, 3000].flatMap((rows) =>
        [
          { rank: 3, cols: 4 },
          { rank: 3, cols: 9 },
          { rank: 10, cols: 11 },
          { rank: 10, cols: 30 },
        ].flatMap((size) =>
          [0, 10, 1000].flatMap((shift) =>
            (["float64", "float32"] as const).map((storage) => ({
              loss,
              rows,
              ...size,
              shift,
              decades: shift === 10 ? 3 : 0,
              storage,
            })),
          ),
        ),
      ),
    // logistic: few rows can be separated, and then there is no optimum
  )
  .filter(({ loss, rows }) => loss !== "logistic" || rows > 50);

function made({ loss, rows, rank, cols, shift, decades, storage }: Case): {
  base: number[][];
  X: number[][];
  y: number[];
} {
  const dice = new Dice(rows + 100 * rank + cols);
  const centred = (): number => dice.uniform() - 0.5;
  const mix = Array.from({ length: rank }, () => Array.from({ length: cols }, centred));
  const units = Array.from({ length: cols }, () => 10 ** (2 * decades * centred()));
  const shifts = Array.from({ length: cols }, () => shift * centred());
  const base = Array.from({ length: rows }, () => Array.from({ length: rank }, centred));
  const rounded = storage === "float32" ? Math.fround : (x: number): number => x;
  const X = base.map((z) =>
    units.map((unit, j) =>
      rounded(unit * ((shifts[j] as number) + z.reduce((sum, b, k) => sum + b * (mix[k]?.[j] as number), 0))),
    ),
  );
  const y = base.map(([a = 0, b = 0, c = 0]) => {
    const truth = a - 2 * b + 0.5 * c + centred();
    return loss === "logistic" ? Number(truth > 0) : truth;
  });
  return { base, X, y };
}

function solved(loss: Case["loss"], X: number[][], y: number[]): Fit {
  if (loss === "logistic") return new LogisticRegression({ l2: 0 }).fitSync(X, y) as unknown as Fit;
  const options = loss === "huber" ? { loss, epsilon: EPSILON } : { loss };
  return new LinearRegression(options).fitSync(X, y) as unknown as Fit;
}

/** The objective at the weights, and how far rounding may take it: margins of sums Σ|xw|, over losses whose slope is √(2F) on average. */
function evaluated(loss: Case["loss"], { coef, intercept }: Fit, X: number[][], y: number[]) {
  let total = 0;
  let rounding = 0;
  X.forEach((x, i) => {
    const b = intercept[0] as number;
    const truth = y[i] as number;
    const margin = x.reduce((sum, value, j) => sum + value * (coef[j] as number), b);
    const size = x.reduce((sum, value, j) => sum + Math.abs(value * (coef[j] as number)), Math.abs(b));
    rounding = Math.max(rounding, size * (x.length + 1) * 2 ** -52);
    const error = Math.abs(margin - truth);
    if (loss === "squared") total += 0.5 * error * error;
    else if (loss === "huber") total += error > EPSILON ? EPSILON * (error - 0.5 * EPSILON) : 0.5 * error * error;
    else total += Math.log1p(Math.exp(truth > 0 ? -margin : margin));
  });
  const value = total / X.length;
  return { value, error: rounding * Math.sqrt(2 * value) + 0.5 * rounding * rounding };
}

describe("columns made of others, without a penalty", () => {
  for (const some of CASES) {
    const { loss, rows, rank, cols, shift, storage } = some;
    it(`${loss}, ${rows} × ${cols} of ${rank}, ${storage}, ${shift} away`, () => {
      const { base, X, y } = made(some);
      const best = solved(loss, base, y).report.objective;
      const model = solved(loss, X, y);
      const { value, error } = evaluated(loss, model, X, y);
      expect(model.report.isConverged).toBe(true);
      // float32 moves every value by its rounding, and what it moves them by are columns in their own right: they may be put to use, with weights of up to 2²⁴
      const isRounded = storage === "float32";
      const moved = isRounded ? cols * (1 + shift) * 2 ** -24 : 0;
      expect(model.report.objective).toBeLessThanOrEqual(best * (1 + GAP + moved));
      // and the weights have the objective that is reported
      expect(Math.abs(value - model.report.objective)).toBeLessThanOrEqual(error);
      // which needs weights as short as they can be: columns of `shift` spreads, and as many terms
      expect(error).toBeLessThan((isRounded ? 2 ** 24 : 1) * GAP * (1 + shift) * best);
    });
  }
});
