// Public names of bitcenter/io.
export { type IdxArray, isGzip, readIdx } from "./idx.js";
