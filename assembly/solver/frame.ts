// Between code coordinates and the bytes of a matrix. A row's codes are the reals (x − offset)/scale; its bytes b stand for
// x = passOffset + passScale·b. Hence code = factor·(b + shift) with factor = passScale/scale, shift = (passOffset − offset)/passScale: centring and
// column scales are algebra on vectors and need no second copy of the data. The intercept, code Q in every row, is algebra too.
import { random } from "../core/random";

@unmanaged
export abstract class frame {
  /** factor and shift (pitch f64 each, 0 past `columns`) from scale, offset, passScale, passOffset: columns f64. */
  static maps(
    scale: usize,
    offset: usize,
    passScale: usize,
    passOffset: usize,
    columns: i32,
    pitch: i32,
    factor: usize,
    shift: usize,
  ): void {
    for (let j: usize = 0; j < (<usize>pitch) << 3; j += 8) {
      const isColumn = j < (<usize>columns) << 3;
      const unit = isColumn ? load<f64>(passScale + j) : 1;
      store<f64>(factor + j, isColumn ? unit / load<f64>(scale + j) : 0);
      store<f64>(shift + j, isColumn ? (load<f64>(passOffset + j) - load<f64>(offset + j)) / unit : 0);
    }
  }

  /**
   * What int16 codes of a vector of byte weights mean: z[k][j] (+)= unit·code/factor for j < columns, and shifts[k] = Σ shift·unit·code, plus
   * intercept·z[k][columns] unless `isAdded`. codes: classes × codeColumns i16, z: classes × pitch f64, shifts: classes f64;
   * intercept: Q, 0 for none.
   */
  static snap(
    codes: usize,
    codeColumns: i32,
    columns: i32,
    classes: i32,
    unit: f64,
    factor: usize,
    shift: usize,
    intercept: f64,
    isAdded: i32,
    z: usize,
    pitch: i32,
    shifts: usize,
  ): void {
    for (let k: usize = 0; k < <usize>classes; k++) {
      let sum: f64 = 0;
      for (let j: usize = 0; j < <usize>columns; j++) {
        const value = unit * <f64>load<i16>(codes + (j << 1));
        const at = z + (j << 3);
        const code = value / load<f64>(factor + (j << 3));
        store<f64>(at, isAdded ? load<f64>(at) + code : code);
        sum += load<f64>(shift + (j << 3)) * value;
      }
      if (intercept != 0 && !isAdded) sum += intercept * load<f64>(z + ((<usize>columns) << 3));
      store<f64>(shifts + (k << 3), sum);
      codes += (<usize>codeColumns) << 1;
      z += (<usize>pitch) << 3;
    }
  }

  /** Σ over classes and columns of scales·(raw/factor)²: what the rounding error `raw` of byte weights costs, in code coordinates. */
  static roundingError(raw: usize, pitch: i32, columns: i32, classes: i32, factor: usize, scales: usize): f64 {
    let sum: f64 = 0;
    for (let k = 0; k < classes; k++) {
      for (let j: usize = 0; j < (<usize>columns) << 3; j += 8) {
        const error = load<f64>(raw + j) / load<f64>(factor + j);
        sum += load<f64>(scales + j) * (error * error);
      }
      raw += (<usize>pitch) << 3;
    }
    return sum;
  }

  /**
   * From sums over bytes to a Hessian product: out = factor·(g + shift·total)/rows + ridge·p, intercept: Q·total/rows.
   * g: classes × codeColumns f64, totals: classes f64, p, out: classes × pitch f64, ridge: pitch f64.
   */
  static product(
    g: usize,
    codeColumns: i32,
    totals: usize,
    factor: usize,
    shift: usize,
    intercept: f64,
    rows: f64,
    ridge: usize,
    p: usize,
    columns: i32,
    classes: i32,
    out: usize,
    pitch: i32,
  ): void {
    for (let k: usize = 0; k < <usize>classes; k++) {
      const total = load<f64>(totals + (k << 3));
      for (let j: usize = 0; j < (<usize>columns) << 3; j += 8) {
        const data = load<f64>(factor + j) * (load<f64>(g + j) + load<f64>(shift + j) * total);
        store<f64>(out + j, data / rows + load<f64>(ridge + j) * load<f64>(p + j));
      }
      if (intercept != 0) store<f64>(out + ((<usize>columns) << 3), (intercept * total) / rows);
      g += (<usize>codeColumns) << 3;
      p += (<usize>pitch) << 3;
      out += (<usize>pitch) << 3;
    }
  }

  /**
   * Upper part of the preconditioner in code coordinates from sums over bytes: with M = Σ d·b·bᵀ (upper part, codeColumns² f64), s = Σ d·b
   * (codeColumns f64) and S = Σ d,
   *   out[j][k] = factorⱼ·factorₖ·(Mⱼₖ + shiftⱼ·sₖ + sⱼ·shiftₖ + shiftⱼ·shiftₖ·S)/rows + (j = k ? ridgeⱼ : 0),  the intercept as last column (code Q).
   * out: dimension² f64, dimension = columns (+ 1). Returns its trace.
   */
  static gram(
    m: usize,
    codeColumns: i32,
    s: usize,
    total: f64,
    factor: usize,
    shift: usize,
    intercept: f64,
    rows: f64,
    ridge: usize,
    columns: i32,
    out: usize,
  ): f64 {
    const dimension = columns + i32(intercept != 0);
    let trace: f64 = 0;
    for (let j: usize = 0; j < <usize>columns; j++) {
      const from = m + ((j * <usize>codeColumns) << 3);
      const to = out + ((j * <usize>dimension) << 3);
      const fj = load<f64>(factor + (j << 3)) / rows;
      const shiftJ = load<f64>(shift + (j << 3));
      const sj = load<f64>(s + (j << 3));
      for (let k = j; k < <usize>columns; k++) {
        const shiftK = load<f64>(shift + (k << 3));
        const centred =
          load<f64>(from + (k << 3)) + shiftJ * load<f64>(s + (k << 3)) + sj * shiftK + shiftJ * shiftK * total;
        store<f64>(to + (k << 3), fj * load<f64>(factor + (k << 3)) * centred);
      }
      if (intercept != 0) store<f64>(to + ((<usize>columns) << 3), intercept * fj * (sj + shiftJ * total));
      const diagonal = to + (j << 3);
      store<f64>(diagonal, load<f64>(diagonal) + load<f64>(ridge + (j << 3)));
      trace += load<f64>(diagonal);
    }
    if (intercept != 0) {
      const last = (intercept * intercept * total) / rows;
      store<f64>(out + ((<usize>dimension * <usize>dimension - 1) << 3), last);
      trace += last;
    }
    return trace;
  }

  /** Diagonal of a dimension² f64 matrix times `factor`, plus `value`: a ridge in proportion to each coordinate, whatever their scales. */
  static raiseDiagonal(matrix: usize, dimension: i32, factor: f64, value: f64): void {
    const step = (<usize>dimension + 1) << 3;
    for (let j = 0; j < dimension; j++) {
      store<f64>(matrix, load<f64>(matrix) * factor + value);
      matrix += step;
    }
  }

  /**
   * Diagonal in code coordinates from Σ d·b² (q) and Σ d·b (s), columns f64 each, S = Σ d:
   *   out[j] = factor²·(q + 2·shift·s + shift²·S)·scale + ridge,  intercept: Q²·S·scale.  out: pitch f64, 1 past the end; zeros become the largest entry.
   */
  static diagonal(
    q: usize,
    s: usize,
    total: f64,
    factor: usize,
    shift: usize,
    intercept: f64,
    scale: f64,
    ridge: usize,
    columns: i32,
    out: usize,
    pitch: i32,
  ): void {
    for (let j: usize = 0; j < (<usize>pitch) << 3; j += 8) store<f64>(out + j, 1);
    let top: f64 = 0;
    const count = columns + i32(intercept != 0);
    for (let j: usize = 0; j < (<usize>columns) << 3; j += 8) {
      const f = load<f64>(factor + j);
      const move = load<f64>(shift + j);
      const centred = load<f64>(q + j) + 2 * move * load<f64>(s + j) + move * move * total;
      const value = f * f * max<f64>(centred, 0) * scale + load<f64>(ridge + j);
      store<f64>(out + j, value);
      top = max(top, value);
    }
    if (intercept != 0) {
      const value = intercept * intercept * total * scale;
      store<f64>(out + ((<usize>columns) << 3), value);
      top = max(top, value);
    }
    // a coordinate that the sample does not know must not be followed to infinity
    for (let j: usize = 0; j < (<usize>count) << 3; j += 8) {
      if (!(load<f64>(out + j) > 0)) store<f64>(out + j, top > 0 ? top : 1);
    }
  }

  /**
   * About `count` row numbers below `rows`, ascending, drawn in proportion to weight (rows f32 ≥ 0, or 0 for all alike): one from each of `count`
   * strata of equal weight; a row heavier than a stratum always comes, once. scale: count/rows ÷ the row's expected number of draws, times how
   * often it came, so that Σ over the sample of scale·f/size ≈ Σ f/rows. index: 2·count u32, scale: 2·count f32. Returns the size, at
   * most 2·count; the generator's state is read and written at `state`.
   * Or, with `progress` (32 bytes, not 0), only the rows first … end, in order, the sum of all weights being `sum`: the size so far is returned, and the scales are right with the last ones.
   */
  static sample(
    state: usize,
    weight: usize,
    rows: u32,
    count: u32,
    index: usize,
    scale: usize,
    progress: usize,
    first: u32,
    end: u32,
    sum: f64,
  ): u32 {
    const total = progress ? sum : frame.sumWeights(weight, rows, 0);
    const last = progress ? end : rows;
    const stratum = total / <f64>count;
    let random32 = load<u32>(state);
    let size: u32 = 0;
    let reached: f64 = 0;
    let drawn: f64 = 0;
    let next: f64 = 0;
    if (first == 0) {
      random32 = random.next(random32);
      next = (<f64>random32 / 4294967296) * stratum;
    } else {
      reached = load<f64>(progress);
      drawn = load<f64>(progress, 8);
      next = load<f64>(progress, 16);
      size = load<u32>(progress, 24);
    }
    for (let i = first; i < last; i++) {
      const heavy = weight ? <f64>load<f32>(weight + ((<usize>i) << 2)) : 1;
      let share: f64 = 0;
      if (heavy >= stratum) share = heavy > 0 ? 1 : 0;
      else {
        reached += heavy;
        while (next < reached) {
          share += stratum / heavy;
          drawn += 1;
          random32 = random.next(random32);
          next = (drawn + <f64>random32 / 4294967296) * stratum;
        }
      }
      if (share > 0 && size < 2 * count) {
        store<u32>(index + ((<usize>size) << 2), i);
        store<f32>(scale + ((<usize>size) << 2), <f32>share);
        size++;
      }
    }
    store<u32>(state, random32);
    if (last < rows) {
      store<f64>(progress, reached);
      store<f64>(progress, drawn, 8);
      store<f64>(progress, next, 16);
      store<u32>(progress, size, 24);
      return size;
    }
    const part = <f64>size / <f64>rows;
    for (let i: usize = 0; i < <usize>size; i++) {
      store<f32>(scale + (i << 2), <f32>(<f64>load<f32>(scale + (i << 2)) * part));
    }
    return size;
  }

  /** start + Σ weight, in order; weight: rows f32, or 0 for ones. */
  static sumWeights(weight: usize, rows: u32, start: f64): f64 {
    let sum = start;
    for (let i: usize = 0; i < <usize>rows; i++) sum += weight ? <f64>load<f32>(weight + (i << 2)) : 1;
    return sum;
  }

  /** a *= b; count f32. */
  static multiply(a: usize, b: usize, count: i32): void {
    for (let i: usize = 0; i < (<usize>count) << 2; i += 4) store<f32>(a + i, load<f32>(a + i) * load<f32>(b + i));
  }

  /** out[i] = source[index[i]], items of `bytes` bytes, `stride` apart in the source and `outStride` in out. */
  static gather(
    source: usize,
    stride: usize,
    index: usize,
    count: i32,
    bytes: usize,
    out: usize,
    outStride: usize,
  ): void {
    for (let i: usize = 0; i < <usize>count; i++) {
      memory.copy(out, source + <usize>load<u32>(index + (i << 2)) * stride, bytes);
      out += outStride;
    }
  }
}
