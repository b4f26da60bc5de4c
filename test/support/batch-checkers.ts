// Checkers of the kernels of batches (assembly/solver/batch.ts) that can be called one by one; whole runs: batches.test.ts.
import { seen } from "../oracle/batch.js";
import { permutation } from "../oracle/random.js";
import { at, type Check, CODE8, expectEqual, FULL16, pattern } from "./checkers.js";
import type { Harness } from "./memory.js";
import { fill } from "./patterns.js";
import { Dice } from "./random.js";

/** Bytes of a group's scratch (SLOT there). */
const SLOT = 64;

/** Tiles of four rows as the specification has them: byte 4·r + c of tile t is code 4·t + c of row r. */
export function tilesOf(rows: readonly ArrayLike<number>[], columns: number): Int8Array {
  const tiles = new Int8Array(4 * columns);
  for (let j = 0; j < columns; j++) {
    for (let r = 0; r < 4; r++) tiles[16 * (j >> 2) + 4 * r + (j & 3)] = (rows[r]?.[j] as number | undefined) ?? 0;
  }
  return tiles;
}

const sumOf = (values: ArrayLike<number>): number => Array.from(values).reduce((sum, value) => sum + value, 0);

export const checkPackGroups: Check = (kernel, memory) => {
  const dice = new Dice(61);
  let cases = 0;
  for (const columns of [32, 64, 96, 800]) {
    for (const rows of [1, 2, 3, 4, 5, 8, 31, 50]) {
      const stride = columns + (cases % 3) * 32;
      const source = Array.from({ length: rows }, (_, i) => fill(pattern(cases + i), columns, CODE8, dice));
      const codes = new Int8Array(rows * stride).fill(99);
      source.forEach((row, i) => {
        codes.set(row, i * stride);
      });
      const order = permutation(7 + rows, rows);
      const groups = Math.ceil(rows / 4);
      memory.reset();
      const out = memory.output(groups * 4 * columns, cases & 3);
      const sums = memory.output(groups * 16, (cases >> 1) & 3);
      kernel(
        memory.input(codes, (cases >> 2) & 3),
        stride,
        memory.input(new Int32Array(order)),
        rows,
        columns,
        out,
        sums,
      );
      memory.verify();
      for (let group = 0; group < groups; group++) {
        const four = [0, 1, 2, 3].map((r) => source[order[4 * group + r] as number] ?? new Int8Array(columns));
        const got = memory.i8(out + group * 4 * columns, 4 * columns);
        tilesOf(four, columns).forEach((want, i) => {
          expectEqual(`${rows} × ${columns}, group ${group}, byte ${i}`, at(got, i), want);
        });
        four.forEach((row, r) => {
          const sum = memory.core.view().getInt32(sums + 16 * group + 4 * r, true);
          expectEqual(`${rows} × ${columns}, sum ${4 * group + r}`, sum, sumOf(row));
        });
      }
      cases++;
    }
  }
  return cases;
};

export const checkDotGroups: Check = (kernel, memory: Harness) => {
  const dice = new Dice(62);
  let cases = 0;
  const judge = (what: string, rows: readonly ArrayLike<number>[], z: ArrayLike<number>): void => {
    const columns = z.length;
    memory.reset();
    const x = memory.input(tilesOf(rows.slice(0, 4), columns), cases & 3);
    const y = memory.input(tilesOf(rows.slice(4), columns), (cases >> 1) & 3);
    const slots = memory.output(2 * SLOT + 32, cases & 3);
    const scratch = memory.output(2 * columns);
    const zPointer = memory.inout(Int16Array.from(z), (cases >> 2) & 3);
    kernel(x, y, zPointer, scratch, columns, memory.input(Int32Array.from(rows, sumOf)), slots);
    memory.verify();
    memory.i16(zPointer, columns).forEach((code, j) => {
      expectEqual(`${what}: z[${j}]`, code, at(z, j));
    });
    rows.forEach((row, r) => {
      let sum = 0;
      for (let j = 0; j < columns; j++) sum += at(row, j) * seen(at(z, j));
      const got = at(memory.f32(slots + (r >> 2) * SLOT, 4), r & 3);
      expectEqual(`${what}, ${columns} columns, row ${r}`, got, Math.fround(sum));
    });
    cases++;
  };
  for (const columns of [32, 64, 96, 544, 2016, 2048, 2080, 4096, 4128, 8224]) {
    for (let i = 0; i < 16; i++) {
      const rows = Array.from({ length: 8 }, (_, r) => fill(pattern(i + 3 * r), columns, CODE8, dice));
      judge(`patterns ${i}`, rows, fill(pattern(i + 1), columns, FULL16, dice));
    }
  }
  // every code of z near the places where its upper bits change
  for (let from = -32768; from < 32768; from += 4096) {
    const rows = Array.from({ length: 8 }, () => fill("random", 4096, CODE8, dice));
    judge(
      `codes from ${from}`,
      rows,
      Int16Array.from({ length: 4096 }, (_, j) => from + j),
    );
  }
  // one column at a time
  for (let hot = 0; hot < 96; hot++) {
    const rows = Array.from({ length: 8 }, () => fill("random", 96, CODE8, dice));
    judge(
      `column ${hot}`,
      rows,
      Int16Array.from({ length: 96 }, (_, j) => (j === hot ? 4 : 0)),
    );
  }
  for (const columns of [2048, 131_072]) {
    for (const [code, z] of [
      [127, 32767],
      [127, -32768],
      [-127, 32767],
      [-127, -32768],
      [127, 0],
    ] as const) {
      judge(
        `all ${code} · ${z}`,
        Array.from({ length: 8 }, () => new Int8Array(columns).fill(code)),
        new Int16Array(columns).fill(z),
      );
    }
  }
  return cases;
};
