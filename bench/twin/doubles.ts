// @ts-nocheck AssemblyScript: bench/twin/compile.ts compiles it with asc, tsc does not judge it
// Exact passes of the twin over float32 rows for five classes or more: assembly/kernel/exact.ts with wider tiles and, in the relaxed module, fused
// multiply-adds in float64, which the engine must not use (same bits everywhere). One class goes through the engine's own passes: they wait for memory.
// Shapes: X rows × columns f32 (row stride in bytes), columns a multiple of 4; W classes × columns f64, M and C rows × classes f64, G classes × columns f64.
import { tiles } from "../../assembly/kernel/tiles";

@unmanaged
export abstract class doubles {
  @inline
  static add(sumF64x2: v128, aF64x2: v128, bF64x2: v128): v128 {
    if (ASC_FEATURE_RELAXED_SIMD) return f64x2.relaxed_madd(aF64x2, bF64x2, sumF64x2);
    else return f64x2.add(sumF64x2, f64x2.mul(aF64x2, bF64x2));
  }

  /** Two floats as f64x2. */
  @inline
  static two(x: usize): v128 {
    return f64x2.promote_low_f32x4(v128.load64_zero(x));
  }

  @inline
  static sum(aF64x2: v128): f64 {
    return f64x2.extract_lane(aF64x2, 0) + f64x2.extract_lane(aF64x2, 1);
  }

  /** Margins of two rows (`next` bytes apart, 0 for a last odd row) and five classes; m: five adjacent f64 per row, the second row's `mBytes` on. */
  static margins5(x: usize, next: usize, columns: i32, w: usize, m: usize, mBytes: usize): void {
    const wBytes = (<usize>columns) << 3;
    const w1 = wBytes;
    const w2 = wBytes * 2;
    const w3 = wBytes * 3;
    const w4 = wBytes * 4;
    const end = w + wBytes;
    let a0F64x2 = f64x2.splat(0);
    let a1F64x2 = a0F64x2;
    let a2F64x2 = a0F64x2;
    let a3F64x2 = a0F64x2;
    let a4F64x2 = a0F64x2;
    let b0F64x2 = a0F64x2;
    let b1F64x2 = a0F64x2;
    let b2F64x2 = a0F64x2;
    let b3F64x2 = a0F64x2;
    let b4F64x2 = a0F64x2;
    while (w < end) {
      const xF64x2 = doubles.two(x);
      const yF64x2 = doubles.two(x + next);
      const v0F64x2 = v128.load(w);
      a0F64x2 = doubles.add(a0F64x2, xF64x2, v0F64x2);
      b0F64x2 = doubles.add(b0F64x2, yF64x2, v0F64x2);
      const v1F64x2 = v128.load(w + w1);
      a1F64x2 = doubles.add(a1F64x2, xF64x2, v1F64x2);
      b1F64x2 = doubles.add(b1F64x2, yF64x2, v1F64x2);
      const v2F64x2 = v128.load(w + w2);
      a2F64x2 = doubles.add(a2F64x2, xF64x2, v2F64x2);
      b2F64x2 = doubles.add(b2F64x2, yF64x2, v2F64x2);
      const v3F64x2 = v128.load(w + w3);
      a3F64x2 = doubles.add(a3F64x2, xF64x2, v3F64x2);
      b3F64x2 = doubles.add(b3F64x2, yF64x2, v3F64x2);
      const v4F64x2 = v128.load(w + w4);
      a4F64x2 = doubles.add(a4F64x2, xF64x2, v4F64x2);
      b4F64x2 = doubles.add(b4F64x2, yF64x2, v4F64x2);
      x += 8;
      w += 16;
    }
    // a last odd row writes the same numbers twice in the same place
    const n = m + (next ? mBytes : 0);
    store<f64>(n, doubles.sum(b0F64x2));
    store<f64>(n, doubles.sum(b1F64x2), 8);
    store<f64>(n, doubles.sum(b2F64x2), 16);
    store<f64>(n, doubles.sum(b3F64x2), 24);
    store<f64>(n, doubles.sum(b4F64x2), 32);
    store<f64>(m, doubles.sum(a0F64x2));
    store<f64>(m, doubles.sum(a1F64x2), 8);
    store<f64>(m, doubles.sum(a2F64x2), 16);
    store<f64>(m, doubles.sum(a3F64x2), 24);
    store<f64>(m, doubles.sum(a4F64x2), 32);
  }

  /** margins5 over the tiles that are not all zeros; map: by rows, of these two. */
  static margins5Tiles(x: usize, next: usize, columns: i32, w: usize, m: usize, mBytes: usize, map: usize): void {
    const wBytes = (<usize>columns) << 3;
    const w1 = wBytes;
    const w2 = wBytes * 2;
    const w3 = wBytes * 3;
    const w4 = wBytes * 4;
    const end = w + wBytes;
    let a0F64x2 = f64x2.splat(0);
    let a1F64x2 = a0F64x2;
    let a2F64x2 = a0F64x2;
    let a3F64x2 = a0F64x2;
    let a4F64x2 = a0F64x2;
    let b0F64x2 = a0F64x2;
    let b1F64x2 = a0F64x2;
    let b2F64x2 = a0F64x2;
    let b3F64x2 = a0F64x2;
    let b4F64x2 = a0F64x2;
    const wEven = w + ((<usize>(columns & ~7)) << 3);
    let from = x;
    for (let start = w; start < wEven; start += 2048) {
      let left = load<u32>(map);
      map += 4;
      while (left !== 0) {
        const j = (<usize>ctz(left)) << 5;
        left &= left - 1;
        const first = start + (j << 1);
        let at = from + j;
        for (let q = first; q < first + 64; q += 16) {
          const xF64x2 = doubles.two(at);
          const yF64x2 = doubles.two(at + next);
          const v0F64x2 = v128.load(q);
          a0F64x2 = doubles.add(a0F64x2, xF64x2, v0F64x2);
          b0F64x2 = doubles.add(b0F64x2, yF64x2, v0F64x2);
          const v1F64x2 = v128.load(q + w1);
          a1F64x2 = doubles.add(a1F64x2, xF64x2, v1F64x2);
          b1F64x2 = doubles.add(b1F64x2, yF64x2, v1F64x2);
          const v2F64x2 = v128.load(q + w2);
          a2F64x2 = doubles.add(a2F64x2, xF64x2, v2F64x2);
          b2F64x2 = doubles.add(b2F64x2, yF64x2, v2F64x2);
          const v3F64x2 = v128.load(q + w3);
          a3F64x2 = doubles.add(a3F64x2, xF64x2, v3F64x2);
          b3F64x2 = doubles.add(b3F64x2, yF64x2, v3F64x2);
          const v4F64x2 = v128.load(q + w4);
          a4F64x2 = doubles.add(a4F64x2, xF64x2, v4F64x2);
          b4F64x2 = doubles.add(b4F64x2, yF64x2, v4F64x2);
          at += 8;
        }
      }
      from += 1024;
    }
    let rest = x + ((<usize>(columns & ~7)) << 2);
    for (let q = wEven; q < end; q += 16) {
      const xF64x2 = doubles.two(rest);
      const yF64x2 = doubles.two(rest + next);
      const v0F64x2 = v128.load(q);
      a0F64x2 = doubles.add(a0F64x2, xF64x2, v0F64x2);
      b0F64x2 = doubles.add(b0F64x2, yF64x2, v0F64x2);
      const v1F64x2 = v128.load(q + w1);
      a1F64x2 = doubles.add(a1F64x2, xF64x2, v1F64x2);
      b1F64x2 = doubles.add(b1F64x2, yF64x2, v1F64x2);
      const v2F64x2 = v128.load(q + w2);
      a2F64x2 = doubles.add(a2F64x2, xF64x2, v2F64x2);
      b2F64x2 = doubles.add(b2F64x2, yF64x2, v2F64x2);
      const v3F64x2 = v128.load(q + w3);
      a3F64x2 = doubles.add(a3F64x2, xF64x2, v3F64x2);
      b3F64x2 = doubles.add(b3F64x2, yF64x2, v3F64x2);
      const v4F64x2 = v128.load(q + w4);
      a4F64x2 = doubles.add(a4F64x2, xF64x2, v4F64x2);
      b4F64x2 = doubles.add(b4F64x2, yF64x2, v4F64x2);
      rest += 8;
    }
    // a last odd row writes the same numbers twice in the same place
    const n = m + (next ? mBytes : 0);
    store<f64>(n, doubles.sum(b0F64x2));
    store<f64>(n, doubles.sum(b1F64x2), 8);
    store<f64>(n, doubles.sum(b2F64x2), 16);
    store<f64>(n, doubles.sum(b3F64x2), 24);
    store<f64>(n, doubles.sum(b4F64x2), 32);
    store<f64>(m, doubles.sum(a0F64x2));
    store<f64>(m, doubles.sum(a1F64x2), 8);
    store<f64>(m, doubles.sum(a2F64x2), 16);
    store<f64>(m, doubles.sum(a3F64x2), 24);
    store<f64>(m, doubles.sum(a4F64x2), 32);
  }

  /** Margin of one row and one class. */
  static margin(x: usize, columns: i32, w: usize): f64 {
    let aF64x2 = f64x2.splat(0);
    let bF64x2 = aF64x2;
    for (const end = w + ((<usize>columns) << 3); w < end; w += 32) {
      aF64x2 = doubles.add(aF64x2, doubles.two(x), v128.load(w));
      bF64x2 = doubles.add(bF64x2, doubles.two(x + 8), v128.load(w, 16));
      x += 16;
    }
    return doubles.sum(f64x2.add(aF64x2, bF64x2));
  }

  /** M = X·Wᵀ + bias; bias: classes f64. map, here and below: as `realTiles` writes it, or 0. */
  static margins(
    x: usize,
    stride: usize,
    rows: i32,
    columns: i32,
    w: usize,
    bias: usize,
    classes: i32,
    m: usize,
    map: usize,
  ): void {
    const wBytes = (<usize>columns) << 3;
    const mBytes = (<usize>classes) << 3;
    const rowWords = tiles.words(columns) << 2;
    let ofRows = map + tiles.byRows(columns);
    for (let row = 0; row < rows; row += 2) {
      const next: usize = row + 1 < rows ? stride : 0;
      let k = 0;
      for (; k + 5 <= classes; k += 5) {
        const from = w + <usize>k * wBytes;
        const to = m + ((<usize>k) << 3);
        if (map) doubles.margins5Tiles(x, next, columns, from, to, mBytes, ofRows);
        else doubles.margins5(x, next, columns, from, to, mBytes);
      }
      for (; k < classes; k++) {
        const at = m + ((<usize>k) << 3);
        store<f64>(at, doubles.margin(x, columns, w + <usize>k * wBytes));
        if (next) store<f64>(at + mBytes, doubles.margin(x + next, columns, w + <usize>k * wBytes));
      }
      for (let i = row; i < min(row + 2, rows); i++) {
        for (let at: usize = 0; at < mBytes; at += 8) store<f64>(m + at, load<f64>(m + at) + load<f64>(bias + at));
        m += mBytes;
      }
      x += stride << 1;
      ofRows += rowWords;
      // between the rows of two strips of the map lie the columns of the second
      if ((row & 63) === 62) ofRows += tiles.byRows(columns);
    }
  }

  /** G += CᵀX for five classes over a block of rows, four columns at a time; c: five adjacent f64 per row, `cBytes` apart; g: class rows `gBytes` apart. */
  static gradient5(
    x: usize,
    stride: usize,
    rows: i32,
    columns: i32,
    c: usize,
    cBytes: usize,
    g: usize,
    gBytes: usize,
  ): void {
    const end = g + ((<usize>columns) << 3);
    const cEnd = c + <usize>rows * cBytes;
    const g1 = gBytes;
    const g2 = gBytes * 2;
    const g3 = gBytes * 3;
    const g4 = gBytes * 4;
    while (g < end) {
      let a0F64x2 = v128.load(g);
      let a1F64x2 = v128.load(g + g1);
      let a2F64x2 = v128.load(g + g2);
      let a3F64x2 = v128.load(g + g3);
      let a4F64x2 = v128.load(g + g4);
      let b0F64x2 = v128.load(g, 16);
      let b1F64x2 = v128.load(g + g1, 16);
      let b2F64x2 = v128.load(g + g2, 16);
      let b3F64x2 = v128.load(g + g3, 16);
      let b4F64x2 = v128.load(g + g4, 16);
      let row = x;
      for (let r = c; r < cEnd; r += cBytes) {
        const xF64x2 = doubles.two(row);
        const yF64x2 = doubles.two(row + 8);
        const c0F64x2 = v128.load64_splat(r);
        a0F64x2 = doubles.add(a0F64x2, xF64x2, c0F64x2);
        b0F64x2 = doubles.add(b0F64x2, yF64x2, c0F64x2);
        const c1F64x2 = v128.load64_splat(r, 8);
        a1F64x2 = doubles.add(a1F64x2, xF64x2, c1F64x2);
        b1F64x2 = doubles.add(b1F64x2, yF64x2, c1F64x2);
        const c2F64x2 = v128.load64_splat(r, 16);
        a2F64x2 = doubles.add(a2F64x2, xF64x2, c2F64x2);
        b2F64x2 = doubles.add(b2F64x2, yF64x2, c2F64x2);
        const c3F64x2 = v128.load64_splat(r, 24);
        a3F64x2 = doubles.add(a3F64x2, xF64x2, c3F64x2);
        b3F64x2 = doubles.add(b3F64x2, yF64x2, c3F64x2);
        const c4F64x2 = v128.load64_splat(r, 32);
        a4F64x2 = doubles.add(a4F64x2, xF64x2, c4F64x2);
        b4F64x2 = doubles.add(b4F64x2, yF64x2, c4F64x2);
        row += stride;
      }
      v128.store(g, a0F64x2);
      v128.store(g + g1, a1F64x2);
      v128.store(g + g2, a2F64x2);
      v128.store(g + g3, a3F64x2);
      v128.store(g + g4, a4F64x2);
      v128.store(g, b0F64x2, 16);
      v128.store(g + g1, b1F64x2, 16);
      v128.store(g + g2, b2F64x2, 16);
      v128.store(g + g3, b3F64x2, 16);
      v128.store(g + g4, b4F64x2, 16);
      x += 16;
      g += 32;
    }
  }

  /** gradient5 over the tiles that are not all zeros, half a tile at a time; map: by columns, of this strip of at most 64 rows. */
  static gradient5Tiles(
    x: usize,
    stride: usize,
    rows: i32,
    columns: i32,
    c: usize,
    cBytes: usize,
    g: usize,
    gBytes: usize,
    map: usize,
  ): void {
    const wide = columns & ~7;
    const odd: usize = rows & 1 ? <usize>(rows >> 1) : -1;
    const g1 = gBytes;
    const g2 = gBytes * 2;
    const g3 = gBytes * 3;
    const g4 = gBytes * 4;
    for (let j = 0; j < wide; j += 4, x += 16, g += 32) {
      let left = load<u32>(map + ((<usize>j >> 3) << 2));
      if (left === 0) continue;
      let a0F64x2 = v128.load(g);
      let a1F64x2 = v128.load(g + g1);
      let a2F64x2 = v128.load(g + g2);
      let a3F64x2 = v128.load(g + g3);
      let a4F64x2 = v128.load(g + g4);
      let b0F64x2 = v128.load(g, 16);
      let b1F64x2 = v128.load(g + g1, 16);
      let b2F64x2 = v128.load(g + g2, 16);
      let b3F64x2 = v128.load(g + g3, 16);
      let b4F64x2 = v128.load(g + g4, 16);
      while (left !== 0) {
        const pair = <usize>ctz(left);
        left &= left - 1;
        const row = x + (pair << 1) * stride;
        const r = c + (pair << 1) * cBytes;
        const xLowF64x2 = doubles.two(row);
        const xHighF64x2 = doubles.two(row + 8);
        const c0F64x2 = v128.load64_splat(r);
        a0F64x2 = doubles.add(a0F64x2, xLowF64x2, c0F64x2);
        b0F64x2 = doubles.add(b0F64x2, xHighF64x2, c0F64x2);
        const c1F64x2 = v128.load64_splat(r, 8);
        a1F64x2 = doubles.add(a1F64x2, xLowF64x2, c1F64x2);
        b1F64x2 = doubles.add(b1F64x2, xHighF64x2, c1F64x2);
        const c2F64x2 = v128.load64_splat(r, 16);
        a2F64x2 = doubles.add(a2F64x2, xLowF64x2, c2F64x2);
        b2F64x2 = doubles.add(b2F64x2, xHighF64x2, c2F64x2);
        const c3F64x2 = v128.load64_splat(r, 24);
        a3F64x2 = doubles.add(a3F64x2, xLowF64x2, c3F64x2);
        b3F64x2 = doubles.add(b3F64x2, xHighF64x2, c3F64x2);
        const c4F64x2 = v128.load64_splat(r, 32);
        a4F64x2 = doubles.add(a4F64x2, xLowF64x2, c4F64x2);
        b4F64x2 = doubles.add(b4F64x2, xHighF64x2, c4F64x2);
        // the last odd row has no partner
        if (pair === odd) break;
        const partner = row + stride;
        const d = r + cBytes;
        const yLowF64x2 = doubles.two(partner);
        const yHighF64x2 = doubles.two(partner + 8);
        const d0F64x2 = v128.load64_splat(d);
        a0F64x2 = doubles.add(a0F64x2, yLowF64x2, d0F64x2);
        b0F64x2 = doubles.add(b0F64x2, yHighF64x2, d0F64x2);
        const d1F64x2 = v128.load64_splat(d, 8);
        a1F64x2 = doubles.add(a1F64x2, yLowF64x2, d1F64x2);
        b1F64x2 = doubles.add(b1F64x2, yHighF64x2, d1F64x2);
        const d2F64x2 = v128.load64_splat(d, 16);
        a2F64x2 = doubles.add(a2F64x2, yLowF64x2, d2F64x2);
        b2F64x2 = doubles.add(b2F64x2, yHighF64x2, d2F64x2);
        const d3F64x2 = v128.load64_splat(d, 24);
        a3F64x2 = doubles.add(a3F64x2, yLowF64x2, d3F64x2);
        b3F64x2 = doubles.add(b3F64x2, yHighF64x2, d3F64x2);
        const d4F64x2 = v128.load64_splat(d, 32);
        a4F64x2 = doubles.add(a4F64x2, yLowF64x2, d4F64x2);
        b4F64x2 = doubles.add(b4F64x2, yHighF64x2, d4F64x2);
      }
      v128.store(g, a0F64x2);
      v128.store(g + g1, a1F64x2);
      v128.store(g + g2, a2F64x2);
      v128.store(g + g3, a3F64x2);
      v128.store(g + g4, a4F64x2);
      v128.store(g, b0F64x2, 16);
      v128.store(g + g1, b1F64x2, 16);
      v128.store(g + g2, b2F64x2, 16);
      v128.store(g + g3, b3F64x2, 16);
      v128.store(g + g4, b4F64x2, 16);
    }
    if (columns & 4) doubles.gradient5(x, stride, rows, 4, c, cBytes, g, gBytes);
  }

  /** G += CᵀX for one class over a block of rows; c: f64, `cBytes` apart. */
  static gradient1(x: usize, stride: usize, rows: i32, columns: i32, c: usize, cBytes: usize, g: usize): void {
    const cEnd = c + <usize>rows * cBytes;
    for (const end = g + ((<usize>columns) << 3); g < end; g += 32) {
      let aF64x2 = v128.load(g);
      let bF64x2 = v128.load(g, 16);
      let row = x;
      for (let r = c; r < cEnd; r += cBytes) {
        const cF64x2 = v128.load64_splat(r);
        aF64x2 = doubles.add(aF64x2, doubles.two(row), cF64x2);
        bF64x2 = doubles.add(bF64x2, doubles.two(row + 8), cF64x2);
        row += stride;
      }
      v128.store(g, aF64x2);
      v128.store(g, bF64x2, 16);
      x += 16;
    }
  }

  /** G += CᵀX. Blocks of 32 rows (64 with a map, its strips), so that a block stays in cache while the columns are walked. */
  static gradient(
    x: usize,
    stride: usize,
    rows: i32,
    columns: i32,
    c: usize,
    classes: i32,
    g: usize,
    map: usize,
  ): void {
    const gBytes = (<usize>columns) << 3;
    const cBytes = (<usize>classes) << 3;
    while (rows > 0) {
      const block = min(rows, map ? 64 : 32);
      let k = 0;
      for (; k + 5 <= classes; k += 5) {
        const from = c + ((<usize>k) << 3);
        const to = g + <usize>k * gBytes;
        if (map) doubles.gradient5Tiles(x, stride, block, columns, from, cBytes, to, gBytes, map);
        else doubles.gradient5(x, stride, block, columns, from, cBytes, to, gBytes);
      }
      for (; k < classes; k++) {
        doubles.gradient1(x, stride, block, columns, c + ((<usize>k) << 3), cBytes, g + <usize>k * gBytes);
      }
      rows -= block;
      x += <usize>block * stride;
      c += <usize>block * cBytes;
      if (map) map += tiles.stripBytes(columns);
    }
  }
}
