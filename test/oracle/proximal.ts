// The vectors of l1 problems in plain loops (docs/numerics.md §17): Σ strength·|u|, its faces, and coordinate descent on a model with an explicit matrix.

type Vector = ArrayLike<number>;

const at = (a: Vector, j: number): number => a[j] as number;

/** x moved towards 0 by t ≥ 0, at most to 0. */
export function shrink(x: number, t: number): number {
  if (x > t) return x - t;
  return x < -t ? x + t : 0;
}

const isFree = (u: number, strength: number): boolean => u !== 0 || strength === 0;

export function l1Norm(v: Vector, strength: Vector): number {
  let sum = 0;
  for (let j = 0; j < v.length; j++) sum += at(strength, j) * Math.abs(at(v, j));
  return sum;
}

export interface Frame {
  /** columns numbers each */
  readonly scale: Vector;
  readonly offset: Vector;
  /** Q, 0 for none */
  readonly intercept: number;
}

/** Norm of the least subgradient in the user's coordinates; g, v: classes × padded in code coordinates. */
export function leastSubgradientNorm(
  g: Vector,
  v: Vector,
  padded: number,
  classes: number,
  frame: Frame,
  l1: number,
): number {
  const columns = frame.scale.length;
  let sum = 0;
  for (let k = 0; k < classes; k++) {
    const slopeB = frame.intercept === 0 ? 0 : at(g, k * padded + columns) / frame.intercept;
    for (let j = 0; j < columns; j++) {
      const slope = at(g, k * padded + j) * at(frame.scale, j) + at(frame.offset, j) * slopeB;
      const value = at(v, k * padded + j);
      const least = value === 0 ? shrink(slope, l1) : slope + (value > 0 ? l1 : -l1);
      sum += least * least;
    }
    sum += slopeB * slopeB;
  }
  return Math.sqrt(sum);
}

/** Norm of the least subgradient in the coordinates of strength. */
export function leastNorm(g: Vector, u: Vector, strength: Vector): number {
  let sum = 0;
  for (let j = 0; j < u.length; j++) {
    const least = at(u, j) === 0 ? shrink(at(g, j), at(strength, j)) : at(g, j) + Math.sign(at(u, j)) * at(strength, j);
    sum += least * least;
  }
  return Math.sqrt(sum);
}

/** Minimum of the model with a diagonal matrix. */
export function jumped(u: Vector, q: Vector, h: Vector, strength: Vector): Float64Array {
  return Float64Array.from({ length: u.length }, (_, j) =>
    shrink(at(u, j) - at(q, j) / at(h, j), at(strength, j) / at(h, j)),
  );
}

/** M·s, column after column of M that is met with anything but 0. */
export function symmetricProduct(m: Vector, s: Vector): Float64Array {
  const n = s.length;
  const out = new Float64Array(n);
  for (let j = 0; j < n; j++) {
    if (at(s, j) === 0) continue;
    for (let k = 0; k < n; k++) out[k] = at(out, k) + at(s, j) * at(m, j * n + k);
  }
  return out;
}

/** The whole of a symmetric matrix from its upper part, with a least diagonal. */
export function completed(m: Vector, floor: Vector): Float64Array {
  const n = floor.length;
  return Float64Array.from({ length: n * n }, (_, i) => {
    const [row, column] = [Math.floor(i / n), i % n];
    if (row === column) return Math.max(at(m, i), at(floor, row));
    return row < column ? at(m, i) : at(m, column * n + row);
  });
}

/** One sweep of coordinate descent; u and q change in place. Returns Σ Mⱼⱼ·changeⱼ². */
export function sweep(m: Vector, u: Float64Array, q: Float64Array, strength: Vector): number {
  const n = u.length;
  let moved = 0;
  for (let j = 0; j < n; j++) {
    const h = at(m, j * (n + 1));
    const next = shrink(at(u, j) - at(q, j) / h, at(strength, j) / h);
    const change = next - at(u, j);
    if (change === 0) continue;
    u[j] = next;
    for (let k = 0; k < n; k++) q[k] = at(q, k) + change * at(m, j * n + k);
    moved += h * (change * change);
  }
  return moved;
}

export function free(u: Vector, strength: Vector): number[] {
  return Array.from({ length: u.length }, (_, j) => j).filter((j) => isFree(at(u, j), at(strength, j)));
}

export function submatrix(m: Vector, n: number, index: readonly number[]): Float64Array {
  return Float64Array.from(index.flatMap((i) => index.map((j) => at(m, i * n + j))));
}

export function scattered(a: Vector, index: readonly number[], n: number): Float64Array {
  const out = new Float64Array(n);
  index.forEach((j, i) => {
    out[j] = at(a, i);
  });
  return out;
}

export function slopes(q: Vector, u: Vector, strength: Vector): Float64Array {
  return Float64Array.from({ length: u.length }, (_, j) => {
    if (!isFree(at(u, j), at(strength, j))) return 0;
    return -(at(q, j) + Math.sign(at(u, j)) * at(strength, j));
  });
}

export function masked(x: Vector, u: Vector, strength: Vector): Float64Array {
  return Float64Array.from({ length: u.length }, (_, j) => (isFree(at(u, j), at(strength, j)) ? at(x, j) : 0));
}

export function reach(u: Vector, d: Vector, strength: Vector, most: number): number {
  let part = most;
  for (let j = 0; j < u.length; j++) {
    if (at(u, j) === 0 || at(strength, j) === 0) continue;
    if (at(u, j) * (at(u, j) + part * at(d, j)) < 0) part = -at(u, j) / at(d, j);
  }
  return part;
}

export function step(u: Vector, d: Vector, strength: Vector, part: number): { s: Float64Array; zeros: number } {
  let zeros = 0;
  const s = Float64Array.from({ length: u.length }, (_, j) => {
    const change = part * at(d, j);
    if (at(strength, j) === 0) return change;
    if (at(u, j) === 0) return 0;
    if (at(u, j) * (at(u, j) + change) > 2 ** -40 * (at(u, j) * at(u, j))) return change;
    zeros++;
    return -at(u, j);
  });
  return { s, zeros };
}

export function change(u: Vector, s: Vector, strength: Vector): number {
  let sum = 0;
  for (let j = 0; j < u.length; j++) {
    const next = at(u, j) + at(s, j);
    const isSame = at(u, j) !== 0 && Math.sign(at(u, j)) * next >= 0;
    sum += at(strength, j) * (isSame ? Math.sign(at(u, j)) * at(s, j) : Math.abs(next) - Math.abs(at(u, j)));
  }
  return sum;
}

export function take(v: Vector, u: Vector, z: Vector, part: number): { v: Float64Array; missed: number } {
  let missed = 0;
  const next = Float64Array.from({ length: v.length }, (_, j) => {
    const to = at(v, j) + part * at(z, j);
    if (part !== 1 || at(u, j) !== 0 || to === 0) return to;
    missed++;
    return 0;
  });
  return { v: next, missed };
}

/**
 * Columns moved together over the classes to where Σ (strength·|v| + ½·ridge·v²) is least: the least of all corners and of the parabolas' lowest points, and of
 * equal ones the nearest. v: classes × pitch.
 */
export function shifted(
  v: Vector,
  pitch: number,
  columns: number,
  classes: number,
  strength: Vector,
  ridge: Vector,
): { v: Float64Array; moved: number } {
  const out = Float64Array.from(v);
  let moved = 0;
  for (let j = 0; j < columns; j++) {
    const values = Array.from({ length: classes }, (_, k) => at(v, k * pitch + j));
    const [t, r] = [at(strength, j), at(ridge, j)];
    const slopes = (shift: number): [number, number] => {
      let [left, right, sum] = [0, 0, 0];
      for (const value of values) {
        left += value + shift > 0 ? t : -t;
        right += value + shift < 0 ? -t : t;
        sum += value + shift;
      }
      return [left + r * sum, right + r * sum];
    };
    const corners = values.map((value) => -value).sort((a, b) => a - b);
    const lowest: number[] = [];
    const isLeast = (shift: number): boolean => slopes(shift)[0] <= 0 && slopes(shift)[1] >= 0;
    if (isLeast(0)) continue;
    const places = [0, ...corners].sort((a, b) => a - b);
    places.forEach((place, i) => {
      if (isLeast(place)) lowest.push(place);
      // between two neighbours the slope is a straight line
      const next = places[i + 1];
      if (r <= 0) return;
      const from = place - slopes(place)[1] / (r * classes);
      if (from > place && (next === undefined || from < next)) lowest.push(from);
      const back = place - slopes(place)[0] / (r * classes);
      if (i === 0 && back < place) lowest.push(back);
    });
    const best = lowest.sort((a, b) => Math.abs(a) - Math.abs(b))[0];
    if (best === undefined) continue;
    moved++;
    for (let k = 0; k < classes; k++) out[k * pitch + j] = at(values, k) + best;
  }
  return { v: out, moved };
}
