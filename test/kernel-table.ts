// The manifest: every kernel the module exports, what it may be given, and what it is measured against.
// kernels.test.ts runs each entry on every variant; mutants.test.ts runs broken kernels through the same entries; a test compares
// the names with the module's exports. A new export without an entry here fails the build.
import { INTERIOR, type InteriorFamily } from "./interior-kernels.js";
import { LAZY, type LazyFamily } from "./lazy-kernels.js";
import { LEVELS, type LevelFamily } from "./levels-kernels.js";
import { NEWTON, type NewtonFamily } from "./newton-kernels.js";
import { PACKED, type PackedFamily } from "./packed-kernels.js";
import { PROXIMAL, type ProximalFamily } from "./proximal-kernels.js";
import { SPARSE, type SparseFamily } from "./sparse-kernels.js";
import { checkDotGroups, checkPackGroups } from "./support/batch-checkers.js";
import {
  type Check,
  CODE7,
  CODE8,
  CODE16,
  checkAssembleGradient,
  checkCentreClasses,
  checkColumnSums,
  checkCountBins,
  checkCountClipped,
  checkCountLimits,
  checkDataGradient,
  checkDecodePlanes,
  checkDeviation,
  checkDot,
  checkExp32,
  checkExpm132,
  checkFirstNotFinite,
  checkFitsFloat32,
  checkFold,
  checkFused,
  checkFusedReal,
  checkGradient,
  checkKeptSquares,
  checkLargestEigenvalue,
  checkLossDerivative,
  checkLossDifference,
  checkLossPass,
  checkLowerMedian,
  checkMargins,
  checkMaxAbs,
  checkMaxCode,
  checkMaxRowNorm,
  checkNarrow,
  checkNegativeSums,
  checkNextCrowded,
  checkPermutation,
  checkPlanes,
  checkPublished,
  checkQuantize,
  checkRidge,
  checkSample,
  checkScalar,
  checkSoftmaxDerivative,
  checkSoftmaxDifference,
  checkSpread,
  checkStatistics,
  checkToCodes,
  checkToFloat32,
  checkToGrid,
  checkToStored,
  checkTouch,
  checkToWeights,
  dotExact,
  dotReal,
  EXP,
  FULL8,
  FULL16,
  LOG,
  LOG1P,
  REAL32,
  type Storage,
  updateI8I8,
  updateI8I16,
  updateI16I16,
} from "./support/checkers.js";
import { columnSumsInParts, eigenvalueInParts, inParts, permutationInParts } from "./support/part-checkers.js";
import { ZIPML, ZIPML_RUNS, type ZipmlFamily } from "./zipml-kernels.js";

export type Family =
  | "dot"
  | "fused"
  | "published"
  | "statistics"
  | "quantize"
  | "planes"
  | "narrow"
  | "margins"
  | "gradient"
  | "loss"
  | "scalar"
  | "derivative"
  | "coordinates"
  | "grid"
  | "vector"
  | "spectrum"
  | "batch"
  | NewtonFamily
  | InteriorFamily
  | ProximalFamily
  | LazyFamily
  | LevelFamily
  | PackedFamily
  | SparseFamily
  | ZipmlFamily;

export interface KernelEntry {
  /** Name of the export. */
  readonly name: string;
  readonly family: Family;
  /** Storage types of the operands, in order. */
  readonly storage: string;
  /** What the number of columns (or elements) must be. */
  readonly columns: string;
  /** The case closest to a bound, or the hardest one, that the checker visits. */
  readonly worst: string;
  /** What the answer is compared with. */
  readonly oracle: string;
  /** 0, or the derived bound (checkers.ts). */
  readonly tolerance: string;
  readonly check: Check;
}

type Facts = Omit<KernelEntry, "name" | "family" | "check">;

const RAW: readonly Storage[] = ["F64", "F32", "I16", "U8", "I8"];
const FLOATS = ["F64", "F32"] as const;
const CODES = ["I8", "I16", "F32"] as const;

const x32 = "multiple of 32";
const x4 = "multiple of 4, zero padding";
const any = "any";

const dots: readonly KernelEntry[] = [
  {
    name: "dotI8I8",
    family: "dot",
    storage: "I8 ±127 · I8",
    columns: x32,
    worst: "all ±127 · −128 and 127, up to 12 320 columns",
    oracle: "dotExact",
    tolerance: "0",
    check: checkDot({
      x: CODE8,
      z: FULL8,
      oracle: dotExact,
      worst: [
        [127, -128],
        [127, 127],
        [-127, -128],
        [-127, 127],
      ],
    }),
  },
  {
    name: "dotI8I16",
    family: "dot",
    storage: "I8 ±127 · I16",
    columns: x32,
    worst: "all 127 · −32768 in a window of 4096: 2 130 706 432 per int32 lane",
    oracle: "dotExact",
    tolerance: "0",
    check: checkDot({
      x: CODE8,
      z: FULL16,
      oracle: dotExact,
      worst: [
        [127, 32767],
        [127, -32768],
        [-127, 32767],
        [-127, -32768],
      ],
    }),
  },
  {
    name: "dotI16I16",
    family: "dot",
    storage: "I16 ±32767 · I16",
    columns: x32,
    worst: "all ±32767 · −32768: a pair is 2 147 418 112, two pairs pass int32",
    oracle: "dotExact",
    tolerance: "0",
    check: checkDot({
      x: CODE16,
      z: FULL16,
      oracle: dotExact,
      worst: [
        [32767, 32767],
        [32767, -32768],
        [-32767, 32767],
        [-32767, -32768],
      ],
    }),
  },
  {
    name: "dotI7I8",
    family: "dot",
    storage: "I8 0..127 · I8",
    columns: x32,
    worst: "all 127 · −128: 32 512 per int16 pair",
    oracle: "dotExact",
    tolerance: "0",
    check: checkDot({
      x: CODE7,
      z: FULL8,
      oracle: dotExact,
      worst: [
        [127, -128],
        [127, 127],
      ],
    }),
  },
  {
    name: "dotF32F32",
    family: "dot",
    storage: "F32 · F32",
    columns: x32,
    worst: "subnormal and huge scales",
    oracle: "dotFloat32",
    tolerance: "0",
    check: checkDot({
      x: REAL32,
      z: REAL32,
      oracle: dotReal,
      worst: [
        [8, 8],
        [-8, 8],
      ],
    }),
  },
];

const fused: readonly KernelEntry[] = [
  {
    name: "fusedI8I8",
    family: "fused",
    storage: "z I8, x I8 ±127, y I8 ±127",
    columns: x32,
    worst: "127·127 + 127 at s = 0..7, saturated u and z; dot of all −128 with all ±127",
    oracle: "updateI8I8, roundingBits",
    tolerance: "0",
    check: checkFused({ x: CODE8, z: FULL8, kMax: 127, sMax: 7, update: updateI8I8 }),
  },
  {
    name: "fusedI8I16",
    family: "fused",
    storage: "z I16, x I8 ±127, y I8 ±127",
    columns: x32,
    worst: "127·127 + 16383 = 32 512 at s = 14; dot of all −32768 with all ±127 beyond a window",
    oracle: "updateI8I16, roundingBits",
    tolerance: "0",
    check: checkFused({ x: CODE8, z: FULL16, kMax: 127, sMax: 14, update: updateI8I16 }),
  },
  {
    name: "fusedI16I16",
    family: "fused",
    storage: "z I16, x I16 ±32767, y I16 ±32767",
    columns: x32,
    worst: "32767² + 2²⁹ at s = 29; dot of all −32768 with all ±32767",
    oracle: "updateI16I16, roundingBits",
    tolerance: "0",
    check: checkFused({ x: CODE16, z: FULL16, kMax: 32767, sMax: 29, update: updateI16I16 }),
  },
  ...(
    [
      ["fusedF32F32", REAL32, "F32"],
      ["fusedI8F32", CODE8, "I8"],
      ["fusedI16F32", CODE16, "I16"],
    ] as const
  ).map(
    ([name, x, storage]): KernelEntry => ({
      name,
      family: "fused",
      storage: `z F32, x ${storage}, y ${storage}`,
      columns: x32,
      worst: "k from 2⁻¹⁴⁹ to 1e30",
      oracle: "fround(z + fround(k·x)), dotFloat32",
      tolerance: "0",
      check: checkFusedReal(x),
    }),
  ),
  {
    name: "fusedPublished",
    family: "published",
    storage: "z I8, x I8 ±127, y I8 ±127, h I16",
    columns: x32,
    worst: "k = −128, h at both limits, z at both limits, r = 255",
    oracle: "updatePublished",
    tolerance: "0",
    check: checkPublished,
  },
  ...(
    [
      ["I8", FULL8],
      ["I16", FULL16],
    ] as const
  ).map(
    ([storage, operand]): KernelEntry => ({
      name: `countLimits${storage}`,
      family: "vector",
      storage: `z ${storage}`,
      columns: any,
      worst: "all at a limit",
      oracle: "count of the two limits",
      tolerance: "0",
      check: checkCountLimits(operand),
    }),
  ),
  {
    name: "negativeSums",
    family: "vector",
    storage: "I8 ±127 → I32",
    columns: x32,
    worst: "all −127, 8 224 columns",
    oracle: "Σ max(0, −code)",
    tolerance: "0",
    check: checkNegativeSums,
  },
  {
    name: "permutation",
    family: "vector",
    storage: "U32",
    columns: any,
    worst: "one and two rows, 40 000 rows",
    oracle: "permutation",
    tolerance: "0",
    check: inParts(checkPermutation, permutationInParts),
  },
];

const batches: readonly KernelEntry[] = [
  {
    name: "packGroups",
    family: "batch",
    storage: "I8 ±127, order U32 → tiles I8, sums I32",
    columns: x32,
    worst: "one to three rows in the last group, rows apart by more than their columns",
    oracle: "tilesOf, Σ code",
    tolerance: "0",
    check: checkPackGroups,
  },
  {
    name: "dotGroups",
    family: "batch",
    storage: "tiles I8 ±127 · I16 → F32",
    columns: `${x32}, at most 131 072`,
    worst: "all ±127 · −32768 and 32767, 131 072 columns",
    oracle: "fround(Σ code·seen(z))",
    tolerance: "0",
    check: checkDotGroups,
  },
];

const statistics: readonly KernelEntry[] = [
  ...RAW.map(
    (raw): KernelEntry => ({
      name: `statistics${raw}`,
      family: "statistics",
      storage: raw,
      columns: raw === "I16" ? "multiple of 8" : raw === "F64" || raw === "F32" ? x4 : "multiple of 16",
      worst: "huge and tiny values, zeros of both signs, NaN; 600 rows at a limit, packed rows, two calls",
      oracle: "min, max, Number.isInteger, the sum in order of the rows",
      tolerance: "0",
      check: checkStatistics(raw),
    }),
  ),
  ...FLOATS.flatMap((raw): KernelEntry[] => {
    const facts = { family: "statistics", storage: raw, columns: any, tolerance: "0" } as const;
    return [
      {
        ...facts,
        name: `firstNotFinite${raw}`,
        worst: "the largest finite value; NaN, ±∞ first, in the middle, last, and between the rows",
        oracle: "Number.isFinite",
        check: checkFirstNotFinite(raw),
      },
      {
        ...facts,
        name: `countBins${raw}`,
        worst: "ties between bins, 14.9 bins from the offset, a width of 0",
        oracle: "nearest, ties to even",
        check: checkCountBins(raw),
      },
      {
        ...facts,
        name: `sample${raw}`,
        worst: "step beyond the last row",
        oracle: "element j of rows 0, step, …",
        check: checkSample(raw),
      },
      {
        ...facts,
        family: "quantize",
        name: `countClipped${raw}`,
        worst: "values half a code beyond the limit",
        oracle: "wideCode",
        check: checkCountClipped(raw),
      },
    ];
  }),
  {
    name: "nextCrowded",
    family: "statistics",
    storage: "U16",
    columns: any,
    worst: "pairs at either end of a column, and across two",
    oracle: "sums of neighbours",
    tolerance: "0",
    check: checkNextCrowded,
  },
  {
    name: "fitsFloat32",
    family: "statistics",
    storage: "F64",
    columns: any,
    worst: "1 + 2⁻²⁴, 2⁻¹⁵⁰, 1e39 at the first and last place",
    oracle: "Math.fround",
    tolerance: "0",
    check: checkFitsFloat32,
  },
  {
    name: "lowerMedian",
    family: "statistics",
    storage: "F64",
    columns: any,
    worst: "ties, constants, sorted, one value",
    oracle: "lowerMedian",
    tolerance: "0",
    check: checkLowerMedian,
  },
  {
    name: "deviation",
    family: "statistics",
    storage: "F64",
    columns: any,
    worst: "ties, constants, sorted, one value",
    oracle: "lowerMedian",
    tolerance: "0",
    check: checkDeviation,
  },
  ...(["F64", "F32"] as const).map(
    (storage): KernelEntry => ({
      name: `keptSquares${storage}`,
      family: "statistics",
      storage,
      columns: any,
      worst: "one outlier, columns of 1e±300 (1e±30), a column listed twice",
      oracle: "two sums in order of the rows",
      tolerance: "0",
      check: checkKeptSquares(storage),
    }),
  ),
];

const quantizers: readonly KernelEntry[] = [
  ...RAW.flatMap((from) =>
    CODES.map(
      (to): KernelEntry => ({
        name: `quantize${from}${to}`,
        family: "quantize",
        storage: `${from} → ${to}`,
        columns: any,
        worst: "ties, values beyond the range, ±1e300",
        oracle: to === "F32" ? "fround((x − offset)/scale)" : "clamp(wideCode)",
        tolerance: "0",
        check: checkQuantize({ from, to }),
      }),
    ),
  ),
  ...RAW.map(
    (from): KernelEntry => ({
      name: `planes${from}`,
      family: "planes",
      storage: `${from} → I8, I8`,
      columns: any,
      worst: "every x16 in ±32514",
      oracle: "splitPlanes",
      tolerance: "0",
      check: checkPlanes(from),
    }),
  ),
  {
    name: "decodePlanes",
    family: "planes",
    storage: "I8, I8 → F64",
    columns: any,
    worst: "every x16 in ±32512",
    oracle: "offset + scale·x16",
    tolerance: "0",
    check: checkDecodePlanes,
  },
  ...(
    [
      ["F64", "F32"],
      ["F64", "I16"],
      ["F64", "U8"],
      ["F64", "I8"],
      ["F32", "I16"],
      ["F32", "U8"],
      ["F32", "I8"],
    ] as const
  ).map(
    ([from, to]): KernelEntry => ({
      name: `narrow${from}${to}`,
      family: "narrow",
      storage: `${from} → ${to}`,
      columns: any,
      worst: "the limits of the narrow type",
      oracle: "typed array assignment",
      tolerance: "0",
      check: checkNarrow(from, to),
    }),
  ),
];

const rows: readonly KernelEntry[] = [
  {
    name: "spread",
    family: "narrow",
    storage: "bytes",
    columns: any,
    worst: "rows at the end of their own place",
    oracle: "typed array assignment",
    tolerance: "0",
    check: checkSpread,
  },
  {
    name: "touch",
    family: "narrow",
    storage: "bytes",
    columns: "multiple of 512 bytes",
    worst: "one line",
    oracle: "xor",
    tolerance: "0",
    check: checkTouch,
  },
];

const passes: readonly KernelEntry[] = ([...RAW, "Planes"] as const).flatMap((storage): KernelEntry[] => [
  {
    name: `margins${storage}`,
    family: "margins",
    storage: `${storage} · F64`,
    columns: x4,
    worst: "1, 2, 5, 7, 10 classes; float data with heavy tails",
    oracle: "preciseSum",
    tolerance: "0 on a grid of 1/64; else γ(columns + 2)·Σ|ab|",
    check: checkMargins(storage),
  },
  {
    name: `gradient${storage}`,
    family: "gradient",
    storage: `F64 · ${storage}`,
    columns: x4,
    worst: "rows around the block of 32; 1, 2, 5, 7, 10 classes",
    oracle: "preciseSum",
    tolerance: "0 on a grid of 1/64; else γ(rows + 2)·Σ|ab|",
    check: checkGradient(storage),
  },
]);

const float32: Facts = {
  storage: "F32",
  columns: "–",
  worst: "changes up to ±3e38, states at 0 and 1",
  oracle: "",
  tolerance: "0",
};

const losses: readonly KernelEntry[] = [
  {
    name: "lossPass",
    family: "loss",
    storage: "F64 → F64, F32",
    columns: any,
    worst: "margins ±1e4, 0 and the kinks",
    oracle: "lossValue, lossDerivative, stateFloat32",
    tolerance: "valueGap, derivativeGap (u64); 1 ulp of float32 for states",
    check: checkLossPass,
  },
  ...(
    [
      ["exp", EXP],
      ["log", LOG],
      ["log1p", LOG1P],
    ] as const
  ).map(
    ([name, spec]): KernelEntry => ({
      name,
      family: "scalar",
      storage: "F64",
      columns: "–",
      worst: "seams of the octaves, both ends of the range",
      oracle: "BigInt series, 220 bits",
      tolerance: `${spec.bound} u relative`,
      check: checkScalar(spec),
    }),
  ),
  { ...float32, name: "expf", family: "scalar", worst: "±80, seams", oracle: "expFloat32", check: checkExp32 },
  { ...float32, name: "expm1f", family: "scalar", worst: "±80, seams", oracle: "expm1Float32", check: checkExpm132 },
  {
    ...float32,
    name: "lossDifference",
    family: "derivative",
    oracle: "differenceFloat32",
    check: checkLossDifference,
  },
  {
    ...float32,
    name: "lossDerivative",
    family: "derivative",
    oracle: "derivativeFloat32",
    check: checkLossDerivative,
  },
  {
    ...float32,
    name: "softmaxDifference",
    family: "derivative",
    columns: any,
    oracle: "differenceFloat32",
    check: checkSoftmaxDifference,
  },
  {
    ...float32,
    name: "softmaxDerivative",
    family: "derivative",
    columns: any,
    oracle: "derivativeFloat32",
    check: checkSoftmaxDerivative,
  },
];

const coordinates: Facts = {
  storage: "F64",
  columns: any,
  worst: "no intercept, padding, scales over e^±6",
  oracle: "preciseSum",
  tolerance: "products and quotients 0; sums γ(columns + 3)·Σ|ab|",
};
const exactly: Facts = { storage: "F64", columns: any, worst: "limits, ties", oracle: "the formula", tolerance: "0" };

const outer: readonly KernelEntry[] = [
  { ...coordinates, name: "toWeights", family: "coordinates", check: checkToWeights },
  { ...coordinates, name: "toCodes", family: "coordinates", check: checkToCodes },
  { ...coordinates, name: "toStored", family: "coordinates", check: checkToStored },
  {
    ...coordinates,
    name: "assembleGradient",
    family: "coordinates",
    worst: "gradients of 2^±600: squares overflow and vanish",
    oracle: "the definition in float64",
    tolerance: "2·γ(7)·Σ|terms|; norms γ(5·terms + 8)",
    check: checkAssembleGradient,
  },
  {
    ...exactly,
    name: "columnSums",
    family: "vector",
    oracle: "preciseSum",
    tolerance: "0 for integers; else γ(rows + 1)·Σ|c|",
    check: inParts(checkColumnSums, columnSumsInParts),
  },
  ...CODES.flatMap((storage): KernelEntry[] => [
    { ...exactly, name: `fold${storage}`, family: "grid", storage: `${storage} → F64`, check: checkFold(storage) },
    { ...exactly, name: `toGrid${storage}`, family: "grid", storage: `F64 → ${storage}`, check: checkToGrid(storage) },
  ]),
  {
    ...exactly,
    name: "centreClasses",
    family: "vector",
    worst: "one class, heavy tails",
    oracle: "preciseSum",
    tolerance: "0 for integers and 2ⁿ classes; else 2·γ(classes + 2)·(mean|v| + |v|)",
    check: checkCentreClasses,
  },
  { ...exactly, name: "dataGradient", family: "vector", check: checkDataGradient },
  { ...exactly, name: "ridge", family: "vector", tolerance: "2·γ(2)·r", check: checkRidge },
  { ...exactly, name: "maxAbs", family: "vector", check: checkMaxAbs },
  { ...exactly, name: "maxCodeI8", family: "vector", storage: "I8", check: checkMaxCode("I8") },
  { ...exactly, name: "maxCodeI16", family: "vector", storage: "I16", check: checkMaxCode("I16") },
  { ...exactly, name: "toFloat32", family: "vector", storage: "F64 → F32", check: checkToFloat32 },
];

const spectrum: readonly KernelEntry[] = CODES.flatMap((storage): KernelEntry[] => [
  {
    name: `maxRowNorm${storage}`,
    family: "spectrum",
    storage,
    columns: any,
    worst: "all at the limit, 4128 columns",
    oracle: "Σ x² in float64",
    tolerance: storage === "F32" ? "2·γ(columns + 2)·Σx²" : "0",
    check: checkMaxRowNorm(storage),
  },
  {
    name: `largestEigenvalue${storage}`,
    family: "spectrum",
    storage,
    columns: x4,
    worst: "rank one, one non-zero entry, all zero",
    oracle: "power iterations in BigInt",
    tolerance: "γ(rows + columns + 8) carried through the iterations",
    check: inParts(checkLargestEigenvalue(storage), eigenvalueInParts),
  },
]);

export const TABLE: readonly KernelEntry[] = [
  ...dots,
  ...fused,
  ...batches,
  ...statistics,
  ...quantizers,
  ...rows,
  ...passes,
  ...losses,
  ...outer,
  ...spectrum,
  ...NEWTON,
  ...INTERIOR,
  ...PROXIMAL,
  ...ZIPML,
  ...LAZY,
  ...LEVELS,
  ...PACKED,
  ...SPARSE,
];

const INTEGER_PAIRS = ["I8I8", "I8I16", "I16I16", "U4I8", "U4I16", "U2I8", "U2I16"] as const;

/** Exports that act on a whole run, held to account step by step against test/oracle/inner.ts and batch.ts by parity.test.ts and batches.test.ts; and the module's own. */
export const RUN_LEVEL: readonly string[] = [
  "memory",
  "heapBase",
  "isRelaxed",
  "probe",
  ...[...INTEGER_PAIRS, "F32F32", "I8F32", "I16F32"].flatMap((pair) => [`begin${pair}`, `advance${pair}`]),
  ...INTEGER_PAIRS.map((pair) => `fillBase${pair}`),
  "preparePublished",
  "advancePublished",
  "advanceBatches",
  ...ZIPML_RUNS,
];
