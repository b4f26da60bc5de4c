// Codes of 4, 2 or 1 bits: every code is an index into one table of at most 16 int8 levels, looked up by a byte swizzle. What comes out is an int8 code
// like any other; only the storage is smaller. docs/numerics.md §15.
//   A block is 16 bytes, 128/bits columns: slot q (bits q·bits… of every byte) holds columns 16q to 16q + 15, so that a shift and a mask yield 16
//   neighbouring codes. Rows are padded to whole blocks.
//   levels: 64 bytes, 16-byte aligned: the 16 levels (int8, ±127), their sizes, 0xFF where they are negative, 16 times the index mask 2^bits − 1.
//   mask: one byte per padded column, 0 for columns that count as zero whatever their code (padding, constant columns), else 0xFF. Such a column's z is 0
//   and stays 0: only updates have to look, and not even they where the table has a level 0, for which mask 0 stands (a fifth of the time of an axpy).
import { lanes, relaxed } from "../core/lanes";
import { WINDOW } from "./dot";

/** Widths of codes as types: offsetof gives the bits. */
@unmanaged
export class U1 {
  bits: u8;
}

@unmanaged
export class U2 {
  bits: u16;
}

@unmanaged
export class U4 {
  bits: u32;
}

/** Places in a table of levels. */
export const SIZES: usize = 16;
export const SIGNS: usize = 32;
export const INDEX: usize = 48;

@unmanaged
export abstract class packed {
  @inline
  static bits<X>(): i32 {
    return <i32>offsetof<X>();
  }

  /** Columns of a block. */
  @inline
  static width<X>(): usize {
    return 128 / offsetof<X>();
  }

  /** Byte tableI8x16[atU8x16[i]]: indices are below 16, where the relaxed form is the same everywhere. */
  @inline
  static look(tableI8x16: v128, atU8x16: v128): v128 {
    if (ASC_FEATURE_RELAXED_SIMD) return relaxed.swizzle(tableI8x16, atU8x16);
    else return i8x16.swizzle(tableI8x16, atU8x16);
  }

  /** The 16 indices of a slot. */
  @inline
  static slot<X>(blockU8x16: v128, slot: i32, indexI8x16: v128): v128 {
    if (slot == 0) return v128.and(blockU8x16, indexI8x16);
    else return v128.and(i16x8.shr_u(blockU8x16, slot * packed.bits<X>()), indexI8x16);
  }

  // --- storage ---

  /**
   * int8 codes → indices: how many of the cuts a code reaches. codes: rows × stride; cuts: (count of levels − 1) ascending int8, 16 times each;
   * out: rows × outStride. columns: whole blocks.
   */
  static pack<X>(
    codes: usize,
    stride: usize,
    rows: i32,
    columns: i32,
    cuts: usize,
    count: i32,
    out: usize,
    outStride: usize,
  ): void {
    const cutsEnd = cuts + ((<usize>(count - 1)) << 4);
    for (let row = 0; row < rows; row++) {
      let to = out;
      for (let j: usize = 0; j < <usize>columns; j += packed.width<X>()) {
        let blockU8x16 = i8x16.splat(0);
        // from the top slot down, so that each is shifted past the ones below it
        for (let slot = 8 / packed.bits<X>() - 1; slot >= 0; slot--) {
          const codeI8x16 = v128.load(codes + j + ((<usize>slot) << 4));
          let indexI8x16 = i8x16.splat(0);
          for (let cut = cuts; cut < cutsEnd; cut += 16) {
            indexI8x16 = i8x16.sub(indexI8x16, i8x16.ge_s(codeI8x16, v128.load(cut)));
          }
          blockU8x16 = v128.or(i16x8.shl(blockU8x16, packed.bits<X>()), indexI8x16);
        }
        v128.store(to, blockU8x16);
        to += 16;
      }
      codes += stride;
      out += outStride;
    }
  }

  /** One slot of int8 codes, masked columns 0. */
  @inline
  static decodeSlot<X>(
    blockU8x16: v128,
    slot: i32,
    levelsI8x16: v128,
    indexI8x16: v128,
    mask: usize,
    out: usize,
  ): void {
    const at = (<usize>slot) << 4;
    const codeI8x16 = packed.look(levelsI8x16, packed.slot<X>(blockU8x16, slot, indexI8x16));
    v128.store(out + at, v128.and(codeI8x16, v128.load(mask + at)));
  }

  /** Rows as int8 codes, masked columns 0: x rows × stride → out rows × outStride; whole blocks are written. */
  static decode<X>(
    x: usize,
    stride: usize,
    rows: i32,
    columns: i32,
    levels: usize,
    mask: usize,
    out: usize,
    outStride: usize,
  ): void {
    const levelsI8x16 = v128.load(levels);
    const indexI8x16 = v128.load(levels, INDEX);
    for (let row = 0; row < rows; row++) {
      let from = x;
      for (let j: usize = 0; j < <usize>columns; j += packed.width<X>()) {
        const blockU8x16 = v128.load(from);
        const m = mask + j;
        const o = out + j;
        packed.decodeSlot<X>(blockU8x16, 0, levelsI8x16, indexI8x16, m, o);
        packed.decodeSlot<X>(blockU8x16, 1, levelsI8x16, indexI8x16, m, o);
        if (packed.bits<X>() < 4) {
          packed.decodeSlot<X>(blockU8x16, 2, levelsI8x16, indexI8x16, m, o);
          packed.decodeSlot<X>(blockU8x16, 3, levelsI8x16, indexI8x16, m, o);
        }
        if (packed.bits<X>() < 2) {
          packed.decodeSlot<X>(blockU8x16, 4, levelsI8x16, indexI8x16, m, o);
          packed.decodeSlot<X>(blockU8x16, 5, levelsI8x16, indexI8x16, m, o);
          packed.decodeSlot<X>(blockU8x16, 6, levelsI8x16, indexI8x16, m, o);
          packed.decodeSlot<X>(blockU8x16, 7, levelsI8x16, indexI8x16, m, o);
        }
        from += 16;
      }
      x += stride;
      out += outStride;
    }
  }

  /** Σ |level| over the negative levels of every row, masked columns among them: out rows i32. At most 127·columns. */
  static negativeSums<X>(x: usize, stride: usize, rows: i32, columns: i32, levels: usize, out: usize): void {
    const sizesI8x16 = v128.and(v128.load(levels, SIZES), v128.load(levels, SIGNS));
    const indexI8x16 = v128.load(levels, INDEX);
    const bytes = (<usize>columns * offsetof<X>()) >> 3;
    for (let row = 0; row < rows; row++) {
      let sumI32x4 = i32x4.splat(0);
      for (let j: usize = 0; j < bytes; j += 16) {
        let blockU8x16 = v128.load(x + j);
        for (let slot = 0; slot < 8 / packed.bits<X>(); slot++) {
          const sizeU8x16 = packed.look(sizesI8x16, v128.and(blockU8x16, indexI8x16));
          sumI32x4 = i32x4.add(sumI32x4, i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(sizeU8x16)));
          blockU8x16 = i16x8.shr_u(blockU8x16, packed.bits<X>());
        }
      }
      store<i32>(out + ((<usize>row) << 2), lanes.sumI32(sumI32x4));
      x += stride;
    }
  }

  // --- dots ---

  /** acc + index·z of one slot, z int8. */
  @inline
  static indexSlot<X>(blockU8x16: v128, slot: i32, indexI8x16: v128, z: usize, accI32x4: v128): v128 {
    const atU8x16 = packed.slot<X>(blockU8x16, slot, indexI8x16);
    const from = z + ((<usize>slot) << 4);
    if (ASC_FEATURE_RELAXED_SIMD) return relaxed.dot(v128.load(from), atU8x16, accI32x4);
    else {
      const lowI32x4 = i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(atU8x16), v128.load8x8_s(from));
      const highI32x4 = i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(atU8x16), v128.load8x8_s(from, 8));
      return i32x4.add(accI32x4, i32x4.add(lowI32x4, highI32x4));
    }
  }

  /**
   * Σ indexⱼ·zⱼ exactly, z int8: no table at all, for evenly spaced levels (level = first + step·index, so Σ level·z = first·Σz + step·Σ index·z). Bound: eight
   * int32 lanes of 15·128·columns/8 < 2³¹ up to 8.9 million columns.
   */
  static indexDot<X>(x: usize, z: usize, columns: i32, levels: usize): f64 {
    const indexI8x16 = v128.load(levels, INDEX);
    const end = z + <usize>columns;
    let aI32x4 = i32x4.splat(0);
    let bI32x4 = aI32x4;
    let cI32x4 = aI32x4;
    let dI32x4 = aI32x4;
    if (packed.bits<X>() == 4) {
      // two blocks at a time: a sum waits four to five cycles for itself
      for (const last = end - 64; z <= last; z += 64) {
        const firstU8x16 = v128.load(x);
        const secondU8x16 = v128.load(x, 16);
        aI32x4 = packed.indexSlot<X>(firstU8x16, 0, indexI8x16, z, aI32x4);
        bI32x4 = packed.indexSlot<X>(firstU8x16, 1, indexI8x16, z, bI32x4);
        cI32x4 = packed.indexSlot<X>(secondU8x16, 0, indexI8x16, z + 32, cI32x4);
        dI32x4 = packed.indexSlot<X>(secondU8x16, 1, indexI8x16, z + 32, dI32x4);
        x += 32;
      }
    }
    while (z < end) {
      const blockU8x16 = v128.load(x);
      aI32x4 = packed.indexSlot<X>(blockU8x16, 0, indexI8x16, z, aI32x4);
      bI32x4 = packed.indexSlot<X>(blockU8x16, 1, indexI8x16, z, bI32x4);
      if (packed.bits<X>() < 4) {
        cI32x4 = packed.indexSlot<X>(blockU8x16, 2, indexI8x16, z, cI32x4);
        dI32x4 = packed.indexSlot<X>(blockU8x16, 3, indexI8x16, z, dI32x4);
      }
      if (packed.bits<X>() < 2) {
        aI32x4 = packed.indexSlot<X>(blockU8x16, 4, indexI8x16, z, aI32x4);
        bI32x4 = packed.indexSlot<X>(blockU8x16, 5, indexI8x16, z, bI32x4);
        cI32x4 = packed.indexSlot<X>(blockU8x16, 6, indexI8x16, z, cI32x4);
        dI32x4 = packed.indexSlot<X>(blockU8x16, 7, indexI8x16, z, dI32x4);
      }
      x += 16;
      z += packed.width<X>();
    }
    const abI64x2 = i64x2.add(lanes.widenI32(aI32x4), lanes.widenI32(bI32x4));
    return <f64>lanes.sumI64(i64x2.add(abI64x2, i64x2.add(lanes.widenI32(cI32x4), lanes.widenI32(dI32x4))));
  }

  /** Four int32 sums of level·z over the 16 columns of a slot. */
  @inline
  static dotSlot<X, Z>(blockU8x16: v128, slot: i32, levelsI8x16: v128, indexI8x16: v128, z: usize): v128 {
    const levelI8x16 = packed.look(levelsI8x16, packed.slot<X>(blockU8x16, slot, indexI8x16));
    const lowI16x8 = i16x8.extend_low_i8x16_s(levelI8x16);
    const highI16x8 = i16x8.extend_high_i8x16_s(levelI8x16);
    const from = z + ((<usize>slot) << 4) * sizeof<Z>();
    if (sizeof<Z>() == 2) {
      return i32x4.add(i32x4.dot_i16x8_s(lowI16x8, v128.load(from)), i32x4.dot_i16x8_s(highI16x8, v128.load(from, 16)));
    } else {
      return i32x4.add(
        i32x4.dot_i16x8_s(lowI16x8, v128.load8x8_s(from)),
        i32x4.dot_i16x8_s(highI16x8, v128.load8x8_s(from, 8)),
      );
    }
  }

  /** Σ levelⱼ·zⱼ exactly, z int8 or int16. A window of 4096 columns: 8 int32 lanes of at most 127·32768·4096/8 < 2³¹; windows are added in int64. */
  static dot<X, Z>(x: usize, z: usize, columns: i32, levels: usize): f64 {
    const levelsI8x16 = v128.load(levels);
    const indexI8x16 = v128.load(levels, INDEX);
    let totalI64x2 = i64x2.splat(0);
    while (columns > 0) {
      const width = min(columns, WINDOW);
      const end = z + <usize>width * sizeof<Z>();
      let aI32x4 = i32x4.splat(0);
      let bI32x4 = aI32x4;
      while (z < end) {
        const blockU8x16 = v128.load(x);
        aI32x4 = i32x4.add(aI32x4, packed.dotSlot<X, Z>(blockU8x16, 0, levelsI8x16, indexI8x16, z));
        bI32x4 = i32x4.add(bI32x4, packed.dotSlot<X, Z>(blockU8x16, 1, levelsI8x16, indexI8x16, z));
        if (packed.bits<X>() < 4) {
          aI32x4 = i32x4.add(aI32x4, packed.dotSlot<X, Z>(blockU8x16, 2, levelsI8x16, indexI8x16, z));
          bI32x4 = i32x4.add(bI32x4, packed.dotSlot<X, Z>(blockU8x16, 3, levelsI8x16, indexI8x16, z));
        }
        if (packed.bits<X>() < 2) {
          aI32x4 = i32x4.add(aI32x4, packed.dotSlot<X, Z>(blockU8x16, 4, levelsI8x16, indexI8x16, z));
          bI32x4 = i32x4.add(bI32x4, packed.dotSlot<X, Z>(blockU8x16, 5, levelsI8x16, indexI8x16, z));
          aI32x4 = i32x4.add(aI32x4, packed.dotSlot<X, Z>(blockU8x16, 6, levelsI8x16, indexI8x16, z));
          bI32x4 = i32x4.add(bI32x4, packed.dotSlot<X, Z>(blockU8x16, 7, levelsI8x16, indexI8x16, z));
        }
        x += 16;
        z += packed.width<X>() * sizeof<Z>();
      }
      totalI64x2 = i64x2.add(totalI64x2, i64x2.add(lanes.widenI32(aI32x4), lanes.widenI32(bI32x4)));
      columns -= width;
    }
    return <f64>lanes.sumI64(totalI64x2);
  }

  // --- updates: there are at most 16 different ones per step, rounded once each ---

  /** (k·level + r) >> s of eight levels; |k·level| + r ≤ 127·127 + 16383 < 2¹⁵. levels: eight int8, offsets: eight u16 r < 2ˢ. */
  @inline
  static products(levels: usize, k: i32, s: i32, offsets: usize): v128 {
    const productI16x8 = i16x8.mul(i16x8.splat(<i16>k), v128.load8x8_s(levels));
    return i16x8.shr_s(i16x8.add(productI16x8, v128.load(offsets)), s);
  }

  @inline
  static masked<M>(bytesI8x16: v128, mask: usize): v128 {
    if (sizeof<M>() == 1) return v128.and(bytesI8x16, v128.load(mask));
    else return bytesI8x16;
  }

  /** New z of one slot, stored: z + update, saturating. M: i8 with a mask, i16 without. */
  @inline
  static move8<X, M>(blockU8x16: v128, slot: i32, updatesI8x16: v128, indexI8x16: v128, mask: usize, z: usize): v128 {
    const at = (<usize>slot) << 4;
    const uI8x16 = packed.look(updatesI8x16, packed.slot<X>(blockU8x16, slot, indexI8x16));
    const zI8x16 = i8x16.add_sat_s(v128.load(z + at), packed.masked<M>(uI8x16, mask + at));
    v128.store(z + at, zI8x16);
    return zI8x16;
  }

  /** z += update of each column's level, z int8: updates are sat8((k·level + r) >> s). The axpy of packed codes; M: i8 with a mask, i16 without. */
  static axpy<X, M>(
    z: usize,
    x: usize,
    columns: i32,
    k: i32,
    s: i32,
    offsets: usize,
    levels: usize,
    mask: usize,
  ): void {
    const indexI8x16 = v128.load(levels, INDEX);
    const updatesI8x16 = i8x16.narrow_i16x8_s(
      packed.products(levels, k, s, offsets),
      packed.products(levels + 8, k, s, offsets),
    );
    const end = z + <usize>columns;
    if (packed.bits<X>() == 4) {
      for (const last = end - 64; z <= last; z += 64) {
        const firstU8x16 = v128.load(x);
        const secondU8x16 = v128.load(x, 16);
        packed.move8<X, M>(firstU8x16, 0, updatesI8x16, indexI8x16, mask, z);
        packed.move8<X, M>(firstU8x16, 1, updatesI8x16, indexI8x16, mask, z);
        packed.move8<X, M>(secondU8x16, 0, updatesI8x16, indexI8x16, mask + 32, z + 32);
        packed.move8<X, M>(secondU8x16, 1, updatesI8x16, indexI8x16, mask + 32, z + 32);
        x += 32;
        mask += 64;
      }
    }
    while (z < end) {
      const blockU8x16 = v128.load(x);
      packed.move8<X, M>(blockU8x16, 0, updatesI8x16, indexI8x16, mask, z);
      packed.move8<X, M>(blockU8x16, 1, updatesI8x16, indexI8x16, mask, z);
      if (packed.bits<X>() < 4) {
        packed.move8<X, M>(blockU8x16, 2, updatesI8x16, indexI8x16, mask, z);
        packed.move8<X, M>(blockU8x16, 3, updatesI8x16, indexI8x16, mask, z);
      }
      if (packed.bits<X>() < 2) {
        packed.move8<X, M>(blockU8x16, 4, updatesI8x16, indexI8x16, mask, z);
        packed.move8<X, M>(blockU8x16, 5, updatesI8x16, indexI8x16, mask, z);
        packed.move8<X, M>(blockU8x16, 6, updatesI8x16, indexI8x16, mask, z);
        packed.move8<X, M>(blockU8x16, 7, updatesI8x16, indexI8x16, mask, z);
      }
      x += 16;
      z += packed.width<X>();
      mask += packed.width<X>();
    }
  }
}
