// @ts-nocheck AssemblyScript: bench/twin/compile.ts compiles it with asc, tsc does not judge it
// Passes of the Newton solvers over float32 rows: what assembly/solver/blocks.ts and assembly/kernel/gram.ts are for bytes. A block of rows is read from
// memory once and met again in cache; sums are float32 over at most 256 rows, then float64.
import { tiles } from "../../assembly/kernel/tiles";
import { reals } from "./reals";

/** Rows whose sums stay float32. */
const FLUSH: i32 = 256;
/** Bytes of rows per block: it stays in the first-level cache beside the vectors, or (many classes, which reuse every load) in the second-level one. */
const FEW_BYTES: usize = 24576;
const MANY_BYTES: usize = 65536;
/** Rows of a strip of the map of zeros (real-tiles.ts): with a map they are the block, which has as many bytes then as a block of the byte kernels. */
const MAP_ROWS: i32 = 64;
/** Rows and columns of a step of the Gram matrix. */
const GRAM_ROWS: i32 = 128;
const STRIP: i32 = 32;
const GROUP: i32 = 5;

@unmanaged
export abstract class passes {
  /** Rows per block: a multiple of 8 from 8 to 64. map, here and below: as `realTiles` writes it, or 0. */
  @inline
  static blockRows(stride: usize, classes: i32, map: usize): i32 {
    if (map) return MAP_ROWS;
    const bytes = classes < 5 ? FEW_BYTES : MANY_BYTES;
    return max(8, min(64, <i32>(bytes / stride) & ~7));
  }

  /** Bytes of scratch `margins`, `hessian` and `gradient` need: coefficients of a block, column sums. */
  static scratchBytes(columns: i32, classes: i32): usize {
    return ((64 * <usize>classes) << 2) + ((<usize>columns * <usize>classes) << 2);
  }

  @inline
  static sums(scratch: usize, classes: i32): usize {
    return scratch + ((64 * <usize>classes) << 2);
  }

  /** The map of the next block. */
  @inline
  static nextMap(map: usize, columns: i32): usize {
    return map ? map + tiles.stripBytes(columns) : 0;
  }

  /** g += s, then s = 0; g: count f64, s: count f32, count a multiple of 4. */
  static flush(s: usize, count: i32, g: usize): void {
    const zeroF32x4 = f32x4.splat(0);
    for (const end = s + ((<usize>count) << 2); s < end; s += 16) {
      const sF32x4 = v128.load(s);
      const highF64x2 = f64x2.promote_low_f32x4(i32x4.shuffle(sF32x4, sF32x4, 2, 3, 0, 1));
      v128.store(g, f64x2.add(v128.load(g), f64x2.promote_low_f32x4(sF32x4)));
      v128.store(g, f64x2.add(v128.load(g, 16), highF64x2), 16);
      v128.store(s, zeroF32x4);
      g += 32;
    }
  }

  /** t = h·(t + shift) in place, one margin per row; h, t: rows f32. */
  static apply1(shift: f32, h: usize, rows: i32, t: usize): void {
    const shiftF32x4 = f32x4.splat(shift);
    let i: usize = 0;
    for (const end = (<usize>(rows & ~3)) << 2; i < end; i += 16) {
      v128.store(t + i, f32x4.mul(v128.load(h + i), f32x4.add(v128.load(t + i), shiftF32x4)));
    }
    for (const end = (<usize>rows) << 2; i < end; i += 4) {
      store<f32>(t + i, load<f32>(h + i) * (load<f32>(t + i) + shift));
    }
  }

  /** Softmax, in place: t = ω·(diag(p) − ppᵀ)·(t + shift) per row; shift: classes f64, p, t: rows × classes f32, weights: rows f32 or 0. */
  static applySoftmax(shift: usize, p: usize, weights: usize, rows: i32, classes: i32, t: usize): void {
    const bytes = (<usize>classes) << 2;
    for (let row: usize = 0; row < <usize>rows; row++) {
      let mean: f32 = 0;
      for (let k: usize = 0; k < bytes; k += 4) {
        const margin = load<f32>(t + k) + <f32>load<f64>(shift + (k << 1));
        store<f32>(t + k, margin);
        mean += load<f32>(p + k) * margin;
      }
      const weight = weights ? load<f32>(weights + (row << 2)) : <f32>1;
      for (let k: usize = 0; k < bytes; k += 4) {
        store<f32>(t + k, weight * (load<f32>(p + k) * (load<f32>(t + k) - mean)));
      }
      p += bytes;
      t += bytes;
    }
  }

  /** totals[k] += Σ t of class k; t: rows × classes f32, totals: classes f64. */
  static addTotals(t: usize, rows: i32, classes: i32, totals: usize): void {
    for (let k: usize = 0; k < <usize>classes; k++) {
      let sum: f64 = 0;
      for (let i: usize = 0; i < <usize>rows; i++) sum += <f64>load<f32>(t + ((i * <usize>classes + k) << 2));
      store<f64>(totals + (k << 3), load<f64>(totals + (k << 3)) + sum);
    }
  }

  /** U = X·Pᵀ + shift; p: classes × columns f32, shift: classes f64, u: rows × classes f64. */
  static margins(
    x: usize,
    stride: usize,
    rows: i32,
    columns: i32,
    classes: i32,
    p: usize,
    shift: usize,
    scratch: usize,
    u: usize,
    map: usize,
  ): void {
    while (rows > 0) {
      const block = min(rows, 64);
      reals.multiply(x, stride, block, columns, p, classes, scratch, map);
      let a = scratch;
      for (let i = 0; i < block; i++) {
        for (let k: usize = 0; k < <usize>classes; k++) {
          store<f64>(u, <f64>load<f32>(a) + load<f64>(shift + (k << 3)));
          a += 4;
          u += 8;
        }
      }
      x += <usize>block * stride;
      map = passes.nextMap(map, columns);
      rows -= block;
    }
  }

  /**
   * Hessian product without regulariser: g = Σᵢ xᵢ·tᵢ, totals = Σᵢ tᵢ, t = D(X·p + shift). isSoftmax (classes > 1): D = ω(diag(q) − qqᵀ) with q = state
   * (rows × classes f32), weights rows f32 or 0; else D = h (rows f32). p: classes × columns f32; shift, totals: classes f64; g: classes × columns f64.
   */
  static hessian(
    x: usize,
    stride: usize,
    rows: i32,
    columns: i32,
    classes: i32,
    p: usize,
    shift: usize,
    h: usize,
    state: usize,
    weights: usize,
    scratch: usize,
    g: usize,
    totals: usize,
    map: usize,
  ): void {
    const sums = passes.sums(scratch, classes);
    const count = columns * classes;
    const most = passes.blockRows(stride, classes, map);
    memory.fill(g, 0, (<usize>count) << 3);
    memory.fill(totals, 0, (<usize>classes) << 3);
    memory.fill(sums, 0, (<usize>count) << 2);
    let held = 0;
    while (rows > 0) {
      const block = min(rows, most);
      reals.multiply(x, stride, block, columns, p, classes, scratch, map);
      if (classes === 1) passes.apply1(<f32>load<f64>(shift), h, block, scratch);
      else passes.applySoftmax(shift, state, weights, block, classes, scratch);
      reals.transposed(x, stride, block, columns, scratch, classes, sums, map);
      passes.addTotals(scratch, block, classes, totals);
      held += block;
      rows -= block;
      if (held + most > FLUSH || rows === 0) {
        passes.flush(sums, count, g);
        held = 0;
      }
      x += <usize>block * stride;
      map = passes.nextMap(map, columns);
      h += (<usize>block) << 2;
      state += (<usize>block * <usize>classes) << 2;
      if (weights) weights += (<usize>block) << 2;
    }
  }

  /** g = Σᵢ xᵢ·cᵢ with c rounded to float32; c: rows × classes f64, g: classes × columns f64. */
  static gradient(
    x: usize,
    stride: usize,
    rows: i32,
    columns: i32,
    classes: i32,
    c: usize,
    scratch: usize,
    g: usize,
    map: usize,
  ): void {
    const sums = passes.sums(scratch, classes);
    const count = columns * classes;
    const most = passes.blockRows(stride, classes, map);
    memory.fill(g, 0, (<usize>count) << 3);
    memory.fill(sums, 0, (<usize>count) << 2);
    let held = 0;
    while (rows > 0) {
      const block = min(rows, most);
      for (let i: usize = 0; i < <usize>(block * classes); i++) {
        store<f32>(scratch + (i << 2), <f32>load<f64>(c + (i << 3)));
      }
      reals.transposed(x, stride, block, columns, scratch, classes, sums, map);
      held += block;
      rows -= block;
      if (held + most > FLUSH || rows === 0) {
        passes.flush(sums, count, g);
        held = 0;
      }
      x += <usize>block * stride;
      map = passes.nextMap(map, columns);
      c += (<usize>block * <usize>classes) << 3;
    }
  }

  /** Bytes of scratch `gram` needs: weighted rows, sums of a group of columns, column sums. */
  static gramScratchBytes(columns: i32): usize {
    return (<usize>(GRAM_ROWS + GROUP + 1) * <usize>columns) << 2;
  }

  /** Upper part (k ≥ j) of g += Σ dᵢ·xᵢxᵢᵀ and first += Σ dᵢ·xᵢ; d: rows f32; g: columns × columns f64, row-major; first: columns f64. Returns Σ dᵢ. */
  static gram(
    x: usize,
    stride: usize,
    rows: i32,
    columns: i32,
    d: usize,
    scratch: usize,
    g: usize,
    first: usize,
    map: usize,
  ): f64 {
    const most = map ? MAP_ROWS : STRIP;
    const pitch = (<usize>columns) << 2;
    const sums = scratch + <usize>GRAM_ROWS * pitch;
    const linear = sums + <usize>GROUP * pitch;
    let total: f64 = 0;
    memory.fill(linear, 0, pitch);
    while (rows > 0) {
      const block = min(rows, GRAM_ROWS);
      for (let i: usize = 0; i < <usize>block; i++) {
        const from = x + i * stride;
        const to = scratch + i * pitch;
        const dF32x4 = v128.load32_splat(d + (i << 2));
        total += <f64>load<f32>(d + (i << 2));
        for (let j: usize = 0; j < pitch; j += 16) v128.store(to + j, f32x4.mul(dF32x4, v128.load(from + j)));
      }
      reals.transposed1(x, stride, block, columns, d, 4, linear);
      passes.flush(linear, columns, first);
      for (let j = 0; j < columns; j += GROUP) {
        const group = min(GROUP, columns - j);
        // columns in fours (tiles) from the one that holds j
        const from = map ? j & ~7 : j & ~3;
        const width = columns - from;
        memory.fill(sums, 0, (<usize>(group * width)) << 2);
        let ofStrip = map + ((<usize>from >> 3) << 2);
        for (let row = 0; row < block; row += most) {
          const strip = min(most, block - row);
          const at = x + <usize>row * stride + ((<usize>from) << 2);
          const t = scratch + <usize>row * pitch + ((<usize>j) << 2);
          const sBytes = (<usize>width) << 2;
          if (group === GROUP) {
            if (map) reals.transposed5Tiles(at, stride, strip, width, t, pitch, sums, sBytes, ofStrip);
            else reals.transposed5(at, stride, strip, width, t, pitch, sums, sBytes);
          } else {
            for (let k: usize = 0; k < <usize>group; k++) {
              reals.transposed1(at, stride, strip, width, t + (k << 2), pitch, sums + k * sBytes);
            }
          }
          ofStrip += tiles.stripBytes(columns);
        }
        for (let k = 0; k < group; k++) {
          const out = g + ((<usize>((j + k) * columns + from)) << 3);
          passes.flush(sums + ((<usize>(k * width)) << 2), width, out);
        }
      }
      rows -= block;
      x += <usize>block * stride;
      d += (<usize>block) << 2;
      if (map) map += <usize>(GRAM_ROWS / MAP_ROWS) * tiles.stripBytes(columns);
    }
    return total;
  }

  /** Rows of integers as float32; T: u8, i8 or i16; columns of out to a multiple of 4 are zero-padded as those of x are. */
  static widen<T>(x: usize, stride: usize, rows: i32, columns: i32, out: usize, outStride: usize): void {
    for (let i = 0; i < rows; i++) {
      for (let j: usize = 0; j < <usize>columns; j += 4) {
        let fourI32x4: v128;
        if (sizeof<T>() === 2) fourI32x4 = i32x4.extend_low_i16x8_s(v128.load64_zero(x + (j << 1)));
        else if (isSigned<T>()) fourI32x4 = i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(v128.load32_zero(x + j)));
        else fourI32x4 = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(x + j)));
        v128.store(out + (j << 2), f32x4.convert_i32x4_s(fourI32x4));
      }
      x += stride;
      out += outStride;
    }
  }
}
