// Broken forms of the interior-point method's row kernels, part of mutants.test.ts: each makes one mistake, and its checker must reject it.
import type { Kernel } from "../bindings/engine/kernels.js";
import type { Mutants } from "./newton-mutants.js";
import {
  aimRows,
  curvatureOfRows,
  type Direction,
  derivativesOfRows,
  directionOf,
  gapOfRows,
  type Line,
  moveRows,
  PARTS,
  productsOfRows,
  type Rows,
  reachOfRows,
  startRows,
} from "./oracle/interior.js";
import type { Harness } from "./support/memory.js";
import { mutantTools } from "./support/mutant-tools.js";

const at = (values: ArrayLike<number>, i: number): number => values[i] as number;
/** What a kernel without an answer returns. */
const NOTHING = undefined as unknown as number;

/** Where in its arguments a kernel finds the number of rows and the arrays of the rows; their pitch follows. */
const PLACES = {
  interiorStart: { rows: 2, state: 3 },
  interiorCurvature: { rows: 3, state: 0 },
  interiorAim: { rows: 3, state: 4 },
  interiorDerivatives: { rows: 4, state: 5 },
  interiorReach: { rows: 4, state: 5 },
  interiorProducts: { rows: 4, state: 5 },
  interiorMove: { rows: 3, state: 4 },
  interiorGap: { rows: 3, state: 4 },
} as const;
type Name = keyof typeof PLACES;

/** `plain`: forms without a mistake, which the checkers must accept; the mutants made of them differ by one. */
export function interiorMutants(
  kernels: Readonly<Record<string, Kernel>>,
  memory: Harness,
): { readonly mutants: Readonly<Record<Name, Mutants>>; readonly plain: Mutants } {
  const { real, misled } = mutantTools<Name>(kernels);
  const f64 = (pointer: number, count: number): Float64Array => memory.f64(pointer, count);
  const countOf = (name: Name, args: readonly number[]): number => at(args, PLACES[name].rows);
  /** The rows' arrays as they are in memory. */
  const rowsOf = (name: Name, args: readonly number[]): Rows => {
    const { state } = PLACES[name];
    const part = (which: keyof Rows): Float64Array =>
      f64(at(args, state) + PARTS.indexOf(which) * at(args, state + 1), countOf(name, args));
    return { a: part("a"), e: part("e"), s: part("s"), xi: part("xi"), f: part("f"), g: part("g") };
  };
  const lineOf = (name: Name, args: readonly number[]): Line => {
    const vector = (index: number): Float64Array => f64(at(args, index), countOf(name, args));
    // not every kernel is given u
    return { m: vector(0), y: vector(1), u: name === "interiorStart" ? new Float64Array(0) : vector(2) };
  };
  const weightsOf = (pointer: number, count: number): Float64Array | null =>
    pointer === 0 ? null : f64(pointer, count);

  const put = (name: Name, index: number, value: number): Kernel =>
    misled(name, (args) => {
      args[index] = value;
    });
  const followed =
    (name: Name, then: (rows: Rows, line: Line, args: readonly number[]) => void): Kernel =>
    (...args) => {
      const answer = real(name)(...args);
      then(rowsOf(name, args), lineOf(name, args), args);
      return answer;
    };
  /** The kernel on rows that are not those given, which come back afterwards where `change` has touched them. */
  const deceived =
    (name: Name, parts: readonly (keyof Rows)[], change: (rows: Rows) => void): Kernel =>
    (...args) => {
      const rows = rowsOf(name, args);
      const before = parts.map((part) => rows[part].slice());
      change(rows);
      const answer = real(name)(...args);
      parts.forEach((part, k) => {
        rows[part].set(before[k] as Float64Array);
      });
      return answer;
    };
  /** Another vector of the same length in place of an argument. */
  const exchanged = (name: Name, index: number, value: (old: number) => number): Kernel =>
    misled(name, (args) => {
      args[index] = memory.inout(f64(at(args, index), countOf(name, args)).map(value));
    });
  const swap = (rows: Rows, one: keyof Rows, other: keyof Rows): void => {
    const kept = rows[one].slice();
    rows[one].set(rows[other]);
    rows[other].set(kept);
  };

  /** What anyone can do wrong with rows in arrays that lie apart. */
  const usual = (name: Name): Mutants => {
    const { rows, state } = PLACES[name];
    return {
      "drops the last row": misled(name, (args) => {
        args[rows] = at(args, rows) - 1;
      }),
      "reads past the last row": misled(name, (args) => {
        args[rows] = at(args, rows) + 1;
      }),
      "takes the arrays as dense": misled(name, (args) => {
        args[state + 1] = 8 * at(args, rows);
      }),
    };
  };
  const withoutLabels = (name: Name): Mutants => ({ "forgets the labels": exchanged(name, 1, () => 1) });
  const withoutMargins = (name: Name): Mutants => ({ "forgets the margins": exchanged(name, 0, () => 0) });
  const withoutChange = (name: Name): Mutants => ({ "forgets the change of the margins": exchanged(name, 2, () => 0) });

  // ---- plain forms -------------------------------------------------------------------------------------------------------

  const start: Kernel = (...args) => {
    const { m, y } = lineOf("interiorStart", args);
    startRows(rowsOf("interiorStart", args), m, y);
    return NOTHING;
  };
  const curvature: Kernel = (...args) => {
    const [, , weights, count, gamma, h] = args as [number, number, number, number, number, number];
    memory.f32(h, count).set(curvatureOfRows(rowsOf("interiorCurvature", args), weightsOf(weights, count), gamma));
    return NOTHING;
  };
  const aim: Kernel = (...args) => {
    const [name, gamma, mu] = ["interiorAim", at(args, 6), at(args, 7)] as const;
    aimRows(rowsOf(name, args), lineOf(name, args), gamma, mu, at(args, 8) !== 0);
    return NOTHING;
  };
  const derivatives: Kernel = (...args) => {
    const name = "interiorDerivatives";
    const [count, gamma, part, c] = [at(args, 4), at(args, 7), at(args, 8), at(args, 9)];
    const weights = weightsOf(at(args, 3), count);
    f64(c, count).set(derivativesOfRows(rowsOf(name, args), lineOf(name, args), weights, gamma, part));
    return NOTHING;
  };
  const reach: Kernel = (...args) => {
    const name = "interiorReach";
    const weights = weightsOf(at(args, 3), at(args, 4));
    return reachOfRows(rowsOf(name, args), lineOf(name, args), weights, at(args, 7), at(args, 8));
  };
  const products: Kernel = (...args) => {
    const name = "interiorProducts";
    const weights = weightsOf(at(args, 3), at(args, 4));
    return productsOfRows(rowsOf(name, args), lineOf(name, args), weights, at(args, 7), at(args, 8));
  };
  const move: Kernel = (...args) => {
    moveRows(rowsOf("interiorMove", args), lineOf("interiorMove", args), at(args, 6), at(args, 7));
    return NOTHING;
  };
  const gap: Kernel = (...args) => {
    const { m, y } = lineOf("interiorGap", args);
    return gapOfRows(rowsOf("interiorGap", args), m, y, weightsOf(at(args, 2), at(args, 3)));
  };

  // ---- plain forms with one mistake --------------------------------------------------------------------------------------

  /** Right-hand sides with other products of the predictor, α and β. */
  const aimOf =
    (alpha: (d: Direction) => number, beta: (d: Direction) => number): Kernel =>
    (...args) => {
      const [rows, line] = [rowsOf("interiorAim", args), lineOf("interiorAim", args)];
      const [gamma, mu, isCorrected] = [at(args, 6), at(args, 7), at(args, 8) !== 0];
      for (let i = 0; i < line.m.length; i++) {
        const d = isCorrected ? directionOf(rows, line, i, gamma) : { da: 0, ds: 0, dxi: 0 };
        rows.f[i] = (mu - alpha(d)) / at(rows.a, i) - at(rows.s, i);
        rows.g[i] = (mu - beta(d)) / at(rows.e, i) - at(rows.xi, i);
      }
      return NOTHING;
    };
  type Wall = keyof Pick<Rows, "a" | "e" | "s" | "xi">;
  const slopeOf = ({ da, ds, dxi }: Direction): Readonly<Record<Wall, number>> => ({ a: da, e: -da, s: ds, xi: dxi });
  /** The way to the walls with other slopes; only rows that `counts` says. */
  const reachOf =
    (
      slopes: (d: Direction) => Partial<Readonly<Record<Wall, number>>>,
      counts = (row: number, weight: number): boolean => row >= 0 && weight > 0,
    ): Kernel =>
    (...args) => {
      const [rows, line] = [rowsOf("interiorReach", args), lineOf("interiorReach", args)];
      const weights = weightsOf(at(args, 3), at(args, 4));
      let length = at(args, 8);
      for (let i = 0; i < line.m.length; i++) {
        if (!counts(i, weights === null ? 1 : at(weights, i))) continue;
        for (const [wall, slope] of Object.entries(slopes(directionOf(rows, line, i, at(args, 7))))) {
          const value = at(rows[wall as Wall], i);
          if (value + length * slope < 0) length = -value / slope;
        }
      }
      return length;
    };
  const without = (wall: Wall): Kernel =>
    reachOf((d) => Object.fromEntries(Object.entries(slopeOf(d)).filter(([name]) => name !== wall)));
  /** A sum over the rows with another term. */
  const productsOf =
    (term: (rows: Rows, i: number, d: Direction, part: number) => number, order: 1 | -1 = 1): Kernel =>
    (...args) => {
      const [rows, line] = [rowsOf("interiorProducts", args), lineOf("interiorProducts", args)];
      const [count, gamma, part] = [at(args, 4), at(args, 7), at(args, 8)];
      const weights = weightsOf(at(args, 3), count);
      let sum = 0;
      for (let k = 0; k < count; k++) {
        const i = order === 1 ? k : count - 1 - k;
        const d = part === 0 ? { da: 0, ds: 0, dxi: 0 } : directionOf(rows, line, i, gamma);
        sum += (weights === null ? 1 : at(weights, i)) * term(rows, i, d, part);
      }
      return sum;
    };
  const lowerProduct = ({ a, s }: Rows, i: number, { da, ds }: Direction, part: number): number =>
    (at(a, i) + part * da) * (at(s, i) + part * ds);
  const upperProduct = ({ e, xi }: Rows, i: number, { da, dxi }: Direction, part: number): number =>
    (at(e, i) - part * da) * (at(xi, i) + part * dxi);
  const gapOf =
    (term: (a: number, e: number, z: number) => number): Kernel =>
    (...args) => {
      const { a, e } = rowsOf("interiorGap", args);
      const { m, y } = lineOf("interiorGap", args);
      const weights = weightsOf(at(args, 2), at(args, 3));
      let sum = 0;
      for (let i = 0; i < m.length; i++) {
        const z = 1 - at(y, i) * at(m, i);
        sum += (weights === null ? 1 : at(weights, i)) * term(at(a, i), at(e, i), z);
      }
      return sum;
    };

  const mutants: Readonly<Record<Name, Mutants>> = {
    interiorStart: {
      ...usual("interiorStart"),
      ...withoutLabels("interiorStart"),
      ...withoutMargins("interiorStart"),
      "starts on the walls": followed("interiorStart", ({ s, xi }) => {
        xi.set(xi.map((x) => x - 0.5));
        s.set(s.map((x) => x - 0.5));
      }),
      "forms s without ξ": followed("interiorStart", ({ s }, { m, y }) => {
        s.set(s.map((_, i) => Math.max(at(y, i) * at(m, i) - 1, 0) + 0.5));
      }),
      "exchanges s and ξ": followed("interiorStart", (rows) => swap(rows, "s", "xi")),
      "starts at a = 1": followed("interiorStart", ({ a, e }) => {
        a.fill(1);
        e.fill(0);
      }),
      "clears the right-hand sides": followed("interiorStart", ({ f, g }) => {
        f.fill(0);
        g.fill(0);
      }),
    },
    interiorCurvature: {
      ...usual("interiorCurvature"),
      "forgets γ": put("interiorCurvature", 4, 0),
      "forgets the weights": put("interiorCurvature", 2, 0),
      "takes 1 − a for e": deceived("interiorCurvature", ["e"], ({ a, e }) => e.set(a.map((x) => 1 - x))),
      "exchanges a and e": deceived("interiorCurvature", ["a", "e"], (rows) => swap(rows, "a", "e")),
      "forgets ξ": deceived("interiorCurvature", ["xi"], ({ xi }) => xi.fill(0)),
      "forgets s": deceived("interiorCurvature", ["s"], ({ s }) => s.fill(0)),
      "rounds before it divides": (...args) => {
        const [, , weights, count, gamma, h] = args as [number, number, number, number, number, number];
        const { a, e, s, xi } = rowsOf("interiorCurvature", args);
        const own = weightsOf(weights, count);
        memory
          .f32(h, count)
          .set(
            a.map((x, i) => (own === null ? 1 : at(own, i)) / Math.fround(at(s, i) / x + at(xi, i) / at(e, i) + gamma)),
          );
        return NOTHING;
      },
    },
    interiorAim: {
      ...usual("interiorAim"),
      ...withoutLabels("interiorAim"),
      ...withoutMargins("interiorAim"),
      ...withoutChange("interiorAim"),
      "forgets γ": put("interiorAim", 6, 0),
      "aims at the walls": put("interiorAim", 7, 0),
      "never corrects": put("interiorAim", 8, 0),
      "always corrects": put("interiorAim", 8, 1),
      "forgets β": aimOf(
        ({ da, ds }) => da * ds,
        () => 0,
      ),
      "forgets α": aimOf(
        () => 0,
        ({ da, dxi }) => -da * dxi,
      ),
      "takes β with the sign of α": aimOf(
        ({ da, ds }) => da * ds,
        ({ da, dxi }) => da * dxi,
      ),
      "corrects twice as much": aimOf(
        ({ da, ds }) => 2 * da * ds,
        ({ da, dxi }) => -2 * da * dxi,
      ),
      "aims for s only": followed("interiorAim", ({ g, xi }) => g.set(xi.map((x) => -x))),
    },
    interiorDerivatives: {
      ...usual("interiorDerivatives"),
      ...withoutLabels("interiorDerivatives"),
      ...withoutMargins("interiorDerivatives"),
      ...withoutChange("interiorDerivatives"),
      "forgets γ": put("interiorDerivatives", 7, 0),
      "forgets the weights": put("interiorDerivatives", 3, 0),
      "takes none of the direction": put("interiorDerivatives", 8, 0),
      "takes all of the direction": put("interiorDerivatives", 8, 1),
      "has the wrong sign": followed("interiorDerivatives", (_rows, _line, args) => {
        const c = f64(at(args, 9), at(args, 4));
        c.set(c.map((value) => -value));
      }),
      "takes e for a": deceived("interiorDerivatives", ["a", "e"], (rows) => swap(rows, "a", "e")),
      "keeps a within 0 and 1": (...args) => {
        derivatives(...args);
        const [c, count] = [f64(at(args, 9), at(args, 4)), at(args, 4)];
        const weights = weightsOf(at(args, 3), count);
        c.set(
          c.map((value, i) => {
            const most = weights === null ? 1 : at(weights, i);
            return Math.max(-most, Math.min(most, value));
          }),
        );
        return NOTHING;
      },
    },
    interiorReach: {
      ...usual("interiorReach"),
      ...withoutLabels("interiorReach"),
      ...withoutMargins("interiorReach"),
      ...withoutChange("interiorReach"),
      "forgets γ": put("interiorReach", 7, 0),
      "asks rows without weight": put("interiorReach", 3, 0),
      "goes as far as it can": put("interiorReach", 8, 1 / 0.995),
      "never goes beyond 1": misled("interiorReach", (args) => {
        args[8] = Math.min(1, at(args, 8));
      }),
      "forgets the wall a = 0": without("a"),
      "forgets the wall a = 1": without("e"),
      "forgets the wall s = 0": without("s"),
      "forgets the wall ξ = 0": without("xi"),
      "takes de for da": reachOf((d) => ({ ...slopeOf(d), e: d.da })),
      "asks the first row only": reachOf(slopeOf, (row, weight) => row === 0 && weight > 0),
      "asks the first 64 rows only": reachOf(slopeOf, (row, weight) => row < 64 && weight > 0),
    },
    interiorProducts: {
      ...usual("interiorProducts"),
      ...withoutLabels("interiorProducts"),
      ...withoutMargins("interiorProducts"),
      ...withoutChange("interiorProducts"),
      "forgets γ": put("interiorProducts", 7, 0),
      "forgets the weights": put("interiorProducts", 3, 0),
      "takes none of the direction": put("interiorProducts", 8, 0),
      "takes all of the direction": put("interiorProducts", 8, 1),
      "forgets e·ξ": productsOf(lowerProduct),
      "forgets a·s": productsOf(upperProduct),
      "leaves out what is of second order": productsOf((rows, i, d, part) => {
        const { a, e, s, xi } = rows;
        const below = at(a, i) * at(s, i) + part * (d.da * at(s, i) + d.ds * at(a, i));
        return below + at(e, i) * at(xi, i) + part * (d.dxi * at(e, i) - d.da * at(xi, i));
      }),
      "sums from the last row": productsOf(
        (rows, i, d, part) => lowerProduct(rows, i, d, part) + upperProduct(rows, i, d, part),
        -1,
      ),
      averages: (...args) => products(...args) / at(args, 4),
    },
    interiorMove: {
      ...usual("interiorMove"),
      ...withoutLabels("interiorMove"),
      "forgets γ": put("interiorMove", 6, 0),
      "takes all of the direction": put("interiorMove", 7, 1),
      "stays where it is": put("interiorMove", 7, 0),
      "leaves the margins": (...args) => {
        const { m } = lineOf("interiorMove", args);
        const before = m.slice();
        real("interiorMove")(...args);
        m.set(before);
        return NOTHING;
      },
      "moves the margins first": (...args) => {
        const [line, part] = [lineOf("interiorMove", args), at(args, 7)];
        for (let i = 0; i < line.m.length; i++) line.m[i] = at(line.m, i) + part * at(line.u, i);
        const after = line.m.slice();
        real("interiorMove")(...args);
        line.m.set(after);
        return NOTHING;
      },
      "takes 1 − a for e": followed("interiorMove", ({ a, e }) => e.set(a.map((x) => 1 - x))),
      "leaves s": (...args) => {
        const { s } = rowsOf("interiorMove", args);
        const before = s.slice();
        real("interiorMove")(...args);
        s.set(before);
        return NOTHING;
      },
      "clears the right-hand sides": followed("interiorMove", ({ f, g }) => {
        f.fill(0);
        g.fill(0);
      }),
      "keeps a within 0 and 1": followed("interiorMove", ({ a }) => a.set(a.map((x) => Math.max(0, Math.min(1, x))))),
    },
    interiorGap: {
      ...usual("interiorGap"),
      ...withoutLabels("interiorGap"),
      ...withoutMargins("interiorGap"),
      "forgets the weights": put("interiorGap", 2, 0),
      "takes 1 − a for e": gapOf((a, _e, z) => (z > 0 ? (1 - a) * z : -a * z)),
      "lets digits cancel": gapOf((a, _e, z) => Math.max(0, z) - a * z),
      "forgets rows beyond the margin": gapOf((_a, e, z) => (z > 0 ? e * z : 0)),
      "forgets rows within the margin": gapOf((a, _e, z) => (z > 0 ? 0 : -a * z)),
      "has the wrong sign beyond the margin": gapOf((a, e, z) => (z > 0 ? e * z : a * z)),
      "exchanges a and e": deceived("interiorGap", ["a", "e"], (rows) => swap(rows, "a", "e")),
    },
  };
  return {
    mutants,
    plain: {
      interiorStart: start,
      interiorCurvature: curvature,
      interiorAim: aim,
      interiorDerivatives: derivatives,
      interiorReach: reach,
      interiorProducts: products,
      interiorMove: move,
      interiorGap: gap,
    },
  };
}
