// Seeded sparse problems: rows of every kind that users bring, with the same rows dense for comparison.
import type { LossName, NumericArray, SparseMatrix } from "../../bindings/index.js";
import { Dice } from "./random.js";

export interface SparseSample {
  readonly name: string;
  readonly X: SparseMatrix;
  /** rows × cols. */
  readonly dense: Float64Array;
  /** Signal of the rows, with noise. */
  readonly margins: Float64Array;
  readonly weights: Float64Array;
}

/** Compresses rows; explicit zeros where `isStored` says so. */
export function compress(
  dense: Float64Array,
  rows: number,
  cols: number,
  isStored: (value: number) => boolean = (value) => value !== 0,
  make: (values: number[]) => NumericArray = Float64Array.from.bind(Float64Array) as (v: number[]) => Float64Array,
): SparseMatrix {
  const indptr = new Int32Array(rows + 1);
  const indices: number[] = [];
  const data: number[] = [];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      const x = dense[i * cols + j] as number;
      if (!isStored(x)) continue;
      indices.push(j);
      data.push(x);
    }
    indptr[i + 1] = data.length;
  }
  return { data: make(data), indices: Int32Array.from(indices), indptr, rows, cols };
}

/** Values by what they need to be kept exactly; `exact`: what that is called. */
export const KINDS: readonly { readonly exact: string; readonly draw: (dice: Dice) => number }[] = [
  { exact: "int8", draw: () => 1 },
  { exact: "int8", draw: (dice) => dice.between(-127, 127) },
  { exact: "uint8", draw: (dice) => 128 + dice.below(128) },
  { exact: "table8", draw: (dice) => Math.sqrt(1 + dice.below(9)) },
  { exact: "table8", draw: (dice) => 1000 * dice.between(1, 12) },
  { exact: "int16", draw: (dice) => dice.between(-32768, 32767) },
  { exact: "float32", draw: (dice) => Math.fround(dice.normal()) },
  { exact: "float64", draw: (dice) => dice.normal() },
];

/**
 * Sample number `index`: rows of one entry or many, empty ones, copies of others; empty and constant columns; explicit zeros; columns that differ in scale; weights over
 * four decades.
 */
export function sparseSample(index: number, most = 150): SparseSample {
  const dice = new Dice(7000 + index);
  const kind = KINDS[index % KINDS.length] as (typeof KINDS)[number];
  const rows = 20 + dice.below(most);
  const cols = 1 + dice.below(dice.pick([4, 30, 60]));
  const density = dice.pick([0.05, 0.2, 0.6]);
  const isOne = dice.below(5) === 0;
  const fate = Array.from({ length: cols }, () => dice.below(8));
  const dense = new Float64Array(rows * cols);
  for (let i = 0; i < rows; i++) {
    const row = dense.subarray(i * cols, (i + 1) * cols);
    if (i > 0 && dice.below(6) === 0) row.set(dense.subarray((i - 1) * cols, i * cols));
    else if (dice.below(10) > 0) {
      const only = dice.below(cols);
      row.forEach((_, j) => {
        const isThere = isOne ? j === only : dice.uniform() < density;
        if (fate[j] === 0) row[j] = 0;
        else if (fate[j] === 1) row[j] = 3;
        else row[j] = isThere ? kind.draw(dice) : 0;
      });
    }
  }
  const truth = Float64Array.from({ length: cols }, () => dice.normal());
  const size = Math.sqrt(dense.reduce((sum, x) => sum + x * x, 0) / rows) || 1;
  const margins = Float64Array.from({ length: rows }, (_, i) => {
    let margin = 0.3 + dice.normal();
    for (let j = 0; j < cols; j++) margin += (2 * (truth[j] as number) * (dense[i * cols + j] as number)) / size;
    return margin;
  });
  // some zeros are stored
  const isStored = (x: number): boolean => x !== 0 || dice.below(20) === 0;
  return {
    name: `${index}: ${kind.exact}, ${rows} × ${cols}`,
    X: compress(dense, rows, cols, isStored),
    dense,
    margins,
    weights: Float64Array.from({ length: rows }, () => 10 ** (4 * dice.uniform() - 2)),
  };
}

/** Labels of every sort, all classes among them. */
export function labelsFor(loss: LossName, margins: Float64Array): Float64Array {
  if (loss === "squared" || loss === "huber") return margins;
  if (loss === "softmax") return margins.map((m, i) => (i < 3 ? i : m > 1 ? 2 : m > -1 ? 1 : 0));
  return margins.map((m, i) => (i < 2 ? i : m > 0 ? 1 : 0));
}
