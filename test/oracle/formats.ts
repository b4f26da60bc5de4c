// Plain readers of the file formats, all at once and as slow as they like: what the streaming ones are compared with. A file that is not right throws.

export interface PlainRows {
  readonly rows: number;
  readonly cols: number;
  /** Column and value of the stored entries of every row. */
  readonly entries: readonly (readonly (readonly [number, number])[])[];
  readonly y: readonly (number | string)[] | null;
  readonly names: readonly string[] | null;
  readonly qid: readonly number[] | null;
}

export interface PlainArray {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

function refuse(why: string): never {
  throw new SyntaxError(why);
}

function decimal(text: string): number {
  if (!/^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$/.test(text)) return refuse(`no number: ${text}`);
  const value = Number(text);
  return Number.isFinite(value) ? value : refuse(`too large: ${text}`);
}

/** LIBSVM text. */
export function plainLibsvm(
  bytes: Uint8Array,
  options: { readonly cols?: number; readonly firstIndex?: "auto" | 0 | 1 } = {},
): PlainRows {
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  const entries: [number, number][][] = [];
  const y: number[] = [];
  const qid: number[] = [];
  let queries = 0;
  for (const line of text.replace(/^\xef\xbb\xbf/, "").split("\n")) {
    const tokens = line
      .replace(/\r$/, "")
      .replace(/#.*$/s, "")
      .split(/[ \t]/)
      .filter((token) => token !== "");
    if (tokens.length === 0) continue;
    y.push(decimal(tokens.shift() as string));
    if (tokens[0]?.startsWith("qid:")) {
      const query = decimal((tokens.shift() as string).slice(4));
      if (!Number.isSafeInteger(query)) refuse("qid");
      qid.push(query);
      queries++;
    }
    if (queries !== 0 && queries !== y.length) refuse("some rows have a qid");
    const row: [number, number][] = [];
    for (const token of tokens) {
      const parts = /^([0-9]+):(.*)$/s.exec(token) ?? refuse("index:value");
      const index = Number(parts[1]);
      if (index > 2147483647) refuse("index too large");
      if (row.length > 0 && index <= (row.at(-1) as [number, number])[0]) refuse("order");
      row.push([index, decimal(parts[2] as string)]);
    }
    entries.push(row);
  }
  if (y.length === 0) refuse("empty");
  const indices = entries.flat().map(([index]) => index);
  const first =
    options.firstIndex === undefined || options.firstIndex === "auto"
      ? indices.includes(0)
        ? 0
        : 1
      : options.firstIndex;
  if (first === 1 && indices.includes(0)) refuse("index 0");
  const needed = indices.reduce((most, index) => Math.max(most, index), first - 1) + 1 - first;
  const cols = options.cols ?? needed;
  if (needed > cols) refuse("too wide");
  return {
    rows: y.length,
    cols,
    entries: entries.map((row) => row.map(([index, value]) => [index - first, value] as const)),
    y,
    names: null,
    qid: queries > 0 ? qid : null,
  };
}

export interface PlainCsvOptions {
  /** " ": any number of blanks and tabs. */
  readonly delimiter: string;
  readonly header: "auto" | boolean;
  readonly label: number | null;
  /** Columns to read as categories. */
  readonly oneHot?: readonly number[];
}

/** Without blanks at either end, and without line ends at its end alone. */
function strip(text: string): string {
  let [from, to] = [0, text.length];
  while (to > 0 && /\s/.test(text[to - 1] as string)) to--;
  while (from < to && /\s/.test(text[from] as string) && !"\r\n".includes(text[from] as string)) from++;
  return text.slice(from, to);
}

/** Fields, character by character. */
function splitRecords(text: string, delimiter: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  let at = 0;
  while (at < text.length) {
    let field = "";
    if (text[at] === '"') {
      at++;
      for (;;) {
        if (at >= text.length) refuse("quote not closed");
        if (text[at] === '"' && text[at + 1] === '"') {
          field += '"';
          at += 2;
        } else if (text[at] === '"') {
          at++;
          break;
        } else field += text[at++];
      }
      while (at < text.length && text[at] !== delimiter && text[at] !== "\n") {
        if ((text[at] as string).trim() !== "") refuse("text behind a quote");
        at++;
      }
    } else {
      while (at < text.length && text[at] !== delimiter && text[at] !== "\n") field += text[at++];
    }
    record.push(strip(field));
    if (text[at] === delimiter) {
      at++;
      // a delimiter at the very end has an empty field behind it
      if (at < text.length) continue;
      record.push("");
    } else at++;
    records.push(record);
    record = [];
  }
  return records;
}

const MISSING = ["", "na", "n/a", "nan", "null", "?"];
const isMissing = (text: string): boolean => MISSING.includes(text.toLowerCase());
const looksNumeric = (text: string): boolean => /^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$/.test(text);

function isHeader(first: readonly string[], second: readonly string[] | undefined): boolean {
  if (second === undefined) return false;
  const isText = (field: string): boolean => !looksNumeric(field) && !isMissing(field);
  if (!first.some(isText)) return false;
  if (!first.some(looksNumeric)) return true;
  if (first.some((field, j) => isText(field) && looksNumeric(second[j] ?? ""))) refuse("header?");
  return false;
}

/** CSV text in UTF-8. */
export function plainCsv(bytes: Uint8Array, options: PlainCsvOptions): PlainRows {
  const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  let records: string[][];
  if (options.delimiter === " ") {
    const lines = text.split("\n").map(strip);
    if (lines.some((line) => line.includes('"'))) refuse("quote between blanks");
    records = lines.map((line) => line.split(/[ \t]+/).map(strip));
  } else records = splitRecords(text, options.delimiter);
  records = records.filter((record) => record.length > 1 || record[0] !== "");
  const { header, label, oneHot = [] } = options;
  const hasHeader =
    header === true || (header === "auto" && records.length > 0 && isHeader(records[0] as string[], records[1]));
  const head = hasHeader ? (records.shift() as string[]) : null;
  if (records.length === 0) refuse("no rows");
  const width = (head ?? (records[0] as string[])).length;
  for (const column of [...oneHot, ...(label === null ? [] : [label])]) if (column >= width) refuse("no such column");
  if (records.some((record) => record.length !== width)) refuse("ragged");
  const textOf = (j: number): string[] =>
    records.map((record) => (isMissing(record[j] as string) ? refuse("missing") : (record[j] as string)));

  const columns: number[][] = [];
  const names: string[] = [];
  let y: (number | string)[] | null = null;
  for (let j = 0; j < width; j++) {
    const name = head?.[j] ?? "";
    if (j === label) {
      const texts = textOf(j);
      y = texts.every((one) => looksNumeric(one) && Number.isFinite(Number(one))) ? texts.map(Number) : texts;
    } else if (oneHot.includes(j)) {
      const texts = textOf(j);
      for (const category of [...new Set(texts)].sort((a, b) => (a < b ? -1 : 1))) {
        columns.push(texts.map((one) => Number(one === category)));
        names.push(`${name}=${category}`);
      }
    } else {
      columns.push(textOf(j).map(decimal));
      names.push(name);
    }
  }
  return {
    rows: records.length,
    cols: columns.length,
    entries: records.map((_, i) => columns.map((column, j) => [j, column[i] as number] as const)),
    y,
    names: head === null ? null : names,
    qid: null,
  };
}

type Token = string | number | { readonly text: string };

/** The dictionary in an NPY header as tokens of Python; strings as objects. */
function tokens(header: string): Token[] {
  const out: Token[] = [];
  let rest = header;
  while (rest.trim() !== "") {
    rest = rest.trimStart();
    const string = /^'([^'\\]*)'|^"([^"\\]*)"/.exec(rest);
    const digits = /^([0-9]+)L?(?![0-9A-Za-z_.])/.exec(rest);
    const word = /^[A-Za-z]+/.exec(rest);
    if (string !== null) out.push({ text: string[1] ?? string[2] ?? "" });
    else if (digits !== null) out.push(Number(digits[1]));
    else out.push(word?.[0] ?? (rest[0] as string));
    rest = rest.slice((string ?? digits ?? word)?.[0].length ?? 1);
  }
  return out;
}

function plainNpyHeader(header: string): { descr: string; isFortran: boolean; shape: number[] } {
  const all = tokens(header);
  const next = (): Token => all.shift() ?? refuse("header ends");
  const expect = (token: string): void => {
    if (next() !== token) refuse(`expected ${token}`);
  };
  const found: Record<string, unknown> = {};
  expect("{");
  while (all[0] !== "}") {
    const key = next();
    if (typeof key !== "object" || !["descr", "fortran_order", "shape"].includes(key.text) || key.text in found)
      refuse("key");
    expect(":");
    if (key.text === "descr") {
      const value = next();
      found[key.text] = typeof value === "object" ? value.text : refuse("descr");
    } else if (key.text === "fortran_order") {
      const value = next();
      found[key.text] = value === "True" ? true : value === "False" ? false : refuse("order");
    } else {
      expect("(");
      const shape: number[] = [];
      let commas = 0;
      while (all[0] !== ")") {
        const size = next();
        shape.push(typeof size === "number" ? size : refuse("size"));
        if (all[0] === ",") {
          next();
          commas++;
        } else if (all[0] !== ")") refuse("sizes need commas");
      }
      if (shape.length === 1 && commas === 0) refuse("no tuple");
      expect(")");
      found[key.text] = shape;
    }
    if (all[0] === ",") next();
    else if (all[0] !== "}") refuse("entries need commas");
  }
  expect("}");
  if (all.length > 0 || Object.keys(found).length !== 3) refuse("entries");
  return {
    descr: found["descr"] as string,
    isFortran: found["fortran_order"] as boolean,
    shape: found["shape"] as number[],
  };
}

function halfValue(bits: number): number {
  const [sign, exponent, fraction] = [bits >> 15, (bits >> 10) & 31, bits & 1023];
  const size =
    exponent === 31
      ? fraction > 0
        ? Number.NaN
        : 1 / 0
      : exponent === 0
        ? fraction / 2 ** 24
        : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return sign === 1 ? -size : size;
}

/** NPY files of one or two dimensions. */
export function plainNpy(bytes: Uint8Array): PlainArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || String.fromCharCode(...bytes.slice(0, 6)) !== "\x93NUMPY") refuse("magic");
  const version = bytes[6] as number;
  if (version < 1 || version > 3 || bytes[7] !== 0) refuse("version");
  const start = version === 1 ? 10 : 12;
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > 65536 || start + length > bytes.length) refuse("header length");
  const { descr, isFortran, shape } = plainNpyHeader(new TextDecoder().decode(bytes.slice(start, start + length)));
  const code = /^[<|=>]([bui]1)$/.exec(descr)?.[1] ?? /^<([ui][248]|f[248])$/.exec(descr)?.[1] ?? refuse("type");
  if (isFortran || shape.length < 1 || shape.length > 2) refuse("shape");
  const size = Number(code[1]);
  const count = shape.reduce((product, one) => product * one, 1);
  if (!Number.isSafeInteger(count) || start + length + count * size !== bytes.length) refuse("length");
  const read = (at: number): number => {
    const safe = (value: bigint): number =>
      value > 9007199254740991n || value < -9007199254740991n ? refuse("int64") : Number(value);
    switch (code) {
      case "b1":
        return view.getUint8(at) > 1 ? refuse("bool") : view.getUint8(at);
      case "u1":
        return view.getUint8(at);
      case "i1":
        return view.getInt8(at);
      case "u2":
        return view.getUint16(at, true);
      case "i2":
        return view.getInt16(at, true);
      case "u4":
        return view.getUint32(at, true);
      case "i4":
        return view.getInt32(at, true);
      case "u8":
        return safe(view.getBigUint64(at, true));
      case "i8":
        return safe(view.getBigInt64(at, true));
      case "f2":
        return halfValue(view.getUint16(at, true));
      case "f4":
        return view.getFloat32(at, true);
      default:
        return view.getFloat64(at, true);
    }
  };
  return { shape, values: Array.from({ length: count }, (_, i) => read(start + length + i * size)) };
}

/** IDX files of any type and rank. */
export function plainIdx(bytes: Uint8Array): PlainArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4 || view.getUint16(0) !== 0) refuse("magic");
  const [type, rank] = [view.getUint8(2), view.getUint8(3)];
  const size = new Map([
    [8, 1],
    [9, 1],
    [11, 2],
    [12, 4],
    [13, 4],
    [14, 8],
  ]).get(type);
  if (size === undefined || rank === 0 || bytes.length < 4 + 4 * rank) refuse("header");
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const count = shape.includes(0) ? 0 : shape.reduce((product, one) => product * one, 1);
  if (4 + 4 * rank + count * size !== bytes.length) refuse("length");
  const read = (at: number): number => {
    if (type === 8) return view.getUint8(at);
    if (type === 9) return view.getInt8(at);
    if (type === 11) return view.getInt16(at);
    if (type === 12) return view.getInt32(at);
    return type === 13 ? view.getFloat32(at) : view.getFloat64(at);
  };
  return { shape, values: Array.from({ length: count }, (_, i) => read(4 + 4 * rank + i * size)) };
}
