// Entries of the kernels for sparse rows, part of the manifest in kernel-table.ts.
import type { KernelEntry } from "./kernel-table.js";
import {
  checkInterleave,
  checkSparseColumns,
  checkSparseDistinct,
  checkSparseEigenvalue,
  checkSparseFirstBad,
  checkSparseGather,
  checkSparseGradient,
  checkSparseGram,
  checkSparseMargins,
  checkSparseMaxRowNorm,
  checkSparseMoments,
  checkSparseQuantize,
  checkSparseSlotBytes,
  checkSparseStarts,
  checkSparseToBytes,
  type SparseType,
} from "./support/sparse-checkers.js";

export type SparseFamily = "sparse";

const rows: Omit<KernelEntry, "name" | "storage" | "oracle" | "check"> = {
  family: "sparse",
  columns: "any",
  worst: "empty rows and columns, explicit zeros, the last column, around fours of entries; 1 to 16 outputs",
  tolerance: "0",
};

const TYPES: readonly SparseType[] = ["I8", "U8", "I16", "F32", "F64", "T8", "T16"];
const BYTES: readonly SparseType[] = ["I8", "U8", "T8"];

export const SPARSE: readonly KernelEntry[] = [
  ...TYPES.flatMap((storage): KernelEntry[] => [
    {
      ...rows,
      name: `sparseMargins${storage}`,
      storage: `${storage} · F64`,
      oracle: "sparseMargins, in the documented order",
      check: checkSparseMargins(storage),
    },
    {
      ...rows,
      name: `sparseGradient${storage}`,
      storage: `F64 · ${storage}`,
      oracle: "sparseGradient, rows in order",
      check: checkSparseGradient(storage),
    },
    {
      ...rows,
      name: `sparseGram${storage}`,
      storage,
      oracle: "sparseGram, rows in order",
      check: checkSparseGram(storage),
    },
  ]),
  ...TYPES.map(
    (storage): KernelEntry => ({
      ...rows,
      name: `sparseQuantize${storage}`,
      storage: `${storage} → I8`,
      worst: "halves, clipped columns, limits of the type",
      oracle: "sparseCode",
      check: checkSparseQuantize(storage),
    }),
  ),
  ...BYTES.flatMap((storage): KernelEntry[] => [
    {
      ...rows,
      name: `sparseMoments${storage}`,
      storage,
      oracle: "sparseMoments, rows in order",
      check: checkSparseMoments(storage),
    },
  ]),
  {
    ...rows,
    name: "sparseFirstBad",
    storage: "U32",
    worst: "columns too large, negative, repeated, descending",
    oracle: "firstBadEntry",
    check: checkSparseFirstBad,
  },
  {
    ...rows,
    name: "sparseColumns",
    storage: "F64",
    worst: "NaN and infinities anywhere",
    oracle: "entry by entry",
    check: checkSparseColumns,
  },
  {
    ...rows,
    name: "sparseSlotBytes",
    storage: "U32",
    worst: "the only one",
    oracle: "4·2¹⁷",
    check: checkSparseSlotBytes,
  },
  {
    ...rows,
    name: "sparseDistinct",
    storage: "F64 → U16",
    worst: "65,536 distinct values and one more; zeros of both signs",
    oracle: "tabulated",
    check: checkSparseDistinct,
  },
  {
    ...rows,
    name: "sparseToBytes",
    storage: "U16 → U8",
    worst: "0 and 255",
    oracle: "itself",
    check: checkSparseToBytes,
  },
  {
    ...rows,
    name: "sparseStarts",
    storage: "U32",
    worst: "rows taken twice, empty ones",
    oracle: "running sums",
    check: checkSparseStarts,
  },
  {
    ...rows,
    name: "sparseGather",
    storage: "U32, I16",
    worst: "rows taken twice, empty ones",
    oracle: "the rows' entries",
    check: checkSparseGather,
  },
  ...([false, true] as const).map(
    (isBack): KernelEntry => ({
      ...rows,
      name: isBack ? "separate" : "interleave",
      storage: "F64",
      worst: "odd outputs, poisoned padding",
      oracle: "place by place",
      check: checkInterleave(isBack),
    }),
  ),
  {
    ...rows,
    name: "sparseMaxRowNorm",
    storage: "I8",
    worst: "no row, no entry, an intercept",
    oracle: "Σ x² in float64",
    check: checkSparseMaxRowNorm,
  },
  {
    ...rows,
    name: "sparseEigenvalue",
    storage: "I8",
    worst: "a zero start, empty columns, an intercept",
    oracle: "powerIterations on dense rows",
    tolerance: "4·iterations·γ(rows + columns + 8)",
    check: checkSparseEigenvalue,
  },
];
