// Codes of 4, 2 or 1 bits, one column at a time. Formats: docs/numerics.md section 15.
//
//   index    which of the levels a code stands for; a code of b bits has one of 2^b
//   block    16 bytes, 128/b columns: column c of a block is in byte c mod 16, bits b·⌊c/16⌋ and up
//   table    64 bytes: 16 levels (int8), their sizes, 255 where negative else 0, 16 times 2^b − 1
//   mask     per column 255, or 0: decodes to 0 and its z never moves

export type IndexBits = 1 | 2 | 4;

export const blockColumns = (bits: IndexBits): number => 128 / bits;
export const bytesOf = (bits: IndexBits, columns: number): number => (columns * bits) / 8;

/** Byte and bit of a column. */
function placeOf(bits: IndexBits, column: number): { byte: number; shift: number } {
  const inside = column % blockColumns(bits);
  return { byte: 16 * Math.floor(column / blockColumns(bits)) + (inside % 16), shift: bits * Math.floor(inside / 16) };
}

export function indexAt(bytes: ArrayLike<number>, bits: IndexBits, column: number): number {
  const { byte, shift } = placeOf(bits, column);
  return Math.floor((bytes[byte] as number) / 2 ** shift) % 2 ** bits;
}

export function indicesOf(bytes: ArrayLike<number>, bits: IndexBits, columns: number): number[] {
  return Array.from({ length: columns }, (_, column) => indexAt(bytes, bits, column));
}

/** Whole blocks only. */
export function packIndices(indices: ArrayLike<number>, bits: IndexBits): Uint8Array {
  const bytes = new Uint8Array(bytesOf(bits, indices.length));
  for (let column = 0; column < indices.length; column++) {
    const { byte, shift } = placeOf(bits, column);
    bytes[byte] = (bytes[byte] as number) + (indices[column] as number) * 2 ** shift;
  }
  return bytes;
}

/** The 64 bytes of 16 levels. */
export function tableOf(levels: ArrayLike<number>, bits: IndexBits): Uint8Array {
  const bytes = new Uint8Array(64);
  for (let l = 0; l < 16; l++) {
    const level = levels[l] as number;
    bytes[l] = level & 255;
    bytes[16 + l] = Math.abs(level);
    bytes[32 + l] = level < 0 ? 255 : 0;
    bytes[48 + l] = 2 ** bits - 1;
  }
  return bytes;
}

/** Place of the level nearest to a code; in the middle between two the upper one. */
export function nearestLevel(levels: ArrayLike<number>, code: number): number {
  let best = 0;
  for (let l = 1; l < levels.length; l++) {
    if (Math.abs((levels[l] as number) - code) <= Math.abs((levels[best] as number) - code)) best = l;
  }
  return best;
}

/** Σ |level| over the negative levels of a row, masked columns among them. */
export function negativeSum(levels: ArrayLike<number>, indices: readonly number[]): number {
  return indices.reduce((sum, index) => sum + Math.max(0, -(levels[index] as number)), 0);
}

/** The update of every level: (k·level + r) >> s, r that of the lane l mod 8; int8 z takes sat8 of it. */
export function updatesOf(
  levels: ArrayLike<number>,
  k: number,
  s: number,
  rounds: ArrayLike<number>,
  isByte: boolean,
): number[] {
  return Array.from(levels, (level, l) => {
    const update = Math.floor((k * level + (rounds[l % 8] as number)) / 2 ** s);
    return isByte ? Math.min(127, Math.max(-128, update)) : update;
  });
}

/** z after the update of its column's level. */
export function moved(z: number, update: number, isMasked: boolean, isByte: boolean): number {
  if (isMasked) return z;
  const [low, high] = isByte ? [-128, 127] : [-32768, 32767];
  return Math.min(high, Math.max(low, z + update));
}

// ---- the codes of a dataset ----------------------------------------------------------------------------------------

/** int8 codes of one root mean square. */
export const PER_RMS = 32;

/** What column j of a dataset becomes; all arrays rows long. */
export interface PackedColumn {
  readonly isMasked: boolean;
  /** Levels of the table; 0 where masked. */
  readonly codes: readonly number[];
  readonly scale: number;
  /** Σ (x − offset)² ÷ reach². */
  readonly squares: number;
}

/** int8 levels of a table given in root mean squares: nearest (ties up), ±127, those that coincide once. */
export function levelCodes(levels: ArrayLike<number>): number[] {
  const codes = Array.from(levels, (level) => Math.max(-127, Math.min(127, Math.floor(PER_RMS * level + 0.5))));
  return codes.filter((code, i) => codes.indexOf(code) === i).sort((a, b) => a - b);
}

/** A column around its offset; sums in the order of the rows, the codes' Σ of squares a whole number. */
export function packColumn(x: ArrayLike<number>, offset: number, levels: readonly number[]): PackedColumn {
  const rows = x.length;
  const far = Array.from(x, (value) => value - offset);
  const reach = far.reduce((top, d) => Math.max(top, Math.abs(d)), 0) || 1;
  const squares = far.reduce((sum, d) => sum + (d / reach) * (d / reach), 0);
  if (squares === 0) return { isMasked: true, codes: far.map(() => 0), scale: 1 / PER_RMS, squares };
  const rms = reach * Math.sqrt(squares / rows);
  const factor = PER_RMS / rms;
  const codes = far.map((d) => {
    const code = Math.max(-127, Math.min(127, Math.floor(d * factor + 0.5)));
    return levels[nearestLevel(levels, code)] as number;
  });
  const length = codes.reduce((sum, code) => sum + code * code, 0);
  const scale = length > 0 ? (rms * Math.sqrt(rows)) / Math.sqrt(length) : rms / PER_RMS;
  return { isMasked: false, codes, scale, squares };
}
