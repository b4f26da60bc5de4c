// bitcenter/node: files, standard input, and the real data sets where they lie beside the package.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import type { SparseMatrix } from "../bindings/data/matrix.js";
import { readLibsvm, toNpy } from "../bindings/io/index.js";
import { type FileOptions, openFile, readFile } from "../bindings/node/index.js";
import { formatOfName } from "../bindings/node/read-file.js";
import { plainCsv, plainIdx, plainLibsvm } from "./oracle/formats.js";
import { csvReader, idxFile, libsvmReader, summaryOfLibsvm, utf8 } from "./support/files.js";
import { mutate } from "./support/fuzz.js";
import { Dice } from "./support/random.js";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = mkdtempSync(join(tmpdir(), "bitcenter-files-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const LIBSVM = "1 1:2 3:0.5\n-1 2:300\n";
const X_OF_LIBSVM = {
  rows: 2,
  cols: 3,
  indptr: Int32Array.of(0, 2, 3),
  indices: Int32Array.of(0, 2, 1),
  data: Float32Array.of(2, 0.5, 300),
};

describe("readFile", () => {
  it.each<[string, string | Uint8Array, FileOptions, string]>([
    ["a.libsvm", LIBSVM, {}, "libsvm"],
    ["a.svm.gz", gzipSync(LIBSVM), {}, "libsvm"],
    ["a9a", LIBSVM, {}, "libsvm"],
    ["a9a.t", LIBSVM, {}, "libsvm"],
    ["a.txt", LIBSVM, {}, "libsvm"],
    ["gzip.without.its.name", gzipSync(LIBSVM), {}, "libsvm"],
    ["plain.libsvm.gz", LIBSVM, {}, "libsvm"],
    ["two-members.gz", Buffer.concat([gzipSync(LIBSVM.slice(0, 9)), gzipSync(LIBSVM.slice(9))]), {}, "libsvm"],
    ["wrong-name.csv", LIBSVM, { format: "libsvm" }, "libsvm"],
  ])("%s", async (name, bytes, options, format) => {
    const data = await readFile(write(name, bytes), options);
    expect(data).toMatchObject({
      X: X_OF_LIBSVM,
      y: Float64Array.of(1, -1),
      featureNames: null,
      format,
      firstIndex: 1,
    });
  });

  it.each<[string, string | null]>([
    ["1\n-1 2:3\n", "libsvm"],
    ["# only\n1 1:1", "libsvm"],
    [`1 ${Array.from({ length: 20000 }, (_, j) => `${j + 1}:7`).join(" ")}\n`, "libsvm"],
    [`1 1:1\n1 ${Array.from({ length: 20000 }, (_, j) => `${j + 1}:7`).join(" ")}\n`, "libsvm"],
    ["1\n2\n", null],
    ["time 12:30\n", null],
    ["1 2\n3 4:1\n", null],
    ["1,2,3\n", "csv"],
    ["1,2,3", "csv"],
    ["a,b\n1,2", "csv"],
    ["a\tb\n1\t2\n", "tsv"],
    ["a;b\r\n1.5;2.5\r\n", "csv"],
    ['a,b\n1,"2"\n', "csv"],
    ['"a, or b",c\n1,2\n', "csv"],
    [`${Array.from({ length: 5000 }, (_, j) => `c${j}`).join(",")}\n${"1,".repeat(4999)}1\n`, "csv"],
    [`${"0.125,".repeat(20000)}1\n`, "csv"],
    ["a,b\n", null],
    ["a,b\n1,2,3\n", null],
    ["Dear all,\nthis is prose\n", null],
    ["x,y 1:2 2:3\nz,y 1:2\n", null],
    ["yes\t1:2\t2:3\nno\t1:2\t2:3\n", null],
    ["[[1,2],[3,4],\n[5,6],[7,8],\n", null],
    ["1,2\x01\n3,4\n", null],
  ])("the format of %s, from its beginning: %s", async (text, format) => {
    const found = await readFile(write("unknown", text)).then(
      (data) => data.format,
      (error: Error) => (/neither its name nor its beginning/.test(error.message) ? null : error),
    );
    expect(found).toBe(format);
  });

  const dense = { data: Uint8Array.of(1, 2, 3, 4), rows: 2, cols: 2 };
  it.each<[string, string | Uint8Array, FileOptions]>([
    ["b.csv", "1,7,2\n3,8,4\n", { label: 1 }],
    ["b.tsv", "1\t7\t2\n3\t8\t4\n", { label: 1 }],
    ["b.txt", "1 7 2\n3 8 4\n", { label: 1 }],
    ["b.npy", toNpy({ data: Uint8Array.of(1, 7, 2, 3, 8, 4), rows: 2, cols: 3 }), { label: 1 }],
    ["b.npy.gz", gzipSync(toNpy({ data: Uint8Array.of(7, 1, 2, 8, 3, 4), rows: 2, cols: 3 })), { label: "first" }],
    ["b.anything", toNpy({ data: Uint8Array.of(1, 2, 7, 3, 4, 8), rows: 2, cols: 3 }), { label: "last" }],
    ["b-idx2-ubyte", idxFile(8, [2, 3], [1, 7, 2, 3, 8, 4]), { label: 1 }],
    ["b.idx.gz", gzipSync(idxFile(8, [2, 3, 1], [1, 7, 2, 3, 8, 4])), { label: 1 }],
  ])("%s with its label", async (name, bytes, options) => {
    expect(await readFile(write(name, bytes), options)).toMatchObject({ X: dense, y: Float64Array.of(7, 8) });
  });

  it.each<[string, string | Uint8Array, unknown]>([
    ["y.idx", idxFile(8, [2], [7, 8]), Float64Array.of(7, 8)],
    ["y.npy", toNpy(Float64Array.of(7, 0.5)), Float64Array.of(7, 0.5)],
    ["y.csv", "7\n8\n", Float64Array.of(7, 8)],
    ["y.txt", "cat\ndog\n", ["cat", "dog"]],
  ])("labels from %s", async (name, bytes, y) => {
    const path = write("c.idx", idxFile(8, [2, 2, 1], [1, 2, 3, 4]));
    expect(await readFile(path, { labels: write(name, bytes) })).toMatchObject({ X: dense, y });
  });

  it("labels that are too few, or no vector", async () => {
    const path = write("c.idx", idxFile(8, [2, 2, 1], [1, 2, 3, 4]));
    await expect(readFile(path, { labels: write("y.csv", "1\n") })).rejects.toThrow(
      /y.csv: found 1 labels, expected 2/,
    );
    await expect(readFile(path, { labels: path })).rejects.toThrow(/c.idx: expected one label per row/);
  });

  it.each<[string, () => string, FileOptions, string, RegExp]>([
    ["no file", () => join(folder, "nothing.csv"), {}, "BAD_FILE", /nothing\.csv: there is no such file$/],
    ["a directory", () => folder, {}, "BAD_FILE", /is a directory, expected a file$/],
    ["below a file", () => join(write("d.csv", "1"), "e.csv"), {}, "BAD_FILE", /there is no such file/],
    ["empty", () => write("empty.csv", ""), {}, "BAD_FILE", /empty\.csv: holds no rows/],
    [
      "of no known format",
      () => write("f.bin", "hello"),
      {},
      "BAD_FILE",
      /neither its name nor its beginning tells its format; give format: libsvm, csv/,
    ],
    ["a line", () => write("g.libsvm", `${LIBSVM}x\n`), {}, "BAD_FILE", /g\.libsvm: line 3 \(row 2\): found "x"/],
    [
      "an option of another format",
      () => write("h.libsvm", LIBSVM),
      { delimiter: "," },
      "BAD_OPTION",
      /delimiter is no option of format libsvm/,
    ],
    [
      "an unknown option",
      () => write("h.libsvm", LIBSVM),
      { columns: 3 } as never,
      "BAD_OPTION",
      /unknown option "columns"/,
    ],
    [
      "a format that is none",
      () => write("h.libsvm", LIBSVM),
      { format: "arff" as never },
      "BAD_OPTION",
      /format must be/,
    ],
    [
      "a label by name",
      () => write("i.npy", toNpy(dense)),
      { label: "y" },
      "BAD_OPTION",
      /label must be "first", "last" or an index below 2/,
    ],
    ["no path", () => "", {}, "BAD_OPTION", /path must be a file's name/],
    [
      "cut gzip",
      () => write("j.gz", gzipSync(LIBSVM).subarray(0, -5)),
      {},
      "BAD_FILE",
      /j\.gz: its gzip data are damaged, cut off/,
    ],
    [
      "zeros behind gzip",
      () => write("k.gz", Buffer.concat([gzipSync(LIBSVM), Buffer.alloc(7)])),
      {},
      "BAD_FILE",
      /k\.gz: 7 bytes follow its gzip data/,
    ],
    [
      "text behind gzip",
      () => write("l.gz", Buffer.concat([gzipSync(LIBSVM), Buffer.from("text")])),
      {},
      "BAD_FILE",
      /l\.gz: /,
    ],
  ])("%s: one sentence", async (_, path, options, code, message) => {
    const error = await readFile(path(), options).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "BitcenterError", code, message: expect.stringMatching(message) });
    expect((error as Error).message).not.toContain("\n");
  });

  it.skipIf(process.getuid?.() === 0)("no permission: one sentence", async () => {
    const path = write("secret.csv", "1,2\n");
    chmodSync(path, 0);
    await expect(readFile(path)).rejects.toThrow(/secret\.csv: may not be read \(permission denied\)/);
  });

  it.each([
    ["x/a9a.t.gz", null],
    ["train-images-idx3-ubyte.gz", "idx"],
    ["t10k-labels.idx1-ubyte", "idx"],
    ["A.CSV.GZ", "csv"],
    ["a.b/c", null],
    ["constructor.constructor", null],
    ["csv", null],
  ] as const)("the format that the name %s speaks of: %s", (name, format) => {
    expect(formatOfName(name)).toBe(format);
  });

  it("standard input, plain and gzip", () => {
    const script = `import { readFile } from ${JSON.stringify(pathToFileURL(join(root, "dist/node/index.js")).href)};
      const { X, y, format } = await readFile("-"); console.log(JSON.stringify([X.rows, X.cols, [...X.data], [...y], format]));`;
    for (const input of [LIBSVM, gzipSync(LIBSVM)]) {
      const printed = execFileSync(process.execPath, ["--input-type=module", "-e", script], {
        input,
        encoding: "utf8",
      });
      expect(JSON.parse(printed)).toEqual([2, 3, [2, 0.5, 300], [1, -1], "libsvm"]);
    }
  });

  it("damaged gzip files: what was compressed, or one sentence", async () => {
    const text = Array.from({ length: 300 }, (_, i) => `${i % 2} 1:${i} 3:${(i * 7919) % 1000}.5\n`).join("");
    const seeds = [gzipSync(text), Buffer.concat([gzipSync(text.slice(0, 999)), gzipSync(text.slice(999))])];
    const target = { name: "gzip", seeds, tokens: [Uint8Array.of(0)], reader: () => expect.fail() };
    const right = libsvmReader().oracle(utf8(text));
    let read = 0;
    for (let seed = 0; seed < 500; seed++) {
      const path = write("damaged.gz", mutate(target, new Dice(seed)));
      try {
        expect(summaryOfLibsvm(await readLibsvm(openFile(path))), `seed ${seed}`).toBe(right);
        read++;
      } catch (error) {
        expect(error).toMatchObject({ code: "BAD_FILE", message: expect.stringMatching(/damaged\.gz: /) });
      }
    }
    expect(read).toBeGreaterThan(0);
    expect(read).toBeLessThan(250);
  });

  it("openFile is a source for the readers, and can be read again", async () => {
    const source = openFile(write("m.gz", gzipSync(LIBSVM)));
    const [once, again] = [await readLibsvm(source), await readLibsvm(source)];
    expect(once).toEqual(again);
    expect(summaryOfLibsvm(once)).toBe(libsvmReader().oracle(utf8(LIBSVM)));
    await expect(readLibsvm(openFile(write("n.txt", "x")))).rejects.toThrow(/n\.txt: line 1/);
    mkdirSync(join(folder, "sub"));
    await expect(readLibsvm(openFile(join(folder, "sub")))).rejects.toThrow(/sub: is a directory/);
  });
});

/** Beside the package, or where BITCENTER_DATA says; tests of files that are not there are skipped. */
const data = process.env["BITCENTER_DATA"] ?? join(root, "../shared/data");

/** A test of one data file. */
function real(file: string, title: string, body: (path: string) => Promise<void>): void {
  const path = join(data, file);
  if (existsSync(path)) it(`${file}: ${title}`, () => body(path));
  else it.skip(`${file}: skipped, ${path} is not there; the rest of the suite is unaffected`, () => {});
}

const countsOf = (y: Iterable<number | string>): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const label of y) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
};

const sha256 = (...arrays: readonly ArrayBufferView[]): string => {
  const hash = createHash("sha256");
  for (const array of arrays) hash.update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  return hash.digest("hex");
};

describe("real data", () => {
  // rows, columns, stored values, labels, and the type that holds the values
  const SPARSE: readonly (readonly [string, number, number, number, Record<string, number> | null, string, number?])[] =
    [
      ["a9a", 32561, 123, 451592, { "-1": 24720, "1": 7841 }, "Uint8Array"],
      ["a9a.t", 16281, 123, 225731, { "-1": 12435, "1": 3846 }, "Uint8Array", 123],
      ["ijcnn1", 49990, 22, 649870, { "-1": 45137, "1": 4853 }, "Float64Array"],
      ["ijcnn1.t", 91701, 22, 1192113, { "-1": 82989, "1": 8712 }, "Float64Array"],
      ["cpusmall", 8192, 12, 94903, null, "Float64Array"],
      ["cadata", 20640, 8, 165120, null, "Float64Array"],
      ["reuters_money-fx", 7770, 8315, 339837, { "-1": 7232, "1": 538 }, "Float64Array"],
      ["reuters_money-fx.t", 3299, 8315, 136821, { "-1": 3120, "1": 179 }, "Float64Array", 8315],
      ["mushrooms", 8124, 112, 170604, { "1": 3916, "2": 4208 }, "Uint8Array"],
      ["german.numer_scale", 1000, 24, 23001, { "-1": 700, "1": 300 }, "Float64Array"],
    ];
  for (const [name, rows, cols, stored, classes, type, width] of SPARSE) {
    real(`libsvm/${name}.gz`, `${rows} × ${cols}, ${stored} values, as the oracle reads them`, async (path) => {
      const { X: matrix, y, firstIndex } = await readFile(path, width === undefined ? {} : { cols: width });
      const X = matrix as SparseMatrix;
      expect([X.rows, X.cols, X.indices.length, X.data.length, firstIndex]).toEqual([rows, cols, stored, stored, 1]);
      expect(X.data.constructor.name).toBe(type);
      if (classes !== null) expect(countsOf(y as Float64Array)).toEqual(classes);
      const plain = plainLibsvm(gunzipSync(readFileSync(path)));
      const indptr = Int32Array.of(0, ...plain.entries.map((row) => row.length));
      for (let i = 0; i < rows; i++) (indptr[i + 1] as number) += indptr[i] as number;
      const values = Float64Array.from(plain.entries.flat(), ([, value]) => value);
      const indices = Int32Array.from(plain.entries.flat(), ([j]) => j);
      const expected = sha256(values, indices, indptr, Float64Array.from(plain.y as number[]));
      expect(sha256(Float64Array.from(X.data), X.indices, X.indptr, y as Float64Array)).toBe(expected);
    });
  }

  const DENSE: readonly (readonly [string, FileOptions, number, number, Record<string, number> | null, string])[] = [
    [
      "digits.csv.gz",
      { label: "last" },
      1797,
      64,
      { 0: 178, 1: 182, 2: 177, 3: 183, 4: 181, 5: 182, 6: 181, 7: 179, 8: 174, 9: 180 },
      "Uint8Array",
    ],
    ["breast_cancer.csv.gz", { label: "last", skipLines: 1 }, 569, 30, { 0: 212, 1: 357 }, "Float64Array"],
    ["wine_data.csv.gz", { label: "last", skipLines: 1 }, 178, 13, { 0: 59, 1: 71, 2: 48 }, "Float64Array"],
    ["iris.csv.gz", { label: "last", skipLines: 1 }, 150, 4, { 0: 50, 1: 50, 2: 50 }, "Float64Array"],
    ["diabetes_data_raw.txt.gz", {}, 442, 10, null, "Float64Array"],
    ["diabetes_target.txt.gz", {}, 442, 1, null, "Int16Array"],
  ];
  for (const [name, options, rows, cols, classes, type] of DENSE) {
    real(`csv/${name}`, `${rows} × ${cols}, as the oracle reads them`, async (path) => {
      const { X, y } = await readFile(path, options);
      expect([X.rows, X.cols, X.data.constructor.name]).toEqual([rows, cols, type]);
      expect(y === null ? null : countsOf(y)).toEqual(classes);
      const bytes = gunzipSync(readFileSync(path));
      const table = options.skipLines === 1 ? bytes.subarray(bytes.indexOf(10) + 1) : bytes;
      const label = y === null ? null : cols;
      const plain = plainCsv(table, { delimiter: name.endsWith(".txt.gz") ? " " : ",", header: false, label });
      expect(sha256(Float64Array.from(X.data as Float64Array))).toBe(
        sha256(Float64Array.from(plain.entries.flat(), ([, value]) => value)),
      );
      if (y !== null) expect([...y]).toEqual(plain.y);
    });
  }

  real("csv/breast_cancer.csv.gz", "its first line is no header of it", async (path) => {
    await expect(readFile(path, { label: "last" })).rejects.toThrow(
      /line 2 \(row \d\): found 31 fields, expected 4 as on line 1/,
    );
  });

  for (const [prefix, rows] of [
    ["train", 60_000],
    ["t10k", 10_000],
  ] as const) {
    real(`idx/mnist/${prefix}-images-idx3-ubyte.gz`, `${rows} images and their labels`, async (path) => {
      const labels = path.replace("images-idx3", "labels-idx1");
      const { X, y } = await readFile(path, { labels });
      expect([X.rows, X.cols]).toEqual([rows, 784]);
      expect(sha256(X.data as Uint8Array)).toBe(sha256(gunzipSync(readFileSync(path)).subarray(16)));
      expect([...(y as Float64Array)]).toEqual(plainIdx(gunzipSync(readFileSync(labels))).values);
    });
  }

  real("csv/digits.csv.gz", "the same through either reader's eyes", async (path) => {
    const bytes = gunzipSync(readFileSync(path));
    const reader = csvReader({ delimiter: ",", header: "auto", label: 64 });
    expect(reader.ours([bytes])).toBe(reader.oracle(bytes));
  });
});
