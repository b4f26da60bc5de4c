// Plain writers of the file formats, comparison with the oracle's readers, and bytes in pieces.
import type { SparseMatrix } from "../../bindings/data/matrix.js";
import { BitcenterError } from "../../bindings/errors.js";
import { csvSink } from "../../bindings/io/csv/csv.js";
import type { CsvData } from "../../bindings/io/csv/table.js";
import { type IdxArray, idxSink } from "../../bindings/io/idx.js";
import { type LibsvmData, libsvmSink } from "../../bindings/io/libsvm.js";
import { npySink } from "../../bindings/io/npy.js";
import type { Sink } from "../../bindings/io/source.js";
import {
  type PlainArray,
  type PlainCsvOptions,
  type PlainRows,
  plainCsv,
  plainIdx,
  plainLibsvm,
  plainNpy,
} from "../oracle/formats.js";
import type { Dice } from "./random.js";

const encoder = new TextEncoder();
export const utf8 = (text: string): Uint8Array<ArrayBuffer> => encoder.encode(text);

export function join(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** The bytes cut at `cuts`. */
export function pieces(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, i) => bytes.slice(places[i], end));
}

export function randomPieces(bytes: Uint8Array, dice: Dice): Uint8Array[] {
  return pieces(
    bytes,
    Array.from({ length: dice.below(5) }, () => dice.below(bytes.length + 1)),
  );
}

export function feed<T>(sink: Sink<T>, chunks: readonly Uint8Array[]): T {
  for (const chunk of chunks) sink.write(chunk);
  return sink.end();
}

/** An IDX file of `type` with the given values. */
export function idxFile(type: number, shape: readonly number[], values: readonly number[]): Uint8Array<ArrayBuffer> {
  const size = { 8: 1, 9: 1, 11: 2, 12: 4, 13: 4, 14: 8 }[type] as number;
  const bytes = new Uint8Array(4 + 4 * shape.length + size * values.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0, 0, type, shape.length]);
  shape.forEach((one, i) => {
    view.setUint32(4 + 4 * i, one);
  });
  values.forEach((value, i) => {
    const at = 4 + 4 * shape.length + size * i;
    if (type === 8) view.setUint8(at, value);
    else if (type === 9) view.setInt8(at, value);
    else if (type === 11) view.setInt16(at, value);
    else if (type === 12) view.setInt32(at, value);
    else if (type === 13) view.setFloat32(at, value);
    else view.setFloat64(at, value);
  });
  return bytes;
}

/** An NPY file with the given header text and bytes of values. */
export function npyFile(version: 1 | 2 | 3, header: string, values: Uint8Array): Uint8Array<ArrayBuffer> {
  const text = utf8(`${header}\n`);
  const length = version === 1 ? [text.length & 255, text.length >> 8] : [text.length & 255, text.length >> 8, 0, 0];
  return join(Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0), Uint8Array.from(length), text, values);
}

export const npyHeader = (descr: string, shape: string, order = "False"): string =>
  `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': (${shape}), }`;

/** What a reader made of a file: numbers and texts alone, or null if it was refused. */
export interface Outcome {
  readonly summary: string | null;
  /** Of the refusal. */
  readonly message: string;
}

/** -0 and 0 are the same number, NaN is itself. */
const plain = (value: number): string => (value === 0 ? "0" : String(value));

function summaryOfRows(data: PlainRows): string {
  const { rows, cols, entries, y, names, qid } = data;
  const text = entries.map((row) => row.map(([j, value]) => `${j}:${plain(value)}`).join(" ")).join("\n");
  const labels = y?.map((label) => (typeof label === "number" ? plain(label) : JSON.stringify(label))).join();
  return `${rows} × ${cols}\n${text}\n${labels}\n${JSON.stringify(names)}\n${qid}`;
}

const summaryOfArray = ({ shape, values }: PlainArray): string => `${shape}\n${values.map(plain).join()}`;

function entriesOf(X: SparseMatrix): (readonly [number, number])[][] {
  return Array.from({ length: X.rows }, (_, i) =>
    Array.from({ length: (X.indptr[i + 1] as number) - (X.indptr[i] as number) }, (_, k) => {
      const at = (X.indptr[i] as number) + k;
      return [X.indices[at] as number, X.data[at] as number] as const;
    }),
  );
}

export function summaryOfLibsvm({ X, y, qid }: LibsvmData): string {
  const rows = { rows: X.rows, cols: X.cols, entries: entriesOf(X), y: [...y], names: null };
  return summaryOfRows({ ...rows, qid: qid === null ? null : [...qid] });
}

export function summaryOfCsv({ X, y, featureNames }: CsvData): string {
  const data = X.data as Float64Array;
  const entries = Array.from({ length: X.rows }, (_, i) =>
    Array.from({ length: X.cols }, (_, j) => [j, data[i * X.cols + j] as number] as const),
  );
  const labels = y === null ? null : [...y];
  return summaryOfRows({ rows: X.rows, cols: X.cols, entries, y: labels, names: featureNames, qid: null });
}

const summaryOfIdx = ({ data, shape }: IdxArray): string => summaryOfArray({ shape, values: [...data] });

/** A refusal is a BitcenterError from our readers, and any error from the oracle's. */
export function outcome(read: () => string, isOurs: boolean): Outcome {
  try {
    return { summary: read(), message: "" };
  } catch (error) {
    if (isOurs && !(error instanceof BitcenterError && error.code !== "OUT_OF_MEMORY")) throw error;
    return { summary: null, message: (error as Error).message };
  }
}

export interface Reader {
  readonly ours: (chunks: readonly Uint8Array[]) => string;
  readonly oracle: (bytes: Uint8Array) => string;
}

export function libsvmReader(options: { cols?: number; firstIndex?: "auto" | 0 | 1 } = {}): Reader {
  return {
    ours: (chunks) => summaryOfLibsvm(feed(libsvmSink("file", options), chunks)),
    oracle: (bytes) => summaryOfRows(plainLibsvm(bytes, options)),
  };
}

export function csvReader(options: PlainCsvOptions): Reader {
  return {
    ours: (chunks) => summaryOfCsv(feed(csvSink("file", { ...options, oneHot: options.oneHot ?? null }), chunks)),
    oracle: (bytes) => summaryOfRows(plainCsv(bytes, options)),
  };
}

export const npyReader: Reader = {
  ours: (chunks) => {
    const X = feed(npySink("file"), chunks);
    return `${X.rows} × ${X.cols}\n${Array.from(X.data as Float64Array, plain).join()}`;
  },
  oracle: (bytes) => {
    const { shape, values } = plainNpy(bytes);
    return `${shape[0]} × ${shape[1] ?? 1}\n${values.map(plain).join()}`;
  },
};

export const idxReader: Reader = {
  ours: (chunks) => summaryOfIdx(feed(idxSink("file"), chunks)),
  oracle: (bytes) => summaryOfArray(plainIdx(bytes)),
};
