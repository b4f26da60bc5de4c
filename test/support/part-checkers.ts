// Kernels that can be called for a part of their work, so that a solver may pause in between: called part by part they are held to the checker of the whole.
import { at, type Check, expectEqual } from "./checkers.js";
import type { Harness } from "./memory.js";
import { Dice } from "./random.js";

type Kernel = Parameters<Check>[0];
/** A kernel that does in parts what `kernel` would do at once. */
type Parting = (kernel: Kernel, memory: Harness) => Kernel;

/** An entry whose kernel is held to `check` whole and in parts. */
export const inParts =
  (check: Check, parting: Parting): Check =>
  (kernel, memory) =>
    check(kernel, memory) + check(parting(kernel, memory), memory);

/** Rows of a block: where the passes over bytes can be parted. */
const BLOCK = 256;

/** Bytes of a map of zeros: per strip of 64 rows a word per 8 columns, and per pair of rows a bit per 8 columns in whole words. */
const mapBytes = (rows: number, columns: number): number =>
  Math.ceil(rows / 64) * (columns / 2 + 32 * 4 * Math.ceil(columns / 256));

/** Cuts 0 … total into parts, multiples of `grain` but for the last: of one grain, two, three, one, … */
function* parts(total: number, grain = 1): Generator<readonly [first: number, end: number]> {
  for (let first = 0, size = 1; first < total; size = (size % 3) + 1) {
    const end = Math.min(total, first + size * grain);
    yield [first, end];
    first = end;
  }
}

const moved = (pointer: number, bytes: number): number => (pointer === 0 ? 0 : pointer + bytes);

export const hessianInParts: Parting =
  (kernel) =>
  (...args) => {
    const [x, stride, rows, columns, classes, codes, unit, shift, h, p, weights, scratch, g, totals, map, packing] =
      args as [
        number,
        number,
        number,
        number,
        number,
        number,
        number,
        number,
        number,
        number,
        number,
        number,
        number,
        number,
        number,
        number,
      ];
    for (const [first, end] of parts(rows, BLOCK)) {
      const own = [moved(h, 4 * first), moved(p, 4 * first * classes), moved(weights, 4 * first)];
      const out = [scratch, g, totals, moved(map, mapBytes(first, columns)), packing, first > 0 ? 1 : 0];
      kernel(x + first * stride, stride, end - first, columns, classes, codes, unit, shift, ...own, ...out);
    }
    return undefined as unknown as number;
  };

export const gramInParts: Parting =
  (kernel) =>
  (...args) => {
    const [x, stride, rows, columns, d, unit, scratch, g, map] = args as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    for (const [first, end] of parts(rows, BLOCK)) {
      for (let row = first; row < end; row += BLOCK) {
        const count = Math.min(BLOCK, end - row);
        const at = moved(map, mapBytes(row, columns));
        for (const [from, to] of parts(columns, 5)) {
          kernel(x + row * stride, stride, count, columns, d + 2 * row, unit, scratch, g, at, from, to);
        }
      }
    }
    return undefined as unknown as number;
  };

export const factorInParts: Parting =
  (kernel) =>
  (g, n): number => {
    for (const [first, end] of parts(n as number)) {
      const answer = kernel(g as number, n as number, first, end);
      if (answer !== end) return answer;
    }
    return n as number;
  };

export const solveInParts: Parting =
  (kernel) =>
  (...args) => {
    const [r, n, b, pitch, classes] = args as [number, number, number, number, number];
    for (const [first, end] of parts(2 * Math.ceil(n / 4))) kernel(r, n, b, pitch, classes, first, end);
    return undefined as unknown as number;
  };

export const columnSumsInParts: Parting =
  (kernel) =>
  (...args) => {
    const [c, rows, classes, sums] = args as [number, number, number, number];
    for (const [first, end] of parts(rows)) {
      kernel(c + 8 * first * classes, end - first, classes, sums, first > 0 ? 1 : 0);
    }
    return undefined as unknown as number;
  };

export const eigenvalueInParts: Parting =
  (kernel) =>
  (...args) => {
    const [codes, stride, rows, columns, weights, iterations, p, q, t, zero] = args as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    let answer = 0;
    for (let i = 0; i < iterations; i++) {
      for (const [first, end] of parts(rows, 4)) {
        const isStarted = i + first > 0 ? 1 : 0;
        answer = kernel(codes, stride, rows, columns, weights, 1, p, q, t, zero, isStarted, first, end);
        if (end < rows) expectEqual("before the last rows", answer, 0);
      }
    }
    return answer;
  };

export const permutationInParts: Parting =
  (kernel, memory) =>
  (...args) => {
    const [seed, count, out] = args as [number, number, number];
    memory.core.u32(out, count).set(Array.from({ length: count }, (_, i) => i));
    let state = seed;
    for (const [first, end] of parts(count)) state = kernel(state, count, out, count - first, count - end);
    return state;
  };

export const fillCellsInParts: Parting =
  (kernel) =>
  (...args) => {
    const [values, weights, count, ...others] = args as [number, number, number, ...number[]];
    for (const [first, end] of parts(count)) {
      const own = [values + 8 * first, moved(weights, 8 * first), end - first] as const;
      kernel(...own, ...others, first > 0 ? 1 : 0);
    }
    return undefined as unknown as number;
  };

export const sortInParts: Parting =
  (kernel) =>
  (...args) => {
    const [values, weights, count, scratch] = args as [number, number, number, number];
    for (const [first, end] of parts(8)) kernel(values, weights, count, scratch, first, end);
    return undefined as unknown as number;
  };

export const layersInParts: Parting =
  (kernel) =>
  (...args) => {
    const [points, count, intervals, scratch, out] = args as [number, number, number, number, number];
    if (intervals <= 2) return kernel(points, count, intervals, scratch, out);
    let cost = 0;
    for (const [first, end] of parts(intervals - 2)) {
      cost = kernel(points, count, intervals, scratch, out, first + 2, end + 2);
    }
    return cost;
  };

export const sampleInParts: Parting =
  (kernel, memory) =>
  (...args) => {
    const [state, weight, rows, count, index, scale] = args as [number, number, number, number, number, number];
    let sum = 0;
    for (let i = 0; i < rows; i++) sum += weight === 0 ? 1 : at(memory.f32(weight, rows), i);
    const progress = memory.output(32);
    let size = 0;
    // some hundred parts are enough
    for (const [first, end] of parts(rows, Math.ceil(rows / 200))) {
      size = kernel(state, weight, rows, count, index, scale, progress, first, end, sum);
    }
    return size;
  };

/** start + Σ weight, in order. */
export const checkSumWeights: Check = (kernel, memory) => {
  const dice = new Dice(120);
  let cases = 0;
  for (const rows of [0, 1, 2, 7, 8, 1001]) {
    for (const start of [0, 1e9, -0.1]) {
      for (const isWeighted of [false, true]) {
        const weight = Float32Array.from({ length: rows }, () => dice.uniform() * 10 ** dice.between(-6, 6));
        memory.reset();
        let want = start;
        for (const value of weight) want += isWeighted ? value : 1;
        const got = kernel(isWeighted ? memory.input(weight, cases & 3) : 0, rows, start);
        expectEqual(`${rows} rows from ${start}, weights ${isWeighted}`, got, want);
        memory.verify();
        cases++;
      }
    }
  }
  return cases;
};
