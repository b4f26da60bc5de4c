// @ts-nocheck AssemblyScript: bench/twin/compile.ts compiles it with asc, tsc does not judge it
// Float32 products of a matrix with vectors in both directions, A = X·Pᵀ and S += TᵀX: what assembly/kernel/matvec.ts is for bytes, with the register
// tiles that are best for floats (4 rows × 8 columns, 2 rows × 5 classes, 5 classes × 8 columns) and one rounding per product where the CPU fuses.
// Shapes: X rows × columns f32 (row stride in bytes), columns a multiple of 4; P classes × columns f32, A and T rows × classes f32, S classes × columns f32.
// Rounding: every sum of n products is within n·2⁻²⁴·Σ|products| (to first order), whatever its order.
// Tiles of zeros may be left out: the order of the others is kept, and what is left out would have added 0.
import { tiles } from "../../assembly/kernel/tiles";

@unmanaged
export abstract class reals {
  /** sum + a·b: fused in the relaxed module, for floats have no bits to keep. */
  @inline
  static add(sumF32x4: v128, aF32x4: v128, bF32x4: v128): v128 {
    if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(aF32x4, bF32x4, sumF32x4);
    else return f32x4.add(sumF32x4, f32x4.mul(aF32x4, bF32x4));
  }

  /** Four f32x4 → one vector of their four sums (transpose and add). */
  @inline
  static sum4(aF32x4: v128, bF32x4: v128, cF32x4: v128, dF32x4: v128): v128 {
    const abF32x4 = f32x4.add(i32x4.shuffle(aF32x4, bF32x4, 0, 4, 1, 5), i32x4.shuffle(aF32x4, bF32x4, 2, 6, 3, 7));
    const cdF32x4 = f32x4.add(i32x4.shuffle(cF32x4, dF32x4, 0, 4, 1, 5), i32x4.shuffle(cF32x4, dF32x4, 2, 6, 3, 7));
    return f32x4.add(i32x4.shuffle(abF32x4, cdF32x4, 0, 1, 4, 5), i32x4.shuffle(abF32x4, cdF32x4, 2, 3, 6, 7));
  }

  @inline
  static sum(aF32x4: v128): f32 {
    const bF32x4 = f32x4.add(aF32x4, i32x4.shuffle(aF32x4, aF32x4, 2, 3, 0, 1));
    return f32x4.extract_lane(bF32x4, 0) + f32x4.extract_lane(bF32x4, 1);
  }

  /** One class: four rows at a time share every load of p, in two accumulators each. a: one f32 per row, `aBytes` apart. */
  static multiply1(x: usize, stride: usize, rows: i32, columns: i32, p: usize, a: usize, aBytes: usize): void {
    const pEnd = p + ((<usize>columns) << 2);
    const pEven = p + ((<usize>(columns & ~7)) << 2);
    const x1 = stride;
    const x2 = stride * 2;
    const x3 = stride * 3;
    for (; rows >= 4; rows -= 4) {
      let a0F32x4 = f32x4.splat(0);
      let b0F32x4 = a0F32x4;
      let a1F32x4 = a0F32x4;
      let b1F32x4 = a0F32x4;
      let a2F32x4 = a0F32x4;
      let b2F32x4 = a0F32x4;
      let a3F32x4 = a0F32x4;
      let b3F32x4 = a0F32x4;
      let at = x;
      for (let q = p; q < pEven; q += 32) {
        const pF32x4 = v128.load(q);
        const qF32x4 = v128.load(q, 16);
        a0F32x4 = reals.add(a0F32x4, v128.load(at), pF32x4);
        b0F32x4 = reals.add(b0F32x4, v128.load(at, 16), qF32x4);
        a1F32x4 = reals.add(a1F32x4, v128.load(at + x1), pF32x4);
        b1F32x4 = reals.add(b1F32x4, v128.load(at + x1, 16), qF32x4);
        a2F32x4 = reals.add(a2F32x4, v128.load(at + x2), pF32x4);
        b2F32x4 = reals.add(b2F32x4, v128.load(at + x2, 16), qF32x4);
        a3F32x4 = reals.add(a3F32x4, v128.load(at + x3), pF32x4);
        b3F32x4 = reals.add(b3F32x4, v128.load(at + x3, 16), qF32x4);
        at += 32;
      }
      if (pEven < pEnd) {
        const pF32x4 = v128.load(pEven);
        a0F32x4 = reals.add(a0F32x4, v128.load(at), pF32x4);
        a1F32x4 = reals.add(a1F32x4, v128.load(at + x1), pF32x4);
        a2F32x4 = reals.add(a2F32x4, v128.load(at + x2), pF32x4);
        a3F32x4 = reals.add(a3F32x4, v128.load(at + x3), pF32x4);
      }
      const sumsF32x4 = reals.sum4(
        f32x4.add(a0F32x4, b0F32x4),
        f32x4.add(a1F32x4, b1F32x4),
        f32x4.add(a2F32x4, b2F32x4),
        f32x4.add(a3F32x4, b3F32x4),
      );
      v128.store32_lane(a, sumsF32x4, 0);
      v128.store32_lane(a + aBytes, sumsF32x4, 1);
      v128.store32_lane(a + 2 * aBytes, sumsF32x4, 2);
      v128.store32_lane(a + 3 * aBytes, sumsF32x4, 3);
      x += stride << 2;
      a += aBytes << 2;
    }
    for (; rows > 0; rows--) {
      let aF32x4 = f32x4.splat(0);
      let at = x;
      for (let q = p; q < pEnd; q += 16) {
        aF32x4 = reals.add(aF32x4, v128.load(at), v128.load(q));
        at += 16;
      }
      store<f32>(a, reals.sum(aF32x4));
      x += stride;
      a += aBytes;
    }
  }

  /** Five classes: two rows at a time share every load of p, five classes every load of x. a: five adjacent f32 per row, `aBytes` apart. */
  static multiply5(x: usize, stride: usize, rows: i32, columns: i32, p: usize, a: usize, aBytes: usize): void {
    const pBytes = (<usize>columns) << 2;
    const p1 = pBytes;
    const p2 = pBytes * 2;
    const p3 = pBytes * 3;
    const p4 = pBytes * 4;
    const pEnd = p + pBytes;
    while (rows > 0) {
      // the last odd row is walked twice; its second result is not written
      const isPair = rows > 1;
      const next: usize = isPair ? stride : 0;
      let a0F32x4 = f32x4.splat(0);
      let a1F32x4 = a0F32x4;
      let a2F32x4 = a0F32x4;
      let a3F32x4 = a0F32x4;
      let a4F32x4 = a0F32x4;
      let b0F32x4 = a0F32x4;
      let b1F32x4 = a0F32x4;
      let b2F32x4 = a0F32x4;
      let b3F32x4 = a0F32x4;
      let b4F32x4 = a0F32x4;
      let at = x;
      for (let q = p; q < pEnd; q += 16) {
        const xF32x4 = v128.load(at);
        const yF32x4 = v128.load(at + next);
        const q0F32x4 = v128.load(q);
        a0F32x4 = reals.add(a0F32x4, xF32x4, q0F32x4);
        b0F32x4 = reals.add(b0F32x4, yF32x4, q0F32x4);
        const q1F32x4 = v128.load(q + p1);
        a1F32x4 = reals.add(a1F32x4, xF32x4, q1F32x4);
        b1F32x4 = reals.add(b1F32x4, yF32x4, q1F32x4);
        const q2F32x4 = v128.load(q + p2);
        a2F32x4 = reals.add(a2F32x4, xF32x4, q2F32x4);
        b2F32x4 = reals.add(b2F32x4, yF32x4, q2F32x4);
        const q3F32x4 = v128.load(q + p3);
        a3F32x4 = reals.add(a3F32x4, xF32x4, q3F32x4);
        b3F32x4 = reals.add(b3F32x4, yF32x4, q3F32x4);
        const q4F32x4 = v128.load(q + p4);
        a4F32x4 = reals.add(a4F32x4, xF32x4, q4F32x4);
        b4F32x4 = reals.add(b4F32x4, yF32x4, q4F32x4);
        at += 16;
      }
      v128.store(a, reals.sum4(a0F32x4, a1F32x4, a2F32x4, a3F32x4));
      store<f32>(a, reals.sum(a4F32x4), 16);
      if (isPair) {
        v128.store(a + aBytes, reals.sum4(b0F32x4, b1F32x4, b2F32x4, b3F32x4));
        store<f32>(a + aBytes, reals.sum(b4F32x4), 16);
      }
      rows -= 2;
      x += stride << 1;
      a += aBytes << 1;
    }
  }

  /** multiply5 over the tiles that are not all zeros; map: by rows, of these rows. */
  static multiply5Tiles(
    x: usize,
    stride: usize,
    rows: i32,
    columns: i32,
    p: usize,
    a: usize,
    aBytes: usize,
    map: usize,
  ): void {
    const pBytes = (<usize>columns) << 2;
    const p1 = pBytes;
    const p2 = pBytes * 2;
    const p3 = pBytes * 3;
    const p4 = pBytes * 4;
    const pEnd = p + pBytes;
    const pEven = p + ((<usize>(columns & ~7)) << 2);
    const rowWords = tiles.words(columns) << 2;
    while (rows > 0) {
      // as in multiply5
      const isPair = rows > 1;
      const next: usize = isPair ? stride : 0;
      let a0F32x4 = f32x4.splat(0);
      let a1F32x4 = a0F32x4;
      let a2F32x4 = a0F32x4;
      let a3F32x4 = a0F32x4;
      let a4F32x4 = a0F32x4;
      let b0F32x4 = a0F32x4;
      let b1F32x4 = a0F32x4;
      let b2F32x4 = a0F32x4;
      let b3F32x4 = a0F32x4;
      let b4F32x4 = a0F32x4;
      let from = x;
      let word = map;
      for (let start = p; start < pEven; start += 1024) {
        let left = load<u32>(word);
        word += 4;
        while (left !== 0) {
          const j = (<usize>ctz(left)) << 5;
          left &= left - 1;
          const at = from + j;
          const q = start + j;
          const xF32x4 = v128.load(at);
          const yF32x4 = v128.load(at + next);
          const q0F32x4 = v128.load(q);
          a0F32x4 = reals.add(a0F32x4, xF32x4, q0F32x4);
          b0F32x4 = reals.add(b0F32x4, yF32x4, q0F32x4);
          const q1F32x4 = v128.load(q + p1);
          a1F32x4 = reals.add(a1F32x4, xF32x4, q1F32x4);
          b1F32x4 = reals.add(b1F32x4, yF32x4, q1F32x4);
          const q2F32x4 = v128.load(q + p2);
          a2F32x4 = reals.add(a2F32x4, xF32x4, q2F32x4);
          b2F32x4 = reals.add(b2F32x4, yF32x4, q2F32x4);
          const q3F32x4 = v128.load(q + p3);
          a3F32x4 = reals.add(a3F32x4, xF32x4, q3F32x4);
          b3F32x4 = reals.add(b3F32x4, yF32x4, q3F32x4);
          const q4F32x4 = v128.load(q + p4);
          a4F32x4 = reals.add(a4F32x4, xF32x4, q4F32x4);
          b4F32x4 = reals.add(b4F32x4, yF32x4, q4F32x4);
          const xHighF32x4 = v128.load(at, 16);
          const yHighF32x4 = v128.load(at + next, 16);
          const q0HighF32x4 = v128.load(q, 16);
          a0F32x4 = reals.add(a0F32x4, xHighF32x4, q0HighF32x4);
          b0F32x4 = reals.add(b0F32x4, yHighF32x4, q0HighF32x4);
          const q1HighF32x4 = v128.load(q + p1, 16);
          a1F32x4 = reals.add(a1F32x4, xHighF32x4, q1HighF32x4);
          b1F32x4 = reals.add(b1F32x4, yHighF32x4, q1HighF32x4);
          const q2HighF32x4 = v128.load(q + p2, 16);
          a2F32x4 = reals.add(a2F32x4, xHighF32x4, q2HighF32x4);
          b2F32x4 = reals.add(b2F32x4, yHighF32x4, q2HighF32x4);
          const q3HighF32x4 = v128.load(q + p3, 16);
          a3F32x4 = reals.add(a3F32x4, xHighF32x4, q3HighF32x4);
          b3F32x4 = reals.add(b3F32x4, yHighF32x4, q3HighF32x4);
          const q4HighF32x4 = v128.load(q + p4, 16);
          a4F32x4 = reals.add(a4F32x4, xHighF32x4, q4HighF32x4);
          b4F32x4 = reals.add(b4F32x4, yHighF32x4, q4HighF32x4);
        }
        from += 1024;
      }
      if (pEven < pEnd) {
        const at = x + (pEven - p);
        const q = pEven;
        const xF32x4 = v128.load(at);
        const yF32x4 = v128.load(at + next);
        const q0F32x4 = v128.load(q);
        a0F32x4 = reals.add(a0F32x4, xF32x4, q0F32x4);
        b0F32x4 = reals.add(b0F32x4, yF32x4, q0F32x4);
        const q1F32x4 = v128.load(q + p1);
        a1F32x4 = reals.add(a1F32x4, xF32x4, q1F32x4);
        b1F32x4 = reals.add(b1F32x4, yF32x4, q1F32x4);
        const q2F32x4 = v128.load(q + p2);
        a2F32x4 = reals.add(a2F32x4, xF32x4, q2F32x4);
        b2F32x4 = reals.add(b2F32x4, yF32x4, q2F32x4);
        const q3F32x4 = v128.load(q + p3);
        a3F32x4 = reals.add(a3F32x4, xF32x4, q3F32x4);
        b3F32x4 = reals.add(b3F32x4, yF32x4, q3F32x4);
        const q4F32x4 = v128.load(q + p4);
        a4F32x4 = reals.add(a4F32x4, xF32x4, q4F32x4);
        b4F32x4 = reals.add(b4F32x4, yF32x4, q4F32x4);
      }
      v128.store(a, reals.sum4(a0F32x4, a1F32x4, a2F32x4, a3F32x4));
      store<f32>(a, reals.sum(a4F32x4), 16);
      if (isPair) {
        v128.store(a + aBytes, reals.sum4(b0F32x4, b1F32x4, b2F32x4, b3F32x4));
        store<f32>(a + aBytes, reals.sum(b4F32x4), 16);
      }
      rows -= 2;
      x += stride << 1;
      a += aBytes << 1;
      map += rowWords;
    }
  }

  /** A = X·Pᵀ. map: as `realTiles` writes it, or 0; then at most 64 rows. */
  static multiply(
    x: usize,
    stride: usize,
    rows: i32,
    columns: i32,
    p: usize,
    classes: i32,
    a: usize,
    map: usize,
  ): void {
    const bytes = (<usize>classes) << 2;
    const pBytes = (<usize>columns) << 2;
    let k = 0;
    for (; k + 5 <= classes; k += 5) {
      const from = p + <usize>k * pBytes;
      const to = a + ((<usize>k) << 2);
      if (map) reals.multiply5Tiles(x, stride, rows, columns, from, to, bytes, map + tiles.byRows(columns));
      else reals.multiply5(x, stride, rows, columns, from, to, bytes);
    }
    for (; k < classes; k++) {
      reals.multiply1(x, stride, rows, columns, p + <usize>k * pBytes, a + ((<usize>k) << 2), bytes);
    }
  }

  /** One class: 32 columns at a time, eight accumulators, then 4. t: one f32 per row, `tBytes` apart; s: columns f32. */
  static transposed1(x: usize, stride: usize, rows: i32, columns: i32, t: usize, tBytes: usize, s: usize): void {
    const sEnd = s + ((<usize>columns) << 2);
    const sWide = s + ((<usize>(columns & ~31)) << 2);
    const tEnd = t + <usize>rows * tBytes;
    while (s < sWide) {
      let aF32x4 = v128.load(s);
      let bF32x4 = v128.load(s, 16);
      let cF32x4 = v128.load(s, 32);
      let dF32x4 = v128.load(s, 48);
      let eF32x4 = v128.load(s, 64);
      let fF32x4 = v128.load(s, 80);
      let gF32x4 = v128.load(s, 96);
      let hF32x4 = v128.load(s, 112);
      let row = x;
      for (let r = t; r < tEnd; r += tBytes) {
        const tF32x4 = v128.load32_splat(r);
        aF32x4 = reals.add(aF32x4, v128.load(row), tF32x4);
        bF32x4 = reals.add(bF32x4, v128.load(row, 16), tF32x4);
        cF32x4 = reals.add(cF32x4, v128.load(row, 32), tF32x4);
        dF32x4 = reals.add(dF32x4, v128.load(row, 48), tF32x4);
        eF32x4 = reals.add(eF32x4, v128.load(row, 64), tF32x4);
        fF32x4 = reals.add(fF32x4, v128.load(row, 80), tF32x4);
        gF32x4 = reals.add(gF32x4, v128.load(row, 96), tF32x4);
        hF32x4 = reals.add(hF32x4, v128.load(row, 112), tF32x4);
        row += stride;
      }
      v128.store(s, aF32x4);
      v128.store(s, bF32x4, 16);
      v128.store(s, cF32x4, 32);
      v128.store(s, dF32x4, 48);
      v128.store(s, eF32x4, 64);
      v128.store(s, fF32x4, 80);
      v128.store(s, gF32x4, 96);
      v128.store(s, hF32x4, 112);
      x += 128;
      s += 128;
    }
    while (s < sEnd) {
      let aF32x4 = v128.load(s);
      let row = x;
      for (let r = t; r < tEnd; r += tBytes) {
        aF32x4 = reals.add(aF32x4, v128.load(row), v128.load32_splat(r));
        row += stride;
      }
      v128.store(s, aF32x4);
      x += 16;
      s += 16;
    }
  }

  /** Five classes: 8 columns at a time, then 4. t: five adjacent f32 per row, `tBytes` apart; s: class rows `sBytes` apart. */
  static transposed5(
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
    const sWide = s + ((<usize>(columns & ~7)) << 2);
    const tEnd = t + <usize>rows * tBytes;
    const s1 = sBytes;
    const s2 = sBytes * 2;
    const s3 = sBytes * 3;
    const s4 = sBytes * 4;
    while (s < sWide) {
      let a0F32x4 = v128.load(s);
      let b0F32x4 = v128.load(s, 16);
      let a1F32x4 = v128.load(s + s1);
      let b1F32x4 = v128.load(s + s1, 16);
      let a2F32x4 = v128.load(s + s2);
      let b2F32x4 = v128.load(s + s2, 16);
      let a3F32x4 = v128.load(s + s3);
      let b3F32x4 = v128.load(s + s3, 16);
      let a4F32x4 = v128.load(s + s4);
      let b4F32x4 = v128.load(s + s4, 16);
      let row = x;
      for (let r = t; r < tEnd; r += tBytes) {
        const xF32x4 = v128.load(row);
        const yF32x4 = v128.load(row, 16);
        const t0F32x4 = v128.load32_splat(r);
        a0F32x4 = reals.add(a0F32x4, xF32x4, t0F32x4);
        b0F32x4 = reals.add(b0F32x4, yF32x4, t0F32x4);
        const t1F32x4 = v128.load32_splat(r, 4);
        a1F32x4 = reals.add(a1F32x4, xF32x4, t1F32x4);
        b1F32x4 = reals.add(b1F32x4, yF32x4, t1F32x4);
        const t2F32x4 = v128.load32_splat(r, 8);
        a2F32x4 = reals.add(a2F32x4, xF32x4, t2F32x4);
        b2F32x4 = reals.add(b2F32x4, yF32x4, t2F32x4);
        const t3F32x4 = v128.load32_splat(r, 12);
        a3F32x4 = reals.add(a3F32x4, xF32x4, t3F32x4);
        b3F32x4 = reals.add(b3F32x4, yF32x4, t3F32x4);
        const t4F32x4 = v128.load32_splat(r, 16);
        a4F32x4 = reals.add(a4F32x4, xF32x4, t4F32x4);
        b4F32x4 = reals.add(b4F32x4, yF32x4, t4F32x4);
        row += stride;
      }
      v128.store(s, a0F32x4);
      v128.store(s, b0F32x4, 16);
      v128.store(s + s1, a1F32x4);
      v128.store(s + s1, b1F32x4, 16);
      v128.store(s + s2, a2F32x4);
      v128.store(s + s2, b2F32x4, 16);
      v128.store(s + s3, a3F32x4);
      v128.store(s + s3, b3F32x4, 16);
      v128.store(s + s4, a4F32x4);
      v128.store(s + s4, b4F32x4, 16);
      x += 32;
      s += 32;
    }
    if (s < sEnd) {
      let a0F32x4 = v128.load(s);
      let a1F32x4 = v128.load(s + s1);
      let a2F32x4 = v128.load(s + s2);
      let a3F32x4 = v128.load(s + s3);
      let a4F32x4 = v128.load(s + s4);
      for (let r = t; r < tEnd; r += tBytes) {
        const xF32x4 = v128.load(x);
        a0F32x4 = reals.add(a0F32x4, xF32x4, v128.load32_splat(r));
        a1F32x4 = reals.add(a1F32x4, xF32x4, v128.load32_splat(r, 4));
        a2F32x4 = reals.add(a2F32x4, xF32x4, v128.load32_splat(r, 8));
        a3F32x4 = reals.add(a3F32x4, xF32x4, v128.load32_splat(r, 12));
        a4F32x4 = reals.add(a4F32x4, xF32x4, v128.load32_splat(r, 16));
        x += stride;
      }
      v128.store(s, a0F32x4);
      v128.store(s + s1, a1F32x4);
      v128.store(s + s2, a2F32x4);
      v128.store(s + s3, a3F32x4);
      v128.store(s + s4, a4F32x4);
    }
  }

  /** transposed5 over the tiles that are not all zeros; map: by columns, of this strip of at most 64 rows. */
  static transposed5Tiles(
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
    const sWide = s + ((<usize>(columns & ~7)) << 2);
    const odd: usize = rows & 1 ? <usize>(rows >> 1) : -1;
    const s1 = sBytes;
    const s2 = sBytes * 2;
    const s3 = sBytes * 3;
    const s4 = sBytes * 4;
    for (; s < sWide; s += 32, x += 32, map += 4) {
      let left = load<u32>(map);
      if (left === 0) continue;
      let a0F32x4 = v128.load(s);
      let b0F32x4 = v128.load(s, 16);
      let a1F32x4 = v128.load(s + s1);
      let b1F32x4 = v128.load(s + s1, 16);
      let a2F32x4 = v128.load(s + s2);
      let b2F32x4 = v128.load(s + s2, 16);
      let a3F32x4 = v128.load(s + s3);
      let b3F32x4 = v128.load(s + s3, 16);
      let a4F32x4 = v128.load(s + s4);
      let b4F32x4 = v128.load(s + s4, 16);
      while (left !== 0) {
        const pair = <usize>ctz(left);
        left &= left - 1;
        const row = x + (pair << 1) * stride;
        const r = t + (pair << 1) * tBytes;
        const xLowF32x4 = v128.load(row);
        const xHighF32x4 = v128.load(row, 16);
        const t0F32x4 = v128.load32_splat(r);
        a0F32x4 = reals.add(a0F32x4, xLowF32x4, t0F32x4);
        b0F32x4 = reals.add(b0F32x4, xHighF32x4, t0F32x4);
        const t1F32x4 = v128.load32_splat(r, 4);
        a1F32x4 = reals.add(a1F32x4, xLowF32x4, t1F32x4);
        b1F32x4 = reals.add(b1F32x4, xHighF32x4, t1F32x4);
        const t2F32x4 = v128.load32_splat(r, 8);
        a2F32x4 = reals.add(a2F32x4, xLowF32x4, t2F32x4);
        b2F32x4 = reals.add(b2F32x4, xHighF32x4, t2F32x4);
        const t3F32x4 = v128.load32_splat(r, 12);
        a3F32x4 = reals.add(a3F32x4, xLowF32x4, t3F32x4);
        b3F32x4 = reals.add(b3F32x4, xHighF32x4, t3F32x4);
        const t4F32x4 = v128.load32_splat(r, 16);
        a4F32x4 = reals.add(a4F32x4, xLowF32x4, t4F32x4);
        b4F32x4 = reals.add(b4F32x4, xHighF32x4, t4F32x4);
        // the last odd row has no partner
        if (pair === odd) break;
        const partner = row + stride;
        const u = r + tBytes;
        const yLowF32x4 = v128.load(partner);
        const yHighF32x4 = v128.load(partner, 16);
        const u0F32x4 = v128.load32_splat(u);
        a0F32x4 = reals.add(a0F32x4, yLowF32x4, u0F32x4);
        b0F32x4 = reals.add(b0F32x4, yHighF32x4, u0F32x4);
        const u1F32x4 = v128.load32_splat(u, 4);
        a1F32x4 = reals.add(a1F32x4, yLowF32x4, u1F32x4);
        b1F32x4 = reals.add(b1F32x4, yHighF32x4, u1F32x4);
        const u2F32x4 = v128.load32_splat(u, 8);
        a2F32x4 = reals.add(a2F32x4, yLowF32x4, u2F32x4);
        b2F32x4 = reals.add(b2F32x4, yHighF32x4, u2F32x4);
        const u3F32x4 = v128.load32_splat(u, 12);
        a3F32x4 = reals.add(a3F32x4, yLowF32x4, u3F32x4);
        b3F32x4 = reals.add(b3F32x4, yHighF32x4, u3F32x4);
        const u4F32x4 = v128.load32_splat(u, 16);
        a4F32x4 = reals.add(a4F32x4, yLowF32x4, u4F32x4);
        b4F32x4 = reals.add(b4F32x4, yHighF32x4, u4F32x4);
      }
      v128.store(s, a0F32x4);
      v128.store(s, b0F32x4, 16);
      v128.store(s + s1, a1F32x4);
      v128.store(s + s1, b1F32x4, 16);
      v128.store(s + s2, a2F32x4);
      v128.store(s + s2, b2F32x4, 16);
      v128.store(s + s3, a3F32x4);
      v128.store(s + s3, b3F32x4, 16);
      v128.store(s + s4, a4F32x4);
      v128.store(s + s4, b4F32x4, 16);
    }
    if (columns & 4) reals.transposed5(x, stride, rows, 4, t, tBytes, s, sBytes);
  }

  /** S += TᵀX for a block of rows that the caller keeps in cache. map: as `realTiles` writes it, or 0; then at most 64 rows. */
  static transposed(
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
    let k = 0;
    for (; k + 5 <= classes; k += 5) {
      const from = t + ((<usize>k) << 2);
      const to = s + <usize>k * sBytes;
      if (map) reals.transposed5Tiles(x, stride, rows, columns, from, tBytes, to, sBytes, map);
      else reals.transposed5(x, stride, rows, columns, from, tBytes, to, sBytes);
    }
    for (; k < classes; k++) {
      reals.transposed1(x, stride, rows, columns, t + ((<usize>k) << 2), tBytes, s + <usize>k * sBytes);
    }
  }
}
