// Levels of least rounding variance (docs/numerics.md §13): every method against every other, brute force and the published programme in plain float64; what is
// proved of the approximate ones; what the levels gain; tables for nearest rounding.
//
// Tolerances: a search may prefer any answer whose cost is within the roundings of its intervals, 34·u·Σw·R² each (R: largest distance from the centre); costs
// here are direct sums of the oracle, good to γ(n).

import { afterAll, describe, expect, it } from "vitest";
import { optimalLevelsOf, storageLevelsOf } from "../bindings/data/levels.js";
import { Core, Scope } from "../bindings/engine/core.js";
import { finish } from "../bindings/engine/work.js";
import {
  BitcenterError,
  type BitcenterErrorCode,
  type LevelMethod,
  optimalLevels,
  roundingVariance,
} from "../bindings/index.js";
import { atomsOf, costOf, lloyd, programme, squaredError, tryAll } from "./oracle/levels.js";
import { COST_ROUNDINGS, draw, LAW_NAMES } from "./support/level-checkers.js";
import { Dice } from "./support/random.js";
import { describeVariants } from "./support/variants.js";

const EXACT: readonly LevelMethod[] = ["exact", "divideAndConquer", "smawk"];
const METHODS: readonly LevelMethod[] = ["auto", ...EXACT, "histogram", "adaquant"];
const U64 = 2 ** -53;

type Weights = Float64Array | null;
const optional = (weights: Weights): { weights?: Float64Array } => (weights === null ? {} : { weights });

/** What rounding may cost a search: for every interval, twice (the best and the chosen), and the oracle's own sums. */
function slack(values: Float64Array, weights: Weights, levels: number): number {
  const sorted = values.slice().sort();
  const centre = sorted[sorted.length >> 1] as number;
  const reach = Math.max(centre - (sorted[0] as number), (sorted.at(-1) as number) - centre);
  const total = weights === null ? values.length : weights.reduce((sum, weight) => sum + weight, 0);
  return 2 * (COST_ROUNDINGS + 3 * values.length) * U64 * total * reach * reach * levels;
}

function ascends(levels: Float64Array): boolean {
  return levels.every((level, k) => k === 0 || level > (levels[k - 1] as number));
}

/** Levels that obey the contract: ascending, values of the data, its extremes among them, as many as asked for or as there are. */
function judgeShape(levels: Float64Array, values: Float64Array, count: number): void {
  const { values: distinct } = atomsOf(values, null);
  expect(levels.length).toBe(Math.min(count, distinct.length));
  expect(ascends(levels)).toBe(true);
  expect(levels[0]).toBe(distinct[0]);
  expect(levels.at(-1)).toBe(distinct.at(-1));
  const known = new Set(distinct);
  expect(levels.every((level) => known.has(level))).toBe(true);
}

/** Laws whose squares float64 holds. */
const TAME = LAW_NAMES.filter((name) => name !== "huge" && name !== "tiny");

const weightsFor = (kind: number, count: number, dice: Dice): Weights => {
  if (kind % 3 === 0) return null;
  const weights = Float64Array.from({ length: count }, () =>
    kind % 3 === 1 ? dice.between(0, 3) : 1e-3 + dice.uniform(),
  );
  weights[0] = 1;
  return weights;
};

describe("exact methods", () => {
  it("find the best of all subsets", () => {
    const dice = new Dice(1);
    let cases = 0;
    for (const name of TAME) {
      for (const count of [1, 2, 3, 5, 7, 9]) {
        for (const levels of [2, 3, 4, 5]) {
          const values = draw(name, count, dice);
          const weights = weightsFor(cases++, count, dice);
          const atoms = atomsOf(values, weights);
          const best = atoms.values.length <= levels ? 0 : tryAll(atoms, levels);
          for (const method of EXACT) {
            const found = optimalLevels(values, { levels, method, ...optional(weights) });
            judgeShape(found, values, levels);
            expect(
              costOf(atoms, found) - best,
              `${name}, ${count} values, ${levels} levels, ${method}`,
            ).toBeLessThanOrEqual(slack(values, weights, levels));
          }
        }
      }
    }
    expect(cases).toBe(TAME.length * 24);
  });

  it("agree with the published programme on sets of hundreds", () => {
    const dice = new Dice(2);
    let turn = 0;
    for (const name of TAME) {
      for (const [count, levels] of [
        [60, 2],
        [120, 3],
        [200, 8],
        [150, 16],
        [90, 80],
      ] as const) {
        const values = draw(name, count, dice);
        const weights = weightsFor(turn++, count, dice);
        const atoms = atomsOf(values, weights);
        const best = atoms.values.length <= levels ? 0 : programme(atoms, levels).cost;
        for (const method of EXACT) {
          const found = optimalLevels(values, { levels, method, ...optional(weights) });
          judgeShape(found, values, levels);
          const excess = costOf(atoms, found) - best;
          expect(excess, `${name}, ${count} values, ${levels} levels, ${method}`).toBeLessThanOrEqual(
            slack(values, weights, levels),
          );
        }
      }
    }
  });

  it("find the same levels where every cost is a whole number, ties included", () => {
    const dice = new Dice(3);
    for (let round = 0; round < 60; round++) {
      const values = Float64Array.from({ length: 300 }, () => dice.between(-30 - 20 * round, 30));
      const weights = round % 2 === 0 ? null : Float64Array.from(values, () => dice.between(1, 4));
      const levels = 2 + (round % 17);
      const [first, ...others] = EXACT.map((method) => optimalLevels(values, { levels, method, ...optional(weights) }));
      for (const other of others) expect(other).toEqual(first);
    }
  });

  // No digit is left of prefix sums that are not centred: the true optimum here is 1/(6·15²) per value.
  it.each(EXACT.slice(1))("keep their digits on 1000 + U(0, 1): %s", (method) => {
    const dice = new Dice(4);
    const values = Float64Array.from({ length: 20_000 }, () => 1000 + dice.uniform());
    const found = optimalLevels(values, { levels: 16, method });
    const moved = values.map((x) => x - 1000); // exact
    const plain = optimalLevels(moved, { levels: 16, method });
    const atoms = atomsOf(moved, null);
    const best = costOf(atoms, plain);
    expect(Math.abs(best / 20_000 - 1 / 1350)).toBeLessThan(0.02 / 1350);
    expect(
      Math.abs(
        costOf(
          atoms,
          found.map((x) => x - 1000),
        ) /
          best -
          1,
      ),
    ).toBeLessThan(1e-11);
    expect(Math.abs((roundingVariance(values, found) * 20_000) / best - 1)).toBeLessThan(1e-9);
  });

  it.each([
    [1e300, 2 ** 996],
    [1e-300, 2 ** -996],
    [1.7e308, 2 ** 1023],
    [2e-308, 2 ** -1022],
  ])("take numbers of size %f", (_size, scale) => {
    const dice = new Dice(5);
    // multiples of 2⁻⁴⁰ below 2: scaling by a power of two loses nothing
    const values = Float64Array.from(
      { length: 500 },
      () => (dice.between(0, 2 ** 30) / 2 ** 30) * dice.pick([-1, 1, 0.001953125]),
    );
    const scaled = values.map((x) => x * (scale / 2));
    for (const method of METHODS) {
      const plain = optimalLevels(values, { levels: 9, method });
      expect(optimalLevels(scaled, { levels: 9, method }), method).toEqual(plain.map((x) => x * (scale / 2)));
    }
  });

  it("take both ends of float64 at once", () => {
    const values = Float64Array.of(-1.7e308, 1.7e308, 0, 1e308, -1e308, 5e-324, 1, 1.6e308);
    for (const method of METHODS) {
      const found = optimalLevels(values, { levels: 4, method });
      judgeShape(found, values, 4);
      expect(found, method).toEqual(
        Float64Array.of(-1.7e308, -1e308, 1e308, 1.7e308).map((x, k) =>
          k === 1 || k === 2 ? (found[k] as number) : x,
        ),
      );
    }
  });
});

describe("every method", () => {
  it("depends neither on the order of the values nor on the size of the weights", () => {
    const dice = new Dice(6);
    for (const name of TAME) {
      const values = draw(name, 400, dice);
      // whole weights: sums of buckets are the same in any order only where they are exact
      const weights = Float64Array.from(values, () => dice.between(0, 5));
      weights[7] = 3;
      const order = Array.from(values, (_, i) => [dice.bits(), i] as const).sort((a, b) => a[0] - b[0]);
      const shuffled = (source: Float64Array): Float64Array => Float64Array.from(order, ([, i]) => source[i] as number);
      const atoms = atomsOf(values, weights);
      for (const method of METHODS) {
        const first = optimalLevels(values, { levels: 7, method, weights });
        const again = optimalLevels(shuffled(values), {
          levels: 7,
          method,
          weights: shuffled(weights).map((w) => w * 2 ** -900),
        });
        if (method !== "histogram" && name !== "normal") expect(again, `${name}, ${method}`).toEqual(first);
        expect(Math.abs(costOf(atoms, again) - costOf(atoms, first))).toBeLessThanOrEqual(slack(values, weights, 7));
      }
    }
  });

  it("follows the values through αx + β, with α² times the cost", () => {
    const dice = new Dice(7);
    const values = Float64Array.from({ length: 300 }, () => dice.between(-(2 ** 20), 2 ** 20));
    const atoms = atomsOf(values, null);
    for (const [alpha, beta] of [
      [3, 17],
      [0.5, -1e6],
      [-5, 2],
    ] as const) {
      const moved = values.map((x) => alpha * x + beta); // exact
      for (const method of EXACT) {
        const back = optimalLevels(moved, { levels: 12, method }).map((x) => (x - beta) / alpha);
        if (alpha < 0) back.reverse();
        const own = optimalLevels(values, { levels: 12, method });
        const [a, b] = [costOf(atoms, back), costOf(atoms, own)];
        expect(Math.abs(a - b)).toBeLessThanOrEqual(slack(values, null, 12));
        const scaled = roundingVariance(moved, Float64Array.from(back, (x) => alpha * x + beta).sort());
        expect(Math.abs(scaled / (alpha * alpha * roundingVariance(values, back)) - 1)).toBeLessThan(1e-12);
      }
    }
  });

  it("never costs more with a level more, and nothing once every value is a level", () => {
    const dice = new Dice(8);
    for (const name of TAME) {
      const values = draw(name, 60, dice);
      const atoms = atomsOf(values, null);
      let before = Number.POSITIVE_INFINITY;
      for (let levels = 2; levels <= 62; levels += levels < 10 ? 1 : 13) {
        const cost = costOf(atoms, optimalLevels(values, { levels }));
        expect(cost).toBeLessThanOrEqual(before + slack(values, null, levels));
        before = cost;
      }
      for (const method of METHODS) {
        const all = optimalLevels(values, { levels: 60, method });
        expect(all, `${name}, ${method}`).toEqual(Float64Array.from(atoms.values));
        expect(roundingVariance(values, all)).toBe(0);
      }
    }
  });

  it("takes any array of numbers, and leaves it as it was", () => {
    const list = [3, -1, 4, -1, 5, -9, 2, 6, 5, 3, 5, 8, 9, 7, 9];
    const want = optimalLevels(list, { levels: 5 });
    for (const values of [
      list,
      new Int8Array(list),
      new Int16Array(list),
      new Float32Array(list),
      new Float64Array(list),
      Object.freeze(list.slice()),
    ]) {
      for (const method of METHODS) {
        const before = Array.from(values);
        const weights = Array.from(values, () => 2);
        expect(
          costOf(atomsOf(list, null), optimalLevels(values, { levels: 5, method, weights })),
          method,
        ).toBeGreaterThanOrEqual(costOf(atomsOf(list, null), want));
        expect(Array.from(values)).toEqual(before);
        expect(weights.every((weight) => weight === 2)).toBe(true);
      }
    }
  });
});

it("no level between the values is better", () => {
  const dice = new Dice(9);
  for (let round = 0; round < 10; round++) {
    const values = Float64Array.from({ length: 40 }, () => dice.normal());
    const atoms = atomsOf(values, null);
    const [low, , high] = optimalLevels(values, { levels: 3 }) as unknown as [number, number, number];
    const best = costOf(atoms, optimalLevels(values, { levels: 3 }));
    for (let i = 0; i <= 2000; i++) {
      const middle = low + ((high - low) * i) / 2000;
      expect(costOf(atoms, [low, middle, high])).toBeGreaterThanOrEqual(best - slack(values, null, 3));
    }
  }
});

describe("auto", () => {
  it("searches all values up to 2¹⁸ values × levels, buckets beyond", () => {
    const dice = new Dice(10);
    const values = Float64Array.from({ length: 2 ** 14 + 1 }, () => dice.normal());
    const [few, many] = [values.subarray(0, 2 ** 14), values];
    const by = (all: Float64Array, method: LevelMethod): Float64Array => optimalLevels(all, { levels: 16, method });
    expect(by(few, "auto")).toEqual(by(few, "divideAndConquer"));
    expect(by(few, "auto")).not.toEqual(by(few, "histogram"));
    expect(by(many, "auto")).toEqual(by(many, "histogram"));
    expect(by(many, "auto")).not.toEqual(by(many, "divideAndConquer"));
  });
});

describe("histogram", () => {
  it("with 2s − 2 levels costs at most the optimum of s levels plus Σw·(range/buckets)²/4", () => {
    const dice = new Dice(11);
    let turn = 0;
    for (const name of TAME) {
      for (const buckets of [2, 5, 8, 16, 64]) {
        for (const levels of [2, 3, 5]) {
          const values = draw(name, 150, dice);
          const weights = weightsFor(turn++, 150, dice);
          const atoms = atomsOf(values, weights);
          if (atoms.values.length <= 2 * levels - 2) continue;
          const found = optimalLevels(values, {
            levels: 2 * levels - 2,
            method: "histogram",
            buckets,
            ...optional(weights),
          });
          judgeShape(found, values, 2 * levels - 2);
          const { cost } = programme(atoms, levels);
          const width = ((atoms.values.at(-1) as number) - (atoms.values[0] as number)) / buckets;
          const total = atoms.weights.reduce((sum, weight) => sum + weight, 0);
          expect(costOf(atoms, found), `${name}, ${buckets} buckets, ${levels} levels`).toBeLessThanOrEqual(
            cost + (total * width * width) / 4 + slack(values, weights, levels),
          );
        }
      }
    }
  });

  it("is exact where every bucket holds one value: pixels, whole numbers", () => {
    const dice = new Dice(12);
    for (const name of ["pixels", "whole"]) {
      const values = draw(name, 5000, dice);
      for (const levels of [2, 4, 16]) {
        const found = optimalLevels(values, { levels, method: "histogram" });
        expect(costOf(atomsOf(values, null), found)).toBe(
          costOf(atomsOf(values, null), optimalLevels(values, { levels, method: "divideAndConquer" })),
        );
      }
    }
  });

  // One value at 10⁶ leaves all others in one bucket; half of the values are zeros, and a level beside them costs.
  it("sees what lies far from an outlier, and atoms", () => {
    const dice = new Dice(13);
    const values = Float64Array.from({ length: 30_000 }, () => (dice.below(2) === 0 ? 0 : dice.normal()));
    for (const outlier of [3, 1e6]) {
      values[17] = outlier;
      const best = roundingVariance(values, optimalLevels(values, { levels: 16, method: "divideAndConquer" }));
      const found = optimalLevels(values, { levels: 16, method: "histogram" });
      expect(roundingVariance(values, found)).toBeLessThan(1.01 * best);
      if (outlier === 3) expect(found.includes(0)).toBe(true);
    }
  });

  it("finds as many levels as asked for where the cells tell too few values apart", () => {
    const values = Float64Array.from({ length: 100 }, (_, i) => (i === 0 ? 1e30 : i));
    judgeShape(optimalLevels(values, { levels: 8, method: "histogram", buckets: 2 }), values, 8);
  });
});

describe("ADAQUANT", () => {
  const core = new Core({});
  afterAll(() => core.dispose());

  it("leaves at most 4k + 2 intervals that cost at most twice the optimum of k; the best k of their ends cost at most 1.1 times as much", () => {
    const dice = new Dice(14);
    for (const name of TAME) {
      for (const intervals of [1, 2, 3, 7, 15]) {
        const values = draw(name, 300, dice);
        const atoms = atomsOf(values, null);
        if (atoms.values.length <= 4 * intervals + 3) continue;
        const { cost } = programme(atoms, intervals + 1);
        const ends = Scope.scratch(core, (scope) => {
          const at = scope.alloc(8 * 300, "values");
          core.f64(at, 300).set(values.slice().sort());
          const points = scope.alloc(32 * 300, "points");
          const count = core.kernels.pointsOfSorted(at, 0, 300, scope.alloc(32, "frame"), points);
          const scratch = scope.alloc(core.kernels.thinScratchBytes(count), "scratch");
          const out = scope.alloc(4 * count, "ends");
          const left = core.kernels.thinPoints(points, count, 2 * intervals, 4 * intervals + 2, scratch, out);
          return Array.from(core.u32(out, left), (i) => atoms.values[i] as number);
        });
        expect(ends.length - 1).toBeLessThanOrEqual(4 * intervals + 2);
        expect(ends.length - 1).toBeGreaterThanOrEqual(intervals);
        const extra = slack(values, null, ends.length);
        expect(costOf(atoms, ends), `${name}, ${intervals} intervals`).toBeLessThanOrEqual(2 * cost + extra);
        const picked = optimalLevels(values, { levels: intervals + 1, method: "adaquant" });
        judgeShape(picked, values, intervals + 1);
        expect(costOf(atoms, picked)).toBeLessThanOrEqual(1.1 * cost + extra);
      }
    }
  });
});

// The ratio goes with the square of the range, which is the luck of two values: a median of nine samples.
describe("against uniform levels over the range, 16 levels, 50 000 values", () => {
  const laws: Readonly<Record<string, (dice: Dice) => number>> = {
    gauss: (dice) => dice.normal(),
    laplace: (dice) => dice.sign() * Math.log(1 - dice.uniform()),
    t3: (dice) => dice.normal() / Math.sqrt((dice.normal() ** 2 + dice.normal() ** 2 + dice.normal() ** 2) / 3),
  };
  it.each([
    ["gauss", 2],
    ["laplace", 4],
    ["t3", 20],
  ] as const)("%s: a variance at least %d times smaller", (name, gain) => {
    const ratios = Array.from({ length: 9 }, (_, seed) => {
      const dice = new Dice(100 + seed);
      const values = Float64Array.from({ length: 50_000 }, () => (laws[name] as (dice: Dice) => number)(dice));
      const [low, high] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
      const uniform = Float64Array.from({ length: 16 }, (_, k) => (k === 15 ? high : low + ((high - low) * k) / 15));
      const best = roundingVariance(values, optimalLevels(values, { levels: 16, method: "divideAndConquer" }));
      // the quick methods keep it
      expect(roundingVariance(values, optimalLevels(values, { levels: 16 }))).toBeLessThan(1.0001 * best);
      const thinned = optimalLevels(values, { levels: 16, method: "adaquant" });
      expect(roundingVariance(values, thinned)).toBeLessThan(1.1 * best);
      return roundingVariance(values, uniform) / best;
    });
    expect(ratios.sort((a, b) => a - b)[4]).toBeGreaterThan(gain);
  });
});

describe("roundingVariance", () => {
  it("is the mean of the direct sums", () => {
    const dice = new Dice(16);
    for (const name of TAME) {
      const values = draw(name, 200, dice);
      const weights = weightsFor(2, 200, dice) as Float64Array;
      const { values: distinct } = atomsOf(values, null);
      const levels = Float64Array.from(distinct.filter((_, i) => i % 7 === 0 || i === distinct.length - 1));
      for (const used of [null, weights]) {
        const atoms = atomsOf(values, used);
        const total = atoms.weights.reduce((sum, weight) => sum + weight, 0);
        const want = costOf(atoms, levels) / total;
        const got = roundingVariance(values, levels, optional(used));
        expect(Math.abs(got - want)).toBeLessThanOrEqual(2 * 210 * U64 * want);
      }
    }
  });

  it("is that of a coin: w²/4 in the middle, 0 at a level, whatever one level costs", () => {
    expect(roundingVariance([1], [0, 2])).toBe(1);
    expect(roundingVariance([0, 2], [0, 2])).toBe(0);
    expect(roundingVariance([3, 3], [3])).toBe(0);
    expect(roundingVariance([0, 1], [0, 2], { weights: [3, 1] })).toBe(0.25);
  });
});

describeVariants("in linear memory", (variant) => {
  const core = new Core({ variant });
  afterAll(() => core.dispose());
  const placed = <T>(values: Float64Array, work: (at: number) => T): T =>
    Scope.scratch(core, (scope) => {
      const at = scope.alloc(8 * values.length, "values");
      core.f64(at, values.length).set(values);
      const result = work(at);
      expect(core.f64(at, values.length)).toEqual(values);
      return result;
    });

  it("the same bits as the public function, nothing left behind", () => {
    const dice = new Dice(17);
    const before = core.arena.used;
    for (const name of LAW_NAMES) {
      const values = draw(name, 700, dice);
      const weights = Float64Array.from(values, () => dice.between(1, 3));
      for (const method of METHODS) {
        const want = optimalLevels(values, { levels: 6, method });
        expect(placed(values, (at) => finish(optimalLevelsOf(core, at, 700, 0, { levels: 6, method })))).toEqual(want);
        const weighted = placed(values, (at) =>
          placed(weights, (w) => finish(optimalLevelsOf(core, at, 700, w, { levels: 6, method }))),
        );
        expect(weighted).toEqual(optimalLevels(values, { levels: 6, method, weights }));
      }
    }
    expect(core.arena.used).toBe(before);
  });

  it("tables for nearest rounding stay where they are under Lloyd's method, and beat every uniform grid", () => {
    const dice = new Dice(18);
    for (const name of TAME) {
      for (const levels of [2, 4, 8, 16]) {
        const values = draw(name, 1500, dice);
        const atoms = atomsOf(values, null);
        const table = placed(values, (at) => finish(storageLevelsOf(core, at, values.length, levels)));
        expect(table.length).toBe(Math.min(levels, atoms.values.length));
        expect(table.every((level, k) => k === 0 || level >= (table[k - 1] as number))).toBe(true);
        const error = squaredError(atoms, table);
        const [low, high] = [atoms.values[0] as number, atoms.values.at(-1) as number];
        const what = `${name}, ${levels} levels`;
        if (atoms.values.length <= levels) {
          expect(error, what).toBe(0);
          continue;
        }
        // stationary: another turn moves no level by more than the roundings of a mean
        const once = lloyd(atoms, table, 1, (sum, weight) => sum / weight);
        const reach = Math.max(Math.abs(low), Math.abs(high));
        once.forEach((level, k) => {
          expect(Math.abs(level - (table[k] as number)), what).toBeLessThanOrEqual(2 * 1500 * U64 * reach);
        });
        const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
        const deviation = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length);
        const spans = [1, 2, 3, 4].map(
          (c) => [Math.max(low, mean - c * deviation), Math.min(high, mean + c * deviation)] as const,
        );
        for (const [from, to] of [[low, high] as const, ...spans]) {
          const uniform = Array.from({ length: levels }, (_, k) => from + ((to - from) * k) / (levels - 1));
          expect(error, `${what}: uniform from ${from} to ${to}`).toBeLessThanOrEqual(
            squaredError(atoms, uniform) * (1 + 1e-9),
          );
        }
        const start = optimalLevels(values, { levels });
        expect(error, `${what}: levels of least variance`).toBeLessThanOrEqual(squaredError(atoms, start) * (1 + 1e-9));
      }
    }
  });
});

describe("misuse", () => {
  const wrong = (value: unknown): never => value as never;
  const cases: readonly (readonly [string, BitcenterErrorCode, readonly string[], () => unknown])[] = [
    [
      "no options",
      "BAD_OPTION",
      ["optimalLevels: levels must be a whole number from 2 to 65536"],
      () => optimalLevels([1, 2], wrong(undefined)),
    ],
    [
      "one level",
      "BAD_OPTION",
      ["levels must be a whole number from 2", "given 1"],
      () => optimalLevels([1, 2], { levels: 1 }),
    ],
    ["half a level", "BAD_OPTION", ["levels", "2.5"], () => optimalLevels([1, 2], { levels: 2.5 })],
    [
      "options that are a number",
      "BAD_OPTION",
      ["optimalLevels: options must be an object, given 4"],
      () => optimalLevels([1, 2], wrong(4)),
    ],
    [
      "a misspelt option",
      "BAD_OPTION",
      ['unknown option "level"', "levels, method"],
      () => optimalLevels([1, 2], wrong({ level: 4 })),
    ],
    [
      "an unknown method",
      "BAD_OPTION",
      ["method must be", '"smawk"', 'given "quick"'],
      () => optimalLevels([1, 2], wrong({ levels: 4, method: "quick" })),
    ],
    [
      "no buckets",
      "BAD_OPTION",
      ["buckets must be a whole number from 2 to 1048576, given 0"],
      () => optimalLevels([1, 2], { levels: 4, buckets: 0 }),
    ],
    [
      "no array",
      "BAD_SHAPE",
      ["optimalLevels: values must be an array of numbers, given 7"],
      () => optimalLevels(wrong(7), { levels: 4 }),
    ],
    [
      "whole numbers without end",
      "BAD_SHAPE",
      ["values must be an array of numbers", "BigInt64Array(1)"],
      () => optimalLevels(wrong(BigInt64Array.of(1n)), { levels: 4 }),
    ],
    ["no values", "EMPTY", ["optimalLevels: values is empty"], () => optimalLevels([], { levels: 4 })],
    [
      "NaN",
      "BAD_VALUE",
      ["values: element 1: expected a finite number, given NaN"],
      () => optimalLevels(Float32Array.of(1, Number.NaN), { levels: 4 }),
    ],
    [
      "infinity",
      "BAD_VALUE",
      ["values: element 2", "given -Infinity"],
      () => optimalLevels([1, 2, -Infinity], { levels: 4 }),
    ],
    [
      "a string among the values",
      "BAD_VALUE",
      ["values: element 0", 'given "3"'],
      () => optimalLevels(wrong(["3", 4]), { levels: 4 }),
    ],
    [
      "weights for other values",
      "BAD_SHAPE",
      ["optimalLevels: 3 weights for 2 values"],
      () => optimalLevels([1, 2], { levels: 4, weights: [1, 2, 3] }),
    ],
    [
      "a negative weight",
      "BAD_VALUE",
      ["weights: element 1: expected a number >= 0, given -2"],
      () => optimalLevels([1, 2], { levels: 4, weights: [1, -2] }),
    ],
    [
      "an infinite weight",
      "BAD_VALUE",
      ["weights: element 0: expected a finite number, given Infinity"],
      () => optimalLevels([1, 2], { levels: 4, weights: [Infinity, 1] }),
    ],
    [
      "weights that are no array",
      "BAD_SHAPE",
      ["weights must be an array of numbers, given 1"],
      () => optimalLevels([1, 2], wrong({ levels: 4, weights: 1 })),
    ],
    ["weights of 0", "BAD_VALUE", ["weights: all are 0"], () => optimalLevels([1, 2], { levels: 4, weights: [0, 0] })],
    [
      "a value outside the levels",
      "BAD_VALUE",
      ["roundingVariance: values: element 1 is 7, outside the levels from 0 to 5"],
      () => roundingVariance([1, 7], [0, 5]),
    ],
    [
      "levels that do not ascend",
      "BAD_VALUE",
      ["roundingVariance: levels must ascend, but level 2 is 1 after 1"],
      () => roundingVariance([1], [0, 1, 1]),
    ],
    ["no levels", "EMPTY", ["roundingVariance: levels is empty"], () => roundingVariance([1], [])],
    ["a level that is NaN", "BAD_VALUE", ["levels: element 0", "NaN"], () => roundingVariance([1], [Number.NaN])],
    ["no values to round", "EMPTY", ["values is empty"], () => roundingVariance([], [0, 1])],
    [
      "an unknown option of roundingVariance",
      "BAD_OPTION",
      ['unknown option "weight"'],
      () => roundingVariance([1], [0, 1], wrong({ weight: [1] })),
    ],
  ];
  it.each(cases)("%s: %s", (_name, code, parts, act) => {
    let error: unknown;
    try {
      act();
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(BitcenterError);
    const { code: got, message } = error as BitcenterError;
    expect(got, message).toBe(code);
    for (const part of parts) expect(message).toContain(part);
    expect(message.length).toBeLessThan(300);
  });
});
