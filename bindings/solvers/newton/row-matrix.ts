// Rows of either arithmetic, where a solver has to touch them itself: samples.
import type { ByteMatrix } from "../../data/dataset.js";
import { unpackRows } from "../../data/packed.js";
import { gatherRows } from "../../data/raw-rows.js";
import { gatherSparse } from "../../data/sparse-rows.js";
import type { SparseBytes } from "../../data/sparse-source.js";
import type { Core, Scope } from "../../engine/core.js";
import type { Work } from "../../engine/work.js";
import type { RowMatrix } from "./products.js";

/** Whether rows are codes of a few bits. */
export function isPackedMatrix(matrix: RowMatrix): boolean {
  return "packed" in matrix && matrix.packed !== undefined;
}

/** Some rows side by side, in `scope`; packed codes as the bytes they stand for. index: numbers of the rows, u32. */
export function* gatherMatrix(
  core: Core,
  scope: Scope,
  matrix: RowMatrix,
  index: number,
  rows: number,
): Work<RowMatrix> {
  if ("csr" in matrix) {
    const csr = yield* gatherSparse(core, scope, matrix.csr, index, rows);
    return { ...matrix, csr: csr as SparseBytes["csr"], rows };
  }
  return yield* gatherBytes(core, scope, matrix, index, rows);
}

function* gatherBytes(
  core: Core,
  scope: Scope,
  { packed, ...plain }: ByteMatrix,
  index: number,
  rows: number,
): Work<ByteMatrix> {
  const { pointer: from, strideBytes } = plain;
  const pointer = yield* gatherRows(core, scope, from, strideBytes, index, rows, "a sample of rows");
  if (packed === undefined) return { ...plain, pointer, low: 0, rows };
  const wide = yield* scope.allocWork(rows * packed.padded, "a sample of rows");
  yield* unpackRows(core, { codes: pointer, strideBytes, ...packed }, rows, wide);
  scope.free(pointer);
  return { ...plain, pointer: wide, low: 0, strideBytes: packed.padded, rows };
}
