// Codes of docs/numerics.md sections 2 and 3.
//
//   x = offset + scale * code           per column; codes are integers in ±Q (or float32 for Q = 1)
//
// Sums over rows have a fixed order in the engine which is not part of the specification, so `offset` may be given:
// a test checks the engine's offset against the mean to 1e-12 and passes it here. Everything that follows from the offset
// (reach, median, scale, codes) is free of sums and therefore exact.

/** Data formats by width: int8 codes (Q = 127), int16 codes (Q = 32767), float32 plane (Q = 1). */
export type DataBits = 8 | 16 | 32;

export interface QuantizeOptions {
  /** width of the codes */
  bits: DataBits;
  /** subtract the (weighted) mean; off when no intercept is fitted */
  centred: boolean;
  /** append the intercept column: code Q, scale 1/Q, offset 0 */
  intercept: boolean;
  /** sample weights, any positive multiple of ω */
  weights?: ArrayLike<number>;
  /** the engine's own offsets (cols of them) instead of the mean computed here */
  offset?: ArrayLike<number>;
  /** robust clipping, on by default */
  robust?: boolean;
}

/** What step 1 to 4 of section 2 find about one column. */
export interface ColumnScale {
  /** every value is an integer */
  whole: boolean;
  offset: number;
  /** largest |x − offset| that keeps its code */
  reach: number;
  /** value of one code */
  scale: number;
  /** what (x − offset) is multiplied with; Q/reach, not 1/scale */
  inverseScale: number;
}

export interface Quantized {
  rows: number;
  /** columns of `codes`: cols, plus one with an intercept */
  columns: number;
  /** Q: 127, 32767 or 1 */
  largestCode: number;
  /** columns of them, intercept included */
  scale: Float64Array;
  /** columns of them, intercept included (0) */
  offset: Float64Array;
  /** rows × columns, row-major, without padding */
  codes: Int8Array | Int16Array | Float32Array;
  /** rows that hold at least one clipped code, ascending; empty after the "all or nothing" return */
  clippedRows: number[];
}

export interface QuantizedPlanes {
  rows: number;
  columns: number;
  scale: Float64Array;
  offset: Float64Array;
  /** rows × cols (no intercept): the 16-bit codes, |x16| <= 32512, x ≈ offset + scale * x16 / 256 */
  x16: Int32Array;
  /** rows × columns: (x16 + 128) >> 8, the int8 codes, intercept column 127 when asked */
  hi: Int8Array;
  /** rows × columns: x16 − 256*hi, intercept column 0 */
  lo: Int8Array;
}

/** Q of section 1. */
export function largestCode(bits: DataBits): number {
  return bits === 8 ? 127 : bits === 16 ? 32767 : 1;
}

/** number[][] to one flat row-major Float64Array. */
export function flatten(rows: readonly ArrayLike<number>[]): { values: Float64Array; rows: number; cols: number } {
  const cols = rows[0]?.length ?? 0;
  const values = new Float64Array(rows.length * cols);
  rows.forEach((row, i) => {
    if (row.length !== cols) throw new Error(`row ${i} has ${row.length} values instead of ${cols}`);
    for (let j = 0; j < cols; j++) values[i * cols + j] = row[j] as number;
  });
  return { values, rows: rows.length, cols };
}

function columnOf(values: Float64Array, rows: number, cols: number, j: number): Float64Array {
  const column = new Float64Array(rows);
  for (let i = 0; i < rows; i++) column[i] = values[i * cols + j] as number;
  return column;
}

const clamp = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high);

/** Weighted mean Σ ω x / Σ ω with compensated sums, so that it is good to a few ulp whatever order the engine uses. */
export function weightedMean(column: Float64Array, weights?: ArrayLike<number>): number {
  const total = (term: (i: number) => number): number => {
    let sum = 0;
    let carry = 0; // Neumaier: what the sum has lost so far
    for (let i = 0; i < column.length; i++) {
      const x = term(i);
      const next = sum + x;
      carry += Math.abs(sum) >= Math.abs(x) ? sum - next + x : x - next + sum;
      sum = next;
    }
    return sum + carry;
  };
  if (weights === undefined) return total((i) => column[i] as number) / column.length;
  return total((i) => (weights[i] as number) * (column[i] as number)) / total((i) => weights[i] as number);
}

/** Lower median: element (m − 1) >> 1 of the m sorted values. */
export function lowerMedian(values: Float64Array): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[(sorted.length - 1) >> 1] as number;
}

/** Step 3: median and mad over the rows 0, step, 2*step, …, step = ceil(rows / 4096); the limit 20*1.4826*mad. */
export function robustReach(column: Float64Array): { median: number; mad: number; limit: number } {
  const step = Math.ceil(column.length / 4096);
  const sample = column.filter((_, i) => i % step === 0);
  const median = lowerMedian(sample);
  const mad = lowerMedian(sample.map((x) => Math.abs(x - median)));
  return { median, mad, limit: 20 * 1.4826 * mad };
}

/** Steps 1, 2 and 4 for one column; `limit` is the reach of step 3, infinity where it does not apply. */
function columnScale(column: Float64Array, Q: number, offset: number, limit: number): ColumnScale {
  const whole = column.every((x) => Number.isInteger(x));
  const min = column.reduce((a, b) => Math.min(a, b), Infinity);
  const max = column.reduce((a, b) => Math.max(a, b), -Infinity);
  let reach = Math.max(max - offset, offset - min);
  if (reach === 0) reach = 1; // a constant column: all codes are 0
  if (reach > limit) reach = limit;
  if (whole && reach <= Q) {
    const multiplier = Math.floor(Q / reach);
    return { whole, offset, reach, scale: 1 / multiplier, inverseScale: multiplier };
  }
  return { whole, offset, reach, scale: reach / Q, inverseScale: Q / reach };
}

/** Step 1. A constant column is its own mean exactly, whatever the order of the sum (section 2.2: "all codes 0"). */
function columnOffset(column: Float64Array, centred: boolean, weights?: ArrayLike<number>): number {
  if (!centred) return 0;
  const first = column[0] as number;
  if (column.every((x) => x === first)) return first;
  const mean = weightedMean(column, weights);
  return column.every((x) => Number.isInteger(x)) ? Math.floor(mean + 0.5) : mean;
}

/** floor((x − offset)*inverseScale + 0.5), not yet clamped. */
const wideCode = (x: number, { offset, inverseScale }: ColumnScale): number =>
  Math.floor((x - offset) * inverseScale + 0.5);

/** Section 2. */
export function quantize(
  input: Float64Array | readonly ArrayLike<number>[],
  options: QuantizeOptions,
  rows = 0,
  cols = 0,
): Quantized {
  const flat = input instanceof Float64Array ? { values: input, rows, cols } : flatten(input);
  const { values, rows: n, cols: d } = flat;
  const { bits, centred, intercept, weights } = options;
  const Q = largestCode(bits);
  const codeQ = bits === 32 ? 127 : Q; // the float32 plane takes its scale from the int8 codes

  // Steps 1 to 4, with robust clipping first ...
  const columns = Array.from({ length: d }, (_, j) => columnOf(values, n, d, j));
  const offsets = columns.map((column, j) => options.offset?.[j] ?? columnOffset(column, centred, weights));
  const plain = columns.map((column, j) => columnScale(column, codeQ, offsets[j] as number, Infinity));
  let scales = columns.map((column, j) => {
    const own = plain[j] as ColumnScale;
    if ((options.robust ?? true) === false || own.whole) return own;
    const { median, mad, limit } = robustReach(column);
    if (!(mad > 0 && own.reach > limit)) return own;
    const centre = centred ? median : 0;
    const squares = (most: number): number =>
      column.reduce((sum, x) => sum + (Math.min(Math.abs(x - centre), most) / own.reach) ** 2, 0);
    if (squares(limit) < 0.75 * squares(Infinity)) return own; // codes would lose the column's curvature
    // the outlier has dragged the mean away from the others: the median takes its place
    return columnScale(column, codeQ, options.offset?.[j] ?? (centred ? median : 0), limit);
  });

  // ... and without it in every column when more than 1 % of all rows hold a clipped code.
  let clippedRows: number[] = [];
  for (let i = 0; i < n; i++) {
    if (scales.some((s, j) => Math.abs(wideCode(values[i * d + j] as number, s)) > codeQ)) clippedRows.push(i);
  }
  if (clippedRows.length * 100 > n) {
    clippedRows = [];
    scales = plain;
  }

  // Step 5.
  const width = d + (intercept ? 1 : 0);
  const codes =
    bits === 8 ? new Int8Array(n * width) : bits === 16 ? new Int16Array(n * width) : new Float32Array(n * width);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < d; j++) {
      const x = values[i * d + j] as number;
      const s = scales[j] as ColumnScale;
      codes[i * width + j] =
        bits === 32 ? Math.fround((x - s.offset) / (s.scale * codeQ)) : clamp(wideCode(x, s), -Q, Q);
    }
    if (intercept) codes[i * width + d] = Q;
  }
  const scale = Float64Array.from(scales, (s) => (bits === 32 ? s.scale * codeQ : s.scale));
  const offset = Float64Array.from(scales, (s) => s.offset);
  return {
    rows: n,
    columns: width,
    largestCode: Q,
    scale: intercept ? Float64Array.of(...scale, 1 / Q) : scale,
    offset: intercept ? Float64Array.of(...offset, 0) : offset,
    codes,
    clippedRows,
  };
}

/** Two int8 planes of one 16-bit code: 256*hi + lo = x16. */
export function splitPlanes(x16: number): { hi: number; lo: number } {
  const hi = (x16 + 128) >> 8;
  return { hi, lo: x16 - 256 * hi };
}

/** Section 3, `exact: "int16"`: always on the scale of int8 codes, never clipped. */
export function quantizePlanes(
  input: Float64Array | readonly ArrayLike<number>[],
  options: Omit<QuantizeOptions, "bits" | "robust">,
  rows = 0,
  cols = 0,
): QuantizedPlanes {
  const flat = input instanceof Float64Array ? { values: input, rows, cols } : flatten(input);
  const { values, rows: n, cols: d } = flat;
  const { centred, intercept, weights } = options;
  const width = d + (intercept ? 1 : 0);
  const x16 = new Int32Array(n * d);
  const hi = new Int8Array(n * width);
  const lo = new Int8Array(n * width);
  const scale = new Float64Array(width).fill(1 / 127);
  const offset = new Float64Array(width);
  for (let j = 0; j < d; j++) {
    const column = columnOf(values, n, d, j);
    const s = columnScale(column, 127, options.offset?.[j] ?? columnOffset(column, centred, weights), Infinity);
    scale[j] = s.scale;
    offset[j] = s.offset;
    for (let i = 0; i < n; i++) {
      const code = clamp(Math.floor(((column[i] as number) - s.offset) * 256 * s.inverseScale + 0.5), -32512, 32512);
      const planes = splitPlanes(code);
      x16[i * d + j] = code;
      hi[i * width + j] = planes.hi;
      lo[i * width + j] = planes.lo;
    }
  }
  if (intercept) for (let i = 0; i < n; i++) hi[i * width + d] = 127;
  return { rows: n, columns: width, scale, offset, x16, hi, lo };
}
