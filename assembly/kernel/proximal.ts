// Vectors of problems with l1 terms, Σ strengthⱼ·|uⱼ|: where they are smooth, how far that reaches, and the quadratic model
//   q·s + ½·sᵀM·s + Σ strengthⱼ·(|uⱼ + sⱼ| − |uⱼ|)
// with an explicit matrix M. A coordinate is free where uⱼ ≠ 0 or strengthⱼ = 0: there the l1 term is linear as long as no sign changes.
// docs/decisions/0018. Float64, sums in the order of the columns unless they are vector.dot's.

import { vector } from "./vector";

/** A step that leaves less than this part of a coordinate leaves 0: what is left is the rounding of the way to its zero. */
const LEFT: f64 = 9.094947017729282e-13;

@unmanaged
export abstract class proximal {
  /** x moved towards 0 by t ≥ 0, at most to 0. */
  @inline
  static shrink(x: f64, t: f64): f64 {
    return x > t ? x - t : x < -t ? x + t : 0;
  }

  /** Whether a coordinate has no corner at u. */
  @inline
  static isFree(u: f64, strength: f64): bool {
    return u != 0 || strength == 0;
  }

  /** Σ strength·|v|; v, strength: n f64. */
  static norm(v: usize, strength: usize, n: i32): f64 {
    let sum: f64 = 0;
    for (let j: usize = 0; j < (<usize>n) << 3; j += 8) sum += load<f64>(strength + j) * abs(load<f64>(v + j));
    return sum;
  }

  /**
   * Norm of the subgradient of least norm in the user's coordinates, for the penalty l1·|w|, from the gradient g of all else and the point v in code
   * coordinates (classes × padded f64 each): ∂/∂w = scale·g + offset·∂/∂b, ∂/∂b = g at the intercept ÷ Q. scale, offset: columns f64; intercept: Q, 0 for none.
   */
  static leastSubgradient(
    g: usize,
    v: usize,
    padded: i32,
    columns: i32,
    classes: i32,
    scale: usize,
    offset: usize,
    intercept: f64,
    l1: f64,
  ): f64 {
    let sum: f64 = 0;
    for (let k = 0; k < classes; k++) {
      const slopeB = intercept != 0 ? load<f64>(g + ((<usize>columns) << 3)) / intercept : 0;
      for (let j: usize = 0; j < (<usize>columns) << 3; j += 8) {
        const slope = load<f64>(g + j) * load<f64>(scale + j) + load<f64>(offset + j) * slopeB;
        const value = load<f64>(v + j);
        const least = value > 0 ? slope + l1 : value < 0 ? slope - l1 : proximal.shrink(slope, l1);
        sum += least * least;
      }
      sum += slopeB * slopeB;
      g += (<usize>padded) << 3;
      v += (<usize>padded) << 3;
    }
    return sqrt(sum);
  }

  /** Norm of the subgradient of least norm in the coordinates of strength, from the gradient g of all else at u. All n f64. */
  static least(g: usize, u: usize, strength: usize, n: i32): f64 {
    let sum: f64 = 0;
    for (let j: usize = 0; j < (<usize>n) << 3; j += 8) {
      const slope = load<f64>(g + j);
      const value = load<f64>(u + j);
      const t = load<f64>(strength + j);
      const least = value > 0 ? slope + t : value < 0 ? slope - t : proximal.shrink(slope, t);
      sum += least * least;
    }
    return sqrt(sum);
  }

  /** u goes to the minimum of the model with the diagonal matrix h > 0. All n f64. */
  static jump(u: usize, q: usize, h: usize, strength: usize, n: i32): void {
    for (let j: usize = 0; j < (<usize>n) << 3; j += 8) {
      const curved = load<f64>(h + j);
      const to = load<f64>(u + j) - load<f64>(q + j) / curved;
      store<f64>(u + j, proximal.shrink(to, load<f64>(strength + j) / curved));
    }
  }

  /** out = M·s for a whole symmetric M: n × n f64; columns with sⱼ = 0 are left out. */
  static product(m: usize, n: i32, s: usize, out: usize): void {
    memory.fill(out, 0, (<usize>n) << 3);
    for (let j: usize = 0; j < <usize>n; j++) {
      const factor = load<f64>(s + (j << 3));
      if (factor != 0) vector.addScaled(out, factor, m + ((j * <usize>n) << 3), n);
    }
  }

  /** The lower part of M (n × n f64) becomes the upper part's mirror image, and every diagonal entry is at least `floor` (n f64). */
  static complete(m: usize, n: i32, floor: usize): void {
    const rowBytes = (<usize>n) << 3;
    for (let j: usize = 0; j < rowBytes; j += 8) {
      const row = m + j * <usize>n;
      store<f64>(row + j, max(load<f64>(row + j), load<f64>(floor + j)));
      for (let k = j + 8; k < rowBytes; k += 8) store<f64>(m + k * <usize>n + j, load<f64>(row + k));
    }
  }

  /**
   * One sweep of coordinate descent on the model: every uⱼ in turn goes to its minimum, and q follows: q = gradient of the quadratic part at u.
   * m: n × n f64, whole, with a positive diagonal; u, q, strength: n f64. Returns Σ Mⱼⱼ·changeⱼ², at most twice what the model lost.
   */
  static sweep(m: usize, n: i32, u: usize, q: usize, strength: usize): f64 {
    let moved: f64 = 0;
    for (let j: usize = 0; j < <usize>n; j++) {
      const at = j << 3;
      const row = m + j * ((<usize>n) << 3);
      const h = load<f64>(row + at);
      const value = load<f64>(u + at);
      const next = proximal.shrink(value - load<f64>(q + at) / h, load<f64>(strength + at) / h);
      const change = next - value;
      if (change == 0) continue;
      store<f64>(u + at, next);
      vector.addScaled(q, change, row, n);
      moved += h * (change * change);
    }
    return moved;
  }

  /** Numbers of the free coordinates, ascending; index: n u32. Returns how many. */
  static free(u: usize, strength: usize, n: i32, index: usize): i32 {
    let count: usize = 0;
    for (let j: usize = 0; j < <usize>n; j++) {
      if (!proximal.isFree(load<f64>(u + (j << 3)), load<f64>(strength + (j << 3)))) continue;
      store<u32>(index + (count << 2), <u32>j);
      count++;
    }
    return <i32>count;
  }

  /** out = rows and columns `index` of M: count × count f64 from n × n f64, whole. */
  static submatrix(m: usize, n: i32, index: usize, count: i32, out: usize): void {
    for (let i: usize = 0; i < <usize>count; i++) {
      const row = m + <usize>load<u32>(index + (i << 2)) * ((<usize>n) << 3);
      for (let k: usize = 0; k < <usize>count; k++) {
        store<f64>(out, load<f64>(row + ((<usize>load<u32>(index + (k << 2))) << 3)));
        out += 8;
      }
    }
  }

  /** out (n f64) = a at the places `index`, 0 elsewhere; a: count f64. */
  static scatter(a: usize, index: usize, count: i32, n: i32, out: usize): void {
    memory.fill(out, 0, (<usize>n) << 3);
    for (let i: usize = 0; i < <usize>count; i++) {
      store<f64>(out + ((<usize>load<u32>(index + (i << 2))) << 3), load<f64>(a + (i << 3)));
    }
  }

  /** out = −(q + strength·sign u) where a coordinate is free, else 0: down the face of u. All n f64. */
  static slopes(q: usize, u: usize, strength: usize, n: i32, out: usize): void {
    for (let j: usize = 0; j < (<usize>n) << 3; j += 8) {
      const value = load<f64>(u + j);
      const t = load<f64>(strength + j);
      const slope = load<f64>(q + j) + (value > 0 ? t : value < 0 ? -t : 0);
      store<f64>(out + j, proximal.isFree(value, t) ? -slope : 0);
    }
  }

  /** x = 0 where u is not free. All n f64. */
  static mask(x: usize, u: usize, strength: usize, n: i32): void {
    for (let j: usize = 0; j < (<usize>n) << 3; j += 8) {
      if (!proximal.isFree(load<f64>(u + j), load<f64>(strength + j))) store<f64>(x + j, 0);
    }
  }

  /** Largest part ≤ most of d that changes no sign of u where strength > 0. All n f64. */
  static reach(u: usize, d: usize, strength: usize, n: i32, most: f64): f64 {
    for (let j: usize = 0; j < (<usize>n) << 3; j += 8) {
      const value = load<f64>(u + j);
      if (value == 0 || load<f64>(strength + j) == 0) continue;
      const change = load<f64>(d + j);
      if (value * (value + most * change) < 0) most = -value / change;
    }
    return most;
  }

  /**
   * s = the step part·d from u, but only to 0 where it would change a sign or leave less than 2⁻⁴⁰ of u, strength > 0. Coordinates at 0 that are not free
   * stay. All n f64. Returns how many become 0; u + s is exactly 0 there.
   */
  static step(u: usize, d: usize, strength: usize, n: i32, part: f64, s: usize): i32 {
    let zeros = 0;
    for (let j: usize = 0; j < (<usize>n) << 3; j += 8) {
      const value = load<f64>(u + j);
      let change = part * load<f64>(d + j);
      if (load<f64>(strength + j) > 0) {
        if (value == 0) change = 0;
        else if (!(value * (value + change) > LEFT * (value * value))) {
          change = -value;
          zeros++;
        }
      }
      store<f64>(s + j, change);
    }
    return zeros;
  }

  /** Σ strength·(|u + s| − |u|), each difference without cancellation where no sign changes. All n f64. */
  static change(u: usize, s: usize, strength: usize, n: i32): f64 {
    let sum: f64 = 0;
    for (let j: usize = 0; j < (<usize>n) << 3; j += 8) {
      const value = load<f64>(u + j);
      const change = load<f64>(s + j);
      const next = value + change;
      const more = value > 0 && next >= 0 ? change : value < 0 && next <= 0 ? -change : abs(next) - abs(value);
      sum += load<f64>(strength + j) * more;
    }
    return sum;
  }

  /**
   * v += part·z; where all of a step that ends at u is taken (part 1) and u is 0, v is 0 exactly. All n f64. Returns how many of these v + z would have missed.
   */
  static take(v: usize, u: usize, z: usize, part: f64, n: i32): i32 {
    let missed = 0;
    for (let j: usize = 0; j < (<usize>n) << 3; j += 8) {
      let next = load<f64>(v + j) + part * load<f64>(z + j);
      if (part == 1 && load<f64>(u + j) == 0 && next != 0) {
        next = 0;
        missed++;
      }
      store<f64>(v + j, next);
    }
    return missed;
  }

  /**
   * Softmax does not see what is added to one column's weights of all classes: every column moves to where Σ (strength·|v| + ½·ridge·v²) over its classes
   * is least, from where it is to the nearest such place. v: classes × pitch f64; strength, ridge: pitch f64, of the first class; `columns` of them count.
   * A weight that ends at its corner is 0 exactly. Returns how many columns have moved.
   */
  static shift(v: usize, pitch: i32, columns: i32, classes: i32, strength: usize, ridge: usize): i32 {
    const step = (<usize>pitch) << 3;
    let moved = 0;
    for (let j: usize = 0; j < (<usize>columns) << 3; j += 8) {
      const t = load<f64>(strength + j);
      const r = load<f64>(ridge + j);
      let shift: f64 = 0;
      // from corner to corner, at most once to each
      for (let corner = 0; corner <= classes; corner++) {
        // slopes on either side of where the column is by now, and the next corners
        let left: f64 = 0;
        let right: f64 = 0;
        let sum: f64 = 0;
        let up = Infinity;
        let down = -Infinity;
        for (let k: usize = 0; k < <usize>classes; k++) {
          const value = load<f64>(v + k * step + j);
          const to = -value;
          left += shift > to ? t : -t;
          right += shift < to ? -t : t;
          sum += value + shift;
          if (to > shift) up = min(up, to);
          if (to < shift) down = max(down, to);
        }
        left += r * sum;
        right += r * sum;
        const slope = right < 0 ? right : left > 0 ? left : 0;
        if (slope == 0) break;
        const lowest = r > 0 ? shift - slope / (r * <f64>classes) : slope < 0 ? Infinity : -Infinity;
        if (slope < 0 ? lowest <= up : lowest >= down) {
          shift = lowest;
          break;
        }
        shift = slope < 0 ? up : down;
      }
      if (shift == 0 || !(abs(shift) < Infinity)) continue;
      moved++;
      for (let k: usize = 0; k < <usize>classes; k++) {
        const at = v + k * step + j;
        store<f64>(at, load<f64>(at) + shift);
      }
    }
    return moved;
  }
}
