// Bit-planes: codes taken apart into their bits, one bit of every column side by side, and put together again from as many planes as are
// wanted. Column j is bit j mod 8 of byte ⌊j/8⌋ of a row of a plane. The first b planes, most significant first, are the rows in b bits: one copy serves every
// precision. docs/numerics.md §14. See MLWeaving, Wang et al., PVLDB 12 (2019) 807.
import { relaxed } from "../core/lanes";

/** Bit j mod 8 of byte j; then which of four bytes holds the bit of columns 0..15 and 16..31. From memory: constants would be rebuilt at every use in a loop. */
const BITS = memory.data<u8>([1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128], 16);
const LOW = memory.data<u8>([0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1], 16);
const HIGH = memory.data<u8>([2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3], 16);

@unmanaged
export abstract class weave {
  /** Bits `top`, top − 1, … of the codes → `planes` planes, planeBytes apart. codes: columns u8; columns: multiple of 16. */
  static write(codes: usize, columns: i32, top: i32, planes: i32, row: usize, planeBytes: usize): void {
    for (let p = 0; p < planes; p++) {
      const shift = 7 - top + p;
      for (let j: usize = 0; j < <usize>columns; j += 16) {
        // the wanted bit becomes the sign
        store<u16>(row + (j >> 3), <u16>i8x16.bitmask(i8x16.shl(v128.load(codes + j), shift)));
      }
      row += planeBytes;
    }
  }

  /** −1 in the bytes whose bit is set in the plane at `at`; whichI8x16: the mask of the first 16 columns from there on, or of the 16 after them. */
  @inline
  static isSet(at: usize, whichI8x16: v128, bitI8x16: v128): v128 {
    const fourI8x16 = v128.load32_splat(at);
    // indices below 4: every CPU gives the same bytes, one instruction sooner
    const bytesI8x16 = ASC_FEATURE_RELAXED_SIMD
      ? relaxed.swizzle(fourI8x16, whichI8x16)
      : i8x16.swizzle(fourI8x16, whichI8x16);
    return i8x16.eq(v128.and(bytesI8x16, bitI8x16), bitI8x16);
  }

  /** out = (the number whose bits are the given planes, the last one worth 1) << shift. out: columns u8; columns: multiple of 32; planes ≤ 8. */
  static read(row: usize, planeBytes: usize, planes: i32, shift: i32, columns: i32, out: usize): void {
    const bitI8x16 = v128.load(BITS);
    const lowI8x16 = v128.load(LOW);
    const highI8x16 = v128.load(HIGH);
    const span = <usize>planes * planeBytes;
    for (let j: usize = 0; j < <usize>columns; j += 32) {
      let aI8x16 = i64x2.splat(0);
      let bI8x16 = aI8x16;
      const end = row + span;
      for (let at = row; at < end; at += planeBytes) {
        aI8x16 = i8x16.sub(i8x16.add(aI8x16, aI8x16), weave.isSet(at, lowI8x16, bitI8x16));
        bI8x16 = i8x16.sub(i8x16.add(bI8x16, bI8x16), weave.isSet(at, highI8x16, bitI8x16));
      }
      v128.store(out + j, i8x16.shl(aI8x16, shift));
      v128.store(out + j, i8x16.shl(bI8x16, shift), 16);
      row += 4;
    }
  }

  /** out = codes + the bit of one plane. codes, out: columns u8; columns: multiple of 32. */
  static add(codes: usize, plane: usize, columns: i32, out: usize): void {
    const bitI8x16 = v128.load(BITS);
    const lowI8x16 = v128.load(LOW);
    const highI8x16 = v128.load(HIGH);
    for (let j: usize = 0; j < <usize>columns; j += 32) {
      v128.store(out + j, i8x16.sub(v128.load(codes + j), weave.isSet(plane, lowI8x16, bitI8x16)));
      v128.store(out + j, i8x16.sub(v128.load(codes + j, 16), weave.isSet(plane, highI8x16, bitI8x16)), 16);
      plane += 4;
    }
  }

  /**
   * Rows of unit values as eight planes: code = floor((x + 1)·128) within 0..255, in float32. x: rows × strideBytes f32; columns: multiple of 16;
   * codes: columns u8 of scratch; out: row by row rowBytes apart, plane by plane planeBytes.
   */
  static units(
    x: usize,
    strideBytes: usize,
    rows: i32,
    columns: i32,
    codes: usize,
    out: usize,
    rowBytes: usize,
    planeBytes: usize,
  ): void {
    const oneF32x4 = f32x4.splat(1);
    const halfF32x4 = f32x4.splat(128);
    for (let row = 0; row < rows; row++) {
      for (let j: usize = 0; j < <usize>columns; j += 8) {
        const from = x + (j << 2);
        const aF32x4 = f32x4.floor(f32x4.mul(f32x4.add(v128.load(from), oneF32x4), halfF32x4));
        const bF32x4 = f32x4.floor(f32x4.mul(f32x4.add(v128.load(from, 16), oneF32x4), halfF32x4));
        const codeI16x8 = i16x8.narrow_i32x4_s(i32x4.trunc_sat_f32x4_s(aF32x4), i32x4.trunc_sat_f32x4_s(bF32x4));
        v128.store64_lane(codes + j, i8x16.narrow_i16x8_u(codeI16x8, codeI16x8), 0);
      }
      weave.write(codes, columns, 7, 8, out, planeBytes);
      x += strideBytes;
      out += rowBytes;
    }
  }
}
