// Files of other programs, known by how they begin: whoever hands one over is told what it is.
import { badFile } from "../io/source.js";

/** Bytes that are looked at. */
export const FOREIGN_HEAD = 512;

const BEGINNINGS: readonly (readonly [string, string])[] = [
  ["PK\x03\x04", "a zip archive (NPZ, XLSX, Keras and PyTorch files are such)"],
  ["\x89HDF\r\n", "an HDF5 file"],
  ["ARROW1\0\0", "an Arrow file"],
  ["SQLite format 3\0", "an SQLite database"],
  ["%PDF-", "a PDF"],
  ["\x89PNG", "a PNG image"],
  ["\xff\xd8\xff", "a JPEG image"],
  ["\xfd7zXZ\0", "compressed by xz (gzip is read)"],
  ["\x28\xb5\x2f\xfd", "compressed by zstd (gzip is read)"],
  ["MATLAB 5.0 MAT-file", "a MATLAB file"],
  ["svm_type ", "a model of LIBSVM"],
];

/** Tags of protocol buffers that follow the version in a ModelProto of ONNX: producer, its version, domain, model's version, documentation, graph, opsets. */
const ONNX_TAGS = new Set([0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42]);

/** What a file that begins with `head` is, in words, if it is nothing that is read here. */
export function foreignKind(head: Uint8Array): string | null {
  const text = String.fromCharCode(...head.subarray(0, FOREIGN_HEAD));
  const known = BEGINNINGS.find(([beginning]) => text.startsWith(beginning));
  if (known !== undefined) return known[1];
  if (head[0] === 0x08 && (head[1] as number) < 32 && ONNX_TAGS.has(head[2] as number)) return "an ONNX model";
  // words that a table may begin with
  if (/^PAR1[^ -~\s]/.test(text)) return "a Parquet file";
  if (/^BZh[1-9]1AY&SY/.test(text)) return "compressed by bzip2 (gzip is read)";
  // protocols 2 to 5
  if (head[0] === 0x80 && (head[1] as number) >= 2 && (head[1] as number) <= 5) return "a Python pickle (joblib too)";
  if (text.slice(4, 8) === "TFL3") return "a TensorFlow Lite model";
  if (text.startsWith("/*") && text.includes("Written by bitcenter")) return "a C header of a model";
  if (/^\s*<(?:!doctype|html|\?xml)/i.test(text)) return "a page of HTML or XML";
  return null;
}

/** Throws when `head` is the beginning of a file that is nothing to read here. @throws BitcenterError BAD_FILE */
export function refuseForeign(name: string, head: Uint8Array): void {
  const kind = foreignKind(head);
  if (kind === null) return;
  const written = kind.startsWith("an ONNX") || kind.startsWith("a C header") ? ", which is written but not read" : "";
  badFile(
    name,
    `is ${kind}${written}; models are read from JSON, safetensors and LIBLINEAR's text, data from LIBSVM, CSV, TSV, NPY and IDX`,
  );
}

/** Models begin with a brace, LIBLINEAR's first word, or the length of safetensors' header and a brace. */
export function isModelHead(head: Uint8Array): boolean {
  const text = String.fromCharCode(...head.subarray(0, FOREIGN_HEAD));
  return text.trimStart().startsWith("{") || text.startsWith("solver_type ") || (text[8] === "{" && text[0] !== "{");
}
