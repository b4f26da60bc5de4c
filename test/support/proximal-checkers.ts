// Checkers of the vectors behind l1 problems. Float64 in the documented order, element by element: tolerance 0 against test/oracle/proximal.ts.
import * as oracle from "../oracle/proximal.js";
import { at, type Check, expectEqual, expectNear } from "./checkers.js";
import type { Harness } from "./memory.js";
import { Dice } from "./random.js";

const SIZES = [1, 2, 3, 4, 5, 15, 16, 17, 33] as const;
const DRAWS = 12;

interface Case {
  readonly n: number;
  readonly dice: Dice;
  /** Zeros of both kinds among them: 0 and −0. */
  readonly u: Float64Array;
  readonly strength: Float64Array;
  readonly q: Float64Array;
  readonly d: Float64Array;
  readonly shift: number;
  readonly what: string;
}

const power = (dice: Dice, low: number, high: number): number => 10 ** (low + (high - low) * dice.uniform());

function vector(n: number, dice: Dice, zeros: number): Float64Array {
  return Float64Array.from({ length: n }, () => {
    if (dice.uniform() < zeros) return dice.below(2) === 0 ? 0 : -0;
    return dice.sign() * power(dice, -3, 2);
  });
}

function* cases(seed: number): Generator<Case> {
  const dice = new Dice(seed);
  for (const n of SIZES) {
    for (let draw = 0; draw < DRAWS; draw++) {
      const u = vector(n, dice, 0.4);
      const strength = vector(n, dice, 0.25).map((x) => Math.abs(x));
      const d = vector(n, dice, 0.2);
      // steps to 0, past it, and almost to it
      for (let j = 0; j < n; j++) {
        const kind = dice.below(6);
        if (kind < 4) d[j] = -at(u, j) * at([1, 1 - 2 ** -39, 1 - 2 ** -41, 2], kind);
      }
      yield { n, dice, u, strength, q: vector(n, dice, 0.1), d, shift: draw & 3, what: `${n} columns, draw ${draw}` };
    }
  }
}

function equalAll(what: string, got: ArrayLike<number>, want: ArrayLike<number>): void {
  for (let i = 0; i < want.length; i++) {
    if (got[i] !== want[i]) expectEqual(`${what}: element ${i}`, at(got, i), at(want, i));
  }
}

/** A matrix with a dominant diagonal: n², symmetric. */
function matrix(n: number, dice: Dice): Float64Array {
  const m = new Float64Array(n * n);
  for (let j = 0; j < n; j++) {
    for (let k = 0; k < j; k++) m[j * n + k] = m[k * n + j] = dice.normal();
    m[j * (n + 1)] = n + power(dice, -1, 1);
  }
  return m;
}

/** Runs a judge over all cases, with fresh memory for each. */
function over(seed: number, judge: (one: Case, memory: Harness, kernel: Parameters<Check>[0]) => void): Check {
  return (kernel, memory) => {
    let judged = 0;
    for (const one of cases(seed)) {
      memory.reset();
      judge(one, memory, kernel);
      memory.verify();
      judged++;
    }
    return judged;
  };
}

export const checkL1Norm = over(201, ({ n, u, strength, shift, what }, memory, kernel) => {
  const got = kernel(memory.input(u, shift), memory.input(strength), n);
  expectEqual(what, got, oracle.l1Norm(u, strength));
});

export const checkLeastSubgradient = over(202, ({ n, dice, shift, what }, memory, kernel) => {
  for (const [classes, intercept] of [
    [1, 127],
    [3, 127],
    [1, 0],
    [2, 0],
  ] as const) {
    const padded = n + 1 + dice.below(3);
    const scale = vector(n, dice, 0).map((x) => Math.abs(x));
    const offset = vector(n, dice, 0.3);
    const v = vector(classes * padded, dice, 0.5);
    const l1 = power(dice, -2, 1);
    // both sides of the corner, and on it
    const g = vector(classes * padded, dice, 0.1).map((x, i) =>
      dice.below(3) === 0 ? x : l1 / (scale[i % padded] ?? 1),
    );
    const frame = { scale, offset, intercept };
    memory.reset();
    const [atG, atV] = [memory.input(g, shift), memory.input(v)];
    const got = kernel(atG, atV, padded, n, classes, memory.input(scale), memory.input(offset), intercept, l1);
    const want = oracle.leastSubgradientNorm(g, v, padded, classes, frame, l1);
    expectEqual(`${what}, ${classes} classes, intercept ${intercept}`, got, want);
    memory.verify();
  }
});

export const checkL1Least = over(215, ({ n, dice, u, strength, q, shift, what }, memory, kernel) => {
  const g = q.map((x, j) => (dice.below(3) === 0 ? at(strength, j) : x));
  const got = kernel(memory.input(g, shift), memory.input(u), memory.input(strength), n);
  expectEqual(what, got, oracle.leastNorm(g, u, strength));
});

export const checkL1Jump = over(216, ({ n, dice, u, strength, q, shift, what }, memory, kernel) => {
  const h = Float64Array.from({ length: n }, () => power(dice, -2, 2));
  const to = memory.inout(u, shift);
  kernel(to, memory.input(q), memory.input(h), memory.input(strength), n);
  equalAll(what, memory.f64(to, n), oracle.jumped(u, q, h, strength));
});

export const checkL1Shift = over(217, ({ n, dice, strength, shift, what }, memory, kernel) => {
  for (const classes of [2, 3, 4, 7]) {
    for (const l2 of [0, 1e-3, 10]) {
      const pitch = n + dice.below(3);
      // whole numbers, so that corners meet and slopes are 0; columns as good as they can be, too
      const v = Float64Array.from(
        { length: classes * pitch },
        () => dice.between(-4, 4) * (dice.below(3) === 0 ? 0 : 1),
      );
      const t = Float64Array.from({ length: pitch }, (_, j) => (j < n ? Math.round(at(strength, j)) : Number.NaN));
      const ridge = Float64Array.from({ length: pitch }, (_, j) => (j < n ? l2 : Number.NaN));
      const { v: want, moved } = oracle.shifted(v, pitch, n, classes, t, ridge);
      memory.reset();
      const to = memory.inout(v, shift);
      const count = kernel(to, pitch, n, classes, memory.input(t), memory.input(ridge));
      expectEqual(`${what}, ${classes} classes, l2 ${l2}: columns`, count, moved);
      const got = memory.f64(to, classes * pitch);
      for (let i = 0; i < want.length; i++) {
        // a lowest point from another corner: two roundings of numbers below 1e4/l2
        const bound = l2 === 0 ? 0 : 2 ** -50 * (8 + Math.max(...t.slice(0, n)) / l2);
        expectNear(`${what}, ${classes} classes, l2 ${l2}: element ${i}`, at(got, i), at(want, i), bound);
        if (at(want, i) === 0 && l2 !== 10) expectEqual(`${what}: a corner, element ${i}`, at(got, i), 0);
      }
      memory.verify();
    }
  }
});

export const checkSymmetricProduct = over(203, ({ n, dice, u, shift, what }, memory, kernel) => {
  const m = matrix(n, dice);
  const out = memory.output(8 * n, shift);
  kernel(memory.input(m), n, memory.input(u), out);
  equalAll(what, memory.f64(out, n), oracle.symmetricProduct(m, u));
});

export const checkCompleteMatrix = over(204, ({ n, dice, shift, what }, memory, kernel) => {
  const m = Float64Array.from({ length: n * n }, () => dice.normal());
  const floor = Float64Array.from({ length: n }, () => dice.normal());
  const at1 = memory.inout(m, shift);
  kernel(at1, n, memory.input(floor));
  equalAll(what, memory.f64(at1, n * n), oracle.completed(m, floor));
});

export const checkL1Sweep = over(205, ({ n, dice, u, q, strength, shift, what }, memory, kernel) => {
  const m = matrix(n, dice);
  const [toU, toQ] = [memory.inout(u, shift), memory.inout(q)];
  const [nextU, nextQ] = [u.slice(), q.slice()];
  const got = kernel(memory.input(m), n, toU, toQ, memory.input(strength));
  expectEqual(what, got, oracle.sweep(m, nextU, nextQ, strength));
  equalAll(`${what}: u`, memory.f64(toU, n), nextU);
  equalAll(`${what}: q`, memory.f64(toQ, n), nextQ);
});

export const checkL1Free = over(206, ({ n, u, strength, shift, what }, memory, kernel) => {
  const index = memory.output(4 * n, shift);
  const want = oracle.free(u, strength);
  const got = kernel(memory.input(u), memory.input(strength), n, index);
  expectEqual(what, got, want.length);
  equalAll(what, memory.core.u32(index, want.length), want);
});

export const checkSubmatrix = over(207, ({ n, dice, u, strength, shift, what }, memory, kernel) => {
  const m = matrix(n, dice);
  const index = oracle.free(u, strength);
  const count = index.length;
  const out = memory.output(8 * count * count, shift);
  kernel(memory.input(m), n, memory.input(Int32Array.from(index)), count, out);
  equalAll(what, memory.f64(out, count * count), oracle.submatrix(m, n, index));
});

export const checkScatter = over(208, ({ n, u, d, strength, shift, what }, memory, kernel) => {
  const index = oracle.free(u, strength);
  const a = d.slice(0, index.length);
  const out = memory.output(8 * n, shift);
  kernel(memory.input(a), memory.input(Int32Array.from(index)), index.length, n, out);
  equalAll(what, memory.f64(out, n), oracle.scattered(a, index, n));
});

export const checkL1Slopes = over(209, ({ n, u, q, strength, shift, what }, memory, kernel) => {
  const out = memory.output(8 * n, shift);
  kernel(memory.input(q), memory.input(u), memory.input(strength), n, out);
  equalAll(what, memory.f64(out, n), oracle.slopes(q, u, strength));
});

export const checkL1Mask = over(210, ({ n, u, q, strength, shift, what }, memory, kernel) => {
  const x = memory.inout(q, shift);
  kernel(x, memory.input(u), memory.input(strength), n);
  equalAll(what, memory.f64(x, n), oracle.masked(q, u, strength));
});

export const checkL1Reach = over(211, ({ n, u, d, strength, shift, what }, memory, kernel) => {
  // one wall alone, whichever column has it, and all of them
  const hot = shift % n;
  const alone = Float64Array.from(d, (x, j) => (j === hot ? x : 0));
  for (const way of [d, alone]) {
    for (const most of [1, 0.4, 1e6]) {
      memory.reset();
      const got = kernel(memory.input(u, shift), memory.input(way), memory.input(strength), n, most);
      expectEqual(`${what}, at most ${most}`, got, oracle.reach(u, way, strength, most));
      memory.verify();
    }
  }
});

export const checkL1Step = over(212, ({ n, u, d, strength, shift, what }, memory, kernel) => {
  for (const part of [1, 0.5]) {
    memory.reset();
    const s = memory.output(8 * n, shift);
    const got = kernel(memory.input(u), memory.input(d), memory.input(strength), n, part, s);
    const want = oracle.step(u, d, strength, part);
    expectEqual(`${what}, part ${part}`, got, want.zeros);
    equalAll(`${what}, part ${part}`, memory.f64(s, n), want.s);
    memory.verify();
  }
});

export const checkL1Change = over(213, ({ n, dice, u, d, strength, shift, what }, memory, kernel) => {
  // small changes of large numbers, whose difference of sizes has lost its digits
  const s = d.map((x) => (dice.below(3) === 0 ? 1e-12 * x : x));
  const got = kernel(memory.input(u, shift), memory.input(s), memory.input(strength), n);
  expectEqual(what, got, oracle.change(u, s, strength));
});

export const checkL1Take = over(214, ({ n, dice, u, d, shift, what }, memory, kernel) => {
  const z = d.map((x, j) => (dice.below(3) === 0 ? 0 : x) + 0 * j);
  const target = u.map((x) => (dice.below(3) === 0 ? 0 : x));
  for (const part of [1, 0.5]) {
    memory.reset();
    const v = memory.inout(u, shift);
    const got = kernel(v, memory.input(target), memory.input(z), part, n);
    const want = oracle.take(u, target, z, part);
    expectEqual(`${what}, part ${part}`, got, want.missed);
    equalAll(`${what}, part ${part}`, memory.f64(v, n), want.v);
    memory.verify();
  }
});
