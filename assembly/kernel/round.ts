// Stochastic rounding of float32 vectors: to levels per column (samples of a row), or to a symmetric grid of one unit (model and gradient).
// Unbiased: a value between two levels becomes the upper one with the probability of how far up it stands. One coin per column and rounding; two
// roundings of a row never share one (then the bias of a single sample would be back). docs/numerics.md §14. Source: ZipML (arXiv 1611.05402) §2.
// Columns: multiples of 4. A column with width 0 is never rounded.
import { lanes } from "../core/lanes";
import { dot } from "./dot";

/** 1, and the value of the lowest of a coin's 24 bits. From memory: constants would be rebuilt at every use in a loop. */
const ONE = memory.data<f32>([1]);
const COIN = memory.data<f32>([5.9604644775390625e-8]);

@unmanaged
export abstract class round {
  /** xorshift32 (13, 17, 5) in four lanes. */
  @inline
  static next(stateI32x4: v128): v128 {
    let xI32x4 = v128.xor(stateI32x4, i32x4.shl(stateI32x4, 13));
    xI32x4 = v128.xor(xI32x4, i32x4.shr_u(xI32x4, 17));
    return v128.xor(xI32x4, i32x4.shl(xI32x4, 5));
  }

  /** 24 random bits in [0, 1) per lane; coinF32x4: 2⁻²⁴. */
  @inline
  static uniform(stateI32x4: v128, coinF32x4: v128): v128 {
    return f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_u(stateI32x4, 8)), coinF32x4);
  }

  /** An avalanche of 32 bits (MurmurHash3's finaliser), never 0: neighbouring draws become seeds of streams that have nothing in common. */
  static seed(x: u32): u32 {
    x ^= x >> 16;
    x *= 0x85ebca6b;
    x ^= x >> 13;
    x *= 0xc2b2ae35;
    x ^= x >> 16;
    return x == 0 ? 1 : x;
  }

  /** Uniform levels: p = (x − low)·inverse, base = floor(p) within 0..last, fraction = p − base. All columns f32. */
  static split(x: usize, low: usize, inverse: usize, last: f32, columns: i32, base: usize, fraction: usize): void {
    const zeroF32x4 = f32x4.splat(0);
    const lastF32x4 = f32x4.splat(last);
    for (let j: usize = 0; j < (<usize>columns) << 2; j += 16) {
      const pF32x4 = f32x4.mul(f32x4.sub(v128.load(x + j), v128.load(low + j)), v128.load(inverse + j));
      // pmin and pmax: one instruction each, and no NaN to care for
      const baseF32x4 = f32x4.pmin(f32x4.pmax(f32x4.floor(pF32x4), zeroF32x4), lastF32x4);
      v128.store(base + j, baseF32x4);
      v128.store(fraction + j, f32x4.sub(pF32x4, baseF32x4));
    }
  }

  /** Levels of a table (count f32, ascending, count ≥ 2): base = the last level ≤ x but one of 0..count − 2, fraction = (x − a)/(b − a) between its neighbours. */
  static search(x: usize, table: usize, count: i32, columns: i32, base: usize, fraction: usize): void {
    for (let j: usize = 0; j < (<usize>columns) << 2; j += 4) {
      const value = load<f32>(x + j);
      let first = 0;
      let beyond = count - 1;
      while (beyond - first > 1) {
        const middle = (first + beyond) >> 1;
        if (load<f32>(table + ((<usize>middle) << 2)) <= value) first = middle;
        else beyond = middle;
      }
      const at = table + ((<usize>first) << 2);
      const a = load<f32>(at);
      store<f32>(base + j, <f32>first);
      store<f32>(fraction + j, (value - a) / (load<f32>(at, 4) - a));
    }
  }

  /**
   * index = base + 1 where the coin of the column falls below its fraction, else base. The coins' eight streams stand at `lanes`: two vectors, since each draw
   * waits for the one before. columns f32, a multiple of 8.
   */
  static draw(base: usize, fraction: usize, columns: i32, lanes: usize, index: usize): void {
    const oneF32x4 = v128.load32_splat(ONE);
    const coinF32x4 = v128.load32_splat(COIN);
    let aI32x4 = v128.load(lanes);
    let bI32x4 = v128.load(lanes, 16);
    for (let j: usize = 0; j < (<usize>columns) << 2; j += 32) {
      aI32x4 = round.next(aI32x4);
      bI32x4 = round.next(bI32x4);
      const isUpF32x4 = f32x4.lt(round.uniform(aI32x4, coinF32x4), v128.load(fraction + j));
      const isUp2F32x4 = f32x4.lt(round.uniform(bI32x4, coinF32x4), v128.load(fraction + j, 16));
      v128.store(index + j, f32x4.add(v128.load(base + j), v128.and(isUpF32x4, oneF32x4)));
      v128.store(index + j, f32x4.add(v128.load(base + j, 16), v128.and(isUp2F32x4, oneF32x4)), 16);
    }
    v128.store(lanes, aI32x4);
    v128.store(lanes, bI32x4, 16);
  }

  /** index = base + 1 where fraction ≥ limit, else base: nearest at ½. columns f32. */
  static settle(base: usize, fraction: usize, limit: f32, columns: i32, index: usize): void {
    const oneF32x4 = v128.load32_splat(ONE);
    const limitF32x4 = f32x4.splat(limit);
    for (let j: usize = 0; j < (<usize>columns) << 2; j += 16) {
      const isUpF32x4 = f32x4.ge(v128.load(fraction + j), limitF32x4);
      v128.store(index + j, f32x4.add(v128.load(base + j), v128.and(isUpF32x4, oneF32x4)));
    }
  }

  /** Indices (columns f32, whole, 0..255) as bytes. columns: multiple of 8. */
  static toBytes(index: usize, columns: i32, out: usize): void {
    for (let j: usize = 0; j < <usize>columns; j += 8) {
      const aI32x4 = i32x4.trunc_sat_f32x4_s(v128.load(index + (j << 2)));
      const bI32x4 = i32x4.trunc_sat_f32x4_s(v128.load(index + (j << 2), 16));
      const codeI16x8 = i16x8.narrow_i32x4_s(aI32x4, bI32x4);
      v128.store64_lane(out + j, i8x16.narrow_i16x8_u(codeI16x8, codeI16x8), 0);
    }
  }

  /** Values of bytes, code + addend, on uniform levels: what `values` gives for them. columns: multiple of 16. */
  static decode(codes: usize, addend: f32, low: usize, width: usize, scale: f32, columns: i32, out: usize): void {
    const addendF32x4 = f32x4.splat(addend);
    const scaleF32x4 = f32x4.splat(scale);
    for (let j: usize = 0; j < <usize>columns; j += 16) {
      const aI16x8 = v128.load8x8_u(codes + j);
      const bI16x8 = v128.load8x8_u(codes + j, 8);
      const at = j << 2;
      round.decode4(i32x4.extend_low_i16x8_u(aI16x8), addendF32x4, low + at, width + at, scaleF32x4, out + at);
      round.decode4(
        i32x4.extend_high_i16x8_u(aI16x8),
        addendF32x4,
        low + at + 16,
        width + at + 16,
        scaleF32x4,
        out + at + 16,
      );
      round.decode4(
        i32x4.extend_low_i16x8_u(bI16x8),
        addendF32x4,
        low + at + 32,
        width + at + 32,
        scaleF32x4,
        out + at + 32,
      );
      round.decode4(
        i32x4.extend_high_i16x8_u(bI16x8),
        addendF32x4,
        low + at + 48,
        width + at + 48,
        scaleF32x4,
        out + at + 48,
      );
    }
  }

  @inline
  static decode4(codeI32x4: v128, addendF32x4: v128, low: usize, width: usize, scaleF32x4: v128, out: usize): void {
    const indexF32x4 = f32x4.add(f32x4.convert_i32x4_s(codeI32x4), addendF32x4);
    const valueF32x4 = f32x4.add(v128.load(low), f32x4.mul(v128.load(width), indexF32x4));
    v128.store(out, f32x4.mul(valueF32x4, scaleF32x4));
  }

  /** Bytes k, 4 + k, 8 + k and 12 + k of 64 bytes: the k-th byte of sixteen floats. */
  @inline
  static byteOf(table: usize, k: usize): v128 {
    const at = table + k;
    let bytesI8x16 = i8x16.splat(0);
    bytesI8x16 = v128.load8_lane(at, bytesI8x16, 0, 0);
    bytesI8x16 = v128.load8_lane(at, bytesI8x16, 1, 4);
    bytesI8x16 = v128.load8_lane(at, bytesI8x16, 2, 8);
    bytesI8x16 = v128.load8_lane(at, bytesI8x16, 3, 12);
    bytesI8x16 = v128.load8_lane(at, bytesI8x16, 4, 16);
    bytesI8x16 = v128.load8_lane(at, bytesI8x16, 5, 20);
    bytesI8x16 = v128.load8_lane(at, bytesI8x16, 6, 24);
    bytesI8x16 = v128.load8_lane(at, bytesI8x16, 7, 28);
    bytesI8x16 = v128.load8_lane(at, bytesI8x16, 8, 32);
    bytesI8x16 = v128.load8_lane(at, bytesI8x16, 9, 36);
    bytesI8x16 = v128.load8_lane(at, bytesI8x16, 10, 40);
    bytesI8x16 = v128.load8_lane(at, bytesI8x16, 11, 44);
    bytesI8x16 = v128.load8_lane(at, bytesI8x16, 12, 48);
    bytesI8x16 = v128.load8_lane(at, bytesI8x16, 13, 52);
    bytesI8x16 = v128.load8_lane(at, bytesI8x16, 14, 56);
    return v128.load8_lane(at, bytesI8x16, 15, 60);
  }

  /**
   * Values of bytes from a table: width·table[code]. Up to sixteen levels (64 bytes readable) are looked up sixteen columns at
   * a time, byte by byte of the floats. columns: multiple of 16.
   */
  static decodeTable(codes: usize, table: usize, count: i32, width: usize, columns: i32, out: usize): void {
    if (count > 16) {
      for (let j: usize = 0; j < <usize>columns; j++) {
        const k = <usize>load<u8>(codes + j);
        store<f32>(out + (j << 2), load<f32>(width + (j << 2)) * load<f32>(table + (k << 2)));
      }
      return;
    }
    const aI8x16 = round.byteOf(table, 0);
    const bI8x16 = round.byteOf(table, 1);
    const cI8x16 = round.byteOf(table, 2);
    const dI8x16 = round.byteOf(table, 3);
    for (let j: usize = 0; j < <usize>columns; j += 16) {
      const codeI8x16 = v128.load(codes + j);
      const lowI8x16 = i8x16.swizzle(aI8x16, codeI8x16);
      const nextI8x16 = i8x16.swizzle(bI8x16, codeI8x16);
      const thirdI8x16 = i8x16.swizzle(cI8x16, codeI8x16);
      const highI8x16 = i8x16.swizzle(dI8x16, codeI8x16);
      const low0I8x16 = lanes.zipLowI8(lowI8x16, nextI8x16);
      const low1I8x16 = lanes.zipHighI8(lowI8x16, nextI8x16);
      const high0I8x16 = lanes.zipLowI8(thirdI8x16, highI8x16);
      const high1I8x16 = lanes.zipHighI8(thirdI8x16, highI8x16);
      const at = j << 2;
      const w = width + at;
      const to = out + at;
      const firstF32x4 = i16x8.shuffle(low0I8x16, high0I8x16, 0, 8, 1, 9, 2, 10, 3, 11);
      const secondF32x4 = i16x8.shuffle(low0I8x16, high0I8x16, 4, 12, 5, 13, 6, 14, 7, 15);
      const thirdF32x4 = i16x8.shuffle(low1I8x16, high1I8x16, 0, 8, 1, 9, 2, 10, 3, 11);
      const fourthF32x4 = i16x8.shuffle(low1I8x16, high1I8x16, 4, 12, 5, 13, 6, 14, 7, 15);
      v128.store(to, f32x4.mul(v128.load(w), firstF32x4));
      v128.store(to, f32x4.mul(v128.load(w, 16), secondF32x4), 16);
      v128.store(to, f32x4.mul(v128.load(w, 32), thirdF32x4), 32);
      v128.store(to, f32x4.mul(v128.load(w, 48), fourthF32x4), 48);
    }
  }

  /** Values of uniform levels: (low + width·index)·scale, columns f32. */
  static values(index: usize, low: usize, width: usize, scale: f32, columns: i32, out: usize): void {
    const scaleF32x4 = f32x4.splat(scale);
    for (let j: usize = 0; j < (<usize>columns) << 2; j += 16) {
      const valueF32x4 = f32x4.add(v128.load(low + j), f32x4.mul(v128.load(width + j), v128.load(index + j)));
      v128.store(out + j, f32x4.mul(valueF32x4, scaleF32x4));
    }
  }

  /** Halfway between levels: width·½(table[code] + table[code + 1]). codes: columns u8. */
  static between(codes: usize, table: usize, width: usize, columns: i32, out: usize): void {
    for (let j: usize = 0; j < <usize>columns; j++) {
      const level = table + ((<usize>load<u8>(codes + j)) << 2);
      const at = j << 2;
      store<f32>(out + at, load<f32>(width + at) * (<f32>0.5 * (load<f32>(level) + load<f32>(level, 4))));
    }
  }

  /** Largest |x|, or with isNorm the root of Σ x² in float32 (dot.f32). columns: multiple of 32. */
  static size(x: usize, columns: i32, isNorm: i32): f32 {
    if (isNorm) return sqrt<f32>(<f32>dot.f32<f32>(x, x, columns));
    let topF32x4 = f32x4.splat(0);
    for (let j: usize = 0; j < (<usize>columns) << 2; j += 16)
      topF32x4 = f32x4.max(topF32x4, f32x4.abs(v128.load(x + j)));
    const pairF32x4 = f32x4.max(topF32x4, i32x4.shuffle(topF32x4, topF32x4, 2, 3, 0, 1));
    return max<f32>(f32x4.extract_lane(pairF32x4, 0), f32x4.extract_lane(pairF32x4, 1));
  }

  /** x ← x/scale, or all 0 for a scale of 0. columns f32. */
  static divide(x: usize, scale: f32, columns: i32): void {
    const scaleF32x4 = f32x4.splat(scale == 0 ? 1 : scale);
    for (let j: usize = 0; j < (<usize>columns) << 2; j += 16)
      v128.store(x + j, f32x4.div(v128.load(x + j), scaleF32x4));
  }

  /**
   * Stochastic rounding to unit·k, k = −limit … limit: p = x/unit within ±limit, k = floor(p), + 1 where the coin falls below p − floor(p).
   * unit = size/limit covers x; a vector of zeros stays as it is, and takes no coins. x, out: columns f32, a multiple of 32.
   */
  static vector(x: usize, limit: f32, isNorm: i32, columns: i32, lanes: usize, out: usize): void {
    const unit = round.size(x, columns, isNorm) / limit;
    if (unit == 0) {
      memory.copy(out, x, (<usize>columns) << 2);
      return;
    }
    const oneF32x4 = v128.load32_splat(ONE);
    const unitF32x4 = f32x4.splat(unit);
    const limitF32x4 = f32x4.splat(limit);
    const lowF32x4 = f32x4.splat(-limit);
    const coinF32x4 = v128.load32_splat(COIN);
    let aI32x4 = v128.load(lanes);
    let bI32x4 = v128.load(lanes, 16);
    for (let j: usize = 0; j < (<usize>columns) << 2; j += 32) {
      aI32x4 = round.next(aI32x4);
      bI32x4 = round.next(bI32x4);
      const pF32x4 = f32x4.pmin(f32x4.pmax(f32x4.div(v128.load(x + j), unitF32x4), lowF32x4), limitF32x4);
      const p2F32x4 = f32x4.pmin(f32x4.pmax(f32x4.div(v128.load(x + j, 16), unitF32x4), lowF32x4), limitF32x4);
      const floorF32x4 = f32x4.floor(pF32x4);
      const floor2F32x4 = f32x4.floor(p2F32x4);
      const isUpF32x4 = f32x4.lt(round.uniform(aI32x4, coinF32x4), f32x4.sub(pF32x4, floorF32x4));
      const isUp2F32x4 = f32x4.lt(round.uniform(bI32x4, coinF32x4), f32x4.sub(p2F32x4, floor2F32x4));
      v128.store(out + j, f32x4.mul(unitF32x4, f32x4.add(floorF32x4, v128.and(isUpF32x4, oneF32x4))));
      v128.store(out + j, f32x4.mul(unitF32x4, f32x4.add(floor2F32x4, v128.and(isUp2F32x4, oneF32x4))), 16);
    }
    v128.store(lanes, aI32x4);
    v128.store(lanes, bI32x4, 16);
  }

  /** y += k·x, columns f32: a product and a sum, two roundings. */
  static add(y: usize, k: f32, x: usize, columns: i32): void {
    const kF32x4 = f32x4.splat(k);
    for (let j: usize = 0; j < (<usize>columns) << 2; j += 16) {
      v128.store(y + j, f32x4.add(v128.load(y + j), f32x4.mul(kF32x4, v128.load(x + j))));
    }
  }

  /** y += k·x, then y += l·z, in one walk: the bits of two. */
  static addTwo(y: usize, k: f32, x: usize, l: f32, z: usize, columns: i32): void {
    const kF32x4 = f32x4.splat(k);
    const lF32x4 = f32x4.splat(l);
    for (let j: usize = 0; j < (<usize>columns) << 2; j += 16) {
      const onceF32x4 = f32x4.add(v128.load(y + j), f32x4.mul(kF32x4, v128.load(x + j)));
      v128.store(y + j, f32x4.add(onceF32x4, f32x4.mul(lF32x4, v128.load(z + j))));
    }
  }
}
