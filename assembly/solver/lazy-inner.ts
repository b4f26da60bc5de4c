// The inner loop over sparse rows: a step costs O(entries of its row). Each step brings the columns of its row up to date (solver/lazy.ts), takes their dot
// with the row, and writes them with the row's own term: the dense steps missed and this row together are rounded once.
// docs/numerics.md "Sparse rows". Sources: SVRG, Johnson & Zhang 2013; HALP, De Sa et al. 2018 (arXiv 1803.03383), Algorithm 3; SAGA, Defazio et al. 2014;
// columns brought up to date when they are needed: Carpenter 2008 (lazy sparse SGD), Schmidt, Le Roux & Bach 2017 (SAG, just-in-time updates).
import { random } from "../core/random";
import { Loss } from "../loss/loss";
import { inner } from "./inner";
import { DRIFT_AT, lazy, MODEL_AT, NEAR, PART, RATE_AT } from "./lazy";
import { LazyRun } from "./lazy-run";

/** 2³²/golden ratio, odd: neighbouring columns round far apart. */
const SPREAD: u32 = 0x9e3779b9;
const UNIT: f64 = 1.0 / 4294967296.0;
const LARGEST_FLOAT32: f32 = f32.MAX_VALUE;

@unmanaged
export abstract class lazyInner {
  /** New rounding offsets, for all columns and classes that are written next. A stream of its own: the rows' does not say how they are rounded. */
  @inline
  static round(run: LazyRun): void {
    if (run.stochastic) run.offset = run.offset * 1664525 + 1013904223;
  }

  /** Codes of the two entries at `at`. */
  @inline
  static codes2(at: usize): v128 {
    const qI16x8 = i16x8.extend_low_i8x16_s(v128.load16_splat(at));
    return f64x2.convert_low_i32x4_s(i32x4.extend_low_i16x8_s(qI16x8));
  }

  /** z of one column at this step, kept at `values`. */
  @inline
  static visit(run: LazyRun, column: u32, values: usize): f64 {
    const slot = run.slots + ((<usize>column) << 4);
    const value = lazy.value(slot, slot, lazy.missed(slot, run.step));
    store<f64>(values, value);
    return value;
  }

  /** The dot of the current row with z, one class. Sums of even and of odd entries; a last one without a partner and the intercept come after. */
  static dot(run: LazyRun, from: u32, to: u32): f64 {
    const slots = run.slots;
    const step = run.step;
    let index = run.indices + ((<usize>from) << 2);
    let code = run.codes + <usize>from;
    let values = run.values;
    const end = code + <usize>((to - from) & ~1);
    const stepI32x4 = i32x4.splat(step);
    const nearF64x2 = f64x2.splat(NEAR);
    let sumF64x2 = f64x2.splat(0);
    while (code < end) {
      const a = slots + ((<usize>load<u32>(index)) << 4);
      const b = slots + ((<usize>load<u32>(index, 4)) << 4);
      const aI32x4 = v128.load(a);
      const bI32x4 = v128.load(b);
      // steps and rates of the two, then drifts and z
      const paceI32x4 = i32x4.shuffle(aI32x4, bI32x4, 0, 4, 1, 5);
      const partF32x4 = i32x4.shuffle(aI32x4, bI32x4, 2, 6, 3, 7);
      const pF64x2 = f64x2.convert_low_i32x4_u(i32x4.sub(stepI32x4, paceI32x4));
      const rateF64x2 = f64x2.promote_low_f32x4(i32x4.shuffle(paceI32x4, paceI32x4, 2, 3, 2, 3));
      const driftF64x2 = f64x2.promote_low_f32x4(partF32x4);
      const zF64x2 = f64x2.promote_low_f32x4(i32x4.shuffle(partF32x4, partF32x4, 2, 3, 2, 3));
      const xF64x2 = f64x2.mul(pF64x2, rateF64x2);
      let weightF64x2 = f64x2.mul(pF64x2, lazy.near2(xF64x2));
      if (!i64x2.all_true(f64x2.lt(xF64x2, nearF64x2))) {
        weightF64x2 = f64x2.replace_lane(weightF64x2, 0, lazy.missed(a, step));
        weightF64x2 = f64x2.replace_lane(weightF64x2, 1, lazy.missed(b, step));
      }
      const slopeF64x2 = f64x2.add(f64x2.mul(rateF64x2, zF64x2), driftF64x2);
      const valueF64x2 = f64x2.sub(zF64x2, f64x2.mul(weightF64x2, slopeF64x2));
      v128.store(values, valueF64x2);
      sumF64x2 = f64x2.add(sumF64x2, f64x2.mul(lazyInner.codes2(code), valueF64x2));
      index += 8;
      code += 2;
      values += 16;
    }
    let sum = f64x2.extract_lane(sumF64x2, 0) + f64x2.extract_lane(sumF64x2, 1);
    if ((to - from) & 1) {
      sum += <f64>load<i8>(code) * lazyInner.visit(run, load<u32>(index), values);
      values += 8;
    }
    if (run.intercept) sum += <f64>run.intercept * lazyInner.visit(run, run.cols, values);
    return sum;
  }

  /** lazy.code of two values. */
  @inline
  static code2<Z>(valueF64x2: v128, uF64x2: v128): v128 {
    if (isFloat<Z>()) return f32x4.demote_f64x2_zero(valueF64x2);
    const limit: f64 = sizeof<Z>() == 1 ? 127 : 32767;
    const floorF64x2 = f64x2.floor(f64x2.add(valueF64x2, uF64x2));
    const insideF64x2 = f64x2.pmax(f64x2.pmin(floorF64x2, f64x2.splat(limit)), f64x2.splat(-limit - 1));
    return f32x4.demote_f64x2_zero(insideF64x2);
  }

  /** Writes one column: its value at this step, and the row's term. */
  @inline
  static write<Z>(run: LazyRun, column: u32, value: f64, kappa: f64, code: f64): void {
    const slot = run.slots + ((<usize>column) << 4);
    store<f32>(slot, lazy.code<Z>(value + kappa * code, lazy.offset(run, column)), MODEL_AT);
    store<u32>(slot, run.step);
  }

  /** SAGA: the mean gradient moves by what the row has moved; share: kappa/rows. */
  @inline
  static follow(part: usize, share: f64, code: f64): void {
    store<f32>(part, <f32>(<f64>load<f32>(part, DRIFT_AT) - share * code), DRIFT_AT);
  }

  /** The current row's columns, as `dot` has left them, plus kappa·code: one class. */
  static update<Z>(run: LazyRun, from: u32, to: u32, kappa: f64): void {
    const slots = run.slots;
    const step = run.step;
    let index = run.indices + ((<usize>from) << 2);
    let code = run.codes + <usize>from;
    let values = run.values;
    const end = code + <usize>((to - from) & ~1);
    const kappaF64x2 = f64x2.splat(kappa);
    const offsetI32x4 = i32x4.splat(run.offset);
    const spreadI32x4 = i32x4.splat(run.spread);
    const unitF64x2 = f64x2.splat(UNIT);
    while (code < end) {
      // in float models nothing reads u
      const turnI32x4 = i32x4.add(offsetI32x4, i32x4.mul(v128.load64_zero(index), spreadI32x4));
      const uF64x2 = f64x2.mul(f64x2.convert_low_i32x4_u(turnI32x4), unitF64x2);
      const movedF64x2 = f64x2.add(v128.load(values), f64x2.mul(kappaF64x2, lazyInner.codes2(code)));
      const zF32x4 = lazyInner.code2<Z>(movedF64x2, uF64x2);
      const a = slots + ((<usize>load<u32>(index)) << 4);
      const b = slots + ((<usize>load<u32>(index, 4)) << 4);
      v128.store32_lane(a, zF32x4, 0, MODEL_AT);
      v128.store32_lane(b, zF32x4, 1, MODEL_AT);
      store<u32>(a, step);
      store<u32>(b, step);
      index += 8;
      code += 2;
      values += 16;
    }
    if ((to - from) & 1) {
      lazyInner.write<Z>(run, load<u32>(index), load<f64>(values), kappa, <f64>load<i8>(code));
      values += 8;
    }
    if (run.intercept) lazyInner.write<Z>(run, run.cols, load<f64>(values), kappa, <f64>run.intercept);
    if (!run.table) return;
    const share = kappa / <f64>run.rows;
    index = run.indices + ((<usize>from) << 2);
    for (code = run.codes + <usize>from; code < run.codes + <usize>to; code++) {
      lazyInner.follow(slots + ((<usize>load<u32>(index)) << 4), share, <f64>load<i8>(code));
      index += 4;
    }
    if (run.intercept) lazyInner.follow(slots + ((<usize>run.cols) << 4), share, <f64>run.intercept);
  }

  /** Several classes, two at a time: z of one column, kept at `values`, times `code` onto the dots. */
  @inline
  static visitAll(run: LazyRun, column: u32, code: f64, values: usize): void {
    const slot = lazy.slot(run, column);
    const weightF64x2 = f64x2.splat(lazy.missed(slot, run.step));
    const rateF64x2 = f64x2.splat(<f64>load<f32>(slot, RATE_AT));
    const codeF64x2 = f64x2.splat(code);
    const pairs = <usize>((run.classes + 1) & ~1);
    for (let c: usize = 0; c < pairs; c += 2) {
      const partF32x4 = v128.load(slot + c * PART, DRIFT_AT);
      const driftF64x2 = f64x2.promote_low_f32x4(i32x4.shuffle(partF32x4, partF32x4, 0, 2, 0, 2));
      const zF64x2 = f64x2.promote_low_f32x4(i32x4.shuffle(partF32x4, partF32x4, 1, 3, 1, 3));
      const slopeF64x2 = f64x2.add(f64x2.mul(rateF64x2, zF64x2), driftF64x2);
      const valueF64x2 = f64x2.sub(zF64x2, f64x2.mul(weightF64x2, slopeF64x2));
      v128.store(values + (c << 3), valueF64x2);
      const dots = run.dots + (c << 3);
      v128.store(dots, f64x2.add(v128.load(dots), f64x2.mul(codeF64x2, valueF64x2)));
    }
  }

  /** Dots of the current row with z of all classes, at run.dots: in order of the entries, the intercept last. */
  static dots(run: LazyRun, from: u32, to: u32): void {
    const pairs = <usize>((run.classes + 1) & ~1);
    memory.fill(run.dots, 0, pairs << 3);
    let values = run.values;
    for (let entry = from; entry < to; entry++) {
      const column = load<u32>(run.indices + ((<usize>entry) << 2));
      lazyInner.visitAll(run, column, <f64>load<i8>(run.codes + <usize>entry), values);
      values += pairs << 3;
    }
    if (run.intercept) lazyInner.visitAll(run, run.cols, <f64>run.intercept, values);
  }

  /** Writes one column of all classes: its values at this step, and the row's terms. */
  @inline
  static writeAll<Z>(run: LazyRun, column: u32, code: f64, values: usize): void {
    const slot = lazy.slot(run, column);
    const uF64x2 = f64x2.splat(lazy.offset(run, column));
    const codeF64x2 = f64x2.splat(code);
    store<u32>(slot, run.step);
    const pairs = <usize>((run.classes + 1) & ~1);
    for (let c: usize = 0; c < pairs; c += 2) {
      const kappaF64x2 = f64x2.promote_low_f32x4(v128.load64_zero(run.coefficients + (c << 2)));
      const movedF64x2 = f64x2.add(v128.load(values + (c << 3)), f64x2.mul(kappaF64x2, codeF64x2));
      const zF32x4 = lazyInner.code2<Z>(movedF64x2, uF64x2);
      const part = slot + c * PART;
      v128.store32_lane(part, zF32x4, 0, MODEL_AT);
      v128.store32_lane(part, zF32x4, 1, MODEL_AT + PART);
    }
    if (!run.table) return;
    const rows = <f64>run.rows;
    for (let c: usize = 0; c < <usize>run.classes; c++) {
      lazyInner.follow(slot + c * PART, <f64>load<f32>(run.coefficients + (c << 2)) / rows, code);
    }
  }

  static updateAll<Z>(run: LazyRun, from: u32, to: u32): void {
    const bytes = (<usize>((run.classes + 1) & ~1)) << 3;
    let values = run.values;
    for (let entry = from; entry < to; entry++) {
      const column = load<u32>(run.indices + ((<usize>entry) << 2));
      lazyInner.writeAll<Z>(run, column, <f64>load<i8>(run.codes + <usize>entry), values);
      values += bytes;
    }
    if (run.intercept) lazyInner.writeAll<Z>(run, run.cols, <f64>run.intercept, values);
  }

  /** kappa = factor·dc: finite, and 0 where it is no number, so that no product of it is anything else. */
  @inline
  static bounded(run: LazyRun, dc: f32): f32 {
    const kappa = run.factor * dc;
    return kappa == kappa ? max<f32>(min<f32>(kappa, LARGEST_FLOAT32), -LARGEST_FLOAT32) : 0;
  }

  /** Seeds the run for outer step `step`; returns after how many of `steps` steps it ends (fewer only for option II). */
  static begin(run: LazyRun, seed: u32, step: u32, steps: u32, optionTwo: i32): u32 {
    run.scalar = random.seed(seed, step, run.lanes);
    const stop = optionTwo ? random.index(inner.draw(run), steps) : steps;
    run.row = random.index(inner.draw(run), run.rows);
    run.step = 0;
    run.offset = run.stochastic ? load<u32>(run.lanes) : 0x80000000;
    run.spread = run.stochastic ? SPREAD : 0;
    return stop;
  }

  /** Dots of rows `from` to `to` (not included) with z as it stands in the slots at step 0, at run.base: rows × classes f64. */
  static fillBase(run: LazyRun, from: u32, to: u32): void {
    const classes = <usize>run.classes;
    for (let row = from; row < to; row++) {
      const start = load<u32>(run.starts + ((<usize>row) << 2));
      const end = load<u32>(run.starts + ((<usize>row) << 2), 4);
      if (classes == 1) store<f64>(run.dots, lazyInner.dot(run, start, end));
      else lazyInner.dots(run, start, end);
      memory.copy(run.base + ((<usize>row * classes) << 3), run.dots, classes << 3);
    }
  }

  /** Entries of the longest row. */
  static longest(starts: usize, rows: u32): u32 {
    let most: u32 = 0;
    for (const end = starts + ((<usize>rows) << 2); starts < end; starts += 4) {
      most = max(most, load<u32>(starts, 4) - load<u32>(starts));
    }
    return most;
  }

  /** Up to `steps` steps, fewer when `budget` entries and steps have been made in all; returns how many. */
  static advance<Z>(run: LazyRun, steps: u32, budget: u32): u32 {
    const isSoftmax = run.loss == Loss.SOFTMAX;
    const own: u32 = run.intercept ? 1 : 0;
    let touched: u32 = 0;
    let t: u32 = 0;
    while (t < steps && touched + t < budget) {
      const start = load<u32>(run.starts + ((<usize>run.row) << 2));
      const end = load<u32>(run.starts + ((<usize>run.row) << 2), 4);
      if (isSoftmax) {
        lazyInner.dots(run, start, end);
        inner.derivatives<Z>(run);
        let isMoved = false;
        // the padding's change is 0
        for (let c: usize = 0; c < <usize>((run.classes + 1) & ~1); c++) {
          const kappa = lazyInner.bounded(run, load<f32>(run.changes + (c << 2)));
          store<f32>(run.coefficients + (c << 2), kappa);
          if (kappa != 0) isMoved = true;
        }
        if (isMoved) {
          if (!isFloat<Z>()) lazyInner.round(run);
          lazyInner.updateAll<Z>(run, start, end);
        }
      } else {
        const a = lazyInner.dot(run, start, end);
        const kappa = lazyInner.bounded(run, inner.derivative<Z>(run, a));
        if (kappa != 0) {
          if (!isFloat<Z>()) lazyInner.round(run);
          lazyInner.update<Z>(run, start, end, <f64>kappa);
        }
      }
      run.row = random.index(inner.draw(run), run.rows);
      run.step++;
      t++;
      touched += end - start + own;
    }
    run.touched = touched;
    return t;
  }
}
