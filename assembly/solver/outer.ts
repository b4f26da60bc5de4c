// The float64 part of an outer step, on vectors of classes × columns: changes of coordinates, norms, folding z into the anchor.
// Code coordinates v = scale·w (docs/numerics.md §1): margins x·w + b = v·code + (b + offset·w).

@unmanaged
export abstract class outer {
  /**
   * v → w, bias. v: classes × padded f64, w: classes × width f64 (width ≤ padded, entries past `columns` zero), scale, offset: columns f64,
   * bias: classes f64. intercept: largest code Q of the intercept column (index `columns`), 0 for none.
   */
  static toWeights(
    v: usize,
    padded: i32,
    w: usize,
    width: i32,
    columns: i32,
    classes: i32,
    scale: usize,
    offset: usize,
    intercept: f64,
    bias: usize,
  ): void {
    for (let k = 0; k < classes; k++) {
      let shift: f64 = 0;
      for (let j: usize = 0; j < <usize>columns; j++) {
        const weight = load<f64>(v + (j << 3)) / load<f64>(scale + (j << 3));
        store<f64>(w + (j << 3), weight);
        shift += load<f64>(offset + (j << 3)) * weight;
      }
      for (let j = <usize>columns; j < <usize>width; j++) store<f64>(w + (j << 3), 0);
      const b = intercept != 0 ? intercept * load<f64>(v + ((<usize>columns) << 3)) - shift : 0;
      store<f64>(bias + ((<usize>k) << 3), b);
      v += (<usize>padded) << 3;
      w += (<usize>width) << 3;
    }
  }

  /** w, bias → v: the inverse of toWeights. Without an intercept column the bias is not read. */
  static toCodes(
    w: usize,
    width: i32,
    v: usize,
    padded: i32,
    columns: i32,
    classes: i32,
    scale: usize,
    offset: usize,
    intercept: f64,
    bias: usize,
  ): void {
    for (let k = 0; k < classes; k++) {
      let shift: f64 = 0;
      for (let j: usize = 0; j < <usize>columns; j++) {
        const weight = load<f64>(w + (j << 3));
        store<f64>(v + (j << 3), weight * load<f64>(scale + (j << 3)));
        shift += load<f64>(offset + (j << 3)) * weight;
      }
      if (intercept != 0) {
        store<f64>(v + ((<usize>columns) << 3), (load<f64>(bias + ((<usize>k) << 3)) + shift) / intercept);
      }
      v += (<usize>padded) << 3;
      w += (<usize>width) << 3;
    }
  }

  /**
   * Weights for the stored form of the exact copy, x = passOffset + passScale·stored: w ← w·passScale, bias += Σ passOffset·w, in place.
   * w: classes × width f64, passScale, passOffset: columns f64, bias: classes f64.
   */
  static toStored(
    w: usize,
    width: i32,
    columns: i32,
    classes: i32,
    passScale: usize,
    passOffset: usize,
    bias: usize,
  ): void {
    for (let k = 0; k < classes; k++) {
      let shift: f64 = 0;
      for (let j: usize = 0; j < <usize>columns; j++) {
        const weight = load<f64>(w + (j << 3));
        shift += load<f64>(passOffset + (j << 3)) * weight;
        store<f64>(w + (j << 3), weight * load<f64>(passScale + (j << 3)));
      }
      const at = bias + ((<usize>k) << 3);
      store<f64>(at, load<f64>(at) + shift);
      w += (<usize>width) << 3;
    }
  }

  /**
   * From stored sums R = Σ cᵢ·storedᵢ (classes × width f64) and cSum = Σ cᵢ (classes f64), with U = Σ cᵢ·xᵢ = passOffset·cSum + passScale·R:
   *   g = (U − offset·cSum)/(n·scale) + r·v,  g_intercept = Q·cSum/n;      ∂F/∂w = U/n + l2·w,  ∂F/∂b = cSum/n
   * out[0] = ‖∇F‖ in the user's coordinates, out[1] = ‖g‖, out[2] = l2/2·‖w‖². scale … passOffset: columns f64.
   * Norms are scaled sums of squares (out[3], out[4] hold the squares' part): columns of any size neither overflow nor vanish.
   */
  static gradient(
    raw: usize,
    width: i32,
    cSum: usize,
    v: usize,
    g: usize,
    padded: i32,
    columns: i32,
    classes: i32,
    rows: f64,
    scale: usize,
    offset: usize,
    passScale: usize,
    passOffset: usize,
    l2: f64,
    intercept: f64,
    out: usize,
  ): void {
    const userNorm = out;
    const codeNorm = out + 8;
    store<f64>(out, 0);
    store<f64>(out, 0, 8);
    store<f64>(out, 1, 24);
    store<f64>(out, 1, 32);
    let penalty: f64 = 0;
    for (let k = 0; k < classes; k++) {
      const sum = load<f64>(cSum + ((<usize>k) << 3));
      for (let j: usize = 0; j < <usize>columns; j++) {
        const s = load<f64>(scale + (j << 3));
        const w = load<f64>(v + (j << 3)) / s;
        const total =
          load<f64>(passOffset + (j << 3)) * sum + load<f64>(passScale + (j << 3)) * load<f64>(raw + (j << 3));
        const user = total / rows + l2 * w;
        const code = (total - load<f64>(offset + (j << 3)) * sum) / (rows * s) + (l2 * w) / s;
        store<f64>(g + (j << 3), code);
        outer.addSquare(userNorm, user);
        outer.addSquare(codeNorm, code);
        penalty += w * w;
      }
      if (intercept != 0) {
        const user = sum / rows;
        const code = intercept * user;
        store<f64>(g + ((<usize>columns) << 3), code);
        outer.addSquare(userNorm, user);
        outer.addSquare(codeNorm, code);
      }
      raw += (<usize>width) << 3;
      v += (<usize>padded) << 3;
      g += (<usize>padded) << 3;
    }
    store<f64>(out, load<f64>(out) * sqrt(load<f64>(out, 24)));
    store<f64>(out, load<f64>(out, 8) * sqrt(load<f64>(out, 32)), 8);
    // without l2 the weights may be as large as they like
    store<f64>(out, l2 == 0 ? 0 : 0.5 * l2 * penalty, 16);
  }

  /** Adds value² to scale²·squares, kept as scale at `at` and squares 24 bytes on: scale is the largest |value| so far. */
  @inline
  static addSquare(at: usize, value: f64): void {
    const size = abs(value);
    const scale = load<f64>(at);
    if (size > scale) {
      const ratio = scale / size;
      store<f64>(at, 1 + load<f64>(at, 24) * ratio * ratio, 24);
      store<f64>(at, size);
    } else if (size > 0) {
      const ratio = size / scale;
      store<f64>(at, load<f64>(at, 24) + ratio * ratio, 24);
    } else if (size != size) store<f64>(at, size);
  }

  /**
   * v[k][j] −= mean over k of v[k][j]: takes out of a softmax model what all classes have in common, where the loss is flat and rounding noise
   * would gather. v: classes × columns f64.
   */
  static centreClasses(v: usize, columns: i32, classes: i32): void {
    const bytes = (<usize>columns) << 3;
    for (let j: usize = 0; j < bytes; j += 8) {
      let sum: f64 = 0;
      for (let k: usize = 0; k < <usize>classes; k++) sum += load<f64>(v + k * bytes + j);
      const mean = sum / <f64>classes;
      for (let k: usize = 0; k < <usize>classes; k++) {
        const at = v + k * bytes + j;
        store<f64>(at, load<f64>(at) - mean);
      }
    }
  }

  /** sums[k] = Σᵢ c[i][k]; c: rows × classes f64. isAdded: on top of what `sums` holds, so that rows may come in parts. */
  static columnSums(c: usize, rows: i32, classes: i32, sums: usize, isAdded: i32): void {
    if (!isAdded) for (let k = 0; k < classes; k++) store<f64>(sums + ((<usize>k) << 3), 0);
    for (let row = 0; row < rows; row++) {
      for (let k: usize = 0; k < <usize>classes; k++) {
        store<f64>(sums + (k << 3), load<f64>(sums + (k << 3)) + load<f64>(c + (k << 3)));
      }
      c += (<usize>classes) << 3;
    }
  }

  /** out = start + delta·z; start: f64 or 0 for the zero vector, z: codes of type Z, count elements. */
  static fold<Z>(start: usize, z: usize, delta: f64, out: usize, count: i32): void {
    for (let j: usize = 0; j < <usize>count; j++) {
      const from = start ? load<f64>(start + (j << 3)) : 0;
      store<f64>(out + (j << 3), from + delta * <f64>load<Z>(z + j * sizeof<Z>()));
    }
  }

  /** z = clamp(floor(v/delta + ½)) to the codes of Z (int8, int16), or float32(v/delta). */
  static toGrid<Z>(v: usize, delta: f64, z: usize, count: i32): void {
    const limit: f64 = sizeof<Z>() == 1 ? 127 : 32767;
    for (let j: usize = 0; j < <usize>count; j++) {
      const units = load<f64>(v + (j << 3)) / delta;
      if (isFloat<Z>()) store<Z>(z + j * sizeof<Z>(), <Z>units);
      else store<Z>(z + j * sizeof<Z>(), <Z>(<i32>max(min(floor(units + 0.5), limit), -limit)));
    }
  }

  /** out = a − ridge·v per class: the data part of a gradient. a, v, out: classes × columns f64, ridge: columns f64. */
  static dataGradient(a: usize, v: usize, ridge: usize, out: usize, columns: i32, classes: i32): void {
    const bytes = (<usize>columns) << 3;
    for (let k = 0; k < classes; k++) {
      for (let j: usize = 0; j < bytes; j += 8) {
        store<f64>(out + j, load<f64>(a + j) - load<f64>(ridge + j) * load<f64>(v + j));
      }
      a += bytes;
      v += bytes;
      out += bytes;
    }
  }

  /** ridge = min(l2/scale², 1e300) (columns f64, zero from `columns` to `padded`: the intercept is not regularised); finite, so that 0·r is 0. */
  static ridge(scale: usize, columns: i32, padded: i32, l2: f64, ridge: usize): void {
    for (let j: usize = 0; j < <usize>columns; j++) {
      const s = load<f64>(scale + (j << 3));
      store<f64>(ridge + (j << 3), min<f64>(l2 / s / s, 1e300));
    }
    for (let j = <usize>columns; j < <usize>padded; j++) store<f64>(ridge + (j << 3), 0);
  }

  /** Largest |v| of count f64. */
  static maxAbs(v: usize, count: i32): f64 {
    let top: f64 = 0;
    for (let j: usize = 0; j < <usize>count; j++) top = max(top, abs(load<f64>(v + (j << 3))));
    return top;
  }

  /** Largest |code| of count codes of type Z. */
  static maxCode<Z>(z: usize, count: i32): f64 {
    let top = 0;
    for (let j: usize = 0; j < <usize>count; j++) top = max(top, abs(<i32>load<Z>(z + j * sizeof<Z>())));
    return <f64>top;
  }

  /** Narrowed copy: float64 → float32. */
  static toFloat32(from: usize, to: usize, count: i32): void {
    for (let j: usize = 0; j < <usize>count; j++) store<f32>(to + (j << 2), <f32>load<f64>(from + (j << 3)));
  }

  /** Widened copy: float32 → float64. */
  static toFloat64(from: usize, to: usize, count: i32): void {
    for (let j: usize = 0; j < <usize>count; j++) store<f64>(to + (j << 3), <f64>load<f32>(from + (j << 2)));
  }
}
