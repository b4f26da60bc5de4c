// Broken forms of the kernels for packed codes, part of mutants.test.ts: each makes one mistake, and its checker must reject it.
import type { Kernel } from "../bindings/engine/kernels.js";
import type { Mutants } from "./newton-mutants.js";
import {
  blockColumns,
  bytesOf,
  type IndexBits,
  indicesOf,
  moved,
  negativeSum,
  packIndices,
  updatesOf,
} from "./oracle/packed.js";
import type { Harness } from "./support/memory.js";
import { add, mutantTools } from "./support/mutant-tools.js";

const at = (values: ArrayLike<number>, i: number): number => values[i] as number;
/** What a kernel without an answer returns. */
const NOTHING = undefined as unknown as number;
const BITS = [4, 2, 1] as const;
const PASS_BITS = [4, 2] as const;

type Indices = (bytes: Uint8Array, bits: IndexBits, columns: number) => number[];

/** The two halves of every byte exchanged. */
const nibblesSwapped: Indices = (bytes, bits, columns) =>
  indicesOf(
    bytes.map((byte) => (byte >> 4) | (byte << 4)),
    bits,
    columns,
  );
/** The top slot first. */
const slotsReversed: Indices = (bytes, bits, columns) => {
  const indices = indicesOf(bytes, bits, columns);
  const width = blockColumns(bits);
  return indices.map((_, j) => at(indices, j - (j % width) + (width - 16 - ((j % width) & ~15)) + (j % 16)));
};
/** Neighbours in one byte, as most formats have them. */
const neighboursInOneByte: Indices = (bytes, bits, columns) =>
  Array.from({ length: columns }, (_, j) => (at(bytes, (j * bits) >> 3) >> ((j * bits) & 7)) % 2 ** bits);

/** What may go wrong in reading a row. */
const ORDERS = {
  "swaps nibbles": nibblesSwapped,
  "takes slots in reverse": slotsReversed,
  "reads neighbours from one byte": neighboursInOneByte,
};

interface Parts {
  /** Indices of a row. */
  readonly read: Indices;
  /** Level of an index. */
  readonly level: (levels: Int8Array, index: number) => number;
  /** Updates of all levels. */
  readonly updates: (levels: Int8Array, k: number, s: number, rounds: Uint16Array, isByte: boolean) => number[];
  readonly move: (z: number, update: number, isMasked: boolean, isByte: boolean) => number;
  /** Whether a column is masked, for the update. */
  readonly isMasked: (mask: Uint8Array, j: number) => boolean;
  /** The dot of the new z with the levels of the next row. */
  readonly dot: (z: readonly number[], levels: readonly number[], mask: Uint8Array) => number;
  readonly answer: (dot: number, negative: number) => number;
}

const exactDot: Parts["dot"] = (z, levels) => z.reduce((sum, code, j) => sum + code * at(levels, j), 0);

const RIGHT: Parts = {
  read: indicesOf,
  level: (levels, index) => at(levels, index),
  updates: updatesOf,
  move: moved,
  isMasked: (mask, j) => at(mask, j) === 0,
  dot: exactDot,
  answer: (dot) => dot,
};

/** Eight int32 lanes that are never widened: right for short rows only. */
const dotWrapping: Parts["dot"] = (z, levels) => {
  const lanes = new Int32Array(8);
  z.forEach((code, j) => {
    lanes[j & 7] = at(lanes, j & 7) + code * at(levels, j);
  });
  return lanes.reduce((sum, lane) => sum + lane, 0);
};

const wrap = (x: number, isByte: boolean): number => (isByte ? (x << 24) >> 24 : (x << 16) >> 16);

export function packedMutants(
  kernels: Readonly<Record<string, Kernel>>,
  memory: Harness,
): { readonly mutants: Readonly<Record<string, Mutants>>; readonly plain: Mutants } {
  const levelsAt = (pointer: number): Int8Array => memory.i8(pointer, 16);
  const { misled } = mutantTools(kernels);
  /** Another operand in place of one of `count` bytes. */
  const exchanged = (
    name: string,
    index: number,
    count: (args: number[]) => number,
    value: (bytes: Uint8Array) => Uint8Array,
  ): Kernel =>
    misled(name, (args) => {
      args[index] = memory.input(value(memory.u8(at(args, index), count(args)).slice()));
    });
  const live = (bytes: Uint8Array): Uint8Array => bytes.fill(255);
  /** Tables whose entries stand one place further on. */
  const late = (bytes: Uint8Array): Uint8Array =>
    bytes.map((_, i) => at(bytes, i < 48 ? (i & ~15) + Math.max(0, (i & 15) - 1) : i));

  // ---- plain forms -------------------------------------------------------------------------------------------------

  /** Updates z and returns the dot with the next row, if there is one. */
  const updated = (
    bits: IndexBits,
    isByte: boolean,
    parts: Parts,
    args: {
      z: number;
      x: number;
      y: number;
      columns: number;
      k: number;
      s: number;
      offsets: number;
      levels: number;
      mask: number;
      negative: number;
    },
  ): number => {
    const { z, x, y, columns, k, s, offsets, mask } = args;
    const table = levelsAt(args.levels);
    const bytes = bytesOf(bits, columns);
    const masks = memory.u8(mask, columns);
    const codes = isByte ? memory.i8(z, columns) : memory.i16(z, columns);
    const updates = parts.updates(table, k, s, memory.u16(offsets, 8), isByte);
    const row = parts.read(memory.u8(x, bytes), bits, columns);
    row.forEach((index, j) => {
      codes[j] = parts.move(at(codes, j), at(updates, index), parts.isMasked(masks, j), isByte);
    });
    if (y === 0) return NOTHING;
    const next = parts.read(memory.u8(y, bytes), bits, columns);
    const dot = parts.dot(
      Array.from(codes),
      next.map((index) => parts.level(table, index)),
      masks,
    );
    return parts.answer(dot, negativeSum(table, next));
  };
  const fusedOf =
    (bits: IndexBits, z: "I8" | "I16", change: Partial<Parts> = {}): Kernel =>
    (...args) => {
      const [zAt, x, y, columns, k, s, offsets, levels, mask] = args as unknown as [
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
      const rest = { z: zAt, x, y, columns, k, s, offsets, levels, mask, negative: at(args, 9) };
      return updated(bits, z === "I8", { ...RIGHT, ...change }, rest);
    };
  const axpyOf =
    (bits: IndexBits, change: Partial<Parts> = {}): Kernel =>
    (...args) => {
      const [z, x, columns, k, s, offsets, levels, mask] = args as unknown as [
        number,
        number,
        number,
        number,
        number,
        number,
        number,
        number,
      ];
      return updated(
        bits,
        true,
        { ...RIGHT, ...change },
        { z, x, y: 0, columns, k, s, offsets, levels, mask, negative: 0 },
      );
    };
  const dotOf =
    (bits: IndexBits, z: "I8" | "I16", change: Partial<Parts> = {}): Kernel =>
    (...args) => {
      const [x, zAt, columns, levels] = args as unknown as [number, number, number, number];
      const parts = { ...RIGHT, ...change };
      const codes = z === "I8" ? memory.i8(zAt, columns) : memory.i16(zAt, columns);
      const table = levelsAt(levels);
      const row = parts.read(memory.u8(x, bytesOf(bits, columns)), bits, columns);
      return parts.dot(
        Array.from(codes),
        row.map((index) => parts.level(table, index)),
        new Uint8Array(columns),
      );
    };
  const packOf =
    (bits: IndexBits, reaches: (code: number, cut: number) => boolean, store = packIndices): Kernel =>
    (...args) => {
      const [codes, stride, rows, columns, cuts, count, out, apart] = args as unknown as [
        number,
        number,
        number,
        number,
        number,
        number,
        number,
        number,
      ];
      for (let i = 0; i < rows; i++) {
        const indices = Array.from(memory.i8(codes + i * stride, columns), (code) => {
          let index = 0;
          for (let cut = 0; cut + 1 < count; cut++)
            if (reaches(code, at(memory.i8(cuts, 16 * count), 16 * cut))) index++;
          return index;
        });
        memory.u8(out + i * apart, bytesOf(bits, columns)).set(store(indices, bits));
      }
      return NOTHING;
    };
  const unpackOf =
    (bits: IndexBits, change: Partial<Parts> = {}): Kernel =>
    (...args) => {
      const [x, stride, rows, columns, levels, mask, out, apart] = args as unknown as [
        number,
        number,
        number,
        number,
        number,
        number,
        number,
        number,
      ];
      const parts = { ...RIGHT, ...change };
      for (let i = 0; i < rows; i++) {
        const row = parts.read(memory.u8(x + i * stride, bytesOf(bits, columns)), bits, columns);
        const masks = memory.u8(mask, columns);
        const codes = row.map((index, j) => (parts.isMasked(masks, j) ? 0 : parts.level(levelsAt(levels), index)));
        memory.i8(out + i * apart, columns).set(codes);
      }
      return NOTHING;
    };

  // ---- mistakes ----------------------------------------------------------------------------------------------------

  /** In reading rows; slots of one bit are not nibbles, but their bytes can be turned all the same. */
  const orders = (make: (change: Partial<Parts>) => Kernel): Mutants =>
    Object.fromEntries(Object.entries(ORDERS).map(([mistake, read]) => [mistake, make({ read })]));
  const levels = (make: (change: Partial<Parts>) => Kernel): Mutants => ({
    "is one level too high": make({ level: (table, index) => at(table, Math.min(15, index + 1)) }),
    "is one level too low": make({ level: (table, index) => at(table, Math.max(0, index - 1)) }),
    "takes sizes for levels": make({ level: (table, index) => Math.abs(at(table, index)) }),
  });
  const rounding = (make: (change: Partial<Parts>) => Kernel): Mutants => ({
    "shifts towards zero": make({
      updates: (table, k, s, rounds, isByte) =>
        Array.from(table, (level, l) => {
          const update = Math.trunc((k * level + at(rounds, l % 8)) / 2 ** s);
          return isByte ? Math.min(127, Math.max(-128, update)) : update;
        }),
    }),
    "takes the offset of the next level": make({
      updates: (table, k, s, rounds, isByte) =>
        updatesOf(
          table,
          k,
          s,
          Array.from({ length: 8 }, (_, l) => at(rounds, (l + 1) % 8)),
          isByte,
        ),
    }),
    "takes one offset for all levels": make({
      updates: (table, k, s, rounds, isByte) => updatesOf(table, k, s, new Array(8).fill(at(rounds, 0)), isByte),
    }),
    "forgets the offsets": make({
      updates: (table, k, s, _rounds, isByte) => updatesOf(table, k, s, new Array(8).fill(0), isByte),
    }),
    "gives the upper levels no offsets": make({
      updates: (table, k, s, rounds, isByte) => {
        const plain = updatesOf(table, k, s, new Array(8).fill(0), isByte);
        return updatesOf(table, k, s, rounds, isByte).map((update, l) => (l < 8 ? update : at(plain, l)));
      },
    }),
    "rounds the size of k": make({
      updates: (table, k, s, rounds, isByte) =>
        updatesOf(table, Math.abs(k), s, rounds, isByte).map((update) => (k < 0 ? -update : update)),
    }),
    "wraps z": make({ move: (z, update, isMasked, isByte) => (isMasked ? z : wrap(z + update, isByte)) }),
    "keeps z off the lowest code": make({
      move: (z, update, isMasked, isByte) =>
        isMasked ? z : Math.max(isByte ? -127 : -32767, moved(z, update, false, isByte)),
    }),
    "updates with the level before": make({
      updates: (table, k, s, rounds, isByte) => {
        const updates = updatesOf(table, k, s, rounds, isByte);
        return updates.map((_, l) => at(updates, Math.max(0, l - 1)));
      },
    }),
  });
  const byteRounding = (make: (change: Partial<Parts>) => Kernel): Mutants => ({
    "wraps the update": make({
      updates: (table, k, s, rounds) => updatesOf(table, k, s, rounds, false).map((update) => wrap(update, true)),
    }),
    "does not saturate the update": make({ updates: (table, k, s, rounds) => updatesOf(table, k, s, rounds, false) }),
  });
  const masking = (make: (change: Partial<Parts>) => Kernel): Mutants => ({
    "ignores the mask": make({ isMasked: () => false }),
    "takes the mask the other way round": make({ isMasked: (mask, j) => at(mask, j) !== 0 }),
    "masks the neighbour": make({ isMasked: (mask, j) => at(mask, Math.max(0, j - 1)) === 0 }),
    "clears masked columns": make({
      move: (z, update, isMasked, isByte) => (isMasked ? 0 : moved(z, update, false, isByte)),
    }),
  });
  const dots = (make: (change: Partial<Parts>) => Kernel): Mutants => ({
    "drops the last column": make({ dot: (z, row) => exactDot(z, [...row.slice(0, -1), 0], new Uint8Array(0)) }),
    "has the wrong sign": make({ dot: (z, row) => -exactDot(z, row, new Uint8Array(0)) }),
  });

  const mutants: Record<string, Mutants> = {};
  const plain: Record<string, Kernel> = {};
  for (const bits of BITS) {
    const width = blockColumns(bits);
    mutants[`packU${bits}`] = {
      "gives ties to the lower level": packOf(bits, (code, cut) => code > cut),
      "cuts one code late": packOf(bits, (code, cut) => code >= cut + 1),
      "cuts one code early": packOf(bits, (code, cut) => code >= cut - 1),
      "compares sizes": packOf(bits, (code, cut) => Math.abs(code) >= cut),
      "compares without signs": packOf(bits, (code, cut) => (code & 255) >= (cut & 255)),
      "stores the top slot first": packOf(
        bits,
        (code, cut) => code >= cut,
        (indices) => packIndices(slotsReversed(packIndices(indices, bits), bits, indices.length), bits),
      ),
      "forgets the last level": misled(`packU${bits}`, (args) => {
        args[5] = at(args, 5) - 1;
      }),
      "drops a row": misled(`packU${bits}`, add(2, -1)),
      "drops a block": misled(`packU${bits}`, add(3, -width)),
      "takes rows as dense": misled(`packU${bits}`, (args) => {
        args[1] = at(args, 3);
      }),
    };
    plain[`packU${bits}`] = packOf(bits, (code, cut) => code >= cut);

    const unpack = (change: Partial<Parts>): Kernel => unpackOf(bits, change);
    mutants[`unpackU${bits}`] = {
      ...orders(unpack),
      ...levels(unpack),
      "ignores the mask": unpack({ isMasked: () => false }),
      "masks the neighbour": unpack({ isMasked: (mask, j) => at(mask, Math.max(0, j - 1)) === 0 }),
      "has a table that is one off": exchanged(`unpackU${bits}`, 4, () => 64, late),
      "takes all columns for live": exchanged(`unpackU${bits}`, 5, (args) => at(args, 3), live),
      "drops a row": misled(`unpackU${bits}`, add(2, -1)),
      "drops a block": misled(`unpackU${bits}`, add(3, -width)),
      "takes rows as dense": misled(`unpackU${bits}`, (args) => {
        args[1] = bytesOf(bits, at(args, 3));
      }),
    };
    plain[`unpackU${bits}`] = unpack({});

    const indexDot = (change: Partial<Parts>): Kernel =>
      dotOf(bits, "I8", { level: (_table, index) => index, ...change });
    mutants[`indexDotU${bits}`] = {
      ...orders(indexDot),
      ...dots(indexDot),
      "takes levels for indices": dotOf(bits, "I8"),
      "counts from one": indexDot({ level: (_table, index) => index + 1 }),
      "takes indices as signed": indexDot({
        level: (_table, index) => (index >= 2 ** (bits - 1) ? index - 2 ** bits : index),
      }),
      "drops a block": misled(`indexDotU${bits}`, add(2, -width)),
      "drops every second block": indexDot({
        dot: (z, row) => z.reduce((sum, code, j) => sum + (Math.floor(j / width) % 2 === 1 ? 0 : code * at(row, j)), 0),
      }),
    };
    plain[`indexDotU${bits}`] = indexDot({});

    const axpy = (change: Partial<Parts>): Kernel => axpyOf(bits, change);
    mutants[`axpyU${bits}`] = {
      ...orders(axpy),
      ...(bits === 4
        ? rounding(axpy)
        : Object.fromEntries(Object.entries(rounding(axpy)).filter(([name]) => !name.includes("upper")))),
      ...byteRounding(axpy),
      ...masking(axpy),
      "has a table that is one off": exchanged(`axpyU${bits}`, 6, () => 64, late),
      "drops a block": misled(`axpyU${bits}`, add(2, -width)),
      "turns k round": misled(`axpyU${bits}`, (args) => {
        args[3] = -at(args, 3);
      }),
    };
    plain[`axpyU${bits}`] = axpy({});

    for (const z of ["I8", "I16"] as const) {
      const dot = (change: Partial<Parts>): Kernel => dotOf(bits, z, change);
      mutants[`dotU${bits}${z}`] = {
        ...orders(dot),
        ...levels(dot),
        ...dots(dot),
        ...(z === "I16" && { "does not widen its windows": dot({ dot: dotWrapping }) }),
        "has a table that is one off": exchanged(`dotU${bits}${z}`, 3, () => 64, late),
        "stops one block early": misled(`dotU${bits}${z}`, add(2, -width)),
        "runs one block too far": misled(`dotU${bits}${z}`, add(2, width)),
      };
      plain[`dotU${bits}${z}`] = dot({});
    }
  }
  for (const bits of PASS_BITS) {
    const width = blockColumns(bits);
    for (const z of ["I8", "I16"] as const) {
      const name = `fusedU${bits}${z}`;
      const fused = (change: Partial<Parts>): Kernel => fusedOf(bits, z, change);
      const all = {
        ...orders(fused),
        ...levels(fused),
        ...rounding(fused),
        ...masking(fused),
        ...dots(fused),
        "applies the mask to the dot": fused({
          dot: (codes, row, mask) =>
            codes.reduce((sum, code, j) => sum + (at(mask, j) === 0 ? 0 : code * at(row, j)), 0),
        }),
        "has a table that is one off": exchanged(name, 7, () => 64, late),
        "takes all columns for live": exchanged(name, 8, (args) => at(args, 3), live),
        "dots with this row": misled(name, (args) => {
          args[2] = at(args, 1);
        }),
        "updates with the next row": misled(name, (args) => {
          args[1] = at(args, 2);
        }),
        "dots with the old z": (...args: number[]) => {
          const isByte = z === "I8";
          const [zAt, , , columns] = args as [number, number, number, number];
          const before = Array.from(isByte ? memory.i8(zAt, columns) : memory.i16(zAt, columns));
          return fusedOf(bits, z, { dot: (_codes, row, mask) => exactDot(before, row, mask) })(...args);
        },
        "turns k round": misled(name, (args) => {
          args[4] = -at(args, 4);
        }),
        "drops a block": misled(name, add(3, -width)),
      };
      const own: Mutants =
        z === "I8"
          ? {
              ...byteRounding(fused),
              // Σ |level|·(z xor sign) is all that the relaxed dot gives
              "forgets the negative levels": fused({ answer: (dot, negative) => dot - negative }),
              "adds the negative levels twice": fused({ answer: (dot, negative) => dot + negative }),
            }
          : {
              "does not widen its windows": fused({ dot: dotWrapping }),
              "saturates the update to a byte": fused({
                updates: (table, k, s, rounds) => updatesOf(table, k, s, rounds, true),
              }),
            };
      const { "gives the upper levels no offsets": upper, ...rest } = all as Record<string, Kernel>;
      // two bits have no levels beyond the eighth
      mutants[name] = { ...rest, ...(bits === 4 && { "gives the upper levels no offsets": upper as Kernel }), ...own };
      plain[name] = fused({});
    }
    const sums =
      (change: (levels: Int8Array, indices: readonly number[]) => number, read: Indices = indicesOf): Kernel =>
      (...args) => {
        const [x, stride, rows, columns, table, out] = args as unknown as [
          number,
          number,
          number,
          number,
          number,
          number,
        ];
        for (let i = 0; i < rows; i++) {
          const row = read(memory.u8(x + i * stride, bytesOf(bits, columns)), bits, columns);
          memory.core.view().setInt32(out + 4 * i, change(levelsAt(table), row), true);
        }
        return NOTHING;
      };
    mutants[`negativeSumsU${bits}`] = {
      "sums all sizes": sums((table, row) => row.reduce((sum, index) => sum + Math.abs(at(table, index)), 0)),
      "sums positive levels": sums((table, row) => row.reduce((sum, index) => sum + Math.max(0, at(table, index)), 0)),
      "keeps the sign": sums((table, row) => -negativeSum(table, [...row])),
      "wraps to 16 bits": sums((table, row) => negativeSum(table, [...row]) & 65535),
      "drops the last slot": sums((table, row) =>
        negativeSum(
          table,
          row.filter((_, j) => j % width < width - 16),
        ),
      ),
      "has a table that is one off": exchanged(`negativeSumsU${bits}`, 4, () => 64, late),
      "drops a row": misled(`negativeSumsU${bits}`, add(2, -1)),
      "takes rows as dense": misled(`negativeSumsU${bits}`, (args) => {
        args[1] = bytesOf(bits, at(args, 3));
      }),
    };
    plain[`negativeSumsU${bits}`] = sums((table, row) => negativeSum(table, [...row]));
  }

  // ---- column sums and passes --------------------------------------------------------------------------------------

  const squaresAs =
    (part: (far: number, top: number) => number): Kernel =>
    (...args) => {
      const [x, stride, rows, cols, offset, top, out] = args as unknown as [
        number,
        number,
        number,
        number,
        number,
        number,
        number,
      ];
      const sums = memory.f64(out, cols);
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < cols; j++) {
          const far = at(memory.f64(x + i * stride, cols), j) - at(memory.f64(offset, cols), j);
          sums[j] = at(sums, j) + part(far, at(memory.f64(top, cols), j));
        }
      }
      return NOTHING;
    };
  plain["squaresF64"] = squaresAs((far, top) => (far / top) * (far / top));
  mutants["squaresF64"] = {
    "squares before it divides": squaresAs((far, top) => (far * far) / (top * top)),
    "takes sizes": squaresAs((far, top) => Math.abs(far / top)),
    "divides the square once": squaresAs((far, top) => (far * far) / top),
    "starts anew": misled("squaresF64", (args) => {
      memory.f64(at(args, 6), at(args, 3)).fill(0);
    }),
    "drops the last row": misled("squaresF64", add(2, -1)),
    "drops the last column": misled("squaresF64", add(3, -1)),
    "reads the next column": misled("squaresF64", add(0, 8)),
    "forgets the offset": exchanged(
      "squaresF64",
      4,
      (args) => 8 * at(args, 3),
      (bytes) => bytes.fill(0),
    ),
  };
  for (const [name, place] of [
    ["blockMarginsI8", 12],
    ["hessianI8", 15],
    ["followI8", 12],
  ] as const) {
    /** The packing with its words (levels, mask, bits, columns, rows) changed. */
    const repacked = (change: (words: Int32Array) => void): Kernel =>
      misled(name, (args) => {
        const pointer = args[place];
        if (pointer === undefined || pointer === 0) return;
        const words = Int32Array.from({ length: 5 }, (_, i) => memory.core.view().getInt32(pointer + 4 * i, true));
        change(words);
        args[place] = memory.input(words);
      });
    mutants[name] = {
      "takes packed rows for bytes": misled(name, (args) => {
        args[place] = 0;
      }),
      "has a table that is one off": repacked((words) => {
        words[0] = memory.input(late(memory.u8(at(words, 0), 64).slice()));
      }),
      "takes 4 bits for 2": repacked((words) => {
        words[2] = 2;
      }),
      "takes all columns for live": repacked((words) => {
        words[1] = memory.input(new Uint8Array(at(words, 3)).fill(255));
      }),
    };
  }
  return { mutants, plain };
}
