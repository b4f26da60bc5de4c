// Values as the level solvers (levels.ts) see them: points in ascending order with prefix sums, made of sorted values or of a histogram. docs/numerics.md §13.

/**
 * Bytes of a point: x and the sums α = Σ w, β = Σ w·x, γ = Σ w·x² over all values up to it, f64 each. x is in point coordinates, x·scale − centre: scale is
 * a power of two, so that squares neither overflow nor vanish, and the centre lies among the values, so that the sums keep their digits.
 */
export const POINT: usize = 32;
/** Bytes of a frame: scale, centre·scale, and for histograms low·scale and cells per unit, f64 each. */
const CENTRE: usize = 8;
const LOW: usize = 16;
const INVERSE: usize = 24;
/** Bytes of a cell of a histogram: Σ w, Σ w·x, Σ w·x² (point coordinates), then smallest and largest value, f64 each. */
const CELL: usize = 40;
/** Values whose cells are looked up before any is added to. */
const BLOCK: i32 = 256;
/** What a value without weight counts in a coarse cell: no cell with values is taken for empty. */
const LEAST_MASS: f64 = 8.673617379884035e-19;

const SIGN: u64 = 0x8000000000000000;
const DIGIT: i32 = 11;
const DIGITS: i32 = 6;
const BINS: usize = 1 << DIGIT;

@unmanaged
export abstract class sorting {
  /** Bytes of scratch `ascending` needs. */
  static scratchBytes(count: i32, isWeighted: i32): usize {
    return ((<usize>DIGITS * BINS) << 2) + ((<usize>count) << (isWeighted ? 4 : 3));
  }

  /** Place of digit `digit` of a key among the bins of that digit. */
  @inline
  static bin(counts: usize, key: u64, digit: i32): usize {
    const value = <usize>(key >> <u64>(digit * DIGIT)) & (BINS - 1);
    return counts + ((<usize>digit * BINS + value) << 2);
  }

  /** Values to keys in their order: negative ones with all their bits turned, the others with their sign. counts: how many keys have each value of each digit. */
  static toKeys(values: usize, bytes: usize, counts: usize): void {
    memory.fill(counts, 0, (<usize>DIGITS * BINS) << 2);
    for (let i: usize = 0; i < bytes; i += 8) {
      const bits = load<u64>(values + i);
      const key = bits ^ (u64(<i64>bits >> 63) | SIGN);
      store<u64>(values + i, key);
      for (let digit = 0; digit < DIGITS; digit++) {
        const bin = sorting.bin(counts, key, digit);
        store<u32>(bin, load<u32>(bin) + 1);
      }
    }
  }

  /** Moves keys, and weights unless they are 0, to the order of a digit; those that share it keep theirs. */
  static move(
    from: usize,
    fromWeights: usize,
    to: usize,
    toWeights: usize,
    bytes: usize,
    counts: usize,
    digit: i32,
  ): void {
    let place: u32 = 0;
    const first = counts + ((<usize>digit * BINS) << 2);
    for (let bin: usize = 0; bin < BINS << 2; bin += 4) {
      const own = load<u32>(first + bin);
      store<u32>(first + bin, place);
      place += own;
    }
    for (let i: usize = 0; i < bytes; i += 8) {
      const key = load<u64>(from + i);
      const bin = sorting.bin(counts, key, digit);
      const at = (<usize>load<u32>(bin)) << 3;
      store<u32>(bin, load<u32>(bin) + 1);
      store<u64>(to + at, key);
      if (fromWeights) store<f64>(toWeights + at, load<f64>(fromWeights + i));
    }
  }

  /**
   * Sorts `count` finite values in place, −0 before 0; weights: count f64 that follow their values, or 0. Radix sort, six digits of 11 bits; digits that all values share cost nothing.
   * first, end: of the eight passes those to be made, in order, or end 0 for all: to keys, a digit each, and back.
   */
  static ascending(values: usize, weights: usize, count: i32, scratch: usize, first: i32, end: i32): void {
    const last = end ? end : DIGITS + 2;
    const counts = scratch;
    const bytes = (<usize>count) << 3;
    if (first == 0) sorting.toKeys(values, bytes, counts);
    let from = values;
    let fromWeights = weights;
    let to = scratch + ((<usize>DIGITS * BINS) << 2);
    let toWeights = weights ? to + bytes : 0;
    for (let digit = 0; digit < min(last - 1, DIGITS); digit++) {
      // where a digit's bins were, when it is done: whether it has moved anything
      const moved = counts + ((<usize>digit * BINS) << 2);
      if (digit + 1 >= first) {
        const isShared = load<u32>(sorting.bin(counts, load<u64>(from), digit)) == <u32>count;
        if (!isShared) sorting.move(from, fromWeights, to, toWeights, bytes, counts, digit);
        store<u32>(moved, <u32>!isShared);
      }
      if (!load<u32>(moved)) continue;
      const swap = from;
      from = to;
      to = swap;
      const swapWeights = fromWeights;
      fromWeights = toWeights;
      toWeights = swapWeights;
    }
    if (last < DIGITS + 2) return;
    for (let i: usize = 0; i < bytes; i += 8) {
      const key = load<u64>(from + i);
      store<u64>(values + i, key ^ (u64(<i64>~key >> 63) | SIGN));
    }
    if (fromWeights != weights) memory.copy(weights, fromWeights, bytes);
  }
}

@unmanaged
export abstract class points {
  /** Power of two that brings top > 0 into [1, 2); of numbers near either end of float64 only as far as powers of two go. */
  @inline
  static scaleOf(top: f64): f64 {
    const exponent = 2046 - (reinterpret<u64>(top) >> 52);
    return reinterpret<f64>((exponent < 1 ? 1 : exponent) << 52);
  }

  /** What a + b has lost, given their rounded sum (Knuth's two-sum). */
  @inline
  static lost(a: f64, b: f64, sum: f64): f64 {
    const part = sum - a;
    return a - (sum - part) + (b - part);
  }

  /** Index of the first weight that is negative or not finite, or −1. */
  static firstBadWeight(weights: usize, count: i32): i32 {
    for (let i = 0; i < count; i++) {
      const weight = load<f64>(weights + ((<usize>i) << 3));
      if (!(weight >= 0) || weight == Infinity) return i;
    }
    return -1;
  }

  /** Multiplies weights ≥ 0 by the power of two that brings the largest into [1, 2). Returns the largest one as it was; at 0 there is nothing to do. */
  static scaleWeights(weights: usize, count: i32): f64 {
    const end = weights + ((<usize>count) << 3);
    let top: f64 = 0;
    for (let p = weights; p < end; p += 8) top = max(top, load<f64>(p));
    if (top > 0) {
      const scale = points.scaleOf(top);
      for (let p = weights; p < end; p += 8) store<f64>(p, load<f64>(p) * scale);
    }
    return top;
  }

  /**
   * Sorted values, count ≥ 1, weights as `scaleWeights` leaves them or 0: equal values become one point. `values` keeps the distinct ones, at the front
   * and with 0 for −0; out: up to count points; frame: 4 f64, of which two are written. Returns the number of points. The sums are compensated: each is good
   * to its last bit, so that the cost of an interval is good to 34 roundings of Σw·(largest |x|)² (docs/numerics.md §13), however many values there are.
   */
  static ofSorted(values: usize, weights: usize, count: i32, frame: usize, out: usize): i32 {
    const last = load<f64>(values + ((<usize>(count - 1)) << 3));
    const scale = points.scaleOf(max(abs(load<f64>(values)), abs(last)));
    const centre = load<f64>(values + ((<usize>(count >> 1)) << 3)) * scale;
    store<f64>(frame, scale);
    store<f64>(frame, centre, CENTRE);
    let alpha: f64 = 0;
    let beta: f64 = 0;
    let gamma: f64 = 0;
    let alphaLost: f64 = 0;
    let betaLost: f64 = 0;
    let gammaLost: f64 = 0;
    let distinct = 0;
    let previous: f64 = NaN;
    for (let i: usize = 0; i < <usize>count; i++) {
      const value = load<f64>(values + (i << 3)) + 0;
      const weight: f64 = weights ? load<f64>(weights + (i << 3)) : 1;
      if (value != previous) {
        store<f64>(values + ((<usize>distinct) << 3), value);
        distinct++;
        previous = value;
      }
      const x = value * scale - centre;
      const wx = weight * x;
      const wxx = wx * x;
      let sum = alpha + weight;
      alphaLost += points.lost(alpha, weight, sum);
      alpha = sum;
      sum = beta + wx;
      betaLost += points.lost(beta, wx, sum);
      beta = sum;
      sum = gamma + wxx;
      gammaLost += points.lost(gamma, wxx, sum);
      gamma = sum;
      const at = out + <usize>(distinct - 1) * POINT;
      store<f64>(at, x);
      store<f64>(at, alpha + alphaLost, 8);
      store<f64>(at, beta + betaLost, 16);
      store<f64>(at, gamma + gammaLost, 24);
    }
    return distinct;
  }
}

@unmanaged
export abstract class histogram {
  /** Bytes of the cells that `fill` writes when `cells` coarse ones were split twice, each time by as many more: at most three times as many cells. */
  static cellBytes(cells: i32): usize {
    return <usize>cells * 3 * CELL;
  }

  /** Smallest and largest of `count` ≥ 1 values that are finite: out, 2 f64; a −0 counts as 0. */
  static range(values: usize, count: i32, out: usize): void {
    const end = values + ((<usize>(count & ~1)) << 3);
    const last = values + ((<usize>(count - 1)) << 3);
    let lowF64x2 = v128.load64_splat(last);
    let highF64x2 = lowF64x2;
    for (let p = values; p < end; p += 16) {
      const xF64x2 = v128.load(p);
      lowF64x2 = f64x2.pmin(lowF64x2, xF64x2);
      highF64x2 = f64x2.pmax(highF64x2, xF64x2);
    }
    store<f64>(out, min(f64x2.extract_lane(lowF64x2, 0), f64x2.extract_lane(lowF64x2, 1)) + 0);
    store<f64>(out, max(f64x2.extract_lane(highF64x2, 0), f64x2.extract_lane(highF64x2, 1)) + 0, 8);
  }

  /**
   * Where two values lie on the coarse grid, 0 … cells. Every operation is monotone, so that cells keep the order of the values. Two at a time because a float
   * cut to an integer is three times as slow alone.
   */
  @inline
  static places(xF64x2: v128, scale: f64, low: f64, inverse: f64): v128 {
    return f64x2.mul(f64x2.sub(f64x2.mul(xF64x2, f64x2.splat(scale)), f64x2.splat(low)), f64x2.splat(inverse));
  }

  /** The two values at `p`; the one that is left over twice. */
  @inline
  static two(p: usize, isPair: bool): v128 {
    return isPair ? v128.load(p) : v128.load64_splat(p);
  }

  /**
   * First pass, values in any order: weights per cell of a grid of `cells` equal ones over low … high, low < high. weights: count f64 as `scaleWeights` leaves
   * them, or 0. frame: 4 f64, all written but the centre; mass: cells f64, zeroed by the caller. A value without weight counts as 2⁻⁶⁰.
   */
  static weigh(
    values: usize,
    weights: usize,
    count: i32,
    low: f64,
    high: f64,
    cells: i32,
    frame: usize,
    mass: usize,
  ): void {
    const scale = points.scaleOf(max(abs(low), abs(high)));
    const first = low * scale;
    const inverse = <f64>cells / (high * scale - first);
    store<f64>(frame, scale);
    store<f64>(frame, first, LOW);
    store<f64>(frame, inverse, INVERSE);
    const bytes = (<usize>count) << 3;
    const lastI32x4 = i32x4.splat(cells - 1);
    for (let i: usize = 0; i < bytes; i += 16) {
      const isPair = i + 8 < bytes;
      const placeF64x2 = histogram.places(histogram.two(values + i, isPair), scale, first, inverse);
      const cellI32x4 = i32x4.min_s(i32x4.trunc_sat_f64x2_s_zero(placeF64x2), lastI32x4);
      histogram.weighOne(mass + ((<usize>i32x4.extract_lane(cellI32x4, 0)) << 3), weights, i);
      if (isPair) histogram.weighOne(mass + ((<usize>i32x4.extract_lane(cellI32x4, 1)) << 3), weights, i + 8);
    }
  }

  @inline
  static weighOne(cell: usize, weights: usize, i: usize): void {
    const weight: f64 = weights ? max(load<f64>(weights + i), LEAST_MASS) : 1;
    store<f64>(cell, load<f64>(cell) + weight);
  }

  /**
   * Splits `cells` cells: each that holds values becomes 1 + ⌊more·√mass/Σ√mass⌋, the others none. starts: cells + 1 u32, the first new cell of each.
   * Returns the number of new cells, at most `more` above those with values.
   */
  static split(mass: usize, cells: i32, more: i32, starts: usize): i32 {
    let roots: f64 = 0;
    for (let cell: usize = 0; cell < <usize>cells; cell++) roots += sqrt(load<f64>(mass + (cell << 3)));
    const share = <f64>more / roots;
    let parts = 0;
    for (let cell: usize = 0; cell < <usize>cells; cell++) {
      const own = load<f64>(mass + (cell << 3));
      store<u32>(starts + (cell << 2), parts);
      if (own > 0) parts += 1 + <i32>(sqrt(own) * share);
    }
    store<u32>(starts + ((<usize>cells) << 2), parts);
    return parts;
  }

  /** The centre in `frame` becomes the middle of the coarse cell in which half of the mass is reached. */
  static centre(mass: usize, cells: i32, frame: usize): void {
    let total: f64 = 0;
    for (let cell: usize = 0; cell < <usize>cells; cell++) total += load<f64>(mass + (cell << 3));
    let cell: usize = 0;
    let before = load<f64>(mass);
    while (before < 0.5 * total) {
      cell++;
      before += load<f64>(mass + (cell << 3));
    }
    store<f64>(frame, load<f64>(frame, LOW) + (<f64>cell + 0.5) / load<f64>(frame, INVERSE), CENTRE);
  }

  /** Entries and their next ones for two cells: first, first, next, next. */
  @inline
  static entries(starts: usize, cellI32x4: v128): v128 {
    const ownI32x4 = v128.load64_zero(starts + ((<usize>i32x4.extract_lane(cellI32x4, 0)) << 2));
    const otherI32x4 = v128.load64_zero(starts + ((<usize>i32x4.extract_lane(cellI32x4, 1)) << 2));
    return i32x4.shuffle(ownI32x4, otherI32x4, 0, 4, 1, 5);
  }

  /** Cells of two values after one split (finer: 0) or two: i32x4, of which the lower two count. */
  @inline
  static locate(placeF64x2: v128, lastI32x4: v128, starts: usize, finer: usize): v128 {
    const coarseI32x4 = i32x4.min_s(i32x4.trunc_sat_f64x2_s_zero(placeF64x2), lastI32x4);
    const restF64x2 = f64x2.sub(placeF64x2, f64x2.convert_low_i32x4_s(coarseI32x4));
    const firstI32x4 = histogram.entries(starts, coarseI32x4);
    const partsI32x4 = i32x4.sub(i32x4.shuffle(firstI32x4, firstI32x4, 2, 3, 0, 1), firstI32x4);
    const passedF64x2 = f64x2.mul(restF64x2, f64x2.convert_low_i32x4_s(partsI32x4));
    const mostI32x4 = i32x4.sub(partsI32x4, i32x4.splat(1));
    const partI32x4 = i32x4.min_s(i32x4.trunc_sat_f64x2_s_zero(passedF64x2), mostI32x4);
    const cellI32x4 = i32x4.add(firstI32x4, partI32x4);
    if (!finer) return cellI32x4;
    const rest2F64x2 = f64x2.sub(passedF64x2, f64x2.convert_low_i32x4_s(partI32x4));
    const first2I32x4 = histogram.entries(finer, cellI32x4);
    const parts2I32x4 = i32x4.sub(i32x4.shuffle(first2I32x4, first2I32x4, 2, 3, 0, 1), first2I32x4);
    const passed2F64x2 = f64x2.mul(rest2F64x2, f64x2.convert_low_i32x4_s(parts2I32x4));
    const most2I32x4 = i32x4.sub(parts2I32x4, i32x4.splat(1));
    return i32x4.add(first2I32x4, i32x4.min_s(i32x4.trunc_sat_f64x2_s_zero(passed2F64x2), most2I32x4));
  }

  /** Cells of at most 256 values, times `size`, as u32 at `out`: a loop of its own, which with scattering in the same one takes a third longer (docs/decisions/0013-optimal-levels.md). */
  static locateAll(
    values: usize,
    count: i32,
    cells: i32,
    frame: usize,
    starts: usize,
    finer: usize,
    size: i32,
    out: usize,
  ): void {
    const scale = load<f64>(frame);
    const low = load<f64>(frame, LOW);
    const inverse = load<f64>(frame, INVERSE);
    const lastI32x4 = i32x4.splat(cells - 1);
    const sizeI32x4 = i32x4.splat(size);
    const end = values + ((<usize>(count & ~1)) << 3);
    for (; values < end; values += 16) {
      const placeF64x2 = histogram.places(v128.load(values), scale, low, inverse);
      v128.store64_lane(out, i32x4.mul(histogram.locate(placeF64x2, lastI32x4, starts, finer), sizeI32x4), 0);
      out += 8;
    }
    if (count & 1) {
      const placeF64x2 = histogram.places(v128.load64_splat(values), scale, low, inverse);
      v128.store32_lane(out, i32x4.mul(histogram.locate(placeF64x2, lastI32x4, starts, finer), sizeI32x4), 0);
    }
  }

  /** Second pass, the same values: weights per cell after the first split. mass: one f64 per such cell, zeroed by the caller; scratch: 1 KiB. */
  static weighFine(
    values: usize,
    weights: usize,
    count: i32,
    cells: i32,
    frame: usize,
    starts: usize,
    mass: usize,
    scratch: usize,
  ): void {
    for (let done = 0; done < count; done += BLOCK) {
      const block = min(count - done, BLOCK);
      const first = (<usize>done) << 3;
      histogram.locateAll(values + first, block, cells, frame, starts, 0, 8, scratch);
      for (let i: usize = 0; i < <usize>block; i++) {
        histogram.weighOne(mass + <usize>load<u32>(scratch + (i << 2)), weights, first + (i << 3));
      }
    }
  }

  /**
   * Third pass, the same values: sums, smallest and largest value of every cell after both splits; empty ones have ∞ and −∞. starts: those of the first
   * split, finer: of the second one; scratch: 1 KiB. out: `fine` cells of 40 bytes, as many as the second split has made. isAdded: to what the cells hold already.
   */
  static fill(
    values: usize,
    weights: usize,
    count: i32,
    cells: i32,
    frame: usize,
    starts: usize,
    finer: usize,
    fine: i32,
    out: usize,
    scratch: usize,
    isAdded: i32,
  ): void {
    const scale = load<f64>(frame);
    const centre = load<f64>(frame, CENTRE);
    for (let cell = isAdded ? out + <usize>fine * CELL : out; cell < out + <usize>fine * CELL; cell += CELL) {
      v128.store(cell, f64x2.splat(0));
      store<f64>(cell, 0, 16);
      store<f64>(cell, Infinity, 24);
      store<f64>(cell, -Infinity, 32);
    }
    for (let done = 0; done < count; done += BLOCK) {
      const block = min(count - done, BLOCK);
      const first = (<usize>done) << 3;
      histogram.locateAll(values + first, block, cells, frame, starts, finer, <i32>CELL, scratch);
      for (let i: usize = 0; i < <usize>block; i++) {
        const cell = out + <usize>load<u32>(scratch + (i << 2));
        histogram.fillOne(cell, values, weights, first + (i << 3), scale, centre);
      }
    }
  }

  @inline
  static fillOne(cell: usize, values: usize, weights: usize, i: usize, scale: f64, centre: f64): void {
    const value = load<f64>(values + i) + 0;
    const weight: f64 = weights ? load<f64>(weights + i) : 1;
    const x = value * scale - centre;
    const wx = weight * x;
    store<f64>(cell, load<f64>(cell) + weight);
    store<f64>(cell, load<f64>(cell, 8) + wx, 8);
    store<f64>(cell, load<f64>(cell, 16) + wx * x, 16);
    if (value < load<f64>(cell, 24)) store<f64>(cell, value, 24);
    if (value > load<f64>(cell, 32)) store<f64>(cell, value, 32);
  }

  /**
   * Smallest and largest value of every fine cell as points, with the sums that belong to them: those of the smallest one without its own cell, whose values
   * it neither exceeds nor costs anything itself. origins: their values, f64, and out: both with room for two per cell. Returns their number. Sums as in `points.ofSorted`.
   */
  static collect(cells: usize, count: i32, frame: usize, origins: usize, out: usize): i32 {
    const scale = load<f64>(frame);
    const centre = load<f64>(frame, CENTRE);
    let alpha: f64 = 0;
    let beta: f64 = 0;
    let gamma: f64 = 0;
    let alphaLost: f64 = 0;
    let betaLost: f64 = 0;
    let gammaLost: f64 = 0;
    let number: usize = 0;
    for (let cell = cells; cell < cells + <usize>count * CELL; cell += CELL) {
      const low = load<f64>(cell, 24);
      const high = load<f64>(cell, 32);
      if (low > high) continue;
      if (low < high) {
        store<f64>(origins + (number << 3), low);
        const at = out + number * POINT;
        store<f64>(at, low * scale - centre);
        store<f64>(at, alpha + alphaLost, 8);
        store<f64>(at, beta + betaLost, 16);
        store<f64>(at, gamma + gammaLost, 24);
        number++;
      }
      const w = load<f64>(cell);
      const wx = load<f64>(cell, 8);
      const wxx = load<f64>(cell, 16);
      let sum = alpha + w;
      alphaLost += points.lost(alpha, w, sum);
      alpha = sum;
      sum = beta + wx;
      betaLost += points.lost(beta, wx, sum);
      beta = sum;
      sum = gamma + wxx;
      gammaLost += points.lost(gamma, wxx, sum);
      gamma = sum;
      store<f64>(origins + (number << 3), high);
      const at = out + number * POINT;
      store<f64>(at, high * scale - centre);
      store<f64>(at, alpha + alphaLost, 8);
      store<f64>(at, beta + betaLost, 16);
      store<f64>(at, gamma + gammaLost, 24);
      number++;
    }
    return <i32>number;
  }
}
