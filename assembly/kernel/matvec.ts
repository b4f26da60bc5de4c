// Exact integer products of a matrix of bytes with int16 vectors, in both directions: A = X·Pᵀ and S += TᵀX.
// Shapes: X rows × columns int8 or uint8 (row stride in bytes, zero-padded to a multiple of 16 columns), P and T hold one vector per class.
// Every sum is exact in int32 as long as the caller keeps the bounds that stand at each function; docs/numerics.md §10.
import { lanes } from "../core/lanes";
import { tiles } from "./tiles";

/** Rows walked per column strip: their cache lines and accumulators stay in the first-level cache whatever the stride. */
const STRIP: i32 = 64;

@unmanaged
export abstract class matvec {
  /** Eight bytes as int16 lanes. */
  @inline
  static load8<T>(x: usize): v128 {
    if (isSigned<T>()) return v128.load8x8_s(x);
    else return v128.load8x8_u(x);
  }

  @inline
  static extendLow<T>(xI8x16: v128): v128 {
    if (isSigned<T>()) return i16x8.extend_low_i8x16_s(xI8x16);
    else return i16x8.extend_low_i8x16_u(xI8x16);
  }

  @inline
  static extendHigh<T>(xI8x16: v128): v128 {
    if (isSigned<T>()) return i16x8.extend_high_i8x16_s(xI8x16);
    else return i16x8.extend_high_i8x16_u(xI8x16);
  }

  /** acc + the dot of eight bytes at x with eight int16. */
  @inline
  static add8<T>(accI32x4: v128, x: usize, pI16x8: v128): v128 {
    return i32x4.add(accI32x4, i32x4.dot_i16x8_s(matvec.load8<T>(x), pI16x8));
  }

  /** One class: four rows at a time share every load of p. a: one i32 per row, `aBytes` apart. */
  static multiply1<T>(x: usize, stride: usize, rows: i32, columns: i32, p: usize, a: usize, aBytes: usize): void {
    const pEnd = p + ((<usize>columns) << 1);
    for (; rows >= 4; rows -= 4) {
      const x1 = stride;
      const x2 = stride * 2;
      const x3 = stride * 3;
      let aI32x4 = i32x4.splat(0);
      let bI32x4 = aI32x4;
      let cI32x4 = aI32x4;
      let dI32x4 = aI32x4;
      let at = x;
      for (let q = p; q < pEnd; q += 32) {
        const p0I16x8 = v128.load(q);
        aI32x4 = matvec.add8<T>(aI32x4, at, p0I16x8);
        bI32x4 = matvec.add8<T>(bI32x4, at + x1, p0I16x8);
        cI32x4 = matvec.add8<T>(cI32x4, at + x2, p0I16x8);
        dI32x4 = matvec.add8<T>(dI32x4, at + x3, p0I16x8);
        const p1I16x8 = v128.load(q, 16);
        aI32x4 = matvec.add8<T>(aI32x4, at + 8, p1I16x8);
        bI32x4 = matvec.add8<T>(bI32x4, at + x1 + 8, p1I16x8);
        cI32x4 = matvec.add8<T>(cI32x4, at + x2 + 8, p1I16x8);
        dI32x4 = matvec.add8<T>(dI32x4, at + x3 + 8, p1I16x8);
        at += 16;
      }
      const sumsI32x4 = lanes.sum4I32(aI32x4, bI32x4, cI32x4, dI32x4);
      v128.store32_lane(a, sumsI32x4, 0);
      v128.store32_lane(a + aBytes, sumsI32x4, 1);
      v128.store32_lane(a + 2 * aBytes, sumsI32x4, 2);
      v128.store32_lane(a + 3 * aBytes, sumsI32x4, 3);
      x += stride << 2;
      a += aBytes << 2;
    }
    for (; rows > 0; rows--) {
      let aI32x4 = i32x4.splat(0);
      let at = x;
      for (let q = p; q < pEnd; q += 32) {
        aI32x4 = matvec.add8<T>(aI32x4, at, v128.load(q));
        aI32x4 = matvec.add8<T>(aI32x4, at + 8, v128.load(q, 16));
        at += 16;
      }
      store<i32>(a, lanes.sumI32(aI32x4));
      x += stride;
      a += aBytes;
    }
  }

  /** Five classes: two rows at a time share every load of p, five classes every widened x. a: five adjacent i32 per row, `aBytes` apart. */
  static multiply5<T>(x: usize, stride: usize, rows: i32, columns: i32, p: usize, a: usize, aBytes: usize): void {
    const pBytes = (<usize>columns) << 1;
    const p1 = pBytes;
    const p2 = pBytes * 2;
    const p3 = pBytes * 3;
    const p4 = pBytes * 4;
    const pEnd = p + pBytes;
    while (rows > 0) {
      // the last odd row is walked twice; its second result is written where the first one is
      const isPair = rows > 1;
      const next: usize = isPair ? stride : 0;
      let a0I32x4 = i32x4.splat(0);
      let a1I32x4 = a0I32x4;
      let a2I32x4 = a0I32x4;
      let a3I32x4 = a0I32x4;
      let a4I32x4 = a0I32x4;
      let b0I32x4 = a0I32x4;
      let b1I32x4 = a0I32x4;
      let b2I32x4 = a0I32x4;
      let b3I32x4 = a0I32x4;
      let b4I32x4 = a0I32x4;
      let at = x;
      for (let q = p; q < pEnd; q += 16) {
        const xI16x8 = matvec.load8<T>(at);
        const yI16x8 = matvec.load8<T>(at + next);
        const q0I16x8 = v128.load(q);
        a0I32x4 = i32x4.add(a0I32x4, i32x4.dot_i16x8_s(xI16x8, q0I16x8));
        b0I32x4 = i32x4.add(b0I32x4, i32x4.dot_i16x8_s(yI16x8, q0I16x8));
        const q1I16x8 = v128.load(q + p1);
        a1I32x4 = i32x4.add(a1I32x4, i32x4.dot_i16x8_s(xI16x8, q1I16x8));
        b1I32x4 = i32x4.add(b1I32x4, i32x4.dot_i16x8_s(yI16x8, q1I16x8));
        const q2I16x8 = v128.load(q + p2);
        a2I32x4 = i32x4.add(a2I32x4, i32x4.dot_i16x8_s(xI16x8, q2I16x8));
        b2I32x4 = i32x4.add(b2I32x4, i32x4.dot_i16x8_s(yI16x8, q2I16x8));
        const q3I16x8 = v128.load(q + p3);
        a3I32x4 = i32x4.add(a3I32x4, i32x4.dot_i16x8_s(xI16x8, q3I16x8));
        b3I32x4 = i32x4.add(b3I32x4, i32x4.dot_i16x8_s(yI16x8, q3I16x8));
        const q4I16x8 = v128.load(q + p4);
        a4I32x4 = i32x4.add(a4I32x4, i32x4.dot_i16x8_s(xI16x8, q4I16x8));
        b4I32x4 = i32x4.add(b4I32x4, i32x4.dot_i16x8_s(yI16x8, q4I16x8));
        at += 8;
      }
      v128.store(a, lanes.sum4I32(a0I32x4, a1I32x4, a2I32x4, a3I32x4));
      store<i32>(a, lanes.sumI32(a4I32x4), 16);
      if (isPair) {
        v128.store(a + aBytes, lanes.sum4I32(b0I32x4, b1I32x4, b2I32x4, b3I32x4));
        store<i32>(a + aBytes, lanes.sumI32(b4I32x4), 16);
      }
      rows -= 2;
      x += stride << 1;
      a += aBytes << 1;
    }
  }

  /** multiply5 over the tiles that are not all zeros; map: by rows, of these rows. */
  static multiply5Tiles<T>(
    x: usize,
    stride: usize,
    rows: i32,
    columns: i32,
    p: usize,
    a: usize,
    aBytes: usize,
    map: usize,
  ): void {
    const pBytes = (<usize>columns) << 1;
    const p1 = pBytes;
    const p2 = pBytes * 2;
    const p3 = pBytes * 3;
    const p4 = pBytes * 4;
    const pEnd = p + pBytes;
    while (rows > 0) {
      // as in multiply5
      const isPair = rows > 1;
      const next: usize = isPair ? stride : 0;
      let a0I32x4 = i32x4.splat(0);
      let a1I32x4 = a0I32x4;
      let a2I32x4 = a0I32x4;
      let a3I32x4 = a0I32x4;
      let a4I32x4 = a0I32x4;
      let b0I32x4 = a0I32x4;
      let b1I32x4 = a0I32x4;
      let b2I32x4 = a0I32x4;
      let b3I32x4 = a0I32x4;
      let b4I32x4 = a0I32x4;
      let from = x;
      for (let start = p; start < pEnd; start += 512) {
        let left = load<u32>(map);
        map += 4;
        while (left != 0) {
          const j = (<usize>ctz(left)) << 3;
          left &= left - 1;
          const at = from + j;
          const q = start + (j << 1);
          const xI16x8 = matvec.load8<T>(at);
          const yI16x8 = matvec.load8<T>(at + next);
          const q0I16x8 = v128.load(q);
          a0I32x4 = i32x4.add(a0I32x4, i32x4.dot_i16x8_s(xI16x8, q0I16x8));
          b0I32x4 = i32x4.add(b0I32x4, i32x4.dot_i16x8_s(yI16x8, q0I16x8));
          const q1I16x8 = v128.load(q + p1);
          a1I32x4 = i32x4.add(a1I32x4, i32x4.dot_i16x8_s(xI16x8, q1I16x8));
          b1I32x4 = i32x4.add(b1I32x4, i32x4.dot_i16x8_s(yI16x8, q1I16x8));
          const q2I16x8 = v128.load(q + p2);
          a2I32x4 = i32x4.add(a2I32x4, i32x4.dot_i16x8_s(xI16x8, q2I16x8));
          b2I32x4 = i32x4.add(b2I32x4, i32x4.dot_i16x8_s(yI16x8, q2I16x8));
          const q3I16x8 = v128.load(q + p3);
          a3I32x4 = i32x4.add(a3I32x4, i32x4.dot_i16x8_s(xI16x8, q3I16x8));
          b3I32x4 = i32x4.add(b3I32x4, i32x4.dot_i16x8_s(yI16x8, q3I16x8));
          const q4I16x8 = v128.load(q + p4);
          a4I32x4 = i32x4.add(a4I32x4, i32x4.dot_i16x8_s(xI16x8, q4I16x8));
          b4I32x4 = i32x4.add(b4I32x4, i32x4.dot_i16x8_s(yI16x8, q4I16x8));
        }
        from += 256;
      }
      v128.store(a, lanes.sum4I32(a0I32x4, a1I32x4, a2I32x4, a3I32x4));
      store<i32>(a, lanes.sumI32(a4I32x4), 16);
      if (isPair) {
        v128.store(a + aBytes, lanes.sum4I32(b0I32x4, b1I32x4, b2I32x4, b3I32x4));
        store<i32>(a + aBytes, lanes.sumI32(b4I32x4), 16);
      }
      rows -= 2;
      x += stride << 1;
      a += aBytes << 1;
    }
  }

  /**
   * A = X·Pᵀ. P: classes × columns int16, A: rows × classes i32; columns: multiple of 16.
   * Exact while max|x|·‖p‖₁ < 2³¹ for every class: `vector.toInt16` chooses its unit so. map: as `tiles` writes it, or 0.
   */
  static multiply<T>(
    x: usize,
    stride: usize,
    rows: i32,
    columns: i32,
    p: usize,
    classes: i32,
    a: usize,
    map: usize,
  ): void {
    const aBytes = (<usize>classes) << 2;
    const pBytes = (<usize>columns) << 1;
    let k = 0;
    if (map) {
      const groups = classes / 5;
      for (let row = 0; row < rows; row += STRIP) {
        const strip = min(rows - row, STRIP);
        const from = x + <usize>row * stride;
        const to = a + <usize>row * aBytes;
        for (k = 0; k < 5 * groups; k += 5) {
          const codes = p + <usize>k * pBytes;
          const out = to + ((<usize>k) << 2);
          matvec.multiply5Tiles<T>(from, stride, strip, columns, codes, out, aBytes, map + tiles.byRows(columns));
        }
        map += tiles.stripBytes(columns);
      }
    }
    for (; k + 5 <= classes; k += 5) {
      matvec.multiply5<T>(x, stride, rows, columns, p + <usize>k * pBytes, a + ((<usize>k) << 2), aBytes);
    }
    for (; k < classes; k++) {
      matvec.multiply1<T>(x, stride, rows, columns, p + <usize>k * pBytes, a + ((<usize>k) << 2), aBytes);
    }
  }

  /** One class of a strip: 16 columns at a time. t: one int32 (two int16) per pair of rows, `tBytes` apart; s: columns i32. */
  static transposed1<T>(x: usize, stride: usize, rows: i32, columns: i32, t: usize, tBytes: usize, s: usize): void {
    const sEnd = s + ((<usize>columns) << 2);
    const pairs = (rows + 1) >> 1;
    const tLast = t + <usize>(pairs - 1) * tBytes;
    const isOdd = (rows & 1) != 0;
    while (s < sEnd) {
      let aI32x4 = v128.load(s);
      let bI32x4 = v128.load(s, 16);
      let cI32x4 = v128.load(s, 32);
      let dI32x4 = v128.load(s, 48);
      let row = x;
      for (let r = t; r <= tLast; r += tBytes) {
        const xI8x16 = v128.load(row);
        // the partner of the last odd row is itself, times 0
        const yI8x16 = v128.load(row + (isOdd && r == tLast ? 0 : stride));
        const tI16x8 = v128.load32_splat(r);
        const lowI8x16 = lanes.zipLowI8(xI8x16, yI8x16);
        const highI8x16 = lanes.zipHighI8(xI8x16, yI8x16);
        aI32x4 = i32x4.add(aI32x4, i32x4.dot_i16x8_s(matvec.extendLow<T>(lowI8x16), tI16x8));
        bI32x4 = i32x4.add(bI32x4, i32x4.dot_i16x8_s(matvec.extendHigh<T>(lowI8x16), tI16x8));
        cI32x4 = i32x4.add(cI32x4, i32x4.dot_i16x8_s(matvec.extendLow<T>(highI8x16), tI16x8));
        dI32x4 = i32x4.add(dI32x4, i32x4.dot_i16x8_s(matvec.extendHigh<T>(highI8x16), tI16x8));
        row += stride << 1;
      }
      v128.store(s, aI32x4);
      v128.store(s, bI32x4, 16);
      v128.store(s, cI32x4, 32);
      v128.store(s, dI32x4, 48);
      x += 16;
      s += 64;
    }
  }

  /** Five classes of a strip: 8 columns at a time. t: five adjacent int32 per pair of rows, `tBytes` apart; s: class rows `sBytes` apart. */
  static transposed5<T>(
    x: usize,
    stride: usize,
    rows: i32,
    columns: i32,
    t: usize,
    tBytes: usize,
    s: usize,
    sBytes: usize,
  ): void {
    const sEnd = s + ((<usize>columns) << 2);
    const pairs = (rows + 1) >> 1;
    const tLast = t + <usize>(pairs - 1) * tBytes;
    const isOdd = (rows & 1) != 0;
    const s1 = sBytes;
    const s2 = sBytes * 2;
    const s3 = sBytes * 3;
    const s4 = sBytes * 4;
    while (s < sEnd) {
      let a0I32x4 = v128.load(s);
      let b0I32x4 = v128.load(s, 16);
      let a1I32x4 = v128.load(s + s1);
      let b1I32x4 = v128.load(s + s1, 16);
      let a2I32x4 = v128.load(s + s2);
      let b2I32x4 = v128.load(s + s2, 16);
      let a3I32x4 = v128.load(s + s3);
      let b3I32x4 = v128.load(s + s3, 16);
      let a4I32x4 = v128.load(s + s4);
      let b4I32x4 = v128.load(s + s4, 16);
      let row = x;
      for (let r = t; r <= tLast; r += tBytes) {
        const xI16x8 = matvec.load8<T>(row);
        const yI16x8 = matvec.load8<T>(row + (isOdd && r == tLast ? 0 : stride));
        const lowI16x8 = i16x8.shuffle(xI16x8, yI16x8, 0, 8, 1, 9, 2, 10, 3, 11);
        const highI16x8 = i16x8.shuffle(xI16x8, yI16x8, 4, 12, 5, 13, 6, 14, 7, 15);
        const t0I16x8 = v128.load32_splat(r);
        a0I32x4 = i32x4.add(a0I32x4, i32x4.dot_i16x8_s(lowI16x8, t0I16x8));
        b0I32x4 = i32x4.add(b0I32x4, i32x4.dot_i16x8_s(highI16x8, t0I16x8));
        const t1I16x8 = v128.load32_splat(r, 4);
        a1I32x4 = i32x4.add(a1I32x4, i32x4.dot_i16x8_s(lowI16x8, t1I16x8));
        b1I32x4 = i32x4.add(b1I32x4, i32x4.dot_i16x8_s(highI16x8, t1I16x8));
        const t2I16x8 = v128.load32_splat(r, 8);
        a2I32x4 = i32x4.add(a2I32x4, i32x4.dot_i16x8_s(lowI16x8, t2I16x8));
        b2I32x4 = i32x4.add(b2I32x4, i32x4.dot_i16x8_s(highI16x8, t2I16x8));
        const t3I16x8 = v128.load32_splat(r, 12);
        a3I32x4 = i32x4.add(a3I32x4, i32x4.dot_i16x8_s(lowI16x8, t3I16x8));
        b3I32x4 = i32x4.add(b3I32x4, i32x4.dot_i16x8_s(highI16x8, t3I16x8));
        const t4I16x8 = v128.load32_splat(r, 16);
        a4I32x4 = i32x4.add(a4I32x4, i32x4.dot_i16x8_s(lowI16x8, t4I16x8));
        b4I32x4 = i32x4.add(b4I32x4, i32x4.dot_i16x8_s(highI16x8, t4I16x8));
        row += stride << 1;
      }
      v128.store(s, a0I32x4);
      v128.store(s, b0I32x4, 16);
      v128.store(s + s1, a1I32x4);
      v128.store(s + s1, b1I32x4, 16);
      v128.store(s + s2, a2I32x4);
      v128.store(s + s2, b2I32x4, 16);
      v128.store(s + s3, a3I32x4);
      v128.store(s + s3, b3I32x4, 16);
      v128.store(s + s4, a4I32x4);
      v128.store(s + s4, b4I32x4, 16);
      x += 8;
      s += 32;
    }
  }

  /** transposed5 over the tiles that are not all zeros; map: by columns, of this strip of at most 64 rows. */
  static transposed5Tiles<T>(
    x: usize,
    stride: usize,
    rows: i32,
    columns: i32,
    t: usize,
    tBytes: usize,
    s: usize,
    sBytes: usize,
    map: usize,
  ): void {
    const sEnd = s + ((<usize>columns) << 2);
    const pairBytes = stride << 1;
    const odd: usize = rows & 1 ? <usize>(rows >> 1) : -1;
    const s1 = sBytes;
    const s2 = sBytes * 2;
    const s3 = sBytes * 3;
    const s4 = sBytes * 4;
    for (; s < sEnd; s += 32, x += 8, map += 4) {
      let left = load<u32>(map);
      if (left == 0) continue;
      let a0I32x4 = v128.load(s);
      let b0I32x4 = v128.load(s, 16);
      let a1I32x4 = v128.load(s + s1);
      let b1I32x4 = v128.load(s + s1, 16);
      let a2I32x4 = v128.load(s + s2);
      let b2I32x4 = v128.load(s + s2, 16);
      let a3I32x4 = v128.load(s + s3);
      let b3I32x4 = v128.load(s + s3, 16);
      let a4I32x4 = v128.load(s + s4);
      let b4I32x4 = v128.load(s + s4, 16);
      while (left != 0) {
        const pair = <usize>ctz(left);
        left &= left - 1;
        const row = x + pair * pairBytes;
        const r = t + pair * tBytes;
        const xI16x8 = matvec.load8<T>(row);
        // the partner of the last odd row is itself, times 0
        const yI16x8 = matvec.load8<T>(row + (pair == odd ? 0 : stride));
        const lowI16x8 = i16x8.shuffle(xI16x8, yI16x8, 0, 8, 1, 9, 2, 10, 3, 11);
        const highI16x8 = i16x8.shuffle(xI16x8, yI16x8, 4, 12, 5, 13, 6, 14, 7, 15);
        const t0I16x8 = v128.load32_splat(r);
        a0I32x4 = i32x4.add(a0I32x4, i32x4.dot_i16x8_s(lowI16x8, t0I16x8));
        b0I32x4 = i32x4.add(b0I32x4, i32x4.dot_i16x8_s(highI16x8, t0I16x8));
        const t1I16x8 = v128.load32_splat(r, 4);
        a1I32x4 = i32x4.add(a1I32x4, i32x4.dot_i16x8_s(lowI16x8, t1I16x8));
        b1I32x4 = i32x4.add(b1I32x4, i32x4.dot_i16x8_s(highI16x8, t1I16x8));
        const t2I16x8 = v128.load32_splat(r, 8);
        a2I32x4 = i32x4.add(a2I32x4, i32x4.dot_i16x8_s(lowI16x8, t2I16x8));
        b2I32x4 = i32x4.add(b2I32x4, i32x4.dot_i16x8_s(highI16x8, t2I16x8));
        const t3I16x8 = v128.load32_splat(r, 12);
        a3I32x4 = i32x4.add(a3I32x4, i32x4.dot_i16x8_s(lowI16x8, t3I16x8));
        b3I32x4 = i32x4.add(b3I32x4, i32x4.dot_i16x8_s(highI16x8, t3I16x8));
        const t4I16x8 = v128.load32_splat(r, 16);
        a4I32x4 = i32x4.add(a4I32x4, i32x4.dot_i16x8_s(lowI16x8, t4I16x8));
        b4I32x4 = i32x4.add(b4I32x4, i32x4.dot_i16x8_s(highI16x8, t4I16x8));
      }
      v128.store(s, a0I32x4);
      v128.store(s, b0I32x4, 16);
      v128.store(s + s1, a1I32x4);
      v128.store(s + s1, b1I32x4, 16);
      v128.store(s + s2, a2I32x4);
      v128.store(s + s2, b2I32x4, 16);
      v128.store(s + s3, a3I32x4);
      v128.store(s + s3, b3I32x4, 16);
      v128.store(s + s4, a4I32x4);
      v128.store(s + s4, b4I32x4, 16);
    }
  }

  /**
   * S += TᵀX. T: one int32 per pair of rows and class, the int16 of the even row below that of the odd one (ceil(rows/2) × classes, the
   * partner of a last odd row 0); S: classes × columns i32; columns: multiple of 16.
   * Exact while max|x|·Σ|t| < 2³¹ per class: for all int16 t that is 256 rows of uint8 and 511 of int8. map: as `tiles` writes it, or 0.
   */
  static transposed<T>(
    x: usize,
    stride: usize,
    rows: i32,
    columns: i32,
    t: usize,
    classes: i32,
    s: usize,
    map: usize,
  ): void {
    const tBytes = (<usize>classes) << 2;
    const sBytes = (<usize>columns) << 2;
    while (rows > 0) {
      const strip = min(rows, STRIP);
      let k = 0;
      for (; k + 5 <= classes; k += 5) {
        const from = t + ((<usize>k) << 2);
        const to = s + <usize>k * sBytes;
        if (map) matvec.transposed5Tiles<T>(x, stride, strip, columns, from, tBytes, to, sBytes, map);
        else matvec.transposed5<T>(x, stride, strip, columns, from, tBytes, to, sBytes);
      }
      for (; k < classes; k++) {
        matvec.transposed1<T>(x, stride, strip, columns, t + ((<usize>k) << 2), tBytes, s + <usize>k * sBytes);
      }
      rows -= strip;
      x += <usize>strip * stride;
      t += <usize>(strip >> 1) * tBytes;
      if (map) map += tiles.stripBytes(columns);
    }
  }
}
