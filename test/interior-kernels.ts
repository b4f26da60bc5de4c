// Entries of the interior-point method's row kernels, part of the manifest in kernel-table.ts.
import type { KernelEntry } from "./kernel-table.js";
import {
  checkAim,
  checkCurvature,
  checkDerivatives,
  checkGap,
  checkMove,
  checkProducts,
  checkReach,
  checkStart,
} from "./support/interior-checkers.js";

export type InteriorFamily = "interior";

const row: Omit<KernelEntry, "name" | "oracle" | "check"> = {
  family: "interior",
  storage: "F64",
  columns: "any",
  worst: "a or 1 − a at 1e-15, s and ξ from 1e-14 to 1e6, weights of 0, γ of 0",
  tolerance: "0",
};

export const INTERIOR: readonly KernelEntry[] = [
  { ...row, name: "interiorStart", worst: "margins on the kink and 1e6 away", oracle: "startRows", check: checkStart },
  { ...row, name: "interiorCurvature", storage: "F64 → F32", oracle: "curvatureOfRows", check: checkCurvature },
  { ...row, name: "interiorAim", oracle: "aimRows", check: checkAim },
  { ...row, name: "interiorDerivatives", oracle: "derivativesOfRows", check: checkDerivatives },
  { ...row, name: "interiorReach", oracle: "reachOfRows", check: checkReach },
  { ...row, name: "interiorProducts", oracle: "productsOfRows", check: checkProducts },
  { ...row, name: "interiorMove", oracle: "moveRows", check: checkMove },
  { ...row, name: "interiorGap", oracle: "gapOfRows", check: checkGap },
];
