// Minibatches on tiles: four rows of int8 codes stand together as columns/4 tiles of 16 bytes, byte 4·r + c of a tile being code c of row r. In the
// dots four bytes of z meet four rows at once: lanes are rows. In the update the coefficients of four rows meet four columns: lanes are columns.
// All coefficients of a batch belong to one z. docs/numerics.md §5 (batches), docs/decisions/0012.
//   Rows come in groups of four, the last one filled up with zero codes: their change is 0, so are their derivative difference and coefficient.
//   run.codes, rows, strideBytes, row, rowsPerDraw and rowsLeft count groups; run.state, labels, weights and sums cover the zero rows, too.
import { lanes, relaxed } from "../core/lanes";
import { change } from "../loss/change";
import { Loss } from "../loss/loss";
import { coefficient } from "./coefficient";
import { inner } from "./inner";
import { Run } from "./run";

/** Bytes of scratch per group at run.coefficients: float32 of its four rows, two vectors of coefficients, and what the next two lines say. */
const SLOT: usize = 64;
/** Address of the group's tiles, number of the group. */
const TILES_AT: usize = 48;
const GROUP_AT: usize = 52;
/** Columns per window of the plain dots: two int32 lanes a row sum to at most 127·8192·2048 < 2³¹. */
const WINDOW: i32 = 2048;
/** From row-major to column-major tile; from memory, since a vector constant is rebuilt at each use. */
const TRANSPOSE = memory.data<u8>([0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15], 16);

@unmanaged
export abstract class batch {
  /** Codes of the places order[0], order[1] … (order: rows u32) as tiles; sums: Σ codes per place, i32, for whole groups. columns: multiple of 32. */
  static pack(codes: usize, stride: usize, order: usize, rows: i32, columns: i32, out: usize, sums: usize): void {
    const groupBytes = (<usize>columns) << 2;
    for (let place = 0; place < ((rows + 3) & ~3); place++) {
      const to = out + <usize>(place >> 2) * groupBytes + ((<usize>(place & 3)) << 2);
      let sumI32x4 = i32x4.splat(0);
      if (place < rows) {
        const x = codes + <usize>load<u32>(order + ((<usize>place) << 2)) * stride;
        for (let j: usize = 0; j < <usize>columns; j += 16) {
          const xI8x16 = v128.load(x + j);
          // 16-bit sums of two, 32-bit sums of four
          sumI32x4 = i32x4.add(sumI32x4, i32x4.extadd_pairwise_i16x8_s(i16x8.extadd_pairwise_i8x16_s(xI8x16)));
          v128.store32_lane(to + (j << 2), xI8x16, 0);
          v128.store32_lane(to + (j << 2), xI8x16, 1, 16);
          v128.store32_lane(to + (j << 2), xI8x16, 2, 32);
          v128.store32_lane(to + (j << 2), xI8x16, 3, 48);
        }
      } else {
        for (let j: usize = 0; j < groupBytes; j += 16) store<u32>(to + j, 0);
      }
      store<i32>(sums + ((<usize>place) << 2), lanes.sumI32(sumI32x4));
    }
  }

  /**
   * What the dots read of sixteen codes of z: their upper 14 bits, rounded, zd = sat16(z + 2) >> 2. Plain module: zd, int16. Relaxed module: zd + 8192 in two planes
   * of 7 bits, which may be second operands of the relaxed dot.
   */
  @inline
  static see(lowI16x8: v128, highI16x8: v128, seen: usize, columns: usize): void {
    const twoI16x8 = i16x8.splat(2);
    const aI16x8 = i16x8.add_sat_s(lowI16x8, twoI16x8);
    const bI16x8 = i16x8.add_sat_s(highI16x8, twoI16x8);
    if (ASC_FEATURE_RELAXED_SIMD) {
      const topI8x16 = i8x16.narrow_i16x8_s(i16x8.shr_s(aI16x8, 9), i16x8.shr_s(bI16x8, 9));
      v128.store(seen, i8x16.add(topI8x16, i8x16.splat(64)));
      const maskI16x8 = i16x8.splat(127);
      const restI8x16 = i8x16.narrow_i16x8_s(
        v128.and(i16x8.shr_s(aI16x8, 2), maskI16x8),
        v128.and(i16x8.shr_s(bI16x8, 2), maskI16x8),
      );
      v128.store(seen + columns, restI8x16);
    } else {
      v128.store(seen, i16x8.shr_s(aI16x8, 2));
      v128.store(seen, i16x8.shr_s(bI16x8, 2), 16);
    }
  }

  /** fround of the exact dots of two rows: H·128 + L − 8192·S, in the lower half of f32x4. */
  @inline
  static join2(hI32x4: v128, lI32x4: v128, sI32x4: v128): v128 {
    const upperF64x2 = f64x2.mul(f64x2.convert_low_i32x4_s(hI32x4), f64x2.splat(128));
    const offsetF64x2 = f64x2.mul(f64x2.convert_low_i32x4_s(sI32x4), f64x2.splat(8192));
    const lowF64x2 = f64x2.convert_low_i32x4_s(lI32x4);
    return f32x4.demote_f64x2_zero(f64x2.sub(f64x2.add(upperF64x2, lowF64x2), offsetF64x2));
  }

  /** The same of the four rows of a group, into its slot. H, L and S are exact in int32: 127·127·columns < 2³¹ up to 131 072 columns. */
  static join(slot: usize, hI32x4: v128, lI32x4: v128, sums: usize): void {
    const sI32x4 = v128.load(sums + (load<usize>(slot, GROUP_AT) << 4));
    v128.store64_lane(slot, batch.join2(hI32x4, lI32x4, sI32x4), 0);
    const h2I32x4 = i32x4.shuffle(hI32x4, hI32x4, 2, 3, 2, 3);
    const l2I32x4 = i32x4.shuffle(lI32x4, lI32x4, 2, 3, 2, 3);
    v128.store64_lane(slot, batch.join2(h2I32x4, l2I32x4, i32x4.shuffle(sI32x4, sI32x4, 2, 3, 2, 3)), 0, 8);
  }

  /** Dots of the eight rows of the groups at `slot` and the next one with z, rounded to float32, into their slots; sums: of place 0. A function of its own: older compilers spill its vectors otherwise. */
  static pair(slot: usize, seen: usize, columns: i32, sums: usize): void {
    let x = load<usize>(slot, TILES_AT);
    let y = load<usize>(slot + SLOT, TILES_AT);
    if (ASC_FEATURE_RELAXED_SIMD) {
      const end = x + ((<usize>columns) << 2);
      const low = <usize>columns;
      let hxI32x4 = i32x4.splat(0);
      let lxI32x4 = hxI32x4;
      let hyI32x4 = hxI32x4;
      let lyI32x4 = hxI32x4;
      let hx2I32x4 = hxI32x4;
      let lx2I32x4 = hxI32x4;
      let hy2I32x4 = hxI32x4;
      let ly2I32x4 = hxI32x4;
      while (x < end) {
        const h0I8x16 = v128.load32_splat(seen);
        const l0I8x16 = v128.load32_splat(seen + low);
        hxI32x4 = relaxed.dot(v128.load(x), h0I8x16, hxI32x4);
        lxI32x4 = relaxed.dot(v128.load(x), l0I8x16, lxI32x4);
        hyI32x4 = relaxed.dot(v128.load(y), h0I8x16, hyI32x4);
        lyI32x4 = relaxed.dot(v128.load(y), l0I8x16, lyI32x4);
        const h1I8x16 = v128.load32_splat(seen, 4);
        const l1I8x16 = v128.load32_splat(seen + low, 4);
        hx2I32x4 = relaxed.dot(v128.load(x, 16), h1I8x16, hx2I32x4);
        lx2I32x4 = relaxed.dot(v128.load(x, 16), l1I8x16, lx2I32x4);
        hy2I32x4 = relaxed.dot(v128.load(y, 16), h1I8x16, hy2I32x4);
        ly2I32x4 = relaxed.dot(v128.load(y, 16), l1I8x16, ly2I32x4);
        x += 32;
        y += 32;
        seen += 8;
      }
      hxI32x4 = i32x4.add(hxI32x4, hx2I32x4);
      lxI32x4 = i32x4.add(lxI32x4, lx2I32x4);
      hyI32x4 = i32x4.add(hyI32x4, hy2I32x4);
      lyI32x4 = i32x4.add(lyI32x4, ly2I32x4);
      batch.join(slot, hxI32x4, lxI32x4, sums);
      batch.join(slot + SLOT, hyI32x4, lyI32x4, sums);
    } else {
      batch.plain(x, seen, columns, slot);
      batch.plain(y, seen, columns, slot + SLOT);
    }
  }

  /** `pair` with the whole of z, of the tiles at x and y; sums: eight i32. */
  static dots(x: usize, y: usize, z: usize, seen: usize, columns: i32, sums: usize, slots: usize): void {
    batch.look(z, seen, columns, slots + 2 * SLOT);
    store<usize>(slots, x, TILES_AT);
    store<usize>(slots, 0, GROUP_AT);
    store<usize>(slots + SLOT, y, TILES_AT);
    store<usize>(slots + SLOT, 1, GROUP_AT);
    batch.pair(slots, seen, columns, sums);
  }

  static plain(x: usize, seen: usize, columns: i32, out: usize): void {
    let lowF64x2 = f64x2.splat(0);
    let highF64x2 = lowF64x2;
    while (columns > 0) {
      const width = min(columns, WINDOW);
      const end = seen + ((<usize>width) << 1);
      let aI32x4 = i32x4.splat(0);
      let bI32x4 = aI32x4;
      let cI32x4 = aI32x4;
      let dI32x4 = aI32x4;
      while (seen < end) {
        const z0I16x8 = v128.load64_splat(seen);
        aI32x4 = i32x4.add(aI32x4, i32x4.dot_i16x8_s(v128.load8x8_s(x), z0I16x8));
        bI32x4 = i32x4.add(bI32x4, i32x4.dot_i16x8_s(v128.load8x8_s(x, 8), z0I16x8));
        const z1I16x8 = v128.load64_splat(seen, 8);
        cI32x4 = i32x4.add(cI32x4, i32x4.dot_i16x8_s(v128.load8x8_s(x, 16), z1I16x8));
        dI32x4 = i32x4.add(dI32x4, i32x4.dot_i16x8_s(v128.load8x8_s(x, 24), z1I16x8));
        const z2I16x8 = v128.load64_splat(seen, 16);
        aI32x4 = i32x4.add(aI32x4, i32x4.dot_i16x8_s(v128.load8x8_s(x, 32), z2I16x8));
        bI32x4 = i32x4.add(bI32x4, i32x4.dot_i16x8_s(v128.load8x8_s(x, 40), z2I16x8));
        const z3I16x8 = v128.load64_splat(seen, 24);
        cI32x4 = i32x4.add(cI32x4, i32x4.dot_i16x8_s(v128.load8x8_s(x, 48), z3I16x8));
        dI32x4 = i32x4.add(dI32x4, i32x4.dot_i16x8_s(v128.load8x8_s(x, 56), z3I16x8));
        x += 64;
        seen += 32;
      }
      aI32x4 = i32x4.add(aI32x4, cI32x4);
      bI32x4 = i32x4.add(bI32x4, dI32x4);
      // pairs of lanes are rows 0 and 1, rows 2 and 3
      const rowsI32x4 = i32x4.add(i32x4.shuffle(aI32x4, bI32x4, 0, 2, 4, 6), i32x4.shuffle(aI32x4, bI32x4, 1, 3, 5, 7));
      lowF64x2 = f64x2.add(lowF64x2, f64x2.convert_low_i32x4_s(rowsI32x4));
      highF64x2 = f64x2.add(highF64x2, f64x2.convert_low_i32x4_s(i32x4.shuffle(rowsI32x4, rowsI32x4, 2, 3, 2, 3)));
      columns -= width;
    }
    v128.store(out, i32x4.shuffle(f32x4.demote_f64x2_zero(lowF64x2), f32x4.demote_f64x2_zero(highF64x2), 0, 1, 4, 5));
  }

  /** float32 dots of one group at `slot` → kappa of its four rows, in their place; returns their sizes as bits. */
  static kappa(run: Run, slot: usize): v128 {
    const at = load<usize>(slot, GROUP_AT) << 4;
    const state = run.state + at;
    const labels = run.labels + at;
    const deltaF32x4 = f32x4.mul(f32x4.splat(run.deltaScale), v128.load(slot));
    let dcF32x4 = deltaF32x4;
    if (run.loss == Loss.LOGISTIC) {
      dcF32x4 = change.logistic4(deltaF32x4, v128.load(state), v128.load(labels));
    } else if (run.loss != Loss.SQUARED) {
      v128.store(slot, deltaF32x4);
      for (let i: usize = 0; i < 16; i += 4) {
        const dc = change.difference(
          run.loss,
          load<f32>(slot + i),
          load<f32>(state + i),
          load<f32>(labels + i),
          run.threshold,
        );
        store<f32>(slot + i, dc);
      }
      dcF32x4 = v128.load(slot);
    }
    if (run.weights) dcF32x4 = f32x4.mul(dcF32x4, v128.load(run.weights + at));
    const kappaF32x4 = f32x4.mul(f32x4.splat(run.factor), dcF32x4);
    v128.store(slot, kappaF32x4);
    return v128.and(kappaF32x4, i32x4.splat(0x7fffffff));
  }

  /** kappa of one group → the operands of the update; returns |k| where k < 0, else 0 (i32x4). */
  @inline
  static code(slot: usize, sI32x4: v128, uF32x4: v128): v128 {
    const kI32x4 = coefficient.code<i8>(v128.load(slot), sI32x4, uF32x4);
    const kI16x8 = i16x8.narrow_i32x4_s(kI32x4, kI32x4);
    if (ASC_FEATURE_RELAXED_SIMD) {
      const kI8x16 = i8x16.narrow_i16x8_s(kI16x8, kI16x8);
      v128.store(slot, i8x16.abs(kI8x16), 16);
      v128.store(slot, i8x16.lt_s(kI8x16, i8x16.splat(0)), 32);
    } else {
      v128.store(slot, i16x8.shuffle(kI16x8, kI16x8, 0, 2, 0, 2, 0, 2, 0, 2), 16);
      v128.store(slot, i16x8.shuffle(kI16x8, kI16x8, 1, 3, 1, 3, 1, 3, 1, 3), 32);
    }
    return i32x4.max_s(i32x4.neg(kI32x4), i32x4.splat(0));
  }

  /** Σ k·code of one tile added to four columns. Plain: pairs of rows (0, 2) and (1, 3) in int16 products, exact. */
  @inline
  static tile(x: usize, aI8x16: v128, bI8x16: v128, transposeI8x16: v128, accI32x4: v128): v128 {
    if (ASC_FEATURE_RELAXED_SIMD) {
      // k·q = |k|·not(q) + |k| where k < 0: the last |k| are in acc from the start
      return relaxed.dot(v128.xor(relaxed.swizzle(v128.load(x), transposeI8x16), bI8x16), aI8x16, accI32x4);
    } else {
      const lowI16x8 = v128.load8x8_s(x);
      const highI16x8 = v128.load8x8_s(x, 8);
      return i32x4.add(
        accI32x4,
        i32x4.add(
          i32x4.dot_i16x8_s(i16x8.shuffle(lowI16x8, highI16x8, 0, 8, 1, 9, 2, 10, 3, 11), aI8x16),
          i32x4.dot_i16x8_s(i16x8.shuffle(lowI16x8, highI16x8, 4, 12, 5, 13, 6, 14, 7, 15), bI8x16),
        ),
      );
    }
  }

  /** z = sat16(z + sat16((Σ k·code + r) >> s)) in all columns, and what the next dots see of it. At slotsEnd: what the sums start from, eight i32, r (+ Σ |k| over k < 0). */
  static update(z: usize, seen: usize, columns: i32, slots: usize, slotsEnd: usize, s: i32): void {
    const transposeI8x16 = v128.load(TRANSPOSE);
    const step: usize = ASC_FEATURE_RELAXED_SIMD ? 16 : 32;
    const end = (<usize>columns) << 2;
    for (let at: usize = 0; at < end; at += 64) {
      let aI32x4 = v128.load(slotsEnd);
      let bI32x4 = v128.load(slotsEnd, 16);
      let cI32x4 = aI32x4;
      let dI32x4 = bI32x4;
      for (let slot = slots; slot < slotsEnd; slot += SLOT) {
        const x = load<usize>(slot, TILES_AT) + at;
        const kI8x16 = v128.load(slot, 16);
        const signI8x16 = v128.load(slot, 32);
        aI32x4 = batch.tile(x, kI8x16, signI8x16, transposeI8x16, aI32x4);
        bI32x4 = batch.tile(x + 16, kI8x16, signI8x16, transposeI8x16, bI32x4);
        cI32x4 = batch.tile(x + 32, kI8x16, signI8x16, transposeI8x16, cI32x4);
        dI32x4 = batch.tile(x + 48, kI8x16, signI8x16, transposeI8x16, dI32x4);
      }
      const lowI16x8 = i16x8.add_sat_s(
        v128.load(z),
        i16x8.narrow_i32x4_s(i32x4.shr_s(aI32x4, s), i32x4.shr_s(bI32x4, s)),
      );
      const highI16x8 = i16x8.add_sat_s(
        v128.load(z, 16),
        i16x8.narrow_i32x4_s(i32x4.shr_s(cI32x4, s), i32x4.shr_s(dI32x4, s)),
      );
      v128.store(z, lowI16x8);
      v128.store(z, highI16x8, 16);
      batch.see(lowI16x8, highI16x8, seen, <usize>columns);
      z += 32;
      seen += step;
    }
  }

  /** `see` of a whole z: an update by nothing. at: 32 bytes of scratch. */
  static look(z: usize, seen: usize, columns: i32, at: usize): void {
    v128.store(at, i32x4.splat(0));
    v128.store(at, i32x4.splat(0), 16);
    batch.update(z, seen, columns, at, at, 0);
  }

  /** kappa of all groups → coefficients with one shift for the batch, and what the update's sums start from, at `end`; returns the shift. */
  static codes(run: Run, slots: usize, end: usize, topI32x4: v128): i32 {
    topI32x4 = i32x4.max_s(topI32x4, i32x4.shuffle(topI32x4, topI32x4, 2, 3, 0, 1));
    topI32x4 = i32x4.max_s(topI32x4, i32x4.shuffle(topI32x4, topI32x4, 1, 0, 3, 2));
    const sI32x4 = coefficient.shift<i8, i16>(topI32x4);
    const s = i32x4.extract_lane(sI32x4, 0);
    let negativeI32x4 = i32x4.splat(0);
    let half: usize = 0;
    for (let slot = slots; slot < end; slot += SLOT) {
      if (half == 0) inner.advanceLanes(run);
      let uF32x4 = f32x4.splat(0.5);
      if (run.stochastic) {
        // (lane + ½)/65536 is exact in float32: 17 bits
        const laneF32x4 = f32x4.convert_i32x4_s(v128.load16x4_u(run.lanes + half));
        uF32x4 = f32x4.mul(f32x4.add(laneF32x4, uF32x4), f32x4.splat(<f32>(1.0 / 65536)));
      }
      negativeI32x4 = i32x4.add(negativeI32x4, batch.code(slot, sI32x4, uF32x4));
      half ^= 8;
    }
    inner.advanceLanes(run);
    const offsets = inner.offsets(run, s);
    let startI32x4 = i32x4.splat(0);
    if (ASC_FEATURE_RELAXED_SIMD) startI32x4 = i32x4.splat(lanes.sumI32(negativeI32x4));
    v128.store(end, i32x4.add(startI32x4, v128.load16x4_u(offsets)));
    v128.store(end, i32x4.add(startI32x4, v128.load16x4_u(offsets, 8)), 16);
    return s;
  }

  /** `steps` steps of run.groups groups each; flushes as they fall due. */
  static advance(run: Run, steps: u32): void {
    const slots = run.coefficients;
    const end = slots + <usize>run.groups * SLOT;
    batch.look(run.z, run.seen, run.columns, end);
    for (let t: u32 = 0; t < steps; t++) {
      for (let slot = slots; slot < end; slot += SLOT) {
        store<usize>(slot, inner.row(run), TILES_AT);
        store<usize>(slot, <usize>run.row, GROUP_AT);
        run.row = inner.next(run);
      }
      for (let slot = slots; slot < end; slot += 2 * SLOT) batch.pair(slot, run.seen, run.columns, run.sums);
      let topI32x4 = i32x4.splat(0);
      for (let slot = slots; slot < end; slot += SLOT) topI32x4 = i32x4.max_s(topI32x4, batch.kappa(run, slot));
      const s = batch.codes(run, slots, end, topI32x4);
      batch.update(run.z, run.seen, run.columns, slots, end, s);
      run.position++;
      if (run.position == run.block) {
        inner.closeBlock<i8, i16>(run);
        batch.look(run.z, run.seen, run.columns, end);
      }
    }
  }
}
