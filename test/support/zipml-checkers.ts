// Checkers of the bit-planes' kernels: integers, tolerance 0. docs/numerics.md §14.
import { weavedCode } from "../oracle/zipml.js";
import { at, type Check, Mismatch } from "./checkers.js";
import { Dice } from "./random.js";

const COLUMNS = [32, 64, 96, 128, 160, 416, 800] as const;
/** Bytes between the planes of a row, beyond a plane's own. */
const GAPS = [0, 2, 30] as const;

function equalBytes(what: string, got: Uint8Array, want: Uint8Array): void {
  want.forEach((byte, i) => {
    if (got[i] !== byte) throw new Mismatch(`${what}: byte ${i}: got ${got[i]}, expected ${byte}`);
  });
}

/** Bit b of every code as a plane: column j is bit j mod 8 of byte ⌊j/8⌋. */
export function planeOf(codes: ArrayLike<number>, bit: number): Uint8Array {
  const plane = new Uint8Array(codes.length / 8);
  for (let j = 0; j < codes.length; j++) plane[j >> 3] = at(plane, j >> 3) | (((at(codes, j) >> bit) & 1) << (j & 7));
  return plane;
}

const codesOf = (columns: number, dice: Dice): Uint8Array =>
  Uint8Array.from({ length: columns }, () => dice.below(256));

/** A row of planes, from bit `top` down, `planeBytes` apart, over bytes that were there before. */
function rowOf(codes: Uint8Array, top: number, planes: number, planeBytes: number, before: Uint8Array): Uint8Array {
  const row = before.slice();
  for (let p = 0; p < planes; p++) row.set(planeOf(codes, top - p), p * planeBytes);
  return row;
}

export const checkWeaveCodes: Check = (kernel, memory) => {
  const dice = new Dice(91);
  let cases = 0;
  for (const columns of COLUMNS) {
    for (let planes = 1; planes <= 8; planes++) {
      for (const top of new Set([7, planes - 1, dice.between(planes - 1, 7)])) {
        const planeBytes = columns / 8 + at(GAPS, cases % 3);
        const codes = codesOf(columns, dice);
        const before = codesOf((planes - 1) * planeBytes + columns / 8, dice);
        memory.reset();
        const row = memory.inout(before, cases & 3);
        kernel(memory.input(codes, (cases >> 2) & 3), columns, top, planes, row, planeBytes);
        const want = rowOf(codes, top, planes, planeBytes, before);
        equalBytes(`${columns} columns, ${planes} planes from bit ${top}`, memory.u8(row, want.length), want);
        memory.verify();
        cases++;
      }
    }
  }
  return cases;
};

export const checkUnweave: Check = (kernel, memory) => {
  const dice = new Dice(92);
  let cases = 0;
  for (const columns of COLUMNS) {
    for (let planes = 0; planes <= 8; planes++) {
      for (const shift of new Set([0, 8 - planes])) {
        const planeBytes = columns / 8 + at(GAPS, cases % 3);
        const codes = codesOf(columns, dice);
        // all eight planes are there; the first ones alone are read
        const row = rowOf(codes, 7, 8, planeBytes, codesOf(7 * planeBytes + columns / 8, dice));
        memory.reset();
        const out = memory.output(columns, cases & 3);
        kernel(memory.input(row, (cases >> 2) & 3), planeBytes, planes, shift, columns, out);
        const want = codes.map((code) => (shift === 0 ? code >> (8 - planes) : code & ~(2 ** (8 - planes) - 1)));
        equalBytes(`${columns} columns, ${planes} planes, shifted by ${shift}`, memory.u8(out, columns), want);
        memory.verify();
        cases++;
      }
    }
  }
  return cases;
};

export const checkWeaveUnits: Check = (kernel, memory) => {
  const dice = new Dice(93);
  const f = Math.fround;
  let cases = 0;
  for (const columns of COLUMNS) {
    for (const rows of [1, 2, 5]) {
      const pitch = columns + 4 * (cases % 3);
      const x = Float32Array.from({ length: rows * pitch }, () => {
        const level = dice.between(0, 256) / 128 - 1;
        return dice.pick([
          2 * dice.uniform() - 1,
          level,
          f(level * (1 - 2 ** -23)),
          f(level * (1 + 2 ** -23)),
          1,
          -1,
          0,
          1.25,
          -1.25,
        ]);
      });
      // the planes of a row together, or the rows of a plane; with gaps between
      const [inner, outer] = [columns / 8 + at(GAPS, cases % 3), (columns / 8 + 30) * Math.max(8, rows)];
      const [rowBytes, planeBytes] = cases % 2 === 0 ? [inner, outer] : [outer, inner];
      const span = (rows - 1) * rowBytes + 7 * planeBytes + columns / 8;
      const before = codesOf(span, dice);
      memory.reset();
      const out = memory.inout(before, cases & 3);
      const scratch = memory.output(columns);
      kernel(memory.input(x, (cases >> 2) & 3), 4 * pitch, rows, columns, scratch, out, rowBytes, planeBytes);
      const want = before.slice();
      for (let i = 0; i < rows; i++) {
        const codes = Uint8Array.from(x.subarray(i * pitch, i * pitch + columns), weavedCode);
        for (let p = 0; p < 8; p++) want.set(planeOf(codes, 7 - p), i * rowBytes + p * planeBytes);
      }
      equalBytes(`${rows} × ${columns}, rows ${rowBytes} and planes ${planeBytes} apart`, memory.u8(out, span), want);
      memory.verify();
      cases++;
    }
  }
  return cases;
};
