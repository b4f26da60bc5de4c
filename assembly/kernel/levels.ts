// Levels for stochastic rounding of least variance, and for nearest rounding (Lloyd–Max), on points with prefix sums (points.ts). docs/numerics.md §13.
//
// The cost of an interval of two points is Σ w·(xₘ − x)(x − xⱼ) over the values between. It satisfies the quadrangle inequality, so the best last level before
// point m moves only upward with m: that is what the faster searches live on. After ZipML (arXiv 1611.05402), section 3; QUIVER (arXiv 2402.03158).
import { statistics } from "./columns";
import { POINT } from "./points";

/** Rows from which looking at two at a time pays. */
const PAIRED: i32 = 6;

@unmanaged
export abstract class levels {
  /** Σ w·(x_m − x)(x − x_j) over the values from point j to point m, in point coordinates; what rounding leaves below 0 is 0. */
  @inline
  static cost(points: usize, j: i32, m: i32): f64 {
    return levels.between(points + <usize>j * POINT, points + <usize>m * POINT);
  }

  /** `cost` of two points at their addresses. */
  @inline
  static between(low: usize, high: usize): f64 {
    const a = load<f64>(low);
    const b = load<f64>(high);
    const alpha = load<f64>(high, 8) - load<f64>(low, 8);
    const beta = load<f64>(high, 16) - load<f64>(low, 16);
    const gamma = load<f64>(high, 24) - load<f64>(low, 24);
    return max((a + b) * beta - (a * b * alpha + gamma), 0);
  }

  /**
   * Bytes of scratch the searches need: two rows of least costs, the choices of all layers but the first and the last, and columns for `smawk`.
   * rows = count − intervals: in every layer just so many points can end the interval.
   */
  static scratchBytes(count: i32, intervals: i32): usize {
    const rows = <usize>(count - intervals);
    return (rows << 4) + ((rows * <usize>max(intervals - 2, 0)) << 2) + rows * 12 + 512;
  }

  /** Least costs of one interval from point 0: layer 1. Row r of layer i stands for point r + i. */
  @inline
  static first(points: usize, rows: i32, costs: usize): void {
    for (let row = 0; row < rows; row++) store<f64>(costs + ((<usize>row) << 3), levels.cost(points, 0, row + 1));
  }

  /** First row of the layer before, of `low` … `high`, that gives row `row` of layer `layer` its least cost, which goes to out. */
  @inline
  static search(points: usize, layer: i32, row: i32, low: i32, high: i32, before: usize, out: usize): i32 {
    const end = points + <usize>(row + layer) * POINT;
    let at = points + <usize>(low + layer - 1) * POINT;
    let best: f64 = Infinity;
    let choice = low;
    let j = low;
    if (high - low >= PAIRED) {
      // two rows at a time, the operations of `between` in each lane: the same bits
      const bF64x2 = v128.load64_splat(end);
      const alphaF64x2 = v128.load64_splat(end, 8);
      const betaF64x2 = v128.load64_splat(end, 16);
      const gammaF64x2 = v128.load64_splat(end, 24);
      let bestF64x2 = f64x2.splat(Infinity);
      let placeI64x2 = i64x2.replace_lane(i64x2.splat(<i64>low), 1, <i64>low + 1);
      let choiceI64x2 = placeI64x2;
      for (; j < high; j += 2) {
        const ownF64x2 = v128.load(at);
        const nextF64x2 = v128.load(at, 32);
        const sumsF64x2 = v128.load(at, 16);
        const nextSumsF64x2 = v128.load(at, 48);
        const aF64x2 = i64x2.shuffle(ownF64x2, nextF64x2, 0, 2);
        const dAlphaF64x2 = f64x2.sub(alphaF64x2, i64x2.shuffle(ownF64x2, nextF64x2, 1, 3));
        const dBetaF64x2 = f64x2.sub(betaF64x2, i64x2.shuffle(sumsF64x2, nextSumsF64x2, 0, 2));
        const dGammaF64x2 = f64x2.sub(gammaF64x2, i64x2.shuffle(sumsF64x2, nextSumsF64x2, 1, 3));
        const productF64x2 = f64x2.mul(f64x2.mul(aF64x2, bF64x2), dAlphaF64x2);
        const linearF64x2 = f64x2.mul(f64x2.add(aF64x2, bF64x2), dBetaF64x2);
        const costF64x2 = f64x2.sub(linearF64x2, f64x2.add(productF64x2, dGammaF64x2));
        const beforeF64x2 = v128.load(before + ((<usize>j) << 3));
        const valueF64x2 = f64x2.add(beforeF64x2, f64x2.pmax(costF64x2, f64x2.splat(0)));
        choiceI64x2 = v128.bitselect(placeI64x2, choiceI64x2, f64x2.lt(valueF64x2, bestF64x2));
        bestF64x2 = f64x2.pmin(bestF64x2, valueF64x2);
        placeI64x2 = i64x2.add(placeI64x2, i64x2.splat(2));
        at += 2 * POINT;
      }
      best = f64x2.extract_lane(bestF64x2, 0);
      choice = <i32>i64x2.extract_lane(choiceI64x2, 0);
      const other = f64x2.extract_lane(bestF64x2, 1);
      const otherChoice = <i32>i64x2.extract_lane(choiceI64x2, 1);
      if (other < best || (other == best && otherChoice < choice)) {
        best = other;
        choice = otherChoice;
      }
    }
    for (; j <= high; j++) {
      const value = load<f64>(before + ((<usize>j) << 3)) + levels.between(at, end);
      if (value < best) {
        best = value;
        choice = j;
      }
      at += POINT;
    }
    store<f64>(out, best);
    return choice;
  }

  /** Last layer, and the way back: out: intervals + 1 u32, the points that are levels. Returns the least cost. */
  static finish(
    points: usize,
    intervals: i32,
    rows: i32,
    before: usize,
    spare: usize,
    choices: usize,
    out: usize,
  ): f64 {
    let row = rows - 1;
    store<u32>(out + ((<usize>intervals) << 2), row + intervals);
    store<u32>(out, 0);
    if (intervals == 1) return load<f64>(before + ((<usize>row) << 3));
    row = levels.search(points, intervals, row, 0, row, before, spare);
    store<u32>(out + ((<usize>(intervals - 1)) << 2), row + intervals - 1);
    for (let layer = intervals - 1; layer > 1; layer--) {
      row = load<i32>(choices + ((<usize>(layer - 2) * <usize>rows + <usize>row) << 2));
      store<u32>(out + ((<usize>(layer - 1)) << 2), row + layer - 1);
    }
    return load<f64>(spare);
  }

  /**
   * The intervals + 1 points, first and last among them, that as levels have the least cost Σ w·(u − x)(x − l); out: their indices, u32, ascending.
   * 1 ≤ intervals < count; scratch: scratchBytes. Returns the cost. Every row against every row before it: O(intervals·count²).
   */
  static exact(points: usize, count: i32, intervals: i32, scratch: usize, out: usize): f64 {
    const rows = count - intervals;
    const bytes = (<usize>rows) << 3;
    let before = scratch;
    let costs = scratch + bytes;
    const choices = costs + bytes;
    levels.first(points, rows, before);
    for (let layer = 2; layer < intervals; layer++) {
      const own = choices + ((<usize>(layer - 2) * <usize>rows) << 2);
      for (let row = 0; row < rows; row++) {
        const choice = levels.search(points, layer, row, 0, row, before, costs + ((<usize>row) << 3));
        store<i32>(own + ((<usize>row) << 2), choice);
      }
      const swap = before;
      before = costs;
      costs = swap;
    }
    return levels.finish(points, intervals, rows, before, costs, choices, out);
  }

  /**
   * As `exact`, but a row looks only between the choices of two rows around it, which came before: O(intervals·count·log count). first, end: the layers to be made, from 2
   * to intervals, in order, or 0 and 0 for all; the cost comes with the last one.
   */
  static divide(points: usize, count: i32, intervals: i32, scratch: usize, out: usize, first: i32, end: i32): f64 {
    const rows = count - intervals;
    const bytes = (<usize>rows) << 3;
    // the costs of two layers take turns
    const isSwapped = (first & 1) != 0;
    let before = isSwapped ? scratch + bytes : scratch;
    let costs = isSwapped ? scratch : scratch + bytes;
    const choices = scratch + 2 * bytes;
    if (first <= 2) levels.first(points, rows, before);
    const last = end ? min(end, intervals) : intervals;
    for (let layer = max(first, 2); layer < last; layer++) {
      const own = choices + ((<usize>(layer - 2) * <usize>rows) << 2);
      levels.halve(points, layer, 0, rows - 1, 0, rows - 1, before, costs, own);
      const swap = before;
      before = costs;
      costs = swap;
    }
    if (end && end < intervals) return 0;
    return levels.finish(points, intervals, rows, before, costs, choices, out);
  }

  /** Rows first … last of a layer, whose choices lie within low … high: the middle one, then those on either side of it, so that most of them find their points in a cache. */
  static halve(
    points: usize,
    layer: i32,
    first: i32,
    last: i32,
    low: i32,
    high: i32,
    before: usize,
    costs: usize,
    choices: usize,
  ): void {
    while (first <= last) {
      const row = (first + last) >> 1;
      const choice = levels.search(points, layer, row, low, min(high, row), before, costs + ((<usize>row) << 3));
      store<i32>(choices + ((<usize>row) << 2), choice);
      levels.halve(points, layer, first, row - 1, low, choice, before, costs, choices);
      first = row + 1;
      low = choice;
    }
  }

  /** As `exact`, by the row minima of totally monotone matrices (SMAWK: Aggarwal, Klawe, Moran, Shor, Wilber, Algorithmica 2 (1987) 195): O(intervals·count). */
  static smawk(points: usize, count: i32, intervals: i32, scratch: usize, out: usize): f64 {
    const rows = count - intervals;
    const bytes = (<usize>rows) << 3;
    let before = scratch;
    let costs = scratch + bytes;
    const choices = costs + bytes;
    const columns = choices + ((<usize>rows * <usize>max(intervals - 2, 0)) << 2);
    levels.first(points, rows, before);
    for (let layer = 2; layer < intervals; layer++) {
      const own = choices + ((<usize>(layer - 2) * <usize>rows) << 2);
      levels.minima(points, layer, 0, 1, rows, 0, rows, before, costs, own, columns);
      const swap = before;
      before = costs;
      costs = swap;
    }
    return levels.finish(points, intervals, rows, before, costs, choices, out);
  }

  /** Cost of row `row` of a layer by way of row `column` of the layer before; columns after the row do not lead there. */
  @inline
  static by(points: usize, layer: i32, row: i32, column: i32, before: usize): f64 {
    if (column > row) return Infinity;
    return load<f64>(before + ((<usize>column) << 3)) + levels.cost(points, column + layer - 1, row + layer);
  }

  /**
   * Row minima of rows first, first + step, … (`rows` of them) among `count` columns: i32 at `columns`, or 0 … count − 1 when that is 0. costs, choices: by row.
   * free: room for the columns that are kept, here and further down.
   */
  static minima(
    points: usize,
    layer: i32,
    first: i32,
    step: i32,
    rows: i32,
    columns: usize,
    count: i32,
    before: usize,
    costs: usize,
    choices: usize,
    free: usize,
  ): void {
    // a column is dropped when it loses from some row on to one on its right and up to there to one on its left: one column per row is left
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const column = columns ? load<i32>(columns + ((<usize>i) << 2)) : i;
      while (kept > 0) {
        const row = first + (kept - 1) * step;
        const top = load<i32>(free + ((<usize>(kept - 1)) << 2));
        if (levels.by(points, layer, row, top, before) <= levels.by(points, layer, row, column, before)) break;
        kept--;
      }
      if (kept < rows) {
        store<i32>(free + ((<usize>kept) << 2), column);
        kept++;
      }
    }
    if (rows > 1) {
      const further = free + ((<usize>kept) << 2);
      levels.minima(points, layer, first + step, step << 1, rows >> 1, free, kept, before, costs, choices, further);
    }
    // the other rows lie between the choices of their neighbours
    let place = free;
    const end = free + ((<usize>(kept - 1)) << 2);
    for (let i = 0; i < rows; i += 2) {
      const row = first + i * step;
      const last = i + 1 < rows ? load<i32>(choices + ((<usize>(row + step)) << 2)) : load<i32>(end);
      let best: f64 = Infinity;
      let choice = load<i32>(place);
      while (true) {
        const column = load<i32>(place);
        const value = levels.by(points, layer, row, column, before);
        if (value < best) {
          best = value;
          choice = column;
        }
        if (column == last) break;
        place += 4;
      }
      store<f64>(costs + ((<usize>row) << 3), best);
      store<i32>(choices + ((<usize>row) << 2), choice);
    }
  }

  /** Bytes of scratch `thin` needs. */
  static thinScratchBytes(count: i32): usize {
    return (<usize>(count >> 1)) << 4;
  }

  /**
   * ADAQUANT: from all points on, neighbouring intervals are joined in pairs, all but the `apart` pairs that would cost most (of equal ones the first), until at
   * most `most` ≥ 2·apart + 2 intervals are left. out: count u32, of which the ends of the intervals are written; returns their number. With g > 0, apart = ⌊(1 + g)k⌋ and
   * gk whole the cost is at most (1 + 1/g) times the least one of k intervals. count ≥ 2.
   */
  static thin(points: usize, count: i32, apart: i32, most: i32, scratch: usize, out: usize): i32 {
    for (let i = 0; i < count; i++) store<u32>(out + ((<usize>i) << 2), i);
    let intervals = count - 1;
    while (intervals > most) {
      const pairs = intervals >> 1;
      const sorted = scratch + ((<usize>pairs) << 3);
      for (let pair: usize = 0; pair < <usize>pairs; pair++) {
        const at = out + (pair << 3);
        const error = levels.cost(points, load<i32>(at), load<i32>(at, 8));
        store<f64>(scratch + (pair << 3), error);
        store<f64>(sorted + (pair << 3), error);
      }
      const limit = apart > 0 ? statistics.select(sorted, pairs, pairs - apart) : Infinity;
      let equal = apart;
      for (let pair: usize = 0; pair < <usize>pairs; pair++) equal -= i32(load<f64>(scratch + (pair << 3)) > limit);
      let left: usize = 1;
      for (let pair: usize = 0; pair < <usize>pairs; pair++) {
        const error = load<f64>(scratch + (pair << 3));
        const isEqual = error == limit && equal > 0;
        if (isEqual) equal--;
        if (isEqual || error > limit) {
          store<u32>(out + (left << 2), load<u32>(out + (pair << 3), 4));
          left++;
        }
        store<u32>(out + (left << 2), load<u32>(out + (pair << 3), 8));
        left++;
      }
      if (intervals & 1) {
        store<u32>(out + (left << 2), load<u32>(out + ((<usize>intervals) << 2)));
        left++;
      }
      intervals = <i32>left - 1;
    }
    return intervals + 1;
  }

  /** Index of the first of `count` values outside low … high, or −1. */
  static firstOutside(values: usize, count: i32, low: f64, high: f64): i32 {
    for (let i = 0; i < count; i++) {
      const value = load<f64>(values + ((<usize>i) << 3));
      if (!(value >= low && value <= high)) return i;
    }
    return -1;
  }

  /**
   * Mean variance Σ w·(u − x)(x − l)/Σ w of rounding values to the two of `number` levels (f64, ascending) around each; a value that is a level has none. Every
   * value lies within the levels; weights: as `points.scaleWeights` leaves them, or 0. Sums in the order of the values: all terms are ≥ 0, no digits cancel.
   */
  static variance(values: usize, weights: usize, count: i32, at: usize, number: i32): f64 {
    let sum: f64 = 0;
    let total: f64 = 0;
    for (let i: usize = 0; i < <usize>count; i++) {
      const x = load<f64>(values + (i << 3));
      const weight: f64 = weights ? load<f64>(weights + (i << 3)) : 1;
      let low: usize = 0;
      let high = <usize>(number - 1);
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (x < load<f64>(at + (middle << 3))) high = middle;
        else low = middle;
      }
      total += weight;
      sum += weight * ((load<f64>(at + (high << 3)) - x) * (x - load<f64>(at + (low << 3))));
    }
    return sum / total;
  }
}

@unmanaged
export abstract class lloyd {
  /** Prefix sum at `offset` of the first `number` points. */
  @inline
  static sum(points: usize, number: i32, offset: usize): f64 {
    return number > 0 ? load<f64>(points + <usize>(number - 1) * POINT + offset) : 0;
  }

  /** Number of the first `count` ascending origins that are below `limit`, given that `from` of them are. */
  @inline
  static below(origins: usize, from: i32, count: i32, limit: f64): i32 {
    let low = from;
    let high = count;
    while (low < high) {
      const middle = low + ((high - low) >> 1);
      if (load<f64>(origins + ((<usize>middle) << 3)) < limit) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * Lloyd's method for nearest rounding (IEEE Trans. IT 28 (1982) 129; Max 1960): levels, `number` f64 in ascending order, become the means of the values nearest to
   * each (halfway between two: the upper one), until no value changes its level or `most` times; a level without weight stays. points, origins, frame: as `points.ofSorted` writes
   * them. ends: number u32, where the values of each level end. Returns Σ w·(x − level)² of what it leaves, in point coordinates; most = 0 asks for just that.
   */
  static improve(
    points: usize,
    origins: usize,
    count: i32,
    frame: usize,
    at: usize,
    number: i32,
    most: i32,
    ends: usize,
  ): f64 {
    const scale = load<f64>(frame);
    const centre = load<f64>(frame, 8);
    memory.fill(ends, 255, (<usize>number) << 2);
    for (let turn = 0; ; turn++) {
      let isChanged = false;
      let end = 0;
      for (let k = 0; k < number; k++) {
        const level = at + ((<usize>k) << 3);
        end =
          k + 1 < number ? lloyd.below(origins, end, count, 0.5 * load<f64>(level) + 0.5 * load<f64>(level, 8)) : count;
        const own = ends + ((<usize>k) << 2);
        if (load<i32>(own) != end) isChanged = true;
        store<i32>(own, end);
      }
      if (!isChanged || turn >= most) break;
      let first = 0;
      for (let k: usize = 0; k < <usize>number; k++) {
        const last = load<i32>(ends + (k << 2));
        const weight = lloyd.sum(points, last, 8) - lloyd.sum(points, first, 8);
        if (weight > 0) {
          const mean = (lloyd.sum(points, last, 16) - lloyd.sum(points, first, 16)) / weight;
          store<f64>(at + (k << 3), (centre + mean) / scale);
        }
        first = last;
      }
    }
    let error: f64 = 0;
    let first = 0;
    for (let k: usize = 0; k < <usize>number; k++) {
      const last = load<i32>(ends + (k << 2));
      const level = load<f64>(at + (k << 3)) * scale - centre;
      const alpha = lloyd.sum(points, last, 8) - lloyd.sum(points, first, 8);
      const beta = lloyd.sum(points, last, 16) - lloyd.sum(points, first, 16);
      const gamma = lloyd.sum(points, last, 24) - lloyd.sum(points, first, 24);
      error += max(gamma - level * (2 * beta - level * alpha), 0);
      first = last;
    }
    return error;
  }
}
