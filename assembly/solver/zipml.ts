// ZipML's stochastic steps: minibatch gradients from rows rounded to a few levels, model and gradient rounded on the way if asked for.
//   ŵ = Q3(w);  g = 1/B Σ ω·g(Q1(x), Q2(x), ŵ);  ĝ = Q4(g);  w ← prox(w − α·ĝ)
// Two independent roundings make the gradient unbiased, E Q1·(Q2·w − y) = x·(x·w − y), where one used twice has E QQᵀ = xxᵀ + D. Given a ZipmlRun, `advance`
// makes some hundred steps; the bindings call it in chunks. All float32, products and sums rounded apart, in the order of docs/numerics.md §14.
// Source: ZipML, Zhang et al. 2017 (arXiv 1611.05402), §2–4.
import { random } from "../core/random";
import { dot } from "../kernel/dot";
import { round } from "../kernel/round";
import { weave } from "../kernel/weave";
import { change } from "../loss/change";
import { Loss } from "../loss/loss";
import { Estimator, Refetch, Rounding, Scaling, ZipmlRun } from "./zipml-run";

@unmanaged
export abstract class zipml {
  /** Streams of outer step `step`: the row indices', and the coins' eight. */
  static begin(run: ZipmlRun, seed: u32, step: u32): void {
    let state = random.seed(seed, step, run.lanes);
    for (let l: usize = 0; l < 32; l += 4) {
      state = random.next(state);
      store<u32>(run.lanes + l, round.seed(state));
    }
    run.scalar = state;
    run.refetched = 0;
    run.outside = 0;
  }

  /** `steps` steps; or (end not 0) of one step the visits first … end, its beginning with the first one and its end with the last one. */
  static advance(run: ZipmlRun, steps: u32, first: u32, end: u32): void {
    if (end) zipml.step(run, first, end);
    else for (let s: u32 = 0; s < steps; s++) zipml.step(run, 0, run.batch);
  }

  @inline
  static exactRow(run: ZipmlRun, row: u32): usize {
    return run.exact + <usize>row * <usize>run.strideBytes;
  }

  @inline
  static intercept(run: ZipmlRun): usize {
    return (<usize>run.cols) << 2;
  }

  /** Base indices and fractions of a float32 row; returns the row's scale (1 but for row scaling). */
  static split(run: ZipmlRun, x: usize): f32 {
    const columns = run.columns;
    let scale: f32 = 1;
    let row = x;
    if (run.scaling != Scaling.COLUMN) {
      row = run.scaled;
      memory.copy(row, x, (<usize>columns) << 2);
      // the column of ones has no part in the row's scale
      if (run.hasIntercept) store<f32>(row + zipml.intercept(run), 0);
      scale = round.size(row, columns, run.scaling == Scaling.ROW_L2 ? 1 : 0);
      round.divide(row, scale, columns);
    }
    if (run.table) round.search(row, run.table, run.count, columns, run.base, run.fraction);
    else round.split(row, run.low, run.inverse, run.last, columns, run.base, run.fraction);
    return scale;
  }

  /** Rounds what `split` has left to indices, by coins or to the nearest level. */
  @inline
  static settle(run: ZipmlRun, index: usize): void {
    if (run.rounding == Rounding.STOCHASTIC) round.draw(run.base, run.fraction, run.columns, run.lanes, index);
    else round.settle(run.base, run.fraction, 0.5, run.columns, index);
  }

  /** A sample's column of ones. */
  @inline
  static complete(run: ZipmlRun, out: usize): void {
    if (run.hasIntercept) store<f32>(out + zipml.intercept(run), 1);
  }

  /** Codes → values; addend ½: interval midpoints. */
  static decode(run: ZipmlRun, codes: usize, addend: f32, scale: f32, out: usize): void {
    const columns = run.columns;
    if (run.table == 0) round.decode(codes, addend, run.low, run.width, scale, columns, out);
    else if (addend == 0) round.decodeTable(codes, run.table, run.count, run.width, columns, out);
    else round.between(codes, run.table, run.width, columns, out);
    zipml.complete(run, out);
  }

  /** The samples of a row into `values`, behind them its interval midpoints where refetching asks for them; returns the row's scale. */
  static sample(run: ZipmlRun, row: u32): f32 {
    const hasMidpoint = run.refetch == Refetch.MIDPOINT && run.estimator != Estimator.SINGLE;
    return run.store ? zipml.stored(run, row, hasMidpoint) : zipml.fresh(run, row, hasMidpoint);
  }

  static stored(run: ZipmlRun, row: u32, hasMidpoint: bool): f32 {
    const columns = run.columns;
    const pitch = (<usize>columns) << 2;
    const planeBytes = <usize>run.planeBytes;
    const planes = <i32>run.planes;
    let at = run.store + <usize>row * <usize>run.rowBytes;
    let out = run.values;
    weave.read(at, planeBytes, planes, 0, columns, run.codes);
    const scale = run.scales ? load<f32>(run.scales + ((<usize>row) << 2)) : <f32>1;
    at += <usize>planes * planeBytes;
    for (let k: u32 = 0; k < run.samples; k++) {
      let codes = run.codes;
      if (run.ups) {
        weave.add(codes, at, columns, run.bits);
        codes = run.bits;
      }
      zipml.decode(run, codes, 0, scale, out);
      at += planeBytes;
      out += pitch;
    }
    if (hasMidpoint) zipml.decode(run, run.codes, 0.5, scale, out);
    return scale;
  }

  static fresh(run: ZipmlRun, row: u32, hasMidpoint: bool): f32 {
    const columns = run.columns;
    const scale = zipml.split(run, zipml.exactRow(run, row));
    let out = run.values;
    for (let k: u32 = 0; k < run.samples; k++) {
      zipml.settle(run, run.index);
      if (run.table) {
        round.toBytes(run.index, columns, run.codes);
        round.decodeTable(run.codes, run.table, run.count, run.width, columns, out);
      } else round.values(run.index, run.low, run.width, scale, columns, out);
      zipml.complete(run, out);
      out += (<usize>columns) << 2;
    }
    if (hasMidpoint) {
      round.toBytes(run.base, columns, run.codes);
      zipml.decode(run, run.codes, 0.5, scale, out);
    }
    return scale;
  }

  @inline
  static weigh(run: ZipmlRun, row: u32, derivative: f32): f32 {
    const weighted = run.weights ? derivative * load<f32>(run.weights + ((<usize>row) << 2)) : derivative;
    return weighted * run.share;
  }

  @inline
  static margin(run: ZipmlRun, x: usize): f32 {
    return <f32>dot.f32<f32>(x, run.seen, run.columns);
  }

  /** gradient += k·x; a row without a part in the gradient is left out. */
  @inline
  static accumulate(run: ZipmlRun, k: f32, x: usize): void {
    if (k != 0) round.add(run.gradient, k, x, run.columns);
  }

  /** The row's part of the gradient. */
  static visit(run: ZipmlRun, row: u32): void {
    const y = load<f32>(run.labels + ((<usize>row) << 2));
    const estimator = run.estimator;
    const pitch = (<usize>run.columns) << 2;
    if (run.samples == 0) {
      const x = zipml.exactRow(run, row);
      if (estimator == Estimator.POLYNOMIAL) zipml.polynomial(run, row, y, x, 0);
      else zipml.plain(run, row, y, x);
      return;
    }
    const scale = zipml.sample(run, row);
    const first = run.values;
    const second = first + pitch;
    if (estimator == Estimator.POLYNOMIAL) {
      zipml.polynomial(run, row, y, first, pitch);
      return;
    }
    let side = 0;
    if (run.refetch != Refetch.NONE) {
      side = zipml.side(run, row, y, scale);
      if (side == 0) {
        run.refetched++;
        zipml.plain(run, row, y, zipml.exactRow(run, row));
        return;
      }
    }
    if (estimator == Estimator.SINGLE) {
      zipml.accumulate(run, zipml.slope(run, row, y, zipml.margin(run, first), side), first);
      return;
    }
    const ahead = zipml.slope(run, row, y, zipml.margin(run, second), side);
    if (estimator == Estimator.DOUBLE) {
      zipml.accumulate(run, ahead, first);
      return;
    }
    const behind = zipml.slope(run, row, y, zipml.margin(run, first), side);
    if (ahead != 0 && behind != 0) {
      round.addTwo(run.gradient, <f32>0.5 * ahead, first, <f32>0.5 * behind, second, run.columns);
    } else {
      zipml.accumulate(run, <f32>0.5 * ahead, first);
      zipml.accumulate(run, <f32>0.5 * behind, second);
    }
  }

  /** The gradient of a row that is not rounded. */
  static plain(run: ZipmlRun, row: u32, y: f32, x: usize): void {
    zipml.accumulate(run, zipml.slope(run, row, y, zipml.margin(run, x), 0), x);
  }

  /** Weighted derivative at a margin; side: 0 unknown, 1 within the hinge, −1 beyond it: there the loss is taken for what it is on that side alone. */
  static slope(run: ZipmlRun, row: u32, y: f32, margin: f32, side: i32): f32 {
    if (side < 0) return 0;
    if (side == 0) return zipml.weigh(run, row, change.derivative(run.loss, margin, y, run.threshold));
    return zipml.weigh(run, row, run.loss == Loss.HINGE ? -y : margin - y);
  }

  /** On which side of its kink the row stands for certain (or with the wanted probability): 1, −1, or 0: not known. */
  static side(run: ZipmlRun, row: u32, y: f32, scale: f32): i32 {
    let margin: f32;
    let bound = scale * run.bound + max<f32>(scale, 1) * run.margin;
    if (run.refetch == Refetch.SKETCH) {
      const bytes = (<usize>run.sketchSize) << 2;
      margin = <f32>dot.f32<f32>(run.sketches + <usize>row * bytes, run.sketch, run.sketchSize);
      bound = load<f32>(run.norms + ((<usize>row) << 2)) * run.bound;
    } else {
      // midpoints stand behind the samples, but a single sample is its own
      const isMidpoint = run.refetch == Refetch.MIDPOINT && run.estimator != Estimator.SINGLE;
      margin = zipml.margin(run, isMidpoint ? run.values + ((<usize>(run.samples * run.columns)) << 2) : run.values);
    }
    const slack = <f32>1 - y * margin;
    return slack > bound ? 1 : slack < -bound ? -1 : 0;
  }

  /** What the margins of this step's rows may be off by. */
  static prepareBound(run: ZipmlRun): void {
    const bytes = (<usize>run.columns) << 2;
    let total: f32 = 0;
    let sum: f32 = 0;
    if (run.refetch == Refetch.SKETCH) {
      const size = (<usize>run.sketchSize) << 2;
      let at = run.projection;
      for (let k: usize = 0; k < size; k += 4) {
        store<f32>(run.sketch + k, <f32>dot.f32<f32>(at, run.seen, run.columns));
        at += bytes;
      }
      run.bound = run.confidence * round.size(run.seen, run.columns, 1);
      return;
    }
    for (let j: usize = 0; j < bytes; j += 4) {
      const size = abs(load<f32>(run.seen + j));
      const part = load<f32>(run.spread + j) * size;
      total += size;
      sum += run.refetch == Refetch.HOEFFDING ? part * part : part;
    }
    if (run.refetch == Refetch.HOEFFDING) run.bound = run.confidence * sqrt<f32>(sum);
    else run.bound = run.refetch == Refetch.MIDPOINT ? <f32>0.5 * sum : sum;
    run.margin = run.slack * total;
  }

  /** −y·P(y·margin)·Q with P = Σ c·T(t/radius) by the Chebyshev recurrence, a sample of its own (at x, x + pitch, …; pitch 0: the exact row) for every step of it, so that E T = T(t/radius). */
  static polynomial(run: ZipmlRun, row: u32, y: f32, x: usize, pitch: usize): void {
    const degree = run.degree;
    let before: f32 = 0;
    let now: f32 = 1;
    let sum = load<f32>(run.coefficients);
    for (let i: u32 = 1; i <= degree; i++) {
      const tau = y * zipml.margin(run, x) * run.inverseRadius;
      if (abs(tau) > 1) run.outside++;
      const next = i == 1 ? tau : <f32>2 * tau * now - before;
      before = now;
      now = next;
      sum += load<f32>(run.coefficients + ((<usize>i) << 2)) * now;
      x += pitch;
    }
    zipml.accumulate(run, zipml.weigh(run, row, -y * sum), x);
  }

  /** out = x rounded to `limit` intervals per sign; the intercept is left as it is. */
  static roundVector(run: ZipmlRun, x: usize, limit: f32, out: usize): void {
    const at = zipml.intercept(run);
    let b: f32 = 0;
    if (run.hasIntercept) {
      b = load<f32>(x + at);
      store<f32>(x + at, 0);
    }
    round.vector(x, limit, run.isNorm, run.columns, run.lanes, out);
    if (run.hasIntercept) {
      store<f32>(x + at, b);
      store<f32>(out + at, b);
    }
  }

  static step(run: ZipmlRun, first: u32, end: u32): void {
    const bytes = (<usize>run.columns) << 2;
    if (first == 0) {
      // without rounding `seen` is the model itself
      if (run.modelLimit != 0) zipml.roundVector(run, run.w, run.modelLimit, run.seen);
      if (run.refetch != Refetch.NONE) zipml.prepareBound(run);
      memory.fill(run.gradient, 0, bytes);
    }
    let state = run.scalar;
    for (let b = first; b < end; b++) {
      state = random.next(state);
      zipml.visit(run, random.index(state, run.rows));
    }
    run.scalar = state;
    if (end < run.batch) return;
    if (run.correction) zipml.correct(run);
    if (run.gradientLimit != 0) zipml.roundVector(run, run.gradient, run.gradientLimit, run.gradient);
    zipml.move(run);
    if (run.ball != 0) {
      const norm = round.size(run.w, run.columns, 1);
      if (norm > run.ball) zipml.shorten(run, run.ball / norm);
    }
    if (run.average) {
      run.averaged++;
      for (let j: usize = 0; j < bytes; j += 4) {
        const at = run.average + (j << 1);
        store<f64>(at, load<f64>(at) + <f64>load<f32>(run.w + j));
      }
    }
  }

  /** gradient −= D̄∘ŵ. */
  static correct(run: ZipmlRun): void {
    for (let j: usize = 0; j < (<usize>run.columns) << 2; j += 16) {
      const biasF32x4 = f32x4.mul(v128.load(run.correction + j), v128.load(run.seen + j));
      v128.store(run.gradient + j, f32x4.sub(v128.load(run.gradient + j), biasF32x4));
    }
  }

  /** w ← (w − alpha·gradient)·shrink. */
  static move(run: ZipmlRun): void {
    const alphaF32x4 = f32x4.splat(run.alpha);
    for (let j: usize = 0; j < (<usize>run.columns) << 2; j += 16) {
      const movedF32x4 = f32x4.sub(v128.load(run.w + j), f32x4.mul(alphaF32x4, v128.load(run.gradient + j)));
      v128.store(run.w + j, f32x4.mul(movedF32x4, v128.load(run.shrink + j)));
    }
  }

  static shorten(run: ZipmlRun, factor: f32): void {
    const factorF32x4 = f32x4.splat(factor);
    for (let j: usize = 0; j < (<usize>run.columns) << 2; j += 16) {
      v128.store(run.w + j, f32x4.mul(v128.load(run.w + j), factorF32x4));
    }
  }

  /** Rounds rows once and packs them as rows `first`, … of the store. x: count float32 rows, strideBytes apart. */
  static pack(run: ZipmlRun, x: usize, first: u32, count: u32): void {
    const columns = run.columns;
    const planeBytes = <usize>run.planeBytes;
    const planes = <i32>run.planes;
    for (let i: u32 = 0; i < count; i++) {
      const row = first + i;
      const at = run.store + <usize>row * <usize>run.rowBytes;
      const scale = zipml.split(run, x);
      if (run.scales) store<f32>(run.scales + ((<usize>row) << 2), scale);
      if (run.ups) {
        round.toBytes(run.base, columns, run.codes);
        weave.write(run.codes, columns, planes - 1, planes, at, planeBytes);
        let plane = at + <usize>planes * planeBytes;
        // coins alone: up or not
        memory.fill(run.base, 0, (<usize>columns) << 2);
        for (let k: u32 = 0; k < run.ups; k++) {
          round.draw(run.base, run.fraction, columns, run.lanes, run.index);
          round.toBytes(run.index, columns, run.bits);
          weave.write(run.bits, columns, 0, 1, plane, planeBytes);
          plane += planeBytes;
        }
      } else {
        zipml.settle(run, run.index);
        round.toBytes(run.index, columns, run.codes);
        weave.write(run.codes, columns, planes - 1, planes, at, planeBytes);
      }
      x += run.strideBytes;
    }
  }

  /** sums += ω·(b − x)(x − a) of rows `first`, …: the variances of a sample, columns f64. x as in `pack`. */
  static variances(run: ZipmlRun, x: usize, first: u32, count: u32, sums: usize): void {
    const bytes = (<usize>run.columns) << 2;
    for (let i: u32 = 0; i < count; i++) {
      const scale = <f64>zipml.split(run, x);
      const weight = run.weights ? <f64>load<f32>(run.weights + ((<usize>(first + i)) << 2)) : 1;
      const factor = weight * scale * scale;
      for (let j: usize = 0; j < bytes; j += 4) {
        const part = max<f64>(0, min<f64>(1, <f64>load<f32>(run.fraction + j)));
        let width = <f64>load<f32>(run.width + j);
        if (run.table) {
          const level = run.table + ((<usize>load<f32>(run.base + j)) << 2);
          width *= <f64>load<f32>(level, 4) - <f64>load<f32>(level);
        }
        const at = sums + (j << 1);
        store<f64>(at, load<f64>(at) + factor * (part * (1 - part) * (width * width)));
      }
      x += run.strideBytes;
    }
  }

  /** Sketches of rows `first`, …, A·x, and their norms. x as in `pack`. */
  static outline(run: ZipmlRun, x: usize, first: u32, count: u32): void {
    const bytes = (<usize>run.columns) << 2;
    let out = run.sketches + <usize>first * ((<usize>run.sketchSize) << 2);
    for (let i: u32 = 0; i < count; i++) {
      let at = run.projection;
      for (let k: u32 = 0; k < run.sketchSize; k++) {
        store<f32>(out, <f32>dot.f32<f32>(at, x, run.columns));
        at += bytes;
        out += 4;
      }
      store<f32>(run.norms + ((<usize>(first + i)) << 2), round.size(x, run.columns, 1));
      x += run.strideBytes;
    }
  }
}
