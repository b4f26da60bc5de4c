// Models in files: one call to save, one to load, whatever the format.
import { BitcenterError } from "../errors.js";
import type { LinearEstimator } from "../estimators/estimator.js";
import { LinearRegression } from "../estimators/linear-regression.js";
import { LinearSVC } from "../estimators/linear-svc.js";
import { LogisticRegression } from "../estimators/logistic-regression.js";
import { modelFromJson, modelToJson, type SavedModel } from "../estimators/model-json.js";
import { fromLiblinear } from "../io/model/liblinear.js";
import { fromSafetensors } from "../io/model/safetensors.js";
import { badFile } from "../io/source.js";
import { refuseForeign } from "./foreign.js";
import { openFile } from "./open.js";
import { writeWhole } from "./write-file.js";

export type Estimator = LogisticRegression | LinearRegression | LinearSVC;

/** The options that make an estimator one of this loss, where a format does not carry them. */
function lossOptions({ estimator, loss, classes }: SavedModel): object {
  if (estimator !== "LogisticRegression") return { loss };
  return { multiClass: loss === "logistic" && (classes?.length ?? 0) > 2 ? "ovr" : "auto" };
}

/** An estimator that predicts as the model does, and can be fitted again with the options that were saved. */
export function estimatorFrom(model: SavedModel): Estimator {
  const { report } = model;
  const options = { ...lossOptions(model), ...model.options };
  const json = modelToJson(model, { options, ...(report && { report }) });
  if (model.estimator === "LogisticRegression") return LogisticRegression.fromJSON(json);
  return model.estimator === "LinearSVC" ? LinearSVC.fromJSON(json) : LinearRegression.fromJSON(json);
}

/** The first bytes of LIBLINEAR's text, and of safetensors' header after its eight bytes of length. */
const LIBLINEAR = "solver_type ";
const BRACE = 0x7b;

/** All bytes of a file. */
async function bytesOf(path: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of openFile(path)) chunks.push(chunk);
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/**
 * Loads a model from JSON, safetensors or LIBLINEAR's text, plain or gzip, or from standard input for "-": which one is told from its contents.
 * @throws BitcenterError BAD_FILE when there is no such file, or it is damaged, cut off, newer than this package or no model
 */
export async function loadModel(path: string): Promise<Estimator> {
  const bytes = await bytesOf(path);
  const name = path === "-" ? "standard input" : path;
  if (bytes.length === 0) badFile(name, "is empty, expected a model");
  refuseForeign(name, bytes);
  const saved = modelIn(bytes, name);
  try {
    return estimatorFrom(saved);
  } catch (error) {
    if (!(error instanceof BitcenterError)) throw error;
    // of options and report, which estimators check
    const code = error.code === "BAD_OPTION" ? "BAD_FILE" : error.code;
    throw new BitcenterError(code, `${name}: ${error.message}`, { cause: error });
  }
}

function modelIn(bytes: Uint8Array, name: string): SavedModel {
  if (bytes[8] === BRACE && bytes[0] !== BRACE) return fromSafetensors(bytes, name);
  const text = new TextDecoder().decode(bytes);
  if (text.startsWith(LIBLINEAR)) return fromLiblinear(text, name);
  if (!text.trimStart().startsWith("{")) badFile(name, "is no model: expected JSON, safetensors or LIBLINEAR's text");
  return modelFromJson(text, name);
}

/** Saves a model as JSON: whole or not at all. @throws BitcenterError BAD_FILE where the file cannot be written */
export function saveModel(model: LinearEstimator, path: string): void {
  writeWhole(path, `${JSON.stringify(model)}\n`);
}
