// Public names of bitcenter/io.
export { type ArrowColumn, type ArrowData, type ArrowOptions, type ArrowTable, fromArrow } from "./arrow.js";
export { type CsvOptions, readCsv } from "./csv/csv.js";
export type { CsvData, OneHot } from "./csv/table.js";
export { type IdxArray, type IdxOptions, parseIdx, readIdx } from "./idx.js";
export { type LibsvmData, type LibsvmOptions, readLibsvm } from "./libsvm.js";
export { type NpyOptions, readNpy, toNpy } from "./npy.js";
export { type ByteSource, isGzip } from "./source.js";
