// Broken forms of the kernels for sparse rows, part of mutants.test.ts: each makes one mistake, and its checker must reject it.
import type { Kernel } from "../bindings/engine/kernels.js";
import type { Mutants } from "./newton-mutants.js";
import type { Harness } from "./support/memory.js";
import { add, mutantTools, put } from "./support/mutant-tools.js";

const at = (values: ArrayLike<number>, i: number): number => values[i] as number;

export function sparseMutants(
  kernels: Readonly<Record<string, Kernel>>,
  memory: Harness,
): { readonly mutants: Readonly<Record<string, Mutants>>; readonly plain: Mutants } {
  const { misled, followed, distorted } = mutantTools(kernels);
  /** The real kernel on what was there before overwritten. */
  const cleared = (name: string, index: number, count: (args: readonly number[]) => number): Kernel =>
    misled(name, (args) => memory.f64(at(args, index), count(args)).fill(0));
  const f = Math.fround;
  const rounded = (pointer: number, count: number): void => {
    const values = memory.f64(pointer, count);
    values.forEach((x, i) => {
      values[i] = f(x);
    });
  };
  const columnsOf = (args: readonly number[]): number => {
    // as many as its rows name
    const rows = at(args, 4);
    const starts = new Uint32Array(memory.u8(at(args, 0), 4 * (rows + 1)).slice().buffer);
    const indices = new Uint32Array(memory.u8(at(args, 1), 4 * at(starts, rows)).slice().buffer);
    return indices.slice(at(starts, 0)).reduce((top, j) => Math.max(top, j + 1), 0);
  };

  /** What may go wrong in reading entries: arguments 0 to 4 of every pass. */
  const reading = (name: string, bytes: number, isTable: boolean): Mutants => ({
    "begins at the row before": misled(name, add(0, -4)),
    "takes the column of the entry before": misled(name, add(1, -4)),
    "takes the value of the entry before": misled(name, add(2, -bytes)),
    "leaves out the last row": misled(name, (args) => {
      args[4] = Math.max(0, at(args, 4) - 1);
    }),
    ...(isTable ? { "looks up the next value": misled(name, add(3, 8)) } : {}),
  });

  const BYTES = { I8: 1, U8: 1, I16: 2, F32: 4, F64: 8, T8: 1, T16: 2 } as const;
  const types = Object.keys(BYTES) as (keyof typeof BYTES)[];
  const mutants: Record<string, Mutants> = {};
  for (const type of types) {
    const isTable = type[0] === "T";
    const margins = `sparseMargins${type}`;
    mutants[margins] = {
      ...reading(margins, BYTES[type], isTable),
      "forgets the intercepts": followed(margins, (args) => {
        const [rows, bias, outputs, m] = [at(args, 4), at(args, 7), at(args, 8), at(args, 9)];
        const values = memory.f64(m, rows * outputs);
        values.forEach((x, i) => {
          values[i] = x - at(memory.f64(bias, outputs), i % outputs);
        });
      }),
      "sums in float32": followed(margins, (args) => rounded(at(args, 9), at(args, 4) * at(args, 8))),
      "takes the output next to it": misled(margins, (args) => {
        if (at(args, 8) > 2) args[5] = at(args, 5) + 8;
      }),
    };
    const gradient = `sparseGradient${type}`;
    mutants[gradient] = {
      ...reading(gradient, BYTES[type], isTable),
      "forgets what was there": cleared(gradient, 7, (args) => columnsOf(args) * at(args, 8)),
      "sums in float32": followed(gradient, (args) => rounded(at(args, 7), columnsOf(args) * at(args, 8))),
      "takes the output next to it": misled(gradient, (args) => {
        if (at(args, 6) > 1) args[5] = at(args, 5) + 8;
      }),
    };
    const gram = `sparseGram${type}`;
    mutants[gram] = {
      ...reading(gram, BYTES[type], isTable),
      "forgets what was there": cleared(gram, 7, (args) => at(args, 6) * at(args, 6)),
      "takes the weight of the next row": misled(gram, add(5, 4)),
      "fills the lower part": followed(gram, (args) => {
        const [columns, g] = [at(args, 6), at(args, 7)];
        const values = memory.f64(g, columns * columns);
        if (columns > 1) values[columns] = at(values, 1);
      }),
    };
    const quantize = `sparseQuantize${type}`;
    mutants[quantize] = {
      "takes the scale of the next column": misled(quantize, add(4, 8)),
      "takes the column of the entry before": misled(quantize, add(0, -4)),
      "takes the value of the entry before": misled(quantize, add(1, -BYTES[type])),
      "leaves out the last entry": misled(quantize, (args) => {
        args[3] = Math.max(0, at(args, 3) - 1);
      }),
      ...(isTable ? { "looks up the next value": misled(quantize, add(2, 8)) } : {}),
    };
  }
  for (const type of ["I8", "U8", "T8"] as const) {
    const moments = `sparseMoments${type}`;
    mutants[moments] = {
      ...reading(moments, BYTES[type], type === "T8"),
      "forgets the weights": misled(moments, put(5, 0)),
      "exchanges the sums": misled(moments, (args) => {
        [args[6], args[7]] = [at(args, 7), at(args, 6)];
      }),
      "forgets what was there": cleared(moments, 6, columnsOf),
      "counts rows": distorted(moments, (_, args) => at(args, 4)),
    };
    const squares = `sparseRowSquares${type}`;
    mutants[squares] = {
      ...reading(squares, BYTES[type], type === "T8"),
      "takes the weight of the next column": misled(squares, add(5, 8)),
      "weighs nothing": misled(squares, (args) => {
        const [weight, columns] = [at(args, 5), columnsOf(args)];
        memory.f64(weight, columns).fill(1);
      }),
      "sums in float32": followed(squares, (args) => rounded(at(args, 6), at(args, 4))),
    };
  }
  const u32 = (pointer: number, count: number): Uint32Array =>
    new Uint32Array(memory.u8(0, 1).buffer as ArrayBuffer, pointer, count);
  const plainFirstBad: (isBad: (column: number, before: number, columns: number) => boolean) => Kernel =
    (isBad) => (starts, indices, rows, columns) => {
      const bounds = u32(starts as number, (rows as number) + 1);
      for (let i = 0; i < (rows as number); i++) {
        for (let e = at(bounds, i); e < at(bounds, i + 1); e++) {
          const before = e > at(bounds, i) ? at(u32((indices as number) + 4 * e - 4, 1), 0) : -1;
          if (isBad(at(u32((indices as number) + 4 * e, 1), 0), before, columns as number)) return e;
        }
      }
      return -1;
    };
  const plainColumns: (mistake: "" | "finite" | "count" | "low" | "whole") => Kernel =
    (mistake) =>
    (...args) => {
      const [indices, values, count, low, high, entries, whole] = args as [
        number,
        number,
        number,
        number,
        number,
        number,
        number,
      ];
      for (let e = 0; e < count; e++) {
        const x = at(memory.f64(values + 8 * e, 1), 0);
        if (mistake === "finite" ? Number.isNaN(x) : !Number.isFinite(x)) return e;
        const j = at(u32(indices + 4 * e, 1), 0);
        const [bottom, top] = [memory.f64(low + 8 * j, 1), memory.f64(high + 8 * j, 1)];
        bottom[0] = mistake === "low" ? x : Math.min(at(bottom, 0), x);
        top[0] = Math.max(at(top, 0), x);
        const seen = u32(entries + 4 * j, 1);
        seen[0] = mistake === "count" ? 1 : at(seen, 0) + 1;
        if (!Number.isInteger(x) || (mistake === "whole" && x === 0)) memory.u8(whole + j, 1)[0] = 0;
      }
      return -1;
    };
  const plainDistinct: (same: (a: number, b: number) => boolean, isRoomy: boolean) => Kernel =
    (same, isRoomy) =>
    (...args) => {
      const [values, count, table, , start, most, out] = args as [
        number,
        number,
        number,
        number,
        number,
        number,
        number,
      ];
      let found = start;
      // the long case of the checker would take hours in this form
      if (count > 1000) return (kernels.sparseDistinct as Kernel)(...args);
      for (let e = 0; e < count; e++) {
        const x = at(memory.f64(values + 8 * e, 1), 0);
        let place = memory.f64(table, found).findIndex((y) => same(x, y));
        if (place < 0) {
          if (found === (isRoomy ? most + 1 : most)) return -1;
          memory.f64(table + 8 * found, 1)[0] = x;
          place = found++;
        }
        memory.u16(out + 2 * e, 1)[0] = place;
      }
      return found;
    };
  Object.assign(mutants, {
    sparseFirstBad: {
      "lets the number of columns through": plainFirstBad((j, before, n) => j > n || j <= before),
      "lets equal columns through": plainFirstBad((j, before, n) => j >= n || j < before),
      "reads columns as signed": plainFirstBad((j, before, n) => (j | 0) >= n || ((j | 0) <= before && before >= 0)),
      "never looks at order": plainFirstBad((j, _before, n) => j >= n),
    },
    sparseColumns: {
      "lets infinity through": plainColumns("finite"),
      "counts an entry once": plainColumns("count"),
      "keeps the last value": plainColumns("low"),
      "takes 0 for a fraction": plainColumns("whole"),
    },
    sparseSlotBytes: { "forgets that slots are words": distorted("sparseSlotBytes", (bytes) => bytes / 4) },
    sparseDistinct: {
      "takes −0 for 0": plainDistinct((a, b) => a === b, false),
      "takes float32 neighbours for one": plainDistinct((a, b) => Object.is(f(a), f(b)), false),
      "finds one more than there is room for": plainDistinct(Object.is, true),
    },
    sparseToBytes: {
      "takes every byte": (from: number, to: number, count: number) => {
        memory.u8(to, count).set(memory.u8(from, count).slice());
        return undefined as unknown as number;
      },
    },
    sparseStarts: {
      "takes the rows in order": misled("sparseStarts", (args) => {
        args[1] = memory.input(Int32Array.from({ length: at(args, 2) }, (_, i) => i));
      }),
      "answers the rows": distorted("sparseStarts", (_, args) => at(args, 2)),
      "leaves out the last row": misled("sparseStarts", (args) => {
        args[2] = Math.max(0, at(args, 2) - 1);
      }),
    },
    sparseGather: {
      "takes the rows before": misled("sparseGather", add(0, -4)),
      "leaves out the last row": misled("sparseGather", (args) => {
        args[2] = Math.max(0, at(args, 2) - 1);
      }),
      "takes half of an entry": misled("sparseGather", (args) => {
        args[4] = at(args, 4) / 2;
      }),
    },
    interleave: {
      "leaves the padding": misled("interleave", (args) => {
        args[4] = at(args, 2);
      }),
      "leaves out the last column": misled("interleave", (args) => {
        args[1] = Math.max(0, at(args, 1) - 1);
      }),
    },
    separate: {
      "takes the padding for a class": misled("separate", (args) => {
        args[4] = at(args, 2);
      }),
      "leaves out the last column": misled("separate", (args) => {
        args[1] = Math.max(0, at(args, 1) - 1);
      }),
    },
    sparseMaxRowNorm: {
      "forgets the intercept": misled("sparseMaxRowNorm", put(3, 0)),
      "forgets the weights": misled("sparseMaxRowNorm", put(4, 0)),
      "leaves out the last row": misled("sparseMaxRowNorm", (args) => {
        args[2] = Math.max(0, at(args, 2) - 1);
      }),
    },
    sparseEigenvalue: {
      "forgets the intercept": misled("sparseEigenvalue", put(5, 0)),
      "forgets the weights": misled("sparseEigenvalue", put(6, 0)),
      "does one iteration more": misled("sparseEigenvalue", add(7, 1)),
      "does not divide by the rows": distorted("sparseEigenvalue", (answer, args) => answer * at(args, 3)),
      "is good to float32": distorted("sparseEigenvalue", f),
    },
  });
  const plain: Mutants = {
    sparseFirstBad: plainFirstBad((j, before, n) => j >= n || j <= before),
    sparseColumns: plainColumns(""),
    sparseDistinct: plainDistinct(Object.is, false),
  };
  return { mutants, plain };
}
