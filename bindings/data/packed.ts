// Codes of 4 or 2 bits: indices into one table of int8 levels, the same for all columns. Where the levels lie is measured in root mean squares of the
// columns, so that a few levels are enough for columns of any scale. docs/numerics.md §15. Source: ZipML §3 (levels that follow the data).
import { type Core, Scope } from "../engine/core.js";
import type { PackedStorage } from "../engine/kernels.js";
import { eachPart, type Work } from "../engine/work.js";
import { BitcenterError, show } from "../errors.js";
import { isVector } from "./matrix.js";
import { randomOrder, roundUp } from "./raw-rows.js";

/** Levels of a table in units of a column's root mean square around its offset: those of least square error for these data (Lloyd–Max), evenly spaced
 *  ones, or numbers of the caller. */
export type CodeLevels = "lloydMax" | "uniform" | ArrayLike<number>;

/** Codes of one root mean square; ±127 is then 3.97 of them. */
export const CODES_PER_RMS = 32;
/** Where uniform levels end, in root mean squares: what a normal column loses least with. */
const UNIFORM_REACH: Record<PackedBits, number> = { 4: 2.5, 2: 1.4 };

export type PackedBits = 2 | 4;

/** A table of levels and a mask in linear memory, as assembly/kernel/packed.ts wants them. */
export interface PackedCodes {
  readonly bits: PackedBits;
  readonly storage: PackedStorage;
  /** Ascending int8 codes, at most 2^bits. */
  readonly levels: Int8Array;
  /** 64 bytes; padded bytes. */
  readonly table: number;
  readonly mask: number;
  /** The mask as updates want it: 0 where the table has a level 0, which masked columns then have. */
  readonly updateMask: number;
}

/** What of a ByteMatrix (dataset.ts) says where its packed rows are. */
interface PackedMatrix {
  readonly pointer: number;
  readonly strideBytes: number;
  readonly packed?: Omit<PackedRows, "codes" | "strideBytes">;
}

/** Rows of packed codes in linear memory. */
export interface PackedRows {
  readonly codes: number;
  readonly strideBytes: number;
  readonly padded: number;
  readonly packed: PackedCodes;
}

/** The rows of a matrix that is packed. */
export function packedRows({ pointer, strideBytes, packed }: PackedMatrix): PackedRows {
  if (packed === undefined) throw new Error("the matrix is not packed");
  return { codes: pointer, strideBytes, ...packed };
}

/** Columns of packed rows come in whole blocks of 16 bytes. */
export function packedColumns(bits: PackedBits, columns: number): number {
  return roundUp(columns, 128 / bits);
}

/** Levels of the caller, checked: 2 to 2^bits ascending numbers. */
export function checkLevels(where: string, bits: PackedBits, value: CodeLevels): CodeLevels {
  if (value === "lloydMax" || value === "uniform") return value;
  const most = 2 ** bits;
  const expected = `levels must be "lloydMax", "uniform" or 2 to ${most} ascending numbers for bits: ${bits}`;
  if (!isVector(value)) throw new BitcenterError("BAD_OPTION", `${where}: ${expected}, given ${show(value)}`);
  const levels = Array.from(value as ArrayLike<unknown>);
  const isAscending = levels.every(
    (level, i) => typeof level === "number" && Number.isFinite(level) && (i === 0 || level > (levels[i - 1] as number)),
  );
  if (levels.length < 2 || levels.length > most || !isAscending) {
    throw new BitcenterError(
      "BAD_OPTION",
      `${where}: ${expected}, given [${levels.slice(0, 20).map(show).join(", ")}]`,
    );
  }
  toCodes(where, levels as number[]);
  return levels as number[];
}

/** Evenly spaced levels around 0; with 2 bits three of them, since four have no 0 in the middle. */
export function uniformLevels(bits: PackedBits): number[] {
  const most = 2 ** (bits - 1) - 1;
  const step = UNIFORM_REACH[bits] / most;
  return Array.from({ length: 2 * most + 1 }, (_, i) => (i - most) * step);
}

/** Levels with one at 0, so that updates need no mask: one more where there is room, else the one nearest to it; of 16 that changes little. */
export function withZero(levels: ArrayLike<number>, most: number): number[] {
  const all = Array.from(levels);
  if (all.includes(0)) return all;
  if (all.length < most) return [...all, 0].sort((a, b) => a - b);
  const sizes = all.map(Math.abs);
  all[sizes.indexOf(Math.min(...sizes))] = 0;
  return all;
}

/** Root mean squares → int8 codes; levels that fall on one code are one level. */
function toCodes(where: string, levels: ArrayLike<number>): Int8Array {
  const codes = new Set(
    Array.from(levels, (level) => Math.max(-127, Math.min(127, Math.floor(level * CODES_PER_RMS + 0.5)))),
  );
  if (codes.size < 2) {
    throw new BitcenterError(
      "BAD_OPTION",
      `${where}: levels in steps of 1/${CODES_PER_RMS} of a column's root mean square must leave two levels at least, given ${Array.from(levels).join(", ")}`,
    );
  }
  return Int8Array.from([...codes].sort((a, b) => a - b));
}

/** Whether the levels put every value of some column on 0, of columns whose int8 codes lie between these ends. */
export function losesColumn(levels: ArrayLike<number>, ends: readonly (readonly [number, number])[]): boolean {
  const codes = toCodes("dataset", levels);
  const zero = codes.indexOf(0);
  if (zero < 0) return false;
  const first = zero > 0 ? cut(codes, zero - 1) : Number.NEGATIVE_INFINITY;
  const beyond = zero + 1 < codes.length ? cut(codes, zero) : Number.POSITIVE_INFINITY;
  return ends.some(([low, high]) => low >= first && high < beyond);
}

/** The code from which level i + 1 is nearer than level i (in the middle: the upper one). */
function cut(levels: Int8Array, i: number): number {
  return Math.ceil(((levels[i] as number) + (levels[i + 1] as number)) / 2);
}

/** The table of `levels`, and the mask of the columns with `squares` > 0 (cols f64) and of the intercept. */
export function writeTable(
  core: Core,
  scope: Scope,
  bits: PackedBits,
  levels: ArrayLike<number>,
  squares: Float64Array,
  hasIntercept: boolean,
): PackedCodes {
  const codes = toCodes("dataset", levels);
  const cols = squares.length;
  const padded = packedColumns(bits, cols + (hasIntercept ? 1 : 0));
  const table = scope.alloc(64, "a table of levels");
  const mask = scope.alloc(padded, "a mask of columns");
  const bytes = core.bytes(table, 64);
  for (let i = 0; i < 16; i++) {
    // places beyond the levels are never looked up
    const level = codes[Math.min(i, codes.length - 1)] as number;
    bytes[i] = level;
    bytes[16 + i] = Math.abs(level);
    bytes[32 + i] = level < 0 ? 255 : 0;
    bytes[48 + i] = 2 ** bits - 1;
  }
  const live = core.bytes(mask, padded);
  live.fill(0);
  for (let j = 0; j < cols; j++) live[j] = (squares[j] as number) > 0 ? 255 : 0;
  if (hasIntercept) live[cols] = 255;
  return { bits, storage: `U${bits}`, levels: codes, table, mask, updateMask: codes.includes(0) ? 0 : mask };
}

/** The intercept's code: the level of the largest size, of two the positive one. */
export function interceptCode({ levels }: PackedCodes): number {
  const [first, last] = [levels[0] as number, levels.at(-1) as number];
  return -first > last ? first : last;
}

/** The codes from which the next level is the nearer one (in the middle: the upper), 16 times each. */
export function writeCuts(core: Core, scope: Scope, { levels }: PackedCodes): number {
  const count = levels.length - 1;
  const cuts = scope.alloc(16 * count, "cuts between levels");
  const bytes = core.bytes(cuts, 16 * count);
  for (let i = 0; i < count; i++) {
    bytes.fill(cut(levels, i), 16 * i, 16 * i + 16);
  }
  return cuts;
}

/** The first `count` packed rows as int8 rows at `to`, `padded` bytes each; masked columns are 0. */
export function* unpackRows(
  core: Core,
  { codes, strideBytes, padded, packed }: PackedRows,
  count: number,
  to: number,
): Work<void> {
  const { storage, table, mask } = packed;
  yield* eachPart(core, count, padded, 1, (first, rows) => {
    const from = codes + first * strideBytes;
    core.kernels[`unpack${storage}`](from, strideBytes, rows, padded, table, mask, to + first * padded, padded);
  });
}

/** Rows looked up at a time: they stay in cache until they are used. */
const UNPACKED_BYTES = 1 << 16;

/** Visits `rows` packed rows as int8 rows, `block` at a time; `visit` gets their place, their stride, the first one's number and how many they are. */
export function* eachUnpacked(
  core: Core,
  packed: PackedRows,
  rows: number,
  visit: (pointer: number, strideBytes: number, first: number, count: number) => void,
  block = Math.max(1, Math.floor(UNPACKED_BYTES / packed.padded)),
): Work<void> {
  const most = Math.min(rows, block);
  const { codes, strideBytes, padded } = packed;
  const scratch = new Scope(core);
  try {
    const pointer = scratch.alloc(most * padded, "a block of rows");
    for (let first = 0; first < rows; first += most) {
      const count = Math.min(most, rows - first);
      yield* unpackRows(core, { ...packed, codes: codes + first * strideBytes }, count, pointer);
      if (core.isDue(count * padded)) yield;
      visit(pointer, padded, first, count);
    }
  } finally {
    scratch.release();
  }
}

/** Values looked at for a table, at most. */
const SAMPLE_VALUES = 200_000;

/** Random rows for a table: u32 numbers in `scope`, the first `count` of a random order. Random on purpose: evenly spaced rows may follow a period of the data. */
export function* sampleRows(
  core: Core,
  scope: Scope,
  rows: number,
  cols: number,
): Work<{ index: number; count: number }> {
  const count = Math.min(rows, Math.max(1, Math.ceil(SAMPLE_VALUES / cols)));
  return { index: yield* randomOrder(core, scope, rows), count };
}
