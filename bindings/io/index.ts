// Public names of bitcenter/io.
export { type IdxArray, isGzip, readIdx } from "./idx.js";
export type { JsonNumber, JsonObject, ModelExtra, ModelJson, SavedModel } from "../estimators/model-json.js";
export { modelFromJson, modelToJson } from "../estimators/model-json.js";
export type { LinearModel } from "../estimators/linear-model.js";
export { fromLiblinear, toLiblinear } from "./model/liblinear.js";
export { type OnnxOptions, toOnnx } from "./model/onnx.js";
export { fromSafetensors, toSafetensors } from "./model/safetensors.js";
