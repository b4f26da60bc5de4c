// Public names of bitcenter/node: what needs files.
export { type Estimator, loadModel, saveModel } from "./model-file.js";
export { openFile } from "./open.js";
export { type FileData, type FileFormat, type FileOptions, readFile } from "./read-file.js";
