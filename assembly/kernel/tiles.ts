// Which tiles of a matrix of bytes hold anything but zeros: 2 rows × 8 columns, what the five-class kernels of matvec take at a time. They skip the
// others, and their sums stay the same to the last bit. Images and counts are mostly zeros, in patches.

@unmanaged
export abstract class tiles {
  /** Words of 32 tiles per pair of rows. */
  @inline
  static words(columns: i32): usize {
    return <usize>((columns + 255) >> 8);
  }

  /**
   * Bytes of the map of one strip of 64 rows. First by columns: per 8 columns a u32, whose bit r says that the pair r of rows holds something there; then
   * by rows: per pair ⌈columns/256⌉ u32, whose bits are the tiles from left to right.
   */
  @inline
  static stripBytes(columns: i32): usize {
    return ((<usize>columns >> 3) << 2) + (tiles.words(columns) << 7);
  }

  /** Where the part by rows starts within a strip. */
  @inline
  static byRows(columns: i32): usize {
    return (<usize>columns >> 3) << 2;
  }

  static bytes(rows: i32, columns: i32): usize {
    return <usize>((rows + 63) >> 6) * tiles.stripBytes(columns);
  }

  /** Writes the map of x: rows × stride bytes; columns: multiple of 16. Returns the number of tiles that are not all zeros. */
  static mark(x: usize, stride: usize, rows: i32, columns: i32, map: usize): f64 {
    const words = tiles.words(columns);
    let count: i64 = 0;
    while (rows > 0) {
      const strip = min(rows, 64);
      memory.fill(map, 0, tiles.stripBytes(columns));
      let byRows = map + tiles.byRows(columns);
      for (let row = 0; row < strip; row += 2) {
        const next: usize = row + 1 < strip ? stride : 0;
        const bit: u32 = (<u32>1) << (row >> 1);
        for (let j: usize = 0; j < <usize>columns; j += 16) {
          const bothI8x16 = v128.or(v128.load(x + j), v128.load(x + j + next));
          const low = i64x2.extract_lane(bothI8x16, 0) != 0;
          const high = i64x2.extract_lane(bothI8x16, 1) != 0;
          const at = map + (j >> 1);
          store<u32>(at, load<u32>(at) | (low ? bit : 0));
          store<u32>(at, load<u32>(at, 4) | (high ? bit : 0), 4);
          const word = byRows + ((j >> 8) << 2);
          const found = <u32>low | ((<u32>high) << 1);
          store<u32>(word, load<u32>(word) | (found << (<u32>(j >> 3) & 31)));
          count += <i64>low + <i64>high;
        }
        byRows += words << 2;
        x += stride << 1;
      }
      rows -= strip;
      map += tiles.stripBytes(columns);
    }
    return <f64>count;
  }
}
