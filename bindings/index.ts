/**
 * @module bitcenter
 */
// Public names, nothing else.
export type { DataBits, Dataset, DatasetOptions, ExactCopy } from "./data/dataset.js";
export { createEngine, type Engine, type EngineOptions } from "./data/engine.js";
export { type LevelMethod, type LevelOptions, optimalLevels, roundingVariance } from "./data/levels.js";
export type { DenseMatrix, MatrixInput, NumericArray, SparseMatrix } from "./data/matrix.js";
export type { CodeLevels } from "./data/packed.js";
export type { Evaluation, LossName, Problem, ProblemOptions, Weights, WeightsInput } from "./data/problem.js";
export type { Variant } from "./engine/load.js";
export { BitcenterError, type BitcenterErrorCode } from "./errors.js";
export type {
  FitOptions,
  FitProgress,
  LinearEstimator,
  PartialFitOptions,
  ScoreOptions,
} from "./estimators/estimator.js";
export type { FitReport } from "./estimators/fit-report.js";
export { KFold, type KFoldOptions, type Split, type Splitter, StratifiedKFold } from "./estimators/folds.js";
export type { ClassWeights, Label } from "./estimators/labels.js";
export type { EstimatorName, LinearModel } from "./estimators/linear-model.js";
export { LinearRegression, type LinearRegressionOptions } from "./estimators/linear-regression.js";
export { LinearSVC, type LinearSVCOptions } from "./estimators/linear-svc.js";
export { LogisticRegression, type LogisticRegressionOptions } from "./estimators/logistic-regression.js";
export {
  type AnyEstimator,
  type CrossValidateOptions,
  type CrossValidation,
  crossValidate,
  type L2PathOptions,
  type LabelOf,
  l2Path,
  type PathPoint,
} from "./estimators/model-selection.js";
export type { ClassifierOptions, EstimatorOptions, Penalty, SolverName } from "./estimators/options.js";
export type { RowsInput } from "./estimators/rows.js";
export type { Ending } from "./estimators/training.js";
export { type AutoOptions, auto, type NewtonOptions, type NewtonReport, newton } from "./solvers/newton/newton.js";
export { type HalpOptions, halp } from "./solvers/stochastic/halp.js";
export { lpSgd } from "./solvers/stochastic/lp-sgd.js";
export { type LpOptions, type LpSvrgOptions, lpSvrg } from "./solvers/stochastic/lp-svrg.js";
export type {
  AnchorOption,
  BatchSize,
  CommonOptions,
  DeltaBits,
  InnerData,
  Rounding,
  Sampling,
} from "./solvers/stochastic/options.js";
export type { StepReport } from "./solvers/stochastic/report.js";
export { type SagaOptions, saga } from "./solvers/stochastic/saga.js";
export { type SgdOptions, sgd } from "./solvers/stochastic/sgd.js";
export { type SvrgOptions, svrg } from "./solvers/stochastic/svrg.js";
export type {
  PolynomialOptions,
  RefetchRule,
  SampleEstimator,
  SampleScaling,
  SampleSource,
  ZipmlOptions,
} from "./solvers/zipml/options.js";
export { type ZipmlReport, zipml } from "./solvers/zipml/zipml.js";
