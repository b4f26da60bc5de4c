// Models as plain objects that JSON can carry.
import { BitcenterError, show } from "../errors.js";
import type { LinearModel } from "./linear-model.js";

/** `model` as an object for JSON.stringify; `extra` travels beside it. */
export function modelToJson(model: LinearModel, extra: Record<string, unknown> = {}): Record<string, unknown> {
  const { estimator, loss, classes, cols, coef, intercept, featureNames } = model;
  return {
    format: "bitcenter",
    version: 1,
    estimator,
    loss,
    classes,
    cols,
    coef: Array.from(coef),
    intercept: Array.from(intercept),
    featureNames,
    ...extra,
  };
}

/**
 * The model in an object made by `modelToJson`.
 * @throws BitcenterError BAD_FILE
 */
export function modelFromJson(value: unknown): LinearModel {
  const { format, estimator, loss, classes, cols, coef, intercept, featureNames } = (value ?? {}) as LinearModel & {
    format: unknown;
  };
  if (format !== "bitcenter") {
    throw new BitcenterError("BAD_FILE", `fromJSON: expected a model of bitcenter, given ${show(value)}`);
  }
  return {
    estimator,
    loss,
    classes,
    cols,
    coef: Float64Array.from(coef),
    intercept: Float64Array.from(intercept),
    featureNames,
  };
}
