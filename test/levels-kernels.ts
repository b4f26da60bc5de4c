// Entries of the level solvers' kernels, part of the manifest in kernel-table.ts.
import type { KernelEntry } from "./kernel-table.js";
import {
  checkCellBytes,
  checkCentreCells,
  checkFillCells,
  checkFirstBadWeight,
  checkFirstOutside,
  checkLevelScratchBytes,
  checkLevelVariance,
  checkLloydMax,
  checkPointsOfCells,
  checkPointsOfSorted,
  checkScaleWeights,
  checkSearch,
  checkSortAscending,
  checkSortScratchBytes,
  checkSplitCells,
  checkThinPoints,
  checkThinScratchBytes,
  checkValueRange,
  checkWeighCells,
  checkWeighFineCells,
} from "./support/level-checkers.js";
import { fillCellsInParts, inParts, layersInParts, sortInParts } from "./support/part-checkers.js";

export type LevelFamily = "points" | "levels";

type Facts = Omit<KernelEntry, "name" | "worst" | "oracle" | "check">;
const points: Facts = { family: "points", storage: "F64", columns: "any", tolerance: "0" };
const levels: Facts = { family: "levels", storage: "F64 × 4", columns: "any", tolerance: "0" };
const size = { storage: "–", oracle: "the layout" };
const search = {
  ...levels,
  worst: "evenly spaced points (ties everywhere), weights of 0, as many intervals as points allow",
  oracle: "programme",
  tolerance: "0 on whole numbers, else (34 + n)·u·Σw·R² per interval",
  check: checkSearch,
};
const sum = "the exact sum's last rounding";

export const LEVELS: readonly KernelEntry[] = [
  { ...points, ...size, name: "sortScratchBytes", worst: "2^20, weights", check: checkSortScratchBytes },
  {
    ...points,
    name: "sortAscending",
    worst: "zeros of both signs, equal values whose weights keep their order, both ends of float64",
    oracle: "Array.sort",
    check: inParts(checkSortAscending, sortInParts),
  },
  {
    ...points,
    name: "firstBadWeight",
    worst: "−5e-324, NaN, ±∞ at every end; −0 is none",
    oracle: "a scan",
    check: checkFirstBadWeight,
  },
  {
    ...points,
    name: "scaleWeights",
    worst: "5e-324 and 1.7e308 as the largest",
    oracle: "halving and doubling",
    check: checkScaleWeights,
  },
  {
    ...points,
    name: "pointsOfSorted",
    storage: "F64 → F64 × 4",
    worst: "1000 + U(0, 1), both ends of float64, all equal",
    oracle: "preciseSum",
    tolerance: sum,
    check: checkPointsOfSorted,
  },
  {
    ...points,
    name: "valueRange",
    worst: "−0 alone, an extreme at every place",
    oracle: "sorting",
    check: checkValueRange,
  },
  { ...points, ...size, name: "cellBytes", worst: "2^20", check: checkCellBytes },
  {
    ...points,
    name: "weighCells",
    worst: "values on the edges of cells, weights of 0",
    oracle: "the formula",
    check: checkWeighCells,
  },
  {
    ...points,
    name: "splitCells",
    worst: "masses from 2⁻⁶⁰ to 1e6, all alike, all but one 0",
    oracle: "the formula",
    check: checkSplitCells,
  },
  {
    ...points,
    name: "centreCells",
    worst: "half of the mass reached exactly, in the first cell, in the last",
    oracle: "the formula",
    check: checkCentreCells,
  },
  {
    ...points,
    name: "weighFineCells",
    worst: "values on the edges of cells, weights of 0",
    oracle: "the formula",
    check: checkWeighFineCells,
  },
  {
    ...points,
    name: "fillCells",
    storage: "F64 → F64 × 5",
    worst: "values on the edges of cells, all but two values in one",
    oracle: "the formula",
    check: inParts(checkFillCells, fillCellsInParts),
  },
  {
    ...points,
    name: "pointsOfCells",
    storage: "F64 × 5 → F64 × 4",
    worst: "empty cells at both ends, cells of one value",
    oracle: "preciseSum",
    tolerance: `0 on whole numbers, else ${sum} and γ(8) of the cells`,
    check: checkPointsOfCells,
  },
  { ...levels, ...size, name: "levelScratchBytes", worst: "2^20 points, 15 intervals", check: checkLevelScratchBytes },
  { ...search, name: "levelsExact" },
  { ...search, name: "levelsDivide", check: inParts(checkSearch, layersInParts) },
  { ...search, name: "levelsSmawk" },
  { ...levels, ...size, name: "thinScratchBytes", worst: "2^20 points", check: checkThinScratchBytes },
  {
    ...levels,
    name: "thinPoints",
    worst: "evenly spaced points: all pairs cost the same; an odd interval left over",
    oracle: "adaquant",
    check: checkThinPoints,
  },
  {
    ...levels,
    name: "firstOutside",
    storage: "F64",
    worst: "one unit in the last place outside",
    oracle: "a scan",
    check: checkFirstOutside,
  },
  {
    ...levels,
    name: "levelVariance",
    storage: "F64",
    worst: "values that are levels, one level alone",
    oracle: "costOf",
    check: checkLevelVariance,
  },
  {
    ...levels,
    name: "lloydMax",
    worst: "values halfway between levels, levels without values, no turn at all",
    oracle: "lloyd",
    tolerance: "levels 0; their error 12·u·Σw·(3R)²",
    check: checkLloydMax,
  },
];
