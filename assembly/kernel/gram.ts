// The preconditioner of conjugate gradients: a weighted Gram matrix of bytes, its Cholesky factor, and solves with it.

import { lanes } from "../core/lanes";
import { matvec } from "./matvec";
import { tiles } from "./tiles";
import { vector } from "./vector";

/** Rows per block: |x·(d·x)| ≤ 255·32385 for uint8 and 128·32640 for int8, times 256 rows stays below 2³¹. */
const ROWS: i32 = 256;
/** Columns whose sums are kept together: five is the widest kernel of matvec. */
const GROUP: i32 = 5;

@unmanaged
export abstract class gram {
  /** Bytes of scratch `accumulate` needs. */
  static scratchBytes(columns: i32): usize {
    return (((<usize>ROWS >> 1) * <usize>columns) << 2) + ((<usize>GROUP * <usize>columns) << 2);
  }

  /** Largest weight code: weight·x must fit int16. */
  @inline
  static weightLimit<T>(): i32 {
    return isSigned<T>() ? 255 : 127;
  }

  /** codes = nearest(weight/top·limit), 0 … limit; weight: rows f32 ≥ 0, codes: rows i16. */
  static weightCodes<T>(weight: usize, top: f32, rows: i32, codes: usize): void {
    const factor = <f64>gram.weightLimit<T>() / <f64>top;
    for (let i: usize = 0; i < <usize>rows; i++) {
      store<i16>(codes + (i << 1), <i16>(<i32>nearest<f64>(<f64>load<f32>(weight + (i << 2)) * factor)));
    }
  }

  /** Products d·x of two rows, interleaved: columns pairs of int16. */
  @inline
  static weigh<T>(x: usize, y: usize, dI16x8: v128, eI16x8: v128, out: usize): void {
    const xI16x8 = i16x8.mul(matvec.load8<T>(x), dI16x8);
    const yI16x8 = i16x8.mul(matvec.load8<T>(y), eI16x8);
    v128.store(out, i16x8.shuffle(xI16x8, yI16x8, 0, 8, 1, 9, 2, 10, 3, 11));
    v128.store(out, i16x8.shuffle(xI16x8, yI16x8, 4, 12, 5, 13, 6, 14, 7, 15), 16);
  }

  /**
   * Upper part (k ≥ j) of G += unit·Σ dᵢ·xᵢxᵢᵀ, with the weight codes d: rows i16 ≥ 0. G: columns × columns f64, row-major; below the diagonal
   * it holds partial sums. x: rows × stride bytes; columns: multiple of 16; map: as `tiles` writes it, or 0.
   * first, end: rows of G to be made, multiples of 5 but for the last, or end 0 for all. From first > 0 on, at most 256 rows, whose products d·x the call with first 0 has left in `scratch`.
   */
  static accumulate<T>(
    x: usize,
    stride: usize,
    rows: i32,
    columns: i32,
    d: usize,
    unit: f64,
    scratch: usize,
    g: usize,
    map: usize,
    first: i32,
    end: i32,
  ): void {
    const last = end ? end : columns;
    const rowBytes = (<usize>columns) << 3;
    const sums = scratch + (((<usize>ROWS >> 1) * <usize>columns) << 2);
    while (rows > 0) {
      const block = min(rows, ROWS);
      let out = scratch;
      for (let i = first ? block : 0; i < block; i += 2) {
        const isPair = i + 1 < block;
        const at = x + <usize>i * stride;
        const partner = isPair ? at + stride : at;
        const dI16x8 = i16x8.splat(load<i16>(d + ((<usize>i) << 1)));
        const eI16x8 = i16x8.splat(isPair ? load<i16>(d + ((<usize>i) << 1), 2) : 0);
        for (let j: usize = 0; j < <usize>columns; j += 8) {
          gram.weigh<T>(at + j, partner + j, dI16x8, eI16x8, out);
          out += 32;
        }
      }
      for (let j = first; j < last; j += GROUP) {
        const group = min(GROUP, columns - j);
        const start = j & ~15;
        const width = columns - start;
        memory.fill(sums, 0, (<usize>(group * width)) << 2);
        const t = scratch + ((<usize>j) << 2);
        gram.strip<T>(x + <usize>start, stride, block, width, t, columns, group, sums, map ? map + (start >> 1) : 0);
        for (let k = 0; k < group; k++) {
          const row = g + <usize>(j + k) * rowBytes + ((<usize>start) << 3);
          vector.addInt32(row, unit, sums + ((<usize>(k * width)) << 2), width);
        }
      }
      rows -= block;
      x += <usize>block * stride;
      d += (<usize>block) << 1;
      if (map) map += (<usize>ROWS >> 6) * tiles.stripBytes(columns);
    }
  }

  /** s += Σ dᵢ·xᵢ with the weight codes d; s: columns i32, zeroed by the caller; at most 256 rows. */
  static weightedSums<T>(x: usize, stride: usize, rows: i32, columns: i32, d: usize, s: usize): void {
    // one class: pairs of rows lie as the codes do, and the partner of a last odd row must be 0
    matvec.transposed<T>(x, stride, rows, columns, d, 1, s, 0);
  }

  /** Sums of `group` columns j with columns ≥ first of a block; t: pairs of rows, `pitch` int32 apart; map: from column `first` on, or 0. */
  static strip<T>(
    x: usize,
    stride: usize,
    rows: i32,
    width: i32,
    t: usize,
    pitch: i32,
    group: i32,
    sums: usize,
    map: usize,
  ): void {
    const tBytes = (<usize>pitch) << 2;
    const sBytes = (<usize>width) << 2;
    while (rows > 0) {
      const strip = min(rows, 64);
      if (group == GROUP) {
        if (map) matvec.transposed5Tiles<T>(x, stride, strip, width, t, tBytes, sums, sBytes, map);
        else matvec.transposed5<T>(x, stride, strip, width, t, tBytes, sums, sBytes);
      } else {
        for (let k: usize = 0; k < <usize>group; k++) {
          matvec.transposed1<T>(x, stride, strip, width, t + (k << 2), tBytes, sums + k * sBytes);
        }
      }
      rows -= strip;
      x += <usize>strip * stride;
      t += <usize>(strip >> 1) * tBytes;
      if (map) map += tiles.stripBytes(pitch);
    }
  }

  /** q[j] += Σ dᵢ·x², s[j] += Σ dᵢ·x for real weights d: rows f32, `dBytes` apart, or 0 for all ones; q, s: columns f64. Returns Σ dᵢ. */
  static moments<T>(
    x: usize,
    stride: usize,
    rows: i32,
    columns: i32,
    d: usize,
    dBytes: usize,
    q: usize,
    s: usize,
  ): f64 {
    let total: f64 = 0;
    for (let i = 0; i < rows; i++) {
      const weight: f64 = d ? <f64>load<f32>(d) : 1;
      total += weight;
      for (let j: usize = 0; j < <usize>columns; j++) {
        const value = <f64>load<T>(x + j * sizeof<T>());
        const at = j << 3;
        store<f64>(q + at, load<f64>(q + at) + weight * (value * value));
        store<f64>(s + at, load<f64>(s + at) + weight * value);
      }
      x += stride;
      if (d) d += dBytes;
    }
    return total;
  }
}

@unmanaged
export abstract class cholesky {
  /** Columns j … end of row `row` −= Σ over four rows above of factor·row; rows and `row` start at column j. */
  @inline
  static subtract4(row: usize, a: usize, rowBytes: usize, f0: f64, f1: f64, f2: f64, f3: f64, count: i32): void {
    const end = row + ((<usize>(count & ~1)) << 3);
    const f0F64x2 = f64x2.splat(f0);
    const f1F64x2 = f64x2.splat(f1);
    const f2F64x2 = f64x2.splat(f2);
    const f3F64x2 = f64x2.splat(f3);
    const r1 = rowBytes;
    const r2 = rowBytes * 2;
    const r3 = rowBytes * 3;
    while (row < end) {
      let vF64x2 = v128.load(row);
      vF64x2 = f64x2.sub(vF64x2, f64x2.mul(f0F64x2, v128.load(a)));
      vF64x2 = f64x2.sub(vF64x2, f64x2.mul(f1F64x2, v128.load(a + r1)));
      vF64x2 = f64x2.sub(vF64x2, f64x2.mul(f2F64x2, v128.load(a + r2)));
      vF64x2 = f64x2.sub(vF64x2, f64x2.mul(f3F64x2, v128.load(a + r3)));
      v128.store(row, vF64x2);
      row += 16;
      a += 16;
    }
    if (count & 1) {
      let value = load<f64>(row);
      value -= f0 * load<f64>(a);
      value -= f1 * load<f64>(a + r1);
      value -= f2 * load<f64>(a + r2);
      value -= f3 * load<f64>(a + r3);
      store<f64>(row, value);
    }
  }

  /**
   * G = RᵀR in place: the upper part of G (n × n f64, row-major, symmetric) becomes R; the lower part is not read. first, end: rows to be made, those before `first`
   * being made already, or end 0 for all. Returns the first row whose pivot is not positive, or `end` (n) when all is well (a half-made factor must not be used).
   */
  static factor(g: usize, n: i32, first: i32, end: i32): i32 {
    const last = end ? end : n;
    const rowBytes = (<usize>n) << 3;
    for (let j = first; j < last; j++) {
      const jj = (<usize>j) << 3;
      const row = g + <usize>j * rowBytes + jj;
      const count = n - j;
      let i = 0;
      for (; i + 4 <= j; i += 4) {
        const above = g + <usize>i * rowBytes + jj;
        const f0 = load<f64>(above);
        const f1 = load<f64>(above + rowBytes);
        const f2 = load<f64>(above + 2 * rowBytes);
        const f3 = load<f64>(above + 3 * rowBytes);
        cholesky.subtract4(row, above, rowBytes, f0, f1, f2, f3, count);
      }
      for (; i < j; i++) {
        const above = g + <usize>i * rowBytes + jj;
        vector.addScaled(row, -load<f64>(above), above, count);
      }
      const pivot = load<f64>(row);
      if (!(pivot > 0)) return j;
      const inverse = 1 / sqrt(pivot);
      for (let k: usize = 0; k < <usize>count; k++) store<f64>(row + (k << 3), load<f64>(row + (k << 3)) * inverse);
    }
    return last;
  }

  /** out (4 f64) −= the dot products of four rows, `rowBytes` apart, with b. */
  @inline
  static dot4(a: usize, rowBytes: usize, b: usize, count: i32, out: usize): void {
    const end = b + ((<usize>(count & ~3)) << 3);
    const r1 = rowBytes;
    const r2 = rowBytes * 2;
    const r3 = rowBytes * 3;
    let s0F64x2 = f64x2.splat(0);
    let s1F64x2 = s0F64x2;
    let s2F64x2 = s0F64x2;
    let s3F64x2 = s0F64x2;
    let t0F64x2 = s0F64x2;
    let t1F64x2 = s0F64x2;
    let t2F64x2 = s0F64x2;
    let t3F64x2 = s0F64x2;
    while (b < end) {
      const bF64x2 = v128.load(b);
      s0F64x2 = f64x2.add(s0F64x2, f64x2.mul(v128.load(a), bF64x2));
      s1F64x2 = f64x2.add(s1F64x2, f64x2.mul(v128.load(a + r1), bF64x2));
      s2F64x2 = f64x2.add(s2F64x2, f64x2.mul(v128.load(a + r2), bF64x2));
      s3F64x2 = f64x2.add(s3F64x2, f64x2.mul(v128.load(a + r3), bF64x2));
      const cF64x2 = v128.load(b, 16);
      t0F64x2 = f64x2.add(t0F64x2, f64x2.mul(v128.load(a, 16), cF64x2));
      t1F64x2 = f64x2.add(t1F64x2, f64x2.mul(v128.load(a + r1, 16), cF64x2));
      t2F64x2 = f64x2.add(t2F64x2, f64x2.mul(v128.load(a + r2, 16), cF64x2));
      t3F64x2 = f64x2.add(t3F64x2, f64x2.mul(v128.load(a + r3, 16), cF64x2));
      a += 32;
      b += 32;
    }
    let s0 = lanes.sumF64(f64x2.add(s0F64x2, t0F64x2));
    let s1 = lanes.sumF64(f64x2.add(s1F64x2, t1F64x2));
    let s2 = lanes.sumF64(f64x2.add(s2F64x2, t2F64x2));
    let s3 = lanes.sumF64(f64x2.add(s3F64x2, t3F64x2));
    for (let j: usize = 0; j < (<usize>(count & 3)) << 3; j += 8) {
      const value = load<f64>(b + j);
      s0 += load<f64>(a + j) * value;
      s1 += load<f64>(a + j + r1) * value;
      s2 += load<f64>(a + j + r2) * value;
      s3 += load<f64>(a + j + r3) * value;
    }
    store<f64>(out, load<f64>(out) - s0);
    store<f64>(out, load<f64>(out, 8) - s1, 8);
    store<f64>(out, load<f64>(out, 16) - s2, 16);
    store<f64>(out, load<f64>(out, 24) - s3, 24);
  }

  /**
   * Solves RᵀR·y = b in place for `classes` right-hand sides; b: classes × pitch f64 (the first n columns are used). Four rows at a time, forward and back: 2·⌈n/4⌉
   * steps. first, end: those to be made, in order, or end 0 for all.
   */
  static solve(r: usize, n: i32, b: usize, pitch: i32, classes: i32, first: i32, end: i32): void {
    const fours = (n + 3) >> 2;
    const last = end ? end : 2 * fours;
    const rowBytes = (<usize>n) << 3;
    const bBytes = (<usize>pitch) << 3;
    for (let i = 4 * first; i < 4 * min(last, fours); i += 4) {
      const size = min(n - i, 4);
      const ii = (<usize>i) << 3;
      const corner = r + <usize>i * rowBytes + ii;
      for (let k: usize = 0; k < <usize>classes; k++) {
        const at = b + k * bBytes + ii;
        for (let q: usize = 0; q < <usize>size; q++) {
          const column = corner + (q << 3);
          let value = load<f64>(at + (q << 3));
          for (let p: usize = 0; p < q; p++) value -= load<f64>(column + p * rowBytes) * load<f64>(at + (p << 3));
          store<f64>(at + (q << 3), value / load<f64>(column + q * rowBytes));
        }
        if (size == 4) {
          const y0 = load<f64>(at);
          const y1 = load<f64>(at, 8);
          const y2 = load<f64>(at, 16);
          const y3 = load<f64>(at, 24);
          cholesky.subtract4(at + 32, corner + 32, rowBytes, y0, y1, y2, y3, n - i - 4);
        }
      }
    }
    for (let i = 4 * (2 * fours - 1 - max(first, fours)); i >= 4 * (2 * fours - last); i -= 4) {
      const size = min(n - i, 4);
      const ii = (<usize>i) << 3;
      const corner = r + <usize>i * rowBytes + ii;
      for (let k: usize = 0; k < <usize>classes; k++) {
        const at = b + k * bBytes + ii;
        if (size == 4) cholesky.dot4(corner + 32, rowBytes, at + 32, n - i - 4, at);
        for (let q = <usize>size; q > 0; q--) {
          const row = corner + (q - 1) * rowBytes;
          let value = load<f64>(at + ((q - 1) << 3));
          for (let p = q; p < <usize>size; p++) value -= load<f64>(row + (p << 3)) * load<f64>(at + (p << 3));
          store<f64>(at + ((q - 1) << 3), value / load<f64>(row + ((q - 1) << 3)));
        }
      }
    }
  }
}
