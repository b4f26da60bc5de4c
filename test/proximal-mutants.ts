// Broken forms of the vectors behind l1 problems, part of mutants.test.ts: each makes one mistake, and its checker must reject it.
import type { Kernel } from "../bindings/engine/kernels.js";
import type { Mutants } from "./newton-mutants.js";
import * as oracle from "./oracle/proximal.js";
import type { Harness } from "./support/memory.js";
import { mutantTools } from "./support/mutant-tools.js";

const at = (values: ArrayLike<number>, i: number): number => values[i] as number;
const NOTHING = undefined as unknown as number;
type Three = [Float64Array, Float64Array, Float64Array];

/** Where in its arguments a kernel finds the number of columns, and the strengths. */
const PLACES = {
  l1Norm: { n: 2, strength: 1 },
  l1Least: { n: 3, strength: 2 },
  l1Jump: { n: 4, strength: 3 },
  l1Sweep: { n: 1, strength: 4 },
  l1Free: { n: 2, strength: 1 },
  l1Slopes: { n: 3, strength: 2 },
  l1Mask: { n: 3, strength: 2 },
  l1Reach: { n: 3, strength: 2 },
  l1Step: { n: 3, strength: 2 },
  l1Change: { n: 3, strength: 2 },
} as const;
type Name =
  | keyof typeof PLACES
  | "leastSubgradient"
  | "symmetricProduct"
  | "completeMatrix"
  | "submatrix"
  | "scatter"
  | "l1Shift"
  | "l1Take";

/** `plain`: forms without a mistake, which the checkers must accept. */
export function proximalMutants(
  kernels: Readonly<Record<string, Kernel>>,
  memory: Harness,
): { readonly mutants: Readonly<Record<Name, Mutants>>; readonly plain: Mutants } {
  const { real, misled } = mutantTools<Name>(kernels);
  const f64 = (pointer: number, count: number): Float64Array => memory.f64(pointer, count);
  const put = (name: Name, index: number, value: number): Kernel =>
    misled(name, (args) => {
      args[index] = value;
    });
  /** Other numbers in place of a vector. */
  const exchanged = (name: Name, index: number, count: number, value: (old: number) => number): Kernel =>
    misled(name, (args) => {
      args[index] = memory.inout(f64(at(args, index), at(args, count)).map(value));
    });
  /** What anyone can do wrong with vectors and strengths. */
  const usual = (name: keyof typeof PLACES): Mutants => {
    const { n, strength } = PLACES[name];
    return {
      "drops the last column": misled(name, (args) => {
        args[n] = at(args, n) - 1;
      }),
      "forgets the strengths": exchanged(name, strength, n, () => 0),
      "takes all columns for penalised": exchanged(name, strength, n, (x) => (x === 0 ? 1 : x)),
    };
  };
  const dropped = (name: Name, n: number): Kernel =>
    misled(name, (args) => {
      args[n] = at(args, n) - 1;
    });
  const { l1Norm, leastNorm, jumped, symmetricProduct, completed, sweep, submatrix, scattered, slopes } = oracle;

  const vectorsOf = (args: readonly number[], n: number, ...places: readonly number[]): Float64Array[] =>
    places.map((place) => f64(at(args, place), n));

  const plain: Mutants = {
    l1Norm: (...args) => l1Norm(f64(at(args, 0), at(args, 2)), f64(at(args, 1), at(args, 2))),
    l1Reach: (...args) => {
      const [u, d, t] = vectorsOf(args, at(args, 3), 0, 1, 2) as Three;
      return oracle.reach(u, d, t, at(args, 4));
    },
    l1Change: (...args) => oracle.change(...(vectorsOf(args, at(args, 3), 0, 1, 2) as Three)),
    l1Least: (...args) => leastNorm(...(vectorsOf(args, at(args, 3), 0, 1, 2) as Three)),
    l1Sweep: (...args) => {
      const [u, q, t] = vectorsOf(args, at(args, 1), 2, 3, 4) as Three;
      return sweep(f64(at(args, 0), at(args, 1) ** 2), u, q, t);
    },
  };

  /** A form made of whole arrays, whose answer replaces the vector at `out`. */
  const vectorForm =
    (
      out: number,
      count: (args: readonly number[]) => number,
      form: (args: readonly number[]) => ArrayLike<number>,
    ): Kernel =>
    (...args) => {
      f64(at(args, out), count(args)).set(form(args));
      return NOTHING;
    };
  /** l1Step's answer as `form` gives it. */
  const stepForm =
    (form: (u: number, change: number) => number | null): Kernel =>
    (...args) => {
      const [n, part] = [at(args, 3), at(args, 4)];
      const [u, d, t] = vectorsOf(args, n, 0, 1, 2) as Three;
      let zeros = 0;
      const s = u.map((value, j) => {
        const change = part * at(d, j);
        if (at(t, j) === 0) return change;
        if (value === 0) return 0;
        const kept = form(value, change);
        if (kept === null) zeros++;
        return kept ?? -value;
      });
      f64(at(args, 5), n).set(s);
      return zeros;
    };
  const isSame = (u: number, change: number, least: number): boolean => u * (u + change) > least * (u * u);

  const mutants: Readonly<Record<Name, Mutants>> = {
    l1Norm: {
      ...usual("l1Norm"),
      "forgets the signs": (...args) => {
        const [v, t] = vectorsOf(args, at(args, 2), 0, 1) as [Float64Array, Float64Array];
        return v.reduce((sum, x, j) => sum + at(t, j) * x, 0);
      },
    },
    l1Least: {
      ...usual("l1Least"),
      "takes the gradient itself at a zero": (...args) => {
        const [a, b, c] = vectorsOf(args, at(args, 3), 0, 1, 2) as Three;
        return Math.sqrt(a.reduce((sum, x, j) => sum + (x + Math.sign(at(b, j)) * at(c, j)) ** 2, 0));
      },
      "forgets the root": (...args) => real("l1Least")(...args) ** 2,
    },
    l1Jump: {
      ...usual("l1Jump"),
      "forgets the curvature": exchanged("l1Jump", 2, 4, () => 1),
      "moves from 0": vectorForm(
        0,
        (args) => at(args, 4),
        (args) => {
          const [, q, h, t] = vectorsOf(args, at(args, 4), 0, 1, 2, 3) as [
            Float64Array,
            Float64Array,
            Float64Array,
            Float64Array,
          ];
          return jumped(new Float64Array(at(args, 4)), q, h, t);
        },
      ),
    },
    leastSubgradient: {
      "forgets l1": put("leastSubgradient", 8, 0),
      "forgets the intercept": put("leastSubgradient", 7, 0),
      "forgets a class": dropped("leastSubgradient", 4),
      "forgets the last column": dropped("leastSubgradient", 3),
      "forgets the scales": exchanged("leastSubgradient", 5, 3, () => 1),
      "forgets the offsets": exchanged("leastSubgradient", 6, 3, () => 0),
    },
    symmetricProduct: {
      "drops the last column": dropped("symmetricProduct", 1),
      "adds to what was there": (...args) => {
        const out = f64(at(args, 3), at(args, 1));
        const before = out.slice();
        real("symmetricProduct")(...args);
        out.set(out.map((x, j) => x + at(before, j)));
        return NOTHING;
      },
      "takes the diagonal alone": vectorForm(
        3,
        (args) => at(args, 1),
        (args) => {
          const n = at(args, 1);
          const m = f64(at(args, 0), n * n);
          return f64(at(args, 2), n).map((x, j) => x * at(m, j * (n + 1)));
        },
      ),
    },
    completeMatrix: {
      "leaves the lower part": vectorForm(
        0,
        (args) => at(args, 1) ** 2,
        (args) => {
          const n = at(args, 1);
          const m = f64(at(args, 0), n * n).slice();
          return completed(m, f64(at(args, 2), n)).map((x, i) => (i % n < Math.floor(i / n) ? at(m, i) : x));
        },
      ),
      "forgets the floor": exchanged("completeMatrix", 2, 1, () => Number.NEGATIVE_INFINITY),
      "adds the floor": vectorForm(
        0,
        (args) => at(args, 1) ** 2,
        (args) => {
          const n = at(args, 1);
          const m = f64(at(args, 0), n * n).slice();
          const floor = f64(at(args, 2), n);
          return completed(m, floor).map((x, i) => (i % (n + 1) === 0 ? at(m, i) + at(floor, i / (n + 1)) : x));
        },
      ),
    },
    l1Sweep: {
      ...usual("l1Sweep"),
      "leaves the gradient": (...args) => {
        const q = f64(at(args, 3), at(args, 1));
        const before = q.slice();
        const moved = real("l1Sweep")(...args);
        q.set(before);
        return moved;
      },
      "moves all columns at once": (...args) => {
        const n = at(args, 1);
        const [u, q, t] = vectorsOf(args, n, 2, 3, 4) as Three;
        const m = f64(at(args, 0), n * n);
        const h = Float64Array.from({ length: n }, (_, j) => at(m, j * (n + 1)));
        const next = jumped(u, q, h, t);
        const change = next.map((x, j) => x - at(u, j));
        const product = symmetricProduct(m, change);
        u.set(next);
        q.set(q.map((x, j) => x + at(product, j)));
        return change.reduce((sum, x, j) => sum + at(h, j) * x * x, 0);
      },
    },
    l1Free: {
      ...usual("l1Free"),
      "takes zeros as well": exchanged("l1Free", 0, 2, () => 1),
      "takes nothing": () => 0,
    },
    submatrix: {
      "drops the last row": dropped("submatrix", 3),
      "takes the first rows": vectorForm(
        4,
        (args) => at(args, 3) ** 2,
        (args) => {
          const [n, count] = [at(args, 1), at(args, 3)];
          return submatrix(
            f64(at(args, 0), n * n),
            n,
            Array.from({ length: count }, (_, i) => i),
          );
        },
      ),
    },
    scatter: {
      "leaves the other places": (...args) => {
        const [count, n] = [at(args, 2), at(args, 3)];
        const out = f64(at(args, 4), n);
        const index = [...memory.core.u32(at(args, 1), count)];
        const all = scattered(f64(at(args, 0), count), index, n);
        for (const j of index) out[j] = at(all, j);
        return NOTHING;
      },
      "writes to the first places": vectorForm(
        4,
        (args) => at(args, 3),
        (args) => {
          const [count, n] = [at(args, 2), at(args, 3)];
          return scattered(
            f64(at(args, 0), count),
            Array.from({ length: count }, (_, i) => i),
            n,
          );
        },
      ),
    },
    l1Slopes: {
      ...usual("l1Slopes"),
      "goes up": vectorForm(
        4,
        (args) => at(args, 3),
        (args) => {
          const [q, u, t] = vectorsOf(args, at(args, 3), 0, 1, 2) as Three;
          return slopes(q, u, t).map((x) => -x);
        },
      ),
      "leaves the face": vectorForm(
        4,
        (args) => at(args, 3),
        (args) => {
          const [q, u, t] = vectorsOf(args, at(args, 3), 0, 1, 2) as Three;
          return q.map((x, j) => -(x + Math.sign(at(u, j)) * at(t, j)));
        },
      ),
    },
    l1Mask: { ...usual("l1Mask"), "masks nothing": () => NOTHING },
    l1Reach: {
      ...usual("l1Reach"),
      "knows no limit": put("l1Reach", 4, Number.MAX_VALUE),
      "goes past the corner": (...args) => 2 * real("l1Reach")(...args),
    },
    l1Step: {
      ...usual("l1Step"),
      "takes all of the direction": put("l1Step", 4, 1),
      "goes past the corner": stepForm((_, change) => change),
      "stops at the very corner alone": stepForm((u, change) => (isSame(u, change, 0) ? change : null)),
      "stops too early": stepForm((u, change) => (isSame(u, change, 2 ** -38) ? change : null)),
      "counts nothing": (...args) => {
        real("l1Step")(...args);
        return 0;
      },
    },
    l1Change: {
      ...usual("l1Change"),
      "lets digits cancel": (...args) => {
        const [a, b, c] = vectorsOf(args, at(args, 3), 0, 1, 2) as Three;
        return a.reduce((sum, x, j) => sum + at(c, j) * (Math.abs(x + at(b, j)) - Math.abs(x)), 0);
      },
      "goes on past 0": (...args) => {
        const [a, b, c] = vectorsOf(args, at(args, 3), 0, 1, 2) as Three;
        return a.reduce((sum, x, j) => sum + at(c, j) * (x === 0 ? Math.abs(at(b, j)) : Math.sign(x) * at(b, j)), 0);
      },
    },
    l1Shift: {
      "drops the last column": dropped("l1Shift", 2),
      "forgets a class": dropped("l1Shift", 3),
      "forgets l1": exchanged("l1Shift", 4, 1, () => 0),
      "forgets l2": exchanged("l1Shift", 5, 1, () => 0),
      "takes out the mean": (...args) => {
        const [pitch, columns, classes] = [at(args, 1), at(args, 2), at(args, 3)];
        const v = f64(at(args, 0), pitch * classes);
        for (let j = 0; j < columns; j++) {
          let mean = 0;
          for (let k = 0; k < classes; k++) mean += at(v, k * pitch + j) / classes;
          for (let k = 0; k < classes; k++) v[k * pitch + j] = at(v, k * pitch + j) - mean;
        }
        return columns;
      },
      "moves nothing": () => 0,
    },
    l1Take: {
      "drops the last column": dropped("l1Take", 4),
      "takes all of the step": put("l1Take", 3, 1),
      "misses the zeros": (...args) => {
        const [part, n] = [at(args, 3), at(args, 4)];
        const [v, , z] = vectorsOf(args, n, 0, 1, 2) as Three;
        v.set(v.map((x, j) => x + part * at(z, j)));
        return 0;
      },
      "clears on the way as well": (...args) => {
        const [part, n] = [at(args, 3), at(args, 4)];
        const [v, u, z] = vectorsOf(args, n, 0, 1, 2) as Three;
        v.set(v.map((x, j) => (at(u, j) === 0 ? 0 : x + part * at(z, j))));
        return 0;
      },
    },
  };
  return { mutants, plain };
}
