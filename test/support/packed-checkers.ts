// Checkers of the kernels for packed codes: integers, tolerance 0 against test/oracle/packed.ts. Places of a table beyond its levels hold numbers that must not
// count; masked columns hold any index, and (more than the engine needs) any z.
import type { Kernel } from "../../bindings/engine/kernels.js";
import {
  blockColumns,
  bytesOf,
  type IndexBits,
  indicesOf,
  moved,
  nearestLevel,
  negativeSum,
  packIndices,
  tableOf,
  updatesOf,
} from "../oracle/packed.js";
import {
  at,
  BYTES,
  type Check,
  expectEqual,
  FULL8,
  FULL16,
  Mismatch,
  pack,
  pattern,
  roundUp,
  type Storage,
} from "./checkers.js";
import type { Harness, Numbers } from "./memory.js";
import { blockScratch } from "./newton-checkers.js";
import { fill, PATTERNS, type PatternName } from "./patterns.js";
import { Dice } from "./random.js";

const WINDOW = 4096;

/** Columns of one block up to a few, and around the windows. */
const shortOf = (bits: IndexBits): number[] => [1, 2, 3, 4, 5, 7].map((blocks) => blocks * blockColumns(bits));
const longOf = (bits: IndexBits): number[] => {
  const block = blockColumns(bits);
  return [WINDOW - block, WINDOW, WINDOW + block, 2 * WINDOW, 3 * WINDOW + block];
};

interface Table {
  /** 16 of them; those from `count` on are never looked up. */
  readonly levels: number[];
  readonly count: number;
  readonly bytes: Uint8Array;
}

/** Of the given levels; what stands behind them is arbitrary. */
function tableFrom(own: readonly number[], bits: IndexBits, dice: Dice): Table {
  const levels = [...own, ...Array.from({ length: 16 - own.length }, () => dice.between(-127, 127))];
  return { levels, count: own.length, bytes: tableOf(levels, bits) };
}

/** 2 to 2^bits ascending levels: anywhere, or both ends of int8 among them; with a level 0 and without. */
function drawTable(bits: IndexBits, dice: Dice): Table {
  const most = 2 ** bits;
  const count = dice.below(3) === 0 ? most : dice.between(2, most);
  const chosen = new Set<number>(dice.below(2) === 0 ? [-127, 127] : []);
  if (dice.below(2) === 0 && chosen.size < count) chosen.add(0);
  while (chosen.size < count) {
    const level = dice.between(-127, 127);
    if (level !== 0) chosen.add(level);
  }
  return tableFrom(
    [...chosen].sort((a, b) => a - b),
    bits,
    dice,
  );
}

/** All live, some masked in the middle, or the end as well, where the padding is. */
function drawMask(columns: number, dice: Dice): Uint8Array {
  const kind = dice.below(3);
  const padding = kind === 2 ? dice.between(1, 31) : 0;
  return Uint8Array.from({ length: columns }, (_, j) =>
    j >= columns - padding || (kind > 0 && dice.below(5) === 0) ? 0 : 255,
  );
}

const drawIndices = (columns: number, { count }: Table, dice: Dice): number[] =>
  Array.from({ length: columns }, () => dice.below(count));

/** Every index of the table, and those beyond it where the mask is off. */
function drawRow(columns: number, table: Table, mask: Uint8Array, bits: IndexBits, dice: Dice): number[] {
  return drawIndices(columns, table, dice).map((index, j) => (at(mask, j) === 0 ? dice.below(2 ** bits) : index));
}

const constant = (columns: number, index: number): number[] => new Array<number>(columns).fill(index);

function equalAll(what: () => string, got: ArrayLike<number>, want: ArrayLike<number>): void {
  for (let i = 0; i < want.length; i++) {
    if (got[i] !== want[i]) throw new Mismatch(`${what()}: element ${i}: got ${got[i]}, expected ${want[i]}`);
  }
}

/** Rows of packed indices, `stride` bytes apart, anything in between. */
function storeRows(rows: readonly (readonly number[])[], bits: IndexBits, stride: number, dice: Dice): Uint8Array {
  const bytes = Uint8Array.from({ length: rows.length * stride }, () => dice.below(256));
  rows.forEach((row, i) => {
    bytes.set(packIndices(row, bits), i * stride);
  });
  return bytes;
}

// ---- storage -------------------------------------------------------------------------------------------------------

/** int8 codes → the index of the nearest level. Cuts are the lowest codes that belong to the next level, found by trying all. */
export function checkPack(bits: IndexBits): Check {
  return (kernel, memory) => {
    const dice = new Dice(90 + bits);
    let cases = 0;
    const judge = (what: string, { levels, count }: Table, rows: number, columns: number, codes: Int8Array): void => {
      const own = levels.slice(0, count);
      const cuts = new Int8Array(16 * (count - 1));
      for (let i = 0; i + 1 < count; i++) {
        let cut = -128;
        while (nearestLevel(own, cut) <= i) cut++;
        cuts.fill(cut, 16 * i, 16 * i + 16);
      }
      memory.reset();
      const stride = columns + 16 * dice.below(3);
      const apart = bytesOf(bits, columns) + 16 * dice.below(3);
      const from = new Int8Array(rows * stride).fill(99);
      for (let i = 0; i < rows; i++) from.set(codes.subarray(i * columns, (i + 1) * columns), i * stride);
      const out = memory.inout(new Uint8Array(rows * apart).fill(0x3c), cases & 3);
      kernel(memory.input(from, (cases >> 2) & 3), stride, rows, columns, memory.input(cuts), count, out, apart);
      const got = memory.u8(out, rows * apart);
      for (let i = 0; i < rows; i++) {
        const row = got.subarray(i * apart, (i + 1) * apart);
        const want = Array.from(codes.subarray(i * columns, (i + 1) * columns), (code) => nearestLevel(own, code));
        const label = (): string => `${what}, ${rows} × ${columns}, levels ${own}, row ${i}`;
        equalAll(label, indicesOf(row, bits, columns), want);
        equalAll(
          () => `${label()}, behind it`,
          row.subarray(bytesOf(bits, columns)),
          constant(apart, 0x3c).slice(bytesOf(bits, columns)),
        );
      }
      memory.verify();
      cases++;
    };
    for (let draw = 0; draw < 12; draw++) {
      for (const columns of shortOf(bits)) {
        const rows = dice.between(1, 3);
        const codes = Int8Array.from({ length: rows * columns }, () => dice.between(-127, 127));
        judge("random codes", drawTable(bits, dice), rows, columns, codes);
      }
    }
    // every code there is against every table; neighbours have cuts of their own, and ties in the middle of even gaps
    const all = Int8Array.from({ length: 256 }, (_, i) => Math.max(i, 1) - 128);
    for (const own of [
      [-127, 127],
      [0, 1],
      [-1, 0],
      [-2, 4],
      [-127, -126],
      [126, 127],
      [-4, 4],
    ]) {
      judge("every code", tableFrom(own, bits, dice), 1, 256, all);
    }
    for (let draw = 0; draw < 12; draw++) judge("every code", drawTable(bits, dice), 1, 256, all);
    return cases;
  };
}

export function checkUnpack(bits: IndexBits): Check {
  return (kernel, memory) => {
    const dice = new Dice(94 + bits);
    let cases = 0;
    for (const columns of [...shortOf(bits), WINDOW + blockColumns(bits)]) {
      for (let draw = 0; draw < 8; draw++) {
        const table = drawTable(bits, dice);
        const mask = drawMask(columns, dice);
        const rows = Array.from({ length: 1 + (draw % 3) }, () => drawRow(columns, table, mask, bits, dice));
        const stride = bytesOf(bits, columns) + 16 * (draw % 4);
        const apart = columns + 16 * (cases % 3);
        memory.reset();
        const x = memory.input(storeRows(rows, bits, stride, dice), cases & 3);
        const out = memory.inout(new Int8Array(rows.length * apart).fill(77), (cases >> 2) & 3);
        kernel(x, stride, rows.length, columns, memory.input(table.bytes), memory.input(mask), out, apart);
        rows.forEach((row, i) => {
          const want = Array.from({ length: apart }, (_, j) =>
            j >= columns ? 77 : at(mask, j) === 0 ? 0 : at(table.levels, at(row, j)),
          );
          equalAll(() => `${rows.length} × ${columns}, row ${i}`, memory.i8(out + i * apart, apart), want);
        });
        memory.verify();
        cases++;
      }
    }
    return cases;
  };
}

export function checkNegatives(bits: IndexBits): Check {
  return (kernel, memory) => {
    const dice = new Dice(98 + bits);
    let cases = 0;
    const judge = (table: Table, rows: readonly number[][]): void => {
      const columns = at(
        rows.map((row) => row.length),
        0,
      );
      const stride = bytesOf(bits, columns) + 16 * (cases % 3);
      memory.reset();
      const out = memory.output(rows.length * 4, cases & 3);
      const x = memory.input(storeRows(rows, bits, stride, dice), (cases >> 2) & 3);
      kernel(x, stride, rows.length, columns, memory.input(table.bytes), out);
      rows.forEach((row, i) => {
        const got = memory.core.view().getInt32(out + 4 * i, true);
        expectEqual(`${rows.length} × ${columns}, row ${i}`, got, negativeSum(table.levels, row));
      });
      memory.verify();
      cases++;
    };
    for (const columns of [...shortOf(bits), ...longOf(bits)]) {
      for (let draw = 0; draw < 4; draw++) {
        const table = drawTable(bits, dice);
        judge(
          table,
          Array.from({ length: 1 + (draw % 3) }, () => drawIndices(columns, table, dice)),
        );
      }
      for (const own of [
        [-127, 127],
        [-127, -126],
        [0, 127],
      ]) {
        judge(tableFrom(own, bits, dice), [constant(columns, 0), constant(columns, 1)]);
      }
    }
    return cases;
  };
}

// ---- dots ----------------------------------------------------------------------------------------------------------

const RANGE = { I8: FULL8, I16: FULL16 } as const;

/** Σ value·z exactly; `meaning` of an index is its level, or the index itself. */
function checkDots(
  bits: IndexBits,
  z: "I8" | "I16",
  seed: number,
  meaning: (table: Table, index: number) => number,
): Check {
  return (kernel, memory) => {
    const dice = new Dice(seed);
    let cases = 0;
    const judge = (what: string, table: Table, row: readonly number[], zs: Numbers): void => {
      memory.reset();
      const x = memory.input(packIndices(row, bits), cases & 3);
      const got = kernel(x, memory.input(zs, (cases >> 2) & 3), row.length, memory.input(table.bytes));
      const want = row.reduce((sum, index, j) => sum + meaning(table, index) * at(zs, j), 0);
      expectEqual(`${what}, ${row.length} columns, levels ${table.levels}`, got, want);
      memory.verify();
      cases++;
    };
    const draw = (name: PatternName, columns: number): Numbers => pack(z, fill(name, columns, RANGE[z], dice));
    for (const columns of [...shortOf(bits), ...longOf(bits)]) {
      for (const name of PATTERNS) {
        const table = drawTable(bits, dice);
        judge(name, table, drawIndices(columns, table, dice), draw(name, columns));
      }
      for (const own of [[-127, 127], [-127, 0, 126, 127].slice(0, 2 ** bits)]) {
        const table = tableFrom(own, bits, dice);
        for (const index of [0, own.length - 1]) {
          for (const name of ["min", "max"] as const) judge(name, table, constant(columns, index), draw(name, columns));
        }
      }
      // the highest index with every z at its limit
      const table = drawTable(bits, dice);
      judge("top", table, constant(columns, table.count - 1), draw("min", columns));
    }
    // each column counts once
    const columns = 4 * blockColumns(bits);
    for (let hot = 0; hot < columns; hot += 3) {
      const table = drawTable(bits, dice);
      const zs = draw("zeros", columns);
      zs[hot] = 1;
      judge(`unit vector ${hot}`, table, drawIndices(columns, table, dice), zs);
    }
    return cases;
  };
}

export const checkPackedDot = (bits: IndexBits, z: "I8" | "I16"): Check =>
  checkDots(bits, z, 102 + bits, ({ levels }, index) => at(levels, index));
export const checkIndexDot = (bits: IndexBits): Check => checkDots(bits, "I8", 106 + bits, (_table, index) => index);

// ---- updates -------------------------------------------------------------------------------------------------------

const LANES = {
  random: (dice: Dice) => Array.from({ length: 8 }, () => dice.bits() >>> 16),
  zero: () => constant(8, 0),
  max: () => constant(8, 65535),
  nearest: () => constant(8, 32768),
  distinct: () => Array.from({ length: 8 }, (_, l) => 8191 * (l + 1)),
} as const;
const LANE_NAMES = Object.keys(LANES) as readonly (keyof typeof LANES)[];

/** One update of z by row x; with a next row y, the dot of the new z with it. `sMax`: 7 or 14. */
interface UpdateSpec {
  readonly bits: IndexBits;
  readonly z: "I8" | "I16";
  readonly sMax: number;
  /** Every column counts: the kernel takes no mask. */
  readonly isWhole: boolean;
  /** Calls the kernel; its answer is the dot, or null where there is none. */
  readonly call: (kernel: Kernel, args: UpdateArgs) => number | null;
}

interface UpdateArgs {
  readonly z: number;
  readonly x: number;
  readonly y: number;
  readonly columns: number;
  readonly k: number;
  readonly s: number;
  readonly offsets: number;
  readonly levels: number;
  readonly mask: number;
  readonly negative: number;
}

function checkUpdate({ bits, z, sMax, isWhole, call }: UpdateSpec): Check {
  return (kernel, memory) => {
    const dice = new Dice(110 + bits);
    const isByte = z === "I8";
    let cases = 0;
    /** y null: the next row is this row. */
    const judge = (
      what: string,
      table: Table,
      drawn: Uint8Array,
      zs: Numbers,
      x: readonly number[],
      y: readonly number[] | null,
      k: number,
      s: number,
      lanes: readonly number[],
    ): void => {
      const columns = x.length;
      const mask = isWhole ? new Uint8Array(columns).fill(255) : drawn;
      const next = y ?? x;
      // the top s bits of a lane
      const rounds = lanes.map((lane) => Math.floor(lane / 2 ** (16 - s)));
      memory.reset();
      const zAt = memory.inout(zs, cases & 3);
      const xAt = memory.input(packIndices(x, bits), (cases >> 2) & 3);
      const got = call(kernel, {
        z: zAt,
        x: xAt,
        y: y === null ? xAt : memory.input(packIndices(y, bits), (cases >> 4) & 3),
        columns,
        k,
        s,
        offsets: memory.input(Uint16Array.from(rounds)),
        levels: memory.input(table.bytes),
        mask: memory.input(mask, (cases >> 1) & 3),
        negative: negativeSum(table.levels, [...next]),
      });
      const label = (): string => `${what}, ${columns} columns, k ${k}, s ${s}, levels ${table.levels}`;
      const updates = updatesOf(table.levels, k, s, rounds, isByte);
      const want = Array.from(x, (index, j) => moved(at(zs, j), at(updates, index), at(mask, j) === 0, isByte));
      equalAll(label, isByte ? memory.i8(zAt, columns) : memory.i16(zAt, columns), want);
      if (got !== null) {
        const dot = next.reduce((sum, index, j) => sum + at(table.levels, index) * at(want, j), 0);
        expectEqual(`${label()}: dot`, got, dot);
      }
      memory.verify();
      cases++;
    };
    const draw = (name: PatternName, columns: number): Numbers => pack(z, fill(name, columns, RANGE[z], dice));
    const random = (
      what: PatternName,
      columns: number,
      k: number,
      s: number,
      lanes: readonly number[],
      isSame = false,
    ): void => {
      const table = drawTable(bits, dice);
      const mask = drawMask(columns, dice);
      const row = (): number[] => drawRow(columns, table, mask, bits, dice);
      const zs = draw(what, columns);
      // as the engine has it, half of the time
      if (cases % 2 === 0) for (let j = 0; j < columns; j++) if (at(mask, j) === 0) zs[j] = 0;
      judge(what, table, mask, zs, row(), isSame ? null : row(), k, s, lanes);
    };
    const patternOf = (): PatternName => pattern(cases);
    // every shift, every kind of coefficient, every kind of lanes
    for (let s = 0; s <= sMax; s++) {
      for (const k of [127, -127, 0, 1, -1, dice.between(2, 126), -dice.between(2, 126)]) {
        for (const name of LANE_NAMES) random(patternOf(), 2 * blockColumns(bits), k, s, LANES[name](dice));
        random("random", blockColumns(bits), k, s, LANES.random(dice), true);
      }
    }
    for (const columns of [...shortOf(bits), ...longOf(bits)]) {
      for (let i = 0; i < 6; i++) {
        random(patternOf(), columns, dice.between(-127, 127), dice.between(0, sMax), LANES.random(dice));
      }
    }
    // saturation from both sides, of the update and of z; offsets at their largest
    const { low, high } = RANGE[z];
    const columns = blockColumns(bits);
    const live = new Uint8Array(columns).fill(255);
    for (const value of [low, low + 1, -1, 0, 1, high - 1, high]) {
      for (const own of [[-127, 127], [-127, -1, 1, 127].slice(0, 2 ** bits), [-1, 1]]) {
        const table = tableFrom(own, bits, dice);
        for (const s of [0, 1, sMax >> 1, sMax]) {
          for (const k of [127, -127]) {
            const row = drawIndices(columns, table, dice);
            judge("limits", table, live, pack(z, constant(columns, value)), row, null, k, s, LANES.max());
          }
        }
      }
    }
    // the largest possible dot: all z at a limit against all levels at theirs
    for (const long of longOf(bits)) {
      const table = tableFrom([-127, 127], bits, dice);
      const all = new Uint8Array(long).fill(255);
      for (const zName of ["min", "max"] as const) {
        for (const index of [0, 1]) {
          judge(
            "worst",
            table,
            all,
            draw(zName, long),
            constant(long, index),
            constant(long, 1 - index),
            0,
            0,
            LANES.zero(),
          );
          const towards = (zName === "max") === (index === 1) ? 127 : -127;
          judge("worst", table, all, draw(zName, long), constant(long, index), null, towards, 0, LANES.zero());
        }
      }
    }
    return cases;
  };
}

export const checkPackedAxpy = (bits: IndexBits, isWhole: boolean): Check =>
  checkUpdate({
    bits,
    z: "I8",
    sMax: 7,
    isWhole,
    call: (kernel, { z, x, columns, k, s, offsets, levels, mask }) => {
      kernel(z, x, columns, k, s, offsets, levels, ...(isWhole ? [] : [mask]));
      return null;
    },
  });

export const checkPackedFused = (bits: IndexBits, z: "I8" | "I16", isWhole: boolean): Check =>
  checkUpdate({
    bits,
    z,
    sMax: z === "I8" ? 7 : 14,
    isWhole,
    call: (kernel, { z: zAt, x, y, columns, k, s, offsets, levels, mask, negative }) => {
      const tail = [...(isWhole ? [] : [mask]), ...(z === "I8" ? [negative] : [])];
      return kernel(zAt, x, y, columns, k, s, offsets, levels, ...tail);
    },
  });

// ---- column sums ---------------------------------------------------------------------------------------------------

const STORED = { F64: Float64Array, F32: Float32Array, I16: Int16Array, U8: Uint8Array, I8: Int8Array } as const;
const LIMITS = { I16: [-32768, 32767], U8: [0, 255], I8: [-128, 127] } as const;

/** out += Σ ((x − offset)/top)², row after row, in one call or in two. */
export function checkSquares(storage: Storage): Check {
  return (kernel, memory) => {
    const dice = new Dice(114);
    let cases = 0;
    const sizes = storage === "F64" ? [1, 1e-300, 1e300] : storage === "F32" ? [1, 1e-30, 1e30] : [1];
    for (const rows of [1, 2, 9, 130]) {
      for (const cols of [1, 3, 16, 37]) {
        for (const size of sizes) {
          const draw = (): number => {
            if (storage === "F64" || storage === "F32") return dice.normal() * size;
            const [low, high] = LIMITS[storage];
            return dice.below(4) === 0 ? dice.pick([low, high]) : dice.between(low, high);
          };
          const stride = roundUp(cols * BYTES[storage], 16) + 16 * (cases % 3);
          const values = new STORED[storage]((rows * stride) / BYTES[storage]);
          for (let i = 0; i < values.length; i++) values[i] = draw();
          const offset = Float64Array.from({ length: cols }, () => dice.pick([0, 0.3 * size, -2 * size]));
          const top = Float64Array.from({ length: cols }, () => dice.pick([1, 3, 1 / 3]) * size);
          const start = Float64Array.from({ length: cols }, () => dice.uniform());
          memory.reset();
          const x = memory.input(values, cases & 3);
          const out = memory.inout(start);
          const rest = [memory.input(offset), memory.input(top), out];
          const first = cases % 2 === 0 ? rows : dice.between(0, rows);
          kernel(x, stride, first, cols, ...rest);
          kernel(x + first * stride, stride, rows - first, cols, ...rest);
          const want = Array.from({ length: cols }, (_, j) => {
            let sum = at(start, j);
            for (let i = 0; i < rows; i++) {
              const part = (at(values, (i * stride) / BYTES[storage] + j) - at(offset, j)) / at(top, j);
              sum += part * part;
            }
            return sum;
          });
          equalAll(() => `${rows} × ${cols}, ${size}`, memory.f64(out, cols), want);
          memory.verify();
          cases++;
        }
      }
    }
    return cases;
  };
}

// ---- Newton passes on packed rows ----------------------------------------------------------------------------------

/** Bytes and shape of what a block pass is given. */
interface BlockCase {
  readonly rows: number;
  /** Of the int8 rows, a multiple of 16; the packed rows have whole blocks. */
  readonly columns: number;
  readonly classes: number;
}

/** Runs a pass on rows of bytes (`packing` 0) or on the same rows packed; returns copies of all it has written. */
type BlockCall = (
  kernel: Kernel,
  memory: Harness,
  shape: BlockCase,
  rows: { readonly x: number; readonly stride: number; readonly packing: number },
  dice: Dice,
) => number[];

/** Whatever a pass answers on packed rows it answers on the int8 rows they stand for, bit for bit. */
function checkPackedBlocks(seed: number, call: BlockCall): Check {
  return (kernel, memory) => {
    const dice = new Dice(seed);
    let cases = 0;
    for (const rows of [1, 2, 255, 256, 257, 600]) {
      for (const classes of [1, 2, 5, 7]) {
        for (const bits of [4, 2] as const) {
          const columns = 16 * dice.between(1, 6);
          const padded = roundUp(columns + dice.below(2), blockColumns(bits));
          const table = drawTable(bits, dice);
          const mask = drawMask(padded, dice);
          const indices = Array.from({ length: rows }, () => drawRow(padded, table, mask, bits, dice));
          const bytes = Int8Array.from(
            indices.flatMap((row) => row.slice(0, columns)),
            (index, i) => (at(mask, i % columns) === 0 ? 0 : at(table.levels, index)),
          );
          const draws = cases + 1;
          memory.reset();
          const plain = call(
            kernel,
            memory,
            { rows, columns, classes },
            { x: memory.input(bytes), stride: columns, packing: 0 },
            new Dice(draws),
          );
          memory.verify();
          memory.reset();
          const stride = bytesOf(bits, padded) + 16 * (cases % 3);
          const room = memory.output(256 * padded);
          const how = Int32Array.of(memory.input(table.bytes), memory.input(mask), bits, padded, room);
          const packing = memory.input(how);
          const x = memory.input(storeRows(indices, bits, stride, dice), cases & 3);
          const packed = call(kernel, memory, { rows, columns, classes }, { x, stride, packing }, new Dice(draws));
          memory.verify();
          equalAll(() => `${rows} rows of ${bits} bits, ${columns} columns, ${classes} classes`, packed, plain);
          if (!plain.some((value) => value !== 0)) throw new Mismatch("nothing but zeros");
          cases++;
        }
      }
    }
    return cases;
  };
}

const codesFor = ({ columns, classes }: BlockCase, dice: Dice): Int16Array =>
  Int16Array.from({ length: columns * classes }, () => dice.between(-900, 900));
const normals = (count: number, dice: Dice): Float64Array => Float64Array.from({ length: count }, () => dice.normal());

export const checkPackedMargins: Check = checkPackedBlocks(
  120,
  (kernel, memory, shape, { x, stride, packing }, dice) => {
    const { rows, columns, classes } = shape;
    const u = memory.inout(normals(rows * classes, dice));
    const [codes, shift] = [memory.input(codesFor(shape, dice)), memory.input(normals(classes, dice))];
    const scratch = memory.output(blockScratch(columns, classes));
    kernel(x, stride, rows, columns, classes, codes, 2 ** -9, shift, 1, scratch, u, 0, packing);
    return [...memory.f64(u, rows * classes)];
  },
);

export const checkPackedHessian: Check = checkPackedBlocks(
  121,
  (kernel, memory, shape, { x, stride, packing }, dice) => {
    const { rows, columns, classes } = shape;
    const positive = (count: number): Float32Array =>
      Float32Array.from({ length: count }, () => 0.05 + dice.uniform() / classes);
    const [codes, shift] = [memory.input(codesFor(shape, dice)), memory.input(normals(classes, dice))];
    const h = classes === 1 ? memory.input(positive(rows)) : 0;
    const p = classes === 1 ? 0 : memory.input(positive(rows * classes + 4));
    const weights = classes === 1 ? 0 : memory.input(positive(rows));
    const [g, totals] = [memory.output(columns * classes * 8), memory.output(classes * 8)];
    const scratch = memory.output(blockScratch(columns, classes));
    kernel(x, stride, rows, columns, classes, codes, 2 ** -9, shift, h, p, weights, scratch, g, totals, 0, packing);
    return [...memory.f64(g, columns * classes), ...memory.f64(totals, classes)];
  },
);

export const checkPackedFollow: Check = checkPackedBlocks(
  122,
  (kernel, memory, shape, { x, stride, packing }, dice) => {
    const { rows, columns, classes } = shape;
    const c = memory.input(normals(rows * classes, dice));
    const held = memory.inout(normals(rows * classes, dice));
    const [g, totals] = [memory.inout(normals(columns * classes, dice)), memory.inout(normals(classes, dice))];
    const scratch = memory.output(blockScratch(columns, classes));
    const left = kernel(x, 0, stride, rows, columns, classes, c, held, scratch, g, totals, 0, packing);
    return [
      left,
      ...memory.f64(held, rows * classes),
      ...memory.f64(g, columns * classes),
      ...memory.f64(totals, classes),
    ];
  },
);

/** An entry with two sides is held to both. */
export const both =
  (first: Check, second: Check): Check =>
  (kernel, memory) =>
    first(kernel, memory) + second(kernel, memory);
