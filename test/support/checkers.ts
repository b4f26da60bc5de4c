// How each family of kernels is held to account. A checker calls one kernel on many operands and throws Mismatch at the first answer
// that differs from docs/numerics.md; it returns how many cases it has judged. kernels.test.ts feeds it the real kernels,
// mutants.test.ts broken ones, which it must reject.
//
// Tolerances: integers and documented float32 orders 0. Float64 sums without a documented order γ(n)·Σ|aᵢbᵢ| with γ(n) = n·u/(1 − n·u),
// where n counts the roundings one term can meet (its product, each addition, the final rounding of the reference).
import type { Kernel } from "../../bindings/engine/kernels.js";
import { dotFloat32, roundingBits } from "../oracle/inner.js";
import {
  derivativeFloat32,
  differenceFloat32,
  expFloat32,
  expm1Float32,
  type Loss,
  lossDerivative,
  lossValue,
  softmax,
  stateFloat32,
} from "../oracle/loss.js";
import { lowerMedian, splitPlanes } from "../oracle/quantize.js";
import { permutation } from "../oracle/random.js";
import { type Harness, type Numbers, POISON } from "./memory.js";
import { fill, PATTERNS, type PatternName, type Range } from "./patterns.js";
import { Dice } from "./random.js";

/** The answer of a kernel is not the one the specification gives. */
export class Mismatch extends Error {
  override name = "Mismatch";
}

export type Check = (kernel: Kernel, memory: Harness) => number;

export const U64 = 2 ** -53;
export const U32 = 2 ** -24;
export const gamma = (roundings: number, u = U64): number => (roundings * u) / (1 - roundings * u);

export type Storage = "I8" | "U8" | "I16" | "F32" | "F64";
export const BYTES: Readonly<Record<Storage, number>> = { I8: 1, U8: 1, I16: 2, F32: 4, F64: 8 };

export interface Operand extends Range {
  readonly storage: Storage;
}

/** Data codes: symmetric, the lowest value never occurs (docs/numerics.md §2). */
export const CODE8: Operand = { storage: "I8", low: -127, high: 127, isWhole: true };
export const CODE16: Operand = { storage: "I16", low: -32767, high: 32767, isWhole: true };
/** Non-negative data. */
export const CODE7: Operand = { storage: "I8", low: 0, high: 127, isWhole: true };
/** Codes of z: the whole range of the type. */
export const FULL8: Operand = { storage: "I8", low: -128, high: 127, isWhole: true };
export const FULL16: Operand = { storage: "I16", low: -32768, high: 32767, isWhole: true };
export const REAL32: Operand = { storage: "F32", low: -8, high: 8, isWhole: false };

function typed(storage: Storage, count: number): Numbers {
  if (storage === "F64") return new Float64Array(count);
  if (storage === "F32") return new Float32Array(count);
  if (storage === "I16") return new Int16Array(count);
  return storage === "U8" ? new Uint8Array(count) : new Int8Array(count);
}

export function pack(storage: Storage, values: ArrayLike<number>): Numbers {
  const out = typed(storage, values.length);
  out.set(values);
  return out;
}

function viewOf(memory: Harness, storage: Storage, pointer: number, count: number): Numbers {
  if (storage === "F64") return memory.f64(pointer, count);
  if (storage === "F32") return memory.f32(pointer, count);
  if (storage === "I16") return memory.i16(pointer, count);
  return storage === "U8" ? memory.u8(pointer, count) : memory.i8(pointer, count);
}

export const at = (values: ArrayLike<number>, i: number): number => values[i] as number;

/** Bit for bit: tells −0 from 0. */
function expectSame(what: string, got: number, want: number): void {
  if (!Object.is(got, want)) throw new Mismatch(`${what}: got ${got}, expected ${want}`);
}

/** Equal numbers; the sign of zero is free. */
export function expectEqual(what: string, got: number, want: number): void {
  if (got !== want && !(Number.isNaN(got) && Number.isNaN(want))) {
    throw new Mismatch(`${what}: got ${got}, expected ${want}`);
  }
}

export function expectNear(what: string, got: number, want: number, bound: number): void {
  if (!(Math.abs(got - want) <= bound)) {
    throw new Mismatch(`${what}: got ${got}, expected ${want} ± ${bound}`);
  }
}

function expectSameArray(what: string, got: ArrayLike<number>, want: ArrayLike<number>): void {
  for (let i = 0; i < want.length; i++) {
    if (!Object.is(got[i], want[i])) throw new Mismatch(`${what}: element ${i}: got ${got[i]}, expected ${want[i]}`);
  }
}

export const roundUp = (value: number, step: number): number => Math.ceil(value / step) * step;
const clamp = (value: number, limit: number): number => Math.min(Math.max(value, -limit), limit);
const sat8 = (value: number): number => Math.min(Math.max(value, -128), 127);
const sat16 = (value: number): number => Math.min(Math.max(value, -32768), 32767);

/** Lengths around every multiple of a vector step, and around the windows of 4096 columns. */
const SHORT = [32, 64, 96, 128, 160, 192, 224, 256, 288, 480, 512, 544] as const;
const LONG = [4032, 4064, 4096, 4128, 4160, 8160, 8192, 8224, 12320] as const;
/** Misalignments of up to three operands, in 16 bytes: each of the 64 once. */
const shiftsOf = (i: number): readonly [number, number, number] => [i & 3, (i >> 2) & 3, (i >> 4) & 3];
export const pattern = (i: number): PatternName => PATTERNS[i % PATTERNS.length] as PatternName;

// ---- dots --------------------------------------------------------------------------------------------------------

export interface DotSpec {
  readonly x: Operand;
  readonly z: Operand;
  readonly oracle: (x: Numbers, z: Numbers) => number;
  /** Constant operands that come closest to the bounds of docs/numerics.md §9. */
  readonly worst: readonly (readonly [x: number, z: number])[];
}

/** Σ xⱼzⱼ of integers below 2⁵³: exact in float64 whatever the order. */
export function dotExact(x: Numbers, z: Numbers): number {
  let sum = 0;
  for (let j = 0; j < x.length; j++) sum += at(x, j) * at(z, j);
  return sum;
}

/** The documented order of float32 sums. */
export function dotReal(x: Numbers, z: Numbers): number {
  return dotFloat32(x as Float32Array, 0, z as Float32Array, 0, x.length);
}

export function checkDot({ x, z, oracle, worst }: DotSpec): Check {
  return (kernel, memory) => {
    const dice = new Dice(8);
    let cases = 0;
    const judge = (what: string, xs: Numbers, zs: Numbers): void => {
      const [xShift, zShift] = shiftsOf(cases++);
      memory.reset();
      const got = kernel(memory.input(xs, xShift), memory.input(zs, zShift), xs.length);
      expectSame(`${what}, ${xs.length} columns, shifts ${xShift} ${zShift}`, got, oracle(xs, zs));
      memory.verify();
    };
    const judgePatterns = (length: number, first: PatternName, second: PatternName): void => {
      judge(
        `${first} · ${second}`,
        pack(x.storage, fill(first, length, x, dice)),
        pack(z.storage, fill(second, length, z, dice)),
      );
    };
    for (const length of SHORT) for (const a of PATTERNS) for (const b of PATTERNS) judgePatterns(length, a, b);
    for (const length of LONG) {
      for (let i = 0; i < PATTERNS.length; i++) judgePatterns(length, pattern(i), pattern(i + length / 32));
    }
    for (const length of [...SHORT, ...LONG]) {
      for (const [a, b] of worst) {
        judge(`all ${a} · ${b}`, pack(x.storage, Array(length).fill(a)), pack(z.storage, Array(length).fill(b)));
      }
    }
    // each column counts once: a unit vector at every place
    for (let hot = 0; hot < 544; hot += 7) {
      const xs = pack(x.storage, fill("random", 544, x, dice));
      const zs = pack(z.storage, fill("zeros", 544, z, dice));
      zs[hot] = 1;
      judge(`unit vector ${hot}`, xs, zs);
    }
    if (!z.isWhole) {
      for (const scale of [2 ** -146, 2 ** -80, 2 ** 61]) {
        const xs = fill("random", 160, x, dice).map((value) => value * scale);
        judge(`scale ${scale}`, pack("F32", xs), pack("F32", fill("random", 160, z, dice)));
      }
    }
    return cases;
  };
}

// ---- fused passes --------------------------------------------------------------------------------------------------

export interface FusedSpec {
  readonly x: Operand;
  readonly z: Operand;
  readonly kMax: number;
  readonly sMax: number;
  /** New z of one column (docs/numerics.md §5). */
  readonly update: (z: number, k: number, x: number, r: number, s: number) => number;
}

/** int8 codes and int8 z. */
export const updateI8I8: FusedSpec["update"] = (z, k, x, r, s) => {
  const u = sat8((Math.abs(k) * x + r) >> s);
  return sat8(k > 0 ? z + u : z - u);
};
/** int8 codes and int16 z. */
export const updateI8I16: FusedSpec["update"] = (z, k, x, r, s) => sat16(z + ((k * x + r) >> s));
/** int16 codes and int16 z. */
export const updateI16I16: FusedSpec["update"] = (z, k, x, r, s) => sat16(z + sat16((k * x + r) >> s));

const LANE_RULES = {
  random: (dice: Dice) => Uint16Array.from({ length: 8 }, () => dice.bits() >>> 16),
  zero: () => new Uint16Array(8),
  max: () => new Uint16Array(8).fill(65535),
  nearest: () => new Uint16Array(8).fill(32768),
  distinct: () => Uint16Array.from({ length: 8 }, (_, i) => 8191 * (i + 1)),
} as const;
type LaneRule = keyof typeof LANE_RULES;
const LANE_NAMES = Object.keys(LANE_RULES) as readonly LaneRule[];

export function checkFused({ x, z, kMax, sMax, update }: FusedSpec): Check {
  return (kernel, memory) => {
    const dice = new Dice(16);
    let cases = 0;
    /** y null: the next row is this row. */
    const judge = (
      what: string,
      zs: Numbers,
      xs: Numbers,
      ys: Numbers | null,
      k: number,
      s: number,
      lanes: Uint16Array,
    ): void => {
      const columns = xs.length;
      const [zShift, xShift, yShift] = shiftsOf(cases++);
      memory.reset();
      // as the run stores them: the top s bits of a lane, or the whole lane when s > 16
      const stored = lanes.map((lane) => (s === 0 ? 0 : s <= 16 ? lane >>> (16 - s) : lane));
      const zPointer = memory.inout(zs, zShift);
      const xPointer = memory.input(xs, xShift);
      const yPointer = ys === null ? xPointer : memory.input(ys, yShift);
      const got = kernel(zPointer, xPointer, yPointer, columns, k, s, memory.input(stored));
      const after = viewOf(memory, z.storage, zPointer, columns);
      const next = ys ?? xs;
      const label = (): string => `${what}, ${columns} columns, k ${k}, s ${s}, shifts ${zShift} ${xShift} ${yShift}`;
      let dot = 0;
      for (let j = 0; j < columns; j++) {
        const want = update(at(zs, j), k, at(xs, j), roundingBits(at(lanes, j & 7), s, true), s);
        if (after[j] !== want) {
          throw new Mismatch(`${label()}: z[${j}] from ${zs[j]}: got ${after[j]}, expected ${want}`);
        }
        dot += want * at(next, j);
      }
      expectEqual(`${label()}: dot`, got, dot);
      memory.verify();
    };
    const draw = (name: PatternName, count: number, operand: Operand): Numbers =>
      pack(operand.storage, fill(name, count, operand, dice));

    // every shift, every kind of coefficient, every kind of lanes
    for (let s = 0; s <= sMax; s++) {
      for (const k of [kMax, -kMax, 0, 1, -1, dice.between(2, kMax), -dice.between(2, kMax)]) {
        for (const name of LANE_NAMES) {
          const [a, b, c] = [pattern(cases), pattern(cases * 7 + 3), pattern(cases * 5 + 1)];
          const lanes = LANE_RULES[name](dice);
          judge(`${a} += ${b}, ${name} lanes`, draw(a, 96, z), draw(b, 96, x), draw(c, 96, x), k, s, lanes);
        }
        judge("same row twice", draw("random", 64, z), draw("random", 64, x), null, k, s, LANE_RULES.random(dice));
      }
    }
    // every pair of patterns, at lengths around the unrolling
    for (const length of [32, 64, 96, 128, 160, 288]) {
      for (const a of PATTERNS) {
        for (const b of PATTERNS) {
          const s = dice.between(0, sMax);
          const k = dice.between(-kMax, kMax);
          const ys = draw(pattern(cases), length, x);
          judge(`${a} += ${b}`, draw(a, length, z), draw(b, length, x), ys, k, s, LANE_RULES.random(dice));
        }
      }
    }
    // saturation from both sides, rounding offsets at their largest
    for (const zValue of [z.low, z.low + 1, -1, 0, 1, z.high - 1, z.high]) {
      for (const xValue of [x.low, -1, 0, 1, x.high]) {
        for (const s of [0, 1, sMax >> 1, sMax]) {
          const full = (operand: Operand, value: number): Numbers => pack(operand.storage, Array(64).fill(value));
          const ys = draw("alternating", 64, x);
          for (const k of [kMax, -kMax]) judge("limits", full(z, zValue), full(x, xValue), ys, k, s, LANE_RULES.max());
        }
      }
    }
    // long rows; the largest possible dot, all z at the limit against all y at theirs
    for (const length of LONG) {
      for (let i = 0; i < 6; i++) {
        const [a, b, c] = [pattern(cases), pattern(cases * 5 + 2), pattern(cases * 7 + 4)];
        const lanes = LANE_RULES.random(dice);
        const [k, s] = [dice.between(-kMax, kMax), dice.between(0, sMax)];
        judge(`${a} += ${b}`, draw(a, length, z), draw(b, length, x), draw(c, length, x), k, s, lanes);
      }
      for (const [zName, yName] of [
        ["min", "max"],
        ["min", "min"],
        ["max", "max"],
        ["max", "min"],
      ] as const) {
        judge(
          "worst",
          draw(zName, length, z),
          draw("zeros", length, x),
          draw(yName, length, x),
          kMax,
          sMax,
          LANE_RULES.zero(),
        );
        judge(
          "worst",
          draw(zName, length, z),
          draw("max", length, x),
          draw(yName, length, x),
          kMax,
          0,
          LANE_RULES.zero(),
        );
      }
    }
    return cases;
  };
}

/** Float32 z: z = fround(z + fround(k·x)), then the documented float32 dot; x and y of any storage. */
export function checkFusedReal(x: Operand): Check {
  return (kernel, memory) => {
    const dice = new Dice(32);
    let cases = 0;
    const judge = (what: string, zs: Numbers, xs: Numbers, ys: Numbers | null, k: number): void => {
      const columns = xs.length;
      const [zShift, xShift, yShift] = shiftsOf(cases++);
      memory.reset();
      const zPointer = memory.inout(zs, zShift);
      const xPointer = memory.input(xs, xShift);
      const yPointer = ys === null ? xPointer : memory.input(ys, yShift);
      const got = kernel(zPointer, xPointer, yPointer, columns, k);
      const want = new Float32Array(columns);
      for (let j = 0; j < columns; j++) want[j] = at(zs, j) + Math.fround(k * at(xs, j));
      expectSameArray(`${what}, ${columns} columns, k ${k}: z`, memory.f32(zPointer, columns), want);
      expectSame(`${what}, ${columns} columns, k ${k}: dot`, got, dotReal((ys ?? xs) as Float32Array, want));
      memory.verify();
    };
    const draw = (name: PatternName, count: number, operand: Operand): Numbers =>
      pack(operand.storage, fill(name, count, operand, dice));
    const f = Math.fround;
    for (const length of [...SHORT, ...LONG]) {
      for (let i = 0; i < 9; i++) {
        for (const k of [f(dice.normal()), f(dice.normal() * 1e-6), 0, 1]) {
          const [a, b, c] = [pattern(i), pattern(i * 5 + cases), pattern(i * 7 + cases + 1)];
          judge(`${a} += ${b}`, draw(a, length, REAL32), draw(b, length, x), draw(c, length, x), k);
          if (length > 1000) break;
        }
      }
      judge("same row twice", draw("random", length, REAL32), draw("random", length, x), null, f(dice.normal()));
    }
    for (const k of [2 ** -149, -(2 ** -140), f(1e30), f(-1e-30), -0]) {
      judge("extreme k", draw("random", 96, REAL32), draw("random", 96, x), draw("random", 96, x), k);
    }
    return cases;
  };
}

/** m = sat16(k·x + h); y = sat16(256·z − m); z = sat16(y + r) >> 8. */
export const updatePublished = (z: number, k: number, x: number, h: number, r: number): number =>
  sat16(sat16(256 * z - sat16(k * x + h)) + r) >> 8;

export const checkPublished: Check = (kernel, memory) => {
  const dice = new Dice(64);
  let cases = 0;
  const judge = (zs: Numbers, xs: Numbers, ys: Numbers | null, k: number, hs: Numbers, rs: Uint16Array): void => {
    const columns = xs.length;
    const [zShift, xShift, yShift] = shiftsOf(cases++);
    memory.reset();
    const zPointer = memory.inout(zs, zShift);
    const xPointer = memory.input(xs, xShift);
    const yPointer = ys === null ? xPointer : memory.input(ys, yShift);
    const hPointer = memory.input(hs, (cases >> 6) & 3);
    const got = kernel(zPointer, xPointer, yPointer, columns, k, hPointer, memory.input(rs));
    const after = memory.i8(zPointer, columns);
    let dot = 0;
    for (let j = 0; j < columns; j++) {
      const want = updatePublished(at(zs, j), k, at(xs, j), at(hs, j), at(rs, j & 7));
      if (after[j] !== want) {
        throw new Mismatch(
          `${columns} columns, k ${k}: z[${j}] from ${zs[j]}, x ${xs[j]}, h ${hs[j]}, r ${rs[j & 7]}: got ${after[j]}, expected ${want}`,
        );
      }
      dot += want * at(ys ?? xs, j);
    }
    expectEqual(`${columns} columns, k ${k}: dot`, got, dot);
    memory.verify();
  };
  const draw = (name: PatternName, count: number, operand: Operand): Numbers =>
    pack(operand.storage, fill(name, count, operand, dice));
  const offsets = (i: number): Uint16Array =>
    Uint16Array.from({ length: 8 }, () => [dice.below(256), 0, 255, 128][i & 3] as number);
  for (const k of [-128, 127, 0, 1, -1, 60, -77]) {
    for (const a of PATTERNS) {
      for (const b of PATTERNS) {
        for (const c of [pattern(cases), pattern(cases * 4 + 5)]) {
          const length = SHORT[cases % SHORT.length] as number;
          const ys = cases % 11 === 0 ? null : draw(pattern(cases), length, CODE8);
          judge(draw(a, length, FULL8), draw(b, length, CODE8), ys, k, draw(c, length, FULL16), offsets(cases));
        }
      }
    }
  }
  for (const length of LONG) {
    for (const [zName, yName] of [
      ["min", "max"],
      ["max", "max"],
      ["random", "random"],
    ] as const) {
      const still = draw("zeros", length, FULL16);
      judge(
        draw(zName, length, FULL8),
        draw("zeros", length, CODE8),
        draw(yName, length, CODE8),
        127,
        still,
        offsets(1),
      );
      const moved = draw("random", length, FULL16);
      judge(
        draw(zName, length, FULL8),
        draw("random", length, CODE8),
        draw(yName, length, CODE8),
        -99,
        moved,
        offsets(0),
      );
    }
  }
  return cases;
};

/** Codes of z at either limit of their type. */
export function checkCountLimits(operand: Operand): Check {
  return (kernel, memory) => {
    const dice = new Dice(2);
    let cases = 0;
    for (const length of [1, 7, 16, 33, 4096, 4097]) {
      for (const name of PATTERNS) {
        memory.reset();
        const zs = pack(operand.storage, fill(name, length, operand, dice));
        if (name === "avoidMin") zs[length - 1] = operand.low;
        const want = Array.from(zs).filter((code) => code === operand.low || code === operand.high).length;
        expectEqual(`${name}, ${length} codes`, kernel(memory.input(zs, cases++ & 3), length), want);
        memory.verify();
      }
    }
    return cases;
  };
}

/** Σ |code| over the negative codes of each row, int32. */
export const checkNegativeSums: Check = (kernel, memory) => {
  const dice = new Dice(43);
  let cases = 0;
  for (const columns of [32, 64, 96, 160, 4096, 4128, 8224]) {
    for (const name of PATTERNS) {
      const rows = 1 + (cases % 3);
      const stride = columns + 16 * (cases % 4);
      const codes = fill(name, rows * columns, CODE8, dice);
      memory.reset();
      const out = memory.output(rows * 4);
      kernel(memory.input(layOut("I8", codes, rows, columns, stride), cases & 3), stride, rows, columns, out);
      for (let i = 0; i < rows; i++) {
        const want = codes.subarray(i * columns, (i + 1) * columns).reduce((sum, code) => sum + Math.max(0, -code), 0);
        expectEqual(`${name}, ${rows} × ${columns}, row ${i}`, memory.core.view().getInt32(out + 4 * i, true), want);
      }
      memory.verify();
      cases++;
    }
  }
  return cases;
};

/** A random order of 0 … count − 1, u32. */
export const checkPermutation: Check = (kernel, memory) => {
  let cases = 0;
  for (const seed of [1, 0x9e3779b9, 2 ** 32 - 1]) {
    for (const count of [1, 2, 3, 4, 5, 31, 32, 33, 1000, 40_000]) {
      memory.reset();
      const out = memory.output(count * 4);
      kernel(seed, count, out);
      memory.verify();
      const view = memory.core.view();
      permutation(seed, count).forEach((want, i) => {
        expectEqual(`seed ${seed}, ${count} rows, place ${i}`, view.getUint32(out + 4 * i, true), want);
      });
      cases++;
    }
  }
  return cases;
};

// ---- rows of any storage -------------------------------------------------------------------------------------------

/** rows × cols values in rows of `stride` bytes; what lies between holds POISON. */
export function layOut(
  storage: Storage,
  values: ArrayLike<number>,
  rows: number,
  cols: number,
  stride: number,
): Uint8Array {
  const out = new Uint8Array(rows * stride).fill(POISON);
  for (let i = 0; i < rows; i++) {
    const row = typed(storage, cols);
    for (let j = 0; j < cols; j++) row[j] = at(values, i * cols + j);
    out.set(new Uint8Array(row.buffer), i * stride);
  }
  return out;
}

const LIMITS: Readonly<Record<"I8" | "U8" | "I16", Range>> = {
  I8: { low: -128, high: 127, isWhole: true },
  U8: { low: 0, high: 255, isWhole: true },
  I16: { low: -32768, high: 32767, isWhole: true },
};

/** Values as users have them, exact in `storage`. */
function sourceValues(storage: Storage, count: number, dice: Dice, style: number): Float64Array {
  if (storage !== "F32" && storage !== "F64") return fill(pattern(style), count, LIMITS[storage], dice);
  const round = storage === "F32" ? Math.fround : (x: number): number => x;
  const huge = storage === "F32" ? 1e38 : 1e300;
  const rules: readonly (() => number)[] = [
    () => dice.normal(),
    () => 100 + dice.normal(),
    () => dice.cauchy() * 10,
    () => dice.between(-300, 300),
    () => dice.between(-200, 200) + 0.5,
    () => dice.pick([huge, -huge, 0, -0, 1e-30, 1]),
    () => dice.sign() * dice.pick([126.4, 126.5, 127.49, 127.5, 128, 32766.5, 32767.4, 32767.5]),
  ];
  const rule = rules[style % rules.length] as () => number;
  return Float64Array.from({ length: count }, () => round(rule()));
}

const STYLES = 9;

/** Offsets and inverse scales a column may get. */
function scalesFor(cols: number, dice: Dice, style: number): { offset: Float64Array; inverse: Float64Array } {
  const isPlain = style % 3 === 0;
  return {
    offset: Float64Array.from({ length: cols }, () => (isPlain ? dice.between(-2, 2) : dice.normal())),
    inverse: Float64Array.from({ length: cols }, () =>
      isPlain ? dice.pick([1, 1, 2, 42, 127]) : dice.pick([1, 127, 32767]) * Math.exp(dice.normal()),
    ),
  };
}

export interface QuantizeSpec {
  readonly from: Storage;
  readonly to: "I8" | "I16" | "F32";
}

/** Step 5 of docs/numerics.md §2, before the clamp. */
export const wideCode = (x: number, offset: number, inverse: number): number =>
  Math.floor((x - offset) * inverse + 0.5);

export function checkQuantize({ from, to }: QuantizeSpec): Check {
  return (kernel, memory) => {
    const dice = new Dice(5);
    const Q = to === "I8" ? 127 : 32767;
    let cases = 0;
    for (const cols of [1, 3, 16, 31, 33, 100]) {
      for (let style = 0; style < STYLES; style++) {
        for (const intercept of [0, to === "F32" ? 1 : Q]) {
          const rows = 1 + (cases % 5);
          const stride = roundUp(cols * BYTES[from], 16) + 16 * (cases % 3);
          const codeStride = roundUp((cols + 1) * BYTES[to], 16) + 16 * (cases % 2);
          const values = sourceValues(from, rows * cols, dice, style);
          const { offset, inverse } = scalesFor(cols, dice, style);
          memory.reset();
          const codes = memory.inout(new Uint8Array(rows * codeStride), cases & 3);
          kernel(
            memory.input(layOut(from, values, rows, cols, stride)),
            stride,
            rows,
            cols,
            memory.input(offset),
            memory.input(inverse),
            codes,
            codeStride,
            intercept,
          );
          const want = new Uint8Array(rows * codeStride);
          for (let i = 0; i < rows; i++) {
            const row = typed(to, cols + 1);
            for (let j = 0; j < cols; j++) {
              const x = at(values, i * cols + j);
              if (to === "F32") row[j] = (x - at(offset, j)) / at(inverse, j);
              else row[j] = clamp(wideCode(x, at(offset, j), at(inverse, j)), Q);
            }
            row[cols] = intercept;
            want.set(new Uint8Array(row.buffer), i * codeStride);
          }
          const what = `style ${style}, ${rows} × ${cols}, intercept ${intercept}`;
          expectSameArray(`${what}: bytes of the codes`, memory.u8(codes, want.length), want);
          memory.verify();
          cases++;
        }
      }
    }
    return cases;
  };
}

export function checkCountClipped(from: "F64" | "F32"): Check {
  return (kernel, memory) => {
    const dice = new Dice(6);
    let cases = 0;
    for (const cols of [1, 3, 16, 33]) {
      for (let style = 0; style < STYLES; style++) {
        for (const limit of [127, 32767]) {
          const rows = 1 + (cases % 20);
          const stride = roundUp(cols * BYTES[from], 16) + 16 * (cases % 3);
          const values = sourceValues(from, rows * cols, dice, style);
          const { offset, inverse } = scalesFor(cols, dice, style);
          memory.reset();
          const got = kernel(
            memory.input(layOut(from, values, rows, cols, stride)),
            stride,
            rows,
            cols,
            memory.input(offset),
            memory.input(inverse),
            limit,
          );
          let want = 0;
          for (let i = 0; i < rows; i++) {
            let isClipped = false;
            for (let j = 0; j < cols; j++) {
              isClipped ||= Math.abs(wideCode(at(values, i * cols + j), at(offset, j), at(inverse, j))) > limit;
            }
            want += isClipped ? 1 : 0;
          }
          expectEqual(`style ${style}, ${rows} × ${cols}, limit ${limit}`, got, want);
          memory.verify();
          cases++;
        }
      }
    }
    return cases;
  };
}

/** docs/numerics.md §3. */
const code16 = (x: number, offset: number, inverse: number): number =>
  clamp(Math.floor((x - offset) * 256 * inverse + 0.5), 32512);

export function checkPlanes(from: Storage): Check {
  return (kernel, memory) => {
    const dice = new Dice(7);
    let cases = 0;
    const judge = (
      values: Float64Array,
      rows: number,
      cols: number,
      offset: Float64Array,
      inverse: Float64Array,
      intercept: number,
    ): void => {
      const stride = roundUp(cols * BYTES[from], 16) + 16 * (cases % 3);
      const codeStride = roundUp(cols + 1, 32);
      memory.reset();
      const high = memory.inout(new Uint8Array(rows * codeStride), cases & 3);
      const low = memory.inout(new Uint8Array(rows * codeStride), cases & 3);
      kernel(
        memory.input(layOut(from, values, rows, cols, stride)),
        stride,
        rows,
        cols,
        memory.input(offset),
        memory.input(inverse),
        high,
        low,
        codeStride,
        intercept,
      );
      const wantHigh = new Int8Array(rows * codeStride);
      const wantLow = new Int8Array(rows * codeStride);
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < cols; j++) {
          const { hi, lo } = splitPlanes(code16(at(values, i * cols + j), at(offset, j), at(inverse, j)));
          wantHigh[i * codeStride + j] = hi;
          wantLow[i * codeStride + j] = lo;
        }
        wantHigh[i * codeStride + cols] = intercept;
      }
      expectSameArray(`${rows} × ${cols}: high`, memory.i8(high, wantHigh.length), wantHigh);
      expectSameArray(`${rows} × ${cols}: low`, memory.i8(low, wantLow.length), wantLow);
      memory.verify();
      cases++;
    };
    for (const cols of [1, 3, 16, 31, 33, 100]) {
      for (let style = 0; style < STYLES; style++) {
        const rows = 1 + (cases % 4);
        const { offset, inverse } = scalesFor(cols, dice, style);
        judge(sourceValues(from, rows * cols, dice, style), rows, cols, offset, inverse, cases & 1 ? 127 : 0);
      }
    }
    // every code once, and one step beyond both limits: x = 0 with offset = −x16/256
    const all = Float64Array.from({ length: 2 * 32514 + 1 }, (_, i) => i - 32514);
    const none = new Float64Array(all.length);
    judge(
      none,
      1,
      all.length,
      all.map((code) => -code / 256),
      none.map(() => 1),
      127,
    );
    // and, where x itself can hold them, as x = x16 with 256·inverseScale = 1
    if (from === "F64" || from === "F32" || from === "I16") {
      judge(
        all,
        1,
        all.length,
        none,
        none.map(() => 1 / 256),
        127,
      );
    }
    return cases;
  };
}

export const checkDecodePlanes: Check = (kernel, memory) => {
  const dice = new Dice(9);
  let cases = 0;
  const judge = (codes: Float64Array, rows: number, cols: number, scale: Float64Array, offset: Float64Array): void => {
    const stride = roundUp(cols + 1, 32);
    const outStride = roundUp(cols * 8, 16) + 16 * (cases % 3);
    const split = Array.from(codes, (code) => splitPlanes(code));
    memory.reset();
    const out = memory.output(rows * outStride, cases & 3);
    kernel(
      memory.input(
        layOut(
          "I8",
          split.map(({ hi }) => hi),
          rows,
          cols,
          stride,
        ),
      ),
      memory.input(
        layOut(
          "I8",
          split.map(({ lo }) => lo),
          rows,
          cols,
          stride,
        ),
      ),
      stride,
      rows,
      cols,
      memory.input(scale),
      memory.input(offset),
      out,
      outStride,
    );
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < cols; j++) {
        const want = at(offset, j) + at(scale, j) * at(codes, i * cols + j);
        expectEqual(`row ${i}, column ${j}`, at(memory.f64(out + i * outStride, cols), j), want);
      }
    }
    memory.verify();
    cases++;
  };
  // every x16: code → planes → the same code
  const all = Float64Array.from({ length: 2 * 32512 + 1 }, (_, i) => i - 32512);
  judge(all, 1, all.length, new Float64Array(all.length).fill(1), new Float64Array(all.length));
  for (const [rows, cols] of [
    [1, 1],
    [3, 4],
    [5, 33],
    [2, 100],
  ] as const) {
    const codes = fill("random", rows * cols, { low: -32512, high: 32512, isWhole: true }, dice);
    const scale = Float64Array.from({ length: cols }, () => Math.exp(dice.normal()));
    judge(
      codes,
      rows,
      cols,
      scale,
      Float64Array.from({ length: cols }, () => dice.normal()),
    );
  }
  return cases;
};

export function checkNarrow(from: "F64" | "F32", to: Storage): Check {
  return (kernel, memory) => {
    const dice = new Dice(10);
    let cases = 0;
    for (const [rows, cols] of [
      [1, 1],
      [2, 3],
      [3, 16],
      [4, 33],
      [1, 1000],
    ] as const) {
      for (let style = 0; style < STYLES; style++) {
        const stride = roundUp(cols * BYTES[from], 16) + 16 * (cases % 3);
        const outStride = roundUp(cols * BYTES[to], 16) + 16 * (cases % 2);
        const values = sourceValues(to, rows * cols, dice, style);
        memory.reset();
        const out = memory.output(rows * outStride, cases & 3);
        kernel(memory.input(layOut(from, values, rows, cols, stride)), stride, rows, cols, out, outStride);
        // narrowing a −0 to an integer loses its sign: it was counted as a whole number
        expectSameArray(
          `style ${style}, ${rows} × ${cols}`,
          memory.u8(out, rows * outStride),
          layOut(to, values, rows, cols, outStride),
        );
        memory.verify();
        cases++;
      }
    }
    return cases;
  };
}

// ---- statistics ----------------------------------------------------------------------------------------------------

/** Smallest and largest value, sum in the order of the rows, whether all are whole: the rows given in one call, or in two. */
export function checkStatistics(from: Storage): Check {
  return (kernel, memory) => {
    const dice = new Dice(11);
    const isFloat = from === "F64" || from === "F32";
    const step = Math.max(4, 16 / BYTES[from]);
    let cases = 0;
    const judge = (values: Float64Array, rows: number, cols: number, weights: Float64Array | null): Float64Array => {
      const width = roundUp(cols, step);
      // rows may be packed: then the kernel reads, and takes for columns, what follows the last one
      const isPacked = cases % 4 === 3 || width !== cols;
      const stride = isPacked ? cols * BYTES[from] : cols * BYTES[from] + 16 * (cases % 3);
      memory.reset();
      const x = memory.input(layOut(from, values, rows, cols, stride), cases & 3);
      const out = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 1].map((start) =>
        memory.inout(new Float64Array(width).fill(start)),
      ) as [number, number, number, number];
      const given = weights === null ? 0 : memory.input(weights);
      const first = cases % 2 === 0 ? rows : dice.between(0, rows);
      if (first > 0) kernel(x, stride, first, width, given, ...out);
      if (first < rows) kernel(x + first * stride, stride, rows - first, width, given && given + 8 * first, ...out);
      const [low, high, sum, whole] = out.map((pointer) => memory.f64(pointer, cols)) as [
        Float64Array,
        Float64Array,
        Float64Array,
        Float64Array,
      ];
      for (let j = 0; j < cols; j++) {
        // integers have no −0
        const column = Array.from({ length: rows }, (_, i) => at(values, i * cols + j) + (isFloat ? -0 : 0));
        if (!column.every(Number.isFinite)) continue;
        const what = `${rows} × ${cols}, column ${j}`;
        expectSame(`${what}: low`, at(low, j), Math.min(...column));
        expectSame(`${what}: high`, at(high, j), Math.max(...column));
        expectEqual(`${what}: whole`, at(whole, j), column.every(Number.isInteger) ? 1 : 0);
        const total = column.reduce((all, value, i) => all + value * (weights === null ? 1 : at(weights, i)), 0);
        expectSame(`${what}: sum`, at(sum, j), total);
      }
      memory.verify();
      cases++;
      return sum;
    };
    for (const cols of [1, 3, step, 2 * step, 3 * step, 36]) {
      for (let style = 0; style < STYLES; style++) {
        for (const rows of [1, 2, 37]) {
          const values = sourceValues(from, rows * cols, dice, style);
          judge(values, rows, cols, null);
          judge(
            values,
            rows,
            cols,
            Float64Array.from({ length: rows }, () => dice.uniform() * 3),
          );
        }
      }
    }
    // beyond a block of 256 rows, at the limits of the type
    for (const value of isFloat ? [0.5, 3, -0] : [LIMITS[from].low, LIMITS[from].high]) {
      for (const rows of [256, 257, 600]) judge(new Float64Array(rows * step).fill(value), rows, step, null);
    }
    if (isFloat) {
      // zeros of both signs, alone and beside values of one sign
      for (const others of [0, 1, -1]) {
        for (const cols of [4, 12]) {
          const values = Float64Array.from({ length: 5 * cols }, () => dice.pick([0, -0, others]));
          judge(values, 5, cols, null);
          judge(values, 5, cols, Float64Array.of(1, 0, 2, 1, 1));
        }
      }
      // a column of halves among whole ones, a whole value at last among others
      judge(
        Float64Array.from({ length: 600 * 12 }, (_, i) => (i % 12 === 5 ? 0.5 : i % 7)),
        600,
        12,
        null,
      );
      // a value that is not finite must not hide
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        for (const place of [0, 17, 35]) {
          for (const weights of [null, Float64Array.of(1, 0, 1), Float64Array.of(0, 1, 0)]) {
            const values = sourceValues(from, 36, dice, 0);
            values[place] = bad;
            const sum = judge(values, 3, 12, weights);
            for (let j = 0; j < 12; j++) {
              const isHere = !Number.isFinite(at(sum, j));
              if (isHere !== (place % 12 === j)) throw new Mismatch(`${bad} at ${place}: sum[${j}] tells: ${isHere}`);
            }
          }
        }
      }
    }
    return cases;
  };
}

/** Nearest whole number, ties to even. */
const nearestEven = (x: number): number => {
  const down = Math.floor(x);
  const rest = x - down;
  return rest > 0.5 || (rest === 0.5 && down % 2 !== 0) ? down + 1 : down;
};

export function checkCountBins(from: "F64" | "F32"): Check {
  return (kernel, memory) => {
    const dice = new Dice(44);
    let cases = 0;
    for (const cols of [1, 2, 5, 33, 512]) {
      for (const rows of [1, 2, 40]) {
        const stride = roundUp(cols * BYTES[from], 16) + 16 * (cases % 3);
        const isCoarse = cases % 2 === 0;
        const offset = Float64Array.from({ length: cols }, () => (isCoarse ? dice.between(-3, 3) : dice.normal()));
        const inverse = Float64Array.from({ length: cols }, (_, j) => (j % 7 === 6 ? 0 : isCoarse ? 0.5 : 1.7));
        // up to 14.9 bins from the offset; whole numbers and halves of bins where the values are coarse
        const values = Float64Array.from({ length: rows * cols }, (_, i) => {
          const far = (dice.uniform() * 2 - 1) * (isCoarse ? 29.6 : 8.6);
          return Math.fround(at(offset, i % cols) + (isCoarse ? Math.round(far) : far));
        });
        const start = Uint16Array.from({ length: cols * 32 }, () => dice.between(0, 9));
        memory.reset();
        const bins = memory.inout(start, cases & 3);
        const x = memory.input(layOut(from, values, rows, cols, stride));
        kernel(x, stride, rows, cols, memory.input(offset), memory.input(inverse), bins);
        const want = start.slice();
        values.forEach((value, i) => {
          const j = i % cols;
          const bin = 32 * j + 16 + nearestEven((value - at(offset, j)) * at(inverse, j));
          want[bin] = at(want, bin) + 1;
        });
        expectSameArray(`${rows} × ${cols}`, memory.u16(bins, want.length), want);
        memory.verify();
        cases++;
      }
    }
    return cases;
  };
}

export const checkNextCrowded: Check = (kernel, memory) => {
  const dice = new Dice(45);
  let cases = 0;
  for (const cols of [1, 2, 5, 40]) {
    for (let round = 0; round < 20; round++) {
      const bins = Uint16Array.from({ length: cols * 32 }, () => dice.between(0, 50) * dice.between(0, 1));
      // the first pair, the last one, and a pair across two columns, which is none
      if (round % 4 === 1) bins.set([60, 60], 32 * (cols - 1));
      if (round % 4 === 2) bins.set([60, 60], 32 * cols - 2);
      if (round % 4 === 3 && cols > 1) bins.set([0, 99, 99, 0], 30);
      const most = dice.between(80, 120);
      memory.reset();
      const pointer = memory.input(bins, cases & 3);
      for (let first = 0; first <= cols; first++) {
        let want = -1;
        for (let j = cols - 1; j >= first; j--) {
          for (let i = 32 * j; i < 32 * j + 31; i++) if (at(bins, i) + at(bins, i + 1) > most) want = j;
        }
        expectEqual(`${cols} columns from ${first}, most ${most}`, kernel(pointer, first, cols, most), want);
      }
      memory.verify();
      cases++;
    }
  }
  return cases;
};

/** The xor of the words at multiples of 64 bytes. */
export const checkTouch: Check = (kernel, memory) => {
  const dice = new Dice(46);
  let cases = 0;
  for (const bytes of [512, 1024, 4608]) {
    const words = Int32Array.from({ length: bytes / 4 }, () => dice.bits());
    memory.reset();
    const want = words.reduce((xor, word, i) => (i % 16 === 0 ? xor ^ word : xor), 0);
    expectEqual(`${bytes} bytes`, kernel(memory.input(words, cases & 3), bytes), want);
    memory.verify();
    cases++;
  }
  return cases;
};

/** Rows moved apart, from elsewhere and from the end of their own place. */
export const checkSpread: Check = (kernel, memory) => {
  const dice = new Dice(47);
  let cases = 0;
  for (const rowBytes of [1, 3, 15, 16, 17, 100, 492]) {
    for (const rows of [1, 2, 5, 40]) {
      for (const isInPlace of [true, false]) {
        const stride = roundUp(rowBytes, 16) + 16 * (cases % 3);
        const packed = Uint8Array.from({ length: rows * rowBytes }, () => dice.bits() & 255);
        memory.reset();
        const out = memory.output(rows * stride, cases & 3);
        const x = isInPlace ? out + rows * stride - packed.length : memory.input(packed, cases & 1);
        memory.u8(x, packed.length).set(packed);
        kernel(x, rowBytes, rows, out, stride);
        const want = new Uint8Array(rows * stride);
        for (let i = 0; i < rows; i++) want.set(packed.subarray(i * rowBytes, (i + 1) * rowBytes), i * stride);
        const what = `${rows} rows of ${rowBytes} bytes, ${isInPlace ? "in place" : "apart"}`;
        expectSameArray(what, memory.u8(out, want.length), want);
        memory.verify();
        cases++;
      }
    }
  }
  return cases;
};

export function checkFirstNotFinite(from: "F64" | "F32"): Check {
  return (kernel, memory) => {
    const dice = new Dice(12);
    let cases = 0;
    const judge = (values: Float64Array, rows: number, cols: number, want: number): void => {
      const stride = roundUp(cols * BYTES[from], 16) + 16 * (1 + (cases % 3));
      const bytes = layOut(from, values, rows, cols, stride);
      // what lies between the rows is not looked at, even when it is not finite
      const isPoisoned = cases % 2 === 0;
      if (isPoisoned)
        for (let i = 0; i < rows; i++) bytes.fill(0xff, i * stride + cols * BYTES[from], (i + 1) * stride);
      memory.reset();
      expectEqual(`${rows} × ${cols}`, kernel(memory.input(bytes, cases & 3), stride, rows, cols), want);
      memory.verify();
      cases++;
    };
    const largest = from === "F32" ? 3.4028234663852886e38 : Number.MAX_VALUE;
    for (const [rows, cols] of [
      [1, 1],
      [1, 5],
      [4, 3],
      [7, 16],
      [5, 33],
    ] as const) {
      for (let style = 0; style < STYLES; style++) judge(sourceValues(from, rows * cols, dice, style), rows, cols, -1);
      judge(new Float64Array(rows * cols).fill(largest), rows, cols, -1);
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        for (const place of [0, (rows * cols) >> 1, rows * cols - 1]) {
          const values = sourceValues(from, rows * cols, dice, 0);
          values[place] = bad;
          judge(values, rows, cols, place);
          values[rows * cols - 1] = Number.NaN;
          judge(values, rows, cols, place);
        }
      }
    }
    return cases;
  };
}

export const checkFitsFloat32: Check = (kernel, memory) => {
  const dice = new Dice(13);
  let cases = 0;
  const judge = (values: Float64Array): void => {
    memory.reset();
    const want = values.every((value) => Math.fround(value) === value) ? 1 : 0;
    expectEqual(`${values.length} values`, kernel(memory.input(values, cases & 3), values.length), want);
    memory.verify();
    cases++;
  };
  const odd = [0.1, 1e300, -1e39, 2 ** -150, 16777217, 1 + 2 ** -24, 3.4028235677973366e38, 2 ** -149 * 1.5];
  for (const count of [1, 2, 3, 8, 33, 1000]) {
    const fitting = Float64Array.from({ length: count }, () => Math.fround(dice.cauchy()));
    judge(fitting);
    judge(fitting.map(() => dice.pick([0, -0, 2 ** -149, 3.4028234663852886e38, 16777216])));
    for (const place of [0, count >> 1, count - 1]) {
      for (const value of odd) {
        const values = fitting.slice();
        values[place] = value;
        judge(values);
      }
    }
  }
  return cases;
};

export function checkSample(from: "F64" | "F32"): Check {
  return (kernel, memory) => {
    const dice = new Dice(14);
    let cases = 0;
    for (const rows of [1, 2, 7, 100]) {
      for (const step of [1, 2, 3, 7, 100, 101]) {
        const cols = 5;
        const stride = roundUp(cols * BYTES[from], 16) + 16 * (cases % 3);
        const values = sourceValues(from, rows * cols, dice, cases);
        const count = Math.ceil(rows / step);
        const j = cases % cols;
        memory.reset();
        const out = memory.output(count * 8);
        const got = kernel(memory.input(layOut(from, values, rows, cols, stride)), stride, rows, step, j, out);
        expectEqual(`${rows} rows, step ${step}: count`, got, count);
        const want = Float64Array.from({ length: count }, (_, i) => at(values, i * step * cols + j));
        expectSameArray(`${rows} rows, step ${step}`, memory.f64(out, count), want);
        memory.verify();
        cases++;
      }
    }
    return cases;
  };
}

/** Values a median may meet: ties, constants, sorted both ways, one value, outliers. */
function* samples(dice: Dice): Generator<Float64Array> {
  for (let count = 1; count <= 40; count++) {
    const rules: readonly ((i: number) => number)[] = [
      () => dice.normal(),
      () => dice.between(0, 3),
      () => 7,
      (i) => i,
      (i) => -i,
      (i) => Math.min(i, count - i),
      (i) => (i & 1 ? 1 : -1),
      (i) => (i === 0 ? 1e300 : 0),
      () => dice.cauchy(),
    ];
    for (const rule of rules) yield Float64Array.from({ length: count }, (_, i) => rule(i));
  }
  for (const count of [1000, 4095, 4096]) {
    yield Float64Array.from({ length: count }, () => dice.cauchy());
    yield Float64Array.from({ length: count }, (_, i) => i % 17);
  }
}

/** Element (m − 1) >> 1 of the m sorted values (docs/numerics.md §2, step 3); the kernel may reorder them, no more. */
export const checkLowerMedian: Check = (kernel, memory) => {
  let cases = 0;
  for (const values of samples(new Dice(15))) {
    memory.reset();
    const pointer = memory.inout(values, cases & 3);
    expectEqual(`${values.length} values`, kernel(pointer, values.length), lowerMedian(values));
    expectSameArray(
      `${values.length} values, sorted`,
      memory.f64(pointer, values.length).slice().sort(),
      values.slice().sort(),
    );
    memory.verify();
    cases++;
  }
  return cases;
};

/** mad: lower median of |x − median| (docs/numerics.md §2, step 3). */
export const checkDeviation: Check = (kernel, memory) => {
  const dice = new Dice(42);
  let cases = 0;
  for (const values of samples(new Dice(15))) {
    const median = cases % 5 === 4 ? dice.normal() : lowerMedian(values);
    const want = lowerMedian(values.map((value) => Math.abs(value - median)));
    memory.reset();
    expectEqual(`${values.length} values`, kernel(memory.inout(values, cases & 3), values.length, median), want);
    memory.verify();
    cases++;
  }
  return cases;
};

/** Σ min(|x − offset|, reach)² and Σ (x − offset)² of listed columns in units of top, in the order of the rows: in one call, or in two. */
export function checkKeptSquares(storage: "F64" | "F32"): Check {
  return (kernel, memory) => {
    const dice = new Dice(43);
    let cases = 0;
    for (const rows of [1, 2, 7, 200]) {
      for (const size of storage === "F64" ? [1, 1e-300, 1e300] : [1, 1e-30, 1e30]) {
        for (const list of [Int32Array.of(0, 0), Int32Array.of(4, 1), Int32Array.of(0, 1, 2, 3, 6, 5)]) {
          const cols = 7;
          const count = list.length;
          const values = Float64Array.from({ length: rows * cols }, () => dice.normal() * size);
          for (let j = 0; j < cols; j += 2) values[j] = dice.pick([30, 1e4]) * size;
          const stored = storage === "F32" ? Float64Array.from(values, Math.fround) : values;
          const offset = Float64Array.from(list, () => dice.pick([0, 0.3 * size]));
          const far = (i: number, k: number): number => Math.abs(at(stored, i * cols + at(list, k)) - at(offset, k));
          const top = Float64Array.from(list, (_, k) => Math.max(...Array.from({ length: rows }, (_, i) => far(i, k))));
          const reach = top.map((most) => dice.pick([20 * size, most, 0.5 * most]));
          const start = Float64Array.from(list, () => dice.uniform());
          const stride = roundUp(cols * BYTES[storage], 16) + 16 * (cases % 3);
          memory.reset();
          const x = memory.input(layOut(storage, stored, rows, cols, stride), cases & 3);
          const [kept, all] = [memory.inout(start), memory.inout(start)];
          const rest = [list, offset, reach, top].map((operand) => memory.input(operand));
          const first = cases % 2 === 0 ? rows : dice.between(0, rows);
          kernel(x, stride, first, count, ...rest, kept, all);
          kernel(x + first * stride, stride, rows - first, count, ...rest, kept, all);
          list.forEach((_, k) => {
            let [wantKept, wantAll] = [at(start, k), at(start, k)];
            for (let i = 0; i < rows; i++) {
              const inside = Math.min(far(i, k), at(reach, k)) / at(top, k);
              const whole = far(i, k) / at(top, k);
              wantKept += inside * inside;
              wantAll += whole * whole;
            }
            expectSame(`${rows} rows, ${size}, entry ${k}: kept`, at(memory.f64(kept, count), k), wantKept);
            expectSame(`${rows} rows, ${size}, entry ${k}: all`, at(memory.f64(all, count), k), wantAll);
          });
          memory.verify();
          cases++;
        }
      }
    }
    return cases;
  };
}

// ---- exact passes ----------------------------------------------------------------------------------------------------

/** Σ aᵢbᵢ in twice the working precision (TwoProduct by Veltkamp's split, TwoSum), and Σ |aᵢbᵢ|. */
export function preciseSum(terms: Iterable<readonly [number, number]>): { sum: number; magnitude: number } {
  let sum = 0;
  let carry = 0;
  let magnitude = 0;
  const upper = (x: number): number => {
    if (Math.abs(x) > 1e290) return x;
    const c = 134217729 * x;
    return c - (c - x);
  };
  for (const term of terms) {
    const [a, b] = [term[0], term[1]];
    const p = a * b;
    const [a1, b1] = [upper(a), upper(b)];
    const [a2, b2] = [a - a1, b - b1];
    const error = a2 * b2 - (p - a1 * b1 - a2 * b1 - a1 * b2);
    const next = sum + p;
    const part = next - sum;
    carry += sum - (next - part) + (p - part) + error;
    sum = next;
    magnitude += Math.abs(p);
  }
  return { sum: sum + carry, magnitude };
}

export type PassStorage = Storage | "Planes";
const PASS_RANGE: Readonly<Record<PassStorage, Range>> = {
  F64: { low: -1000, high: 1000, isWhole: true },
  F32: { low: -1000, high: 1000, isWhole: true },
  ...LIMITS,
  Planes: { low: -32512, high: 32512, isWhole: true },
};

/** Values of an exact copy: on a grid of 1/64 for floats (every sum exact), or any. */
function passValues(
  storage: PassStorage,
  rows: number,
  cols: number,
  dice: Dice,
  isGrid: boolean,
  style: number,
): Float64Array {
  if (storage === "F64" || storage === "F32") {
    const round = storage === "F32" ? Math.fround : (x: number): number => x;
    if (isGrid) return fill("random", rows * cols, PASS_RANGE[storage], dice).map((x) => x / 64);
    return Float64Array.from({ length: rows * cols }, () => round(style & 1 ? dice.cauchy() : dice.normal()));
  }
  return fill(pattern(style), rows * cols, PASS_RANGE[storage], dice);
}

/** The stored matrix with zero padding up to `width`; returns pointer, distance to the low plane, stride. */
function storeMatrix(
  memory: Harness,
  storage: PassStorage,
  values: Float64Array,
  rows: number,
  cols: number,
  width: number,
  shift: number,
): { x: number; low: number; stride: number } {
  const padded = new Float64Array(rows * width);
  for (let i = 0; i < rows; i++) padded.set(values.subarray(i * cols, (i + 1) * cols), i * width);
  if (storage === "Planes") {
    const stride = roundUp(width, 16) + 16 * shift;
    const split = Array.from(padded, (code) => splitPlanes(code));
    const high = layOut(
      "I8",
      split.map(({ hi }) => hi),
      rows,
      width,
      stride,
    );
    const both = new Uint8Array(2 * high.length);
    both.set(high);
    both.set(
      layOut(
        "I8",
        split.map(({ lo }) => lo),
        rows,
        width,
        stride,
      ),
      high.length,
    );
    return { x: memory.input(both, shift), low: high.length, stride };
  }
  const stride = roundUp(width * BYTES[storage], 16) + 16 * shift;
  return { x: memory.input(layOut(storage, padded, rows, width, stride), shift), low: 0, stride };
}

const CLASSES = [1, 2, 5, 7, 10] as const;

export function checkMargins(storage: PassStorage): Check {
  return (kernel, memory) => {
    const dice = new Dice(17);
    let cases = 0;
    for (const cols of [1, 4, 7, 33, 100]) {
      for (const classes of CLASSES) {
        for (const isGrid of [true, false]) {
          const rows = [1, 3, 8][cases % 3] as number;
          const width = roundUp(cols, 4) + (cases % 4 === 3 ? 4 : 0);
          const values = passValues(storage, rows, cols, dice, isGrid, cases);
          const real = (): number => (isGrid ? dice.between(-500, 500) : dice.normal());
          const w = new Float64Array(classes * width);
          for (let k = 0; k < classes; k++) for (let j = 0; j < cols; j++) w[k * width + j] = real();
          const bias = Float64Array.from({ length: classes }, real);
          memory.reset();
          const { x, low, stride } = storeMatrix(memory, storage, values, rows, cols, width, cases % 4);
          const m = memory.output(rows * classes * 8);
          kernel(x, low, stride, rows, width, memory.input(w, cases % 3), memory.input(bias), classes, m);
          const got = memory.f64(m, rows * classes);
          for (let i = 0; i < rows; i++) {
            for (let k = 0; k < classes; k++) {
              const terms: [number, number][] = [[at(bias, k), 1]];
              for (let j = 0; j < cols; j++) terms.push([at(values, i * cols + j), at(w, k * width + j)]);
              const { sum, magnitude } = preciseSum(terms);
              // grid: every partial sum is exact. Else: a product, at most `width` additions (bias among them), the reference's rounding
              const bound = isGrid ? 0 : gamma(width + 2) * magnitude;
              expectNear(
                `${rows} × ${cols}, ${classes} classes: margin ${i} ${k}`,
                at(got, i * classes + k),
                sum,
                bound,
              );
            }
          }
          memory.verify();
          cases++;
        }
      }
    }
    return cases;
  };
}

export function checkGradient(storage: PassStorage): Check {
  return (kernel, memory) => {
    const dice = new Dice(18);
    let cases = 0;
    for (const rows of [1, 31, 32, 33, 70]) {
      for (const classes of CLASSES) {
        for (const isGrid of [true, false]) {
          const cols = [1, 4, 10, 33][cases % 4] as number;
          const width = roundUp(cols, 4);
          const values = passValues(storage, rows, cols, dice, isGrid, cases);
          const real = (): number => (isGrid ? dice.between(-500, 500) : dice.normal());
          const c = Float64Array.from({ length: rows * classes }, real);
          // G += CᵀX: what stands there counts
          const before = Float64Array.from({ length: classes * width }, real);
          memory.reset();
          const { x, low, stride } = storeMatrix(memory, storage, values, rows, cols, width, cases % 4);
          const g = memory.inout(before, cases % 3);
          kernel(x, low, stride, rows, width, memory.input(c), classes, g);
          const got = memory.f64(g, classes * width);
          for (let k = 0; k < classes; k++) {
            for (let j = 0; j < cols; j++) {
              const terms: [number, number][] = [[at(before, k * width + j), 1]];
              for (let i = 0; i < rows; i++) terms.push([at(c, i * classes + k), at(values, i * cols + j)]);
              const { sum, magnitude } = preciseSum(terms);
              const bound = isGrid ? 0 : gamma(rows + 2) * magnitude;
              expectNear(`${rows} × ${cols}, ${classes} classes: G ${k} ${j}`, at(got, k * width + j), sum, bound);
            }
          }
          memory.verify();
          cases++;
        }
      }
    }
    return cases;
  };
}

// ---- exp, log and their float32 relatives ------------------------------------------------------------------------------

const FRACTION = 220n;
const ONE = 1n << FRACTION;

/** x·2^bits, exactly when x is a multiple of 2^−bits. */
function toFixed(x: number, bits: bigint): bigint {
  if (x === 0) return 0n;
  let exponent = 0;
  let m = x;
  while (!Number.isInteger(m)) {
    m *= 2;
    exponent--;
  }
  const shift = bits + BigInt(exponent);
  return shift >= 0n ? BigInt(m) << shift : BigInt(m) >> -shift;
}

/** 2·atanh(n/d)·2^bits by its series. */
function twiceAtanh(n: bigint, d: bigint, bits: bigint): bigint {
  const s = (n << bits) / d;
  const q = (s * s) >> bits;
  let power = s;
  let sum = 0n;
  for (let k = 1n; power !== 0n && power !== -1n; k += 2n) {
    sum += power / k;
    power = (power * q) >> bits;
  }
  return 2n * sum;
}

const LN2 = twiceAtanh(1n, 3n, FRACTION);

/** eᵗ = fixed·2^(power − 220). */
function bigExp(t: number): { fixed: bigint; power: number } {
  const power = Math.round(t / Math.LN2);
  const r = toFixed(t, FRACTION) - BigInt(power) * LN2;
  let term = ONE;
  let sum = 0n;
  for (let k = 1n; term !== 0n && term !== -1n; k++) {
    sum += term;
    term = ((term * r) >> FRACTION) / k;
  }
  return { fixed: sum, power };
}

/** ln x = fixed·2^−220 for normal x. */
function bigLog(x: number): bigint {
  let n = 0;
  let f = x;
  while (f >= Math.SQRT2) {
    f /= 2;
    n++;
  }
  while (f < Math.SQRT1_2) {
    f *= 2;
    n--;
  }
  const fixed = toFixed(f, FRACTION);
  return twiceAtanh(fixed - ONE, fixed + ONE, FRACTION) + BigInt(n) * LN2;
}

/** (got − true)/true in units of u = 2⁻⁵³, true = fixed·2^−bits. */
function relativeError(got: number, fixed: bigint, bits: bigint): number {
  if (!Number.isFinite(got)) return got;
  return Number(((toFixed(got, bits) - fixed) << 80n) / fixed) / 2 ** 80 / U64;
}

export interface ScalarSpec {
  readonly points: (dice: Dice) => Iterable<number>;
  /** Error of `got` at t, in units of u relative to the true value. */
  readonly error: (got: number, t: number) => number;
  /** Largest error allowed, derived where the specification of each function stands below. */
  readonly bound: number;
}

export function checkScalar({ points, error, bound }: ScalarSpec): Check {
  return (kernel) => {
    let cases = 0;
    for (const t of points(new Dice(19))) {
      const off = error(kernel(t), t);
      if (!(Math.abs(off) <= bound)) throw new Mismatch(`at ${t}: ${kernel(t)} is off by ${off} u, allowed ${bound}`);
      cases++;
    }
    return cases;
  };
}

/**
 * t = n·ln2 + r: n·ln2High and its difference to t are exact, the low part costs u·|r| ≤ 0.35 u of r, that is of eᵗ. The polynomial
 * p = r + r²/2 + … ends in one rounding of |p| ≤ 0.42 and three of r²/2 ≤ 0.06; over eʳ ≥ 0.7 that is below 0.85 u (p is below 0.3 where
 * eʳ is below 1). p + 1 rounds once: 1 u. Sum 2.2 u; Taylor remainder 0.05 u.
 */
export const EXP: ScalarSpec = {
  bound: 2.3,
  error: (got, t) => {
    const { fixed, power } = bigExp(t);
    return relativeError(got, fixed, FRACTION - BigInt(power));
  },
  *points(dice) {
    yield* [
      0,
      1,
      -1,
      0.5,
      -0.5,
      Math.LN2,
      Math.LN2 / 2,
      -Math.LN2 / 2,
      1e-20,
      -1e-20,
      2 ** -1000,
      708,
      -708,
      700,
      -700,
    ];
    for (let n = -30; n <= 30; n++) yield (n + 0.5) * Math.LN2;
    for (let i = 0; i < 1500; i++) yield dice.normal() * 10;
    for (let i = 0; i < 500; i++) yield (dice.uniform() - 0.5) * 1416;
    for (let i = 0; i < 300; i++) yield dice.normal() * 2 ** -dice.below(60);
  },
};

/**
 * s = (f − 1)/(f + 1): f − 1 exact, two roundings, 2 u of 2·atanh s; the correction term and the last addition 1.1 u more: 3.1 u for n = 0.
 * Else 3.1 u of |ln f| ≤ 0.3466 over |ln x| ≥ 0.3466, and one more addition: 4.2 u with the truncated ln2Low.
 */
export const LOG: ScalarSpec = {
  bound: 4.2,
  error: (got, x) => {
    const want = bigLog(x);
    if (want === 0n) return got === 0 ? 0 : Number.POSITIVE_INFINITY;
    return relativeError(got, want, FRACTION);
  },
  *points(dice) {
    yield* [1, 2, 0.5, Math.SQRT2, Math.SQRT1_2, 1 + 2 ** -52, 1 - 2 ** -53, 1.5, 0.75, 10, 1e300, 2 ** -1022, 1e-300];
    for (let i = 0; i < 1000; i++) yield 1 + dice.uniform() * 9;
    for (let i = 0; i < 500; i++) yield Math.exp(dice.normal() * 100);
    for (let i = 0; i < 500; i++) yield 1 + dice.normal() * 2 ** -10 * dice.uniform();
  },
};

/** x ≤ 0.414: s = x/(2 + x), two roundings as for the logarithm, 3.1 u. Above: 1 + x rounds, u over ln 1.414 ≥ 0.3464: 2.9 u + 4.2 u. */
export const LOG1P: ScalarSpec = {
  bound: 7.1,
  error: (got, x) => {
    if (x === 0) return got === 0 ? 0 : Number.POSITIVE_INFINITY;
    const bits = FRACTION + BigInt(Math.max(0, 60 - Math.floor(Math.log2(x))));
    const fixed = toFixed(x, bits);
    const off = relativeError(got, twiceAtanh(fixed, (2n << bits) + fixed, bits), bits);
    return x <= 0.41 ? (off * LOG1P.bound) / 3.1 : off;
  },
  *points(dice) {
    yield* [0, 1, 0.5, 0.41, 0.414, 0.4140001, 0.42, 2 ** -53, 1e-20, 1e-300, 2 ** -1022];
    for (let i = 0; i < 1000; i++) yield dice.uniform();
    for (let i = 0; i < 500; i++) yield Math.exp(-40 * dice.uniform());
  },
};

/** Float32 arguments in ±80: a sweep, all magnitudes, the seams between two octaves. */
function* arguments32(dice: Dice): Generator<number> {
  const f = Math.fround;
  yield* [0, -0, 80, -80, 1, -1, f(Math.LN2), f(1e-30), f(-1e-30), 2 ** -149, f(1e-10)];
  for (let n = -115; n < 115; n++)
    for (const step of [-2, -1, 0, 1, 2]) yield f(f((n + 0.5) * Math.LN2) * (1 + step * U32));
  for (let i = 0; i < 20000; i++) yield f(160 * dice.uniform() - 80);
  for (let i = 0; i < 10000; i++) yield f(dice.sign() * 80 * 2 ** (-30 * dice.uniform()));
}

/**
 * Bit-equal to the formula of docs/numerics.md §6, which itself is good: f has 0.35 u32, g = f + f·p one rounding of |g| ≤ 0.42 and small
 * change, together 1.2 u32 absolute (Taylor remainder 0.1 among them); 2ⁿ·g + 2ⁿ rounds once: 1 + 1.2/0.7 < 3 u32.
 * expm1, n ≠ 0: |eᵗ − 1| ≥ 0.29 (n = −1: 0.6 u32 of it, 2.1 u32) or ≥ 0.41 (n = 1: 2.4 u32 of it, 5.8 u32), one more rounding: 7 u32.
 */
function checkScalar32(oracle: (t: number) => number, truth: (t: number) => number, bound: number): Check {
  return (kernel) => {
    let cases = 0;
    for (const t of arguments32(new Dice(20))) {
      const got = kernel(t);
      expectSame(`at ${t}`, got, oracle(t));
      // Math.exp and Math.expm1 are good to 1 ulp of float64: 2⁻²⁸ of the bound
      expectNear(`at ${t}`, got, truth(t), bound * U32 * Math.abs(truth(t)) + 2 ** -149);
      cases++;
    }
    return cases;
  };
}

export const checkExp32 = checkScalar32(expFloat32, Math.exp, 3);
export const checkExpm132 = checkScalar32(expm1Float32, Math.expm1, 7);

// ---- losses ----------------------------------------------------------------------------------------------------------

/** In the order of the kernels' `kind`. */
export const LOSSES: readonly Loss[] = ["squared", "logistic", "softmax", "squaredHinge", "hinge", "huber"];

const labelFor = (loss: Loss, classes: number, dice: Dice): number => {
  if (loss === "softmax") return dice.below(classes);
  return loss === "squared" || loss === "huber" ? dice.normal() : dice.sign();
};

const MARGINS: readonly ((dice: Dice) => number)[] = [
  (dice) => dice.normal(),
  (dice) => dice.normal() * 1e-8,
  (dice) => dice.normal() * 30,
  (dice) => dice.sign() * 1e4,
  (dice) => dice.pick([0, 1, -1, -0, 0.5, 36, -36, 708, -709, 745, 1e-300]),
  (dice) => dice.cauchy() * 10,
];

/** Math.exp, Math.log and Math.log1p of the oracle: below 1 ulp, that is 2 u. */
const HOST = 2;
const EXP_GAP = EXP.bound + HOST;
const LOG_GAP = LOG.bound + HOST;
const LOG1P_GAP = LOG1P.bound + HOST;
/** e^−708: below it the kernel's exp is 0. */
const VANISHED = 2 ** -1021;

/**
 * Largest distance of kernel and oracle in units of u, relative to `scale`, for the value of one row. Both follow the same formula, so
 * only roundings count, and those of the argument are common to both.
 */
function valueGap(loss: Loss, margins: ArrayLike<number>, y: number, tau: number, value: number): number {
  if (loss === "squared" || loss === "squaredHinge") return 6 * value; // two products each, and the oracle's power
  if (loss === "hinge") return 2 * value;
  if (loss === "huber") return 8 * (tau * Math.abs(at(margins, 0) - y) + tau * tau);
  // max(0, −t) + log1p(e): the error of e counts at most once (its condition is below 1), then log1p and one addition each
  if (loss === "logistic") return (EXP_GAP + LOG1P_GAP + 2) * value;
  // log S, S = Σ e ≥ 1: EXP_GAP and the additions of both sums enter absolutely; then log, then two additions each
  const K = margins.length;
  return EXP_GAP + 2 * K + LOG_GAP * Math.log(K) + 4 * value;
}

function derivativeGap(loss: Loss, K: number, derivative: number, p: number): number {
  if (loss === "logistic") return (EXP_GAP + 6) * Math.abs(derivative); // e/(1 + e): condition below 1, two operations each
  // p = e/S: both e and S carry EXP_GAP, S its additions; p − 1 rounds once more
  if (loss === "softmax") return (2 * EXP_GAP + 2 * K + 4) * p + 2 * Math.abs(derivative);
  return 4 * Math.abs(derivative);
}

export const checkLossPass: Check = (kernel, memory) => {
  const dice = new Dice(21);
  let cases = 0;
  for (const [kind, loss] of LOSSES.entries()) {
    for (const classes of loss === "softmax" ? [2, 3, 10, 100] : [1]) {
      for (const rule of MARGINS) {
        for (const hasWeights of [false, true]) {
          // the sum is compensated: many rows add no error
          const isLong = rule === MARGINS[0] && classes < 3 && hasWeights;
          for (const rows of isLong ? [1, 2, 50, 20_000] : classes > 10 ? [1, 5] : [1, 2, 50]) {
            const tau = dice.pick([1, 0.5, 1.345]);
            const margins = Float64Array.from({ length: rows * classes }, () => rule(dice));
            const labels = Float64Array.from({ length: rows }, () => labelFor(loss, classes, dice));
            const weights = Float64Array.from({ length: rows }, () => (dice.below(9) === 0 ? 0 : dice.uniform() * 4));
            memory.reset();
            const c = memory.output(rows * classes * 8);
            const state = memory.output(rows * classes * 4);
            const total = kernel(
              kind,
              memory.input(margins, cases & 3),
              memory.input(labels),
              hasWeights ? memory.input(weights) : 0,
              rows,
              classes,
              tau,
              c,
              state,
            );
            const [cs, states] = [memory.f64(c, rows * classes), memory.f32(state, rows * classes)];
            const terms: [number, number][] = [];
            let gap = 0;
            for (let i = 0; i < rows; i++) {
              const m = margins.subarray(i * classes, (i + 1) * classes);
              const y = at(labels, i);
              const omega = hasWeights ? at(weights, i) : 1;
              const value = lossValue(loss, m, y, tau);
              const derivative = lossDerivative(loss, m, y, tau);
              const stateWant = stateFloat32(loss, m, y);
              const p = loss === "softmax" ? softmax(m) : derivative;
              terms.push([omega, value]);
              gap += omega * valueGap(loss, m, y, tau, value);
              for (let k = 0; k < classes; k++) {
                const judge = (part: string, got: number, want: number, off: number): void => {
                  if (Math.abs(got - want) <= off) return;
                  const what = `${loss}, ${rows} rows, row ${i}, class ${k}, margin ${m[k]}, label ${y}: ${part}`;
                  expectNear(what, got, want, off);
                };
                const d = at(derivative, k);
                const bound = (derivativeGap(loss, classes, d, Math.abs(at(p, k))) + 2 * Math.abs(d)) * omega * U64;
                judge("c", at(cs, i * classes + k), omega * d, bound + omega * VANISHED);
                if (loss === "squared") continue; // has no state
                const s = at(states, i * classes + k);
                // both round to float32 what differs by a few u64: one float32 ulp at most, half of it for each
                judge("state", s, at(stateWant, k), 2 * U32 * Math.abs(at(stateWant, k)) + 2 ** -149);
                if (!Number.isFinite(s)) throw new Mismatch(`${loss}, row ${i}, margin ${m[k]}: state ${s}`);
              }
            }
            // each product rounds once, a compensated sum twice, the reference once; (rows·u)² is the second order of the compensation
            const { sum, magnitude } = preciseSum(terms);
            const bound = (gap + 4 * magnitude) * U64 + (rows * U64) ** 2 * magnitude + rows * 4 * VANISHED;
            expectNear(`${loss}, ${rows} rows: total`, total, sum, bound);
            memory.verify();
            cases++;
          }
        }
      }
    }
  }
  return cases;
};

const CHANGES: readonly ((dice: Dice) => number)[] = [
  (dice) => dice.normal(),
  (dice) => dice.normal() * 1e-6,
  (dice) => dice.normal() * 1e-30,
  (dice) => dice.normal() * 40,
  (dice) => dice.sign() * 1e4,
  (dice) => dice.pick([0, -0, 1, -1, 2, -2, 79.9, 80, -80, 80.1, -81, 2 ** -149, 3e38, -3e38]),
];

const STATES: Readonly<Record<Loss, (dice: Dice) => number>> = {
  squared: () => 0,
  // the smaller probability, negative on the wrong side
  logistic: (dice) =>
    dice.sign() * dice.pick([dice.uniform() / 2, 1e-30 * dice.uniform(), 1e-6 * dice.uniform(), 0, 0.5]),
  softmax: (dice) => dice.uniform(),
  squaredHinge: (dice) => dice.pick([dice.normal(), 0, 1, 2, -1, 1e-8, dice.cauchy() * 100]),
  hinge: (dice) => dice.pick([dice.normal(), 0, 1, 2, -1, 1e-8, dice.cauchy() * 100]),
  huber: (dice) => dice.pick([dice.normal(), 0, 1, -1, 0.5, dice.cauchy() * 10]),
};

export const checkLossDifference: Check = (kernel) => {
  const dice = new Dice(22);
  const f = Math.fround;
  const out = new Float32Array(1);
  let cases = 0;
  for (const [kind, loss] of LOSSES.entries()) {
    if (loss === "softmax") continue;
    for (let i = 0; i < 4000; i++) {
      const change = f(dice.pick(CHANGES)(dice));
      const state = f(STATES[loss](dice));
      const y = f(labelFor(loss, 1, dice));
      const tau = f(dice.pick([1, 0.5, 1.345]));
      differenceFloat32(loss, [state], 0, [change], y, tau, out);
      const what = `${loss}: change ${change}, state ${state}, y ${y}, tau ${tau}`;
      expectEqual(what, kernel(kind, change, state, y, tau), at(out, 0));
      cases++;
    }
  }
  return cases;
};

export const checkLossDerivative: Check = (kernel) => {
  const dice = new Dice(23);
  const f = Math.fround;
  const out = new Float32Array(1);
  let cases = 0;
  for (const [kind, loss] of LOSSES.entries()) {
    if (loss === "softmax") continue;
    for (let i = 0; i < 4000; i++) {
      const margin = f(dice.pick(CHANGES)(dice));
      const y = f(labelFor(loss, 1, dice));
      const tau = f(dice.pick([1, 0.5, 1.345]));
      derivativeFloat32(loss, [margin], y, tau, out);
      expectEqual(`${loss}: margin ${margin}, y ${y}, tau ${tau}`, kernel(kind, margin, y, tau), at(out, 0));
      cases++;
    }
  }
  return cases;
};

/** `values` in an array padded to a multiple of 4, `more` floats of poison behind (the kernels read 16 bytes at a time). */
function padFour(values: Float32Array, more = 0): Float32Array {
  const out = new Float32Array(roundUp(values.length, 4) + more).fill(77);
  out.set(values);
  return out;
}

function expectPadded(what: string, got: Float32Array, want: Float32Array): void {
  for (let k = 0; k < got.length; k++) expectEqual(`${what}, class ${k}`, at(got, k), want[k] ?? 0);
}

export const checkSoftmaxDifference: Check = (kernel, memory) => {
  const dice = new Dice(24);
  let cases = 0;
  for (const classes of [2, 3, 4, 5, 7, 8, 10, 1000]) {
    for (let i = 0; i < (classes > 100 ? 30 : 300); i++) {
      const rule = dice.pick(CHANGES);
      const changes = Float32Array.from({ length: classes }, () => rule(dice));
      const style = dice.below(8);
      const sure = dice.below(classes);
      const p =
        style === 0
          ? Float32Array.from({ length: classes }, (_, k) => (k === sure ? 1 : 0))
          : style === 1
            ? new Float32Array(classes).fill(1 / classes) // all alike: the first is the likeliest
            : Float32Array.from(softmax(Array.from({ length: classes }, () => dice.normal() * 4)));
      const want = new Float32Array(classes);
      differenceFloat32("softmax", p, 0, changes, 0, 1, want);
      memory.reset();
      const padded = padFour(changes);
      const pointer = memory.inout(padded, i & 3);
      kernel(pointer, memory.input(padFour(p, 4)), classes);
      expectPadded(`${classes} classes`, memory.f32(pointer, padded.length), want);
      memory.verify();
      cases++;
    }
  }
  return cases;
};

export const checkSoftmaxDerivative: Check = (kernel, memory) => {
  const dice = new Dice(25);
  let cases = 0;
  for (const classes of [2, 3, 4, 5, 7, 8, 10, 1000]) {
    for (let i = 0; i < (classes > 100 ? 30 : 300); i++) {
      const rule = CHANGES[i % 5] as (dice: Dice) => number;
      const margins = Float32Array.from({ length: classes }, () => rule(dice));
      const label = dice.pick([0, classes - 1, dice.below(classes)]);
      const want = new Float32Array(classes);
      derivativeFloat32("softmax", margins, label, 1, want);
      memory.reset();
      const padded = padFour(margins);
      const pointer = memory.inout(padded, i & 3);
      kernel(pointer, label, classes);
      expectPadded(`${classes} classes`, memory.f32(pointer, padded.length), want);
      memory.verify();
      cases++;
    }
  }
  return cases;
};

// ---- coordinates and the float64 outer step ----------------------------------------------------------------------------

export const reals = (count: number, dice: Dice): Float64Array =>
  Float64Array.from({ length: count }, () => dice.normal());
export const positives = (count: number, dice: Dice): Float64Array =>
  Float64Array.from({ length: count }, () => Math.exp(2 * dice.normal()));

interface Shape {
  readonly cols: number;
  readonly classes: number;
  readonly width: number;
  readonly padded: number;
  readonly intercept: number;
}

function* shapes(): Generator<Shape> {
  for (const cols of [1, 3, 31, 32, 50]) {
    for (const classes of [1, 2, 7]) {
      for (const intercept of [0, 1, 127, 32767]) {
        yield { cols, classes, width: roundUp(cols, 4), padded: roundUp(cols + 1, 32), intercept };
      }
    }
  }
}

/** classes rows of `cols` reals in rows of `width`, zero behind. */
function padRows(values: Float64Array, classes: number, cols: number, width: number): Float64Array {
  const out = new Float64Array(classes * width);
  for (let k = 0; k < classes; k++) out.set(values.subarray(k * cols, (k + 1) * cols), k * width);
  return out;
}

export const checkToWeights: Check = (kernel, memory) => {
  const dice = new Dice(26);
  let cases = 0;
  for (const { cols, classes, width, padded, intercept } of shapes()) {
    memory.reset();
    const v = padRows(reals(classes * (cols + 1), dice), classes, cols + 1, padded);
    const [scale, offset] = [positives(cols, dice), reals(cols, dice)];
    const w = memory.output(classes * width * 8);
    const bias = memory.output(classes * 8);
    kernel(
      memory.input(v),
      padded,
      w,
      width,
      cols,
      classes,
      memory.input(scale),
      memory.input(offset),
      intercept,
      bias,
    );
    const [gotW, gotBias] = [memory.f64(w, classes * width), memory.f64(bias, classes)];
    for (let k = 0; k < classes; k++) {
      const terms: [number, number][] = [[intercept, at(v, k * padded + cols)]];
      for (let j = 0; j < width; j++) {
        const want = j < cols ? at(v, k * padded + j) / at(scale, j) : 0;
        expectEqual(`w ${k} ${j}`, at(gotW, k * width + j), want);
        if (j < cols) terms.push([-at(offset, j), want]);
      }
      const { sum, magnitude } = preciseSum(terms);
      if (intercept === 0) expectEqual(`bias ${k} without an intercept`, at(gotBias, k), 0);
      else expectNear(`bias ${k}`, at(gotBias, k), sum, gamma(cols + 2) * magnitude);
    }
    memory.verify();
    cases++;
  }
  return cases;
};

export const checkToCodes: Check = (kernel, memory) => {
  const dice = new Dice(27);
  let cases = 0;
  for (const { cols, classes, width, padded, intercept } of shapes()) {
    memory.reset();
    const w = padRows(reals(classes * cols, dice), classes, cols, width);
    const [scale, offset, bias] = [positives(cols, dice), reals(cols, dice), reals(classes, dice)];
    const v = memory.inout(new Float64Array(classes * padded));
    kernel(
      memory.input(w),
      width,
      v,
      padded,
      cols,
      classes,
      memory.input(scale),
      memory.input(offset),
      intercept,
      memory.input(bias),
    );
    const got = memory.f64(v, classes * padded);
    for (let k = 0; k < classes; k++) {
      const terms: [number, number][] = [[at(bias, k), 1]];
      for (let j = 0; j < cols; j++) {
        expectEqual(`v ${k} ${j}`, at(got, k * padded + j), at(w, k * width + j) * at(scale, j));
        terms.push([at(offset, j), at(w, k * width + j)]);
      }
      const { sum, magnitude } = preciseSum(terms);
      if (intercept !== 0) {
        const bound = (gamma(cols + 3) * magnitude) / intercept;
        expectNear(`v ${k} of the intercept`, at(got, k * padded + cols), sum / intercept, bound);
      }
      for (let j = intercept === 0 ? cols : cols + 1; j < padded; j++) {
        expectEqual(`padding of v ${k} ${j}`, at(got, k * padded + j), 0);
      }
    }
    memory.verify();
    cases++;
  }
  return cases;
};

export const checkToStored: Check = (kernel, memory) => {
  const dice = new Dice(28);
  let cases = 0;
  for (const { cols, classes, width } of shapes()) {
    memory.reset();
    const w = padRows(reals(classes * cols, dice), classes, cols, width);
    const [scale, offset, bias] = [positives(cols, dice), reals(cols, dice), reals(classes, dice)];
    const [wPointer, biasPointer] = [memory.inout(w), memory.inout(bias)];
    kernel(wPointer, width, cols, classes, memory.input(scale), memory.input(offset), biasPointer);
    const [gotW, gotBias] = [memory.f64(wPointer, classes * width), memory.f64(biasPointer, classes)];
    for (let k = 0; k < classes; k++) {
      const terms: [number, number][] = [[at(bias, k), 1]];
      for (let j = 0; j < width; j++) {
        const old = at(w, k * width + j);
        expectEqual(`w ${k} ${j}`, at(gotW, k * width + j), j < cols ? old * at(scale, j) : 0);
        if (j < cols) terms.push([at(offset, j), old]);
      }
      const { sum, magnitude } = preciseSum(terms);
      expectNear(`bias ${k}`, at(gotBias, k), sum, gamma(cols + 2) * magnitude);
    }
    memory.verify();
    cases++;
  }
  return cases;
};

/** g, both norms and the penalty from stored sums, against the definition of docs/numerics.md §1 and §7 in float64. */
export const checkAssembleGradient: Check = (kernel, memory) => {
  const dice = new Dice(29);
  let cases = 0;
  for (const { cols, classes, width, padded, intercept } of shapes()) {
    for (const l2 of [0, 0.01, 3]) {
      const rows = dice.between(1, 1000);
      const raw = padRows(reals(classes * cols, dice), classes, cols, width).map((x) => x * rows);
      const cSum = reals(classes, dice).map((x) => x * rows);
      const v = padRows(reals(classes * (cols + 1), dice), classes, cols + 1, padded);
      const [scale, offset] = [positives(cols, dice), reals(cols, dice)];
      const [passScale, passOffset] = [positives(cols, dice), reals(cols, dice)];
      memory.reset();
      const g = memory.inout(new Float64Array(classes * padded));
      const out = memory.output(40);
      kernel(
        memory.input(raw),
        width,
        memory.input(cSum),
        memory.input(v),
        g,
        padded,
        cols,
        classes,
        rows,
        memory.input(scale),
        memory.input(offset),
        memory.input(passScale),
        memory.input(passOffset),
        l2,
        intercept,
        out,
      );
      const [got, norms] = [memory.f64(g, classes * padded), memory.f64(out, 3)];
      let [user, userSlack, code, penalty] = [0, 0, 0, 0];
      for (let k = 0; k < classes; k++) {
        const sum = at(cSum, k);
        for (let j = 0; j < cols; j++) {
          const [s, o] = [at(scale, j), at(offset, j)];
          const ridge = (l2 * at(v, k * padded + j)) / s / s;
          const data = at(passOffset, j) * sum;
          const stored = at(passScale, j) * at(raw, k * width + j);
          const size = (Math.abs(data) + Math.abs(stored) + Math.abs(o * sum)) / (rows * s);
          const want = (data + stored - o * sum) / (rows * s) + ridge;
          // seven roundings at most on either side
          const slack = 2 * gamma(7) * (size + Math.abs(ridge));
          expectNear(`g ${k} ${j}`, at(got, k * padded + j), want, slack);
          const w = at(v, k * padded + j) / s;
          const mine = (data + stored) / rows + l2 * w;
          user += mine * mine;
          const off = 2 * gamma(7) * ((Math.abs(data) + Math.abs(stored)) / rows + Math.abs(l2 * w));
          userSlack += 2 * Math.abs(mine) * off + off * off;
          code += at(got, k * padded + j) ** 2;
          penalty += w * w;
        }
        if (intercept !== 0) {
          expectNear(
            "g of the intercept",
            at(got, k * padded + cols),
            (intercept * sum) / rows,
            gamma(4) * Math.abs((intercept * sum) / rows),
          );
          user += (sum / rows) ** 2;
          code += at(got, k * padded + cols) ** 2;
        }
        for (let j = intercept === 0 ? cols : cols + 1; j < padded; j++) {
          expectEqual(`padding of g ${k} ${j}`, at(got, k * padded + j), 0);
        }
      }
      // scaled sums of squares: five roundings a term (the quotient counts twice, two products, an addition), halved by the root
      const roundings = gamma(5 * classes * (cols + 1) + 8);
      const [userNorm, codeNorm] = [Math.sqrt(user), Math.sqrt(code)];
      expectNear("‖∇F‖", at(norms, 0), userNorm, userSlack / userNorm + roundings * userNorm);
      expectNear("‖g‖", at(norms, 1), codeNorm, roundings * codeNorm);
      const terms = classes * (cols + 1);
      expectNear("l2/2·‖w‖²", at(norms, 2), (l2 / 2) * penalty, 2 * gamma(terms + 6) * (l2 / 2) * penalty);
      memory.verify();
      cases++;
    }
  }
  // gradients whose squares overflow or vanish: 3 and 4 times a power of two in two columns, and 12 in the intercept
  for (const size of [2 ** 600, 2 ** -600, 1]) {
    const raw = Float64Array.of(3 * size, 4 * size, 0, 0);
    const v = new Float64Array(32);
    const [one, none] = [Float64Array.of(1, 1), new Float64Array(2)];
    memory.reset();
    const [g, out] = [memory.inout(new Float64Array(32)), memory.output(40)];
    const sums = memory.input(Float64Array.of(12 * size));
    const [units, zeros] = [memory.input(one), memory.input(none)];
    kernel(memory.input(raw), 4, sums, memory.input(v), g, 32, 2, 1, 1, units, zeros, units, zeros, 0, 1, out);
    const norms = memory.f64(out, 3);
    expectNear(`‖∇F‖ of size ${size}`, at(norms, 0), 13 * size, gamma(23) * 13 * size);
    expectNear(`‖g‖ of size ${size}`, at(norms, 1), 13 * size, gamma(23) * 13 * size);
    expectEqual("penalty without l2", at(norms, 2), 0);
    memory.verify();
    cases++;
  }
  return cases;
};

/** v[k][j] −= mean over k of v[k][j]. */
export const checkCentreClasses: Check = (kernel, memory) => {
  const dice = new Dice(44);
  let cases = 0;
  for (const cols of [1, 31, 32, 64]) {
    for (const classes of [1, 2, 3, 4, 10]) {
      for (const isGrid of [true, false]) {
        const v = Float64Array.from({ length: cols * classes }, () => (isGrid ? dice.between(-99, 99) : dice.cauchy()));
        memory.reset();
        const pointer = memory.inout(v, cases & 3);
        kernel(pointer, cols, classes);
        const got = memory.f64(pointer, v.length);
        for (let j = 0; j < cols; j++) {
          const column = Array.from({ length: classes }, (_, k) => at(v, k * cols + j));
          const { sum, magnitude } = preciseSum(column.map((x) => [x, 1] as const));
          for (let k = 0; k < classes; k++) {
            const x = column[k] as number;
            // classes − 1 additions and a quotient on either side of a difference that rounds once; halves and quarters are exact
            const isExact = isGrid && (classes & (classes - 1)) === 0;
            const bound = isExact ? 0 : 2 * gamma(classes + 2) * (magnitude / classes + Math.abs(x));
            expectNear(
              `${classes} × ${cols}: class ${k}, column ${j}`,
              at(got, k * cols + j),
              x - sum / classes,
              bound,
            );
          }
        }
        memory.verify();
        cases++;
      }
    }
  }
  return cases;
};

export const checkColumnSums: Check = (kernel, memory) => {
  const dice = new Dice(30);
  let cases = 0;
  for (const rows of [1, 2, 33, 1000]) {
    for (const classes of [1, 2, 3, 10]) {
      for (const isGrid of [true, false]) {
        const c = Float64Array.from({ length: rows * classes }, () => (isGrid ? dice.between(-99, 99) : dice.cauchy()));
        memory.reset();
        const sums = memory.output(classes * 8, cases & 3);
        kernel(memory.input(c), rows, classes, sums);
        for (let k = 0; k < classes; k++) {
          const { sum, magnitude } = preciseSum(Array.from({ length: rows }, (_, i) => [at(c, i * classes + k), 1]));
          const bound = isGrid ? 0 : gamma(rows + 1) * magnitude;
          expectNear(`${rows} × ${classes}, class ${k}`, at(memory.f64(sums, classes), k), sum, bound);
        }
        memory.verify();
        cases++;
      }
    }
  }
  return cases;
};

const operandOf = (storage: "I8" | "I16" | "F32"): Operand =>
  storage === "I8" ? FULL8 : storage === "I16" ? FULL16 : REAL32;

export function checkFold(storage: "I8" | "I16" | "F32"): Check {
  return (kernel, memory) => {
    const dice = new Dice(31);
    let cases = 0;
    for (const count of [1, 7, 32, 100]) {
      for (const name of PATTERNS) {
        const operand = operandOf(storage);
        const z = pack(storage, fill(name, count, operand, dice));
        const start = reals(count, dice);
        const delta = dice.pick([1, 1e-3, 2 ** -30, Math.exp(dice.normal() * 10)]);
        const mode = cases % 3; // from a start, from nothing, in place
        memory.reset();
        const from = mode === 1 ? 0 : mode === 0 ? memory.input(start) : memory.inout(start);
        const out = mode === 2 ? from : memory.output(count * 8);
        kernel(from, memory.input(z, cases & 3), delta, out, count);
        const want = start.map((x, j) => (mode === 1 ? 0 : x) + delta * at(z, j));
        expectSameArray(`${name}, ${count} codes, mode ${mode}`, memory.f64(out, count), want);
        memory.verify();
        cases++;
      }
    }
    return cases;
  };
}

/** z = clamp(floor(v/delta + ½), ±Q) on the grid of LP-SVRG, or float32(v/delta). */
export function checkToGrid(storage: "I8" | "I16" | "F32"): Check {
  return (kernel, memory) => {
    const dice = new Dice(33);
    const limit = storage === "I8" ? 127 : 32767;
    let cases = 0;
    for (const count of [1, 7, 32, 100]) {
      for (let style = 0; style < 6; style++) {
        const delta = style === 0 ? 1 : style === 1 ? 0.25 : Math.exp(dice.normal() * 3);
        const rules: readonly (() => number)[] = [
          () => dice.between(-300, 300) + 0.5,
          () => dice.between(-2 * limit, 2 * limit) / 8,
          () => dice.normal() * delta * limit,
          () => dice.cauchy() * delta,
          () => dice.pick([1e300, -1e300, 0, -0]),
          () => dice.sign() * delta * (limit + dice.pick([-1, -0.5, -0.4999, 0, 0.4999, 0.5, 1])),
        ];
        const v = Float64Array.from({ length: count }, rules[style] as () => number);
        memory.reset();
        const z = memory.output(count * BYTES[storage], cases & 3);
        kernel(memory.input(v), delta, z, count);
        const want = typed(storage, count);
        for (let j = 0; j < count; j++) {
          const units = at(v, j) / delta;
          want[j] = storage === "F32" ? units : clamp(Math.floor(units + 0.5), limit);
        }
        expectSameArray(`style ${style}, ${count} codes, delta ${delta}`, viewOf(memory, storage, z, count), want);
        memory.verify();
        cases++;
      }
    }
    return cases;
  };
}

export const checkDataGradient: Check = (kernel, memory) => {
  const dice = new Dice(34);
  let cases = 0;
  for (const cols of [1, 32, 64, 33]) {
    for (const classes of [1, 2, 10]) {
      const [a, v, ridge] = [reals(cols * classes, dice), reals(cols * classes, dice), positives(cols, dice)];
      memory.reset();
      const out = memory.output(cols * classes * 8);
      kernel(memory.input(a), memory.input(v), memory.input(ridge), out, cols, classes);
      const want = a.map((x, i) => x - at(ridge, i % cols) * at(v, i));
      expectSameArray(`${classes} × ${cols}`, memory.f64(out, cols * classes), want);
      memory.verify();
      cases++;
    }
  }
  return cases;
};

export const checkRidge: Check = (kernel, memory) => {
  const dice = new Dice(35);
  let cases = 0;
  for (const [cols, padded] of [
    [1, 32],
    [31, 32],
    [32, 64],
    [50, 64],
    [64, 64],
  ] as const) {
    for (const l2 of [0, 1e-3, 7]) {
      const scale = positives(cols, dice);
      memory.reset();
      const out = memory.output(padded * 8);
      kernel(memory.input(scale), cols, padded, l2, out);
      const got = memory.f64(out, padded);
      for (let j = 0; j < padded; j++) {
        const want = j < cols ? l2 / (at(scale, j) * at(scale, j)) : 0;
        // two roundings on either side
        expectNear(`${cols} of ${padded}, column ${j}`, at(got, j), want, 2 * gamma(2) * want);
      }
      memory.verify();
      cases++;
    }
  }
  return cases;
};

export const checkMaxAbs: Check = (kernel, memory) => {
  const dice = new Dice(36);
  let cases = 0;
  for (const count of [1, 2, 33, 1000]) {
    for (const place of [0, count >> 1, count - 1]) {
      for (const top of [5, -5, 0.5, 0]) {
        const v = Float64Array.from({ length: count }, () => (top === 0 ? 0 : dice.uniform() - 0.5));
        v[place] = top;
        memory.reset();
        const want = v.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
        expectEqual(`${count} values`, kernel(memory.input(v, cases & 3), count), want);
        memory.verify();
        cases++;
      }
    }
  }
  return cases;
};

export function checkMaxCode(storage: "I8" | "I16"): Check {
  return (kernel, memory) => {
    const dice = new Dice(37);
    let cases = 0;
    for (const count of [1, 2, 15, 16, 17, 33, 1000]) {
      for (const name of PATTERNS) {
        const z = pack(storage, fill(name, count, operandOf(storage), dice));
        memory.reset();
        const want = Array.from(z).reduce((most, code) => Math.max(most, Math.abs(code)), 0);
        expectEqual(`${name}, ${count} codes`, kernel(memory.input(z, cases & 3), count), want);
        memory.verify();
        cases++;
      }
      for (const place of [0, count >> 1, count - 1]) {
        const z = pack(storage, fill("zeros", count, operandOf(storage), dice));
        z[place] = -3;
        memory.reset();
        expectEqual(`−3 at ${place} of ${count}`, kernel(memory.input(z), count), 3);
        cases++;
      }
    }
    return cases;
  };
}

export const checkToFloat32: Check = (kernel, memory) => {
  const dice = new Dice(38);
  let cases = 0;
  for (const count of [1, 2, 3, 33, 1000]) {
    const values = Float64Array.from({ length: count }, () =>
      dice.pick([dice.cauchy(), 0.1, 1e300, 2 ** -150, 16777217, -0]),
    );
    memory.reset();
    const out = memory.output(count * 4, cases & 3);
    kernel(memory.input(values), out, count);
    expectSameArray(`${count} values`, memory.f32(out, count), Float32Array.from(values));
    memory.verify();
    cases++;
  }
  return cases;
};

// ---- spectrum --------------------------------------------------------------------------------------------------------

export function checkMaxRowNorm(storage: "I8" | "I16" | "F32"): Check {
  return (kernel, memory) => {
    const dice = new Dice(39);
    const operand = storage === "I8" ? CODE8 : storage === "I16" ? CODE16 : { ...REAL32, low: -1, high: 1 };
    let cases = 0;
    for (const cols of [32, 64, 4128]) {
      for (const rows of [1, 2, 9]) {
        for (const name of PATTERNS) {
          const hasWeights = cases % 2 === 1;
          const values = pack(storage, fill(name, rows * cols, operand, dice));
          const weights = positives(rows, dice);
          const stride = cols * BYTES[storage] + 16 * (cases % 3);
          memory.reset();
          const x = memory.input(layOut(storage, values, rows, cols, stride), cases & 3);
          const got = kernel(x, stride, rows, cols, hasWeights ? memory.input(weights) : 0);
          let want = 0;
          for (let i = 0; i < rows; i++) {
            let sum = 0;
            for (let j = 0; j < cols; j++) sum += at(values, i * cols + j) ** 2;
            want = Math.max(want, hasWeights ? at(weights, i) * sum : sum);
          }
          // integers: the sum is exact, the weight rounds once as here. Float32: γ of both sums
          const bound = storage === "F32" ? 2 * gamma(cols + 2) * want : 0;
          expectNear(`${name}, ${rows} × ${cols}`, got, want, bound);
          memory.verify();
          cases++;
        }
      }
    }
    return cases;
  };
}

/**
 * Against power iterations in whole numbers, without any rounding: v ← XᵀX·v from all ones, ρ = vᵀXᵀXv/(vᵀv)/rows.
 * The kernel's p carries a relative error e. One iteration multiplies it by at most λ/ρ and adds γ·‖|X|ᵀ|X|‖/ρ (each entry of the two
 * products meets columns + rows + 4 roundings); the quotient then differs by at most 2·λ·e and the same γ again.
 */
export function checkLargestEigenvalue(storage: "I8" | "I16" | "F32"): Check {
  return (kernel, memory) => {
    const dice = new Dice(40);
    const grid = storage === "F32" ? 64 : 1;
    let cases = 0;
    for (const [rows, cols, used] of [
      [1, 32, 32],
      [5, 32, 20],
      [40, 32, 31],
      [33, 64, 50],
    ] as const) {
      for (const [name, isWeighted] of [
        ["random", false],
        ["random", true],
        ["cauchy", true],
        ["oneHot", false],
        ["max", true],
        ["zeros", false],
      ] as const) {
        // whole weights and a whole start vector keep the BigInt powers exact; the kernel normalises
        const weights = Float64Array.from({ length: rows }, (_, i) => (isWeighted ? (i % 3) + 1 : 1));
        const start = Float64Array.from({ length: cols }, (_, j) => (j % 3) + 1);
        const operand: Operand =
          storage === "I16" ? CODE16 : storage === "I8" ? CODE8 : { storage: "F32", low: -64, high: 64, isWhole: true };
        const whole = fill(name, rows * cols, operand, dice).map((x, i) => (i % cols < used ? x : 0));
        const A = Array.from({ length: cols }, (_, a) =>
          Array.from({ length: cols }, (_, b) => {
            let sum = 0;
            for (let i = 0; i < rows; i++) sum += at(weights, i) * at(whole, i * cols + a) * at(whole, i * cols + b);
            return BigInt(sum);
          }),
        );
        const quotients: number[] = [];
        let v: bigint[] = Array.from(start, BigInt);
        const product = (a: readonly bigint[], b: readonly bigint[]): bigint =>
          a.reduce((sum, x, i) => sum + x * (b[i] as bigint), 0n);
        for (let k = 0; k < 16; k++) {
          const moved = A.map((row) => product(row, v));
          const squared = product(v, v);
          quotients.push(
            squared === 0n ? 0 : Number((product(v, moved) << 64n) / squared) / 2 ** 64 / rows / grid ** 2,
          );
          v = moved;
        }
        let size = 0;
        for (let a = 0; a < cols; a++) {
          for (let b = 0; b < cols; b++) {
            let sum = 0;
            for (let i = 0; i < rows; i++)
              sum += at(weights, i) * Math.abs(at(whole, i * cols + a) * at(whole, i * cols + b));
            size += (sum / rows / grid ** 2) ** 2;
          }
        }
        const top = Math.max(...quotients);
        for (const iterations of [1, 2, 8]) {
          const stride = cols * BYTES[storage] + 16 * (cases % 3);
          memory.reset();
          const x = memory.input(
            layOut(
              storage,
              whole.map((value) => value / grid),
              rows,
              cols,
              stride,
            ),
            cases & 3,
          );
          const omega = isWeighted ? memory.input(weights) : 0;
          const scratch = [memory.inout(start), memory.output(cols * 8), memory.output(rows * 8), memory.output(8)];
          const got = kernel(x, stride, rows, cols, omega, iterations, ...scratch);
          // a product: rows + cols roundings, the weight, the mean, the length
          const each = gamma(rows + cols + 8) * Math.sqrt(size);
          let error = 0;
          for (let k = 0; k + 1 < iterations; k++) error = (top * error + each) / at(quotients, k);
          const want = at(quotients, iterations - 1);
          const bound = want === 0 ? 0 : 2 * top * error + 2 * each;
          expectNear(
            `${name}${isWeighted ? ", weights" : ""}, ${rows} × ${cols}, ${iterations} iterations`,
            got,
            want,
            bound,
          );
          if (want > 0 && !(bound < 1e-9 * want)) throw new Error(`the bound ${bound} says nothing about ${want}`);
          memory.verify();
          cases++;
        }
      }
    }
    return cases;
  };
}
