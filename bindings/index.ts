// Public names, nothing else.
export type { DataBits, Dataset, DatasetOptions, ExactCopy } from "./data/dataset.js";
export { createEngine, type Engine, type EngineOptions } from "./data/engine.js";
export type { DenseMatrix, MatrixInput, NumericArray } from "./data/matrix.js";
export type { Evaluation, LossName, Problem, ProblemOptions, Weights, WeightsInput } from "./data/problem.js";
export type { Variant } from "./engine/load.js";
export { BitcenterError, type BitcenterErrorCode } from "./errors.js";
export { type HalpOptions, halp } from "./solvers/halp.js";
export { lpSgd } from "./solvers/lp-sgd.js";
export { type LpOptions, type LpSvrgOptions, lpSvrg } from "./solvers/lp-svrg.js";
export { type AutoOptions, auto, type NewtonOptions, type NewtonReport, newton } from "./solvers/newton.js";
export type { AnchorOption, BatchSize, CommonOptions, DeltaBits, Rounding, Sampling } from "./solvers/options.js";
export type { StepReport } from "./solvers/report.js";
export { type SagaOptions, saga } from "./solvers/saga.js";
export { type SgdOptions, sgd } from "./solvers/sgd.js";
export { type InnerData, type SvrgOptions, svrg } from "./solvers/svrg.js";
