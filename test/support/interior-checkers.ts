// Checkers of the interior-point method's row kernels (hinge). Float64 in the documented order on one row at a time, sums row after row: tolerance 0 against
// test/oracle/interior.ts; h is rounded once more, to float32. What a kernel has no business reading is NaN, what lies between the arrays a number of its own.
import {
  aimRows,
  copyRows,
  curvatureOfRows,
  derivativesOfRows,
  emptyRows,
  gapOfRows,
  type Line,
  moveRows,
  PARTS,
  productsOfRows,
  type Rows,
  reachOfRows,
  startRows,
} from "../oracle/interior.js";
import { at, type Check, expectEqual } from "./checkers.js";
import type { Harness } from "./memory.js";
import { Dice } from "./random.js";

const ROWS = [1, 2, 3, 4, 5, 63, 64, 65, 255, 256, 257] as const;
const GAMMAS = [0, 1e-6, 1] as const;
/** None of the direction, a part, all of it. */
const PARTS_OF_A_STEP = [0, 0.3, 0.995, 1] as const;
/** Stands in the gaps between the arrays of the rows. */
const GAP = 12345.678;
/** Draws per number of rows: more for single rows, each of which is a case of its own. */
const draws = (rows: number): number => (rows === 1 ? 60 : rows < 10 ? 24 : 12);

interface Case {
  readonly rows: Rows;
  readonly line: Line;
  readonly weights: Float64Array | null;
  readonly gamma: number;
  readonly part: number;
  readonly shift: number;
  readonly what: string;
}

const power = (dice: Dice, low: number, high: number): number => 10 ** (low + (high - low) * dice.uniform());

/** A dual variable and its distance from 1: on a wall to 1e-15, or anywhere. */
function pairOf(dice: Dice): readonly [number, number] {
  const kind = dice.below(5);
  const small = kind < 2 ? 1e-15 : power(dice, -15, -0.31);
  if (kind === 4) return [0.5, 0.5];
  return kind % 2 === 0 ? [small, 1 - small] : [1 - small, small];
}

function drawRows(count: number, dice: Dice): Rows {
  const rows = emptyRows(count);
  // a whole draw is tame or wild, so that sums are not all of one row
  const isTame = dice.below(3) === 0;
  const slack = (): number => (isTame ? power(dice, -1, 1) : power(dice, -14, 6));
  for (let i = 0; i < count; i++) {
    const [a, e] = isTame ? [0.25, 0.75] : pairOf(dice);
    rows.a[i] = a;
    // kept beside a: as good a value as 1 − a, and not the same
    rows.e[i] = e * (1 + dice.between(-4, 4) * 2 ** -50);
    rows.s[i] = slack();
    rows.xi[i] = slack();
    rows.f[i] = dice.normal() * (isTame ? 1 : power(dice, -6, 2));
    rows.g[i] = dice.normal() * (isTame ? 1 : power(dice, -6, 2));
  }
  return rows;
}

function drawLine(count: number, dice: Dice): Line {
  return {
    m: Float64Array.from({ length: count }, () => 2 * dice.normal()),
    y: Float64Array.from({ length: count }, () => dice.sign()),
    u: Float64Array.from({ length: count }, () => dice.normal()),
  };
}

/** None, all positive, or some of them 0. */
function drawWeights(count: number, dice: Dice): Float64Array | null {
  const kind = dice.below(3);
  if (kind === 0) return null;
  return Float64Array.from({ length: count }, () => (kind === 2 && dice.below(3) === 0 ? 0 : 0.25 + dice.uniform()));
}

function* cases(seed: number): Generator<Case> {
  const dice = new Dice(seed);
  for (const count of ROWS) {
    for (let draw = 0; draw < draws(count); draw++) {
      const gamma = at(GAMMAS, draw % 3);
      const part = at(PARTS_OF_A_STEP, (draw >> 1) % 4);
      yield {
        rows: drawRows(count, dice),
        line: drawLine(count, dice),
        weights: drawWeights(count, dice),
        gamma,
        part,
        shift: draw & 3,
        what: `${count} rows, draw ${draw}, γ ${gamma}, part ${part}`,
      };
    }
  }
}

/** The arrays in one block, `pitch` bytes apart. */
function pack(rows: Rows, gap: number): { block: Float64Array; pitch: number } {
  const count = rows.a.length;
  const block = new Float64Array(PARTS.length * (count + gap)).fill(GAP);
  PARTS.forEach((part, k) => {
    block.set(rows[part], k * (count + gap));
  });
  return { block, pitch: 8 * (count + gap) };
}

function equalAll(what: string, got: ArrayLike<number>, want: ArrayLike<number>): void {
  for (let i = 0; i < want.length; i++) {
    const same = got[i] === want[i] || (Number.isNaN(got[i]) && Number.isNaN(want[i]));
    if (!same) expectEqual(`${what}: element ${i}`, at(got, i), at(want, i));
  }
}

const unread = (rows: Rows, ...parts: readonly (keyof Rows)[]): Rows => {
  const out = copyRows(rows);
  for (const part of parts) out[part].fill(Number.NaN);
  return out;
};
const nothing = (count: number): Float64Array => new Float64Array(count).fill(Number.NaN);

interface Placed {
  readonly m: number;
  readonly y: number;
  readonly u: number;
  readonly weights: number;
  readonly count: number;
  readonly state: number;
  readonly pitch: number;
}

/** Everything in memory, none of it to be changed. */
function place(memory: Harness, { line, weights, shift }: Case, rows: Rows, u: Float64Array): Placed {
  memory.reset();
  const { block, pitch } = pack(rows, shift % 3);
  return {
    m: memory.input(line.m, shift),
    y: memory.input(line.y, (shift + 1) & 3),
    u: memory.input(u, (shift + 2) & 3),
    weights: weights === null ? 0 : memory.input(weights, (shift + 3) & 3),
    count: line.m.length,
    state: memory.input(block, shift),
    pitch,
  };
}

/** The block of the rows after a kernel that writes some of them. */
function judgeRows(what: string, memory: Harness, state: number, want: Rows, gap: number): void {
  const { block } = pack(want, gap);
  equalAll(what, memory.f64(state, block.length), block);
}

export const checkStart: Check = (kernel, memory) => {
  let judged = 0;
  for (const { rows, line, shift, what } of cases(81)) {
    memory.reset();
    // on the kink, far on either side of it
    const m = line.m.map((x, i) => (i % 5 === 4 ? at(line.y, i) : i % 5 === 3 ? 1e6 * x : x));
    const before = unread(rows, "a", "e", "s", "xi");
    const { block, pitch } = pack(before, shift % 3);
    const state = memory.inout(block, shift);
    kernel(memory.input(m), memory.input(line.y), m.length, state, pitch);
    const want = copyRows(before);
    startRows(want, m, line.y);
    judgeRows(what, memory, state, want, shift % 3);
    memory.verify();
    judged++;
  }
  return judged;
};

export const checkCurvature: Check = (kernel, memory) => {
  let judged = 0;
  for (const one of cases(82)) {
    const { rows, line, weights, gamma, what, shift } = one;
    const { state, pitch, weights: w, count } = place(memory, one, unread(rows, "f", "g"), line.u);
    const h = memory.output(4 * count, shift);
    kernel(state, pitch, w, count, gamma, h);
    equalAll(what, memory.f32(h, count), curvatureOfRows(rows, weights, gamma));
    memory.verify();
    judged++;
  }
  return judged;
};

export const checkAim: Check = (kernel, memory) => {
  let judged = 0;
  const dice = new Dice(83);
  for (const { rows, line, gamma, shift, what } of cases(83)) {
    for (const isCorrected of [false, true]) {
      for (const mu of [0, power(dice, -16, 1)]) {
        memory.reset();
        const before = isCorrected ? rows : unread(rows, "f", "g");
        const u = isCorrected ? line.u : nothing(line.u.length);
        const { block, pitch } = pack(before, shift % 3);
        const state = memory.inout(block, shift);
        const [m, y] = [memory.input(line.m), memory.input(line.y)];
        kernel(m, y, memory.input(u, shift), line.m.length, state, pitch, gamma, mu, Number(isCorrected));
        const want = copyRows(before);
        aimRows(want, line, gamma, mu, isCorrected);
        judgeRows(`${what}, µ ${mu}, ${isCorrected ? "corrected" : "predicted"}`, memory, state, want, shift % 3);
        memory.verify();
        judged++;
      }
    }
  }
  return judged;
};

export const checkDerivatives: Check = (kernel, memory) => {
  let judged = 0;
  for (const one of cases(84)) {
    const { rows, line, weights, gamma, part, what, shift } = one;
    const given = part === 0 ? unread(rows, "e", "s", "xi", "f", "g") : rows;
    const u = part === 0 ? nothing(line.u.length) : line.u;
    const placed = place(memory, one, given, u);
    const { count } = placed;
    const c = memory.output(8 * count, shift);
    kernel(placed.m, placed.y, placed.u, placed.weights, count, placed.state, placed.pitch, gamma, part, c);
    equalAll(what, memory.f64(c, count), derivativesOfRows(rows, line, weights, gamma, part));
    memory.verify();
    judged++;
  }
  return judged;
};

/** A row without a direction, whatever γ: nothing to aim at, constraint met, margin at rest. */
function still(count: number): { rows: Rows; line: Line } {
  const rows = emptyRows(count);
  rows.a.fill(0.5);
  rows.e.fill(0.5);
  rows.s.fill(1);
  rows.xi.fill(1);
  const ones = (): Float64Array => new Float64Array(count).fill(1);
  return { rows, line: { m: ones(), y: ones(), u: new Float64Array(count) } };
}

/** What makes a still row run into one wall and no other: f, g, ξ and y·u (t = 1, so that r = ξ − s). */
const WALLS: Readonly<Record<string, readonly [f: number, g: number, xi: number, yu: number]>> = {
  a: [0, 10, 1, 0],
  e: [10, 0, 1, 0],
  s: [-10, 0, 100, -109],
  ξ: [0, -10, 1, 10],
};

export const checkReach: Check = (kernel, memory) => {
  let judged = 0;
  const judge = (one: Case, most: number): void => {
    const { rows, line, weights, gamma, what } = one;
    const { m, y, u, weights: w, count, state, pitch } = place(memory, one, rows, line.u);
    const got = kernel(m, y, u, w, count, state, pitch, gamma, most);
    expectEqual(`${what}, at most ${most}`, got, reachOfRows(rows, line, weights, gamma, most));
    memory.verify();
    judged++;
  };
  for (const one of cases(85)) for (const most of [1, 1 / 0.995, 0.125]) judge(one, most);
  for (const [wall, [f, g, xi, yu]] of Object.entries(WALLS)) {
    for (const count of ROWS) {
      for (const hot of new Set([0, count >> 1, count - 1])) {
        for (const own of [1, 0]) {
          const { rows, line } = still(count);
          rows.f[hot] = f;
          rows.g[hot] = g;
          rows.xi[hot] = xi;
          line.u[hot] = yu;
          const weights = new Float64Array(count).fill(1);
          weights[hot] = own;
          const what = `wall ${wall}, row ${hot} of ${count}, weight ${own}`;
          judge({ rows, line, weights, gamma: 1e-6, part: 1, shift: hot & 3, what }, 1);
        }
      }
    }
  }
  return judged;
};

export const checkProducts: Check = (kernel, memory) => {
  let judged = 0;
  for (const one of cases(86)) {
    const { rows, line, weights, gamma, part, what } = one;
    const given = part === 0 ? unread(rows, "f", "g") : rows;
    const {
      m,
      y,
      u,
      weights: w,
      count,
      state,
      pitch,
    } = place(memory, one, given, part === 0 ? nothing(line.u.length) : line.u);
    const got = kernel(m, y, u, w, count, state, pitch, gamma, part);
    expectEqual(what, got, productsOfRows(rows, line, weights, gamma, part));
    memory.verify();
    judged++;
  }
  return judged;
};

export const checkMove: Check = (kernel, memory) => {
  let judged = 0;
  for (const { rows, line, gamma, part, shift, what } of cases(87)) {
    memory.reset();
    const { block, pitch } = pack(rows, shift % 3);
    const state = memory.inout(block, shift);
    const m = memory.inout(line.m, (shift + 1) & 3);
    const [y, u] = [memory.input(line.y), memory.input(line.u, (shift + 2) & 3)];
    kernel(m, y, u, line.m.length, state, pitch, gamma, part);
    const want = copyRows(rows);
    const moved = { ...line, m: line.m.slice() };
    moveRows(want, moved, gamma, part);
    judgeRows(what, memory, state, want, shift % 3);
    equalAll(`${what}: margins`, memory.f64(m, moved.m.length), moved.m);
    memory.verify();
    judged++;
  }
  return judged;
};

export const checkGap: Check = (kernel, memory) => {
  let judged = 0;
  for (const one of cases(88)) {
    const { rows, weights, what } = one;
    // on the kink and close to it on both sides
    const m = one.line.m.map((x, i) => (i % 4 === 3 ? at(one.line.y, i) * (1 + (i % 3) * 1e-12 - 1e-12) : x));
    const line = { ...one.line, m };
    const placed = place(memory, { ...one, line }, unread(rows, "s", "xi", "f", "g"), nothing(m.length));
    const got = kernel(placed.m, placed.y, placed.weights, placed.count, placed.state, placed.pitch);
    expectEqual(what, got, gapOfRows(rows, m, line.y, weights));
    memory.verify();
    judged++;
  }
  return judged;
};
