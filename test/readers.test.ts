// The readers of bitcenter/io: what they make of good files, and the one sentence they have for bad ones.
import papaparse from "papaparse";
import { describe, expect, it, vi } from "vitest";
import { BitcenterError } from "../bindings/errors.js";
import { GrowingBytes } from "../bindings/io/growing.js";
import {
  type ArrowTable,
  type ByteSource,
  type CsvOptions,
  fromArrow,
  readCsv,
  readIdx,
  readLibsvm,
  readNpy,
  toNpy,
} from "../bindings/io/index.js";
import {
  csvReader,
  idxFile,
  idxReader,
  join,
  libsvmReader,
  npyFile,
  npyHeader,
  npyReader,
  outcome,
  pieces,
  type Reader,
  utf8,
} from "./support/files.js";
import { TARGETS } from "./support/fuzz.js";
import { gzip } from "./support/gzip.js";
import { Dice } from "./support/random.js";

const bad = (message: RegExp | string) =>
  expect.objectContaining({ code: "BAD_FILE", message: expect.stringMatching(message) });
const libsvm = (text: string, options = {}) => readLibsvm(utf8(text), { name: "train.libsvm", ...options });
const csv = (text: string, options: CsvOptions = {}) => readCsv(utf8(text), { name: "t.csv", ...options });

describe("LIBSVM", () => {
  it("rows in CSR, labels, indices from 1", async () => {
    const { X, y, qid, firstIndex } = await libsvm("+1 1:0.5 3:2\n\n-1.0 2:-7e1 # why\r\n3\t1:0 \t4:255");
    expect(X).toMatchObject({
      rows: 3,
      cols: 4,
      indptr: Int32Array.of(0, 2, 3, 5),
      indices: Int32Array.of(0, 2, 1, 0, 3),
    });
    expect(X.data).toEqual(Float32Array.of(0.5, 2, -70, 0, 255));
    expect(y).toEqual(Float64Array.of(1, -1, 3));
    expect([qid, firstIndex]).toEqual([null, 1]);
  });

  it.each<[string, object, number[], number]>([
    ["1 0:1 2:1\n", {}, [0, 2], 3],
    ["1 1:1 2:1\n", {}, [0, 1], 2],
    ["1 1:1 2:1\n", { firstIndex: 0 }, [1, 2], 3],
    ["1 1:1 2:1\n", { cols: 9 }, [0, 1], 9],
    ["1 2147483647:1\n", {}, [2147483646], 2147483647],
  ])("%j with %j", async (text, options, indices, cols) => {
    const { X } = await libsvm(text, options);
    expect([[...X.indices], X.cols]).toEqual([indices, cols]);
  });

  it.each<[readonly number[], string]>([
    [[0, 255], "Uint8Array"],
    [[-128, 127], "Int8Array"],
    [[-1, 128], "Int16Array"],
    [[-32768, 32767], "Int16Array"],
    [[32768], "Float32Array"],
    [[16777216, 0.5], "Float32Array"],
    [[16777217], "Float64Array"],
    [[1, 2, 3, 0.1], "Float64Array"],
  ])("%j is stored as %s, exactly", async (values, type) => {
    // many rows, so that chunks fill up before the last value widens them
    const rows = [...Array.from({ length: 3000 }, (_, i) => i % 100), ...values];
    const { X } = await libsvm(rows.map((value) => `1 1:${value}\n`).join(""));
    expect(X.data.constructor.name).toBe(type);
    expect(Array.from(X.data)).toEqual(rows);
  });

  it("queries", async () => {
    const { qid } = await libsvm("1 qid:7 1:1\n0 qid:7 1:2\n1 qid:8 1:1\n");
    expect(qid).toEqual(Float64Array.of(7, 7, 8));
  });

  it.each<[string, string, object?]>([
    ["1 1:1\n\n# nothing\nx 1:1\n", 'train.libsvm: line 4 (row 1): found "x", expected a label in decimal'],
    ["1 1:1\n1 1:abc 2:1\n", 'train.libsvm: line 2 (row 1): found "1:abc", expected a value in decimal'],
    ["1,2 1:1\n", 'line 1 (row 0): found "1,2", expected one label (several per row are not read)'],
    ["1 3:1 2:1\n", "line 1 (row 0): found index 2 after 3, expected ascending indices"],
    ["1 3:1 3:1\n", "found index 3 after 3, expected ascending"],
    ["1 -3:1\n", 'found "-3:1", expected index:value with a whole number as index'],
    ["1 a:1\n", 'found "a:1", expected index:value'],
    ["1 7\n", 'found "7", expected index:value'],
    ["1 2147483648:1\n", "expected an index of at most 2147483647"],
    ["1 1:1e999\n", 'found "1:1e999", expected a value that float64 can hold'],
    ["1 1:nan\n", 'found "1:nan", expected a value in decimal'],
    ["1 1:0x1f\n", 'found "1:0x1f", expected a value in decimal'],
    ["inf 1:1\n", 'found "inf", expected a label'],
    ["1:1 2:1\n", 'found "1:1", expected a label in decimal'],
    ["1 1:1\r2 1:1\n", "expected a value in decimal"],
    ["1 qid:a 1:1\n", 'found "qid:a", expected qid: and a whole number'],
    ["1 qid:1 1:1\n1 1:1\n", "line 2 (row 1): found no qid, expected one as in the rows before"],
    ["1 1:1\n1 qid:1 1:1\n", "line 2 (row 1): found a qid, expected none"],
    ["1 0:1\n", 'found "0:1", expected indices from 1 (firstIndex: 1 was given)', { firstIndex: 1 }],
    ["1 1:1\n1 5:1\n", "line 2 (row 1): found index 5, expected at most 4 (4 columns, the first is 1)", { cols: 4 }],
    ["1 4:1\n1 0:1\n", "line 1 (row 0): found index 4, expected at most 3 (4 columns, the first is 0)", { cols: 4 }],
    ["", "holds no rows"],
    ["\n# nothing\n", "holds no rows"],
  ])("%j: %s", async (text, sentence, options = {}) => {
    await expect(libsvm(text, options)).rejects.toThrow(bad(sentence.replace(/[()[\]]/g, "\\$&")));
  });

  it.each<[object, RegExp]>([
    [{ cols: 0 }, /cols must be a whole number/],
    [{ firstIndex: 2 }, /firstIndex must be "auto" or 0 or 1/],
    [{ zeroBased: true }, /unknown option "zeroBased"/],
  ])("%j: BAD_OPTION", async (options, message) => {
    await expect(libsvm("1 1:1\n", options)).rejects.toThrow(
      expect.objectContaining({ code: "BAD_OPTION", message: expect.stringMatching(message) }),
    );
  });
});

describe("CSV", () => {
  it("header, label by name, numbers", async () => {
    const { X, y, featureNames, categories } = await csv('a,"b ""x""",kind\n1, 2.5 ,u\n3,-4,"v"\n', { label: "kind" });
    expect(X).toEqual({ data: Float32Array.of(1, 2.5, 3, -4), rows: 2, cols: 2 });
    expect([y, featureNames, categories]).toEqual([["u", "v"], ["a", 'b "x"'], null]);
  });

  it.each<[string, CsvOptions, number[], string[] | null]>([
    ["1,2\n3,4\n", {}, [1, 2, 3, 4], null],
    ["a,b\n3,4", {}, [3, 4], ["a", "b"]],
    ["a;b\r\n3;4\r\n\r\n", {}, [3, 4], ["a", "b"]],
    ["1,5;2\n2,5;3\n", { delimiter: ",", header: true }, [], null],
    ["a\tb\n3\t4\n", {}, [3, 4], ["a", "b"]],
    ["a|b\n3|4\n", {}, [3, 4], ["a", "b"]],
    ["\ufeffa b\n 3   4 \n5\t6\n", {}, [3, 4, 5, 6], ["a", "b"]],
    ["7\n8\n", {}, [7, 8], null],
    ["1,2\n3,4\n", { header: true }, [3, 4], ["1", "2"]],
    ["counts: 2\n1,2\n3,4\n", { skipLines: 1 }, [1, 2, 3, 4], null],
    ['"multi\nline",b\n3,4\n', {}, [3, 4], ["multi\nline", "b"]],
  ])("%j with %j", async (text, options, values, names) => {
    if (values.length === 0) return expect(csv(text, options)).rejects.toThrow(/found 3 fields|expected a number/);
    const { X, featureNames } = await csv(text, options);
    return expect([Array.from(X.data as Uint8Array), featureNames]).toEqual([values, names]);
  });

  it.each<[CsvOptions["label"], readonly unknown[], string[]]>([
    ["first", [1, 4], ["b", "c"]],
    ["last", [3, 6], ["a", "b"]],
    [1, [2, 5], ["a", "c"]],
    ["b", [2, 5], ["a", "c"]],
  ])("label %j", async (label, y, names) => {
    const data = await csv("a,b,c\n1,2,3\n4,5,6\n", { label: label as string });
    expect([Array.from(data.y as Float64Array), data.featureNames]).toEqual([y, names]);
  });

  it("labels: numbers if all are, else texts as they are written", async () => {
    expect((await csv("1,01\n2,1.0\n", { label: "last" })).y).toEqual(Float64Array.of(1, 1));
    expect((await csv("1,01\n2,x\n", { label: "last", header: false })).y).toEqual(["01", "x"]);
  });

  it("as many different labels as rows: a regression", async () => {
    const rows = Array.from({ length: 70_000 }, (_, i) => `${i}.5,1\n`);
    const { y } = await csv(rows.join(""), { label: 0 });
    expect(y).toEqual(Float64Array.from({ length: 70_000 }, (_, i) => i + 0.5));
    await expect(csv(`${rows.join("")}x,1\n`, { label: 0 })).rejects.toThrow(
      /line 70001 \(row 70000\), column 0: found "x", expected a number as in the rows before/,
    );
  });

  it("categories: one column each, ascending, and the same for the next file", async () => {
    const text = "city,n\nRome,1\nBonn,2\nRome,0.5\n";
    const { X, featureNames, categories } = await csv(text, { oneHot: true });
    expect(featureNames).toEqual(["city=Bonn", "city=Rome", "n"]);
    expect(X).toEqual({ data: Float32Array.of(0, 1, 1, 1, 0, 2, 0, 1, 0.5), rows: 3, cols: 3 });
    expect(categories).toEqual({ city: ["Bonn", "Rome"] });
    const next = await csv("city,n\nRome,9\n", { oneHot: categories });
    expect(next.X).toEqual({ data: Uint8Array.of(0, 1, 9), rows: 1, cols: 3 });
    await expect(csv("city,n\nOslo,9\n", { oneHot: categories })).rejects.toThrow(
      /"Oslo", expected one of the 2 categories given/,
    );
  });

  it.each<[string, string, CsvOptions?]>([
    ["a,b\n1,2\n3\n", "t.csv: line 3 (row 1): found 1 fields, expected 2 as on line 1"],
    ["1,2\n3,4,5\n", "line 2 (row 1): found 3 fields, expected 2 as on line 1"],
    ["age,b\n1,2\n,3\n", 'line 3 (row 1), column 0 "age": found a missing value, expected a number'],
    ["age,b\n1,2\nNA,3\n", 'line 3 (row 1), column 0 "age": found a missing value ("NA"), expected a number'],
    [
      "a,city\n1,Rome\n",
      'line 2 (row 0), column 1 "city": found "Rome", expected a number; columns of text can be read with oneHot',
    ],
    ["1,2\n1,1e999\n", 'column 1: found "1e999", expected a number that float64 can hold'],
    ["1,2\n1,0x10\n", 'found "0x10", expected a number'],
    ["1,2\n1,Infinity\n", 'found "Infinity", expected a number'],
    ['a,b\n"x\ny",1\n"2\n3",z\n', 'line 2 (row 0), column 0 "a": found "x\\ny"'],
    ['a,b\n"1",1\n"2",\n"3\n', 'line 3 (row 1), column 1 "b": found a missing value'],
    ['a,b\n"1",1\n"2",4\n"3\n', "line 4: found a quoted field that does not end, expected its closing quote"],
    ['a,b\n"1"x,1\n', 'line 2: found the quoted field "\\"1\\"x,1\\n", expected the delimiter or the end of the line'],
    ['1 2\n"3" 4\n', "line 2: found a quote, expected none between blanks", { delimiter: " " }],
    ["1,x\n2,3\n", 'line 1: cannot tell whether this is a header (column 1 has "x" and then "3", others have numbers)'],
    ["1,\n2,x\n", "line 1 (row 0), column 1: found a missing value, expected a label", { label: 1 }],
    ["", "holds no rows"],
    ["a,b\n", 'line 1 (row 0), column 0: found "a", expected a number'],
    ["a,b\n", "holds no rows", { header: true }],
    ["a,b\n1,2\n", "holds no rows", { skipLines: 5 }],
  ])("%j: %s", async (text, sentence, options = {}) => {
    await expect(csv(text, options)).rejects.toThrow(bad(sentence.replace(/[()[\]\\]/g, "\\$&")));
  });

  it("rows and lines part where quoted fields hold line ends", async () => {
    await expect(csv('t,n\n"a\nb\nc",1\n"d\ne",x\n', { oneHot: ["t"] })).rejects.toThrow(
      bad(/line 6 \(row 1\), column 1 "n": found "x"/),
    );
  });

  it("bytes that are not UTF-8", async () => {
    await expect(readCsv(Uint8Array.of(49, 44, 0xe9, 10))).rejects.toThrow(
      bad(/CSV text: found bytes that are not UTF-8/),
    );
  });

  it.each<[CsvOptions, RegExp]>([
    [{ delimiter: ",," }, /delimiter must be one character/],
    [{ delimiter: '"' }, /delimiter must be one character/],
    [{ label: "d" }, /label "d": t.csv has no such column, but "a", "b"/],
    [{ label: 2 }, /label 2: t.csv has columns 0 to 1/],
    [{ label: 0.5 }, /has columns 0 to 1/],
    [{ oneHot: ["z"] }, /oneHot "z": t.csv has no such column/],
    [{ oneHot: ["a"], label: "a" }, /oneHot names column 0, which is the label/],
    [{ oneHot: "a" as never }, /oneHot must be true, an array/],
    [{ header: "yes" as never }, /header must be/],
    [{ sep: ";" } as never, /unknown option "sep"/],
  ])("%j: BAD_OPTION", async (options, message) => {
    await expect(csv("a,b\n1,2\n", options)).rejects.toThrow(
      expect.objectContaining({ code: "BAD_OPTION", message: expect.stringMatching(message) }),
    );
  });

  it("names that are words, and names that occur twice", async () => {
    await expect(csv("last,b\n1,2\n", { label: "last" })).rejects.toThrow(/has a column of that name elsewhere/);
    await expect(csv("a,a\n1,2\n", { label: "a" })).rejects.toThrow(/several columns of that name/);
    await expect(csv("1,2\n", { label: "a" })).rejects.toThrow(/has no header; give an index/);
  });
});

describe("NPY", () => {
  const file = (descr: string, values: ArrayBufferView, shape = `${(values as Uint8Array).length},`) =>
    npyFile(1, npyHeader(descr, shape), new Uint8Array(values.buffer));

  it.each<[string, ArrayBufferView, readonly number[], string]>([
    ["|u1", Uint8Array.of(0, 255), [0, 255], "Uint8Array"],
    ["|i1", Int8Array.of(-128, 127), [-128, 127], "Int8Array"],
    ["|b1", Uint8Array.of(0, 1), [0, 1], "Uint8Array"],
    ["<i2", Int16Array.of(1, 2), [1, 2], "Int16Array"],
    ["<u2", Uint16Array.of(1, 255), [1, 255], "Uint8Array"],
    ["<u2", Uint16Array.of(1, 65535), [1, 65535], "Float32Array"],
    ["<i4", Int32Array.of(-1, 70000), [-1, 70000], "Float32Array"],
    ["<u4", Uint32Array.of(4294967295), [4294967295], "Float64Array"],
    ["<i8", BigInt64Array.of(-3n, 9n), [-3, 9], "Int8Array"],
    ["<i8", BigInt64Array.of(9007199254740991n), [9007199254740991], "Float64Array"],
    ["<u8", BigUint64Array.of(300n), [300], "Int16Array"],
    ["<f2", Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7bff), [1, -2, 2 ** -24, 65504], "Float32Array"],
    ["<f4", Float32Array.of(1, 0.5), [1, 0.5], "Float32Array"],
    ["<f8", Float64Array.of(1, 0.1), [1, 0.1], "Float64Array"],
  ])("%s: %o", async (descr, values, numbers, type) => {
    const { data, rows, cols } = await readNpy(file(descr, values));
    expect([rows, cols, data.constructor.name]).toEqual([numbers.length, 1, type]);
    expect(Array.from(data as Float64Array)).toEqual(numbers);
  });

  it.each([1, 2, 3] as const)("version %d, two dimensions, entries in any order", async (version) => {
    const header = "{ \"shape\": (2L, 3L),'fortran_order':False, 'descr': '<f4' }";
    const X = await readNpy(npyFile(version, header, new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer)));
    expect(X).toEqual({ data: Float32Array.of(1, 2, 3, 4, 5, 6), rows: 2, cols: 3 });
  });

  const whole = file("<f8", Float64Array.of(1, 2, 3, 4), "2, 2");
  const with_ = (header: string): Uint8Array => npyFile(1, header, new Uint8Array(8));
  it.each<[string, Uint8Array, RegExp]>([
    ["empty", new Uint8Array(0), /x.npy: is truncated in its header, or no NPY file/],
    ["magic", utf8("1 1:1 2:1\n"), /is not an NPY file/],
    ["version", whole.map((byte, i) => (i === 6 ? 4 : byte)), /is NPY version 4.0, expected 1.0, 2.0 or 3.0/],
    ["cut", whole.slice(0, -1), /has 31 bytes of values, its header says \(2, 2\) of 8 bytes each = 32/],
    ["too long", join(whole, Uint8Array.of(0)), /has more values than its header's \(2, 2\) of 8 bytes each/],
    ["Fortran order", with_(npyHeader("<f8", "1,", "True")), /is in Fortran order, expected C order/],
    ["big-endian", with_(npyHeader(">f8", "1,")), /big-endian values \(">f8"\), expected little-endian/],
    ["objects", with_(npyHeader("|O", "1,")), /values of type "\|O"/],
    ["complex", with_(npyHeader("<c16", "1,")), /values of type "<c16"/],
    ["records", with_("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }"), /values of type "\[\('a'/],
    ["no dimensions", with_(npyHeader("<f8", "")), /has 0 dimensions, \(\), expected 1 or 2/],
    ["three dimensions", with_(npyHeader("<f8", "1, 1, 1")), /has 3 dimensions, \(1, 1, 1\)/],
    ["header", with_("{'descr': '<f8'}"), /has the header "\{'descr'/],
    [
      "2^40 values",
      with_(npyHeader("<f8", "1099511627776,")),
      /has 8 bytes of values, its header says \(1099511627776,\)/,
    ],
    ["10^30 values", with_(npyHeader("<f8", `1${"0".repeat(30)},`)), /too large/],
    [
      "a header of 2^31 bytes",
      npyFile(2, "", new Uint8Array(0)).map((byte, i) => (i === 11 ? 128 : byte)),
      /has a header of 2147483649 bytes/,
    ],
    [
      "int64",
      file("<i8", BigInt64Array.of(1n, 2n ** 53n), "1, 2"),
      /row 0, column 1: found 9007199254740992, expected a whole number that float64 holds/,
    ],
    ["bool", file("|b1", Uint8Array.of(1, 2)), /row 1, column 0: found the byte 2, expected 0 or 1/],
  ])("%s", async (_, bytes, message) => {
    await expect(readNpy(bytes, { name: "x.npy" })).rejects.toThrow(bad(message));
  });

  it.each([
    { data: Float64Array.of(1, 0.1, -3, 4), rows: 2, cols: 2 },
    { data: Float32Array.of(1, 0.5), rows: 1, cols: 2 },
    { data: Int16Array.of(1, -300), rows: 2, cols: 1 },
    { data: Int8Array.of(1, -3), rows: 2, cols: 1 },
    { data: Uint8Array.of(1, 200, 3), rows: 1, cols: 3 },
    { data: new Float64Array(0), rows: 0, cols: 5 },
  ])("written and read again: $data", async (matrix) => {
    const bytes = toNpy(matrix);
    expect(await readNpy(bytes)).toEqual(matrix);
    expect((bytes.length - matrix.data.byteLength) % 64).toBe(0);
  });

  it("writes rows as float64, and vectors", async () => {
    expect(
      await readNpy(
        toNpy({
          data: [
            [1, 2],
            [3, 4],
          ],
          rows: 2,
          cols: 2,
        }),
      ),
    ).toEqual({ data: Float64Array.of(1, 2, 3, 4), rows: 2, cols: 2 });
    expect(new TextDecoder().decode(toNpy(Uint8Array.of(1, 2)))).toContain(
      "'descr': '|u1', 'fortran_order': False, 'shape': (2,), }",
    );
    expect(() => toNpy({ data: Uint8Array.of(1), rows: 2, cols: 2 })).toThrow(
      expect.objectContaining({ code: "BAD_SHAPE" }),
    );
    expect(() => toNpy({ data: [[1], [2, 3]], rows: 1, cols: 3 })).toThrow(
      expect.objectContaining({ code: "BAD_SHAPE" }),
    );
    expect(() => toNpy(null as never)).toThrow(BitcenterError);
  });
});

describe("IDX", () => {
  it.each<[number, readonly number[], string]>([
    [8, [0, 255], "Uint8Array"],
    [9, [-128, 127], "Int8Array"],
    [11, [-300, 300], "Int16Array"],
    [12, [1, 255], "Uint8Array"],
    [12, [1, -2147483648], "Float32Array"],
    [12, [1, 2147483647], "Float64Array"],
    [13, [0.5, -3], "Float32Array"],
    [14, [0.1, 1e300], "Float64Array"],
  ])("type %d: %j as %s", async (type, values, name) => {
    const { data, shape } = await readIdx(idxFile(type, [1, 2, 1], values));
    expect([Array.from(data), data.constructor.name, shape]).toEqual([values, name, [1, 2, 1]]);
  });

  it("a header that claims 2^40 values allocates nothing", async () => {
    const bytes = join(idxFile(14, [2 ** 20, 2 ** 20], []), new Uint8Array(16));
    await expect(readIdx(bytes)).rejects.toThrow(bad(/has 16 bytes of values, its header says 1048576 × 1048576/));
  });
});

it("bytes are allocated as they arrive, whatever a header claims", () => {
  const bytes = new GrowingBytes(2 ** 40);
  for (let k = 0; k < 100; k++) expect(bytes.append(new Uint8Array(100))).toBe(true);
  expect(bytes.length).toBe(10_000);
  expect(bytes.view().buffer.byteLength).toBeLessThanOrEqual(20_000);
  const few = new GrowingBytes(150);
  expect([few.append(new Uint8Array(100)), few.append(new Uint8Array(51)), few.length]).toEqual([true, false, 100]);
});

describe("sources", () => {
  const text = "1 1:1 2:0.5\n-1 2:3\n".repeat(300);
  const plain = utf8(text);

  async function* stream(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
    yield* chunks;
  }
  const readable = (bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array> => new Blob([bytes]).stream();

  it("all kinds, plain and gzip, give the same", async () => {
    const expected = await readLibsvm(plain);
    for (const bytes of [plain, await gzip(plain)]) {
      const sources: ByteSource[] = [
        bytes,
        bytes.buffer,
        new Blob([bytes]),
        new Response(bytes),
        readable(bytes),
        stream(pieces(bytes, [1, 2, 3, 50, 50])),
        stream([...bytes].map((byte) => Uint8Array.of(byte))),
      ];
      for (const source of sources) expect(await readLibsvm(source)).toEqual(expected);
    }
  });

  it("gzip: cut off anywhere, changed, several members, something behind it", async () => {
    const bytes = await gzip(plain);
    const sentence = bad(/^f.gz: (its gzip data are damaged|something follows its first gzip member)/);
    for (let end = 2; end < bytes.length; end += end < 20 || end > bytes.length - 12 ? 1 : 7) {
      await expect(readLibsvm(bytes.slice(0, end), { name: "f.gz" }), `cut to ${end}`).rejects.toThrow(sentence);
    }
    const flipped = bytes.map((byte, i) => (i === bytes.length - 6 ? byte ^ 1 : byte));
    const wrong = [flipped, join(bytes, bytes), join(bytes, new Uint8Array(9)), join(bytes, utf8("more"))];
    for (const one of wrong) await expect(readLibsvm(one, { name: "f.gz" })).rejects.toThrow(sentence);
  });

  it("a source is left when reading fails, and told so", async () => {
    for (const bytes of [utf8("x\n"), await gzip(utf8("x\n".repeat(100_000)))]) {
      let isClosed = false;
      async function* source(): AsyncGenerator<Uint8Array, void, undefined> {
        try {
          for (const chunk of pieces(bytes, [1])) yield chunk;
          for (;;) yield new Uint8Array(1000);
        } finally {
          isClosed = true;
        }
      }
      await expect(readLibsvm(source())).rejects.toThrow(BitcenterError);
      expect(isClosed).toBe(true);
    }
  });

  it("a source that fails", async () => {
    async function* source(): AsyncGenerator<Uint8Array, void, undefined> {
      yield plain;
      throw new Error("the line went dead");
    }
    await expect(readLibsvm(source())).rejects.toThrow(
      bad(/LIBSVM text: cannot be read to its end \(the line went dead\)/),
    );
    await expect(readLibsvm(new Response("", { status: 404 }))).rejects.toThrow(bad(/the server answered 404/));
    const used = new Response("1 1:1");
    await used.text();
    await expect(readLibsvm(used)).rejects.toThrow(bad(/has been read already/));
  });

  it("what is no source", async () => {
    for (const source of [null, undefined, 3, "train.libsvm", {}, [1]]) {
      await expect(readLibsvm(source as never)).rejects.toThrow(expect.objectContaining({ code: "BAD_OPTION" }));
    }
    async function* texts() {
      yield "1 1:1";
    }
    await expect(readLibsvm(texts() as never)).rejects.toThrow(/must give Uint8Arrays, it gave "1 1:1"/);
  });
});

describe("Arrow", () => {
  const table = (
    columns: Record<string, { values: ArrayLike<unknown>; nullCount?: number; type?: unknown }>,
  ): ArrowTable => ({
    numRows: Object.values(columns)[0]?.values.length ?? 0,
    schema: { fields: Object.keys(columns).map((name) => ({ name })) },
    getChild: (name) => {
      const column = columns[name];
      return column === undefined ? null : { ...column, toArray: () => column.values };
    },
  });
  const good = {
    a: { values: Uint8Array.of(1, 2) },
    b: { values: Int8Array.of(-1, 3) },
    c: { values: BigInt64Array.of(5n, 6n) },
    d: { values: [true, false] },
    t: { values: ["x", "y"] },
  };

  it("columns become rows in the narrowest common type", () => {
    const { X, y, featureNames } = fromArrow(table(good), { label: "t" });
    expect(X).toEqual({ data: Int16Array.of(1, -1, 5, 1, 2, 3, 6, 0), rows: 2, cols: 4 });
    expect([y, featureNames]).toEqual([
      ["x", "y"],
      ["a", "b", "c", "d"],
    ]);
    const some = fromArrow(table(good), { columns: ["c", "a"], label: "b" });
    expect(some).toEqual({
      X: { data: Uint8Array.of(5, 1, 6, 2), rows: 2, cols: 2 },
      y: Float64Array.of(-1, 3),
      featureNames: ["c", "a"],
    });
  });

  it.each<[string, Parameters<typeof table>[0], object, RegExp]>([
    ["nulls", { a: { values: Uint8Array.of(1, 2), nullCount: 1 } }, {}, /column "a" has 1 missing values/],
    ["null", { a: { values: [1, null] } }, {}, /row 1, column "a": expected a finite number, given null/],
    ["text", good, {}, /row 0, column "t": expected a finite number, given "x"/],
    ["no column", good, { columns: ["z"] }, /no column "z", but "a", "b"/],
    [
      "half floats",
      { a: { values: Uint16Array.of(1), type: { typeId: 3, precision: 0, toString: () => "Float16" } } },
      {},
      /Arrow type Float16/,
    ],
    [
      "decimals",
      { a: { values: Uint32Array.of(1), type: { typeId: 7, toString: () => "Decimal" } } },
      {},
      /Arrow type Decimal/,
    ],
    ["large", { a: { values: BigInt64Array.of(2n ** 53n) } }, {}, /9007199254740992 is beyond 2⁵³/],
    ["option", good, { label: 3 }, /label must be a column's name or null, given 3/],
  ])("%s", (_, columns, options, message) => {
    expect(() => fromArrow(table(columns), options)).toThrow(message);
  });
});

/** A text for every way to cut it, and what the oracle makes of it. */
const CASES: readonly (readonly [string, Reader, Uint8Array])[] = [
  ["LIBSVM", libsvmReader(), utf8("1 1:1.5 12:0.25\r\n# x\r\n\r\n-1 3:7 # y\r\n2.5e1 1:300 2:0.1")],
  ["LIBSVM from 0", libsvmReader(), utf8("1 qid:4 0:1 3:2\n0 qid:4 1:1\n")],
  [
    "CSV",
    csvReader({ delimiter: ",", header: true, label: 1 }),
    utf8('\ufeff"a\r\nb",é\r\n1.5,x\r\n" 2 ","y ""z"""\r\n\r\n3,u'),
  ],
  ["blanks", csvReader({ delimiter: " ", header: false, label: null }), utf8("1  2\r\n 3\t4 \n5 6")],
  ["NPY", npyReader, npyFile(1, npyHeader("<i2", "2, 2"), new Uint8Array(Int16Array.of(1, -2, 3, 400).buffer))],
  ["IDX", idxReader, idxFile(11, [2, 2], [1, -2, 3, 400])],
];

/** Throws unless `reader` gives what the oracle gives, however the bytes are cut. */
function checkCuts(read: Reader["ours"], oracle: Reader["oracle"], bytes: Uint8Array): void {
  const expected = oracle(bytes);
  for (let cut = 0; cut <= bytes.length; cut++) expect(read(pieces(bytes, [cut]))).toBe(expected);
  for (const step of [1, 2, 3, 7]) {
    const cuts = Array.from({ length: Math.floor(bytes.length / step) }, (_, k) => k * step);
    expect(read(pieces(bytes, cuts))).toBe(expected);
  }
}

describe("pieces", () => {
  it.each(CASES)("%s: the same however the bytes are cut", (_, reader, bytes) => {
    checkCuts(reader.ours, reader.oracle, bytes);
  });

  it("refusals do not depend on the cuts either, sentence for sentence", () => {
    const sentences = new Set<string>();
    for (const target of TARGETS) {
      for (let seed = 0; seed < 300; seed++) {
        const dice = new Dice(seed);
        const reader = target.reader(dice);
        const bytes = dice.pick(target.seeds).map((byte) => (dice.below(30) === 0 ? dice.below(128) : byte));
        const whole = outcome(() => reader.ours([bytes]), true);
        const single = outcome(() => reader.ours([...bytes].map((byte) => Uint8Array.of(byte))), true);
        expect(single).toEqual(whole);
        sentences.add(whole.message.replace(/\d+|".*"/g, ""));
      }
    }
    expect(sentences.size).toBeGreaterThan(20);
  });

  it("a long text, in pieces of its own", () => {
    const dice = new Dice(5);
    const rows = Array.from(
      { length: 20_000 },
      (_, i) => `${i % 3},${dice.below(1000) / 8},"a${"q".repeat(dice.below(20))}\n",${dice.below(300)}\r\n`,
    );
    const bytes = utf8(`a,b,t,c\n${rows.join("")}`);
    const reader = csvReader({ delimiter: ",", header: "auto", label: 0, oneHot: [2] });
    const cuts = Array.from({ length: 60 }, () => dice.below(bytes.length));
    expect(reader.ours(pieces(bytes, cuts)) === reader.oracle(bytes)).toBe(true);
  });

  it("a quote that is never closed is looked at a few times, not once per piece", () => {
    const reader = csvReader({ delimiter: ",", header: false, label: null });
    const chunk = utf8("1,2\n".repeat(1000));
    const chunks = [utf8('"'), ...Array.from({ length: 2000 }, () => chunk)];
    const parser = vi.spyOn(papaparse, "Parser");
    expect(outcome(() => reader.ours(chunks), true).message).toMatch(/line 1: found a quoted field that does not end/);
    // 8 MB from 64 KiB on, twice as much each time, and once more at the end
    expect(parser.mock.calls.length).toBeLessThanOrEqual(Math.log2(8e6 / 2 ** 16) + 2);
    parser.mockRestore();
  });

  const LF = 10;
  const lastLine = (bytes: Uint8Array): number => bytes.lastIndexOf(LF) + 1;
  const MUTANTS: readonly (readonly [string, (read: Reader["ours"]) => Reader["ours"]])[] = [
    [
      "what is left of a piece is lost",
      (read) => (chunks) => read(chunks.map((chunk) => chunk.slice(0, lastLine(chunk)))),
    ],
    ["every piece ends a line", (read) => (chunks) => read(chunks.flatMap((chunk) => [chunk, Uint8Array.of(LF)]))],
    [
      "the last line needs a line end",
      (read) => (chunks) => {
        const all = join(...chunks);
        return read([all.slice(0, lastLine(all))]);
      },
    ],
    ["pieces without a line end are lost", (read) => (chunks) => read(chunks.filter((chunk) => chunk.includes(LF)))],
    [
      "a carriage return is part of the text",
      (read) => (chunks) => read(chunks.map((chunk) => chunk.map((byte) => (byte === 13 ? 95 : byte)))),
    ],
    ["one row too few", (read) => (chunks) => read([join(...chunks).slice(join(...chunks).indexOf(LF) + 1)])],
    ["columns off by one", (read) => (chunks) => read(chunks).replace(/(\d+):/g, (_, j) => `${Number(j) + 1}:`)],
    ["float32", (read) => (chunks) => read(chunks).replace(/:([\d.]+)/g, (_, x) => `:${Math.fround(Number(x))}`)],
  ];
  it.each(MUTANTS)("a reader with a fault is caught: %s", (_, mutate) => {
    const [, reader, bytes] = CASES[0] as (typeof CASES)[number];
    expect(() => checkCuts(mutate(reader.ours), reader.oracle, bytes)).toThrow();
  });
});

describe("written and read again", () => {
  const value = (dice: Dice): number =>
    dice.pick([dice.below(256), -dice.below(200), dice.normal(), dice.below(1000) / 8, 0, 1e-300 * dice.uniform()]);

  it.each(Array.from({ length: 40 }, (_, seed) => seed))("seed %d", async (seed) => {
    const dice = new Dice(seed);
    const [rows, cols] = [dice.between(1, 30), dice.between(1, 12)];
    const dense = Array.from({ length: rows }, () => Array.from({ length: cols }, () => value(dice)));
    const y = dense.map(() => dice.below(5));

    const lines = dense.map((row, i) => `${y[i]} ${row.map((x, j) => (x === 0 ? "" : `${j + 1}:${x}`)).join(" ")}`);
    const sparse = await readLibsvm(utf8(lines.join("\n")), { cols });
    const back = dense.map(() => new Array<number>(cols).fill(0));
    for (let i = 0; i < rows; i++) {
      for (let at = sparse.X.indptr[i] as number; at < (sparse.X.indptr[i + 1] as number); at++) {
        (back[i] as number[])[sparse.X.indices[at] as number] = sparse.X.data[at] as number;
      }
    }
    expect([back, [...sparse.y]]).toEqual([dense.map((row) => row.map((x) => x + 0)), y]);

    const names = dense[0]?.map((_, j) => `"${dice.pick(["a", "b,", 'c""', "d\n", "é"])}${j}"`) as string[];
    const table = [...names, "y"].join() + dense.map((row, i) => `\r\n${[...row, y[i]].join()}`).join("");
    const { X, y: labels, featureNames } = await readCsv(utf8(table), { label: "y" });
    expect(Array.from(X.data as Float64Array)).toEqual(dense.flat().map((x) => x + 0));
    expect([[...(labels as Float64Array)], featureNames]).toEqual([
      y,
      names.map((name) => name.slice(1, -1).replaceAll('""', '"')),
    ]);

    const flat = Float64Array.from(dense.flat());
    expect(await readNpy(toNpy({ data: flat, rows, cols }))).toEqual({ data: flat, rows, cols });
    expect(await readIdx(idxFile(14, [rows, cols], [...flat]))).toEqual({ data: flat, shape: [rows, cols] });
  });
});
