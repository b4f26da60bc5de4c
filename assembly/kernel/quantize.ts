// Values → codes, once, nearest, per column: code = clamp(floor((x − offset)·inverseScale + 0.5), ±Q).
// docs/numerics.md §2 and §3. Source: HALP §2 (low-precision formats); symmetric range so that two int8 products fit int16.
import { element } from "./columns";
import { exact } from "./exact";

/** ½, and 1.5·2⁵²: added to a whole number of ±2³¹, its int32 is the low half of the sum. From memory, since a vector constant is rebuilt at each use. */
const HALF = memory.data<f64>([0.5]);
const MAGIC = memory.data<f64>([6755399441055744.0]);
/** Smallest and largest value before rounding down, by bits: floor(clamp(t)) = clamp(floor(t)). */
const LIMITS8 = memory.data<f64>([-127, 127.5]);
const LIMITS16 = memory.data<f64>([-32767, 32767.5]);
const LIMITS_PLANES = memory.data<f64>([-32512, 32512.5]);
/** 1.5·2²³, the same for float32. */
const MAGIC32 = memory.data<f32>([12582912.0]);

@unmanaged
export abstract class quantize {
  /**
   * codes: rows × codeStrideBytes of X (int8, int16; float32 for the plane of reals), zero-filled before.
   * offset, inverseScale: columns f64. intercept: the code of column `columns`, 0 for none.
   */
  static rows<T, X>(
    x: usize,
    strideBytes: usize,
    rows: i32,
    columns: i32,
    offset: usize,
    inverseScale: usize,
    codes: usize,
    codeStrideBytes: usize,
    intercept: f64,
  ): void {
    // the last group of a row overlaps the one before
    const last = columns - quantize.group<T, X>();
    for (let row = 0; row < rows; row++) {
      if (last >= 0) quantize.row<T, X>(x, <usize>last, offset, inverseScale, codes);
      else quantize.shortRow<T, X>(x, <usize>columns, offset, inverseScale, codes);
      if (intercept != 0) store<X>(codes + <usize>columns * sizeof<X>(), <X>intercept);
      x += strideBytes;
      codes += codeStrideBytes;
    }
  }

  /** Codes written at a time: real data to bytes, the common case, are worth the larger code. */
  @inline
  static group<T, X>(): i32 {
    return isFloat<T>() && sizeof<X>() == 1 ? 16 : 4;
  }

  static shortRow<T, X>(x: usize, columns: usize, offset: usize, inverseScale: usize, codes: usize): void {
    for (let j: usize = 0; j < columns; j++) {
      const centred = element.at<T>(x, j) - load<f64>(offset + (j << 3));
      const factor = load<f64>(inverseScale + (j << 3));
      if (isFloat<X>()) {
        store<f32>(codes + (j << 2), <f32>(centred / factor));
      } else {
        const limit: f64 = sizeof<X>() == 1 ? 127 : 32767;
        store<X>(codes + j * sizeof<X>(), <X>(<i32>max(min(floor(centred * factor + 0.5), limit), -limit)));
      }
    }
  }

  /** Groups of codes from column 0 to the one that begins at `last`. */
  static row<T, X>(x: usize, last: usize, offset: usize, inverseScale: usize, codes: usize): void {
    const limits = sizeof<X>() == 1 ? LIMITS8 : LIMITS16;
    const lowF64x2 = v128.load64_splat(limits);
    const highF64x2 = v128.load64_splat(limits, 8);
    const halfF64x2 = v128.load64_splat(HALF);
    const magicF64x2 = v128.load64_splat(MAGIC);
    let j: usize = 0;
    while (true) {
      const p = x + j * sizeof<T>();
      const o = offset + (j << 3);
      const f = inverseScale + (j << 3);
      if (isFloat<X>()) {
        const fourX4 = exact.load4<T>(p, 0);
        const aF64x2 = f64x2.div(f64x2.sub(exact.first<T>(p, fourX4), v128.load(o)), v128.load(f));
        const bF64x2 = f64x2.div(f64x2.sub(exact.second<T>(p, fourX4), v128.load(o, 16)), v128.load(f, 16));
        v128.store(codes + (j << 2), quantize.demote(aF64x2, bF64x2));
      } else {
        const aI32x4 = quantize.four<T>(p, o, f, lowF64x2, highF64x2, halfF64x2, magicF64x2);
        if (quantize.group<T, X>() == 4) {
          const aI16x8 = i16x8.narrow_i32x4_s(aI32x4, aI32x4);
          if (sizeof<X>() == 2) v128.store64_lane(codes + (j << 1), aI16x8, 0);
          else v128.store32_lane(codes + j, i8x16.narrow_i16x8_s(aI16x8, aI16x8), 0);
        } else {
          const q = p + (sizeof<T>() << 2);
          const r = q + (sizeof<T>() << 2);
          const s = r + (sizeof<T>() << 2);
          const bI32x4 = quantize.four<T>(q, o + 32, f + 32, lowF64x2, highF64x2, halfF64x2, magicF64x2);
          const cI32x4 = quantize.four<T>(r, o + 64, f + 64, lowF64x2, highF64x2, halfF64x2, magicF64x2);
          const dI32x4 = quantize.four<T>(s, o + 96, f + 96, lowF64x2, highF64x2, halfF64x2, magicF64x2);
          const abI16x8 = i16x8.narrow_i32x4_s(aI32x4, bI32x4);
          v128.store(codes + j, i8x16.narrow_i16x8_s(abI16x8, i16x8.narrow_i32x4_s(cI32x4, dI32x4)));
        }
      }
      if (j == last) break;
      j = min(j + <usize>quantize.group<T, X>(), last);
    }
  }

  /** Four codes, clamped before they are rounded. */
  @inline
  static four<T>(
    x: usize,
    offset: usize,
    factor: usize,
    lowF64x2: v128,
    highF64x2: v128,
    halfF64x2: v128,
    magicF64x2: v128,
  ): v128 {
    const fourX4 = exact.load4<T>(x, 0);
    let aF64x2 = f64x2.mul(f64x2.sub(exact.first<T>(x, fourX4), v128.load(offset)), v128.load(factor));
    let bF64x2 = f64x2.mul(f64x2.sub(exact.second<T>(x, fourX4), v128.load(offset, 16)), v128.load(factor, 16));
    return quantize.nearest(aF64x2, bF64x2, lowF64x2, highF64x2, halfF64x2, magicF64x2);
  }

  /** floor(clamp(t + ½)) of four t. */
  @inline
  static nearest(aF64x2: v128, bF64x2: v128, lowF64x2: v128, highF64x2: v128, halfF64x2: v128, magicF64x2: v128): v128 {
    const cF64x2 = f64x2.pmin(f64x2.pmax(f64x2.add(aF64x2, halfF64x2), lowF64x2), highF64x2);
    const dF64x2 = f64x2.pmin(f64x2.pmax(f64x2.add(bF64x2, halfF64x2), lowF64x2), highF64x2);
    return i32x4.shuffle(
      f64x2.add(f64x2.floor(cF64x2), magicF64x2),
      f64x2.add(f64x2.floor(dF64x2), magicF64x2),
      0,
      2,
      4,
      6,
    );
  }

  /** Four float64 as float32. */
  @inline
  static demote(aF64x2: v128, bF64x2: v128): v128 {
    return i32x4.shuffle(f32x4.demote_f64x2_zero(aF64x2), f32x4.demote_f64x2_zero(bF64x2), 0, 1, 4, 5);
  }

  /** Rows that hold a value whose code would be clipped to ±limit. Same arithmetic as `rows`, nothing written. */
  static countClipped<T>(
    x: usize,
    strideBytes: usize,
    rows: i32,
    columns: i32,
    offset: usize,
    inverseScale: usize,
    limit: f64,
  ): i32 {
    let clippedRows = 0;
    for (let row = 0; row < rows; row++) {
      for (let j: usize = 0; j < <usize>columns; j++) {
        const centred = element.at<T>(x, j) - load<f64>(offset + (j << 3));
        if (abs(floor(centred * load<f64>(inverseScale + (j << 3)) + 0.5)) > limit) {
          clippedRows++;
          break;
        }
      }
      x += strideBytes;
    }
    return clippedRows;
  }

  /**
   * 16-bit codes as two int8 planes: x16 = clamp(floor((x − offset)·256·inverseScale + 0.5), ±32512), high = (x16 + 128) >> 8 in
   * ±127, low = x16 − 256·high in −128..127.
   * The high plane doubles as the int8 codes: `intercept` is the code of its column `columns`, 0 for none.
   */
  static planes<T>(
    x: usize,
    strideBytes: usize,
    rows: i32,
    columns: i32,
    offset: usize,
    inverseScale: usize,
    high: usize,
    low: usize,
    codeStrideBytes: usize,
    intercept: i32,
  ): void {
    const last = columns - 4;
    for (let row = 0; row < rows; row++) {
      if (last >= 0) {
        let j: usize = 0;
        while (true) {
          quantize.planes4<T>(x + j * sizeof<T>(), offset + (j << 3), inverseScale + (j << 3), high + j, low + j);
          if (j == <usize>last) break;
          j = min(j + 4, <usize>last);
        }
      } else {
        for (let j: usize = 0; j < <usize>columns; j++) {
          const centred = element.at<T>(x, j) - load<f64>(offset + (j << 3));
          const scaled = floor(centred * (256 * load<f64>(inverseScale + (j << 3))) + 0.5);
          const code = <i32>max(min(scaled, 32512), -32512);
          const upper = (code + 128) >> 8;
          store<i8>(high + j, <i8>upper);
          store<i8>(low + j, <i8>(code - (upper << 8)));
        }
      }
      if (intercept) store<i8>(high + <usize>columns, <i8>intercept);
      x += strideBytes;
      high += codeStrideBytes;
      low += codeStrideBytes;
    }
  }

  /** Four codes of `planes`. */
  @inline
  static planes4<T>(x: usize, offset: usize, inverseScale: usize, high: usize, low: usize): void {
    const codeI32x4 = quantize.wide4<T>(x, offset, inverseScale);
    const upperI32x4 = i32x4.shr_s(i32x4.add(codeI32x4, i32x4.splat(128)), 8);
    const bothI16x8 = i16x8.narrow_i32x4_s(upperI32x4, i32x4.sub(codeI32x4, i32x4.shl(upperI32x4, 8)));
    const bothI8x16 = i8x16.narrow_i16x8_s(bothI16x8, bothI16x8);
    v128.store32_lane(high, bothI8x16, 0);
    v128.store32_lane(low, bothI8x16, 1);
  }

  @inline
  static wide4<T>(x: usize, offset: usize, inverseScale: usize): v128 {
    const bitsF64x2 = f64x2.splat(256);
    const fourX4 = exact.load4<T>(x, 0);
    const factorF64x2 = f64x2.mul(bitsF64x2, v128.load(inverseScale));
    const factor2F64x2 = f64x2.mul(bitsF64x2, v128.load(inverseScale, 16));
    return quantize.nearest(
      f64x2.mul(f64x2.sub(exact.first<T>(x, fourX4), v128.load(offset)), factorF64x2),
      f64x2.mul(f64x2.sub(exact.second<T>(x, fourX4), v128.load(offset, 16)), factor2F64x2),
      v128.load64_splat(LIMITS_PLANES),
      v128.load64_splat(LIMITS_PLANES, 8),
      v128.load64_splat(HALF),
      v128.load64_splat(MAGIC),
    );
  }

  /** out = passOffset + passScale·(256·high + low), float64; passScale, passOffset: columns f64. */
  static decodePlanes(
    high: usize,
    low: usize,
    strideBytes: usize,
    rows: i32,
    columns: i32,
    passScale: usize,
    passOffset: usize,
    out: usize,
    outStrideBytes: usize,
  ): void {
    for (let row = 0; row < rows; row++) {
      for (let j: usize = 0; j < <usize>columns; j++) {
        const code = ((<i32>load<i8>(high + j)) << 8) + <i32>load<i8>(low + j);
        const value = load<f64>(passOffset + (j << 3)) + load<f64>(passScale + (j << 3)) * <f64>code;
        store<f64>(out + (j << 3), value);
      }
      high += strideBytes;
      low += strideBytes;
      out += outStrideBytes;
    }
  }

  /** Element-wise conversion to a narrower type that is known to hold every value. Strides in bytes. */
  static narrow<T, X>(x: usize, strideBytes: usize, rows: i32, columns: i32, out: usize, outStrideBytes: usize): void {
    const last = columns - <i32>(16 / sizeof<X>());
    for (let row = 0; row < rows; row++) {
      if (last >= 0) {
        let j: usize = 0;
        while (true) {
          quantize.narrow16<T, X>(x + j * sizeof<T>(), out + j * sizeof<X>());
          if (j == <usize>last) break;
          j = min(j + 16 / sizeof<X>(), <usize>last);
        }
      } else {
        for (let j: usize = 0; j < <usize>columns; j++) {
          store<X>(out + j * sizeof<X>(), <X>load<T>(x + j * sizeof<T>()));
        }
      }
      x += strideBytes;
      out += outStrideBytes;
    }
  }

  /** Sixteen bytes of the narrower type. */
  @inline
  static narrow16<T, X>(x: usize, out: usize): void {
    if (isFloat<X>()) {
      v128.store(out, quantize.demote(v128.load(x), v128.load(x, 16)));
    } else {
      const abI16x8 = quantize.whole8<T>(x);
      if (sizeof<X>() == 2) v128.store(out, abI16x8);
      else {
        const cdI16x8 = quantize.whole8<T>(x + (sizeof<T>() << 3));
        v128.store(
          out,
          isSigned<X>() ? i8x16.narrow_i16x8_s(abI16x8, cdI16x8) : i8x16.narrow_i16x8_u(abI16x8, cdI16x8),
        );
      }
    }
  }

  /** Eight whole numbers of int16 range; −0 becomes 0. */
  @inline
  static whole8<T>(x: usize): v128 {
    return i16x8.narrow_i32x4_s(quantize.whole4<T>(x), quantize.whole4<T>(x + (sizeof<T>() << 2)));
  }

  @inline
  static whole4<T>(x: usize): v128 {
    if (sizeof<T>() == 4) {
      const magicF32x4 = v128.load32_splat(MAGIC32);
      return i32x4.sub(f32x4.add(v128.load(x), magicF32x4), magicF32x4);
    } else {
      const magicF64x2 = v128.load64_splat(MAGIC);
      return i32x4.shuffle(f64x2.add(v128.load(x), magicF64x2), f64x2.add(v128.load(x, 16), magicF64x2), 0, 2, 4, 6);
    }
  }

  /**
   * Reads one word of each 64 bytes, so that the next kernel finds them in cache: nothing else is done between these loads, so many of them
   * are under way at once, where a kernel's own loads wait for one another. bytes: multiple of 512. Returns the xor of the words.
   */
  static touch(x: usize, bytes: usize): i32 {
    let a = 0;
    let b = 0;
    for (const end = x + bytes; x < end; x += 512) {
      a ^= load<i32>(x) ^ load<i32>(x, 64) ^ load<i32>(x, 128) ^ load<i32>(x, 192);
      b ^= load<i32>(x, 256) ^ load<i32>(x, 320) ^ load<i32>(x, 384) ^ load<i32>(x, 448);
    }
    return a ^ b;
  }

  /**
   * Moves rows apart: from `rowBytes` apart at x to `outStrideBytes` ≥ rowBytes apart at out, the gaps filled with zeros. x may be the end of
   * the output itself: rows are taken first to last, and none is written beyond where the next one is read.
   */
  static spread(x: usize, rowBytes: usize, rows: i32, out: usize, outStrideBytes: usize): void {
    for (let row = 0; row < rows; row++) {
      let k: usize = 0;
      for (; k + 16 <= rowBytes; k += 16) v128.store(out + k, v128.load(x + k));
      for (; k < rowBytes; k++) store<u8>(out + k, load<u8>(x + k));
      for (; k < outStrideBytes; k++) store<u8>(out + k, 0);
      x += rowBytes;
      out += outStrideBytes;
    }
  }
}
