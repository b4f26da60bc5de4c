// Lazy dense terms in the oracle itself: bringing a column up to date in one go is the same as moving it at every step; rounding it together with its row's term is
// unbiased; and it costs the entries of the rows. test/kernels.test.ts holds the kernels to this oracle bit for bit.
import { describe, expect, it } from "vitest";
import {
  caughtUp,
  type EagerInput,
  entriesOf,
  type LazyInput,
  nextOffset,
  offsetOf,
  rowsOf,
  runEager,
  runLazy,
  type SparseRows,
  storedAs,
  weightOf,
} from "./oracle/lazy.js";
import { lossDerivative, stateFloat32 } from "./oracle/loss.js";
import { Dice } from "./support/random.js";

const at = (values: ArrayLike<number>, i: number): number => values[i] as number;

/** Rows with `longest` entries at most; the last column is in none of them. */
function sparseRows(rows: number, cols: number, longest: number, intercept: number, dice: Dice): SparseRows {
  const starts = [0];
  const indices: number[] = [];
  for (let i = 0; i < rows; i++) {
    const chosen = new Set(Array.from({ length: dice.between(1, longest) }, () => dice.below(cols - 1)));
    indices.push(...[...chosen].sort((a, b) => a - b));
    starts.push(indices.length);
  }
  const codes = Int8Array.from(indices, () => dice.sign() * dice.between(1, 127));
  return { rows, cols, starts, indices, codes, intercept };
}

describe("the weight of missed steps", () => {
  it("is the sum of a geometric series", () => {
    for (const a of [0, 1e-12, 1e-3, 0.1, 0.5, 0.7, 3, 20]) {
      // a step's own weight: (1 − e⁻ᵃ)/a
      const own = a === 0 ? 1 : -Math.expm1(-a) / a;
      let sum = 0;
      for (let p = 1; p <= 300; p++) {
        sum += own * Math.exp(-a * (p - 1));
        expect(Math.abs(weightOf(p, a) / sum - 1), `${p} steps at rate ${a}`).toBeLessThan(2 ** -26 + 300 * 2 ** -52);
      }
    }
  });

  it("follows (1 − e⁻ˣ)/a to the rest of the series, whatever the number of steps", () => {
    const dice = new Dice(1);
    for (let i = 0; i < 20_000; i++) {
      const p = Math.floor(2 ** (32 * dice.uniform()));
      const x = 10 ** (12 * dice.uniform() - 9);
      const exact = -Math.expm1(-x) / (x / p);
      // x⁸/9! at x = ½; doubling makes the error smaller: d ln W(2p) = d ln W(p)·(2 − 2aW)/(2 − aW)
      expect(Math.abs(weightOf(p, x / p) / exact - 1)).toBeLessThan(2 ** -26);
    }
    expect(weightOf(0, 5)).toBe(0);
    expect(weightOf(7, 0)).toBe(7);
    expect(weightOf(2 ** 32 - 1, 1e30)).toBe(1 / 1e30);
  });

  it("p steps and then q steps are p + q steps", () => {
    const dice = new Dice(2);
    for (let i = 0; i < 2000; i++) {
      const [p, q] = [dice.below(1000), dice.below(1000)];
      const [z, a, h] = [1000 * dice.normal(), 10 ** (6 * dice.uniform() - 5), dice.normal()];
      const twice = caughtUp(caughtUp(z, a, h, p), a, h, q);
      const size = Math.abs(z) + Math.abs(h) * (p + q);
      expect(Math.abs(twice - caughtUp(z, a, h, p + q))).toBeLessThan(2 ** -24 * size);
    }
  });
});

interface Case {
  readonly loss: "squared" | "logistic" | "softmax";
  readonly classes: number;
  readonly intercept: number;
  readonly l2: number;
  readonly table: boolean;
}

const CASES: readonly Case[] = [
  { loss: "squared", classes: 1, intercept: 127, l2: 0, table: false },
  { loss: "squared", classes: 1, intercept: 0, l2: 0.05, table: true },
  { loss: "logistic", classes: 1, intercept: 127, l2: 0.02, table: false },
  { loss: "logistic", classes: 1, intercept: 127, l2: 5, table: true },
  { loss: "softmax", classes: 3, intercept: 127, l2: 0.02, table: false },
  { loss: "softmax", classes: 4, intercept: 0, l2: 0.3, table: true },
];

describe("lazy steps", () => {
  it.each(CASES)("are eager steps: $loss, table $table, l2 $l2", ({ loss, classes, intercept, l2, table }) => {
    const dice = new Dice(3);
    const [rows, cols, steps] = [40, 30, 400];
    const data = sparseRows(rows, cols, 6, intercept, dice);
    const width = cols + 1;
    const labels = Array.from({ length: rows }, () => (loss === "softmax" ? dice.below(classes) : dice.sign()));
    const margins = Array.from({ length: rows }, () => Array.from({ length: classes }, () => dice.normal()));
    const state = new Float32Array(rows * classes);
    margins.forEach((m, i) => {
      state.set(stateFloat32(loss, m, at(labels, i)), i * classes);
    });
    const alpha = 1 / (4 * 6 * 127 * 127);
    const gradient = Float64Array.from({ length: classes * width }, () => 127 * dice.normal());
    const ridge = Float64Array.from({ length: width }, (_, j) =>
      j === cols ? 0 : l2 * 127 * 127 * (1 + dice.uniform()),
    );
    const input: LazyInput = {
      ...data,
      z: new Float32Array(classes * width),
      classes,
      loss,
      labels,
      state,
      alpha,
      deltaScale: 1,
      gradient,
      ridge,
      table,
      innerSteps: steps,
      option: "I",
      rounding: "nearest",
      seed: 5,
      outerStep: 0,
    };
    const lazy = runLazy(input);
    const eagerInput: EagerInput = {
      ...data,
      classes,
      start: new Float64Array(classes * width),
      alpha,
      gradient,
      ridge,
      order: rowsOf(input).rows,
      derivative: (row, dots) => {
        const before = at(margins as never, row) as unknown as number[];
        const moved = dots.map((dot, c) => at(before, c) + dot);
        const from = lossDerivative(loss, before, at(labels, row));
        return Array.from(lossDerivative(loss, moved, at(labels, row)), (d, c) => d - at(from, c));
      },
      table,
    };
    const eager = runEager(eagerInput);
    const size = Math.max(...eager.z.map(Math.abs));
    // Float32: each of `steps` writings, coefficients and states is off by some 2⁻²⁴ of its size. One dense step forgotten would be 1/steps of z: 2.5e-3.
    lazy.z.forEach((z, i) => {
      if (intercept === 0 && i % width === cols) return;
      expect(Math.abs(z - at(eager.z, i))).toBeLessThan(4 * steps * 2 ** -24 * size);
    });
    // a column that no row has: the dense term alone, all steps at once
    for (let c = 0; c < classes; c++) {
      const i = c * width + cols - 1;
      expect(lazy.z[i]).toBe(
        Math.fround(caughtUp(0, Math.fround(alpha * at(ridge, cols - 1)), Math.fround(alpha * at(gradient, i)), steps)),
      );
      expect(Math.abs(at(lazy.z, i))).toBeGreaterThan(0);
    }
    // and that for the price of the entries
    const entries = lazy.order.reduce((sum, row) => sum + entriesOf(data, row).length, 0);
    expect(lazy.touched).toBe(entries);
    expect(lazy.settled).toBe(intercept === 0 ? cols : width);
    expect(eager.touched).toBe(classes * steps * width);
    expect(lazy.touched + lazy.settled).toBeLessThan((6 + 1) * steps + width + 1);
  });

  it("a step of a long row costs no more columns, however many there are", () => {
    const costs = [100, 1000, 10_000].map((cols) => {
      const data = sparseRows(50, cols, 5, 127, new Dice(4));
      const { touched } = runLazy({
        ...data,
        z: new Int16Array(cols + 1),
        classes: 1,
        loss: "squared",
        labels: new Float64Array(50),
        state: new Float32Array(50),
        alpha: 1e-6,
        deltaScale: 1e-3,
        innerSteps: 300,
        option: "I",
        rounding: "stochastic",
        seed: 1,
        outerStep: 0,
      });
      return touched / 300;
    });
    for (const cost of costs) expect(cost).toBeLessThanOrEqual(6);
  });
});

describe("rounding", () => {
  it("is right in the mean over the stream: floor(v + u) over all offsets that 16 bits can tell apart", () => {
    const dice = new Dice(6);
    for (let i = 0; i < 50; i++) {
      const value = (dice.between(-1000 * 65536, 1000 * 65536) | 0) / 65536;
      const column = dice.below(100_000);
      let sum = 0;
      for (let high = 0; high < 65536; high++) sum += storedAs(value, offsetOf(high * 65536, column), [-32768, 32767]);
      // turned by a column's part, the 65536 offsets still stand 2⁻¹⁶ apart
      expect(sum / 65536).toBe(value);
    }
  });

  it("the stream takes every one of its 2³² states before it repeats itself", () => {
    // Hull & Dobell 1962: the increment odd, the factor 1 mod 4
    expect(1013904223 % 2).toBe(1);
    expect(1664525 % 4).toBe(1);
    expect(nextOffset(0)).toBe(1013904223);
    expect(nextOffset(1)).toBe(1013904223 + 1664525);
  });

  /**
   * Mean and second moments of z after the given rows, over all outcomes of all roundings with their probabilities: squared loss, dc = dot of the present z
   * with the row. Every row writes its columns; `isTwice` rounds what was missed by itself first.
   */
  function enumerate(
    data: SparseRows,
    order: readonly number[],
    alpha: number,
    ridge: number[],
    drift: number[],
    isTwice: boolean,
  ) {
    const width = data.cols + 1;
    const mean = new Float64Array(width);
    const square = new Float64Array(width);
    let total = 0;
    let outcomes = 0;
    /** Both codes a value may be stored as, with their probabilities. */
    const codes = (value: number): [number, number][] => {
      const up = value - Math.floor(value);
      const [low, high] = [storedAs(value, 0, [-32768, 32767]), storedAs(value, 1 - 2 ** -30, [-32768, 32767])];
      return up === 0
        ? [[low, 1]]
        : [
            [low, 1 - up],
            [high, up],
          ];
    };
    const go = (t: number, z: readonly number[], last: readonly number[], chance: number): void => {
      const missed = (j: number): number => caughtUp(at(z, j), alpha * at(ridge, j), at(drift, j), t - at(last, j));
      /** Columns rounded one after the other, each both ways; then `next`. */
      const write = (
        columns: readonly number[],
        value: (j: number) => number,
        from: readonly number[],
        p: number,
        next: (z: number[], p: number) => void,
      ): void => {
        const [j, ...others] = columns;
        if (j === undefined) {
          next(from.slice(), p);
          return;
        }
        for (const [code, share] of codes(value(j))) {
          write(
            others,
            value,
            from.map((old, i) => (i === j ? code : old)),
            p * share,
            next,
          );
        }
      };
      const row = order[t];
      if (row === undefined) {
        write([...z.keys()], missed, z, chance, (final, p) => {
          outcomes++;
          total += p;
          final.forEach((code, j) => {
            mean[j] = at(mean, j) + p * code;
            square[j] = at(square, j) + p * code * code;
          });
        });
        return;
      }
      const entries = entriesOf(data, row);
      const own = entries.map(([j]) => j);
      const clock = last.map((before, j) => (own.includes(j) ? t : before));
      const step = (values: ReadonlyMap<number, number>, from: readonly number[], p: number): void => {
        const dot = entries.reduce((sum, [j, code]) => sum + code * (values.get(j) as number), 0);
        const moved = new Map(entries.map(([j, code]) => [j, (values.get(j) as number) - alpha * dot * code]));
        write(
          own,
          (j) => moved.get(j) as number,
          from,
          p,
          (next, q) => go(t + 1, next, clock, q),
        );
      };
      if (!isTwice) step(new Map(own.map((j) => [j, missed(j)])), z, chance);
      else write(own, missed, z, chance, (from, p) => step(new Map(own.map((j) => [j, at(from, j)])), from, p));
    };
    go(0, Array<number>(width).fill(0), Array<number>(width).fill(0), 1);
    expect(Math.abs(total - 1)).toBeLessThan(1e-12);
    return { mean, variance: square.map((s, j) => s - at(mean, j) ** 2), outcomes };
  }

  it("of lazy steps has the mean of the eager steps without rounding, over all outcomes", () => {
    // three columns and an intercept; the third column is in one row only, the last of all in none
    const data: SparseRows = {
      rows: 3,
      cols: 4,
      starts: [0, 2, 3, 4],
      indices: [0, 1, 0, 2],
      codes: [3, -2, 5, 7],
      intercept: 4,
    };
    const alpha = 0.01;
    const ridge = [3, 0, 20, 5, 0];
    const drift = [0.37, -1.21, 0.83, 0.444, -0.29];
    for (const order of [
      [0, 1, 2],
      [1, 1, 0],
      [2, 0, 1],
      [0, 1, 0, 1],
    ]) {
      const eager = runEager({
        ...data,
        classes: 1,
        start: new Float64Array(5),
        alpha,
        gradient: drift.map((h) => h / alpha),
        ridge,
        order,
        derivative: (_, dots) => dots,
      });
      const { mean, outcomes, variance } = enumerate(data, order, alpha, ridge, drift, false);
      expect(outcomes).toBeGreaterThan(500);
      // the weights' series: 2⁻²⁶
      mean.forEach((z, j) => {
        expect(Math.abs(z - at(eager.z, j)), `${order}, column ${j}`).toBeLessThan(1e-7);
      });
      expect(Math.max(...variance)).toBeGreaterThan(0.1);
    }
  });

  it("once, not twice: what was missed and the row together", () => {
    const data: SparseRows = { rows: 2, cols: 2, starts: [0, 1, 2], indices: [0, 1], codes: [3, 5], intercept: 4 };
    const [alpha, ridge, drift] = [0.01, [3, 0, 0], [0.37, -1.21, 0.29]];
    const sum = (values: Float64Array): number => values.reduce((a, b) => a + b, 0);
    const once = enumerate(data, [0, 1, 0], alpha, ridge, drift, false);
    const twice = enumerate(data, [0, 1, 0], alpha, ridge, drift, true);
    once.mean.forEach((mean, j) => {
      expect(Math.abs(mean - at(twice.mean, j))).toBeLessThan(1e-12);
    });
    expect(sum(once.variance)).toBeLessThan(0.8 * sum(twice.variance));
  });
});
