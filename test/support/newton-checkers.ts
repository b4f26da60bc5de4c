// Checkers of the Newton kernels: products of bytes with int16 codes, Gram matrices, the passes over blocks of rows, the maps between bytes and
// codes, curvature. The rules are those of checkers.ts: integers exact, float sums γ(n)·Σ|terms|, what each bound counts stands beside it.
import { type Loss, softmax, stateFloat32 } from "../oracle/loss.js";
import {
  blockCodes,
  curved,
  planeTerms,
  powerAbove,
  product,
  sampleRows,
  tileMap,
  transposedProduct,
  upperGram,
} from "../oracle/newton.js";
import {
  at,
  type Check,
  expectEqual,
  expectNear,
  gamma,
  LOSSES,
  layOut,
  Mismatch,
  pack,
  pattern,
  positives,
  preciseSum,
  reals,
  roundUp,
  U32,
  U64,
} from "./checkers.js";
import type { Harness, Numbers } from "./memory.js";
import { fill, PATTERNS, type PatternName, type Range } from "./patterns.js";
import { Dice } from "./random.js";

export type ByteStorage = "I8" | "U8";
const BYTE: Readonly<Record<ByteStorage, Range>> = {
  I8: { low: -128, high: 127, isWhole: true },
  U8: { low: 0, high: 255, isWhole: true },
};
/** max|x|. */
const LARGEST: Readonly<Record<ByteStorage, number>> = { I8: 128, U8: 255 };
/** Largest weight code: weight·x must fit int16. */
const WEIGHT_LIMIT: Readonly<Record<ByteStorage, number>> = { I8: 255, U8: 127 };
/** Codes of a vector; sums over rows may hold −32768 too. */
const INT16: Range = { low: -32767, high: 32767, isWhole: true };
const TERMS: Range = { low: -32768, high: 32767, isWhole: true };
/** Every sum of products stays below 2³¹. */
const ROOM = 2 ** 31 - 1;
const BLOCK = 256;

/** Around two and four rows at a time, strips of 64 and blocks of 256. */
const ROWS = [1, 2, 3, 4, 5, 63, 64, 65, 255, 256, 257] as const;
const COLUMNS = [16, 32, 48, 128, 784] as const;
/** Around groups of five. */
const CLASSES = [1, 2, 5, 6, 10] as const;

interface Shape {
  readonly rows: number;
  readonly columns: number;
  readonly classes: number;
}

/** Of 16 columns every number of rows and classes that is alone on its side of a boundary; the rest in turn; a third block; one wide matrix. */
function* shapes(): Generator<Shape> {
  for (const rows of [5, 65, 257]) for (const classes of CLASSES) yield { rows, columns: 16, classes };
  for (const [i, rows] of ROWS.entries()) {
    for (const classes of new Set([1, at(CLASSES, 1 + (i % 4))])) yield { rows, columns: 48, classes };
    yield { rows, columns: at([16, 32, 128], i % 3), classes: at(CLASSES, 1 + ((i + 2) % 4)) };
  }
  yield { rows: 513, columns: 16, classes: 2 };
  yield { rows: 65, columns: 784, classes: 6 };
}

/** One of `count` choices of kind `salt` for case i: a hash, since rows and classes of the shapes repeat with small periods. */
function choice(i: number, salt: number, count: number): number {
  const bits = Math.imul(Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(salt, 0x85ebca6b), 0xc2b2ae35);
  return ((bits ^ (bits >>> 15)) >>> 8) % count;
}
const bytePattern = (i: number): PatternName => pattern(choice(i, 1, PATTERNS.length));
const codePattern = (i: number): PatternName => pattern(choice(i, 2, PATTERNS.length));

const label = ({ rows, columns, classes }: Shape): string => `${rows} × ${columns}, ${classes} classes`;

function i32(memory: Harness, pointer: number, count: number): Int32Array {
  return new Int32Array(memory.u8(pointer, 4 * count).buffer, pointer, count);
}

/** Element by element, the sign of zero free; messages are made for failures only. */
function equalAll(what: string, got: ArrayLike<number>, want: ArrayLike<number>): void {
  for (let i = 0; i < want.length; i++) {
    if (got[i] !== want[i]) expectEqual(`${what}: element ${i}`, at(got, i), at(want, i));
  }
}

/** As equalAll, NaN included. */
function equalBits(what: string, got: ArrayLike<number>, want: ArrayLike<number>): void {
  for (let i = 0; i < want.length; i++) {
    if (!Object.is(got[i], want[i])) throw new Mismatch(`${what}: element ${i}: got ${got[i]}, expected ${want[i]}`);
  }
}

function nearAll(what: string, got: ArrayLike<number>, want: ArrayLike<number>, bound: ArrayLike<number>): void {
  for (let i = 0; i < want.length; i++) {
    if (!(Math.abs(at(got, i) - at(want, i)) <= at(bound, i))) {
      expectNear(`${what}: element ${i}`, at(got, i), at(want, i), at(bound, i));
    }
  }
}

/** Bytes rows × columns; in every third matrix the last columns are padding, zero as the datasets keep it, and in every other one patches are zero. */
function drawBytes(storage: ByteStorage, rows: number, columns: number, dice: Dice, i: number): Numbers {
  const values = pack(storage, fill(bytePattern(i), rows * columns, BYTE[storage], dice));
  if (choice(i, 13, 2) === 0) {
    for (let row = 0; row < rows; row += 2) {
      for (let j = 0; j < columns; j += 8) {
        // tiles of 2 × 8 without anything, with a row or with a number
        const kind = dice.below(4);
        const [one, other] = [row + dice.below(2), j + dice.below(8)];
        for (let a = row; a < Math.min(row + 2, rows); a++) {
          for (let b = j; b < Math.min(j + 8, columns); b++) {
            if (kind === 0 || (kind === 1 && a === one) || (kind === 2 && (a !== one || b !== other))) {
              values[a * columns + b] = 0;
            }
          }
        }
      }
    }
  }
  if (columns >= 16 && choice(i, 3, 3) === 0) {
    const cols = columns - 1 - choice(i, 4, 15);
    for (let row = 0; row < rows; row++) values.fill(0, row * columns + cols, (row + 1) * columns);
  }
  return values;
}

const randomBytes = (storage: ByteStorage, count: number, dice: Dice): Numbers =>
  pack(storage, fill("random", count, BYTE[storage], dice));

/** The matrix in rows of `stride` bytes with poison between and behind them. */
function storeBytes(
  memory: Harness,
  storage: ByteStorage,
  values: Numbers,
  { rows, columns }: { rows: number; columns: number },
  i: number,
): { x: number; stride: number } {
  const stride = columns + 16 * choice(i, 5, 4);
  return { x: memory.input(layOut(storage, values, rows, columns, stride), choice(i, 6, 4)), stride };
}

/** The map of the matrix's tiles, in two cases of three. */
function storeMap(
  memory: Harness,
  xs: Numbers,
  { rows, columns }: { rows: number; columns: number },
  i: number,
): number {
  return choice(i, 12, 3) === 0 ? 0 : memory.input(tileMap(xs, rows, columns), choice(i, 14, 4));
}

/** Shrinks every group of `size` numbers, `step` apart, until largest·Σ|value| < 2³¹. */
function withinRoom(values: Float64Array, groups: number, size: number, step: number, largest: number): Int16Array {
  const out = new Int16Array(values.length);
  const [next, first] = step === 1 ? [1, size] : [step, 1];
  for (let k = 0; k < groups; k++) {
    let norm = 0;
    for (let j = 0; j < size; j++) norm += Math.abs(at(values, k * first + j * next));
    const factor = Math.min(1, ROOM / (largest * Math.max(norm, 1)));
    for (let j = 0; j < size; j++) {
      const i = k * first + j * next;
      out[i] = Math.trunc(at(values, i) * factor);
    }
  }
  return out;
}

/** classes × columns int16 codes with max|x|·‖codes‖₁ < 2³¹ per class. */
function drawCodes(storage: ByteStorage, { columns, classes }: Shape, dice: Dice, i: number): Int16Array {
  return withinRoom(fill(codePattern(i), classes * columns, INT16, dice), classes, columns, 1, LARGEST[storage]);
}

/** rows × classes numbers as `transposed` wants them: pairs of rows side by side, the partner of a last odd row 0. */
export function pairRows(t: ArrayLike<number>, rows: number, classes: number): Int16Array {
  const out = new Int16Array(2 * Math.ceil(rows / 2) * classes);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < classes; k++) out[((i >> 1) * classes + k) * 2 + (i & 1)] = at(t, i * classes + k);
  }
  return out;
}

const constant = (count: number, value: number): Float64Array => new Float64Array(count).fill(value);

// ---- kernel/matvec -----------------------------------------------------------------------------------------------------

export function checkMultiply(storage: ByteStorage): Check {
  return (kernel, memory) => {
    const dice = new Dice(61);
    let cases = 0;
    const judge = (what: string, shape: Shape, xs: Numbers, ps: Int16Array): void => {
      const { rows, columns, classes } = shape;
      memory.reset();
      const { x, stride } = storeBytes(memory, storage, xs, shape, cases);
      const a = memory.output(rows * classes * 4, (cases >> 3) & 3);
      kernel(
        x,
        stride,
        rows,
        columns,
        memory.input(ps, (cases >> 2) & 3),
        classes,
        a,
        storeMap(memory, xs, shape, cases),
      );
      equalAll(`${what}, ${label(shape)}`, i32(memory, a, rows * classes), product(xs, rows, columns, ps, classes));
      memory.verify();
      cases++;
    };
    for (const shape of shapes()) {
      const xs = drawBytes(storage, shape.rows, shape.columns, dice, cases);
      judge(`${bytePattern(cases)} · ${codePattern(cases)}`, shape, xs, drawCodes(storage, shape, dice, cases));
    }
    // the largest sums there are: every byte and every code at its limit, or as far as the bound lets it go
    for (const columns of [16, 48, 784]) {
      const most = Math.min(32767, Math.floor(ROOM / (LARGEST[storage] * columns)));
      for (const classes of columns > 48 ? [6] : [1, 6]) {
        const shape = { rows: 5, columns, classes };
        for (const name of ["min", "max", "alternating"] as const) {
          const xs = pack(storage, fill(name, 5 * columns, BYTE[storage], dice));
          for (const code of [most, -most]) {
            judge(`all ${name} · ${code}`, shape, xs, pack("I16", constant(classes * columns, code)) as Int16Array);
          }
          const signs = pack(
            "I16",
            fill("alternating", classes * columns, { low: -most, high: most, isWhole: true }, dice),
          );
          judge(`all ${name} · ±${most}`, shape, xs, signs as Int16Array);
        }
      }
    }
    // each column counts once
    for (let hot = 0; hot < 48; hot += 3) {
      const shape = { rows: 3, columns: 48, classes: 6 };
      const codes = new Int16Array(6 * 48);
      for (let k = 0; k < 6; k++) codes[k * 48 + ((hot + 5 * k) % 48)] = k + 1;
      judge(`unit vectors from ${hot}`, shape, randomBytes(storage, 3 * 48, dice), codes);
    }
    return cases;
  };
}

export function checkTransposed(storage: ByteStorage): Check {
  return (kernel, memory) => {
    const dice = new Dice(62);
    let cases = 0;
    const judge = (what: string, shape: Shape, xs: Numbers, ts: Int16Array, before: Int32Array): void => {
      const { rows, columns, classes } = shape;
      memory.reset();
      const { x, stride } = storeBytes(memory, storage, xs, shape, cases);
      const s = memory.inout(before, (cases >> 3) & 3);
      const pairs = memory.input(pairRows(ts, rows, classes), (cases >> 2) & 3);
      kernel(x, stride, rows, columns, pairs, classes, s, storeMap(memory, xs, shape, cases));
      const want = transposedProduct(xs, columns, ts, classes, 0, rows).map((sum, i) => sum + at(before, i));
      equalAll(`${what}, ${label(shape)}`, i32(memory, s, classes * columns), want);
      memory.verify();
      cases++;
    };
    for (const shape of shapes()) {
      const { rows, columns, classes } = shape;
      // S += …: what stands there counts, and the bound leaves it 2²⁰
      const before = Int32Array.from({ length: classes * columns }, () => dice.between(-(2 ** 20), 2 ** 20));
      const terms = fill(codePattern(cases), rows * classes, TERMS, dice);
      const ts = withinRoom(terms, classes, rows, classes, LARGEST[storage] * (1 + 2 ** -10));
      const xs = drawBytes(storage, rows, columns, dice, cases);
      judge(`${codePattern(cases)} · ${bytePattern(cases)}`, shape, xs, ts, before);
    }
    // every term and every byte at its limit, over as many rows as the bound allows
    for (const rows of storage === "U8" ? [255, 256] : [510, 511]) {
      for (const classes of [1, 6]) {
        const shape = { rows, columns: 16, classes };
        for (const name of ["min", "max", "alternating"] as const) {
          const xs = pack(storage, fill(name, rows * 16, BYTE[storage], dice));
          for (const term of [32767, -32767]) {
            const ts = pack("I16", constant(rows * classes, term)) as Int16Array;
            judge(`all ${term} · ${name}`, shape, xs, ts, new Int32Array(classes * 16));
          }
        }
      }
    }
    // each row counts once
    for (const rows of [2, 5, 64, 65, 129]) {
      for (let hot = rows > 60 ? rows % 13 : 0; hot < rows; hot += rows > 60 ? 13 : 1) {
        const ts = new Int16Array(rows * 6);
        for (let k = 0; k < 6; k++) ts[((hot + k) % rows) * 6 + k] = k + 1;
        const xs = randomBytes(storage, rows * 16, dice);
        judge(`unit vectors from ${hot}`, { rows, columns: 16, classes: 6 }, xs, ts, new Int32Array(6 * 16));
      }
    }
    return cases;
  };
}

// ---- kernel/vector -----------------------------------------------------------------------------------------------------

const COUNTS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 31, 64, 100, 1001] as const;
const MIXES: readonly ((dice: Dice) => number)[] = [
  (dice) => dice.normal(),
  (dice) => dice.cauchy() * 1e6,
  (dice) => dice.between(-99, 99),
  (dice) => dice.sign() * Math.exp(40 * dice.normal()),
];
const mixed = (count: number, dice: Dice, style: number): Float64Array => {
  const rule = MIXES[style % MIXES.length] as (dice: Dice) => number;
  return Float64Array.from({ length: count }, () => rule(dice));
};

/** The documented order: four partial sums (j mod 4), (0 + 2) + (1 + 3), then the tail. */
export function dotFloat64(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const parts = new Float64Array(4);
  const whole = a.length & ~3;
  for (let j = 0; j < whole; j++) parts[j & 3] = at(parts, j & 3) + at(a, j) * at(b, j);
  let sum = at(parts, 0) + at(parts, 2) + (at(parts, 1) + at(parts, 3));
  for (let j = whole; j < a.length; j++) sum += at(a, j) * at(b, j);
  return sum;
}

export const checkDotF64: Check = (kernel, memory) => {
  const dice = new Dice(63);
  let cases = 0;
  for (const count of COUNTS) {
    for (let style = 0; style < 12; style++) {
      const [a, b] = [mixed(count, dice, style), mixed(count, dice, style >> 2)];
      memory.reset();
      const aPointer = memory.input(a, cases & 3);
      // a vector with itself
      const isSquare = style === 5;
      const got = kernel(aPointer, isSquare ? aPointer : memory.input(b, (cases >> 2) & 3), count);
      expectEqual(`${count} numbers, style ${style}`, got, dotFloat64(a, isSquare ? a : b));
      memory.verify();
      cases++;
    }
  }
  return cases;
};

/** y ← update(y, x) per element, each operation rounded once; y may be x itself. */
function checkUpdate(
  call: (kernel: (...args: number[]) => number, y: number, x: number, count: number, a: number, b: number) => void,
  update: (y: number, x: number, a: number, b: number) => number,
): Check {
  return (kernel, memory) => {
    const dice = new Dice(64);
    let cases = 0;
    for (const count of COUNTS) {
      for (let style = 0; style < 12; style++) {
        const [y, x] = [mixed(count, dice, style), mixed(count, dice, style >> 2)];
        const a = style === 7 ? 0 : mixed(1, dice, style)[0]!;
        const b = style === 8 ? 0 : mixed(1, dice, style + 1)[0]!;
        const isSame = style === 5 || style === 8;
        memory.reset();
        const yPointer = memory.inout(y, cases & 3);
        call(kernel, yPointer, isSame ? yPointer : memory.input(x, (cases >> 2) & 3), count, a, b);
        const want = y.map((value, j) => update(value, isSame ? value : at(x, j), a, b));
        equalAll(`${count} numbers, style ${style}`, memory.f64(yPointer, count), want);
        memory.verify();
        cases++;
      }
    }
    return cases;
  };
}

export const checkAddScaled = checkUpdate(
  (kernel, y, x, count, a) => void kernel(y, a, x, count),
  (y, x, a) => y + a * x,
);
export const checkCombine = checkUpdate(
  (kernel, y, x, count, a, b) => void kernel(y, b, a, x, count),
  (y, x, a, b) => a * x + b * y,
);

export const checkScaleColumns: Check = (kernel, memory) => {
  const dice = new Dice(65);
  let cases = 0;
  for (const columns of [1, 3, 16, 33, 128]) {
    for (const classes of CLASSES) {
      for (const isInverse of [0, 1]) {
        const a = mixed(classes * columns, dice, cases);
        const factor = positives(columns, dice);
        memory.reset();
        const isInPlace = choice(cases, 7, 3) === 0;
        const from = isInPlace ? memory.inout(a) : memory.input(a, cases & 3);
        const out = isInPlace ? from : memory.output(classes * columns * 8);
        kernel(from, memory.input(factor), isInverse, columns, classes, out);
        const want = a.map((value, i) => {
          const f = at(factor, i % columns);
          return isInverse === 1 ? value / f : value * f;
        });
        equalAll(`${columns} columns, ${classes} classes, inverse ${isInverse}`, memory.f64(out, a.length), want);
        memory.verify();
        cases++;
      }
    }
  }
  return cases;
};

export const checkWeightedSquares: Check = (kernel, memory) => {
  const dice = new Dice(66);
  let cases = 0;
  for (const columns of [1, 3, 32, 129]) {
    for (const classes of CLASSES) {
      for (const isGrid of [true, false]) {
        const count = classes * columns;
        const a = Float64Array.from({ length: count }, () => (isGrid ? dice.between(-99, 99) : dice.cauchy()));
        const weight = isGrid
          ? Float64Array.from({ length: columns }, () => 2 ** dice.between(-4, 4))
          : positives(columns, dice);
        memory.reset();
        const got = kernel(memory.input(a, cases & 3), memory.input(weight), columns, classes);
        const { sum } = preciseSum(Array.from(a, (value, i) => [value, value / at(weight, i % columns)] as const));
        // square, quotient and at most `count` additions; two roundings of the reference's factor; all terms are positive
        expectNear(`${columns} columns, ${classes} classes`, got, sum, isGrid ? 0 : gamma(count + 4) * sum);
        memory.verify();
        cases++;
      }
    }
  }
  return cases;
};

/**
 * From the contract: unit a power of two, code = ⌊p/unit + ½⌋, |code| ≤ 32767, largest·‖codes‖₁ < 2³¹; half the unit would break one of the
 * two bounds before rounding (which may add ½ to every code).
 */
export const checkToInt16: Check = (kernel, memory) => {
  const dice = new Dice(67);
  let cases = 0;
  const judge = (
    what: string,
    p: Float64Array,
    columns: number,
    pitch: number,
    classes: number,
    largest: number,
  ): void => {
    const codeColumns = roundUp(columns, 16) + (cases % 5 === 4 ? 16 : 0);
    memory.reset();
    const codes = memory.output(classes * codeColumns * 2, cases & 3);
    const unit = kernel(memory.input(p, (cases >> 2) & 3), pitch, columns, classes, largest, codes, codeColumns);
    const got = memory.i16(codes, classes * codeColumns);
    const where = `${what}, ${columns} of ${pitch} columns, ${classes} classes, largest ${largest}: unit ${unit}`;
    let [top, most] = [0, 0];
    for (let k = 0; k < classes; k++) {
      const row = p.subarray(k * pitch, k * pitch + columns);
      top = row.reduce((a, value) => Math.max(a, Math.abs(value)), top);
      most = Math.max(
        most,
        row.reduce((a, value) => a + Math.abs(value), 0),
      );
    }
    const room = ROOM / largest - 0.5 * columns - 1;
    const isNothing = !(top > 1e-296) || !(most < 1e290);
    if (isNothing) expectEqual(where, unit, 0);
    else if (unit !== powerAbove(unit)) throw new Mismatch(`${where} is not a power of two`);
    for (let k = 0; k < classes; k++) {
      let norm = 0;
      for (let j = 0; j < codeColumns; j++) {
        const code = at(got, k * codeColumns + j);
        const want = isNothing || j >= columns ? 0 : Math.floor(at(p, k * pitch + j) / unit + 0.5);
        if (code !== want) throw new Mismatch(`${where}: code ${k} ${j}: got ${code}, expected ${want}`);
        norm += Math.abs(code);
      }
      if (norm * largest > ROOM) throw new Mismatch(`${where}: ‖codes‖₁ of class ${k} is ${norm}`);
    }
    // 1e-8: the kernel's own safety against the rounding of its sums
    const isSmallest = top / 32767 > unit / 2 || (most * (1 + 1e-8)) / room > unit / 2;
    if (!isNothing && !isSmallest) throw new Mismatch(`${where} is not the smallest`);
    memory.verify();
    cases++;
  };
  for (const columns of [1, 15, 16, 33, 128, 784]) {
    for (const classes of CLASSES) {
      for (const largest of [127, 128, 255]) {
        const pitch = roundUp(columns + 1, 32);
        const p = mixed(classes * pitch, dice, cases).map((x) => x * 10 ** dice.between(-3, 3));
        if (cases % 7 === 3) p.fill(0, 0, pitch); // one class of zeros
        // what lies between the rows must not count
        for (let k = 0; k < classes; k++) p.fill(1e250, k * pitch + columns, (k + 1) * pitch);
        judge("mixed", p, columns, pitch, classes, largest);
      }
    }
  }
  // all alike: the norm decides (784 columns), or the largest code (16)
  for (const columns of [16, 128, 784]) {
    for (const value of [1, -1, 1e-200, 3e200, 32767, 32768, -32768, 0.5 + 2 ** -30]) {
      for (const largest of [128, 255])
        judge(`all ${value}`, constant(2 * columns, value), columns, columns, 2, largest);
    }
  }
  // every code rounds up where the norm decides: that must be paid for beforehand
  for (const largest of [128, 255]) {
    const value = (ROOM / largest / 784) * (1 - 1e-8);
    for (const classes of [1, 2]) judge("round up", constant(classes * 784, value), 784, 784, classes, largest);
  }
  // the code 32767 is reached, and no unit is wasted on it
  for (const power of [-60, 0, 60]) {
    for (const top of [32767, 32767 * (1 + 2 ** -50), 32767 * (1 - 2 ** -50), 16384, 16383.5]) {
      const p = Float64Array.from({ length: 16 }, (_, j) => (j === 3 ? top : j === 9 ? -top : j) * 2 ** power);
      judge(`top ${top}·2^${power}`, p, 16, 16, 1, 255);
    }
  }
  for (const value of [0, -0, 1e-310, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    const p = new Float64Array(32);
    p[5] = value;
    judge(`only ${value}`, p, 16, 16, 2, 255);
  }
  return cases;
};

export const checkSubtractCodes: Check = (kernel, memory) => {
  const dice = new Dice(68);
  let cases = 0;
  for (const columns of [1, 15, 16, 33, 128]) {
    for (const classes of CLASSES) {
      const [pitch, codeColumns] = [roundUp(columns + 1, 32), roundUp(columns, 16)];
      const unit = 2 ** dice.between(-40, 10);
      const p = reals(classes * pitch, dice).map((x) => x * unit * 30000);
      const codes = pack("I16", fill(codePattern(cases), classes * codeColumns, INT16, dice));
      memory.reset();
      const pointer = memory.inout(p, cases & 3);
      kernel(pointer, pitch, columns, classes, unit, memory.input(codes), codeColumns);
      const want = p.map((value, i) => {
        const [k, j] = [Math.floor(i / pitch), i % pitch];
        return j < columns ? value - unit * at(codes, k * codeColumns + j) : value;
      });
      equalAll(`${columns} columns, ${classes} classes`, memory.f64(pointer, p.length), want);
      memory.verify();
      cases++;
    }
  }
  return cases;
};

export const checkAddInt32: Check = (kernel, memory) => {
  const dice = new Dice(69);
  let cases = 0;
  for (const count of [4, 8, 16, 52, 1024]) {
    for (let style = 0; style < 6; style++) {
      const s = Int32Array.from({ length: count }, () =>
        style === 0 ? dice.pick([-(2 ** 31), 2 ** 31 - 1]) : dice.between(-(2 ** 31), 2 ** 31 - 1) >> (3 * style),
      );
      const out = mixed(count, dice, style);
      const unit = style & 1 ? 2 ** dice.between(-40, 10) : dice.normal();
      memory.reset();
      const pointer = memory.inout(out, cases & 3);
      kernel(pointer, unit, memory.input(s, (cases >> 2) & 3), count);
      equalAll(
        `${count} sums, unit ${unit}`,
        memory.f64(pointer, count),
        out.map((value, i) => value + unit * at(s, i)),
      );
      memory.verify();
      cases++;
    }
  }
  return cases;
};

export const checkSumInt16: Check = (kernel, memory) => {
  const dice = new Dice(70);
  let cases = 0;
  // 70 000 codes of 32767 pass int32
  for (const count of [0, 1, 2, 3, 7, 8, 511, 70_000]) {
    for (let style = 0; style < 9; style++) {
      const codes = pack("I16", fill(pattern(style), Math.max(1, count), TERMS, dice)).subarray(0, count);
      memory.reset();
      let want = 0;
      for (const code of codes) want += code;
      expectEqual(`${count} codes, ${pattern(style)}`, kernel(memory.input(codes, cases & 3), count), want);
      memory.verify();
      cases++;
    }
  }
  return cases;
};

// ---- kernel/gram -------------------------------------------------------------------------------------------------------

/** Weighted rows of a block as pairs of int16, and the int32 sums of five columns. */
const gramScratch = (columns: number): number => (BLOCK / 2) * columns * 4 + 5 * columns * 4;
/** Per row and class of a block an int32, a float32 and an int16; column sums in int32 from the next multiple of 64. */
export const blockScratch = (columns: number, classes: number): number =>
  BLOCK * classes * 10 + 64 + classes * columns * 4;

function checkSize(size: (columns: number, classes: number) => number): Check {
  return (kernel, memory) => {
    let cases = 0;
    memory.reset();
    memory.output(64); // a size touches no memory
    for (const columns of [...COLUMNS, 100_000]) {
      for (const classes of CLASSES) {
        expectEqual(`${columns} columns, ${classes} classes`, kernel(columns, classes), size(columns, classes));
        cases++;
      }
    }
    memory.verify();
    return cases;
  };
}
export const checkGramScratchBytes = checkSize(gramScratch);
export const checkBlockScratchBytes = checkSize(blockScratch);

/** Per strip of 64 rows a word per 8 columns, and per pair of rows a bit per 8 columns in whole words. */
const mapBytes = (rows: number, columns: number): number =>
  Math.ceil(rows / 64) * (columns / 2 + 32 * 4 * Math.ceil(columns / 256));

export const checkTileBytes: Check = (kernel, memory) => {
  let cases = 0;
  memory.reset();
  memory.output(64); // a size touches no memory
  for (const rows of [...ROWS, 513, 60_000]) {
    for (const columns of [...COLUMNS, 240, 256, 272, 100_000]) {
      expectEqual(`${rows} × ${columns}`, kernel(rows, columns), mapBytes(rows, columns));
      cases++;
    }
  }
  memory.verify();
  return cases;
};

export const checkMarkTiles: Check = (kernel, memory) => {
  const dice = new Dice(80);
  let cases = 0;
  const judge = (what: string, rows: number, columns: number, xs: Numbers): void => {
    memory.reset();
    const { x, stride } = storeBytes(memory, "U8", xs, { rows, columns }, cases);
    // poisoned: what stands there must not count
    const map = memory.output(mapBytes(rows, columns), cases & 3);
    const count = kernel(x, stride, rows, columns, map);
    const want = tileMap(xs, rows, columns);
    equalAll(`${what}, ${rows} × ${columns}`, i32(memory, map, want.length), want);
    let tiles = 0;
    for (let i = 0; i < rows; i += 2) {
      for (let j = 0; j < columns; j += 8) {
        let isMarked = false;
        for (let a = i; a < Math.min(i + 2, rows); a++) {
          for (let b = j; b < j + 8; b++) isMarked ||= xs[a * columns + b] !== 0;
        }
        if (isMarked) tiles++;
      }
    }
    expectEqual(`${what}, ${rows} × ${columns}: tiles`, count, tiles);
    memory.verify();
    cases++;
  };
  for (const rows of ROWS) {
    for (const columns of [...COLUMNS, 256, 272])
      judge(bytePattern(cases), rows, columns, drawBytes("U8", rows, columns, dice, cases));
  }
  // one byte that is not zero, of every value's kind
  for (let hot = 0; hot < 67 * 272; hot += 211) {
    const xs = new Uint8Array(67 * 272);
    xs[hot] = dice.pick([1, 127, 128, 255]);
    judge(`byte ${hot}`, 67, 272, xs);
  }
  return cases;
};

export function checkWeightCodes(storage: ByteStorage): Check {
  return (kernel, memory) => {
    const dice = new Dice(71);
    const limit = WEIGHT_LIMIT[storage];
    let cases = 0;
    for (const rows of ROWS) {
      // Left out, since the kernel fails: a largest weight below limit/3.4e38 (7.5e-37 and 3.7e-37). limit/top overflows float32, and the
      // code of every weight that is not 0 becomes −1.
      for (const scale of [1, 0.25, 3e-30, 1e-36, 1e30, 3e38]) {
        const weight = Float32Array.from({ length: rows }, () => (dice.below(7) === 0 ? 0 : dice.uniform() * scale));
        const hot = dice.below(rows);
        weight[hot] = scale;
        const top = at(weight, hot);
        memory.reset();
        const codes = memory.output(rows * 2, cases & 3);
        kernel(memory.input(weight), top, rows, codes);
        const got = memory.i16(codes, rows);
        for (let i = 0; i < rows; i++) {
          const want = (at(weight, i) / top) * limit;
          // nearest, after a quotient and a product in float32
          expectNear(`${rows} rows, weight ${weight[i]} of ${top}`, at(got, i), want, 0.5 + 2.1 * U32 * limit);
          if (at(got, i) > limit || (at(weight, i) === 0 && got[i] !== 0)) {
            throw new Mismatch(`${rows} rows, weight ${weight[i]} of ${top}: code ${got[i]}`);
          }
        }
        expectEqual(`${rows} rows: the largest`, at(got, hot), limit);
        memory.verify();
        cases++;
      }
    }
    return cases;
  };
}

const drawWeights = (storage: ByteStorage, rows: number, dice: Dice, style: number): Int16Array =>
  pack(
    "I16",
    fill(
      style % 4 === 1 ? "max" : style % 4 === 3 ? "oneHot" : "random",
      rows,
      { low: 0, high: WEIGHT_LIMIT[storage], isWhole: true },
      dice,
    ),
  ) as Int16Array;

export function checkGram(storage: ByteStorage): Check {
  return (kernel, memory) => {
    const dice = new Dice(72);
    let cases = 0;
    const judge = (what: string, rows: number, columns: number, xs: Numbers, d: Int16Array): void => {
      // one block: any unit, one product and one sum; more: a power of two, every sum exact
      const unit = rows <= BLOCK && cases % 2 === 0 ? Math.exp(dice.normal()) : 2 ** -dice.below(9);
      const before = Float64Array.from({ length: columns * columns }, () => dice.between(-99, 99));
      memory.reset();
      const { x, stride } = storeBytes(memory, storage, xs, { rows, columns }, cases);
      // exactly as many weights as rows: what lies behind is poison
      const weights = memory.input(d, (cases >> 2) & 3);
      const scratch = memory.output(gramScratch(columns), (cases >> 4) & 3);
      const g = memory.inout(before, (cases >> 3) & 3);
      const map = storeMap(memory, xs, { rows, columns }, cases);
      kernel(x, stride, rows, columns, weights, unit, scratch, g, map);
      const got = memory.f64(g, columns * columns);
      const sums = upperGram(xs, columns, d, 0, rows);
      for (let j = 0; j < columns; j++) {
        for (let k = j; k < columns; k++) {
          const i = j * columns + k;
          const want = at(before, i) + unit * at(sums, i);
          if (got[i] !== want) expectEqual(`${what}, ${rows} × ${columns}: G ${j} ${k}`, at(got, i), want);
        }
      }
      memory.verify();
      cases++;
    };
    for (const columns of [16, 48, 128]) {
      for (const rows of columns === 128 ? [65] : columns === 48 ? [1, 2, 64, 257] : [...ROWS, 511]) {
        for (let style = 0; style < (columns === 16 ? 2 : 1); style++) {
          const xs = drawBytes(storage, rows, columns, dice, cases);
          judge(bytePattern(cases), rows, columns, xs, drawWeights(storage, rows, dice, cases));
        }
      }
    }
    judge("wide", 5, 784, randomBytes(storage, 5 * 784, dice), drawWeights(storage, 5, dice, 0));
    // the largest sums of a block: every byte and weight at its limit
    for (const rows of [255, 256, 257]) {
      for (const name of ["min", "max", "alternating"] as const) {
        const xs = pack(storage, fill(name, rows * 16, BYTE[storage], dice));
        judge(`all ${name}`, rows, 16, xs, drawWeights(storage, rows, dice, 1));
      }
    }
    return cases;
  };
}

export function checkWeightedSums(storage: ByteStorage): Check {
  return (kernel, memory) => {
    const dice = new Dice(73);
    let cases = 0;
    for (const columns of [16, 48, 784]) {
      for (const rows of columns === 784 ? [65] : ROWS.filter((count) => count <= BLOCK)) {
        for (let style = 0; style < 4; style++) {
          const xs =
            style === 1
              ? pack(storage, fill(storage === "U8" ? "max" : "min", rows * columns, BYTE[storage], dice))
              : drawBytes(storage, rows, columns, dice, cases);
          const d = drawWeights(storage, rows, dice, style);
          // one code more: the partner of an odd last row is 0
          const paired = new Int16Array(rows + (rows & 1));
          paired.set(d);
          const before = Int32Array.from({ length: columns }, () => (style === 2 ? dice.between(-99, 99) : 0));
          memory.reset();
          const { x, stride } = storeBytes(memory, storage, xs, { rows, columns }, cases);
          const s = memory.inout(before, (cases >> 3) & 3);
          kernel(x, stride, rows, columns, memory.input(paired), s);
          const want = transposedProduct(xs, columns, d, 1, 0, rows).map((sum, j) => sum + at(before, j));
          equalAll(`${rows} × ${columns}`, i32(memory, s, columns), want);
          memory.verify();
          cases++;
        }
      }
    }
    return cases;
  };
}

export function checkMoments(storage: ByteStorage): Check {
  return (kernel, memory) => {
    const dice = new Dice(74);
    let cases = 0;
    for (const columns of [1, 7, 16, 33]) {
      for (const rows of [1, 2, 5, 65]) {
        for (const rule of ["none", "grid", "real"] as const) {
          const apart = cases % 2 === 0 ? 3 : 1; // the weights of one class of several
          const d = Float32Array.from({ length: rows * apart }, () =>
            rule === "grid" ? dice.below(64) / 16 : dice.uniform() * 3,
          );
          const weightOf = (i: number): number => (rule === "none" ? 1 : at(d, i * apart));
          const xs = drawBytes(storage, rows, columns, dice, cases);
          const [q0, s0] = [0, 1].map(() => Float64Array.from({ length: columns }, () => dice.between(-99, 99)));
          memory.reset();
          const { x, stride } = storeBytes(memory, storage, xs, { rows, columns }, cases);
          const [q, s] = [memory.inout(q0!, cases & 3), memory.inout(s0!, (cases >> 2) & 3)];
          const weights = rule === "none" ? 0 : memory.input(d);
          const got = kernel(x, stride, rows, columns, weights, 4 * apart, q, s);
          const isExact = rule !== "real";
          const what = `${rows} × ${columns}, weights ${rule}`;
          const total = preciseSum(Array.from({ length: rows }, (_, i) => [weightOf(i), 1] as const));
          expectNear(`${what}: total`, got, total.sum, isExact ? 0 : gamma(rows) * total.sum);
          for (let j = 0; j < columns; j++) {
            const values = Array.from({ length: rows }, (_, i) => at(xs, i * columns + j));
            const squares = preciseSum([[at(q0!, j), 1], ...values.map((v, i) => [weightOf(i), v * v] as const)]);
            const sums = preciseSum([[at(s0!, j), 1], ...values.map((v, i) => [weightOf(i), v] as const)]);
            // a product, `rows` additions, the rounding of the reference
            const n = isExact ? 0 : gamma(rows + 2);
            expectNear(`${what}: q ${j}`, at(memory.f64(q, columns), j), squares.sum, n * squares.magnitude);
            expectNear(`${what}: s ${j}`, at(memory.f64(s, columns), j), sums.sum, n * sums.magnitude);
          }
          memory.verify();
          cases++;
        }
      }
    }
    return cases;
  };
}

// ---- Cholesky ----------------------------------------------------------------------------------------------------------

/** Around groups of four rows. */
const DIMENSIONS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 17, 18, 31, 33] as const;

/** Upper triangle n × n, NaN below: what is not to be read shows in every result. */
function upper(n: number, value: (j: number, k: number) => number): Float64Array {
  const out = new Float64Array(n * n).fill(Number.NaN);
  for (let j = 0; j < n; j++) for (let k = j; k < n; k++) out[j * n + k] = value(j, k);
  return out;
}

/** Whole numbers, powers of two on the diagonal: RᵀR, its factor and solves with it are exact. */
const wholeFactor = (n: number, dice: Dice): Float64Array =>
  upper(n, (j, k) => (j === k ? 2 ** dice.between(0, 3) : dice.between(-9, 9)));

function gramOf(r: Float64Array, n: number): Float64Array {
  return upper(n, (j, k) => {
    let sum = 0;
    for (let i = 0; i <= j; i++) sum += at(r, i * n + j) * at(r, i * n + k);
    return sum;
  });
}

export const checkCholeskyFactor: Check = (kernel, memory) => {
  const dice = new Dice(75);
  let cases = 0;
  const run = (g: Float64Array, n: number): { answer: number; r: Float64Array } => {
    memory.reset();
    const pointer = memory.inout(g, cases & 3);
    const answer = kernel(pointer, n);
    const r = memory.f64(pointer, n * n).slice();
    memory.verify();
    cases++;
    return { answer, r };
  };
  for (const n of DIMENSIONS) {
    for (let repeat = 0; repeat < 2; repeat++) {
      const r = wholeFactor(n, dice);
      const { answer, r: got } = run(gramOf(r, n), n);
      expectEqual(`whole numbers, n ${n}`, answer, n);
      for (let j = 0; j < n; j++)
        equalAll(`whole, row ${j} of ${n}`, got.subarray(j * n + j, j * n + n), r.subarray(j * n + j, j * n + n));
    }
    // BᵀB of fewer, as many and more rows than columns, with a ridge; columns of very different size
    for (const rows of n > 9 ? [Math.ceil(n / 2)] : [Math.ceil(n / 2), n, 3 * n]) {
      const size = positives(n, dice);
      const b = reals(rows * n, dice).map((x, i) => x * at(size, i % n));
      const g = upper(n, (j, k) => {
        let sum = j === k ? 1e-3 * at(size, j) ** 2 : 0;
        for (let i = 0; i < rows; i++) sum += at(b, i * n + j) * at(b, i * n + k);
        return sum;
      });
      const { answer, r } = run(g, n);
      expectEqual(`${rows} rows, n ${n}`, answer, n);
      for (let j = 0; j < n; j++) {
        for (let k = j; k < n; k++) {
          const { sum, magnitude } = preciseSum(
            Array.from({ length: j + 1 }, (_, i) => [at(r, i * n + j), at(r, i * n + k)] as const),
          );
          // Higham, lemma 8.4: j products and subtractions; pivot, root, quotient and product are six roundings more
          expectNear(`${rows} rows, n ${n}: G ${j} ${k}`, sum, at(g, j * n + k), gamma(n + 8) * magnitude);
        }
      }
    }
    // a pivot that is zero, negative or no number ends it, at its row
    for (const bad of [0, n >> 1, n - 1]) {
      for (const loss of [1, 2, Number.NaN]) {
        const r = wholeFactor(n, dice);
        const g = gramOf(r, n);
        g[bad * n + bad] = at(g, bad * n + bad) - loss * at(r, bad * n + bad) ** 2;
        expectEqual(`pivot ${bad} of ${n}, less ${loss}`, run(g, n).answer, bad);
      }
    }
  }
  return cases;
};

/** choleskyFactor made of pieces: one to nine rows each, and what lies below them is left alone. */
export const checkCholeskyRows: Check = (kernel, memory) => {
  const dice = new Dice(97);
  return checkCholeskyFactor((g, n) => {
    const pointer = g as number;
    const size = n as number;
    for (let first = 0; first < size; ) {
      const end = Math.min(size, first + dice.between(1, 9));
      const below = memory.f64(pointer + 8 * end * size, (size - end) * size).slice();
      const answer = kernel(pointer, size, first, end);
      equalBits(`rows below ${end} of ${size}`, memory.f64(pointer + 8 * end * size, below.length), below);
      if (answer !== end) {
        if (!(answer >= first && answer < end)) expectEqual(`rows ${first} to ${end} of ${size}`, answer, end);
        return answer;
      }
      first = end;
    }
    return size;
  }, memory);
};

export const checkCholeskySolve: Check = (kernel, memory) => {
  const dice = new Dice(76);
  let cases = 0;
  const run = (r: Float64Array, n: number, b: Float64Array, pitch: number, classes: number): Float64Array => {
    memory.reset();
    const pointer = memory.inout(b, cases & 3);
    kernel(memory.input(r, (cases >> 2) & 3), n, pointer, pitch, classes);
    const got = memory.f64(pointer, b.length).slice();
    for (let i = 0; i < b.length; i++) {
      if (i % pitch >= n && got[i] !== b[i]) throw new Mismatch(`n ${n}: changed element ${i % pitch} of a row`);
    }
    memory.verify();
    cases++;
    return got;
  };
  for (const n of DIMENSIONS) {
    for (const classes of n > 9 ? [2] : [1, 2, 5]) {
      const pitch = n + (cases % 3);
      const row = (i: number, j: number): boolean => i <= j;
      {
        // whole numbers: y from b = RᵀR·y, exactly; entries are kept small enough for 2⁵³
        const m = Math.min(n, 9);
        const r = upper(m, (j, k) => (j === k ? 2 ** dice.between(0, 2) : dice.between(-2, 2)));
        const y = Float64Array.from({ length: classes * pitch }, () => dice.between(-9, 9));
        const b = y.slice();
        for (let k = 0; k < classes; k++) {
          const half = Float64Array.from({ length: m }, (_, i) => {
            let sum = 0;
            for (let j = i; j < m; j++) sum += at(r, i * m + j) * at(y, k * pitch + j);
            return sum;
          });
          for (let j = 0; j < m; j++) {
            let sum = 0;
            for (let i = 0; i <= j; i++) sum += at(r, i * m + j) * at(half, i);
            b[k * pitch + j] = sum;
          }
        }
        equalAll(`whole numbers, n ${m}, ${classes} classes`, run(r, m, b, pitch, classes), y);
      }
      const r = upper(n, (j, k) => (j === k ? 0.5 + Math.abs(dice.normal()) : dice.normal() / Math.sqrt(n)));
      const b = reals(classes * pitch, dice);
      const y = run(r, n, b, pitch, classes);
      const entry = (i: number, j: number): number => (row(i, j) ? at(r, i * n + j) : 0);
      for (let k = 0; k < classes; k++) {
        const halves = Array.from({ length: n }, (_, i) =>
          preciseSum(Array.from({ length: n - i }, (_, j) => [entry(i, i + j), at(y, k * pitch + i + j)] as const)),
        );
        for (let j = 0; j < n; j++) {
          const { sum } = preciseSum(Array.from({ length: j + 1 }, (_, i) => [entry(i, j), halves[i]!.sum] as const));
          let magnitude = 0;
          for (let i = 0; i <= j; i++) magnitude += Math.abs(entry(i, j)) * halves[i]!.magnitude;
          // Higham, theorem 8.5, twice: each substitution solves a system that is off by γ(n + 1)|R|; two roundings of the reference
          expectNear(`n ${n}, class ${k}: b ${j}`, sum, at(b, k * pitch + j), gamma(2 * n + 6) * magnitude);
        }
      }
    }
  }
  return cases;
};

// ---- solver/blocks -----------------------------------------------------------------------------------------------------

export function checkBlockMargins(storage: ByteStorage): Check {
  return (kernel, memory) => {
    const dice = new Dice(77);
    let cases = 0;
    for (const shape of shapes()) {
      const { rows, columns, classes } = shape;
      const xs = drawBytes(storage, rows, columns, dice, cases);
      const codes = drawCodes(storage, shape, dice, cases);
      const unit = choice(cases, 7, 4) === 0 ? dice.normal() : 2 ** dice.between(-30, 4);
      const shift = reals(classes, dice);
      const before = reals(rows * classes, dice);
      const isAdded = choice(cases, 8, 2);
      memory.reset();
      const { x, stride } = storeBytes(memory, storage, xs, shape, cases);
      const scratch = memory.output(blockScratch(columns, classes), (cases >> 2) & 3);
      const u = memory.inout(before, (cases >> 3) & 3);
      const args = [
        memory.input(codes),
        unit,
        memory.input(shift),
        isAdded,
        scratch,
        u,
        storeMap(memory, xs, shape, cases),
      ];
      kernel(x, stride, rows, columns, classes, ...args);
      const a = product(xs, rows, columns, codes, classes);
      const want = a.map((sum, i) => {
        const margin = unit * sum + at(shift, i % classes);
        return isAdded === 1 ? at(before, i) + margin : margin;
      });
      equalAll(`${label(shape)}, added ${isAdded}`, memory.f64(u, want.length), want);
      memory.verify();
      cases++;
    }
    return cases;
  };
}

interface HessianCase {
  readonly xs: Numbers;
  readonly codes: Int16Array;
  readonly unit: number;
  readonly shift: Float64Array;
  readonly h: Float32Array | null;
  readonly p: Float32Array | null;
  readonly weights: Float32Array | null;
}

/**
 * Largest error of float32 in t, per row and class. a → float32, its sum with the shift (itself rounded), 2·u(|unit·a| + |shift|) together; one
 * class: times h, one rounding. Softmax: mean of p·m, a product and K additions; the difference, times p, times ω: three roundings more.
 */
function curvedErrors(a: Float64Array, { rows, classes }: Shape, c: HessianCase): Float64Array {
  const out = new Float64Array(rows * classes);
  for (let i = 0; i < rows; i++) {
    const size = (k: number): number => Math.abs(c.unit * at(a, i * classes + k)) + Math.abs(at(c.shift, k));
    if (classes === 1) {
      out[i] = 3.1 * U32 * Math.abs(at(c.h!, i)) * size(0);
      continue;
    }
    const weight = c.weights === null ? 1 : at(c.weights, i);
    let mean = 0;
    for (let k = 0; k < classes; k++) mean += at(c.p!, i * classes + k) * size(k);
    for (let k = 0; k < classes; k++) {
      const share = weight * at(c.p!, i * classes + k);
      // |m − mean| ≤ size + mean
      out[i * classes + k] = U32 * share * (5.2 * size(k) + (classes + 6.2) * mean);
    }
  }
  return out;
}

/** Adds half a code of its block to the error of every t: a whole one where the largest code is cut to 32767. */
function addRounding(t: Float64Array, errors: Float64Array): void {
  let [top, error] = [0, 0];
  for (let i = 0; i < t.length; i++) {
    top = Math.max(top, Math.abs(at(t, i)));
    error = Math.max(error, at(errors, i));
  }
  if (top === 0) return;
  // float32 may put the largest t on the other side of a power of two
  const [low, high] = [powerAbove(Math.max(top - error, top / 2)), powerAbove(top + error)];
  for (let i = 0; i < t.length; i++) {
    const isCut = Math.abs(at(t, i)) + at(errors, i) > low * (1 - 0.6 / 32768);
    errors[i] = at(errors, i) + high / 65536 + (isCut ? low / 65536 : 0);
  }
}

/** Rows of dyadic probabilities: quarters, halves, one. */
function dyadicRows(rows: number, classes: number, dice: Dice): Float32Array {
  const out = new Float32Array(rows * classes);
  for (let i = 0; i < rows; i++) {
    const parts = dice.pick(
      classes > 2 ? [[1], [0.5, 0.5], [0.25, 0.75], [0.25, 0.25, 0.5]] : [[1], [0.5, 0.5], [0.25, 0.75]],
    );
    const first = dice.below(classes);
    for (const [l, part] of parts.entries()) out[i * classes + ((first + l) % classes)] = part;
  }
  return out;
}

const softmaxRows = (rows: number, classes: number, dice: Dice): Float32Array => {
  const out = new Float32Array(rows * classes);
  for (let i = 0; i < rows; i++) out.set(softmax(reals(classes, dice).map((x) => 2 * x)), i * classes);
  return out;
};

export function checkHessian(storage: ByteStorage): Check {
  return (kernel, memory) => {
    const dice = new Dice(78);
    let cases = 0;
    /** isExact: all of t are whole multiples of the unit of their block, or of the next power of two below. */
    const judge = (what: string, shape: Shape, c: HessianCase, isExact: boolean): void => {
      const { rows, columns, classes } = shape;
      const { xs, codes, unit, shift, h, p, weights } = c;
      memory.reset();
      const { x, stride } = storeBytes(memory, storage, xs, shape, cases);
      const scratch = memory.output(blockScratch(columns, classes), (cases >> 2) & 3);
      // what stands there must not count
      const g = memory.inout(constant(classes * columns, 3.25), (cases >> 3) & 3);
      const totals = memory.inout(constant(classes, 3.25));
      const vectors = [memory.input(codes), unit, memory.input(shift)];
      // with one margin the weights are in h: those given must not count
      const state = [h, p, weights].map((values) => (values === null ? 0 : memory.input(values)));
      const map = storeMap(memory, xs, shape, cases);
      kernel(x, stride, rows, columns, classes, ...vectors, ...state, scratch, g, totals, map);
      const a = product(xs, rows, columns, codes, classes);
      const m = a.map((sum, i) => unit * sum + at(shift, i % classes));
      const t = curved(m, rows, classes, h, p, weights);
      const [want, wantTotals] = [new Float64Array(classes * columns), new Float64Array(classes)];
      const [bound, totalBound] = [new Float64Array(classes * columns), new Float64Array(classes)];
      const add = (to: Float64Array, terms: Float64Array): void => {
        for (let i = 0; i < to.length; i++) to[i] = at(to, i) + at(terms, i);
      };
      if (isExact) {
        for (let first = 0; first < rows; first += BLOCK) {
          const end = Math.min(rows, first + BLOCK);
          const block = blockCodes(t.subarray(first * classes, end * classes));
          const terms = new Float64Array(rows * classes);
          block.codes.forEach((code, i) => {
            terms[first * classes + i] = block.unit * code;
          });
          add(want, transposedProduct(xs, columns, terms, classes, first, end));
          const totalsOfBlock = new Float64Array(classes);
          for (let i = first; i < end; i++) add(totalsOfBlock, terms.subarray(i * classes, (i + 1) * classes));
          add(wantTotals, totalsOfBlock);
        }
      } else {
        const errors = curvedErrors(a, shape, c);
        for (let first = 0; first < rows; first += BLOCK) {
          const [from, to] = [first * classes, Math.min(rows, first + BLOCK) * classes];
          addRounding(t.subarray(from, to), errors.subarray(from, to));
        }
        // float64: a sum per block on one side, `rows` sums on the other
        for (let i = 0; i < t.length; i++) errors[i] = at(errors, i) + gamma(rows + 8) * Math.abs(at(t, i));
        add(want, transposedProduct(xs, columns, t, classes, 0, rows));
        add(bound, transposedProduct(Float64Array.from(xs, Math.abs), columns, errors, classes, 0, rows));
        for (let i = 0; i < rows; i++) {
          add(wantTotals, t.subarray(i * classes, (i + 1) * classes));
          add(totalBound, errors.subarray(i * classes, (i + 1) * classes));
        }
      }
      nearAll(`${what}, ${label(shape)}: g`, memory.f64(g, want.length), want, bound);
      nearAll(`${what}, ${label(shape)}: totals`, memory.f64(totals, classes), wantTotals, totalBound);
      memory.verify();
      cases++;
    };
    /** Small whole margins, dyadic curvature: t is exact in float32 and in int16. The second block is 2²⁰ times smaller than the first. */
    const exact = (shape: Shape): HessianCase => {
      const { rows, columns, classes } = shape;
      const unit = 2 ** -dice.below(12);
      const codes = new Int16Array(classes * columns);
      for (let k = 0; k < classes; k++) {
        codes[k * columns + dice.below(columns)] = classes === 1 ? dice.between(-36, 36) : dice.between(-6, 6);
      }
      const scaleOf = (i: number): number => 2 ** (-20 * (i >> 8));
      const isEmpty = choice(cases, 9, 5) === 0; // a first block of rows that do not count
      const draw = (values: readonly number[]): Float32Array =>
        Float32Array.from({ length: rows }, (_, i) => (isEmpty && i < BLOCK ? 0 : dice.pick(values) * scaleOf(i)));
      return {
        xs: drawBytes(storage, rows, columns, dice, cases),
        codes,
        unit,
        shift: Float64Array.from({ length: classes }, () => unit * dice.between(-50, 50)),
        h: classes === 1 ? draw([0, 0.5, 1]) : null,
        p: classes === 1 ? null : dyadicRows(rows, classes, dice),
        weights: choice(cases, 10, 3) === 0 ? null : draw([0, 1, 2]),
      };
    };
    const real = (shape: Shape, isReveal: boolean): HessianCase => {
      const { rows, columns, classes } = shape;
      const codes = drawCodes(storage, shape, dice, cases);
      const norm = codes.reduce((sum, code) => sum + Math.abs(code), 1);
      // Left out: blocks whose largest |t| is NaN, below 1e-30 or above 1e30, which the kernel counts as zero
      const size = 2 ** dice.pick([0, 0, -60, 60]);
      const draw = (): Float32Array =>
        Float32Array.from({ length: rows }, (_, i) => (dice.uniform() * 10 ** (-3 * (i >> 8))) / (dice.below(9) + 1));
      const xs = drawBytes(storage, rows, columns, dice, cases);
      // one row per column: every t can be read from g by itself
      if (isReveal) for (let i = 0; i < xs.length; i++) xs[i] = i % (columns + 1) === 0 ? 1 : 0;
      return {
        xs,
        codes,
        unit: (size * classes * 8) / powerAbove(norm * (isReveal ? 1 : LARGEST[storage])),
        shift: reals(classes, dice).map((x) => x * size),
        h: classes === 1 ? draw() : null,
        p: classes === 1 ? null : softmaxRows(rows, classes, dice),
        weights: choice(cases, 10, 3) === 0 ? null : draw(),
      };
    };
    for (const shape of shapes()) {
      const style = choice(cases, 11, 3);
      const isReveal = style === 1 && shape.rows <= shape.columns;
      if (style === 0) judge("whole", shape, exact(shape), true);
      else judge(isReveal ? "unit rows" : "real", shape, real(shape, isReveal), false);
    }
    for (const [i, rows] of ROWS.entries()) {
      for (const classes of [1, at(CLASSES, 1 + (i % 4))]) {
        const shape = { rows, columns: 32, classes };
        judge("whole", shape, exact(shape), true);
      }
    }
    for (const classes of [1, 2]) {
      const shape = { rows: 513, columns: 16, classes };
      judge("whole", shape, exact(shape), true);
    }
    // every code ±32768, which 32767 stands for, every byte at its limit: the largest sums of a block
    for (const rows of [1, 2, 255, 256, 257]) {
      for (const name of ["min", "max"] as const) {
        for (const shift of [1, -1, 0.75]) {
          judge(
            `limits ${name}, shift ${shift}`,
            { rows, columns: 32, classes: 1 },
            {
              xs: pack(storage, fill(name, rows * 32, BYTE[storage], dice)),
              codes: new Int16Array(32),
              unit: 1,
              shift: Float64Array.of(shift),
              h: new Float32Array(rows).fill(1),
              p: null,
              weights: null,
            },
            true,
          );
        }
      }
    }
    return cases;
  };
}

export function checkFollow(storage: ByteStorage): Check {
  return (kernel, memory) => {
    const dice = new Dice(79);
    let cases = 0;
    const judge = (
      what: string,
      shape: Shape,
      xs: Numbers,
      low: Numbers | null,
      c: Float64Array,
      held: Float64Array,
    ): void => {
      const { rows, columns, classes } = shape;
      const [g0, totals0] = [reals(classes * columns, dice), reals(classes, dice)];
      memory.reset();
      const stride = columns + 16 * choice(cases, 5, 4);
      const planes = [xs, ...(low === null ? [] : [low])].map((plane) => layOut(storage, plane, rows, columns, stride));
      const bytes = new Uint8Array(planes.reduce((sum, plane) => sum + plane.length, 0));
      for (const [i, plane] of planes.entries()) bytes.set(plane, i * plane.length);
      const x = memory.input(bytes, choice(cases, 6, 4));
      const scratch = memory.output(blockScratch(columns, classes), (cases >> 2) & 3);
      const [heldAt, g, totals] = [memory.inout(held), memory.inout(g0, (cases >> 3) & 3), memory.inout(totals0)];
      const distance = low === null ? 0 : rows * stride;
      // of the high plane
      const map = storeMap(memory, xs, shape, cases);
      const cAt = memory.input(c);
      const left = kernel(x, distance, stride, rows, columns, classes, cAt, heldAt, scratch, g, totals, map);
      const [wantG, wantTotals, wantHeld] = [g0.slice(), totals0.slice(), held.slice()];
      const [size, totalSize] = [g0.map(Math.abs), totals0.map(Math.abs)];
      for (let first = 0; first < rows; first += BLOCK) {
        const end = Math.min(rows, first + BLOCK);
        const [from, to] = [first * classes, end * classes];
        const { unit, codes } = blockCodes(c.subarray(from, to).map((value, i) => value - at(held, from + i)));
        const all = new Float64Array(rows * classes);
        all.set(codes, from);
        for (const [plane, factor] of [
          [xs, low === null ? unit : 256 * unit],
          [low, unit],
        ] as const) {
          if (plane === null) continue;
          transposedProduct(plane, columns, all, classes, first, end).forEach((sum, i) => {
            wantG[i] = at(wantG, i) + factor * sum;
            size[i] = at(size, i) + factor * Math.abs(sum);
          });
        }
        codes.forEach((code, i) => {
          wantHeld[from + i] = at(held, from + i) + unit * code;
          wantTotals[i % classes] = at(wantTotals, i % classes) + unit * code;
          totalSize[i % classes] = at(totalSize, i % classes) + unit * Math.abs(code);
        });
      }
      equalAll(`${what}, ${label(shape)}: held`, memory.f64(heldAt, held.length), wantHeld);
      const missing = c.reduce((sum, value, i) => sum + (value - at(wantHeld, i)) ** 2, 0);
      // one rounding per difference, square and sum on either side
      expectNear(`${what}, ${label(shape)}: what is missing`, left, missing, gamma(2 * c.length + 4) * missing);
      // integers times powers of two are exact; two sums per block on either side, of the totals one per row on this side
      const n = gamma(4 * Math.ceil(rows / BLOCK));
      nearAll(
        `${what}, ${label(shape)}: g`,
        memory.f64(g, wantG.length),
        wantG,
        size.map((value) => n * value),
      );
      nearAll(
        `${what}, ${label(shape)}: totals`,
        memory.f64(totals, classes),
        wantTotals,
        totalSize.map((value) => gamma(rows + 3) * value),
      );
      memory.verify();
      cases++;
    };
    for (const shape of shapes()) {
      const { rows, columns, classes } = shape;
      const count = rows * classes;
      // the second block changes a thousand times less: it has a unit of its own
      const scaleOf = (i: number): number => 10 ** (-3 * Math.floor(i / (BLOCK * classes)));
      const style = choice(cases, 7, 5);
      const c = reals(count, dice).map((x, i) => x * scaleOf(i));
      const held = c.map((value, i) => {
        if (style === 0) return 0; // the first gradient
        if (style === 1) return value + 1e-6 * scaleOf(i) * dice.normal();
        if (style === 2) return i < BLOCK * classes ? value : 0; // a first block that has not changed
        if (style === 3) return i % 7 === 0 ? value + 1 : value;
        return value + 2 ** -40 * dice.below(3);
      });
      const low = choice(cases, 8, 2) === 0 ? drawBytes(storage, rows, columns, dice, cases + 1000) : null;
      judge(`style ${style}`, shape, drawBytes(storage, rows, columns, dice, cases), low, c, held);
    }
    // every code ±32768, which 32767 stands for, every byte at its limit
    for (const rows of [255, 256, 257]) {
      for (const classes of rows === 256 ? [1, 6] : [1]) {
        for (const name of ["min", "max"] as const) {
          const xs = pack(storage, fill(name, rows * 16, BYTE[storage], dice));
          for (const change of [1, -1, 1 - 2 ** -30]) {
            const count = rows * classes;
            judge(
              `all ${name}, ${change}`,
              { rows, columns: 16, classes },
              xs,
              xs,
              constant(count, change),
              constant(count, 0),
            );
          }
        }
      }
    }
    return cases;
  };
}

// ---- solver/frame ------------------------------------------------------------------------------------------------------

interface FrameShape {
  readonly columns: number;
  readonly codeColumns: number;
  readonly pitch: number;
  readonly classes: number;
  readonly intercept: number;
}

function* frameShapes(): Generator<FrameShape> {
  for (const columns of [1, 3, 16, 31, 32, 50]) {
    for (const classes of [1, 2, 7]) {
      for (const intercept of [0, 1, 127]) {
        yield { columns, codeColumns: roundUp(columns, 16), pitch: roundUp(columns + 1, 32), classes, intercept };
      }
    }
  }
}

const frameLabel = ({ columns, classes, intercept }: FrameShape): string =>
  `${columns} columns, ${classes} classes, intercept ${intercept}`;

export const checkFrameMaps: Check = (kernel, memory) => {
  const dice = new Dice(80);
  let cases = 0;
  for (const columns of [1, 3, 31, 32, 50]) {
    for (const pitch of [columns, roundUp(columns + 1, 32)]) {
      const [scale, passScale] = [positives(columns, dice), positives(columns, dice)];
      const [offset, passOffset] = [reals(columns, dice), reals(columns, dice)];
      memory.reset();
      const [factor, shift] = [memory.output(pitch * 8, cases & 3), memory.output(pitch * 8)];
      const given = [scale, offset, passScale, passOffset].map((values) => memory.input(values));
      kernel(...given, columns, pitch, factor, shift);
      const upTo = (values: Float64Array): Float64Array => {
        const out = new Float64Array(pitch);
        out.set(values);
        return out;
      };
      const what = `${columns} of ${pitch} columns`;
      equalAll(`${what}: factor`, memory.f64(factor, pitch), upTo(scale.map((s, j) => at(passScale, j) / s)));
      const moves = offset.map((o, j) => (at(passOffset, j) - o) / at(passScale, j));
      equalAll(`${what}: shift`, memory.f64(shift, pitch), upTo(moves));
      memory.verify();
      cases++;
    }
  }
  return cases;
};

export const checkSnap: Check = (kernel, memory) => {
  const dice = new Dice(81);
  let cases = 0;
  for (const shape of frameShapes()) {
    for (const isAdded of [0, 1]) {
      const { columns, codeColumns, pitch, classes, intercept } = shape;
      const codes = pack("I16", fill(codePattern(cases), classes * codeColumns, INT16, dice));
      const [factor, shift, z] = [positives(pitch, dice), reals(pitch, dice), reals(classes * pitch, dice)];
      const unit = 2 ** dice.between(-30, 3);
      memory.reset();
      const [zAt, shifts] = [memory.inout(z, cases & 3), memory.output(classes * 8)];
      const maps = [memory.input(factor), memory.input(shift)];
      kernel(memory.input(codes), codeColumns, columns, classes, unit, ...maps, intercept, isAdded, zAt, pitch, shifts);
      const what = `${frameLabel(shape)}, added ${isAdded}`;
      const want = z.map((value, i) => {
        const [k, j] = [Math.floor(i / pitch), i % pitch];
        if (j >= columns) return value;
        const said = (unit * at(codes, k * codeColumns + j)) / at(factor, j);
        return isAdded === 1 ? value + said : said;
      });
      equalAll(`${what}: z`, memory.f64(zAt, z.length), want);
      for (let k = 0; k < classes; k++) {
        const terms: [number, number][] = [[isAdded === 1 ? 0 : intercept, at(z, k * pitch + columns)]];
        for (let j = 0; j < columns; j++) terms.push([at(shift, j), unit * at(codes, k * codeColumns + j)]);
        const { sum, magnitude } = preciseSum(terms);
        // a product, `columns` additions and that of the intercept
        expectNear(`${what}: shift ${k}`, at(memory.f64(shifts, classes), k), sum, gamma(columns + 2) * magnitude);
      }
      memory.verify();
      cases++;
    }
  }
  return cases;
};

export const checkAssembleProduct: Check = (kernel, memory) => {
  const dice = new Dice(82);
  let cases = 0;
  for (const shape of frameShapes()) {
    const { columns, codeColumns, pitch, classes, intercept } = shape;
    const g = reals(classes * codeColumns, dice).map((x) => x * 1e6);
    const totals = reals(classes, dice).map((x) => x * 1e3);
    const [factor, shift, ridge] = [positives(pitch, dice), reals(pitch, dice), positives(pitch, dice)];
    const [p, before] = [reals(classes * pitch, dice), reals(classes * pitch, dice)];
    const rows = dice.between(1, 100_000);
    memory.reset();
    const out = memory.inout(before, cases & 3);
    const [gAt, totalsAt, factorAt, shiftAt, ridgeAt, pAt] = [g, totals, factor, shift, ridge, p].map((v) =>
      memory.input(v),
    );
    kernel(
      gAt!,
      codeColumns,
      totalsAt!,
      factorAt!,
      shiftAt!,
      intercept,
      rows,
      ridgeAt!,
      pAt!,
      columns,
      classes,
      out,
      pitch,
    );
    const [want, bound] = [before.slice(), new Float64Array(before.length)];
    for (let k = 0; k < classes; k++) {
      for (let j = 0; j < columns; j++) {
        const f = at(factor, j) / rows;
        const terms = [
          [f, at(g, k * codeColumns + j)],
          [f, at(shift, j) * at(totals, k)],
          [at(ridge, j), at(p, k * pitch + j)],
        ] as const;
        const { sum, magnitude } = preciseSum(terms);
        want[k * pitch + j] = sum;
        bound[k * pitch + j] = gamma(10) * magnitude; // product, sum, product, quotient, sum; three roundings of the reference's factors
      }
      if (intercept === 0) continue;
      const last = (intercept * at(totals, k)) / rows;
      want[k * pitch + columns] = last;
      bound[k * pitch + columns] = gamma(4) * Math.abs(last);
    }
    nearAll(frameLabel(shape), memory.f64(out, want.length), want, bound);
    memory.verify();
    cases++;
  }
  return cases;
};

export const checkAssembleGram: Check = (kernel, memory) => {
  const dice = new Dice(83);
  let cases = 0;
  for (const shape of frameShapes()) {
    if (shape.classes > 1) continue;
    const { columns, codeColumns, pitch, intercept } = shape;
    const dimension = columns + (intercept === 0 ? 0 : 1);
    const m = upper(codeColumns, () => dice.normal() * 1e6);
    const s = reals(codeColumns, dice).map((x) => x * 1e3);
    const total = 1e3 * dice.uniform();
    const rows = dice.between(1, 10_000);
    const [factor, shift, ridge] = [positives(pitch, dice), reals(pitch, dice), positives(pitch, dice)];
    memory.reset();
    const out = memory.output(dimension * dimension * 8, cases & 3);
    const [mAt, sAt, factorAt, shiftAt, ridgeAt] = [m, s, factor, shift, ridge].map((v) => memory.input(v));
    const trace = kernel(mAt!, codeColumns, sAt!, total, factorAt!, shiftAt!, intercept, rows, ridgeAt!, columns, out);
    const got = memory.f64(out, dimension * dimension);
    const diagonal: [number, number][] = [];
    for (let j = 0; j < dimension; j++) {
      for (let k = j; k < dimension; k++) {
        // the intercept's column has the code Q everywhere: factor Q, and 1 in place of byte + shift
        const f = ((j < columns ? at(factor, j) : intercept) / rows) * (k < columns ? at(factor, k) : intercept);
        const terms: [number, number][] = [];
        if (k < columns) {
          terms.push([f, at(m, j * codeColumns + k)], [f * at(shift, j), at(s, k)]);
          terms.push([f * at(s, j), at(shift, k)], [f * at(shift, j), at(shift, k) * total]);
        } else if (j < columns) terms.push([f, at(s, j)], [f, at(shift, j) * total]);
        else terms.push([f, total]);
        if (j === k && j < columns) terms.push([at(ridge, j), 1]);
        const { sum, magnitude } = preciseSum(terms);
        // at most three products and four sums for the data, two factors, the quotient by the rows; as many in the reference's factors
        expectNear(`${frameLabel(shape)}: ${j} ${k}`, at(got, j * dimension + k), sum, gamma(16) * magnitude);
      }
      diagonal.push([at(got, j * dimension + j), 1]);
    }
    const { sum, magnitude } = preciseSum(diagonal);
    expectNear(`${frameLabel(shape)}: trace`, trace, sum, gamma(dimension + 1) * magnitude);
    memory.verify();
    cases++;
  }
  return cases;
};

/** The costs add up: one squared quotient, its weight, `columns·classes` additions; all terms are positive. */
export const checkRoundingError: Check = (kernel, memory) => {
  const dice = new Dice(93);
  let cases = 0;
  for (const { columns, pitch, classes } of frameShapes()) {
    for (const isGrid of [true, false]) {
      const power = (): number => 2 ** dice.between(-4, 4);
      const raw = Float64Array.from({ length: classes * pitch }, () =>
        isGrid ? dice.between(-99, 99) : dice.normal() * 2 ** -dice.below(40),
      );
      // what lies between the rows must not count
      for (let k = 0; k < classes; k++) raw.fill(1e9, k * pitch + columns, (k + 1) * pitch);
      const [factor, scales] = [0, 1].map(() =>
        isGrid ? Float64Array.from({ length: columns }, power) : positives(columns, dice),
      );
      memory.reset();
      const pointers = [memory.input(factor!, cases & 3), memory.input(scales!)];
      const got = kernel(memory.input(raw, (cases >> 2) & 3), pitch, columns, classes, ...pointers);
      const terms: [number, number][] = [];
      for (let k = 0; k < classes; k++) {
        for (let j = 0; j < columns; j++) {
          const error = at(raw, k * pitch + j) / at(factor!, j);
          terms.push([at(scales!, j), error * error]);
        }
      }
      const { sum } = preciseSum(terms);
      const what = `${columns} of ${pitch} columns, ${classes} classes`;
      expectNear(what, got, sum, isGrid ? 0 : gamma(columns * classes + 6) * sum);
      memory.verify();
      cases++;
    }
  }
  return cases;
};

export const checkRaiseDiagonal: Check = (kernel, memory) => {
  const dice = new Dice(84);
  let cases = 0;
  for (const n of [1, 2, 3, 16, 33]) {
    for (const [factor, value] of [
      [1, 0],
      [1, 0.75],
      [1 + 1e-7, 0],
      [dice.normal(), dice.normal()],
      [1 + 2 ** -30, 1e-9],
    ] as const) {
      const matrix = reals(n * n, dice);
      memory.reset();
      const pointer = memory.inout(matrix, cases & 3);
      kernel(pointer, n, factor, value);
      const want = matrix.map((x, i) => (i % (n + 1) === 0 ? x * factor + value : x));
      equalAll(`n ${n}, ${factor}, ${value}`, memory.f64(pointer, n * n), want);
      memory.verify();
      cases++;
    }
  }
  return cases;
};

/**
 * `real`: positive entries of every size, none of which may be touched. `flat`: whole numbers and powers of two, every sum exact: columns that
 * never change, and some whose sums rounding has left below zero, have no diagonal and get the largest. `ridge`: the same on top of a ridge.
 */
export const checkAssembleDiagonal: Check = (kernel, memory) => {
  const dice = new Dice(85);
  let cases = 0;
  for (const { columns, pitch, intercept, classes } of frameShapes()) {
    if (classes > 2) continue;
    for (const style of ["real", "flat", "ridge", "nothing"] as const) {
      const isReal = style === "real";
      const total = style === "nothing" ? 0 : isReal ? 1e3 * dice.uniform() : dice.between(1, 1000);
      const draw = (rule: () => number): Float64Array => Float64Array.from({ length: pitch }, rule);
      const factor = isReal ? positives(pitch, dice) : draw(() => 2 ** dice.between(-12, 12));
      const shift = isReal ? reals(pitch, dice) : draw(() => dice.between(-99, 99));
      const means = isReal ? reals(columns, dice) : draw(() => dice.between(-99, 99)).subarray(0, columns);
      const s = means.map((mean) => mean * total);
      // Σ d·b² = (Σ d·b)²/Σ d + what the column varies
      const q = means.map((mean) => mean * mean * total + (isReal ? total * dice.uniform() : total * dice.below(3)));
      for (let j = 0; j < columns; j++) {
        if (isReal || (columns > 1 && j % 3 === 0)) continue;
        s[j] = -at(shift, j) * total;
        q[j] = at(shift, j) ** 2 * total - (j % 3 === 2 ? total : 0);
      }
      // far below the rest, and yet what it is
      if (isReal && columns > 2) {
        factor[1] = 1e-9 * at(factor, 1);
        shift[1] = 0;
      }
      const ridge = isReal || style === "ridge" ? positives(pitch, dice) : new Float64Array(pitch);
      if (isReal) ridge[1] = 0;
      const scale = isReal ? dice.uniform() : 2 ** -dice.below(9);
      memory.reset();
      const out = memory.output(pitch * 8, cases & 3);
      const [qAt, sAt, factorAt, shiftAt, ridgeAt] = [q, s, factor, shift, ridge].map((v) => memory.input(v));
      kernel(qAt!, sAt!, total, factorAt!, shiftAt!, intercept, scale, ridgeAt!, columns, out, pitch);
      const [want, bound] = [new Float64Array(pitch).fill(1), new Float64Array(pitch)];
      const count = columns + (intercept === 0 ? 0 : 1);
      for (let j = 0; j < columns; j++) {
        const f = at(factor, j) ** 2 * scale;
        const { sum, magnitude } = preciseSum([
          [f, at(q, j)],
          [f * 2 * at(shift, j), at(s, j)],
          [f * at(shift, j) ** 2, total],
        ]);
        want[j] = Math.max(sum, 0) + at(ridge, j);
        // two products and two sums, f², scale, ridge; the reference's factors
        if (isReal) bound[j] = gamma(14) * (magnitude + at(ridge, j));
      }
      if (intercept !== 0) {
        want[columns] = intercept * intercept * total * scale;
        if (isReal) bound[columns] = gamma(6) * at(want, columns);
      }
      const top = Math.max(...want.subarray(0, count));
      for (let j = 0; j < count; j++) if (at(want, j) === 0) want[j] = top > 0 ? top : 1;
      nearAll(`${style}, ${columns} columns, intercept ${intercept}`, memory.f64(out, pitch), want, bound);
      memory.verify();
      cases++;
    }
  }
  return cases;
};

/** Weights of a sample by name; null: the pointer 0. */
const SAMPLE_WEIGHTS: Readonly<Record<string, (rows: number, dice: Dice) => Float32Array | null>> = {
  none: () => null,
  ones: (rows) => new Float32Array(rows).fill(1),
  alike: (rows) => new Float32Array(rows).fill(0.3),
  uniform: (rows, dice) => Float32Array.from({ length: rows }, () => dice.uniform()),
  // a few rows outweigh all others, many do not count
  heavy: (rows, dice) =>
    Float32Array.from({ length: rows }, () => (dice.below(3) === 0 ? 0 : Math.abs(dice.cauchy()) ** 2)),
  // all but the last rows
  late: (rows, dice) => Float32Array.from({ length: rows }, (_, i) => (i < rows - 5 ? 0 : dice.uniform())),
  one: (rows) => Float32Array.from({ length: rows }, (_, i) => (i === rows >> 1 ? 2.5 : 0)),
  zeros: (rows) => new Float32Array(rows),
};

const ALIKE: ReadonlySet<string> = new Set(["none", "ones", "alike"]);

export const checkSampleRows: Check = (kernel, memory) => {
  const dice = new Dice(86);
  let cases = 0;
  const run = (
    state: number,
    weight: Float32Array | null,
    rows: number,
    count: number,
  ): { index: Uint32Array; scale: Float32Array; state: number } => {
    memory.reset();
    const stateAt = memory.inout(Int32Array.of(state), cases & 3);
    const weightAt = weight === null ? 0 : memory.input(weight, (cases >> 2) & 3);
    const [indexAt, scaleAt] = [memory.output(8 * count, (cases >> 4) & 3), memory.output(8 * count)];
    const size = kernel(stateAt, weightAt, rows, count, indexAt, scaleAt);
    memory.verify();
    cases++;
    if (!(size >= 0 && size <= 2 * count && size % 1 === 0)) throw new Mismatch(`${count} of ${rows}: ${size} rows`);
    return {
      index: Uint32Array.from(i32(memory, indexAt, size)),
      scale: memory.f32(scaleAt, size).slice(),
      state: at(i32(memory, stateAt, 1), 0) >>> 0,
    };
  };
  const same = (what: string, got: ReturnType<typeof run>, want: ReturnType<typeof run>): void => {
    expectEqual(`${what}: rows`, got.index.length, want.index.length);
    equalAll(`${what}: index`, got.index, want.index);
    equalAll(`${what}: scale`, got.scale, want.scale);
    expectEqual(`${what}: state`, got.state, want.state);
  };
  for (const [rows, count] of [
    [1, 1],
    [5, 1],
    [5, 5],
    [5, 9],
    [64, 16],
    [1000, 7],
    [1000, 250],
    [1000, 999],
    [20_000, 4096],
  ] as const) {
    for (const [name, draw] of Object.entries(SAMPLE_WEIGHTS)) {
      const weight = draw(rows, dice);
      const state = (dice.bits() | 1) >>> 0;
      const got = run(state, weight, rows, count);
      const what = `${count} of ${rows}, weights ${name}`;
      same(what, got, sampleRows(state, weight, rows, count));
      // and, whatever the oracle says:
      const { index, scale } = got;
      const weightOf = (row: number): number => (weight === null ? 1 : at(weight, row));
      let total = 0;
      for (let i = 0; i < rows; i++) total += weightOf(i);
      for (let i = 0; i < index.length; i++) {
        const row = at(index, i);
        if (row >= rows || (i > 0 && row <= at(index, i - 1))) throw new Mismatch(`${what}: row ${row} at ${i}`);
        if (weightOf(row) === 0) throw new Mismatch(`${what}: row ${row} has no weight`);
        if (!(at(scale, i) > 0)) throw new Mismatch(`${what}: scale ${scale[i]}`);
      }
      for (let row = 0; row < rows; row++) {
        // once, and with the scale of a row that is certain
        if (weightOf(row) > 0 && weightOf(row) >= (total / count) * (1 + 1e-12)) {
          const i = index.indexOf(row);
          if (i < 0) throw new Mismatch(`${what}: row ${row} is heavier than a stratum`);
          expectNear(
            `${what}: scale of row ${row}`,
            at(scale, i),
            index.length / rows,
            (2 * U32 * index.length) / rows,
          );
        }
      }
      if (weight === null) {
        same(`${what}, against ones`, got, run(state, new Float32Array(rows).fill(1), rows, count));
      }
      if (ALIKE.has(name) && rows % count === 0) {
        expectEqual(`${what}: one of each stratum`, index.length, count);
        for (let i = 0; i < count; i++) {
          expectEqual(`${what}: stratum of row ${index[i]}`, Math.floor((at(index, i) * count) / rows), i);
          expectEqual(`${what}: scale ${i}`, at(scale, i), 1);
        }
      }
    }
  }
  // over many states Σ scale·f/size is the mean of f, whatever the weights: 5σ of their mean
  for (const name of ["none", "uniform", "heavy"]) {
    const [rows, count, repeats] = [60, 12, 1500];
    const weight = SAMPLE_WEIGHTS[name]!(rows, dice);
    const f = Float64Array.from({ length: rows }, (_, i) =>
      weight !== null && weight[i] === 0 ? 0 : 1 + dice.normal() + (weight === null ? 0 : at(weight, i) ** 0.5),
    );
    const mean = f.reduce((sum, x) => sum + x / rows, 0);
    let [sum, squares] = [0, 0];
    for (let repeat = 0; repeat < repeats; repeat++) {
      const { index, scale } = run((dice.bits() | 1) >>> 0, weight, rows, count);
      let estimate = 0;
      for (let i = 0; i < index.length; i++) estimate += (at(scale, i) * at(f, at(index, i))) / index.length;
      sum += estimate - mean;
      squares += (estimate - mean) ** 2;
    }
    const sigma = Math.sqrt(squares) / repeats;
    expectNear(`weights ${name}: mean over ${repeats} samples`, mean + sum / repeats, mean, 5 * sigma + 1e-6);
  }
  return cases;
};

export const checkMultiplyF32: Check = (kernel, memory) => {
  const dice = new Dice(94);
  let cases = 0;
  for (const count of [0, 1, 2, 3, 4, 5, 64, 1001]) {
    for (let style = 0; style < 4; style++) {
      const [a, b] = [mixed(count, dice, style), mixed(count, dice, style + 1)].map((v) => Float32Array.from(v));
      memory.reset();
      const aPointer = memory.inout(a!, cases & 3);
      kernel(aPointer, memory.input(b!, (cases >> 2) & 3), count);
      const want = a!.map((x, i) => x * at(b!, i));
      equalAll(`${count} numbers, style ${style}`, memory.f32(aPointer, count), want);
      memory.verify();
      cases++;
    }
  }
  return cases;
};

export const checkToFloat64: Check = (kernel, memory) => {
  const dice = new Dice(95);
  let cases = 0;
  const extremes = [0, -0, 2 ** -149, -(2 ** -126), 3.4028234663852886e38, Infinity, -Infinity, NaN];
  for (const count of [0, 1, 2, 3, 8, 33, 1001]) {
    for (let style = 0; style < 4; style++) {
      const from = Float32Array.from(mixed(count, dice, style), (x, i) => (style === 0 ? at(extremes, i % 8) : x));
      memory.reset();
      const to = memory.output(count * 8, cases & 3);
      kernel(memory.input(from, (cases >> 2) & 3), to, count);
      const got = memory.f64(to, count);
      for (let i = 0; i < count; i++) {
        if (!Object.is(got[i], from[i])) throw new Mismatch(`${count} numbers: ${from[i]} became ${got[i]}`);
      }
      memory.verify();
      cases++;
    }
  }
  return cases;
};

export const checkGather: Check = (kernel, memory) => {
  const dice = new Dice(87);
  let cases = 0;
  for (const bytes of [4, 8, 16, 28, 784]) {
    for (const count of [1, 2, 17]) {
      for (const gap of [0, 12]) {
        const items = 23;
        const [stride, outStride] = [bytes + (cases % 3 === 0 ? 4 : 0), bytes + gap];
        const source = Uint8Array.from({ length: items * stride }, () => dice.below(256));
        const index = Int32Array.from({ length: count }, () => dice.below(items));
        const before = Uint8Array.from({ length: count * outStride }, () => dice.below(256));
        memory.reset();
        const out = memory.inout(before, cases & 3);
        kernel(memory.input(source), stride, memory.input(index), count, bytes, out, outStride);
        const want = before.slice();
        index.forEach((item, i) => {
          want.set(source.subarray(item * stride, item * stride + bytes), i * outStride);
        });
        equalAll(`${count} items of ${bytes} bytes, ${outStride} apart`, memory.u8(out, want.length), want);
        memory.verify();
        cases++;
      }
    }
  }
  return cases;
};

// ---- loss/curvature ----------------------------------------------------------------------------------------------------

/**
 * Losses of one margin with a second derivative. Left out: hinge, which the solvers refuse; curvatureRows answers 1 for it where the oracle has
 * 0, and plane1 takes it for squared loss.
 */
const SMOOTH: readonly Loss[] = ["squared", "logistic", "squaredHinge", "huber"];

/**
 * A margin and its label. Multiples of 2⁻¹⁰ for the losses with kinks: their state 1 − y·m or m − y is exact in float32, so that kernel and
 * oracle stand on the same side of the kink.
 */
function drawRow(loss: Loss, dice: Dice): { margin: number; y: number } {
  if (loss === "logistic" || loss === "squared")
    return { margin: dice.normal() * dice.pick([0.1, 3, 12]), y: dice.sign() };
  const y = loss === "huber" ? dice.between(-2000, 2000) / 1024 : dice.sign();
  const margin = dice.pick([dice.between(-4000, 4000) / 1024, y, 1, -1, y + 1, y - 1, 0]);
  return { margin, y };
}

const drawOmega = (rows: number, dice: Dice): Float32Array =>
  Float32Array.from({ length: rows }, () => (dice.below(9) === 0 ? 0 : dice.uniform() * 4));

export const checkCurvatureRows: Check = (kernel, memory) => {
  const dice = new Dice(88);
  let cases = 0;
  for (const loss of SMOOTH) {
    for (const rows of ROWS) {
      for (const hasWeights of [true, false]) {
        const tau = dice.pick([1, 0.5]);
        const drawn = Array.from({ length: rows }, () => drawRow(loss, dice));
        const state = Float32Array.from(drawn, ({ margin, y }) => at(stateFloat32(loss, [margin], y), 0));
        const omega = drawOmega(rows, dice);
        memory.reset();
        const h = memory.output(rows * 4, cases & 3);
        kernel(LOSSES.indexOf(loss), memory.input(state), hasWeights ? memory.input(omega) : 0, rows, tau, h);
        const got = memory.f32(h, rows);
        drawn.forEach(({ margin, y }, i) => {
          const want = (hasWeights ? at(omega, i) : 1) * at(planeTerms(loss, [margin], [0], y, tau).h, 0);
          // logistic: the state has one rounding, and so have 1 − q, the product and the weight; the others are 0 or 1 times the weight
          const bound = loss === "logistic" ? 4.1 * U32 * want : 0;
          expectNear(`${loss}, ${rows} rows, margin ${margin}, label ${y}`, at(got, i), want, bound);
        });
        memory.verify();
        cases++;
      }
    }
  }
  return cases;
};

export const checkApplyCurvature: Check = (kernel, memory) => {
  const dice = new Dice(96);
  let cases = 0;
  for (const rows of [1, 2, 5, 64, 257]) {
    for (const classes of CLASSES) {
      for (const [isGrid, hasWeights] of [
        [true, true],
        [true, false],
        [false, true],
        [false, false],
      ]) {
        const count = rows * classes;
        const u = isGrid ? Float64Array.from({ length: count }, () => dice.between(-99, 99)) : mixed(count, dice, 0);
        const h = Float32Array.from({ length: rows }, () => (isGrid ? dice.below(9) / 8 : dice.uniform()));
        const p = isGrid ? dyadicRows(rows, classes, dice) : softmaxRows(rows, classes, dice);
        const omega = drawOmega(rows, dice).map((x) => (isGrid ? Math.floor(x) : x));
        memory.reset();
        const uAt = memory.inout(u, cases & 3);
        // with one margin the weights are in h: those given must not count
        const state = [classes === 1 ? memory.input(h) : 0, classes === 1 ? 0 : memory.input(p)];
        kernel(uAt, state[0]!, state[1]!, hasWeights ? memory.input(omega) : 0, rows, classes);
        const want = curved(u, rows, classes, h, p, hasWeights ? omega : null);
        const bound = new Float64Array(count);
        if (!isGrid && classes > 1) {
          for (let i = 0; i < rows; i++) {
            let mean = 0;
            for (let k = 0; k < classes; k++) mean += at(p, i * classes + k) * Math.abs(at(u, i * classes + k));
            for (let k = 0; k < classes; k++) {
              const size = Math.abs(at(u, i * classes + k)) + mean;
              const weight = hasWeights ? at(omega, i) : 1;
              // product and K additions of the mean, difference, two products; as many in the reference
              bound[i * classes + k] = weight * at(p, i * classes + k) * size * gamma(2 * (classes + 4));
            }
          }
        }
        nearAll(`${rows} rows, ${classes} classes, weights ${hasWeights}`, memory.f64(uAt, count), want, bound);
        memory.verify();
        cases++;
      }
    }
  }
  return cases;
};

/** ω·p(1 − p) of class k: 1 − p, the product and the weight. */
export const checkClassWeights: Check = (kernel, memory) => {
  const dice = new Dice(89);
  let cases = 0;
  for (const rows of [1, 2, 5, 64, 257]) {
    for (const classes of CLASSES) {
      for (const hasWeights of [true, false]) {
        const h = Float32Array.from({ length: rows }, () => dice.uniform());
        const p = softmaxRows(rows, classes, dice);
        const omega = drawOmega(rows, dice);
        for (const k of new Set([0, classes >> 1, classes - 1])) {
          memory.reset();
          const out = memory.output(rows * 4, cases & 3);
          // with one margin h has the weights in it already
          const state = [classes === 1 ? memory.input(h) : 0, classes === 1 ? 0 : memory.input(p)];
          kernel(state[0]!, state[1]!, hasWeights ? memory.input(omega) : 0, rows, classes, k, out);
          for (let i = 0; i < rows; i++) {
            const q = at(p, i * classes + k);
            const want = classes === 1 ? at(h, i) : (hasWeights ? at(omega, i) : 1) * q * (1 - q);
            const bound = classes === 1 ? 0 : 3.1 * U32 * want;
            expectNear(`${rows} rows, class ${k} of ${classes}, row ${i}`, at(memory.f32(out, rows), i), want, bound);
          }
          memory.verify();
          cases++;
        }
      }
    }
  }
  return cases;
};

export const checkRowWeights: Check = (kernel, memory) => {
  const dice = new Dice(90);
  let cases = 0;
  for (const rows of [1, 2, 5, 64, 257]) {
    for (const classes of CLASSES) {
      for (const hasWeights of [true, false]) {
        const h = Float32Array.from({ length: rows }, () => dice.uniform());
        const p = softmaxRows(rows, classes, dice);
        const omega = drawOmega(rows, dice);
        memory.reset();
        const out = memory.output(rows * 4, cases & 3);
        const state = [classes === 1 ? memory.input(h) : 0, classes === 1 ? 0 : memory.input(p)];
        const top = kernel(state[0]!, state[1]!, hasWeights ? memory.input(omega) : 0, rows, classes, out);
        const got = memory.f32(out, rows);
        for (let i = 0; i < rows; i++) {
          let sum = 0;
          for (let k = 0; k < classes; k++) sum += at(p, i * classes + k) * (1 - at(p, i * classes + k));
          const want = classes === 1 ? at(h, i) : (hasWeights ? at(omega, i) : 1) * (sum / classes);
          // 1 − p, the product, K additions, the quotient, the weight; all terms are positive
          const bound = classes === 1 ? 0 : gamma(classes + 4, U32) * want;
          expectNear(`${rows} rows, ${classes} classes, row ${i}`, at(got, i), want, bound);
        }
        expectEqual(`${rows} rows, ${classes} classes: the largest`, top, Math.max(...got));
        memory.verify();
        cases++;
      }
    }
  }
  return cases;
};

/** The five sums of a plane search, and what they may be off. */
class PlaneSums {
  readonly want: Float64Array;
  readonly bound: Float64Array;
  #part = new Float64Array(5);

  constructor(before: Float64Array) {
    this.want = before.slice();
    this.bound = before.map((value) => gamma(8) * Math.abs(value));
  }

  /** One term of sum `i` with its error; `size` is what the float32 sums have to carry. */
  add(i: number, term: number, error: number, size = Math.abs(term)): void {
    this.want[i] = at(this.want, i) + term;
    this.bound[i] = at(this.bound, i) + error;
    this.#part[i] = at(this.#part, i) + size;
  }

  /** Charges the additions: `roundings` of each term so far. */
  charge(roundings: number): void {
    this.#part.forEach((size, i) => {
      this.bound[i] = at(this.bound, i) + roundings * size;
    });
    this.#part.fill(0);
  }
}

/** expm1 in float32 is good to 7 u32 (checkers.ts). */
const EXPM1 = 7 * U32;

/**
 * d and h of one row, and their errors, for a δ that is off by `off` (both moves rounded to float32, then their sum). R = q(1 − q)/(1 + qE)²:
 * d = R(1 + qE)·E has the error R·(7u|E| + (1 + E)·off) of E, twice that of q, eight roundings; h = R(1 + E) the absolute error 8u|E| of 1 + E,
 * three times that of q, ten roundings, and h·off. Differences of the oracle cancel to a few u64. Kinks: a row that stands within `off` of
 * one may count or not.
 */
function planeErrors(
  loss: Loss,
  row: { margin: number; y: number },
  delta: number,
  tau: number,
  off: number,
): { d: number; h: number } {
  const { margin, y } = row;
  if (loss === "squared") return { d: off + 4 * U64 * (Math.abs(margin) + 1), h: 0 };
  if (loss === "logistic") {
    const q = 1 / (1 + Math.exp(Math.abs(margin)));
    const E = Math.abs(Math.expm1((y * margin < 0 ? y : -y) * delta));
    const { d, h } = planeTerms(loss, [margin], [delta], y, tau);
    const side = (y * margin < 0 ? y : -y) * delta;
    const R = (q * (1 - q)) / (1 + q * Math.expm1(side)) ** 2;
    const oracle = 8 * U64 * (1 + Math.abs(margin) + Math.abs(delta));
    return {
      d: 10.5 * U32 * Math.abs(at(d, 0)) + R * EXPM1 * E + at(h, 0) * off * 1.01 + oracle,
      h: at(h, 0) * (30 * U32 + off) + R * 8.1 * U32 * E + oracle,
    };
  }
  const state = loss === "huber" ? margin - y : 1 - y * margin;
  const moved = loss === "huber" ? state + delta : state - y * delta;
  const reach = loss === "huber" ? tau : Math.abs(moved);
  const edge = loss === "huber" ? Math.abs(moved) - tau : moved;
  const isNear = delta !== 0 && Math.abs(edge) <= 1.01 * off + 2 * U32 * (Math.abs(moved) + tau);
  return { d: 1.01 * off + 4 * U32 * reach, h: isNear ? 1 : 0 };
}

export const checkPlane1: Check = (kernel, memory) => {
  const dice = new Dice(91);
  let cases = 0;
  for (const loss of SMOOTH) {
    for (const rows of [1, 2, 3, 4, 5, 64, 255, 257]) {
      for (let style = rows > 5 ? rows % 2 : 0; style < 6; style += rows > 5 ? 2 : 1) {
        const tau = dice.pick([1, 0.5]);
        const [hasWeights, hasSecond] = [style % 2 === 0, style % 3 !== 0];
        const drawn = Array.from({ length: rows }, () => drawRow(loss, dice));
        const padded = roundUp(rows, 4);
        // What stands in the padding is met with U = 0. Left out: NaN and infinity there, which the kernel lets through (0·NaN)
        const padRow = (values: Float32Array): Float32Array => {
          const out = new Float32Array(padded).fill(77);
          out.set(values);
          return out;
        };
        const move = (size: number): Float64Array => {
          const out = new Float64Array(padded);
          for (let i = 0; i < rows; i++) out[i] = dice.below(11) === 0 ? 0 : dice.normal() * size;
          return out;
        };
        const [u1, u2] = [move(3), move(0.01)];
        const [a1, a2] = [dice.pick([0, 1, -0.5, 1e-7, 2]), dice.pick([0, 1, -30, 1e-7])];
        const [inverse1, inverse2] = [u1, u2].map(
          (u) =>
            1 /
            Math.max(
              1e-9,
              u.reduce((top, x) => Math.max(top, Math.abs(x)), 0),
            ),
        );
        const state = Float32Array.from(drawn, ({ margin, y }) => at(stateFloat32(loss, [margin], y), 0));
        const omega = drawOmega(rows, dice);
        const before = style === 4 ? reals(5, dice) : new Float64Array(5);
        memory.reset();
        const out = memory.inout(before);
        const rowsOf = [padRow(state), padRow(Float32Array.from(drawn, ({ y }) => y))].map((v, i) =>
          memory.input(v, (cases + i) & 3),
        );
        const weights = hasWeights ? memory.input(padRow(omega)) : 0;
        const moves = [memory.input(u1, cases & 3), hasSecond ? memory.input(u2) : 0];
        kernel(LOSSES.indexOf(loss), ...rowsOf, weights, ...moves, rows, tau, a1, a2, inverse1!, inverse2!, out);
        const sums = new PlaneSums(before);
        drawn.forEach((row, i) => {
          const [one, two] = [a1 * at(u1, i), hasSecond ? a2 * at(u2, i) : 0];
          const off = 2.02 * U32 * (Math.abs(one) + Math.abs(two));
          const { d, h } = planeTerms(loss, [row.margin], [one + two], row.y, tau);
          const errors = planeErrors(loss, row, one + two, tau, off);
          const weight = hasWeights ? at(omega, i) : 1;
          const v = [inverse1! * at(u1, i), hasSecond ? inverse2! * at(u2, i) : 0];
          for (const [slot, j] of [0, 1].entries()) {
            const factor = weight * at(v, j);
            // weight, v, their product
            sums.add(slot, factor * at(d, 0), Math.abs(factor) * (errors.d + 3.1 * U32 * Math.abs(at(d, 0))));
          }
          for (const [slot, [j, k]] of (
            [
              [0, 0],
              [0, 1],
              [1, 1],
            ] as const
          ).entries()) {
            const factor = weight * at(v, j) * at(v, k);
            // weight, both v, two products
            sums.add(2 + slot, factor * at(h, 0), Math.abs(factor) * (errors.h + 5.1 * U32 * at(h, 0)));
          }
          // float32 sums of 256 rows in four lanes; float64 from there on
          if (i % BLOCK === BLOCK - 1 || i === rows - 1) sums.charge(gamma(64, U32) + gamma(16));
        });
        nearAll(`${loss}, ${rows} rows, style ${style}, a ${a1} ${a2}`, memory.f64(out, 5), sums.want, sums.bound);
        memory.verify();
        cases++;
      }
    }
  }
  return cases;
};

/**
 * Softmax, relative to the likeliest class: t = δ − δtop, E = expm1(t), S = Σ p·E, d = p(E − S)/(1 + S), q = p + d. First-order errors of each
 * (twice those of the last digits of p, which the oracle has in full), then of Σ d·v, Σ q·v and Σ q·v·v and of their differences.
 */
export const checkPlaneSoftmax: Check = (kernel, memory) => {
  const dice = new Dice(92);
  let cases = 0;
  for (const rows of [1, 2, 5, 65]) {
    for (const classes of [2, 3, 4, 5, 10]) {
      for (let style = 0; style < 6; style++) {
        if (rows > 5 && style % 5 !== classes % 5) continue;
        const [hasWeights, hasSecond] = [style % 2 === 0, style % 3 !== 0];
        const margins = reals(rows * classes, dice).map((x) => x * (style === 1 ? 0.1 : 3));
        const p = new Float32Array(rows * classes + 4).fill(77); // 16 bytes are readable behind the last row
        for (let i = 0; i < rows; i++) p.set(softmax(margins.subarray(i * classes, (i + 1) * classes)), i * classes);
        const [u1, u2] = [reals(rows * classes, dice), reals(rows * classes, dice).map((x) => x / 100)];
        const [a1, a2] = [dice.pick([0, 1, -0.5, 1e-7, 2]), dice.pick([0, 1, -30, 1e-7])];
        const [inverse1, inverse2] = [dice.uniform(), 100 * dice.uniform()];
        const omega = drawOmega(rows, dice);
        const before = style === 4 ? reals(5, dice) : new Float64Array(5);
        memory.reset();
        const out = memory.inout(before);
        const scratch = memory.output(4 * roundUp(classes, 4) + 16, cases & 3);
        const moves = [memory.input(u1, (cases >> 2) & 3), hasSecond ? memory.input(u2) : 0];
        const weights = hasWeights ? memory.input(omega) : 0;
        kernel(memory.input(p), weights, ...moves, rows, classes, a1, a2, inverse1, inverse2, scratch, out);
        const sums = new PlaneSums(before);
        for (let i = 0; i < rows; i++) {
          const part = <T extends Float32Array | Float64Array>(values: T): T =>
            values.subarray(i * classes, (i + 1) * classes) as T;
          const [m, q] = [part(margins), part(p)];
          const delta = part(u1).map((x, k) => a1 * x + (hasSecond ? a2 * at(part(u2), k) : 0));
          const { d, h } = planeTerms("softmax", m, delta, 0, 1);
          const likeliest = q.indexOf(Math.max(...q));
          const E = delta.map((x) => Math.expm1(x - at(delta, likeliest)));
          const errorsE = E.map((e, k) => {
            const t = at(delta, k) - at(delta, likeliest);
            const off = 1.01 * U32 * (Math.abs(at(delta, k)) + Math.abs(at(delta, likeliest)) + Math.abs(t));
            return EXPM1 * Math.abs(e) + (1 + e) * off;
          });
          let [S, errorS] = [0, 0];
          E.forEach((e, k) => {
            S += at(q, k) * e;
            errorS += at(q, k) * (at(errorsE, k) + (gamma(classes + 1, U32) + U32) * Math.abs(e));
          });
          const T = 1 + S;
          const errorsD = E.map((e, k) => {
            const inside = at(errorsE, k) + errorS + 1.01 * U32 * (Math.abs(e) + Math.abs(S));
            const rest = ((errorS + U32 * T) / T + 4 * U32) * Math.abs(at(d, k));
            return 1.1 * ((at(q, k) * inside) / T + rest) + 32 * U64;
          });
          const v = [part(u1).map((x) => inverse1 * x), part(u2).map((x) => (hasSecond ? inverse2 * x : 0))] as const;
          const weight = hasWeights ? at(omega, i) : 1;
          const after = softmax(m.map((x, k) => x + at(delta, k)));
          const errorsQ = errorsD.map((e, k) => e + 1.1 * U32 * (at(q, k) + at(after, k)));
          /** Σ q·factor with its error: `roundings` of the factors, K additions. */
          const mean = (
            factor: (k: number) => number,
            values: Float64Array,
            errors: Float64Array,
            roundings: number,
          ) => {
            let [sum, error] = [0, 0];
            values.forEach((x, k) => {
              sum += x * factor(k);
              error += Math.abs(factor(k)) * (at(errors, k) + (roundings * U32 + gamma(classes, U32)) * Math.abs(x));
            });
            return { sum, error: 1.01 * error };
          };
          for (const [slot, j] of [0, 1].entries()) {
            const { sum, error } = mean((k) => at(v[j]!, k), d, errorsD, 2);
            sums.add(slot, weight * sum, weight * error);
          }
          for (const [slot, [j, k]] of (
            [
              [0, 0],
              [0, 1],
              [1, 1],
            ] as const
          ).entries()) {
            const both = mean((l) => at(v[j]!, l) * at(v[k]!, l), after, errorsQ, 4);
            const [first, second] = [
              mean((l) => at(v[j]!, l), after, errorsQ, 2),
              mean((l) => at(v[k]!, l), after, errorsQ, 2),
            ];
            let want = 0;
            for (let a = 0; a < classes; a++) {
              for (let b = 0; b < classes; b++) want += at(v[j]!, a) * at(h, a * classes + b) * at(v[k]!, b);
            }
            const cross = Math.abs(first.sum) * second.error + Math.abs(second.sum) * first.error;
            const size = both.error + cross + 2.2 * U32 * (Math.abs(both.sum) + Math.abs(first.sum * second.sum));
            sums.add(2 + slot, weight * want, weight * size);
          }
        }
        sums.charge(gamma(rows + 16));
        nearAll(
          `${classes} classes, ${rows} rows, style ${style}, a ${a1} ${a2}`,
          memory.f64(out, 5),
          sums.want,
          sums.bound,
        );
        memory.verify();
        cases++;
      }
    }
  }
  return cases;
};
