// Broken forms of the level solvers' kernels, part of mutants.test.ts: each makes one mistake, and its checker must reject it.
import type { Kernel } from "../bindings/engine/kernels.js";
import type { Mutants } from "./newton-mutants.js";
import type { Harness } from "./support/memory.js";
import { add, mutantTools, put } from "./support/mutant-tools.js";

const at = (values: ArrayLike<number>, i: number): number => values[i] as number;
const POINT = 4;
const CELL = 5;

interface PointTweaks {
  readonly add: (sum: number, term: number) => number;
  readonly centre: (values: ArrayLike<number>, scale: number) => number;
  readonly isSame: (value: number, previous: number) => boolean;
  readonly isWeighted: boolean;
  readonly origin: (value: number) => number;
}

interface SearchTweaks {
  readonly cost: (low: ArrayLike<number>, high: ArrayLike<number>) => number;
  readonly isBetter: (value: number, best: number) => boolean;
  /** First point that may end the interval before, given the choice of the point on the left. */
  readonly from: (layer: number, left: number) => number;
  readonly to: (m: number) => number;
}

interface LloydTweaks {
  readonly owns: (x: number, middle: number) => boolean;
  readonly empty: (level: number) => number;
  readonly turns: (most: number) => number;
  readonly mean: (sum: number, weight: number) => number;
}

/** `plain`: forms without a mistake, which the checkers must accept; the mutants made of them differ by one. */
export function levelMutants(
  kernels: Readonly<Record<string, Kernel>>,
  memory: Harness,
): { readonly mutants: Readonly<Record<string, Mutants>>; readonly plain: Mutants } {
  const { real, misled, followed, distorted } = mutantTools(kernels);
  const f64 = (pointer: number, count: number): Float64Array => memory.f64(pointer, count);
  const u32 = (pointer: number, count: number): Uint32Array => memory.core.u32(pointer, count);
  const weightsOf = (pointer: number, count: number): Float64Array =>
    pointer === 0 ? new Float64Array(count).fill(1) : f64(pointer, count);

  // ---- points ------------------------------------------------------------------------------------------------------------

  /** pointsOfSorted in plain code; sums carry what they lose. */
  const pointsOf =
    (tweaks: Partial<PointTweaks> = {}): Kernel =>
    (...args) => {
      const [pointer, weightPointer, count, frame, out] = args as [number, number, number, number, number];
      const {
        add: plus,
        centre,
        isSame,
        isWeighted,
        origin,
      } = {
        add: null,
        centre: (all: ArrayLike<number>, scale: number) => at(all, count >> 1) * scale,
        isSame: (value: number, previous: number) => value === previous,
        isWeighted: true,
        origin: (value: number) => value + 0,
        ...tweaks,
      };
      const values = f64(pointer, count).slice();
      const weights = weightsOf(isWeighted ? weightPointer : 0, count);
      real("pointsOfSorted")(...args);
      const scale = at(f64(frame, 1), 0);
      f64(frame, 2)[1] = centre(values, scale);
      const sums = [0, 0, 0];
      const lost = [0, 0, 0];
      let number = 0;
      values.forEach((value, i) => {
        if (i === 0 || !isSame(value, at(values, i - 1))) f64(pointer, count)[number++] = origin(value);
        const x = value * scale - centre(values, scale);
        const [w, wx] = [at(weights, i), at(weights, i) * x];
        [w, wx, wx * x].forEach((term, k) => {
          const before = at(sums, k);
          sums[k] = plus === null ? before + term : plus(before, term);
          if (plus !== null) return;
          const part = at(sums, k) - before;
          lost[k] = at(lost, k) + (before - (at(sums, k) - part) + (term - part));
        });
        f64(out + 8 * POINT * (number - 1), POINT).set([x, ...sums.map((sum, k) => sum + at(lost, k))]);
      });
      return number;
    };

  // ---- searches ----------------------------------------------------------------------------------------------------------

  const exactCost: SearchTweaks["cost"] = (low, high) => {
    const [a, b] = [at(low, 0), at(high, 0)];
    const sum = (k: number): number => at(high, k) - at(low, k);
    return -a * b * sum(1) + (a + b) * sum(2) - sum(3);
  };
  /** The dynamic programme in plain code. */
  const searchOf =
    (tweaks: Partial<SearchTweaks> = {}): Kernel =>
    (...args) => {
      const [points, count, intervals, , out] = args as [number, number, number, number, number];
      const { cost, isBetter, from, to } = {
        cost: exactCost,
        isBetter: (value: number, best: number) => value < best,
        from: (layer: number, _left: number) => layer - 1,
        to: (m: number) => m - 1,
        ...tweaks,
      };
      const point = (i: number): Float64Array => f64(points + 8 * POINT * i, POINT);
      let best = Array.from({ length: count }, (_, m) => (m === 0 ? Infinity : cost(point(0), point(m))));
      const choices: number[][] = [];
      for (let layer = 2; layer <= intervals; layer++) {
        const own: number[] = new Array(count).fill(0);
        const next = best.map((_, m) => {
          let least = Number.POSITIVE_INFINITY;
          for (let j = Math.max(layer - 1, from(layer, own[m - 1] ?? 0)); j <= Math.max(to(m), layer - 1); j++) {
            if (j >= m) break;
            const value = at(best, j) + cost(point(j), point(m));
            if (isBetter(value, least)) {
              least = value;
              own[m] = j;
            }
          }
          return least;
        });
        best = next;
        choices.push(own);
      }
      const indices = [count - 1];
      for (const own of choices.reverse()) indices.unshift(at(own, at(indices, 0)));
      u32(out, intervals + 1).set(intervals === 1 ? [0, count - 1] : [0, ...indices]);
      return at(best, count - 1);
    };
  const searchMutants = (name: string): Mutants => ({
    "drops the last point": misled(name, (args) => {
      if (at(args, 1) - 1 > at(args, 2)) args[1] = at(args, 1) - 1;
    }),
    "takes one interval fewer": misled(name, (args) => {
      if (at(args, 2) > 1) args[2] = at(args, 2) - 1;
    }),
    "forgets the way back": followed(name, (args) => {
      const indices = u32(at(args, 4), at(args, 2) + 1);
      indices.forEach((_, k) => {
        indices[k] = Math.round((k * (at(args, 1) - 1)) / at(args, 2));
      });
    }),
    "takes the last of equal choices": searchOf({ isBetter: (value, best) => value <= best }),
    "forgets Σ x²": searchOf({ cost: (low, high) => exactCost(low, high) + at(high, 3) - at(low, 3) }),
    "counts values without their weights": searchOf({
      cost: (low, high) => exactCost(low, high) / Math.max(1, at(high, 1) - at(low, 1)),
    }),
    "looks only to the right of the choice before": searchOf({ from: (_layer, left) => left + 1 }),
    "never takes the point before": searchOf({ to: (m) => m - 2 }),
    "sums squares to the nearest level": searchOf({
      cost: (low, high) => {
        const weight = at(high, 1) - at(low, 1);
        return weight === 0 ? 0 : at(high, 3) - at(low, 3) - (at(high, 2) - at(low, 2)) ** 2 / weight;
      },
    }),
  });

  // ---- ADAQUANT ----------------------------------------------------------------------------------------------------------

  const thinOf =
    (
      order: (a: readonly [number, number], b: readonly [number, number]) => number,
      keepsOdd = true,
      paired = (apart: number): number => apart,
    ): Kernel =>
    (...args) => {
      const [points, count, apart, most, , out] = args as [number, number, number, number, number, number];
      const point = (i: number): Float64Array => f64(points + 8 * POINT * i, POINT);
      let ends = Array.from({ length: count }, (_, i) => i);
      while (ends.length - 1 > most) {
        const pairs = Array.from({ length: (ends.length - 1) >> 1 }, (_, pair) => {
          const cost = exactCost(point(at(ends, 2 * pair)), point(at(ends, 2 * pair + 2)));
          return [cost, pair] as const;
        });
        const kept = new Set(
          [...pairs]
            .sort(order)
            .slice(0, paired(apart))
            .map(([, pair]) => pair),
        );
        const next = ends.filter(
          (_, i) => i % 2 === 0 || (i > 2 * pairs.length ? keepsOdd : kept.has(i >> 1)) || i === ends.length - 1,
        );
        if (!keepsOdd && ends.length % 2 === 0) next.splice(-2, 1);
        ends = next;
      }
      u32(out, ends.length).set(ends);
      return ends.length;
    };
  const worstFirst = (a: readonly [number, number], b: readonly [number, number]): number => b[0] - a[0] || a[1] - b[1];

  // ---- Lloyd–Max ---------------------------------------------------------------------------------------------------------

  const lloydOf =
    (tweaks: Partial<LloydTweaks> = {}): Kernel =>
    (...args) => {
      const [points, origins, count, frame, levels, number, most, ends] = args as [
        number,
        number,
        number,
        number,
        number,
        number,
        number,
        number,
      ];
      const [scale, centre] = [at(f64(frame, 2), 0), at(f64(frame, 2), 1)];
      const { owns, empty, turns, mean } = {
        owns: (x: number, middle: number) => x >= middle,
        empty: (level: number) => level,
        turns: (limit: number) => limit,
        mean: (sum: number, weight: number) => (centre + sum / weight) / scale,
        ...tweaks,
      };
      const x = f64(origins, count);
      const point = (i: number): Float64Array => f64(points + 8 * POINT * i, POINT);
      const own = (i: number, k: number): number => at(point(i), k) - (i > 0 ? at(point(i - 1), k) : 0);
      const place = (): number[] =>
        Array.from(x, (value) => {
          let level = 0;
          const all = f64(levels, number);
          while (level + 1 < number && owns(value, 0.5 * at(all, level) + 0.5 * at(all, level + 1))) level++;
          return level;
        });
      let owners = place();
      for (let turn = 0; turn < turns(most); turn++) {
        for (let k = 0; k < number; k++) {
          let [weight, sum] = [0, 0];
          owners.forEach((owner, i) => {
            if (owner !== k) return;
            weight += own(i, 1);
            sum += own(i, 2);
          });
          const all = f64(levels, number);
          all[k] = weight > 0 ? mean(sum, weight) : empty(at(all, k));
        }
        const next = place();
        if (next.every((owner, i) => owner === owners[i])) break;
        owners = next;
      }
      u32(ends, number).forEach((_, k) => {
        u32(ends, number)[k] = owners.filter((owner) => owner <= k).length;
      });
      return owners.reduce((sum, owner, i) => {
        const off = at(point(i), 0) - (at(f64(levels, number), owner) * scale - centre);
        return sum + own(i, 1) * off * off;
      }, 0);
    };

  const scan =
    (isBad: (weight: number) => boolean): Kernel =>
    (pointer, count) =>
      f64(pointer as number, count as number).findIndex(isBad);

  const cellsOf = (args: readonly number[]): Float64Array => f64(at(args, 8), CELL * at(args, 7));

  const mutants: Readonly<Record<string, Mutants>> = {
    sortScratchBytes: {
      "forgets the weights": misled("sortScratchBytes", put(1, 0)),
      "forgets the bins": distorted("sortScratchBytes", (bytes) => bytes - 49_152),
    },
    sortAscending: {
      "drops the last value": misled("sortAscending", add(2, -1)),
      "leaves the weights": misled("sortAscending", put(1, 0)),
      "takes −0 for 0": followed("sortAscending", (args) => {
        const values = f64(at(args, 0), at(args, 2));
        values.set(values.map((x) => x + 0));
      }),
      "sorts downward": followed("sortAscending", (args) => {
        f64(at(args, 0), at(args, 2)).reverse();
      }),
      "sorts negative values by size": followed("sortAscending", (args) => {
        const values = f64(at(args, 0), at(args, 2));
        values.subarray(0, values.filter((x) => x < 0).length).reverse();
      }),
      "exchanges the weights of equal values": followed("sortAscending", (args) => {
        if (at(args, 1) === 0) return;
        const [values, weights] = [f64(at(args, 0), at(args, 2)), f64(at(args, 1), at(args, 2))];
        for (let i = 1; i < values.length; i++) {
          if (Object.is(values[i], values[i - 1])) [weights[i], weights[i - 1]] = [at(weights, i - 1), at(weights, i)];
        }
      }),
    },
    firstBadWeight: {
      "lets NaN pass": scan((weight) => weight < 0 || weight === Infinity),
      "lets ∞ pass": scan((weight) => !(weight >= 0)),
      "lets small negative weights pass": scan((weight) => !(weight >= -1e-300) || weight === Infinity),
      "refuses 0": scan((weight) => !(weight > 0) || weight === Infinity),
      "refuses −0": scan((weight) => Object.is(weight, -0) || !(weight >= 0) || weight === Infinity),
      "finds the last one": (pointer, count) =>
        f64(pointer as number, count as number).findLastIndex((weight) => !(weight >= 0 && weight < Infinity)),
      "drops the last weight": misled("firstBadWeight", add(1, -1)),
    },
    scaleWeights: {
      "leaves them as they are": (pointer, count) => Math.max(...f64(pointer as number, count as number)),
      "makes the largest 1": followed("scaleWeights", (args) => {
        const weights = f64(at(args, 0), at(args, 1));
        const top = Math.max(...weights);
        if (top > 0) weights.set(weights.map((weight) => weight / top));
      }),
      "answers the scaled one": (pointer, count) => {
        real("scaleWeights")(pointer as number, count as number);
        return Math.max(...f64(pointer as number, count as number));
      },
      "drops the last weight": misled("scaleWeights", add(1, -1)),
    },
    pointsOfSorted: {
      "sums plainly": pointsOf({ add: (sum, term) => sum + term }),
      "sums in float32": pointsOf({ add: (sum, term) => Math.fround(sum + term) }),
      "does not centre": pointsOf({ centre: () => 0 }),
      "centres at the first value": pointsOf({ centre: (values, scale) => at(values, 0) * scale }),
      "keeps equal values apart": pointsOf({ isSame: () => false }),
      "takes −0 and 0 for two values": pointsOf({ isSame: Object.is }),
      "keeps −0": pointsOf({ origin: (value) => value }),
      "forgets the weights": pointsOf({ isWeighted: false }),
      "drops the last value": misled("pointsOfSorted", (args) => {
        args[2] = Math.max(1, at(args, 2) - 1);
      }),
    },
    valueRange: {
      "drops the last value": misled("valueRange", (args) => {
        args[1] = Math.max(1, at(args, 1) - 1);
      }),
      "drops the first value": misled("valueRange", (args) => {
        if (at(args, 1) > 1) args.splice(0, 2, at(args, 0) + 8, at(args, 1) - 1);
      }),
      "exchanges the two": followed("valueRange", (args) => {
        f64(at(args, 2), 2).reverse();
      }),
      "starts from 0": followed("valueRange", (args) => {
        const out = f64(at(args, 2), 2);
        out.set([Math.min(0, at(out, 0)), Math.max(0, at(out, 1))]);
      }),
    },
    cellBytes: { "has room for the coarse cells only": distorted("cellBytes", (bytes) => bytes / 2) },
    weighCells: {
      "forgets the weights": misled("weighCells", put(1, 0)),
      "drops the last value": misled("weighCells", add(2, -1)),
      "takes one cell more": misled("weighCells", add(5, 1)),
      "leaves values without weight out": followed("weighCells", (args) => {
        const mass = f64(at(args, 7), at(args, 5));
        mass.set(mass.map((own) => (own < 1e-9 ? 0 : own)));
      }),
      "writes the centre": followed("weighCells", (args) => {
        f64(at(args, 6), 4)[1] = 0;
      }),
      "puts values on an edge into the cell below": followed("weighCells", (args) => {
        const mass = f64(at(args, 7), at(args, 5));
        mass.fill(0);
        const [scale, , low, inverse] = f64(at(args, 6), 4) as unknown as [number, number, number, number];
        const weights = weightsOf(at(args, 1), at(args, 2));
        f64(at(args, 0), at(args, 2)).forEach((value, i) => {
          const cell = Math.max(0, Math.ceil((value * scale - low) * inverse) - 1);
          mass[cell] = at(mass, cell) + Math.max(at(weights, i), 2 ** -60);
        });
      }),
    },
    splitCells: {
      "splits empty cells": followed("splitCells", (args) => {
        const [mass, starts] = [f64(at(args, 0), at(args, 1)), u32(at(args, 3), at(args, 1) + 1)];
        let more = 0;
        starts.forEach((start, cell) => {
          starts[cell] = start + more;
          if (cell < mass.length && at(mass, cell) === 0) more++;
        });
      }),
      "shares by mass": followed("splitCells", (args) => {
        const [mass, starts] = [f64(at(args, 0), at(args, 1)), u32(at(args, 3), at(args, 1) + 1)];
        const total = mass.reduce((sum, own) => sum + own, 0);
        mass.forEach((own, cell) => {
          starts[cell + 1] = at(starts, cell) + (own > 0 ? 1 + Math.floor((own / total) * at(args, 2)) : 0);
        });
      }),
      "takes one more": misled("splitCells", add(2, 1)),
      "drops the last cell": misled("splitCells", (args) => {
        if (at(args, 1) > 1) args[1] = at(args, 1) - 1;
      }),
    },
    centreCells: {
      "takes the middle of the range": followed("centreCells", (args) => {
        const frame = f64(at(args, 2), 4);
        frame[1] = at(frame, 2) + (0.5 * at(args, 1)) / at(frame, 3);
      }),
      "takes the edge of the cell": followed("centreCells", (args) => {
        const frame = f64(at(args, 2), 4);
        frame[1] = at(frame, 1) - 0.5 / at(frame, 3);
      }),
      "drops the last cell": misled("centreCells", (args) => {
        if (at(args, 1) > 1) args[1] = at(args, 1) - 1;
      }),
    },
    weighFineCells: {
      "forgets the weights": misled("weighFineCells", put(1, 0)),
      "drops the last value": misled("weighFineCells", add(2, -1)),
      "leaves values without weight out": followed("weighFineCells", (args) => {
        const mass = f64(at(args, 6), at(u32(at(args, 5), at(args, 3) + 1), at(args, 3)));
        mass.set(mass.map((own) => (own < 1e-9 ? 0 : own)));
      }),
      "puts all of a coarse cell into its first part": followed("weighFineCells", (args) => {
        const starts = u32(at(args, 5), at(args, 3) + 1);
        const mass = f64(at(args, 6), at(starts, at(args, 3)));
        for (let cell = 0; cell < at(args, 3); cell++) {
          const parts = mass.subarray(at(starts, cell), at(starts, cell + 1));
          const sum = parts.reduce((total, own) => total + own, 0);
          parts.fill(0);
          if (parts.length > 0) parts[0] = sum;
        }
      }),
    },
    fillCells: {
      "forgets the weights": misled("fillCells", put(1, 0)),
      "drops the last value": misled("fillCells", add(2, -1)),
      "does not centre": misled("fillCells", (args) => {
        const frame = f64(at(args, 4), 4).slice();
        frame[1] = 0;
        args[4] = memory.inout(frame);
      }),
      "exchanges smallest and largest": followed("fillCells", (args) => {
        const cells = cellsOf(args);
        for (let i = 0; i < cells.length; i += CELL) cells.subarray(i + 3, i + 5).reverse();
      }),
      "starts the extremes from 0": followed("fillCells", (args) => {
        const cells = cellsOf(args);
        for (let i = 0; i < cells.length; i += CELL) cells[i + 3] = Math.min(0, at(cells, i + 3));
      }),
      "puts all of a split cell into its first part": followed("fillCells", (args) => {
        const cells = cellsOf(args);
        const parts = at(u32(at(args, 5), at(args, 3) + 1), at(args, 3));
        const finer = u32(at(args, 6), parts + 1);
        for (let part = 0; part < parts; part++) {
          const own = cells.subarray(CELL * at(finer, part), CELL * at(finer, part + 1));
          for (let i = CELL; i < own.length; i += CELL) {
            for (let k = 0; k < 3; k++) [own[k], own[i + k]] = [at(own, k) + at(own, i + k), 0];
          }
        }
      }),
      "forgets to square": followed("fillCells", (args) => {
        const cells = cellsOf(args);
        for (let i = 0; i < cells.length; i += CELL) cells[i + 2] = at(cells, i + 1);
      }),
    },
    pointsOfCells: {
      "drops the last cell": misled("pointsOfCells", add(1, -1)),
      "does not centre": misled("pointsOfCells", (args) => {
        const frame = f64(at(args, 2), 4).slice();
        frame[1] = 0;
        args[2] = memory.inout(frame);
      }),
      "counts its own cell for the smallest value": followed("pointsOfCells", (args, count) => {
        const points = f64(at(args, 4), POINT * count);
        const origins = f64(at(args, 3), count);
        for (let i = 0; i + 1 < count; i++) {
          if (Math.floor(at(origins, i) / 4) === Math.floor(at(origins, i + 1) / 4)) {
            points.copyWithin(POINT * i + 1, POINT * (i + 1) + 1, POINT * (i + 2));
          }
        }
      }),
      "takes the largest values only": (...args) => {
        const cells = f64(at(args, 0), CELL * at(args, 1)).slice();
        for (let i = 0; i < cells.length; i += CELL) if (Number.isFinite(cells[i + 3])) cells[i + 3] = at(cells, i + 4);
        return real("pointsOfCells")(memory.inout(cells), ...args.slice(1));
      },
    },
    levelScratchBytes: {
      "forgets the choices": distorted(
        "levelScratchBytes",
        (bytes, args) => bytes - 4 * (at(args, 0) - at(args, 1)) * Math.max(0, at(args, 1) - 2),
      ),
      "takes as many rows as points": misled("levelScratchBytes", (args) => {
        args[0] = at(args, 0) + at(args, 1);
      }),
    },
    levelsExact: searchMutants("levelsExact"),
    levelsDivide: searchMutants("levelsDivide"),
    levelsSmawk: searchMutants("levelsSmawk"),
    thinScratchBytes: { "has room for one copy only": distorted("thinScratchBytes", (bytes) => bytes / 2) },
    thinPoints: {
      "keeps the cheapest pairs apart": thinOf((a, b) => a[0] - b[0] || a[1] - b[1]),
      "of equal pairs keeps the last apart": thinOf((a, b) => b[0] - a[0] || b[1] - a[1]),
      "keeps a pair fewer apart": thinOf(worstFirst, true, (apart) => Math.max(0, apart - 1)),
      "joins the odd interval, too": thinOf(worstFirst, false),
      "stops an interval early": misled("thinPoints", add(3, 1)),
      "drops the last point": misled("thinPoints", add(1, -1)),
    },
    firstOutside: {
      "refuses the ends": (...args) => {
        const [pointer, count, low, high] = args as [number, number, number, number];
        return f64(pointer, count).findIndex((value) => !(value > low && value < high));
      },
      "asks in float32": (...args) => {
        const [pointer, count, low, high] = args as [number, number, number, number];
        return f64(pointer, count).findIndex((value) => Math.fround(value) < low || Math.fround(value) > high);
      },
      "asks below only": misled("firstOutside", put(3, Infinity)),
      "asks above only": misled("firstOutside", put(2, -Infinity)),
      "drops the last value": misled("firstOutside", add(1, -1)),
    },
    levelVariance: {
      "forgets the weights": misled("levelVariance", put(1, 0)),
      "does not divide": distorted(
        "levelVariance",
        (mean, args) => mean * weightsOf(at(args, 1), at(args, 2)).reduce((sum, weight) => sum + weight, 0),
      ),
      "divides by the number of values": distorted(
        "levelVariance",
        (mean, args) =>
          (mean * weightsOf(at(args, 1), at(args, 2)).reduce((sum, weight) => sum + weight, 0)) / at(args, 2),
      ),
      "drops the last value": misled("levelVariance", (args) => {
        args[2] = Math.max(1, at(args, 2) - 1);
      }),
      "drops a level": misled("levelVariance", (args) => {
        args[4] = Math.max(1, at(args, 4) - 1);
      }),
      "squares the distance to the nearest level": (...args) => {
        const [values, weights, count, levels, number] = args as [number, number, number, number, number];
        let [sum, total] = [0, 0];
        f64(values, count).forEach((x, i) => {
          const weight = at(weightsOf(weights, count), i);
          const far = Math.min(...f64(levels, number).map((level) => Math.abs(x - level)));
          sum += weight * far * far;
          total += weight;
        });
        return sum / total;
      },
    },
    lloydMax: {
      "rounds down halfway": lloydOf({ owns: (x, middle) => x > middle }),
      "moves levels without values": lloydOf({ empty: () => 0 }),
      "takes a turn more": lloydOf({ turns: (most) => most + 1 }),
      "takes a turn fewer": lloydOf({ turns: (most) => Math.max(0, most - 1) }),
      "forgets the weights": lloydOf({ mean: (sum) => sum }),
      "drops the last point": misled("lloydMax", add(2, -1)),
      "answers the mean": distorted("lloydMax", (error, args) => error / at(args, 2)),
    },
  };
  return {
    mutants,
    plain: {
      pointsOfSorted: pointsOf(),
      levelsExact: searchOf(),
      thinPoints: thinOf(worstFirst),
      lloydMax: lloydOf(),
    },
  };
}
