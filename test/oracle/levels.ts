// Levels of least rounding variance (ZipML, arXiv 1611.05402, section 3), plain: costs as direct sums, no prefix sums; every subset, and the published dynamic
// programme. ADAQUANT as docs/numerics.md §13 has it; Lloyd's method for nearest rounding.

/** Distinct values, ascending, with what they weigh together. */
export interface Atoms {
  readonly values: number[];
  readonly weights: number[];
}

export function atomsOf(values: ArrayLike<number>, weights: ArrayLike<number> | null): Atoms {
  const sums = new Map<number, number>();
  for (let i = 0; i < values.length; i++) {
    const value = values[i]! === 0 ? 0 : values[i]!;
    sums.set(value, (sums.get(value) ?? 0) + (weights === null ? 1 : weights[i]!));
  }
  const sorted = [...sums.keys()].sort((a, b) => a - b);
  return { values: sorted, weights: sorted.map((value) => sums.get(value)!) };
}

/** Σ w(u − x)(x − l) over the atoms within l … u. */
export function intervalCost({ values, weights }: Atoms, low: number, high: number): number {
  let sum = 0;
  values.forEach((x, i) => {
    if (x > low && x < high) sum += weights[i]! * (high - x) * (x - low);
  });
  return sum;
}

/** The same over all intervals between neighbouring levels; ∞ when a value lies outside them. */
export function costOf(atoms: Atoms, levels: ArrayLike<number>): number {
  const { values } = atoms;
  if (values[0]! < levels[0]! || values[values.length - 1]! > levels[levels.length - 1]!)
    return Number.POSITIVE_INFINITY;
  let sum = 0;
  for (let k = 1; k < levels.length; k++) sum += intervalCost(atoms, levels[k - 1]!, levels[k]!);
  return sum;
}

/** Least cost of `count` levels among the values, first and last included: every subset is tried. */
export function tryAll(atoms: Atoms, count: number): number {
  const { values } = atoms;
  const last = values.length - 1;
  const visit = (chosen: number[], next: number): number => {
    if (chosen.length === count - 1) return costOf(atoms, [...chosen, values[last]!]);
    let least = Number.POSITIVE_INFINITY;
    for (let i = next; i < last; i++) least = Math.min(least, visit([...chosen, values[i]!], i + 1));
    return least;
  };
  return visit([values[0]!], 1);
}

/** cost[j][m] of the interval from value j to value m. */
function costsOf({ values, weights }: Atoms): Float64Array[] {
  return values.map((low, j) =>
    Float64Array.from(values, (high, m) => {
      let sum = 0;
      for (let i = j + 1; i < m; i++) sum += weights[i]! * (high - values[i]!) * (values[i]! - low);
      return sum;
    }),
  );
}

/** The published dynamic programme for `count` levels; of equally good last levels the lowest. Indices of the values that are levels. */
export function programme(atoms: Atoms, count: number): { cost: number; indices: number[] } {
  const size = atoms.values.length;
  const cost = costsOf(atoms);
  let best = [...cost[0]!];
  best[0] = Number.POSITIVE_INFINITY;
  const choices: number[][] = [];
  for (let layer = 2; layer < count; layer++) {
    const next: number[] = new Array(size).fill(Number.POSITIVE_INFINITY);
    const own: number[] = new Array(size).fill(-1);
    for (let m = layer; m < size; m++) {
      for (let j = layer - 1; j < m; j++) {
        const value = best[j]! + cost[j]![m]!;
        if (value < next[m]!) {
          next[m] = value;
          own[m] = j;
        }
      }
    }
    best = next;
    choices.push(own);
  }
  const indices = [size - 1];
  for (const own of choices.reverse()) indices.unshift(own[indices[0]!]!);
  indices.unshift(0);
  return { cost: best[size - 1]!, indices };
}

/** ADAQUANT: neighbours are joined in pairs, but for the `apart` pairs of largest cost (of equal ones the first), while there are more than `most` intervals. */
export function adaquant(atoms: Atoms, apart: number, most: number): number[] {
  const { values } = atoms;
  let ends = values.map((_, i) => i);
  while (ends.length - 1 > most) {
    const pairs = Array.from({ length: (ends.length - 1) >> 1 }, (_, pair) => ({
      pair,
      cost: intervalCost(atoms, values[ends[2 * pair]!]!, values[ends[2 * pair + 2]!]!),
    }));
    pairs.sort((a, b) => b.cost - a.cost || a.pair - b.pair);
    const kept = new Set(pairs.slice(0, apart).map(({ pair }) => pair));
    const paired = 2 * pairs.length;
    ends = ends.filter((_, i) => i % 2 === 0 || i > paired || kept.has(i >> 1));
  }
  return ends;
}

/** Σ w·(x − nearest level)²; halfway between two the upper one, which costs the same. */
export function squaredError({ values, weights }: Atoms, levels: ArrayLike<number>): number {
  let sum = 0;
  values.forEach((x, i) => {
    let least = Number.POSITIVE_INFINITY;
    for (let k = 0; k < levels.length; k++) least = Math.min(least, (x - levels[k]!) ** 2);
    sum += weights[i]! * least;
  });
  return sum;
}

/** Which level each value is rounded to: the last one whose lower limit, the middle between it and the one before, is not above the value. */
export function nearest(values: readonly number[], levels: ArrayLike<number>): number[] {
  return values.map((x) => {
    let level = 0;
    while (level + 1 < levels.length && x >= 0.5 * levels[level]! + 0.5 * levels[level + 1]!) level++;
    return level;
  });
}

/** Lloyd's method; `mean` turns Σ w·x and Σ w of a level's values into the new level. Ends when no value changes its level, or after `turns`. */
export function lloyd(
  { values, weights }: Atoms,
  start: ArrayLike<number>,
  turns: number,
  mean: (sum: number, weight: number) => number,
): number[] {
  let levels = Array.from(start);
  let owners = nearest(values, levels);
  for (let turn = 0; turn < turns; turn++) {
    levels = levels.map((level, k) => {
      let [sum, weight] = [0, 0];
      owners.forEach((owner, i) => {
        if (owner !== k) return;
        sum += weights[i]! * values[i]!;
        weight += weights[i]!;
      });
      return weight > 0 ? mean(sum, weight) : level;
    });
    const next = nearest(values, levels);
    if (next.every((owner, i) => owner === owners[i])) break;
    owners = next;
  }
  return levels;
}
