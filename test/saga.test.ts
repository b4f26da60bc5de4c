// SAGA: the integer steps are those of SAGA in float64, row for row, and the answer is the optimum. test/parity.test.ts compares the engine with the integer
// oracle bit for bit; here the oracle itself is compared with the plain algorithm.
import { describe, expect, it } from "vitest";
import { BitcenterError, createEngine, type LossName, type StepReport, saga } from "../bindings/index.js";
import { runInner } from "./oracle/inner.js";
import { joinParameters, type Problem, remainingGap } from "./oracle/objective.js";
import { sampleFor } from "./support/data.js";
import { Dice } from "./support/random.js";
import { describeVariants } from "./support/variants.js";

const SMOOTH: readonly LossName[] = ["squared", "logistic", "softmax", "squaredHinge", "huber"];

describe("the oracle's integer SAGA", () => {
  /** Squared loss around an anchor, float64: d = x·z; z −= α(d − e)x; G += (d − e)x/n; z −= αG; e = d. */
  function plain(x: Int8Array, n: number, d: number, order: readonly number[], alpha: number, full: Float64Array) {
    const z = new Float64Array(d);
    const seen = new Float64Array(n);
    const mean = full.slice();
    for (const row of order) {
      let now = 0;
      for (let j = 0; j < d; j++) now += (x[row * d + j] as number) * (z[j] as number);
      const dc = now - (seen[row] as number);
      seen[row] = now;
      for (let j = 0; j < d; j++) {
        const term = dc * (x[row * d + j] as number);
        z[j] = (z[j] as number) - alpha * term;
        mean[j] = (mean[j] as number) + term / n;
        z[j] = (z[j] as number) - alpha * (mean[j] as number);
      }
    }
    return { z, seen, mean };
  }

  it("follows the plain algorithm, row for row", () => {
    const [n, d, steps] = [40, 7, 300];
    const dice = new Dice(5);
    const codes = Int8Array.from({ length: n * d }, () => dice.between(-127, 127));
    const full = Float64Array.from({ length: d }, () => dice.normal());
    const largest = Math.max(
      ...Array.from({ length: n }, (_, i) => codes.subarray(i * d, (i + 1) * d).reduce((sum, q) => sum + q * q, 0)),
    );
    const alpha = 1 / (3 * largest);
    const order: number[] = [];
    // the steps along the gradient alone use a part of the range
    const deltaScale = (steps * alpha * Math.max(...full.map(Math.abs))) / 16383;
    const { z, saturated } = runInner({
      codes,
      z: new Int16Array(d),
      rows: n,
      columns: d,
      classes: 1,
      loss: "squared",
      labels: new Float64Array(n),
      state: new Float32Array(n),
      alpha,
      deltaScale,
      gradient: full,
      flushEvery: 1,
      innerSteps: steps,
      option: "I",
      rounding: "stochastic",
      seed: 3,
      outerStep: 0,
      table: true,
      trace: ({ row }) => order.push(row),
    });
    expect(saturated).toBe(0);
    const expected = plain(codes, n, d, order, alpha, full);
    // two roundings of at most one code per step, contracted by every later one: far fewer than one code per step in the end; a factor of the size of
    // the signal would show at once
    const size = Math.max(...expected.z.map(Math.abs));
    expect(size / deltaScale).toBeGreaterThan(1000);
    for (let j = 0; j < d; j++) {
      const error = Math.abs((z[j] as number) * deltaScale - (expected.z[j] as number));
      expect(error).toBeLessThan(0.02 * size);
    }
    // the mean that z's movements stand for is the mean of the table
    for (let j = 0; j < d; j++) {
      let mean = full[j] as number;
      for (let i = 0; i < n; i++) mean += ((expected.seen[i] as number) * (codes[i * d + j] as number)) / n;
      expect(Math.abs(mean - (expected.mean[j] as number))).toBeLessThan(1e-12 * Math.abs(full[j] as number) + 1e-12);
    }
  });
});

describeVariants("saga", (variant) => {
  it.each(SMOOTH)("%s: the optimum", (loss) => {
    const sample = sampleFor(loss, 400, 10, 41);
    for (const bits of [8, 16] as const) {
      const engine = createEngine({ variant });
      const dataset = engine.dataset(sample, sample.labels, { bits, sampleWeight: sample.weights });
      const problem = engine.problem(dataset, { loss, l2: 0.02 });
      const reports = [...saga(problem, { outerSteps: 40, seed: 2 })];
      const final = reports.at(-1) as StepReport;
      const isBinary = loss === "logistic" || loss === "squaredHinge";
      const exact: Problem = {
        values: sample.data,
        rows: 400,
        cols: 10,
        labels: isBinary ? sample.labels.map((y) => 2 * y - 1) : sample.labels,
        loss,
        classes: problem.outputs,
        l2: 0.02,
        intercept: true,
        weights: sample.weights,
      };
      const start = (reports[0] as StepReport).objective - final.objective;
      expect(remainingGap(exact, joinParameters(exact, final.coef, final.intercept)) / start).toBeLessThan(1e-12);
      engine.dispose();
    }
  });

  it("takes three passes per outer step, and no option of HALP that it has no use for", () => {
    const sample = sampleFor("logistic", 50, 4, 42);
    const engine = createEngine({ variant });
    const problem = engine.problem(engine.dataset(sample, sample.labels), { loss: "logistic" });
    expect([...saga(problem, { outerSteps: 2 })].map(({ passes }) => passes)).toEqual([0, 3, 6]);
    expect(() => saga(problem, { option: "II" } as object)).toThrow(BitcenterError);
    expect(() => saga(problem, { bits: 4 } as object)).toThrow(/saga: bits must be 8 or 16/);
    engine.dispose();
  });
});
