// @ts-nocheck AssemblyScript: bench/twin/compile.ts compiles it with asc, tsc does not judge it
// Which tiles of float32 rows hold anything but zeros: assembly/kernel/tiles.ts for floats, its map and its tiles of 2 rows × 8 columns. Columns are a
// multiple of 4 here: four that are left over have no tile, and the kernels walk them always.
import { tiles } from "../../assembly/kernel/tiles";

@unmanaged
export abstract class realTiles {
  /** Writes the map of x: rows × stride bytes. Returns the number of tiles that are not all zeros (−0 is one). */
  static mark(x: usize, stride: usize, rows: i32, columns: i32, map: usize): f64 {
    const even = <usize>(columns & ~7);
    const rowWords = tiles.words(columns) << 2;
    let count: i64 = 0;
    while (rows > 0) {
      const strip = min(rows, 64);
      memory.fill(map, 0, tiles.stripBytes(columns));
      let byRows = map + tiles.byRows(columns);
      for (let row = 0; row < strip; row += 2) {
        const next: usize = row + 1 < strip ? stride : 0;
        const pair: u32 = row >> 1;
        for (let j: usize = 0; j < even; j += 8) {
          const at = x + (j << 2);
          const firstF32x4 = v128.or(v128.load(at), v128.load(at, 16));
          const secondF32x4 = v128.or(v128.load(at + next), v128.load(at + next, 16));
          // without the signs
          const found = <u32>v128.any_true(i32x4.shl(v128.or(firstF32x4, secondF32x4), 1));
          const byColumns = map + (j >> 1);
          store<u32>(byColumns, load<u32>(byColumns) | (found << pair));
          const word = byRows + ((j >> 8) << 2);
          const tile: u32 = <u32>(j >> 3) & 31;
          store<u32>(word, load<u32>(word) | (found << tile));
          count += <i64>found;
        }
        byRows += rowWords;
        x += stride << 1;
      }
      rows -= strip;
      map += tiles.stripBytes(columns);
    }
    return <f64>count;
  }
}
