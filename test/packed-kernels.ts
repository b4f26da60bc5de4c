// Entries of the kernels for packed codes (4, 2 and 1 bits), part of the manifest in kernel-table.ts.
import type { KernelEntry } from "./kernel-table.js";
import type { IndexBits } from "./oracle/packed.js";
import {
  checkIndexDot,
  checkNegatives,
  checkPack,
  checkPackedAxpy,
  checkPackedDot,
  checkPackedFused,
  checkSquares,
  checkUnpack,
} from "./support/packed-checkers.js";

export type PackedFamily = "packed";

const block: Omit<KernelEntry, "name" | "storage" | "worst" | "oracle" | "check"> = {
  family: "packed",
  columns: "whole blocks of 16 bytes",
  tolerance: "0",
};

const WIDTHS: readonly IndexBits[] = [4, 2, 1];
/** With a mask, and without. */
const UPDATES = [
  { form: "", isWhole: false },
  { form: "Whole", isWhole: true },
] as const;
const PASS_WIDTHS: readonly IndexBits[] = [4, 2];

export const PACKED: readonly KernelEntry[] = [
  ...WIDTHS.flatMap((bits): KernelEntry[] => [
    {
      ...block,
      name: `packU${bits}`,
      storage: `I8 ±127 → U${bits}`,
      worst: "every code against every table; ties between levels",
      oracle: "nearestLevel",
      check: checkPack(bits),
    },
    {
      ...block,
      name: `unpackU${bits}`,
      storage: `U${bits} → I8`,
      worst: "masked columns in the middle, any index in them",
      oracle: "indexAt",
      check: checkUnpack(bits),
    },
    {
      ...block,
      name: `indexDotU${bits}`,
      storage: `U${bits} · I8`,
      worst: "the highest index, all −128",
      oracle: "Σ index·z",
      check: checkIndexDot(bits),
    },
    ...UPDATES.map(
      ({ form, isWhole }): KernelEntry => ({
        ...block,
        name: `axpy${form}U${bits}`,
        storage: `z I8, x U${bits}`,
        worst: "127·127 + 127 at s = 0..7, saturated updates and z",
        oracle: "updatesOf, moved",
        check: checkPackedAxpy(bits, isWhole),
      }),
    ),
    ...(["I8", "I16"] as const).map(
      (z): KernelEntry => ({
        ...block,
        name: `dotU${bits}${z}`,
        storage: `U${bits} · ${z}`,
        worst: "levels ±127, z at its limits, around windows of 4096",
        oracle: "Σ level·z",
        check: checkPackedDot(bits, z),
      }),
    ),
  ]),
  ...PASS_WIDTHS.flatMap((bits): KernelEntry[] => [
    ...UPDATES.flatMap(({ form, isWhole }) => (["I8", "I16"] as const).map((z) => ({ form, isWhole, z }))).map(
      ({ form, isWhole, z }): KernelEntry => ({
        ...block,
        name: `fused${form}U${bits}${z}`,
        storage: `z ${z}, x U${bits}, y U${bits}`,
        worst: `127·127 + offset at s = 0..${z === "I8" ? 7 : 14}; masked columns with any z; the largest dot beyond a window`,
        oracle: "updatesOf, moved, Σ level·z",
        check: checkPackedFused(bits, z, isWhole),
      }),
    ),
    {
      ...block,
      name: `negativeSumsU${bits}`,
      storage: `U${bits} → I32`,
      worst: "all −127, 12 320 columns",
      oracle: "negativeSum",
      check: checkNegatives(bits),
    },
  ]),
  ...(["F64", "F32", "I16", "U8", "I8"] as const).map(
    (storage): KernelEntry => ({
      name: `squares${storage}`,
      family: "statistics",
      storage,
      columns: "any",
      worst: storage[0] === "F" ? "columns at either end of the exponents, two calls" : "limits of the type, two calls",
      oracle: "the sum in order of the rows",
      tolerance: "0",
      check: checkSquares(storage),
    }),
  ),
];
