// Entries of the inner loop over sparse rows, part of the manifest in kernel-table.ts.
import type { KernelEntry } from "./kernel-table.js";
import {
  checkAdvanceLazy,
  checkBeginLazy,
  checkEndLazy,
  checkFillBaseLazy,
  checkLazyBytes,
  checkLongestRow,
  checkOpenLazy,
  checkSettleLazy,
} from "./support/lazy-checkers.js";

export type LazyFamily = "lazy";

const facts = { family: "lazy", columns: "any", tolerance: "0" } as const;

export const LAZY: readonly KernelEntry[] = [
  ...(["I8", "I16", "F32"] as const).flatMap((model): KernelEntry[] => [
    {
      ...facts,
      name: `advanceLazy${model}`,
      storage: `CSR I8 ±127, z ${model}`,
      worst:
        "rows without entries, with all; rates of nothing, of all in one step; drifts and coefficients beyond float32; pieces of one entry",
      oracle: "runLazy",
      check: checkAdvanceLazy(model),
    },
    {
      ...facts,
      name: `openLazy${model}`,
      storage: `z ${model}, F64 → slots`,
      worst: "rates and drifts beyond 1e30, subnormal rates, any piece of the columns",
      oracle: "rateOf, driftOf",
      check: checkOpenLazy(model),
    },
    {
      ...facts,
      name: `settleLazy${model}`,
      storage: `slots → z ${model}`,
      worst: "0 to 2³² − 1 steps missed at rates from 0 to 1e30, around ½ and 64; drifts beyond the range",
      oracle: "caughtUp, storedAs",
      check: checkSettleLazy(model),
    },
  ]),
  {
    ...facts,
    name: "fillBaseLazy",
    storage: "CSR I8 ±127, slots → F64",
    worst: "rows without entries, any piece of the rows",
    oracle: "dotOf",
    check: checkFillBaseLazy,
  },
  {
    ...facts,
    name: "beginLazy",
    storage: "U32",
    worst: "option II, nearest",
    oracle: "RandomStream, rowsOf, firstOffset",
    check: checkBeginLazy,
  },
  {
    ...facts,
    name: "endLazy",
    storage: "U32",
    worst: "nearest",
    oracle: "nextOffset",
    check: checkEndLazy,
  },
  {
    ...facts,
    name: "longestRow",
    storage: "U32",
    worst: "the first row, the last, no entries",
    oracle: "Math.max",
    check: checkLongestRow,
  },
  {
    ...facts,
    name: "lazyBytes",
    storage: "U32",
    worst: "odd and even classes",
    oracle: "slotBytes",
    check: checkLazyBytes,
  },
];
