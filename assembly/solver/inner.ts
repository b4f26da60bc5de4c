// The inner loop of SGD, SVRG, HALP and their low-precision forms: one generic loop over (codes X, model part z).
// Given a Run around an anchor, `advance` makes some hundred to thousand stochastic steps; the bindings call it in chunks, because one long
// call would stay in the engine's first compiler tier. State between chunks is all in Run. docs/numerics.md §5.
// Sources: SVRG, Johnson & Zhang 2013; HALP, De Sa et al. 2018 (arXiv 1803.03383), Algorithm 3.
import { random } from "../core/random";
import { dot } from "../kernel/dot";
import { packed } from "../kernel/packed";
import { quantize } from "../kernel/quantize";
import { change } from "../loss/change";
import { Loss } from "../loss/loss";
import { coefficient } from "./coefficient";
import { flush } from "./flush";
import { packedPass } from "./packed-pass";
import { fused } from "./pass";
import { Run } from "./run";

@unmanaged
export abstract class inner {
  @inline
  static draw(run: Run): u32 {
    const state = random.next(run.scalar);
    run.scalar = state;
    return state;
  }

  /** Brings the codes of the block from row `first` on into cache, up to the last row: many loads under way at once, where the passes' own would wait. */
  static fetch(run: Run, first: u32): void {
    const bytes = <usize>min(run.rowsPerDraw, run.rows - first) * <usize>run.strideBytes;
    run.fetched = quantize.touch(run.codes + <usize>first * <usize>run.strideBytes, bytes & ~511);
  }

  /**
   * The row after the current one: its neighbour, or at the end of a block a row drawn from all. Blocks start at any row and run on past the last row
   * into the first: so every row comes with the same probability at every step, and there is no last, shorter block.
   */
  @inline
  static next(run: Run): u32 {
    const left = run.rowsLeft;
    if (left == 0) {
      const drawn = random.index(inner.draw(run), run.rows);
      if (run.rowsPerDraw > 1) inner.fetch(run, drawn);
      run.rowsLeft = run.rowsPerDraw - 1;
      return drawn;
    }
    run.rowsLeft = left - 1;
    const row = run.row + 1;
    return row < run.rows ? row : 0;
  }

  /** Derivative (difference) of the current row for the one-margin losses, times the row's weight; a: dot of the row with z. */
  @inline
  static derivative<Z>(run: Run, a: f64): f32 {
    const moved = <f32>(run.base ? a - load<f64>(run.base + ((<usize>run.row) << 3)) : a);
    const delta = isFloat<Z>() ? moved : run.deltaScale * moved;
    const label = load<f32>(run.labels + ((<usize>run.row) << 2));
    let dc = run.centred
      ? change.difference(run.loss, delta, load<f32>(run.state + ((<usize>run.row) << 2)), label, run.threshold)
      : change.derivative(run.loss, delta, label, run.threshold);
    if (run.table) {
      const at = run.table + ((<usize>run.row) << 2);
      const seen = load<f32>(at);
      store<f32>(at, dc);
      dc -= seen;
    }
    return run.weights ? dc * load<f32>(run.weights + ((<usize>run.row) << 2)) : dc;
  }

  /** The same for softmax: run.dots → run.changes. */
  static derivatives<Z>(run: Run): void {
    const classes = run.classes;
    const changes = run.changes;
    const base = run.base ? run.base + <usize>run.row * ((<usize>classes) << 3) : 0;
    for (let c: usize = 0; c < <usize>classes; c++) {
      const a = load<f64>(run.dots + (c << 3));
      const moved = <f32>(base ? a - load<f64>(base + (c << 3)) : a);
      store<f32>(changes + (c << 2), isFloat<Z>() ? moved : run.deltaScale * moved);
    }
    if (run.centred) change.softmaxDifference(changes, run.state + <usize>run.row * ((<usize>classes) << 2), classes);
    else change.softmaxDerivative(changes, <i32>load<f32>(run.labels + ((<usize>run.row) << 2)), classes);
    if (run.table) {
      const table = run.table + <usize>run.row * ((<usize>classes) << 2);
      for (let c: usize = 0; c < (<usize>classes) << 2; c += 4) {
        const dc = load<f32>(changes + c);
        store<f32>(changes + c, dc - load<f32>(table + c));
        store<f32>(table + c, dc);
      }
    }
    if (run.weights) {
      const weightF32x4 = v128.load32_splat(run.weights + ((<usize>run.row) << 2));
      for (let c: usize = 0; c < <usize>classes; c += 4) {
        v128.store(changes + (c << 2), f32x4.mul(v128.load(changes + (c << 2)), weightF32x4));
      }
    }
  }

  /** u of one coefficient: 24 random bits, or ½ for nearest; nothing is drawn for kappa 0. */
  @inline
  static offset(run: Run, kappa: f32): f32 {
    if (!run.stochastic) return 0.5;
    if (kappa == 0) return 0;
    return random.uniform(inner.draw(run));
  }

  /** Coefficients of all classes: run.changes → k at run.coefficients, s at run.shifts (i32 each; for float32 z only kappa, f32). */
  static coefficients<X, Z>(run: Run): void {
    const factorF32x4 = f32x4.splat(run.factor);
    const bytes = (<usize>run.classes) << 2;
    for (let c: usize = 0; c < bytes; c += 16) {
      const kappaF32x4 = f32x4.mul(factorF32x4, v128.load(run.changes + c));
      if (isFloat<Z>()) {
        v128.store(run.coefficients + c, kappaF32x4);
      } else {
        const at = run.changes + c;
        v128.store(at, kappaF32x4);
        // in order of the classes: the padding's zeros draw nothing
        for (let i: usize = 0; i < 16; i += 4) store<f32>(at + i, inner.offset(run, load<f32>(at + i)));
        const sI32x4 = coefficient.shift<X, Z>(kappaF32x4);
        v128.store(run.coefficients + c, coefficient.code<X>(kappaF32x4, sI32x4, v128.load(at)));
        v128.store(run.shifts + c, sI32x4);
      }
    }
  }

  /** The one coefficient of a one-margin loss, in the same form. */
  @inline
  static single<X, Z>(run: Run, a: f64): void {
    const kappa = run.factor * inner.derivative<Z>(run, a);
    if (isFloat<Z>()) store<f32>(run.coefficients, kappa);
    else {
      const kappaF32x4 = f32x4.splat(kappa);
      const sI32x4 = coefficient.shift<X, Z>(kappaF32x4);
      const kI32x4 = coefficient.code<X>(kappaF32x4, sI32x4, f32x4.splat(inner.offset(run, kappa)));
      store<i32>(run.coefficients, i32x4.extract_lane(kI32x4, 0));
      store<i32>(run.shifts, i32x4.extract_lane(sI32x4, 0));
    }
  }

  /** Rounding offsets r < 2ˢ of one class into the second half of run.lanes: the top s bits of each lane, or 2ˢ⁻¹. */
  @inline
  static offsets(run: Run, s: i32): usize {
    const at = run.lanes + 16;
    let rI16x8 = i16x8.splat(0);
    if (s > 0) {
      if (run.stochastic) rI16x8 = i16x8.shr_u(v128.load(run.lanes), max(16 - s, 0));
      else rI16x8 = i16x8.splat(<i16>((<i32>1) << (min(s, 16) - 1)));
    }
    v128.store(at, rI16x8);
    return at;
  }

  /** Exact (integer) or float32 dot of a row with z. */
  @inline
  static dotted<X, Z>(run: Run, x: usize, z: usize): f64 {
    if (isReference<X>()) return packed.dot<X, Z>(x, z, run.columns, run.levels);
    else return dot.of<X, Z>(x, z, run.columns);
  }

  /** Dots of all classes with row `row`. */
  static open<X, Z>(run: Run): void {
    const x = run.codes + <usize>run.row * <usize>run.strideBytes;
    const zBytes = <usize>run.columns * sizeof<Z>();
    for (let c: usize = 0; c < <usize>run.classes; c++) {
      const a = inner.dotted<X, Z>(run, x, run.z + c * zBytes);
      store<f64>(run.dots + (c << 3), a);
    }
  }

  /** Dots of rows first … end (end 0: all) with the z of the anchor: rows × classes f64 at run.base (LP-SVRG, whose z is the model itself). */
  static fillBase<X, Z>(run: Run, first: u32, end: u32): void {
    const zBytes = <usize>run.columns * sizeof<Z>();
    const last = end ? end : run.rows;
    let out = run.base + ((<usize>first * <usize>run.classes) << 3);
    let x = run.codes + <usize>first * <usize>run.strideBytes;
    for (let row = first; row < last; row++) {
      for (let c: usize = 0; c < <usize>run.classes; c++) {
        const a = inner.dotted<X, Z>(run, x, run.z + c * zBytes);
        store<f64>(out, a);
        out += 8;
      }
      x += <usize>run.strideBytes;
    }
  }

  /** Update with row x and dot with row y of class c. */
  @inline
  static step<X, Z>(run: Run, c: usize, x: usize, y: usize): f64 {
    const z = run.z + c * (<usize>run.columns * sizeof<Z>());
    const k = run.coefficients + (c << 2);
    if (isFloat<Z>()) return fused.f32<X>(z, x, y, run.columns, load<f32>(k));
    else {
      const s = load<i32>(run.shifts + (c << 2));
      const negative = sizeof<Z>() == 1 && run.negatives ? load<i32>(run.negatives + ((<usize>run.row) << 2)) : 0;
      const offsets = inner.offsets(run, s);
      if (isReference<X>()) {
        return packedPass.of<X, Z>(z, x, y, run.columns, load<i32>(k), s, offsets, run.levels, run.mask, negative);
      } else return fused.of<X, Z>(z, x, y, run.columns, load<i32>(k), s, offsets, negative);
    }
  }

  /** Codes of the current row. */
  @inline
  static row(run: Run): usize {
    return run.codes + <usize>run.row * <usize>run.strideBytes;
  }

  /**
   * After the last step of a block: the second half of its dense term (rounded up) and the first half of the next one's (rounded down) in one flush.
   * Symmetric around the sparse steps, the splitting is of second order: with x = alpha·m·λ the inner fixed point along an eigenvector lies
   * (x/2)·coth(x/2) = 1 + x²/12 times as far as it should, against x/(1 − e⁻ˣ) = 1 + x/2 with whole flushes after each block.
   */
  static closeBlock<X, Z>(run: Run): void {
    const done = run.block;
    run.remaining -= done;
    run.block = min(run.flushEvery, run.remaining);
    run.position = 0;
    flush.apply<Z>(run, done - (done >> 1) + (run.block >> 1));
    inner.open<X, Z>(run);
  }

  @inline
  static advanceLanes(run: Run): void {
    v128.store(run.lanes, random.advance(v128.load(run.lanes)));
  }

  /** `steps` steps; flushes as they fall due. */
  static advance<X, Z>(run: Run, steps: u32): void {
    const isSoftmax = run.loss == Loss.SOFTMAX;
    let a = load<f64>(run.dots);
    for (let t: u32 = 0; t < steps; t++) {
      inner.advanceLanes(run);
      if (isSoftmax) {
        inner.derivatives<Z>(run);
        inner.coefficients<X, Z>(run);
      } else inner.single<X, Z>(run, a);
      const x = inner.row(run);
      run.row = inner.next(run);
      const y = inner.row(run);
      a = inner.step<X, Z>(run, 0, x, y);
      if (isSoftmax) {
        store<f64>(run.dots, a);
        for (let c: usize = 1; c < <usize>run.classes; c++) {
          const dotted = inner.step<X, Z>(run, c, x, y);
          store<f64>(run.dots + (c << 3), dotted);
        }
      }
      run.position++;
      if (run.position == run.block) {
        inner.closeBlock<X, Z>(run);
        a = load<f64>(run.dots);
      }
    }
    store<f64>(run.dots, a);
  }

  /** Seeds the run for outer step `step`; returns after how many of `steps` steps it ends (fewer only for option II). */
  static begin<X, Z>(run: Run, seed: u32, step: u32, steps: u32, optionTwo: i32): u32 {
    run.scalar = random.seed(seed, step, run.lanes);
    run.preparedSteps = 0;
    const stop = optionTwo ? random.index(inner.draw(run), steps) : steps;
    run.rowsLeft = 0;
    run.row = inner.next(run);
    run.remaining = stop;
    run.block = min(run.flushEvery, stop);
    run.position = 0;
    if (run.block > 1) flush.apply<Z>(run, run.block >> 1);
    inner.open<X, Z>(run);
    return stop;
  }

  /** h = clamp(floor(alpha·gradient/delta·256 + ½), int16): classes × columns int16 at run.published; gradient: f64. */
  static preparePublished(run: Run, gradient: usize): void {
    const count = <usize>run.columns * <usize>run.classes;
    for (let j: usize = 0; j < count; j++) {
      const h = floor(((run.alpha * load<f64>(gradient + (j << 3))) / run.delta) * 256 + 0.5);
      store<i16>(run.published + (j << 1), <i16>(<i32>max(min<f64>(h, 32767), -32768)));
    }
  }

  /** `steps` steps of the published int8 scheme: dense at every step, one rounding; l2 follows as a proximal flush. */
  static advancePublished(run: Run, steps: u32): void {
    const columns = <usize>run.columns;
    const factor = run.factor * <f32>256;
    for (let t: u32 = 0; t < steps; t++) {
      if (run.loss == Loss.SOFTMAX) inner.derivatives<i8>(run);
      else store<f32>(run.changes, inner.derivative<i8>(run, load<f64>(run.dots)));
      inner.advanceLanes(run);
      v128.store(run.lanes, run.stochastic ? i16x8.shr_u(v128.load(run.lanes), 8) : i16x8.splat(128), 16);
      for (let c: usize = 0; c < <usize>run.classes; c++) {
        const dc = load<f32>(run.changes + (c << 2));
        let k = 0;
        if (dc != 0) {
          const code = floor<f32>(factor * -dc + inner.offset(run, dc));
          k = <i32>max<f32>(min<f32>(code, 127), -128);
        }
        store<i32>(run.coefficients + (c << 2), k);
      }
      const x = inner.row(run);
      run.row = inner.next(run);
      const y = inner.row(run);
      for (let c: usize = 0; c < <usize>run.classes; c++) {
        const k = load<i32>(run.coefficients + (c << 2));
        const h = run.published + c * (columns << 1);
        const a = fused.published(run.z + c * columns, x, y, run.columns, k, h, run.lanes + 16);
        store<f64>(run.dots + (c << 3), a);
      }
      run.position++;
      if (run.position == run.block) inner.closeBlock<i8, i8>(run);
    }
  }
}
