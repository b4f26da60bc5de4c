// Passes of the Newton solvers over rows of bytes, a block of rows at a time, so that a block is read from memory once and its int16
// coefficients get a unit of their own. Block: 256 rows, the most for which 255·32767·rows < 2³¹. docs/numerics.md §10.
import { matvec } from "../kernel/matvec";
import { packed, U1, U2, U4 } from "../kernel/packed";
import { tiles } from "../kernel/tiles";
import { vector } from "../kernel/vector";
import { curvature } from "../loss/curvature";

export const BLOCK: i32 = 256;

/** How rows of packed codes become int8 rows, a block at a time. The bindings write the fields in this order. */
@unmanaged
export class Packing {
  /** As kernel/packed.ts wants them. */
  levels: usize;
  mask: usize;
  /** 4, 2 or 1. */
  bits: u32;
  /** Padded columns: the stride of the int8 rows. */
  columns: u32;
  /** Room for a block of them. */
  rows: usize;
}

@unmanaged
export abstract class blocks {
  /** Bytes of scratch the passes below need. */
  static scratchBytes(columns: i32, classes: i32): usize {
    // integer margins, float32 coefficients, pairs of int16, column sums
    return <usize>BLOCK * <usize>classes * 10 + 64 + ((<usize>classes * <usize>columns) << 2);
  }

  @inline
  static coefficients(scratch: usize, classes: i32): usize {
    return scratch + ((<usize>BLOCK * <usize>classes) << 2);
  }

  @inline
  static pairs(scratch: usize, classes: i32): usize {
    return scratch + ((<usize>BLOCK * <usize>classes) << 3);
  }

  @inline
  static sums(scratch: usize, classes: i32): usize {
    return (scratch + <usize>BLOCK * <usize>classes * 10 + 63) & ~63;
  }

  /** Power-of-two unit for int16 codes of numbers up to `top`: top/unit < 2¹⁵. */
  @inline
  static unitFor(top: f64): f64 {
    return vector.powerAbove(top) / 32768;
  }

  /** The rows of a block as bytes: themselves, or (packing not 0) what their codes stand for. */
  static bytes(x: usize, stride: usize, rows: i32, packing: usize): usize {
    if (!packing) return x;
    const how = changetype<Packing>(packing);
    const columns = how.columns;
    if (how.bits == 4) packed.decode<U4>(x, stride, rows, columns, how.levels, how.mask, how.rows, columns);
    else if (how.bits == 2) packed.decode<U2>(x, stride, rows, columns, how.levels, how.mask, how.rows, columns);
    else packed.decode<U1>(x, stride, rows, columns, how.levels, how.mask, how.rows, columns);
    return how.rows;
  }

  /** Their stride. */
  @inline
  static stride(stride: usize, packing: usize): usize {
    return packing ? <usize>changetype<Packing>(packing).columns : stride;
  }

  /** The map of the next block. */
  @inline
  static nextMap(map: usize, columns: i32): usize {
    return map ? map + (<usize>BLOCK >> 6) * tiles.stripBytes(columns) : 0;
  }

  /** U (+)= unit·(X·codesᵀ) + shift; codes: classes × columns int16, shift: classes f64, U: rows × classes f64. map, here and below: as `tiles` writes it, or 0; packing: of packed rows (T int8), or 0. */
  static margins<T>(
    x: usize,
    stride: usize,
    rows: i32,
    columns: i32,
    classes: i32,
    codes: usize,
    unit: f64,
    shift: usize,
    isAdded: i32,
    scratch: usize,
    u: usize,
    map: usize,
    packing: usize,
  ): void {
    const apart = blocks.stride(stride, packing);
    while (rows > 0) {
      const block = min(rows, BLOCK);
      const bytes = blocks.bytes(x, stride, block, packing);
      matvec.multiply<T>(bytes, apart, block, columns, codes, classes, scratch, map);
      blocks.toReal(scratch, block, classes, unit, shift, isAdded, u);
      x += <usize>block * stride;
      u += (<usize>block * <usize>classes) << 3;
      map = blocks.nextMap(map, columns);
      rows -= block;
    }
  }

  static toReal(a: usize, rows: i32, classes: i32, unit: f64, shift: usize, isAdded: i32, u: usize): void {
    if (classes == 1 && !isAdded) {
      const add = load<f64>(shift);
      for (let i: usize = 0; i < <usize>rows; i++) store<f64>(u + (i << 3), unit * <f64>load<i32>(a + (i << 2)) + add);
      return;
    }
    for (let i = 0; i < rows; i++) {
      for (let k: usize = 0; k < <usize>classes; k++) {
        const value = unit * <f64>load<i32>(a) + load<f64>(shift + (k << 3));
        store<f64>(u, isAdded ? load<f64>(u) + value : value);
        a += 4;
        u += 8;
      }
    }
  }

  /** One coefficient in codes; the top one may round to 32768. */
  @inline
  static code(t: usize, inverse: f32): i32 {
    return min(<i32>nearest<f32>(load<f32>(t) * inverse), 32767);
  }

  /** Four coefficients in codes. */
  @inline
  static code4(t: usize, inverseF32x4: v128): v128 {
    const codeI32x4 = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(t), inverseF32x4)));
    return i32x4.min_s(codeI32x4, i32x4.splat(32767));
  }

  /** int16 of t/unit, laid out in pairs of rows for matvec.transposed; t: rows × classes f32, inverse = 1/unit. */
  static pack(t: usize, rows: i32, classes: i32, inverse: f32, pairs: usize): void {
    const bytes = (<usize>classes) << 2;
    const fours = bytes & ~15;
    const inverseF32x4 = f32x4.splat(inverse);
    const lowI32x4 = i32x4.splat(0xffff);
    let at = pairs;
    let row = 0;
    for (; row + 2 <= rows; row += 2) {
      const next = t + bytes;
      let k: usize = 0;
      for (; k < fours; k += 16) {
        const firstI32x4 = v128.and(blocks.code4(t + k, inverseF32x4), lowI32x4);
        v128.store(at + k, v128.or(firstI32x4, i32x4.shl(blocks.code4(next + k, inverseF32x4), 16)));
      }
      for (; k < bytes; k += 4) {
        store<i16>(at + k, <i16>blocks.code(t + k, inverse));
        store<i16>(at + k, <i16>blocks.code(next + k, inverse), 2);
      }
      t += bytes << 1;
      at += bytes;
    }
    // the odd row that has no partner: coefficient 0
    if (row < rows) for (let k: usize = 0; k < bytes; k += 4) store<i32>(at + k, blocks.code(t + k, inverse) & 0xffff);
  }

  /** The odd row that the last pair does not have: coefficient 0. */
  @inline
  static clearPartner(pair: usize, bytes: usize): void {
    for (let k: usize = 0; k < bytes; k += 4) store<i16>(pair + k, 0, 2);
  }

  /** g += unit·(pairsᵀX) for one block; the column sums are taken in int32. */
  static add<T>(
    x: usize,
    stride: usize,
    rows: i32,
    columns: i32,
    classes: i32,
    pairs: usize,
    unit: f64,
    sums: usize,
    g: usize,
    map: usize,
  ): void {
    const count = columns * classes;
    memory.fill(sums, 0, (<usize>count) << 2);
    matvec.transposed<T>(x, stride, rows, columns, pairs, classes, sums, map);
    vector.addInt32(g, unit, sums, count);
  }

  /** totals[k] += unit·Σ codes of class k. */
  static addTotals(pairs: usize, rows: i32, classes: i32, unit: f64, totals: usize): void {
    for (let k: usize = 0; k < <usize>classes; k++) {
      let sum = 0;
      let at = pairs + (k << 2);
      for (let i = 0; i < rows; i += 2) {
        sum += <i32>load<i16>(at) + <i32>load<i16>(at, 2);
        at += (<usize>classes) << 2;
      }
      store<f64>(totals + (k << 3), load<f64>(totals + (k << 3)) + unit * <f64>sum);
    }
  }

  /**
   * Hessian product without regulariser: g = Σᵢ xᵢ·tᵢ, totals = Σᵢ tᵢ, t = D(unit·X·codes + shift), t rounded to int16 per block.
   * isSoftmax: D = ω(diag(p) − ppᵀ) with p = state (rows × classes f32), weights rows f32 or 0; else D = h (rows f32).
   * codes: classes × columns int16; shift, totals: classes f64; g: classes × columns f64. A block whose largest |t| is below 1e-30 counts as zero; one
   * that float32 cannot hold makes all totals NaN. isAdded: to what g and totals hold already, so that rows may come in parts (blocks start anew with each call).
   */
  static hessian<T>(
    x: usize,
    stride: usize,
    rows: i32,
    columns: i32,
    classes: i32,
    codes: usize,
    unit: f64,
    shift: usize,
    h: usize,
    p: usize,
    weights: usize,
    scratch: usize,
    g: usize,
    totals: usize,
    map: usize,
    packing: usize,
    isAdded: i32,
  ): void {
    const apart = blocks.stride(stride, packing);
    const t = blocks.coefficients(scratch, classes);
    const pairs = blocks.pairs(scratch, classes);
    const sums = blocks.sums(scratch, classes);
    if (!isAdded) {
      memory.fill(g, 0, (<usize>columns * <usize>classes) << 3);
      memory.fill(totals, 0, (<usize>classes) << 3);
    }
    while (rows > 0) {
      const block = min(rows, BLOCK);
      const bytes = blocks.bytes(x, stride, block, packing);
      matvec.multiply<T>(bytes, apart, block, columns, codes, classes, scratch, map);
      const top =
        classes == 1
          ? curvature.apply1(scratch, <f32>unit, <f32>load<f64>(shift), h, block, t)
          : curvature.applySoftmax(scratch, <f32>unit, shift, p, weights, block, classes, t);
      if (top > 1e-30 && top < 1e30) {
        const blockUnit = blocks.unitFor(<f64>top);
        blocks.pack(t, block, classes, <f32>(1 / blockUnit), pairs);
        blocks.add<T>(bytes, apart, block, columns, classes, pairs, blockUnit, sums, g, map);
        blocks.addTotals(pairs, block, classes, blockUnit, totals);
      } else if (!(top <= 1e-30)) {
        for (let k: usize = 0; k < (<usize>classes) << 3; k += 8) store<f64>(totals + k, NaN);
      }
      rows -= block;
      x += <usize>block * stride;
      h += (<usize>block) << 2;
      p += (<usize>block * <usize>classes) << 2;
      if (weights) weights += (<usize>block) << 2;
      map = blocks.nextMap(map, columns);
    }
  }

  /**
   * The bit-centred gradient: brings `held`, the derivatives that g and totals stand for, to within half a code of c:
   *   code = nearest((c − held)/unit) per block,  held += unit·code,  g += unit·Σ code·xᵢ,  totals += unit·Σ code
   * so that always g = Σ held·xᵢ exactly (up to float64 sums), and what is missing shrinks with the changes of c: the unit of a block is
   * 2⁻¹⁵ of its largest change (the very largest may be a whole unit short, for its code ends at 32767). c must be finite. c, held: rows × classes f64; g: classes × columns f64; totals: classes f64.
   * low: distance in bytes to the low plane of 16-bit data (x = 256·high + low), or 0; map: of the high plane. Returns Σ (c − held)², what is missing now.
   */
  static follow<T>(
    x: usize,
    low: usize,
    stride: usize,
    rows: i32,
    columns: i32,
    classes: i32,
    c: usize,
    held: usize,
    scratch: usize,
    g: usize,
    totals: usize,
    map: usize,
    packing: usize,
  ): f64 {
    const apart = blocks.stride(stride, packing);
    const pairs = blocks.pairs(scratch, classes);
    const sums = blocks.sums(scratch, classes);
    let missing: f64 = 0;
    while (rows > 0) {
      const block = min(rows, BLOCK);
      const count = (<usize>block * <usize>classes) << 3;
      let top: f64 = 0;
      for (let i: usize = 0; i < count; i += 8) top = max(top, abs(load<f64>(c + i) - load<f64>(held + i)));
      if (top > 1e-290 && top < 1e290) {
        const unit = blocks.unitFor(top);
        missing += blocks.packChange(c, held, block, classes, unit, pairs);
        const bytes = blocks.bytes(x, stride, block, packing);
        blocks.add<T>(bytes, apart, block, columns, classes, pairs, low ? 256 * unit : unit, sums, g, map);
        if (low) blocks.add<T>(x + low, stride, block, columns, classes, pairs, unit, sums, g, 0);
        blocks.addTotals(pairs, block, classes, unit, totals);
      }
      rows -= block;
      x += <usize>block * stride;
      c += count;
      held += count;
      map = blocks.nextMap(map, columns);
    }
    return missing;
  }

  /** Codes of the changes of one block, added to held; returns what is missing then, Σ (c − held)². */
  static packChange(c: usize, held: usize, rows: i32, classes: i32, unit: f64, pairs: usize): f64 {
    const bytes = (<usize>classes) << 2;
    const inverse = 1 / unit;
    let missing: f64 = 0;
    for (let i = 0; i < rows; i++) {
      const at = pairs + <usize>(i >> 1) * bytes + ((<usize>(i & 1)) << 1);
      for (let k: usize = 0; k < bytes; k += 4) {
        const was = load<f64>(held);
        const code = min(<i32>nearest<f64>((load<f64>(c) - was) * inverse), 32767);
        store<i16>(at + k, <i16>code);
        const now = was + unit * <f64>code;
        const rest = load<f64>(c) - now;
        missing += rest * rest;
        store<f64>(held, now);
        c += 8;
        held += 8;
      }
    }
    if (rows & 1) blocks.clearPartner(pairs + <usize>(rows >> 1) * bytes, bytes);
    return missing;
  }
}
