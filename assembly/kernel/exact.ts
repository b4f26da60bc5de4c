// Passes over the exact copy: margins X·Wᵀ and gradients CᵀX, data of any storage type, sums in float64 in a fixed order.
// Shapes: X rows × columns (row stride in bytes), W classes × columns f64, M and C rows × classes f64, G classes × columns f64.
// columns: multiple of 4, with W and G padded alike; padded entries of W are zero, padded entries of G are not to be read.
import { lanes } from "../core/lanes";

/** 16-bit codes kept as two int8 planes: value 256·high + low. `low` is the distance in bytes from a high byte to its low byte. */
@unmanaged
export abstract class planes {}

@unmanaged
export abstract class exact {
  /** Bytes per stored element. */
  @inline
  static bytes<T>(): usize {
    if (isReference<T>()) return 1;
    else return sizeof<T>();
  }

  /** Four consecutive elements in their widest 4-lane form: i32x4 for integers, f32x4 for float32; unused for float64. */
  @inline
  static load4<T>(x: usize, low: usize): v128 {
    if (isReference<T>()) {
      const highI16x8 = i16x8.shl(i16x8.extend_low_i8x16_s(v128.load32_zero(x)), 8);
      return i32x4.extend_low_i16x8_s(i16x8.add(highI16x8, i16x8.extend_low_i8x16_s(v128.load32_zero(x + low))));
    } else if (isFloat<T>()) {
      return v128.load(x);
    } else if (sizeof<T>() == 2) {
      return i32x4.extend_low_i16x8_s(v128.load64_zero(x));
    } else if (isSigned<T>()) {
      return i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(v128.load32_zero(x)));
    } else {
      return i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(x)));
    }
  }

  /** Elements 0 and 1 of fourX4 = load4(x) as f64x2. Floats load their pair again: cheaper than to shuffle it out of the four. */
  @inline
  static first<T>(x: usize, fourX4: v128): v128 {
    if (isReference<T>() || isInteger<T>()) return f64x2.convert_low_i32x4_s(fourX4);
    else if (sizeof<T>() == 4) return f64x2.promote_low_f32x4(v128.load64_zero(x));
    else return fourX4;
  }

  /** Elements 2 and 3 of fourX4 = load4(x) as f64x2. */
  @inline
  static second<T>(x: usize, fourX4: v128): v128 {
    if (isReference<T>() || isInteger<T>()) {
      return f64x2.convert_low_i32x4_s(i32x4.shuffle(fourX4, fourX4, 2, 3, 0, 1));
    } else if (sizeof<T>() == 4) {
      return f64x2.promote_low_f32x4(v128.load64_zero(x, 8));
    } else {
      return v128.load(x, 16);
    }
  }

  /** Margin of one row and one class, without intercept. */
  static margin<T>(x: usize, low: usize, columns: i32, w: usize): f64 {
    const step = exact.bytes<T>() << 2;
    const end = w + ((<usize>columns) << 3);
    let aF64x2 = f64x2.splat(0);
    let bF64x2 = aF64x2;
    while (w < end) {
      const fourX4 = exact.load4<T>(x, low);
      aF64x2 = f64x2.add(aF64x2, f64x2.mul(exact.first<T>(x, fourX4), v128.load(w)));
      bF64x2 = f64x2.add(bF64x2, f64x2.mul(exact.second<T>(x, fourX4), v128.load(w, 16)));
      x += step;
      w += 32;
    }
    return lanes.sumF64(f64x2.add(aF64x2, bF64x2));
  }

  /** Margins of four rows and one class, each summed as by `margin`: four streams of memory instead of one, and one read of w. */
  static margin4<T>(x: usize, low: usize, strideBytes: usize, columns: i32, w: usize, bias: f64, m: usize): void {
    const step = exact.bytes<T>() << 2;
    const end = w + ((<usize>columns) << 3);
    const x1 = strideBytes;
    const x2 = strideBytes * 2;
    const x3 = strideBytes * 3;
    let a0F64x2 = f64x2.splat(0);
    let b0F64x2 = a0F64x2;
    let a1F64x2 = a0F64x2;
    let b1F64x2 = a0F64x2;
    let a2F64x2 = a0F64x2;
    let b2F64x2 = a0F64x2;
    let a3F64x2 = a0F64x2;
    let b3F64x2 = a0F64x2;
    while (w < end) {
      const wF64x2 = v128.load(w);
      const vF64x2 = v128.load(w, 16);
      const four0X4 = exact.load4<T>(x, low);
      a0F64x2 = f64x2.add(a0F64x2, f64x2.mul(exact.first<T>(x, four0X4), wF64x2));
      b0F64x2 = f64x2.add(b0F64x2, f64x2.mul(exact.second<T>(x, four0X4), vF64x2));
      const four1X4 = exact.load4<T>(x + x1, low);
      a1F64x2 = f64x2.add(a1F64x2, f64x2.mul(exact.first<T>(x + x1, four1X4), wF64x2));
      b1F64x2 = f64x2.add(b1F64x2, f64x2.mul(exact.second<T>(x + x1, four1X4), vF64x2));
      const four2X4 = exact.load4<T>(x + x2, low);
      a2F64x2 = f64x2.add(a2F64x2, f64x2.mul(exact.first<T>(x + x2, four2X4), wF64x2));
      b2F64x2 = f64x2.add(b2F64x2, f64x2.mul(exact.second<T>(x + x2, four2X4), vF64x2));
      const four3X4 = exact.load4<T>(x + x3, low);
      a3F64x2 = f64x2.add(a3F64x2, f64x2.mul(exact.first<T>(x + x3, four3X4), wF64x2));
      b3F64x2 = f64x2.add(b3F64x2, f64x2.mul(exact.second<T>(x + x3, four3X4), vF64x2));
      x += step;
      w += 32;
    }
    store<f64>(m, lanes.sumF64(f64x2.add(a0F64x2, b0F64x2)) + bias);
    store<f64>(m, lanes.sumF64(f64x2.add(a1F64x2, b1F64x2)) + bias, 8);
    store<f64>(m, lanes.sumF64(f64x2.add(a2F64x2, b2F64x2)) + bias, 16);
    store<f64>(m, lanes.sumF64(f64x2.add(a3F64x2, b3F64x2)) + bias, 24);
  }

  /** Margins of one row for five classes whose weights lie `wBytes` apart: one conversion of x serves all. */
  static margins5<T>(x: usize, low: usize, columns: i32, w: usize, wBytes: usize, out: usize): void {
    const step = exact.bytes<T>() << 2;
    const end = w + ((<usize>columns) << 3);
    const w1 = wBytes;
    const w2 = wBytes * 2;
    const w3 = wBytes * 3;
    const w4 = wBytes * 4;
    let aF64x2 = f64x2.splat(0);
    let bF64x2 = aF64x2;
    let cF64x2 = aF64x2;
    let dF64x2 = aF64x2;
    let eF64x2 = aF64x2;
    while (w < end) {
      const fourX4 = exact.load4<T>(x, low);
      const xF64x2 = exact.first<T>(x, fourX4);
      aF64x2 = f64x2.add(aF64x2, f64x2.mul(xF64x2, v128.load(w)));
      bF64x2 = f64x2.add(bF64x2, f64x2.mul(xF64x2, v128.load(w + w1)));
      cF64x2 = f64x2.add(cF64x2, f64x2.mul(xF64x2, v128.load(w + w2)));
      dF64x2 = f64x2.add(dF64x2, f64x2.mul(xF64x2, v128.load(w + w3)));
      eF64x2 = f64x2.add(eF64x2, f64x2.mul(xF64x2, v128.load(w + w4)));
      const yF64x2 = exact.second<T>(x, fourX4);
      aF64x2 = f64x2.add(aF64x2, f64x2.mul(yF64x2, v128.load(w, 16)));
      bF64x2 = f64x2.add(bF64x2, f64x2.mul(yF64x2, v128.load(w + w1, 16)));
      cF64x2 = f64x2.add(cF64x2, f64x2.mul(yF64x2, v128.load(w + w2, 16)));
      dF64x2 = f64x2.add(dF64x2, f64x2.mul(yF64x2, v128.load(w + w3, 16)));
      eF64x2 = f64x2.add(eF64x2, f64x2.mul(yF64x2, v128.load(w + w4, 16)));
      x += step;
      w += 32;
    }
    store<f64>(out, lanes.sumF64(aF64x2));
    store<f64>(out, lanes.sumF64(bF64x2), 8);
    store<f64>(out, lanes.sumF64(cF64x2), 16);
    store<f64>(out, lanes.sumF64(dF64x2), 24);
    store<f64>(out, lanes.sumF64(eF64x2), 32);
  }

  /** M = X·Wᵀ + bias; bias: classes f64. */
  static margins<T>(
    x: usize,
    low: usize,
    strideBytes: usize,
    rows: i32,
    columns: i32,
    w: usize,
    bias: usize,
    classes: i32,
    m: usize,
  ): void {
    const wBytes = (<usize>columns) << 3;
    if (classes == 1) {
      const add = load<f64>(bias);
      for (; rows >= 4; rows -= 4) {
        exact.margin4<T>(x, low, strideBytes, columns, w, add, m);
        x += strideBytes << 2;
        m += 32;
      }
    }
    for (let row = 0; row < rows; row++) {
      let k = 0;
      for (; k + 5 <= classes; k += 5) {
        exact.margins5<T>(x, low, columns, w + <usize>k * wBytes, wBytes, m + ((<usize>k) << 3));
      }
      for (; k < classes; k++) {
        store<f64>(m + ((<usize>k) << 3), exact.margin<T>(x, low, columns, w + <usize>k * wBytes));
      }
      for (k = 0; k < classes; k++) {
        const at = m + ((<usize>k) << 3);
        store<f64>(at, load<f64>(at) + load<f64>(bias + ((<usize>k) << 3)));
      }
      x += strideBytes;
      m += (<usize>classes) << 3;
    }
  }

  /** G += CᵀX for one class over `rows` rows; c: f64, `cBytes` apart. */
  static gradient1<T>(
    x: usize,
    low: usize,
    strideBytes: usize,
    rows: i32,
    columns: i32,
    c: usize,
    cBytes: usize,
    g: usize,
  ): void {
    const step = exact.bytes<T>() << 2;
    const end = g + ((<usize>columns) << 3);
    const cEnd = c + <usize>rows * cBytes;
    while (g < end) {
      let aF64x2 = v128.load(g);
      let bF64x2 = v128.load(g, 16);
      let row = x;
      for (let r = c; r < cEnd; r += cBytes) {
        const fourX4 = exact.load4<T>(row, low);
        const cF64x2 = v128.load64_splat(r);
        aF64x2 = f64x2.add(aF64x2, f64x2.mul(cF64x2, exact.first<T>(row, fourX4)));
        bF64x2 = f64x2.add(bF64x2, f64x2.mul(cF64x2, exact.second<T>(row, fourX4)));
        row += strideBytes;
      }
      v128.store(g, aF64x2);
      v128.store(g, bF64x2, 16);
      x += step;
      g += 32;
    }
  }

  /** gradient1 for four rows whose coefficients are adjacent: rows are read as they lie, and G stays in the first-level cache. */
  static gradientRows4<T>(x: usize, low: usize, strideBytes: usize, columns: i32, c: usize, g: usize): void {
    const step = exact.bytes<T>() << 2;
    const end = g + ((<usize>columns) << 3);
    const x1 = strideBytes;
    const x2 = strideBytes * 2;
    const x3 = strideBytes * 3;
    const c0F64x2 = v128.load64_splat(c);
    const c1F64x2 = v128.load64_splat(c, 8);
    const c2F64x2 = v128.load64_splat(c, 16);
    const c3F64x2 = v128.load64_splat(c, 24);
    while (g < end) {
      let aF64x2 = v128.load(g);
      let bF64x2 = v128.load(g, 16);
      const four0X4 = exact.load4<T>(x, low);
      aF64x2 = f64x2.add(aF64x2, f64x2.mul(c0F64x2, exact.first<T>(x, four0X4)));
      bF64x2 = f64x2.add(bF64x2, f64x2.mul(c0F64x2, exact.second<T>(x, four0X4)));
      const four1X4 = exact.load4<T>(x + x1, low);
      aF64x2 = f64x2.add(aF64x2, f64x2.mul(c1F64x2, exact.first<T>(x + x1, four1X4)));
      bF64x2 = f64x2.add(bF64x2, f64x2.mul(c1F64x2, exact.second<T>(x + x1, four1X4)));
      const four2X4 = exact.load4<T>(x + x2, low);
      aF64x2 = f64x2.add(aF64x2, f64x2.mul(c2F64x2, exact.first<T>(x + x2, four2X4)));
      bF64x2 = f64x2.add(bF64x2, f64x2.mul(c2F64x2, exact.second<T>(x + x2, four2X4)));
      const four3X4 = exact.load4<T>(x + x3, low);
      aF64x2 = f64x2.add(aF64x2, f64x2.mul(c3F64x2, exact.first<T>(x + x3, four3X4)));
      bF64x2 = f64x2.add(bF64x2, f64x2.mul(c3F64x2, exact.second<T>(x + x3, four3X4)));
      v128.store(g, aF64x2);
      v128.store(g, bF64x2, 16);
      x += step;
      g += 32;
    }
  }

  /** As gradient1 for five classes: c[0..4] adjacent, G rows `gBytes` apart. */
  static gradient5<T>(
    x: usize,
    low: usize,
    strideBytes: usize,
    rows: i32,
    columns: i32,
    c: usize,
    cBytes: usize,
    g: usize,
    gBytes: usize,
  ): void {
    const step = exact.bytes<T>() << 2;
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
        const fourX4 = exact.load4<T>(row, low);
        const xF64x2 = exact.first<T>(row, fourX4);
        const yF64x2 = exact.second<T>(row, fourX4);
        const c0F64x2 = v128.load64_splat(r);
        a0F64x2 = f64x2.add(a0F64x2, f64x2.mul(c0F64x2, xF64x2));
        b0F64x2 = f64x2.add(b0F64x2, f64x2.mul(c0F64x2, yF64x2));
        const c1F64x2 = v128.load64_splat(r, 8);
        a1F64x2 = f64x2.add(a1F64x2, f64x2.mul(c1F64x2, xF64x2));
        b1F64x2 = f64x2.add(b1F64x2, f64x2.mul(c1F64x2, yF64x2));
        const c2F64x2 = v128.load64_splat(r, 16);
        a2F64x2 = f64x2.add(a2F64x2, f64x2.mul(c2F64x2, xF64x2));
        b2F64x2 = f64x2.add(b2F64x2, f64x2.mul(c2F64x2, yF64x2));
        const c3F64x2 = v128.load64_splat(r, 24);
        a3F64x2 = f64x2.add(a3F64x2, f64x2.mul(c3F64x2, xF64x2));
        b3F64x2 = f64x2.add(b3F64x2, f64x2.mul(c3F64x2, yF64x2));
        const c4F64x2 = v128.load64_splat(r, 32);
        a4F64x2 = f64x2.add(a4F64x2, f64x2.mul(c4F64x2, xF64x2));
        b4F64x2 = f64x2.add(b4F64x2, f64x2.mul(c4F64x2, yF64x2));
        row += strideBytes;
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
      x += step;
      g += 32;
    }
  }

  /** G += CᵀX. Blocks of 32 rows, so that a block stays in cache while the columns are walked. */
  static gradient<T>(
    x: usize,
    low: usize,
    strideBytes: usize,
    rows: i32,
    columns: i32,
    c: usize,
    classes: i32,
    g: usize,
  ): void {
    const gBytes = (<usize>columns) << 3;
    const cBytes = (<usize>classes) << 3;
    if (classes == 1) {
      for (; rows >= 4; rows -= 4) {
        exact.gradientRows4<T>(x, low, strideBytes, columns, c, g);
        x += strideBytes << 2;
        c += 32;
      }
    }
    while (rows > 0) {
      const block = min(rows, 32);
      let k = 0;
      for (; k + 5 <= classes; k += 5) {
        const from = (<usize>k) << 3;
        exact.gradient5<T>(x, low, strideBytes, block, columns, c + from, cBytes, g + <usize>k * gBytes, gBytes);
      }
      for (; k < classes; k++) {
        exact.gradient1<T>(x, low, strideBytes, block, columns, c + ((<usize>k) << 3), cBytes, g + <usize>k * gBytes);
      }
      rows -= block;
      x += <usize>block * strideBytes;
      c += <usize>block * cBytes;
    }
  }
}
