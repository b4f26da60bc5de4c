// Names of the module's exports, as types: a misspelt kernel does not compile. Signatures stand in assembly/index.ts.

/** Storage of raw rows. */
export type RawStorage = "F64" | "F32" | "I16" | "U8" | "I8";
/** Storage of codes, and of the model part z. */
export type CodeStorage = "I8" | "I16" | "F32";
/** Storage of packed codes, 4 or 2 bits each: assembly/kernel/packed.ts. */
export type PackedStorage = "U4" | "U2";
/** Pairs (codes, z) the inner loops exist for. */
export type InnerPair = "I8I8" | "I8I16" | "I16I16" | "F32F32" | "I8F32" | "I16F32" | `${PackedStorage}${"I8" | "I16"}`;
/** Matrices of bytes the integer passes exist for. */
export type ByteStorage = "I8" | "U8";
/** Storage of the values of sparse rows: raw ones, or places in a table of distinct ones. */
export type SparseStorage = RawStorage | "T8" | "T16";
/** Those of one byte, which Hessian products are computed on. */
export type SparseByteStorage = ByteStorage | "T8";
type Floats = "F64" | "F32";

export type KernelName =
  | "heapBase"
  | "isRelaxed"
  | "probe"
  | "permutation"
  | "dotI8I8"
  | "dotI8I16"
  | "dotI16I16"
  | "dotI7I8"
  | "dotF32F32"
  | `statistics${RawStorage}`
  | `firstNotFinite${Floats}`
  | "fitsFloat32"
  | `countBins${Floats}`
  | "nextCrowded"
  | `sample${Floats}`
  | `keptSquares${Floats}`
  | `squares${RawStorage}`
  | "lowerMedian"
  | "deviation"
  | "sortScratchBytes"
  | "sortAscending"
  | "firstBadWeight"
  | "scaleWeights"
  | `pointsOf${"Sorted" | "Cells"}`
  | "valueRange"
  | "cellBytes"
  | `${"weigh" | "weighFine" | "split" | "centre" | "fill"}Cells`
  | "levelScratchBytes"
  | `levels${"Exact" | "Divide" | "Smawk"}`
  | "thinScratchBytes"
  | "thinPoints"
  | "firstOutside"
  | "levelVariance"
  | "lloydMax"
  | `quantize${RawStorage}${CodeStorage}`
  | `countClipped${Floats}`
  | `planes${RawStorage}`
  | "touch"
  | "spread"
  | "decodePlanes"
  | "narrowF64F32"
  | `narrow${Floats}${"I16" | "U8" | "I8"}`
  | `margins${RawStorage | "Planes"}`
  | `gradient${RawStorage | "Planes"}`
  | "lossPass"
  | `begin${InnerPair}`
  | `advance${InnerPair}`
  | "fillBaseI8I8"
  | "fillBaseI8I16"
  | "fillBaseI16I16"
  | `${"pack" | "unpack" | "indexDot" | "axpy" | "axpyWhole"}${PackedStorage | "U1"}`
  | `dot${PackedStorage | "U1"}${"I8" | "I16"}`
  | `${"fused" | "fusedWhole"}${PackedStorage}${"I8" | "I16"}`
  | `negativeSums${PackedStorage}`
  | `fillBase${PackedStorage}${"I8" | "I16"}`
  | "preparePublished"
  | "advancePublished"
  | "packGroups"
  | "dotGroups"
  | "advanceBatches"
  | `${"open" | "settle" | "advance"}Lazy${CodeStorage}`
  | `${"begin" | "fillBase" | "end"}Lazy`
  | "lazyBytes"
  | "longestRow"
  | "countLimitsI8"
  | "countLimitsI16"
  | "negativeSums"
  | "toWeights"
  | "toStored"
  | "toCodes"
  | "assembleGradient"
  | "columnSums"
  | `fold${CodeStorage}`
  | `toGrid${CodeStorage}`
  | "centreClasses"
  | "dataGradient"
  | "ridge"
  | "maxAbs"
  | "maxCodeI8"
  | "maxCodeI16"
  | "toFloat32"
  | "toFloat64"
  | "tileBytes"
  | "markTiles"
  | `multiply${ByteStorage}`
  | `transposed${ByteStorage}`
  | "dotF64"
  | "addScaled"
  | "combine"
  | "scaleColumns"
  | "weightedSquares"
  | "toInt16"
  | "subtractCodes"
  | "addInt32"
  | "sumInt16"
  | "classWeights"
  | "curvatureRows"
  | "applyCurvature"
  | "rowWeights"
  | "plane1"
  | "planeSoftmax"
  | `interior${"Start" | "Curvature" | "Aim" | "Derivatives" | "Reach" | "Products" | "Move" | "Gap"}`
  | `l1${"Norm" | "Least" | "Jump" | "Sweep" | "Free" | "Slopes" | "Mask" | "Reach" | "Step" | "Change" | "Take" | "Shift"}`
  | "leastSubgradient"
  | "symmetricProduct"
  | "completeMatrix"
  | "submatrix"
  | "scatter"
  | "choleskyFactor"
  | "choleskySolve"
  | "gramScratchBytes"
  | `weightCodes${ByteStorage}`
  | `gram${ByteStorage}`
  | `weightedSums${ByteStorage}`
  | `moments${ByteStorage}`
  | "blockScratchBytes"
  | `blockMargins${ByteStorage}`
  | `hessian${ByteStorage}`
  | `follow${ByteStorage}`
  | "frameMaps"
  | "snap"
  | "roundingError"
  | "assembleProduct"
  | "assembleGram"
  | "raiseDiagonal"
  | "assembleDiagonal"
  | "sampleRows"
  | "sumWeights"
  | "multiplyF32"
  | "exp"
  | "log"
  | "weaveCodes"
  | "unweave"
  | "weaveUnits"
  | `${"begin" | "advance" | "pack" | "variances" | "outline"}Zipml`
  | "gather"
  | `maxRowNorm${CodeStorage}`
  | `largestEigenvalue${CodeStorage}`
  | `sparse${"FirstBad" | "Columns" | "SlotBytes" | "Distinct" | "ToBytes" | "Starts" | "Gather"}`
  | `sparseQuantize${SparseStorage}`
  | `sparse${"Margins" | "Gradient" | "Gram"}${SparseStorage}`
  | `sparse${"Moments" | "RowSquares"}${SparseByteStorage}`
  | "sparseMaxRowNorm"
  | "sparseEigenvalue"
  | "interleave"
  | "separate";

export type Kernel = (...args: number[]) => number;
export type Kernels = Readonly<Record<KernelName, Kernel>>;
