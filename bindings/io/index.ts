// Public names of bitcenter/io.

export type { LinearModel } from "../estimators/linear-model.js";
export type {
  JsonNumber,
  JsonObject,
  ModelExtra,
  ModelJson,
  SavedExtra,
  SavedModel,
} from "../estimators/model-json.js";
export { modelFromJson, modelToJson } from "../estimators/model-json.js";
export { type ArrowColumn, type ArrowData, type ArrowOptions, type ArrowTable, fromArrow } from "./arrow.js";
export { type CsvOptions, readCsv } from "./csv/csv.js";
export type { CsvData, OneHot } from "./csv/table.js";
export { type IdxArray, type IdxOptions, parseIdx, readIdx } from "./idx.js";
export { type LibsvmData, type LibsvmOptions, readLibsvm } from "./libsvm.js";
export { type CHeaderOptions, toCHeader } from "./model/c-header.js";
export { fromLiblinear, toLiblinear } from "./model/liblinear.js";
export { type OnnxOptions, toOnnx } from "./model/onnx.js";
export {
  type Agreement,
  type Codes,
  type CodeType,
  type QuantizedModel,
  type QuantizeOptions,
  quantizedModel,
  type Rows,
} from "./model/quantized.js";
export { fromSafetensors, toSafetensors } from "./model/safetensors.js";
export { type NpyOptions, readNpy, toNpy } from "./npy.js";
export { type ByteSource, isGzip } from "./source.js";
