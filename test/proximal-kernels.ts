// Entries of the vectors behind l1 problems, part of the manifest in kernel-table.ts.
import type { KernelEntry } from "./kernel-table.js";
import {
  checkCompleteMatrix,
  checkL1Change,
  checkL1Free,
  checkL1Jump,
  checkL1Least,
  checkL1Mask,
  checkL1Norm,
  checkL1Reach,
  checkL1Shift,
  checkL1Slopes,
  checkL1Step,
  checkL1Sweep,
  checkL1Take,
  checkLeastSubgradient,
  checkScatter,
  checkSubmatrix,
  checkSymmetricProduct,
} from "./support/proximal-checkers.js";

export type ProximalFamily = "proximal";

const row: Omit<KernelEntry, "name" | "oracle" | "check"> = {
  family: "proximal",
  storage: "F64",
  columns: "any",
  worst: "zeros of both signs, strengths of 0, steps to a zero, past it and 2⁻³⁹ or 2⁻⁴¹ short of it",
  tolerance: "0",
};

export const PROXIMAL: readonly KernelEntry[] = [
  { ...row, name: "l1Norm", oracle: "l1Norm", check: checkL1Norm },
  {
    ...row,
    name: "leastSubgradient",
    worst: "slopes on the corner, 1 to 3 classes",
    oracle: "leastSubgradientNorm",
    check: checkLeastSubgradient,
  },
  { ...row, name: "l1Least", worst: "slopes on the corner", oracle: "leastNorm", check: checkL1Least },
  { ...row, name: "l1Jump", oracle: "jumped", check: checkL1Jump },
  {
    ...row,
    name: "l1Shift",
    worst: "2 to 7 classes, corners that meet, l2 of 0",
    tolerance: "0 at corners, else two roundings",
    oracle: "shifted",
    check: checkL1Shift,
  },
  { ...row, name: "symmetricProduct", oracle: "symmetricProduct", check: checkSymmetricProduct },
  { ...row, name: "completeMatrix", worst: "any lower part", oracle: "completed", check: checkCompleteMatrix },
  { ...row, name: "l1Sweep", oracle: "sweep", check: checkL1Sweep },
  { ...row, name: "l1Free", storage: "F64 → U32", oracle: "free", check: checkL1Free },
  { ...row, name: "submatrix", oracle: "submatrix", check: checkSubmatrix },
  { ...row, name: "scatter", oracle: "scattered", check: checkScatter },
  { ...row, name: "l1Slopes", oracle: "slopes", check: checkL1Slopes },
  { ...row, name: "l1Mask", oracle: "masked", check: checkL1Mask },
  { ...row, name: "l1Reach", oracle: "reach", check: checkL1Reach },
  { ...row, name: "l1Step", oracle: "step", check: checkL1Step },
  { ...row, name: "l1Change", oracle: "change", check: checkL1Change },
  { ...row, name: "l1Take", oracle: "take", check: checkL1Take },
];
