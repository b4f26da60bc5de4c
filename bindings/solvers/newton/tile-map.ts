// The map of a matrix's tiles that are not all zeros, where skipping the others pays: assembly/kernel/tiles.ts.
import type { ByteMatrix } from "../../data/dataset.js";
import type { Core, Scope } from "../../engine/core.js";
import type { Kernel } from "../../engine/kernels.js";
import { eachPart, INTEGER_PRICE, type Work } from "../../engine/work.js";

/** Part of the tiles that may hold something. */
const MOST_TILES = 0.8;
/** Rows and columns of a tile. */
const TILE = 16;
/** Rows that a map has apart from others. */
const STRIP = 64;

/** Pointer to a new map of `matrix`, or 0; mark: writes it. */
export function* tileMap(
  core: Core,
  scope: Scope,
  { pointer, strideBytes, rows, columns }: ByteMatrix,
  mark: Kernel = core.kernels.markTiles,
): Work<number> {
  const map = yield* scope.allocWork(core.kernels.tileBytes(rows, columns), "a map of zeros");
  let count = 0;
  yield* eachPart(core, rows, columns * INTEGER_PRICE, STRIP, (first, some) => {
    const at = map + core.kernels.tileBytes(first, columns);
    count += mark(pointer + first * strideBytes, strideBytes, some, columns, at);
  });
  if (TILE * count <= MOST_TILES * rows * columns) return map;
  scope.free(map);
  return 0;
}
