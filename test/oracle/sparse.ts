// Sparse rows, one entry at a time, and the same rows as dense ones.
// Sums of float64 have a documented order (assembly/kernel/sparse.ts): of a dot with one output four partial sums of every fourth entry, joined as (a₀ + b₀) + (a₁ + b₁) =
// (first + third) + (second + fourth), then the entries past the last whole four; everything else in order of rows and entries. float64 arithmetic is the same everywhere, so that
// kernels have to agree to the last bit.

export interface Row {
  /** Columns, ascending. */
  readonly columns: readonly number[];
  readonly values: readonly number[];
}

const at = (values: ArrayLike<number>, i: number): number => values[i] as number;

/** One row times one vector. */
export function sparseDot({ columns, values }: Row, w: (column: number) => number): number {
  const sums = [0, 0, 0, 0];
  const whole = columns.length - (columns.length % 4);
  for (let e = 0; e < whole; e++) sums[e % 4] = at(sums, e % 4) + at(values, e) * w(at(columns, e));
  let sum = at(sums, 0) + at(sums, 2) + (at(sums, 1) + at(sums, 3));
  for (let e = whole; e < columns.length; e++) sum += at(values, e) * w(at(columns, e));
  return sum;
}

/** rows × outputs; w(column, output). */
export function sparseMargins(
  rows: readonly Row[],
  outputs: number,
  w: (column: number, output: number) => number,
  bias: readonly number[],
): number[] {
  return rows.flatMap((row) =>
    bias.slice(0, outputs).map((b, k) => {
      if (outputs === 1) return sparseDot(row, (j) => w(j, 0)) + b;
      return row.columns.reduce((sum, j, e) => sum + at(row.values, e) * w(j, k), 0) + b;
    }),
  );
}

/** start + Σ c·x: outputs × columns; c: rows × outputs, start: outputs × columns. */
export function sparseGradient(
  rows: readonly Row[],
  outputs: number,
  c: ArrayLike<number>,
  start: readonly (readonly number[])[],
): number[][] {
  const g = start.map((sums) => sums.slice());
  rows.forEach((row, i) => {
    row.columns.forEach((j, e) => {
      g.forEach((sums, k) => {
        sums[j] = at(sums, j) + at(row.values, e) * at(c, i * outputs + k);
      });
    });
  });
  return g;
}

export interface Moments {
  readonly squares: readonly number[];
  readonly first: readonly number[];
  readonly total: number;
}

/** start + Σ d·x², Σ d·x, Σ d. */
export function sparseMoments(
  rows: readonly Row[],
  d: ArrayLike<number> | null,
  start: Pick<Moments, "squares" | "first">,
): Moments {
  const [squares, first] = [start.squares.slice(), start.first.slice()];
  let total = 0;
  rows.forEach((row, i) => {
    const weight = d === null ? 1 : at(d, i);
    total += weight;
    row.columns.forEach((j, e) => {
      const part = weight * at(row.values, e);
      first[j] = at(first, j) + part;
      squares[j] = at(squares, j) + part * at(row.values, e);
    });
  });
  return { squares, first, total };
}

/** start + Σ d·x·xᵀ, upper part: columns². */
export function sparseGram(
  rows: readonly Row[],
  d: ArrayLike<number>,
  columns: number,
  start: readonly number[],
): number[] {
  const g = start.slice();
  rows.forEach(({ columns: own, values }, i) => {
    own.forEach((j, e) => {
      const part = at(d, i) * at(values, e);
      for (let f = e; f < own.length; f++) {
        const to = j * columns + at(own, f);
        g[to] = at(g, to) + part * at(values, f);
      }
    });
  });
  return g;
}

/** First entry (counted from the first row) whose column is too large or does not ascend; −1: none. */
export function firstBadEntry(rows: readonly (readonly number[])[], columns: number): number {
  let entry = 0;
  for (const row of rows) {
    for (let e = 0; e < row.length; e++, entry++) {
      if (at(row, e) >= columns || (e > 0 && at(row, e) <= at(row, e - 1))) return entry;
    }
  }
  return -1;
}

export interface ColumnFacts {
  low: number;
  high: number;
  entries: number;
  isWhole: boolean;
}

/** The code of a value: nearest, halves up, within ±127. */
export const sparseCode = (x: number, inverse: number): number =>
  Math.max(-127, Math.min(127, Math.floor(x * inverse + 0.5)));

const sameBits = (a: number, b: number): boolean => Object.is(a, b);

/** Distinct values (0 and −0 are two) in order of their first occurrence, and the place of each value among them. */
export function tabulated(values: ArrayLike<number>): { readonly table: number[]; readonly places: number[] } {
  const known = new Map<number, number>();
  const table: number[] = [];
  let negativeZero = -1;
  const places = Array.from(values, (x) => {
    let place = sameBits(x, -0) ? negativeZero : (known.get(x) ?? -1);
    if (place < 0) {
      place = table.push(x) - 1;
      if (sameBits(x, -0)) negativeZero = place;
      else known.set(x, place);
    }
    return place;
  });
  return { table, places };
}

/** Dense rows with an intercept as last column, where it is not 0. */
export function denseRows(rows: readonly Row[], columns: number, intercept: number): number[][] {
  return rows.map((row) => {
    const dense = new Array<number>(columns + (intercept !== 0 ? 1 : 0)).fill(0);
    row.columns.forEach((j, e) => {
      dense[j] = at(row.values, e);
    });
    if (intercept !== 0) dense[columns] = intercept;
    return dense;
  });
}

/** Power iterations on Σ ωᵢxᵢxᵢᵀ/n from p: the last Rayleigh quotient. */
export function powerIterations(
  rows: readonly (readonly number[])[],
  weights: ArrayLike<number> | null,
  start: readonly number[],
  iterations: number,
): number {
  const length = (v: readonly number[]): number => Math.sqrt(v.reduce((sum, x) => sum + x * x, 0));
  if (length(start) === 0) return 0;
  let p = start.map((x) => x / length(start));
  let quotient = 0;
  for (let i = 0; i < iterations; i++) {
    const own = p;
    const q = p.map(() => 0);
    rows.forEach((row, r) => {
      const t = (weights === null ? 1 : at(weights, r)) * row.reduce((sum, x, j) => sum + x * at(own, j), 0);
      row.forEach((x, j) => {
        q[j] = at(q, j) + (t * x) / rows.length;
      });
    });
    quotient = q.reduce((sum, x, j) => sum + x * at(own, j), 0);
    const size = length(q);
    if (size === 0) return 0;
    p = q.map((x) => x / size);
  }
  return quotient;
}
