// The inner loop on batches of rows (docs/numerics.md section 5, Batches), bit for bit: int8 codes, int16 z, one margin, differences around an anchor.
//
// Places are the rows in the order of shuffled planes; groups are four places each, the last one filled up with rows of zeros. A batch is
// batchSize/4 groups, one after the other, after the last group the first one.
// Order of everything that is drawn from the scalars:  seeds | stop (option II) | group | one group more after every rowsPerDraw places
// Lanes advance once per eight rows (before their rounding), once before the update, and once per flush (after it).

import { coefficientOf, exponentOf, type InnerInput, type InnerResult, roundingBits, SHUFFLE_SEED } from "./inner.js";
import { differenceFloat32 } from "./loss.js";
import { permutation, RandomStream } from "./random.js";

/** An inner run on rows in their own order, and what makes it one of batches. */
export interface BatchInput extends Omit<InnerInput, "base" | "table" | "published" | "trace"> {
  batchSize: number;
  /** called after each step (and its flush) with views that live until the next step */
  trace?: (step: BatchStep) => void;
}

export interface BatchStep {
  t: number;
  /** places of the batch; those from n on are rows of zeros */
  places: number[];
  /** batchSize coefficients of the batch, and their common shift */
  k: Int32Array;
  shift: number;
  z: Int16Array;
}

const f = Math.fround;
const sat16 = (x: number): number => Math.min(Math.max(x, -32768), 32767);

/** What dots read of a code of z: the upper 14 bits, rounded. */
export const seen = (code: number): number => Math.floor(sat16(code + 2) / 4);

export function runBatches(input: BatchInput): InnerResult {
  const { rows: n, columns: d, loss, alpha, deltaScale, flushEvery, innerSteps, batchSize: B } = input;
  const tau = input.tau ?? 1;
  const stochastic = input.rounding === "stochastic";
  const z = Int16Array.from(input.z);
  const ridge = input.ridge ?? new Float64Array(d);
  const G = input.gradient ?? new Float64Array(d);

  // everything per row in the order of the places
  const order = permutation(SHUFFLE_SEED, n);
  const groups = Math.ceil(n / 4);
  const codes = new Int8Array(4 * groups * d);
  const [state, labels, omega] = [0, 0, 0].map(() => new Float32Array(4 * groups)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  for (let place = 0; place < n; place++) {
    const row = order[place] as number;
    for (let j = 0; j < d; j++) codes[place * d + j] = input.codes[row * d + j] as number;
    state[place] = (input.state as Float32Array)[row] as number;
    labels[place] = input.labels[row] as number;
    omega[place] = input.omega === undefined ? 1 : (input.omega[row] as number);
  }

  const delta32 = f(4 * deltaScale);
  // the mean over the batch, and over groups that are not all of four rows
  const factor32 = f((-alpha / deltaScale) * ((4 * groups) / n / B));
  const random = new RandomStream(input.seed, input.outerStep);
  const { lanes } = random;
  const stop = input.option === "II" ? random.index(innerSteps) : innerSteps;
  const groupsPerDraw = (input.rowsPerDraw ?? B) / 4;
  let first = 0;
  let visited = groupsPerDraw;
  const nextGroup = (): number => {
    if (visited === groupsPerDraw) {
      first = random.index(groups);
      visited = 0;
    }
    return (first + visited++) % groups;
  };

  const flush = (p: number): void => {
    for (let j = 0; j < d; j++) {
      const drift = f((alpha * p * (G[j] as number)) / deltaScale);
      const shrink = f(1 / (1 + alpha * p * (ridge[j] as number)));
      const y = f(f((z[j] as number) - drift) * shrink);
      const u = stochastic ? ((lanes[j & 7] as number) + 0.5) / 65536 : 0.5;
      z[j] = sat16(Math.floor(f(y + u)));
    }
    random.advanceLanes();
  };

  const opening = Math.floor(Math.min(flushEvery, stop) / 2);
  if (opening > 0) flush(opening);
  const kappa = new Float32Array(B);
  const k = new Int32Array(B);
  const dc = new Float32Array(1);
  const change = new Float32Array(1);
  for (let t = 0; t < stop; t++) {
    const places: number[] = [];
    for (let i = 0; i < B; i += 4) {
      const group = nextGroup();
      for (let r = 0; r < 4; r++) places.push(4 * group + r);
    }
    // the coefficients, all at this z
    let top = 0;
    places.forEach((place, i) => {
      let a = 0;
      for (let j = 0; j < d; j++) a += (codes[place * d + j] as number) * seen(z[j] as number);
      change[0] = delta32 * f(a);
      differenceFloat32(loss, state, place, change, labels[place] as number, tau, dc);
      if (input.omega !== undefined) dc[0] = (dc[0] as number) * (omega[place] as number);
      kappa[i] = factor32 * (dc[0] as number);
      top = Math.max(top, Math.abs(kappa[i] as number));
    });
    // one shift: the largest at which the largest coefficient is at most 127
    let shift = 14;
    if (exponentOf(top) > -127) {
      shift = 6 - exponentOf(top);
      if (top * 2 ** shift > 127) shift -= 1;
      shift = Math.min(Math.max(shift, 0), 14);
    }
    for (let i = 0; i < B; i++) {
      if (i % 8 === 0) random.advanceLanes();
      const u = stochastic ? ((lanes[i & 7] as number) + 0.5) / 65536 : 0.5;
      k[i] = coefficientOf(kappa[i] as number, shift, u, 127);
    }
    random.advanceLanes();
    for (let j = 0; j < d; j++) {
      let sum = roundingBits(lanes[j & 7] as number, shift, stochastic);
      places.forEach((place, i) => {
        sum += (k[i] as number) * (codes[place * d + j] as number);
      });
      z[j] = sat16((z[j] as number) + sat16(sum >> shift));
    }
    const opened = Math.floor(t / flushEvery) * flushEvery;
    const block = Math.min(flushEvery, stop - opened);
    if (t + 1 === opened + block) {
      const following = Math.min(flushEvery, stop - t - 1);
      flush(Math.ceil(block / 2) + Math.floor(following / 2));
    }
    input.trace?.({ t, places, k, shift, z });
  }
  const saturated = z.filter((code) => code === -32768 || code === 32767).length;
  return { z, saturated, steps: stop };
}
