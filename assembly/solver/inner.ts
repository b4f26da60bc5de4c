// The inner loop of SGD, SVRG, HALP and their low-precision forms: one generic loop over (codes X, model part z).
// Given a Run around an anchor, `advance` makes some hundred to thousand stochastic steps; the bindings call it in chunks, because one long
// call would stay in the engine's first compiler tier. State between chunks is all in Run. docs/numerics.md §5.
// Sources: SVRG, Johnson & Zhang 2013; HALP, De Sa et al. 2018 (arXiv 1803.03383), Algorithm 3.
import { random } from "../core/random";
import { dot } from "../kernel/dot";
import { change } from "../loss/change";
import { Loss } from "../loss/loss";
import { flush } from "./flush";
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

  /** Margin changes of the current row, then their derivative (differences), times the row's weight: run.changes. */
  static derivatives<Z>(run: Run): void {
    const classes = run.classes;
    const changes = run.changes;
    const base = run.base ? run.base + <usize>run.row * (<usize>classes << 3) : 0;
    for (let c: usize = 0; c < <usize>classes; c++) {
      const moved = load<f64>(run.dots + (c << 3)) - (base ? load<f64>(base + (c << 3)) : 0);
      const steps = <f32>moved;
      store<f32>(changes + (c << 2), isFloat<Z>() ? steps : run.deltaScale * steps);
    }
    const state = run.state + <usize>run.row * (<usize>classes << 2);
    const label = load<f32>(run.labels + (<usize>run.row << 2));
    if (run.loss == Loss.SOFTMAX) {
      if (run.centred) change.softmaxDifference(changes, state, classes);
      else change.softmaxDerivative(changes, <i32>label, classes);
    } else {
      const delta = load<f32>(changes);
      store<f32>(
        changes,
        run.centred
          ? change.difference(run.loss, delta, load<f32>(state), label, run.threshold)
          : change.derivative(run.loss, delta, label, run.threshold),
      );
    }
    if (run.weights) {
      const weight = load<f32>(run.weights + (<usize>run.row << 2));
      for (let c: usize = 0; c < <usize>classes; c++) {
        store<f32>(changes + (c << 2), load<f32>(changes + (c << 2)) * weight);
      }
    }
  }

  /** u of one coefficient: 24 random bits, or ½ for nearest. */
  @inline
  static offset(run: Run): f32 {
    return run.stochastic ? random.uniform(inner.draw(run)) : 0.5;
  }

  /**
   * Coefficient of one class as k·2⁻ˢ, k integer with |k| ≤ kMax < 2^kBits: the largest s with |kappa|·2ˢ ≤ kMax, so that k keeps its bits
   * whatever the size of kappa.
   */
  static mantissa(run: Run, kappa: f32, at: usize, kMax: f32, kBits: i32, sMax: i32): void {
    if (kappa == 0) {
      store<i32>(at, 0);
      return;
    }
    const size = abs(kappa);
    const exponent = <i32>(reinterpret<u32>(size) >> 23) - 127; // −127 for subnormals: s ends at sMax anyway
    let s = min(kBits - 1 - exponent, sMax);
    if (s >= 0 && size * inner.power2(s) > kMax) s--;
    s = max(s, 0);
    const code = floor<f32>(kappa * inner.power2(s) + inner.offset(run));
    store<i32>(at, <i32>max<f32>(min<f32>(code, kMax), -kMax));
    store<i32>(at, s, 4);
  }

  @inline
  static power2(s: i32): f32 {
    return reinterpret<f32>((s + 127) << 23);
  }

  /** Coefficients of all classes from run.changes; the lanes advance first. */
  static coefficients<X, Z>(run: Run): void {
    v128.store(run.lanes, random.advance(v128.load(run.lanes)));
    for (let c: usize = 0; c < <usize>run.classes; c++) {
      const kappa = run.factor * load<f32>(run.changes + (c << 2));
      const at = run.coefficients + (c << 3);
      if (isFloat<Z>()) store<f32>(at, kappa);
      else if (sizeof<X>() == 2) inner.mantissa(run, kappa, at, 32767, 15, 29);
      else if (sizeof<Z>() == 2) inner.mantissa(run, kappa, at, 127, 7, 14);
      else inner.mantissa(run, kappa, at, 127, 7, 7);
    }
  }

  /** Rounding offsets r < 2ˢ of one class into the second half of run.lanes: the top s bits of each lane, or 2ˢ⁻¹. */
  @inline
  static offsets(run: Run, s: i32): usize {
    const at = run.lanes + 16;
    let rI16x8 = i16x8.splat(0);
    if (s > 0) {
      if (run.stochastic) rI16x8 = i16x8.shr_u(v128.load(run.lanes), max(16 - s, 0));
      else rI16x8 = i16x8.splat(<i16>(<i32>1 << (min(s, 16) - 1)));
    }
    v128.store(at, rI16x8);
    return at;
  }

  /** Dots of all classes with row `row`. */
  static open<X, Z>(run: Run): void {
    const x = run.codes + <usize>run.row * <usize>run.strideBytes;
    const zBytes = <usize>run.columns * sizeof<Z>();
    for (let c: usize = 0; c < <usize>run.classes; c++) {
      const a = dot.of<X, Z>(x, run.z + c * zBytes, run.columns);
      store<f64>(run.dots + (c << 3), a);
    }
  }

  /** Dots of every row with the z of the anchor: rows × classes f64 at run.base (LP-SVRG, whose z is the model itself). */
  static fillBase<X, Z>(run: Run): void {
    const zBytes = <usize>run.columns * sizeof<Z>();
    let out = run.base;
    let x = run.codes;
    for (let row: u32 = 0; row < run.rows; row++) {
      for (let c: usize = 0; c < <usize>run.classes; c++) {
        const a = dot.of<X, Z>(x, run.z + c * zBytes, run.columns);
        store<f64>(out, a);
        out += 8;
      }
      x += <usize>run.strideBytes;
    }
  }

  /** `steps` steps; flushes as they fall due. */
  static advance<X, Z>(run: Run, steps: u32): void {
    const zBytes = <usize>run.columns * sizeof<Z>();
    for (let t: u32 = 0; t < steps; t++) {
      inner.derivatives<Z>(run);
      inner.coefficients<X, Z>(run);
      const x = run.codes + <usize>run.row * <usize>run.strideBytes;
      run.row = random.index(inner.draw(run), run.rows);
      const y = run.codes + <usize>run.row * <usize>run.strideBytes;
      for (let c: usize = 0; c < <usize>run.classes; c++) {
        const at = run.coefficients + (c << 3);
        const z = run.z + c * zBytes;
        // k = 0 leaves z as it is: the offsets are then zero too
        const s = isFloat<Z>() || load<i32>(at) == 0 ? 0 : load<i32>(at, 4);
        const a = fused.of<X, Z>(z, x, y, run.columns, at, inner.offsets(run, s));
        store<f64>(run.dots + (c << 3), a);
      }
      run.sinceFlush++;
      if (run.sinceFlush == run.flushEvery) {
        flush.apply<Z>(run);
        inner.open<X, Z>(run);
      }
    }
  }

  /** Applies what is still pending after the last step. */
  static finish<Z>(run: Run): void {
    if (run.flushEvery && run.sinceFlush) flush.apply<Z>(run);
  }

  /** Seeds the run for outer step `step`; returns after how many of `steps` steps it ends (fewer only for option II). */
  static begin<X, Z>(run: Run, seed: u32, step: u32, steps: u32, optionTwo: i32): u32 {
    run.scalar = random.seed(seed, step, run.lanes);
    run.sinceFlush = 0;
    run.preparedSteps = 0;
    run.saturated = 0;
    const stop = optionTwo ? random.index(inner.draw(run), steps) : steps;
    run.row = random.index(inner.draw(run), run.rows);
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
      inner.derivatives<i8>(run);
      const lanesI16x8 = random.advance(v128.load(run.lanes));
      v128.store(run.lanes, lanesI16x8);
      v128.store(run.lanes, run.stochastic ? i16x8.shr_u(lanesI16x8, 8) : i16x8.splat(128), 16);
      for (let c: usize = 0; c < <usize>run.classes; c++) {
        const dc = load<f32>(run.changes + (c << 2));
        let k = 0;
        if (dc != 0) {
          const code = floor<f32>(factor * -dc + inner.offset(run));
          k = <i32>max<f32>(min<f32>(code, 127), -128);
        }
        store<i32>(run.coefficients + (c << 3), k);
      }
      const x = run.codes + <usize>run.row * <usize>run.strideBytes;
      run.row = random.index(inner.draw(run), run.rows);
      const y = run.codes + <usize>run.row * <usize>run.strideBytes;
      for (let c: usize = 0; c < <usize>run.classes; c++) {
        const k = load<i32>(run.coefficients + (c << 3));
        const h = run.published + c * (columns << 1);
        store<f64>(run.dots + (c << 3), fused.published(run.z + c * columns, x, y, run.columns, k, h, run.lanes + 16));
      }
      if (run.flushEvery) {
        run.sinceFlush++;
        flush.apply<i8>(run);
        inner.open<i8, i8>(run);
      }
    }
  }
}
