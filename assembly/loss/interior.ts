// The rows of the interior-point method for hinge, float64: dual variables between 0 and 1, slacks, and their directions. docs/numerics.md §12.
//   minimise 1/n Σ ωᵢ ξᵢ + l2/2 ‖w‖²  with ξᵢ ≥ 0 and sᵢ = ξᵢ − 1 + tᵢ ≥ 0, tᵢ = yᵢ·marginᵢ
// Along the central path a·s = e·ξ = µ with the dual variable a of the second constraint and e = 1 − a, kept beside a because 1 − a would lose its digits.
// Per row, in arrays `pitch` bytes apart from `state` on: a, e, s, ξ, and the right-hand sides f, g of a direction. With r = ξ − 1 + t − s and the
// change u of the margin, Newton's equations leave
//   da = (f − g − r − y·u)/(s/a + ξ/e + γ),  ds = f − (s/a)·da,  dξ = g + (ξ/e)·da;
// γ ≥ 0 is the proximal term that keeps the curvature 1/(s/a + ξ/e + γ) finite.

/** Where the arrays of a row begin. */
const enum Part {
  A = 0,
  E = 1,
  S = 2,
  XI = 3,
  F = 4,
  G = 5,
}

@unmanaged
export abstract class interior {
  @inline
  static get(state: usize, pitch: usize, part: Part): f64 {
    return load<f64>(state + <usize>part * pitch);
  }

  @inline
  static set(state: usize, pitch: usize, part: Part, value: f64): void {
    store<f64>(state + <usize>part * pitch, value);
  }

  /** s/a and ξ/e of a row: the two walls' stiffness inverted. */
  @inline
  static lower(state: usize, pitch: usize): f64 {
    return interior.get(state, pitch, Part.S) / interior.get(state, pitch, Part.A);
  }

  @inline
  static upper(state: usize, pitch: usize): f64 {
    return interior.get(state, pitch, Part.XI) / interior.get(state, pitch, Part.E);
  }

  /** da of a row; t = y·margin, yu = y·u. */
  @inline
  static change(state: usize, pitch: usize, t: f64, yu: f64, gamma: f64): f64 {
    const r = interior.get(state, pitch, Part.XI) - 1 + t - interior.get(state, pitch, Part.S);
    const right = interior.get(state, pitch, Part.F) - interior.get(state, pitch, Part.G) - r - yu;
    return right / (interior.lower(state, pitch) + interior.upper(state, pitch) + gamma);
  }

  /** a = e = ½, ξ half above what the constraints ask, s from ξ. m: margins, y: ±1, rows f64 each. */
  static start(m: usize, y: usize, rows: i32, state: usize, pitch: usize): void {
    for (const end = m + ((<usize>rows) << 3); m < end; m += 8) {
      const t = load<f64>(y) * load<f64>(m);
      const xi = max<f64>(1 - t, 0) + 0.5;
      interior.set(state, pitch, Part.A, 0.5);
      interior.set(state, pitch, Part.E, 0.5);
      interior.set(state, pitch, Part.XI, xi);
      interior.set(state, pitch, Part.S, xi - 1 + t);
      y += 8;
      state += 8;
    }
  }

  /** h = ω/(s/a + ξ/e + γ): rows f32; weights: rows f64 or 0. */
  static curvature(state: usize, pitch: usize, weights: usize, rows: i32, gamma: f64, h: usize): void {
    for (const end = h + ((<usize>rows) << 2); h < end; h += 4) {
      const weight = weights ? load<f64>(weights) : 1;
      store<f32>(h, <f32>(weight / (interior.lower(state, pitch) + interior.upper(state, pitch) + gamma)));
      state += 8;
      if (weights) weights += 8;
    }
  }

  /** Right-hand sides towards a·s = e·ξ = µ: without second-order terms, or (isCorrected) with those of the present direction, whose margins are u. */
  static aim(
    m: usize,
    y: usize,
    u: usize,
    rows: i32,
    state: usize,
    pitch: usize,
    gamma: f64,
    mu: f64,
    isCorrected: i32,
  ): void {
    for (const end = m + ((<usize>rows) << 3); m < end; m += 8) {
      let second: f64 = 0;
      let other: f64 = 0;
      if (isCorrected) {
        const label = load<f64>(y);
        const da = interior.change(state, pitch, label * load<f64>(m), label * load<f64>(u), gamma);
        second = da * (interior.get(state, pitch, Part.F) - interior.lower(state, pitch) * da);
        other = -da * (interior.get(state, pitch, Part.G) + interior.upper(state, pitch) * da);
      }
      const f = (mu - second) / interior.get(state, pitch, Part.A) - interior.get(state, pitch, Part.S);
      const g = (mu - other) / interior.get(state, pitch, Part.E) - interior.get(state, pitch, Part.XI);
      interior.set(state, pitch, Part.F, f);
      interior.set(state, pitch, Part.G, g);
      y += 8;
      u += 8;
      state += 8;
    }
  }

  /** c = −ω·y·(a + part·da): the derivatives that the dual variables stand for; rows f64. */
  static derivatives(
    m: usize,
    y: usize,
    u: usize,
    weights: usize,
    rows: i32,
    state: usize,
    pitch: usize,
    gamma: f64,
    part: f64,
    c: usize,
  ): void {
    for (const end = c + ((<usize>rows) << 3); c < end; c += 8) {
      const label = load<f64>(y);
      let a = interior.get(state, pitch, Part.A);
      if (part != 0) {
        a += part * interior.change(state, pitch, label * load<f64>(m), label * load<f64>(u), gamma);
      }
      const weight = weights ? load<f64>(weights) : 1;
      store<f64>(c, -weight * label * a);
      m += 8;
      y += 8;
      u += 8;
      state += 8;
      if (weights) weights += 8;
    }
  }

  /** What is left of a step of length `reach` when `value` must stay above 0 along `slope`. */
  @inline
  static until(value: f64, slope: f64, reach: f64): f64 {
    return value + reach * slope < 0 ? -value / slope : reach;
  }

  /** Longest step, at most `most`, along which a, e, s and ξ stay at or above 0; rows of weight 0 have no say. */
  static reach(
    m: usize,
    y: usize,
    u: usize,
    weights: usize,
    rows: i32,
    state: usize,
    pitch: usize,
    gamma: f64,
    most: f64,
  ): f64 {
    let reach = most;
    for (const end = m + ((<usize>rows) << 3); m < end; m += 8) {
      if (!weights || load<f64>(weights) > 0) {
        const label = load<f64>(y);
        const da = interior.change(state, pitch, label * load<f64>(m), label * load<f64>(u), gamma);
        const ds = interior.get(state, pitch, Part.F) - interior.lower(state, pitch) * da;
        const dxi = interior.get(state, pitch, Part.G) + interior.upper(state, pitch) * da;
        reach = interior.until(interior.get(state, pitch, Part.A), da, reach);
        reach = interior.until(interior.get(state, pitch, Part.E), -da, reach);
        reach = interior.until(interior.get(state, pitch, Part.S), ds, reach);
        reach = interior.until(interior.get(state, pitch, Part.XI), dxi, reach);
      }
      y += 8;
      u += 8;
      state += 8;
      if (weights) weights += 8;
    }
    return reach;
  }

  /** Σ ω·(a·s + e·ξ) after the part of the direction, 0 for none of it. */
  static products(
    m: usize,
    y: usize,
    u: usize,
    weights: usize,
    rows: i32,
    state: usize,
    pitch: usize,
    gamma: f64,
    part: f64,
  ): f64 {
    let sum: f64 = 0;
    for (const end = m + ((<usize>rows) << 3); m < end; m += 8) {
      let a = interior.get(state, pitch, Part.A);
      let e = interior.get(state, pitch, Part.E);
      let s = interior.get(state, pitch, Part.S);
      let xi = interior.get(state, pitch, Part.XI);
      if (part != 0) {
        const label = load<f64>(y);
        const da = interior.change(state, pitch, label * load<f64>(m), label * load<f64>(u), gamma);
        const ds = interior.get(state, pitch, Part.F) - interior.lower(state, pitch) * da;
        const dxi = interior.get(state, pitch, Part.G) + interior.upper(state, pitch) * da;
        a += part * da;
        e -= part * da;
        s += part * ds;
        xi += part * dxi;
      }
      sum += (weights ? load<f64>(weights) : 1) * (a * s + e * xi);
      y += 8;
      u += 8;
      state += 8;
      if (weights) weights += 8;
    }
    return sum;
  }

  /** Takes the part of the direction: a, e, s, ξ, and the margins by part·u. */
  static move(m: usize, y: usize, u: usize, rows: i32, state: usize, pitch: usize, gamma: f64, part: f64): void {
    for (const end = m + ((<usize>rows) << 3); m < end; m += 8) {
      const label = load<f64>(y);
      const change = load<f64>(u);
      const da = interior.change(state, pitch, label * load<f64>(m), label * change, gamma);
      const ds = interior.get(state, pitch, Part.F) - interior.lower(state, pitch) * da;
      const dxi = interior.get(state, pitch, Part.G) + interior.upper(state, pitch) * da;
      interior.set(state, pitch, Part.A, interior.get(state, pitch, Part.A) + part * da);
      interior.set(state, pitch, Part.E, interior.get(state, pitch, Part.E) - part * da);
      interior.set(state, pitch, Part.S, interior.get(state, pitch, Part.S) + part * ds);
      interior.set(state, pitch, Part.XI, interior.get(state, pitch, Part.XI) + part * dxi);
      store<f64>(m, load<f64>(m) + part * change);
      y += 8;
      u += 8;
      state += 8;
    }
  }

  /** Σ ω·(max(0, 1 − t) − a·(1 − t)), term by term without cancellation: what the losses exceed the dual variables' bound by. */
  static gap(m: usize, y: usize, weights: usize, rows: i32, state: usize, pitch: usize): f64 {
    let sum: f64 = 0;
    for (const end = m + ((<usize>rows) << 3); m < end; m += 8) {
      const slack = 1 - load<f64>(y) * load<f64>(m);
      const term = slack > 0 ? interior.get(state, pitch, Part.E) * slack : -interior.get(state, pitch, Part.A) * slack;
      sum += (weights ? load<f64>(weights) : 1) * term;
      y += 8;
      state += 8;
      if (weights) weights += 8;
    }
    return sum;
  }
}
