// Broken forms of the inner loop over sparse rows, part of mutants.test.ts: each makes one mistake, and its checker must reject it.
// Most are the real kernel, called step by step, with the state that it leaves or finds changed by hand.
import type { Kernel } from "../bindings/engine/kernels.js";
import { type LazyField, readLazy, writeLazy } from "../bindings/engine/lazy-run.js";
import type { Mutants } from "./newton-mutants.js";
import { caughtUp, offsetOf } from "./oracle/lazy.js";
import { type LazyModel, readSlot, slotBytes } from "./support/lazy-checkers.js";
import type { Harness } from "./support/memory.js";

const at = (values: ArrayLike<number>, i: number): number => values[i] as number;
/** What a kernel without an answer returns. */
const NOTHING = undefined as unknown as number;
const MODELS = ["I8", "I16", "F32"] as const;
const LIMITS = { I8: 127, I16: 32767, F32: Number.POSITIVE_INFINITY } as const;

export function lazyMutants(
  kernels: Readonly<Record<string, Kernel>>,
  memory: Harness,
): { readonly mutants: Readonly<Record<string, Mutants>>; readonly plain: Mutants } {
  const view = (): DataView => memory.core.view();
  const read = (run: number, name: LazyField): number => readLazy(view(), run, name);
  const put = (run: number, fields: Partial<Record<LazyField, number>>): void => writeLazy(view(), run, fields);
  const call = (name: string, ...args: number[]): number => (kernels[name] as Kernel)(...args);

  /** Where the slots of the current row's columns stand, the intercept's last. */
  const slotsOf = (run: number): { column: number; start: number }[] => {
    const row = read(run, "row");
    const starts = read(run, "starts");
    const [from, to] = [view().getUint32(starts + 4 * row, true), view().getUint32(starts + 4 * row + 4, true)];
    const columns = Array.from({ length: to - from }, (_, e) =>
      view().getUint32(read(run, "indices") + 4 * (from + e), true),
    );
    if (read(run, "intercept") !== 0) columns.push(read(run, "cols"));
    const bytes = slotBytes(read(run, "classes"));
    return columns.map((column) => ({ column, start: read(run, "slots") + column * bytes }));
  };

  /** One step at a time; `around` makes the step. */
  const stepwise =
    (model: LazyModel, around: (run: number, step: () => void) => void): Kernel =>
    (...args) => {
      const [run, steps, budget] = args as [number, number, number];
      let done = 0;
      let touched = 0;
      while (done < steps && touched + done < budget) {
        around(run, () => {
          call(`advanceLazy${model}`, run, 1, 1);
        });
        touched += read(run, "touched");
        done++;
      }
      put(run, { touched });
      return done;
    };

  /** Fields changed for the time of a call. */
  const under =
    (name: string, fields: (run: number) => Partial<Record<LazyField, number>>): Kernel =>
    (...args) => {
      const [run] = args as [number];
      const changed = fields(run);
      const kept = Object.fromEntries(Object.keys(changed).map((key) => [key, read(run, key as LazyField)]));
      put(run, changed);
      const answer = call(name, ...args);
      put(run, kept);
      return answer;
    };

  /** After each step: the clocks of the columns it has had, `behind` steps off. */
  const misclocked = (model: LazyModel, change: (last: number, now: number, isIntercept: boolean) => number): Kernel =>
    stepwise(model, (run, step) => {
      const own = slotsOf(run);
      const now = read(run, "step");
      const before = own.map(({ start }) => view().getUint32(start, true));
      step();
      own.forEach(({ column, start }, i) => {
        // rows without a coefficient write nothing
        if (view().getUint32(start, true) !== now) return;
        view().setUint32(start, change(at(before, i), now, column === read(run, "cols")), true);
      });
    });

  /** Before each step: what its columns have missed is put into z by itself. */
  const caughtUpFirst = (model: LazyModel, round: (value: number, u: number) => number): Kernel =>
    stepwise(model, (run, step) => {
      const now = read(run, "step");
      for (const { column, start } of slotsOf(run)) {
        const { last, rate, drifts, z } = readSlot(memory, start, 0, read(run, "classes"));
        const spread = read(run, "spread");
        const u = spread === 0 ? 0.5 : offsetOf(read(run, "offset"), column);
        drifts.forEach((drift, c) => {
          const value = round(caughtUp(at(z, c), rate, drift, now - last), u);
          view().setFloat32(start + 12 + 8 * c, value, true);
        });
        view().setUint32(start, now, true);
      }
      step();
    });

  const advanceMutants = (model: LazyModel): Mutants => {
    const name = `advanceLazy${model}`;
    const limit = LIMITS[model];
    const rounded: Mutants =
      model === "F32"
        ? {}
        : {
            "rounds what was missed by itself": caughtUpFirst(model, (value, u) => Math.floor(value + u)),
            "saturates what was missed by itself": caughtUpFirst(model, (value) =>
              Math.min(Math.max(value, -limit - 1), limit),
            ),
            "rounds all columns alike": under(name, (run) => ({ spread: read(run, "spread") === 0 ? 0 : 1 })),
            "always rounds to nearest": under(name, () => ({ spread: 0, offset: 2 ** 31, stochastic: 0 })),
            "never rounds anew": stepwise(model, (run, step) => {
              const offset = read(run, "offset");
              step();
              put(run, { offset });
            }),
          };
    return {
      ...rounded,
      "does not note when a column was last seen": misclocked(model, (last) => last),
      "notes it for the intercept only": misclocked(model, (last, now, isIntercept) => (isIntercept ? now : last)),
      "forgets it for the intercept": misclocked(model, (last, now, isIntercept) => (isIntercept ? last : now)),
      "counts one missed step too many": misclocked(model, (_, now) => Math.max(now - 1, 0)),
      "counts one missed step too few": misclocked(model, (_, now) => now + 1),
      "counts the steps from one": under(name, (run) => ({ step: read(run, "step") + 1 })),
      "forgets the intercept": under(name, () => ({ intercept: 0 })),
      "takes another intercept": under(name, (run) => ({ intercept: read(run, "intercept") === 0 ? 0 : 126 })),
      "applies no dense term": (...args) => {
        const [run] = args as [number];
        const bytes = slotBytes(read(run, "classes"));
        const slots = read(run, "slots");
        const width = read(run, "cols") + (read(run, "intercept") === 0 ? 0 : 1);
        for (let j = 0; j < width; j++) {
          view().setFloat32(slots + j * bytes + 4, 0, true);
          for (let at = 8; at < bytes; at += 8) view().setFloat32(slots + j * bytes + at, 0, true);
        }
        return call(name, ...args);
      },
      "applies no l2": stepwise(model, (run, step) => {
        for (const { start } of slotsOf(run)) view().setFloat32(start + 4, 0, true);
        step();
      }),
      "leaves out the last entry of a row": stepwise(model, (run, step) => {
        const start = read(run, "starts") + 4 * read(run, "row");
        const end = view().getUint32(start + 4, true);
        if (end > view().getUint32(start, true)) view().setUint32(start + 4, end - 1, true);
        step();
        view().setUint32(start + 4, end, true);
      }),
      "visits one row only": stepwise(model, (run, step) => {
        const row = read(run, "row");
        step();
        put(run, { row });
      }),
      "does not follow SAGA's mean": stepwise(model, (run, step) => {
        const drifts = slotsOf(run).flatMap(({ start }) =>
          Array.from({ length: slotBytes(read(run, "classes")) / 8 - 1 }, (_, c) => start + 8 + 8 * c),
        );
        const before = drifts.map((drift) => view().getFloat32(drift, true));
        step();
        drifts.forEach((drift, i) => {
          view().setFloat32(drift, at(before, i), true);
        });
      }),
      "knows no table": under(name, () => ({ table: 0 })),
      "knows no weights": under(name, () => ({ weights: 0 })),
      "knows no base": under(name, () => ({ base: 0 })),
      "takes derivatives for differences": under(name, () => ({ centred: 0 })),
      "ignores the budget": (...args) => call(name, at(args, 0), at(args, 1), 0xffffffff),
      "makes one step more": (...args) => call(name, at(args, 0), at(args, 1) + 1, at(args, 2)),
      "does not count the intercept": (...args) => {
        const done = call(name, ...args);
        const run = at(args, 0);
        put(run, { touched: read(run, "touched") - (read(run, "intercept") === 0 ? 0 : done) });
        return done;
      },
    };
  };

  /** Slots changed before `settle`. */
  const presettled =
    (model: LazyModel, change: (start: number, run: number) => void): Kernel =>
    (...args) => {
      const [run, from, to] = args as [number, number, number];
      const bytes = slotBytes(read(run, "classes"));
      for (let j = from; j < to; j++) change(read(run, "slots") + j * bytes, run);
      call(`settleLazy${model}`, ...args);
      return NOTHING;
    };

  const settleMutants = (model: LazyModel): Mutants => {
    const name = `settleLazy${model}`;
    const rounded: Mutants =
      model === "F32"
        ? {}
        : {
            "always rounds to nearest": under(name, () => ({ spread: 0, offset: 2 ** 31 })),
            "rounds all columns alike": under(name, (run) => ({ spread: read(run, "spread") === 0 ? 0 : 1 })),
          };
    return {
      ...rounded,
      "forgets the last missed steps": presettled(model, (start, run) =>
        view().setUint32(start, read(run, "step"), true),
      ),
      "leaves columns alone that no row had": presettled(model, (start, run) => {
        if (view().getUint32(start, true) === 0) view().setUint32(start, read(run, "step"), true);
      }),
      "counts one step too few": under(name, (run) => ({ step: Math.max(read(run, "step") - 1, 0) })),
      "counts one step too many": under(name, (run) => ({ step: read(run, "step") + 1 })),
      "applies no l2": presettled(model, (start) => view().setFloat32(start + 4, 0, true)),
      "forgets the last column": (...args) =>
        call(name, at(args, 0), at(args, 1), Math.max(at(args, 1), at(args, 2) - 1)),
      "starts at the first column": (...args) => call(name, at(args, 0), 0, at(args, 2) - at(args, 1)),
    };
  };

  const openMutants = (model: LazyModel): Mutants => {
    const name = `openLazy${model}`;
    const reopened =
      (change: (start: number, run: number) => void): Kernel =>
      (...args) => {
        const [run, from, to] = args as [number, number, number];
        call(name, ...args);
        const bytes = slotBytes(read(run, "classes"));
        for (let j = from; j < to; j++) change(read(run, "slots") + j * bytes, run);
        return NOTHING;
      };
    return {
      "leaves the clock running": reopened((start) => view().setUint32(start, 1, true)),
      "keeps the old rate": reopened((start) => view().setFloat32(start + 4, 1, true)),
      "has no drift": reopened((start) => view().setFloat32(start + 8, 0, true)),
      "starts at zero": reopened((start) => view().setFloat32(start + 12, 0, true)),
      "forgets the last column": (...args) =>
        call(name, at(args, 0), at(args, 1), Math.max(at(args, 1), at(args, 2) - 1)),
      "opens one column more": (...args) =>
        call(name, at(args, 0), at(args, 1), Math.min(at(args, 2) + 1, read(at(args, 0), "cols") + 1)),
      "takes the columns of z for its padded ones": under(name, (run) => ({ columns: read(run, "cols") + 1 })),
    };
  };

  const mutants: Record<string, Mutants> = {
    fillBaseLazy: {
      "stops one row early": (...args) =>
        call("fillBaseLazy", at(args, 0), at(args, 1), Math.max(at(args, 1), at(args, 2) - 1)),
      "starts at the first row": (...args) => call("fillBaseLazy", at(args, 0), 0, at(args, 2)),
      "forgets the intercept": under("fillBaseLazy", () => ({ intercept: 0 })),
      "adds what was missed": under("fillBaseLazy", () => ({ step: 1 })),
    },
    beginLazy: {
      "swaps seed and step": (...args) =>
        call("beginLazy", at(args, 0), at(args, 2), at(args, 1), at(args, 3), at(args, 4)),
      "knows no option II": (...args) => call("beginLazy", at(args, 0), at(args, 1), at(args, 2), at(args, 3), 0),
      "goes on counting": (...args) => {
        const answer = call("beginLazy", ...args);
        put(at(args, 0), { step: 1 });
        return answer;
      },
      "rounds from the rows' stream": (...args) => {
        const answer = call("beginLazy", ...args);
        put(at(args, 0), { offset: read(at(args, 0), "scalar") });
        return answer;
      },
    },
    endLazy: {
      "rounds the end like the last row": () => NOTHING,
      "advances twice": (...args) => {
        call("endLazy", ...args);
        return call("endLazy", ...args);
      },
    },
    longestRow: {
      "stops one row early": (...args) => call("longestRow", at(args, 0), at(args, 1) - 1),
      "starts one row late": (...args) => call("longestRow", at(args, 0) + 4, at(args, 1) - 1),
    },
    lazyBytes: {
      "takes classes as they come": (...args) => (at(args, 0) === 1 ? 16 : 8 + 8 * at(args, 0)),
    },
  };
  for (const model of MODELS) {
    mutants[`advanceLazy${model}`] = advanceMutants(model);
    mutants[`settleLazy${model}`] = settleMutants(model);
    mutants[`openLazy${model}`] = openMutants(model);
  }
  const plain = Object.fromEntries(
    MODELS.map((model) => [
      `advanceLazy${model}`,
      stepwise(model, (_run, step) => {
        step();
      }),
    ]),
  );
  return { mutants, plain };
}
