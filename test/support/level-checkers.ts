// Checkers of the level solvers' kernels. Where operands are whole numbers every sum, cost and comparison is exact, and so is the answer, ties included:
// tolerance 0. On other numbers a compensated sum may differ from the exact one by its last rounding and n²u² of the terms' sizes, and the cost of an interval by
// 34·u·Σw·R² (docs/numerics.md §13).
import { type Atoms, adaquant, atomsOf, costOf, lloyd, nearest, programme } from "../oracle/levels.js";
import { at, type Check, expectEqual, expectNear, gamma, Mismatch, preciseSum, U64 } from "./checkers.js";
import type { Harness } from "./memory.js";
import { Dice } from "./random.js";

const COUNTS = [1, 2, 3, 4, 5, 16, 17, 100, 257] as const;
const CELL = 5;
const POINT = 4;
/** Roundings in the cost of an interval, in units of Σw·R². */
export const COST_ROUNDINGS = 34;

function expectSame(what: string, got: ArrayLike<number>, want: ArrayLike<number>): void {
  for (let i = 0; i < want.length; i++) {
    if (!Object.is(got[i], want[i])) throw new Mismatch(`${what}: element ${i}: got ${got[i]}, expected ${want[i]}`);
  }
}

type Law = (dice: Dice, i: number) => number;
/** Values as data have them: ties, atoms, offsets, ends of float64. */
const LAWS: Readonly<Record<string, Law>> = {
  normal: (dice) => dice.normal(),
  cauchy: (dice) => dice.cauchy(),
  whole: (dice) => dice.between(-20, 20),
  pixels: (dice) => (dice.uniform() < 0.7 ? 0 : dice.between(0, 255)),
  "zeros of both signs": (dice) => dice.pick([0, -0, 0, 1, -1]),
  constant: () => -2.5,
  offset: (dice) => 1000 + dice.uniform(),
  float32: (dice) => Math.fround(dice.normal()),
  huge: (dice) => dice.pick([1.7e308, -1.7e308, 1e308, -3e307]) * dice.uniform(),
  tiny: (dice) => dice.between(-9, 9) * 5e-324,
  ascending: (_dice, i) => i,
  descending: (_dice, i) => -i,
};
export const LAW_NAMES = Object.keys(LAWS);

export function draw(name: string, count: number, dice: Dice): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => (LAWS[name] as Law)(dice, i));
}

/** None, all positive, or some 0; the largest in [1, 2), as the engine scales them. */
function drawWeights(count: number, kind: number, dice: Dice): Float64Array | null {
  if (kind % 3 === 0) return null;
  const weights = Float64Array.from({ length: count }, () =>
    kind % 3 === 2 && dice.below(3) === 0 ? 0 : dice.uniform(),
  );
  weights[dice.below(count)] = 1.5;
  return weights;
}

const ordered = (a: number, b: number): number => a - b || Number(Object.is(b, -0)) - Number(Object.is(a, -0));

/** Counts, laws and kinds of weights. */
function* samples(
  seed: number,
  names = LAW_NAMES,
): Generator<readonly [string, Float64Array, Float64Array | null, number]> {
  const dice = new Dice(seed);
  let turn = 0;
  for (const count of COUNTS) {
    for (const name of names) {
      const kind = turn++;
      const weights = drawWeights(count, kind, dice);
      yield [`${count} ${name}, weights ${kind % 3}`, draw(name, count, dice), weights, kind & 3];
    }
  }
}

const given = (memory: Harness, weights: Float64Array | null, shift: number): number =>
  weights === null ? 0 : memory.input(weights, shift);

function checkSize(sizes: readonly (readonly number[])[], want: (...args: number[]) => number): Check {
  return (kernel, memory) => {
    memory.reset();
    memory.output(64); // a size touches no memory
    for (const args of sizes) expectEqual(args.join(", "), kernel(...args) >>> 0, want(...args));
    memory.verify();
    return sizes.length;
  };
}

const sortBytes = (count: number, isWeighted: number): number => 6 * 2048 * 4 + 8 * count * (isWeighted ? 2 : 1);
/** Two rows of costs, a choice per row and layer between the first and the last, twice a column per row with some room. */
const searchBytes = (count: number, intervals: number): number =>
  (count - intervals) * (16 + 4 * Math.max(intervals - 2, 0) + 12) + 512;

export const checkSortScratchBytes = checkSize(
  [
    [1, 0],
    [1, 1],
    [1000, 0],
    [2 ** 20, 1],
  ],
  sortBytes,
);
export const checkCellBytes = checkSize([[2], [2048], [2 ** 20]], (cells) => 3 * cells * 8 * CELL);
export const checkLevelScratchBytes = checkSize(
  [
    [2, 1],
    [3, 2],
    [100, 15],
    [2 ** 20, 15],
    [1000, 999],
  ],
  searchBytes,
);
export const checkThinScratchBytes = checkSize([[2], [3], [1001], [2 ** 20]], (count) => 16 * (count >> 1));

export const checkSortAscending: Check = (kernel, memory) => {
  let cases = 0;
  for (const [what, values, , shift] of samples(101)) {
    for (const isWeighted of [false, true]) {
      const places = Float64Array.from(values, (_, i) => i);
      const order = Array.from(places).sort((i, j) => ordered(at(values, i), at(values, j)));
      memory.reset();
      const pointer = memory.inout(values, shift);
      const weights = isWeighted ? memory.inout(places, shift ^ 1) : 0;
      kernel(pointer, weights, values.length, memory.output(sortBytes(values.length, Number(isWeighted)), shift ^ 2));
      expectSame(
        what,
        memory.f64(pointer, values.length),
        order.map((i) => at(values, i)),
      );
      if (isWeighted) expectSame(`${what}: weights`, memory.f64(weights, values.length), order);
      memory.verify();
      cases++;
    }
  }
  return cases;
};

export const checkFirstBadWeight: Check = (kernel, memory) => {
  let cases = 0;
  for (const count of COUNTS) {
    for (const bad of [null, -1, -5e-324, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      for (const place of new Set([0, count >> 1, count - 1])) {
        const weights = Float64Array.from({ length: count }, (_, i) => at([0, -0, 1, 5e-324, 1.7e308], i % 5));
        // the first of two counts
        if (bad !== null) {
          weights[count - 1] = -1;
          weights[place] = bad;
        }
        memory.reset();
        expectEqual(`${bad} at ${place}`, kernel(memory.input(weights, cases & 3), count), bad === null ? -1 : place);
        memory.verify();
        cases++;
      }
    }
  }
  return cases;
};

/** The power of two that brings `top` into [1, 2), from 2⁻¹⁰²² to 2¹⁰²³. */
function scaleOf(top: number): number {
  let scale = 1;
  while (top * scale >= 2 && scale > 2 ** -1022) scale /= 2;
  while (top * scale < 1 && scale < 2 ** 1023) scale *= 2;
  return scale;
}

export const checkScaleWeights: Check = (kernel, memory) => {
  const dice = new Dice(102);
  let cases = 0;
  for (const count of COUNTS) {
    for (const size of [1, 1.999, 2, 3e-5, 1.7e308, 2e-308, 5e-324, 0]) {
      const weights = Float64Array.from({ length: count }, () => size * dice.pick([0, 0.25, 0.5, dice.uniform()]));
      weights[dice.below(count)] = size;
      memory.reset();
      const pointer = memory.inout(weights, cases & 3);
      expectEqual(`largest of ${size}`, kernel(pointer, count), size);
      const scale = size === 0 ? 1 : scaleOf(size);
      expectSame(
        `${count} of ${size}`,
        memory.f64(pointer, count),
        weights.map((w) => w * scale),
      );
      memory.verify();
      cases++;
    }
  }
  return cases;
};

/** Points for given sums: x, Σw, Σw·x, Σw·x² over the values up to each. */
interface Sums {
  readonly x: number;
  readonly sums: readonly (readonly [sum: number, bound: number])[];
}

/** Sums over the first `end` of the values in point coordinates, each good to its last rounding. */
function sumsTo(x: readonly number[], weights: ArrayLike<number> | null, end: number): Sums["sums"] {
  const terms: [number, number][][] = [[], [], []];
  for (let i = 0; i < end; i++) {
    const w = weights === null ? 1 : at(weights, i);
    const wx = w * at(x, i);
    [w, wx, wx * at(x, i)].forEach((term, k) => {
      (terms[k] as [number, number][]).push([term, 1]);
    });
  }
  return terms.map((all) => {
    const { sum, magnitude } = preciseSum(all);
    return [sum, U64 * Math.abs(sum) + gamma(end) ** 2 * magnitude] as const;
  });
}

function judgePoint(what: string, got: ArrayLike<number>, x: number, sums: Sums["sums"]): void {
  expectEqual(`${what}: x`, at(got, 0), x);
  sums.forEach(([sum, bound], k) => {
    // both may round their last sum
    expectNear(`${what}: sum ${k}`, at(got, k + 1), sum, 2 * bound);
  });
}

export const checkPointsOfSorted: Check = (kernel, memory) => {
  let cases = 0;
  for (const [what, drawn, weights, shift] of samples(103)) {
    const values = drawn.slice().sort();
    const count = values.length;
    memory.reset();
    const pointer = memory.inout(values, shift);
    const [frame, out] = [memory.output(32), memory.output(8 * POINT * count, shift ^ 1)];
    const untouched = memory.f64(frame, 4).slice();
    const got = kernel(pointer, given(memory, weights, shift ^ 2), count, frame, out);
    const { values: distinct } = atomsOf(values, null);
    expectEqual(`${what}: points`, got, distinct.length);
    expectSame(`${what}: values`, memory.f64(pointer, distinct.length), distinct);
    const scale = scaleOf(Math.max(Math.abs(at(values, 0)), Math.abs(at(values, count - 1))));
    const centre = at(values, count >> 1) * scale;
    const isZero = at(distinct, 0) === 0 && distinct.length === 1;
    if (!isZero) {
      expectSame(`${what}: frame`, memory.f64(frame, 4), [scale, centre, at(untouched, 2), at(untouched, 3)]);
    }
    const x = Array.from(values, (value) => value * scale - centre);
    let end = 0;
    distinct.forEach((value, d) => {
      while (end < count && at(values, end) === value) end++;
      judgePoint(
        `${what}: point ${d}`,
        memory.f64(out + 8 * POINT * d, POINT),
        isZero ? 0 : value * scale - centre,
        sumsTo(x, weights, end),
      );
    });
    memory.verify();
    cases++;
  }
  return cases;
};

export const checkValueRange: Check = (kernel, memory) => {
  let cases = 0;
  for (const [what, values, , shift] of samples(104)) {
    memory.reset();
    const out = memory.output(16);
    kernel(memory.input(values, shift), values.length, out);
    const sorted = values.slice().sort();
    expectSame(what, memory.f64(out, 2), [at(sorted, 0) + 0, at(sorted, sorted.length - 1) + 0]);
    memory.verify();
    cases++;
  }
  for (const count of [1, 2, 3, 8, 9]) {
    for (let hot = 0; hot < count; hot++) {
      for (const value of [7, -7]) {
        const values = new Float64Array(count);
        values[hot] = value;
        memory.reset();
        const out = memory.output(16);
        kernel(memory.input(values, hot & 3), count, out);
        const rest = count === 1 ? value : 0;
        expectSame(`${value} at ${hot} of ${count}`, memory.f64(out, 2), [
          Math.min(value, rest),
          Math.max(value, rest),
        ]);
        memory.verify();
        cases++;
      }
    }
  }
  return cases;
};

/** Laws with more than one value. */
const SPREAD = LAW_NAMES.filter((name) => name !== "constant");

interface Grid {
  readonly scale: number;
  readonly low: number;
  readonly inverse: number;
  readonly cells: number;
}

function gridOf(low: number, high: number, cells: number): Grid {
  const scale = scaleOf(Math.max(Math.abs(low), Math.abs(high)));
  return { scale, low: low * scale, inverse: cells / (high * scale - low * scale), cells };
}

/** Coarse cell of a value, and where in it the value lies. */
function placeOf(value: number, { scale, low, inverse, cells }: Grid): readonly [number, number] {
  const place = (value * scale - low) * inverse;
  const cell = Math.min(Math.floor(place), cells - 1);
  return [cell, place - cell];
}

const LEAST_MASS = 2 ** -60;
const CELLS = [2, 3, 7, 64] as const;

/** Every sample with two values, on every grid. */
function* grids(seed: number) {
  for (const [what, values, weights, shift] of samples(seed, SPREAD)) {
    const [low, high] = [Math.min(...values) + 0, Math.max(...values) + 0];
    if (low === high) continue;
    for (const cells of CELLS) {
      const grid = gridOf(low, high, cells);
      const mass = new Float64Array(cells);
      values.forEach((value, i) => {
        const [cell] = placeOf(value, grid);
        mass[cell] = at(mass, cell) + (weights === null ? 1 : Math.max(at(weights, i), LEAST_MASS));
      });
      yield { what: `${what}, ${cells} cells`, values, weights, shift, low, high, grid, mass };
    }
  }
}

export const checkWeighCells: Check = (kernel, memory) => {
  let cases = 0;
  for (const { what, values, weights, shift, low, high, grid, mass } of grids(105)) {
    memory.reset();
    const [frame, out] = [memory.inout(new Float64Array(4).fill(7)), memory.inout(new Float64Array(grid.cells), shift)];
    kernel(memory.input(values), given(memory, weights, shift), values.length, low, high, grid.cells, frame, out);
    expectSame(`${what}: frame`, memory.f64(frame, 4), [grid.scale, 7, grid.low, grid.inverse]);
    expectSame(what, memory.f64(out, grid.cells), mass);
    memory.verify();
    cases++;
  }
  return cases;
};

/** First new cell of every cell, the number of all at the end. */
function startsOf(mass: ArrayLike<number>, more: number): Uint32Array {
  const roots = Array.from(mass, Math.sqrt);
  const share = more / roots.reduce((sum, root) => sum + root, 0);
  const starts = new Uint32Array(mass.length + 1);
  roots.forEach((root, cell) => {
    starts[cell + 1] = at(starts, cell) + (root > 0 ? 1 + Math.floor(root * share) : 0);
  });
  return starts;
}

/** Masses of many kinds: all alike, mostly empty, over many orders. */
function* masses(seed: number): Generator<readonly [string, Float64Array]> {
  const dice = new Dice(seed);
  for (const cells of [1, 2, 3, 7, 64, 1000]) {
    for (let style = 0; style < 6; style++) {
      const rules: readonly (() => number)[] = [
        () => 1,
        () => dice.between(0, 3),
        () => dice.between(0, 1) * dice.cauchy() ** 2,
        () => dice.pick([0, LEAST_MASS, 1e6]),
        () => (dice.below(20) === 0 ? dice.between(1, 9) ** 2 : 0),
        () => dice.uniform(),
      ];
      const mass = Float64Array.from({ length: cells }, rules[style] as () => number);
      if (!mass.some((own) => own > 0)) mass[dice.below(cells)] = 1;
      yield [`style ${style}, ${cells} cells`, mass];
    }
  }
}

export const checkSplitCells: Check = (kernel, memory) => {
  let cases = 0;
  for (const [what, mass] of masses(106)) {
    for (const more of [1, mass.length, 500]) {
      memory.reset();
      const starts = memory.output(4 * (mass.length + 1), cases & 3);
      const got = kernel(memory.input(mass, cases & 3), mass.length, more, starts);
      const want = startsOf(mass, more);
      expectEqual(`${what}, ${more} more`, got, at(want, mass.length));
      const taken = mass.filter((own) => own > 0).length;
      if (got > taken + more) throw new Mismatch(`${got} cells of ${taken} and ${more} more`);
      expectSame(`${what}, ${more} more`, memory.core.u32(starts, want.length), want);
      memory.verify();
      cases++;
    }
  }
  return cases;
};

export const checkCentreCells: Check = (kernel, memory) => {
  const dice = new Dice(114);
  let cases = 0;
  for (const [what, mass] of masses(115)) {
    const [low, inverse] = [dice.normal(), dice.pick([0.5, 3, 1e-3])];
    memory.reset();
    const frame = memory.inout(Float64Array.of(1, 2, low, inverse), cases & 3);
    kernel(memory.input(mass, cases & 3), mass.length, frame);
    const total = mass.reduce((sum, own) => sum + own, 0);
    let before = 0;
    const middle = mass.findIndex((own) => {
      before += own;
      return before >= total / 2;
    });
    expectSame(what, memory.f64(frame, 4), [1, low + (middle + 0.5) / inverse, low, inverse]);
    memory.verify();
    cases++;
  }
  return cases;
};

/** Part of a cell that a value lies in, and where in that; `rest` is where in the cell. */
function partOf(rest: number, starts: Uint32Array, cell: number): readonly [number, number] {
  const parts = at(starts, cell + 1) - at(starts, cell);
  const part = Math.min(Math.floor(rest * parts), parts - 1);
  return [at(starts, cell) + part, rest * parts - part];
}

export const checkWeighFineCells: Check = (kernel, memory) => {
  let cases = 0;
  for (const { what, values, weights, shift, grid, mass } of grids(116)) {
    const starts = startsOf(mass, grid.cells);
    const want = new Float64Array(at(starts, grid.cells));
    values.forEach((value, i) => {
      const [coarse, rest] = placeOf(value, grid);
      const [cell] = partOf(rest, starts, coarse);
      want[cell] = at(want, cell) + (weights === null ? 1 : Math.max(at(weights, i), LEAST_MASS));
    });
    memory.reset();
    const out = memory.inout(new Float64Array(want.length), shift);
    const frame = memory.input(Float64Array.of(grid.scale, 7, grid.low, grid.inverse));
    const pointers = [memory.input(values, shift), given(memory, weights, shift), values.length, grid.cells, frame];
    kernel(...pointers, memory.input(words(starts)), out, memory.output(1024, shift));
    expectSame(what, memory.f64(out, want.length), want);
    memory.verify();
    cases++;
  }
  return cases;
};

const words = (values: Uint32Array): Int32Array => new Int32Array(values.buffer, values.byteOffset, values.length);

export const checkFillCells: Check = (kernel, memory) => {
  let cases = 0;
  const dice = new Dice(107);
  for (const { what, values, weights, shift, grid, mass } of grids(107)) {
    const starts = startsOf(mass, grid.cells);
    const places = Array.from(values, (value) => {
      const [coarse, rest] = placeOf(value, grid);
      return partOf(rest, starts, coarse);
    });
    const fineMass = new Float64Array(at(starts, grid.cells));
    for (const [cell] of places) fineMass[cell] = at(fineMass, cell) + 1;
    const finer = startsOf(fineMass, grid.cells);
    const fine = at(finer, fineMass.length);
    if (fine > 3 * grid.cells) throw new Mismatch(`${what}: ${fine} fine cells are more than cellBytes has room for`);
    const centre = grid.low + dice.uniform() / grid.inverse;
    const want = new Float64Array(CELL * fine);
    for (let cell = 0; cell < fine; cell++) want.set([0, 0, 0, Infinity, -Infinity], CELL * cell);
    values.forEach((value, i) => {
      const [first, rest] = places[i] as readonly [number, number];
      const cell = CELL * partOf(rest, finer, first)[0];
      const w = weights === null ? 1 : at(weights, i);
      const x = value * grid.scale - centre;
      want[cell] = at(want, cell) + w;
      want[cell + 1] = at(want, cell + 1) + w * x;
      want[cell + 2] = at(want, cell + 2) + w * x * x;
      want[cell + 3] = Math.min(at(want, cell + 3), value + 0);
      want[cell + 4] = Math.max(at(want, cell + 4), value + 0);
    });
    memory.reset();
    const out = memory.output(8 * CELL * fine, shift);
    const frame = memory.input(Float64Array.of(grid.scale, centre, grid.low, grid.inverse));
    const pointers = [memory.input(values, shift), given(memory, weights, shift), values.length, grid.cells, frame];
    kernel(...pointers, memory.input(words(starts)), memory.input(words(finer)), fine, out, memory.output(1024, shift));
    const got = memory.f64(out, CELL * fine);
    for (let i = 0; i < got.length; i++) {
      expectEqual(`${what}: number ${i % CELL} of cell ${Math.floor(i / CELL)}`, at(got, i), at(want, i));
    }
    memory.verify();
    cases++;
  }
  return cases;
};

/** Cells of drawn values: none, one, two or more in each; what they sum up to. */
export const checkPointsOfCells: Check = (kernel, memory) => {
  const dice = new Dice(108);
  let cases = 0;
  for (const count of [1, 2, 3, 8, 65]) {
    for (let style = 0; style < 12; style++) {
      const isWhole = style % 2 === 0;
      const [scale, centre] = [0.25, isWhole ? 1.5 : dice.normal()];
      const cells = new Float64Array(CELL * count);
      const want: { origin: number; sums: Sums["sums"] }[] = [];
      const x: number[] = [];
      const weights: number[] = [];
      for (let cell = 0; cell < count; cell++) {
        const number = dice.pick([0, 1, 1, 2, 5]);
        const drawn = Array.from(
          { length: number },
          () => 4 * cell + (isWhole ? dice.between(0, 3) : 3.9 * dice.uniform()),
        );
        drawn.sort((a, b) => a - b);
        const own = new Float64Array(CELL);
        own.set([0, 0, 0, Infinity, -Infinity]);
        const [low, high] = [drawn[0] ?? 0, drawn.at(-1) ?? 0];
        if (number > 0 && low < high) want.push({ origin: low, sums: sumsTo(x, weights, x.length) });
        // sums of a cell are one number each for the kernel
        for (const value of drawn) {
          const w = isWhole ? dice.between(0, 3) : dice.uniform();
          const place = value * scale - centre;
          own[0] = at(own, 0) + w;
          own[1] = at(own, 1) + w * place;
          own[2] = at(own, 2) + w * place * place;
          x.push(place);
          weights.push(w);
        }
        if (number > 0) {
          own.set([low, high], 3);
          want.push({ origin: high, sums: sumsTo(x, weights, x.length) });
        }
        cells.set(own, CELL * cell);
      }
      memory.reset();
      const origins = memory.output(16 * count, cases & 3);
      const out = memory.output(16 * POINT * count, cases & 3);
      const frame = memory.input(Float64Array.of(scale, centre, 9, 9));
      const got = kernel(memory.input(cells, cases & 3), count, frame, origins, out);
      const what = `${count} cells, style ${style}`;
      expectEqual(`${what}: points`, got, want.length);
      want.forEach(({ origin, sums }, i) => {
        expectEqual(`${what}: origin ${i}`, at(memory.f64(origins, want.length), i), origin);
        const point = memory.f64(out + 8 * POINT * i, POINT);
        expectEqual(`${what}: x of point ${i}`, at(point, 0), origin * scale - centre);
        sums.forEach(([sum, bound], k) => {
          // a cell has at most five terms, summed plainly
          const slack = isWhole ? 0 : 2 * bound + gamma(8) * sums.length * (x.length + 1) * (4 * count) ** k;
          expectNear(`${what}: sum ${k} of point ${i}`, at(point, k + 1), sum, slack);
        });
      });
      memory.verify();
      cases++;
    }
  }
  return cases;
};

/** Points of atoms with whole numbers: every sum is exact. */
function pointsOf({ values, weights }: Atoms): Float64Array {
  const out = new Float64Array(POINT * values.length);
  let [alpha, beta, square] = [0, 0, 0];
  values.forEach((x, i) => {
    const w = at(weights, i);
    alpha += w;
    beta += w * x;
    square += w * x * x;
    out.set([x, alpha, beta, square], POINT * i);
  });
  return out;
}

/** Whole atoms: evenly spaced (ties everywhere), clustered, with weights of 0, with gaps. */
function wholeAtoms(count: number, style: number, dice: Dice): Atoms {
  const values = new Set<number>();
  const spread = [count, 2 * count, 50 * count, 4 * count][style % 4] as number;
  while (values.size < count) {
    const drawn = style % 4 === 0 ? values.size : dice.between(-spread, spread);
    values.add(style % 4 === 3 && drawn > 0 ? drawn * 31 : drawn);
  }
  const sorted = [...values].sort((a, b) => a - b);
  return { values: sorted, weights: sorted.map(() => (style < 4 ? 1 : dice.between(0, style < 8 ? 3 : 40))) };
}

/** All three searches: the same indices as the oracle's programme. */
export const checkSearch: Check = (kernel, memory) => {
  const dice = new Dice(109);
  let cases = 0;
  const judge = (atoms: Atoms, intervals: number, style: string): void => {
    const count = atoms.values.length;
    memory.reset();
    const out = memory.output(4 * (intervals + 1), cases & 3);
    const scratch = memory.output(searchBytes(count, intervals), cases & 3);
    const got = kernel(memory.input(pointsOf(atoms), cases & 3), count, intervals, scratch, out);
    const { cost, indices } = programme(atoms, intervals + 1);
    const what = `${count} points, ${intervals} intervals, ${style}`;
    expectEqual(`${what}: cost`, got, cost);
    expectSame(what, memory.core.u32(out, intervals + 1), indices);
    memory.verify();
    cases++;
  };
  for (const count of [2, 3, 4, 5, 6, 7, 8, 9, 16, 17, 33, 60]) {
    for (let style = 0; style < 12; style++) {
      const atoms = wholeAtoms(count, style, dice);
      const all = [1, 2, 3, 4, 5, 8, count >> 1, count - 2, count - 1];
      for (const intervals of new Set(all.filter((k) => k >= 1 && k < count)))
        judge(atoms, intervals, `style ${style}`);
    }
  }
  // numbers that round: no answer costs more than the best, but for the roundings of its intervals
  for (const intervals of [1, 2, 5, 20]) {
    const atoms = atomsOf(
      Float64Array.from({ length: 80 }, () => dice.normal()),
      null,
    );
    const points = pointsOf(atoms);
    memory.reset();
    const out = memory.output(4 * (intervals + 1));
    const got = kernel(memory.input(points), 80, intervals, memory.output(searchBytes(80, intervals)), out);
    const levels = Array.from(memory.core.u32(out, intervals + 1), (i) => at(atoms.values, i));
    const { cost } = programme(atoms, intervals + 1);
    const reach = Math.max(...atoms.values.map(Math.abs));
    const bound = (COST_ROUNDINGS + 80) * U64 * 80 * reach * reach * intervals;
    expectNear(`${intervals} intervals of normal numbers`, got, cost, bound);
    expectNear(`${intervals} intervals: their own cost`, costOf(atoms, levels), cost, 2 * bound);
    memory.verify();
    cases++;
  }
  return cases;
};

export const checkThinPoints: Check = (kernel, memory) => {
  const dice = new Dice(110);
  let cases = 0;
  for (const count of [2, 3, 6, 7, 30, 31, 32, 33, 100, 301]) {
    for (let style = 0; style < 12; style++) {
      const atoms = wholeAtoms(count, style, dice);
      for (const [apart, spare] of [
        [0, 2],
        [1, 2],
        [2, 3],
        [6, 2],
        [20, 5],
      ] as const) {
        const most = 2 * apart + spare;
        memory.reset();
        const out = memory.output(4 * count, cases & 3);
        const scratch = memory.output(16 * (count >> 1), cases & 3);
        const got = kernel(memory.input(pointsOf(atoms)), count, apart, most, scratch, out);
        const want = adaquant(atoms, apart, most);
        const what = `${count} points, style ${style}, ${apart} apart`;
        expectEqual(`${what}: ends`, got, want.length);
        expectSame(what, memory.core.u32(out, want.length), want);
        memory.verify();
        cases++;
      }
    }
  }
  return cases;
};

export const checkFirstOutside: Check = (kernel, memory) => {
  const dice = new Dice(111);
  let cases = 0;
  for (const count of COUNTS) {
    for (const bad of [null, -1.0000000000000002, 2.0000000000000004, 1e308, -1e308]) {
      for (const place of new Set([0, count >> 1, count - 1])) {
        const values = Float64Array.from({ length: count }, () => dice.pick([-1, 2, 0, dice.uniform()]));
        if (bad !== null) {
          values[count - 1] = 5;
          values[place] = bad;
        }
        memory.reset();
        const got = kernel(memory.input(values, cases & 3), count, -1, 2);
        expectEqual(`${bad} at ${place} of ${count}`, got, bad === null ? -1 : place);
        memory.verify();
        cases++;
      }
    }
  }
  return cases;
};

/** Whole numbers: exact up to the quotient, which rounds once on either side. */
export const checkLevelVariance: Check = (kernel, memory) => {
  const dice = new Dice(112);
  let cases = 0;
  for (const count of COUNTS) {
    for (const number of [1, 2, 3, 4, 5, 16, 17]) {
      for (const isWeighted of [false, true]) {
        const steps = Array.from({ length: number }, () => dice.between(1, 30));
        const levels = Float64Array.from(steps, (_, k) => steps.slice(0, k).reduce((sum, step) => sum + step, -40));
        const values = Float64Array.from({ length: count }, () =>
          dice.below(4) === 0 ? dice.pick(Array.from(levels)) : dice.between(at(levels, 0), at(levels, number - 1)),
        );
        const weights = isWeighted ? Float64Array.from(values, () => dice.between(0, 5)) : null;
        if (weights !== null) weights[0] = 1;
        memory.reset();
        const pointers = [memory.input(values, cases & 3), given(memory, weights, cases & 3), count];
        const got = kernel(...pointers, memory.input(levels, cases & 3), number);
        const atoms = atomsOf(values, weights);
        const total = atoms.weights.reduce((sum, weight) => sum + weight, 0);
        expectEqual(`${count} values, ${number} levels`, got, costOf(atoms, levels) / total);
        memory.verify();
        cases++;
      }
    }
  }
  return cases;
};

/** Whole numbers in a frame of powers of two: sums are exact, means and what follows round as here. */
export const checkLloydMax: Check = (kernel, memory) => {
  const dice = new Dice(113);
  let cases = 0;
  for (const count of [2, 3, 5, 9, 40, 150]) {
    for (let style = 0; style < 8; style++) {
      const atoms = wholeAtoms(count, style, dice);
      const [scale, centre] = [0.5, 3];
      // in the caller's unit
      const origins = atoms.values.map((x) => (x + centre) / scale);
      const [low, high] = [at(origins, 0), at(origins, count - 1)];
      for (const number of [1, 2, 3, 4, 7]) {
        for (const turns of [0, 1, 3, 500]) {
          const start = Float64Array.from({ length: number }, (_, k) =>
            style % 2 === 0 ? low + ((high - low) * (k + 0.5)) / number : low + ((k * k) % (high - low + 1)),
          ).sort();
          memory.reset();
          const levels = memory.inout(start, cases & 3);
          const frame = memory.input(Float64Array.of(scale, centre, 9, 9));
          const ends = memory.output(4 * number);
          const pointers = [memory.input(pointsOf(atoms)), memory.input(Float64Array.from(origins)), count, frame];
          const got = kernel(...pointers, levels, number, turns, ends);
          const want = lloyd(
            { values: origins, weights: atoms.weights },
            start,
            turns,
            // Σ w·x in point coordinates is whole, as the kernel has it
            (sum, weight) => (centre + (sum * scale - centre * weight) / weight) / scale,
          );
          const what = `${count} points, style ${style}, ${number} levels, ${turns} turns`;
          expectSame(`${what}: levels`, memory.f64(levels, number), want);
          const owners = nearest(origins, want);
          const places = Array.from({ length: number }, (_, k) => owners.filter((owner) => owner <= k).length);
          expectSame(`${what}: ends`, memory.core.u32(ends, number), places);
          const { sum } = preciseSum(
            owners.map((owner, i) => {
              const off = at(atoms.values, i) - (at(want, owner) * scale - centre);
              return [at(atoms.weights, i) * off, off] as const;
            }),
          );
          // three products of sums cancel to what is left
          const size = atoms.values.reduce(
            (most, x, i) => most + at(atoms.weights, i) * (Math.abs(x) + Math.abs(high) + Math.abs(low)) ** 2,
            1,
          );
          expectNear(`${what}: error`, got, sum, 12 * U64 * size);
          memory.verify();
          cases++;
        }
      }
    }
  }
  return cases;
};
