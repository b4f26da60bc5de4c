// One call for a file of any format: which one is told by the option, else by the name, else by what the file begins with.
import type { DenseMatrix, NumericArray, SparseMatrix } from "../data/matrix.js";
import { BitcenterError, show } from "../errors.js";
import { type CsvOptions, readCsv } from "../io/csv/csv.js";
import { decimalOf } from "../io/decimal.js";
import { readIdx } from "../io/idx.js";
import { readLibsvm } from "../io/libsvm.js";
import { readNpy } from "../io/npy.js";
import { badFile, peek } from "../io/source.js";
import { checkNames, oneOf } from "../options.js";
import { isModelHead, refuseForeign } from "./foreign.js";
import { openFile } from "./open.js";

export type FileFormat = "libsvm" | "csv" | "tsv" | "npy" | "idx";
export const FORMATS: readonly FileFormat[] = ["libsvm", "csv", "tsv", "npy", "idx"];

export interface FileOptions extends Omit<CsvOptions, "name"> {
  /** Default "auto": told from the name (without .gz), else from what the file begins with, else CSV where an option is one of tables alone. */
  readonly format?: "auto" | FileFormat;
  /** LIBSVM: number of columns. */
  readonly cols?: number;
  /** LIBSVM: what the first column is called. */
  readonly firstIndex?: "auto" | 0 | 1;
  /** A second file with one label per row: NPY or IDX of one dimension, or text of one column. Not together with `label`. */
  readonly labels?: string;
}

/** Options by format that hold where the caller gives none. */
export type FormatDefaults = Partial<Record<FileFormat, FileOptions>>;

export interface FileData {
  readonly X: DenseMatrix | SparseMatrix;
  readonly y: Float64Array | string[] | null;
  readonly featureNames: string[] | null;
  readonly format: FileFormat;
  /** LIBSVM: query of every row, or null. */
  readonly qid: Float64Array | null;
  /** LIBSVM: what the first column was called; null for other formats. */
  readonly firstIndex: 0 | 1 | null;
  /** CSV: `oneHot` of the next file with the same columns; null if no column was text. */
  readonly categories: Record<string, string[]> | null;
}

const EXTENSIONS: Readonly<Record<string, FileFormat>> = {
  libsvm: "libsvm",
  svmlight: "libsvm",
  svm: "libsvm",
  csv: "csv",
  tsv: "tsv",
  tab: "tsv",
  npy: "npy",
  idx: "idx",
  "idx1-ubyte": "idx",
  "idx3-ubyte": "idx",
};

/** The format that a name speaks of; null if it says nothing. */
export function formatOfName(path: string): FileFormat | null {
  const name = path.toLowerCase().replace(/\.gz$/, "");
  const extension = /[.-](idx\d+-\w+)$/.exec(name)?.[1] ?? /\.([^./\\]+)$/.exec(name)?.[1] ?? "";
  return Object.hasOwn(EXTENSIONS, extension)
    ? (EXTENSIONS[extension] as FileFormat)
    : extension.startsWith("idx")
      ? "idx"
      : null;
}

/** Bytes that are looked at: several lines of a table of some thousand columns. */
const SNIFFED = 2 ** 16;
const IDX_TYPES = new Set([8, 9, 11, 12, 13, 14]);
const LIBSVM_LINE = /^[ \t]*[+-]?[\d.]+(?:[eE][+-]?\d+)?(?:[ \t]+qid:\d+)?(?:[ \t]+\d+:[^\s#]+)*[ \t]*(?:#.*)?\r?$/;
const TEXT_NAMES = /\.(?:txt|data|dat)(?:\.gz)?$/i;

/** The format of a file that begins with `head`; null if it may be any. */
function formatOfContent(head: Uint8Array, path: string): FileFormat | null {
  if (head[0] === 0x93 && head[1] === 0x4e) return "npy";
  if (head[0] === 0 && head[1] === 0 && IDX_TYPES.has(head[2] as number)) return "idx";
  const lines = new TextDecoder().decode(head).split("\n");
  // The last line may go on behind what is looked at; if it is the only one, its last entry may.
  const seen = lines.length > 1 ? lines.slice(0, -1) : lines.map((line) => line.replace(/[ \t]+\S*$/, ""));
  const rows = (head.length < SNIFFED ? lines : seen).filter((line) => !/^[ \t]*(?:#.*)?\r?$/.test(line));
  if (rows.some((line) => line.includes(":")) && rows.every((line) => LIBSVM_LINE.test(line))) return "libsvm";
  return TEXT_NAMES.test(path) ? "csv" : tableOfContent(head);
}

/** JSON has as many commas on each of its lines as a table may have. */
const NO_TABLE = /^\s*[[{]/;
/** A quoted cell may hold delimiters and ends of lines. */
const QUOTED = /"(?:[^"]|"")*"/g;
/** A label of any kind, and then pairs. */
const PAIRS = /^\S+(?:[ \t]+\d+:[^\s,;|]+)+[ \t]*(?:#.*)?\r?$/;

/**
 * Whether `head` is a table by its cells: a delimiter that every line has the same number of times, on two lines at least; or one line of nothing but numbers. null:
 * it may be anything. Blanks alone do not make a table: so has prose.
 */
function tableOfContent(head: Uint8Array): "csv" | "tsv" | null {
  if (head.some((byte) => byte < 9 || (byte > 13 && byte < 32))) return null;
  const text = new TextDecoder().decode(head);
  if (NO_TABLE.test(text)) return null;
  const lines = text.replace(QUOTED, "quoted").split("\n");
  const isCut = head.length >= SNIFFED;
  const rows = (isCut && lines.length > 1 ? lines.slice(0, -1) : lines).filter((line) => line.trim() !== "");
  const first = rows[0];
  if (first === undefined || rows.every((line) => PAIRS.test(line))) return null;
  const delimiter = ["\t", ";", "|", ","].find((one) => {
    const count = first.split(one).length;
    return count > 1 && rows.every((line) => line.split(one).length === count);
  });
  if (delimiter === undefined) return null;
  // the last cell of a line that is cut may be half a number
  const cells = first.split(delimiter).slice(0, isCut ? -1 : undefined);
  const isTable = rows.length > 1 || cells.every((cell) => !Number.isNaN(decimalOf(cell.trim())));
  return isTable ? (delimiter === "\t" ? "tsv" : "csv") : null;
}

/** Whether the options speak of a table: NPY and IDX, whose columns have no names, say themselves what they are. */
function isTableAsked(options: FileOptions): boolean {
  const { label } = options;
  const isName = typeof label === "string" && label !== "first" && label !== "last";
  return isName || TABLE.some((option) => (options[option] ?? null) !== null);
}

/** One number or text per row; text has no header, or the count would not be right. */
async function readLabels(path: string, rows: number): Promise<Float64Array | string[]> {
  const columns = { label: "first", header: false };
  const { X, y } = await readFileWith(
    path,
    {},
    { csv: columns, tsv: columns, npy: { label: "first" }, idx: { label: "first" } },
  );
  if (y === null || X.cols !== 0) badFile(path, "expected one label per row: a vector, or one column");
  if (y.length !== rows) badFile(path, `found ${y.length} labels, expected ${rows} as there are rows`);
  return y;
}

/** Takes the label's column out of a matrix. */
function splitLabel(X: DenseMatrix, label: unknown, name: string): { X: DenseMatrix; y: Float64Array | null } {
  if (label === undefined || label === null) return { X, y: null };
  const { rows, cols } = X;
  const place = label === "first" ? 0 : label === "last" ? cols - 1 : label;
  if (typeof place !== "number" || !Number.isInteger(place) || place < 0 || place >= cols) {
    throw new BitcenterError(
      "BAD_OPTION",
      `readFile: label must be "first", "last" or an index below ${cols} for ${name}, which has no names; given ${show(label)}`,
    );
  }
  const from = X.data as NumericArray;
  const data = new (from.constructor as new (length: number) => NumericArray)(rows * (cols - 1));
  const y = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    y[i] = from[i * cols + place] as number;
    data.set(from.subarray(i * cols, i * cols + place), i * (cols - 1));
    data.set(from.subarray(i * cols + place + 1, (i + 1) * cols), i * (cols - 1) + place);
  }
  return { X: { data, rows, cols: cols - 1 }, y };
}

const TABLE = ["delimiter", "header", "oneHot", "skipLines"] as const;
const OPTIONS_OF: Readonly<Record<FileFormat, readonly string[]>> = {
  libsvm: ["cols", "firstIndex"],
  csv: [...TABLE, "label", "labels"],
  tsv: [...TABLE, "label", "labels"],
  npy: ["label", "labels"],
  idx: ["label", "labels"],
};

/**
 * Reads a data file, or standard input for "-": LIBSVM, CSV, TSV, NPY or IDX, plain or gzip. IDX and NPY keep labels in a file of their own (`labels`) or in a
 * column (`label`).
 * @throws BitcenterError BAD_FILE saying what is wrong with the file, where; BAD_OPTION for an option that its format does not have
 */
export async function readFile(path: string, options: FileOptions = {}): Promise<FileData> {
  return readFileWith(path, options, {});
}

/** A file whose format is known and whose bytes have not been read. */
export interface OpenedFile {
  readonly format: FileFormat;
  /** What errors call it. */
  readonly name: string;
  readonly source: AsyncIterable<Uint8Array>;
}

/** Opens a file, says which format it has, and closes it after `use`. */
export async function withFormat<T>(
  path: string,
  options: FileOptions,
  use: (file: OpenedFile) => Promise<T>,
): Promise<T> {
  const { label, labels } = options ?? {};
  checkNames("readFile", options, ["format", "label", "labels", "cols", "firstIndex", ...TABLE]);
  const asked = oneOf("readFile", "format", options.format, ["auto", ...FORMATS] as const, "auto");
  if (labels !== undefined && (typeof labels !== "string" || (label ?? null) !== null)) {
    throw new BitcenterError(
      "BAD_OPTION",
      `readFile: labels must be a file's name, without label; given ${show(labels)}`,
    );
  }
  const file = openFile(path);
  const { name } = file;
  const { head, all: source } = await peek(file[Symbol.asyncIterator]() as AsyncGenerator<Uint8Array, void>, SNIFFED);
  try {
    const told = asked !== "auto" ? asked : (formatOfName(path) ?? formatOfContent(head, path));
    const isOpen = told === null && head.length > 0 && !isModelHead(head);
    const format = isOpen && isTableAsked(options) ? "csv" : told;
    // npy and idx say themselves what they are not
    if (format !== "npy" && format !== "idx") refuseForeign(name, head);
    if (format === null && isModelHead(head)) badFile(name, "is a model or other JSON, expected data");
    if (format === null && head.length === 0) badFile(name, "is empty, expected data");
    if (format === null) {
      badFile(name, `neither its name nor its beginning tells its format; give format: ${FORMATS.join(", ")}`);
    }
    for (const [option, value] of Object.entries(options)) {
      const isUsed = option === "format" || OPTIONS_OF[format].includes(option) || (value ?? null) === null;
      if (!isUsed)
        throw new BitcenterError("BAD_OPTION", `readFile: ${option} is no option of format ${format} (${name})`);
    }
    return await use({ format, name, source });
  } finally {
    await source.return();
  }
}

/** `readFile`, with what the options do not say taken from `defaults` of the format that the file turns out to have. */
export async function readFileWith(path: string, options: FileOptions, defaults: FormatDefaults): Promise<FileData> {
  return withFormat(path, options, (file) => readOpened(file, { ...defaults[file.format], ...given(options) }));
}

/** How a table is read. */
export function tableOptions({ format, name }: OpenedFile, options: FileOptions): CsvOptions {
  const { delimiter, header, label, oneHot, skipLines } = options;
  const between = delimiter ?? (format === "tsv" ? "\t" : undefined);
  return given({ delimiter: between, header, label, oneHot, skipLines, name });
}

/** The rows of a file that is open. */
export async function readOpened(file: OpenedFile, options: FileOptions): Promise<FileData> {
  const { format, name, source } = file;
  const { label, labels, cols, firstIndex } = options;
  const nothing = { featureNames: null, qid: null, firstIndex: null, categories: null };
  if (format === "libsvm") {
    const data = await readLibsvm(source, given({ cols, firstIndex, name }));
    return { ...nothing, ...data, format };
  }
  if (format === "csv" || format === "tsv") {
    const data = await readCsv(source, tableOptions(file, options));
    const y = labels === undefined ? data.y : await readLabels(labels, data.X.rows);
    return { ...nothing, ...data, y, format };
  }
  const matrix = format === "npy" ? await readNpy(source, { name }) : await readImages(source, name);
  const { X, y } = splitLabel(matrix, label, name);
  return { ...nothing, X, y: labels === undefined ? y : await readLabels(labels, X.rows), format };
}

/** Items as rows, all their other dimensions as columns. */
async function readImages(source: AsyncIterable<Uint8Array>, name: string): Promise<DenseMatrix> {
  const { data, shape } = await readIdx(source, { name });
  const rows = shape[0] as number;
  return { data, rows, cols: shape.slice(1).reduce((product, size) => product * size, 1) };
}

/** Options without those that are undefined. */
function given<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}
