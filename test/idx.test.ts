// IDX reader: MNIST's format, and every way a file can be broken.
import { describe, expect, it } from "vitest";
import { isGzip, parseIdx } from "../bindings/io/index.js";

/** An IDX file of unsigned bytes with the given sizes; values count up. */
function idxFile(...shape: number[]): Uint8Array {
  const count = shape.reduce((product, size) => product * size, 1);
  const bytes = new Uint8Array(4 + 4 * shape.length + count);
  const view = new DataView(bytes.buffer);
  bytes.set([0, 0, 8, shape.length]);
  shape.forEach((size, i) => {
    view.setUint32(4 + 4 * i, size);
  });
  for (let i = 0; i < count; i++) bytes[4 + 4 * shape.length + i] = i;
  return bytes;
}

describe("parseIdx", () => {
  it.each([[[3]], [[2, 5]], [[4, 3, 2]], [[0, 28, 28]]])("shape %j", (shape) => {
    const read = parseIdx(idxFile(...shape));
    expect(read.shape).toEqual(shape);
    expect([...read.data]).toEqual(Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i & 255));
  });

  it("reads a view that does not begin at the start of its buffer", () => {
    const file = idxFile(2, 3);
    const wide = new Uint8Array(file.length + 7);
    wide.set(file, 7);
    expect(parseIdx(wide.subarray(7)).shape).toEqual([2, 3]);
  });

  const file = idxFile(2, 3);
  const changed = (at: number, value: number): Uint8Array => file.map((byte, i) => (i === at ? value : byte));
  it.each([
    ["empty", new Uint8Array(0), /not an IDX file/],
    ["no magic", changed(0, 1), /must begin with two zero bytes/],
    ["a type of no IDX file", changed(2, 0x0a), /values of type 10, expected one of IDX's/],
    ["another type", changed(2, 0x0d), /6 bytes of values, its header says 2 × 3 = 24/],
    ["no dimensions", changed(3, 0), /has no dimensions/],
    ["header cut", file.subarray(0, 6), /truncated in its header/],
    ["values cut", file.subarray(0, -1), /5 bytes of values, its header says 2 × 3 = 6/],
    ["values too many", changed(7, 1), /more bytes of values than the 1 × 3 = 3 of its header/],
    ["gzip", Uint8Array.of(0x1f, 0x8b, 8, 0), /compressed by gzip/],
  ])("%s: one error that names the file", (_, bytes, sentence) => {
    expect(() => parseIdx(bytes, "train.idx")).toThrow(sentence);
    expect(() => parseIdx(bytes, "train.idx")).toThrow(/^train\.idx: /);
    expect(() => parseIdx(bytes)).toThrow(expect.objectContaining({ code: "BAD_FILE" }));
  });

  it("every single changed header byte is an error or another shape of the same size", () => {
    for (let at = 0; at < 12; at++) {
      for (let value = 0; value < 256; value++) {
        let shape: readonly number[] = [2, 3];
        try {
          shape = parseIdx(changed(at, value)).shape;
        } catch (error) {
          expect(error).toMatchObject({ code: "BAD_FILE" });
        }
        // one dimension more or less moves the values: 6 bytes of values stay 6 only for the file as it was
        expect(shape.reduce((a, b) => a * b, 1) + 4 * shape.length).toBe(6 + 8);
      }
    }
  });

  it("tells gzip by its magic number", () => {
    expect(isGzip(Uint8Array.of(0x1f, 0x8b))).toBe(true);
    expect(isGzip(file)).toBe(false);
    expect(isGzip(new Uint8Array(0))).toBe(false);
  });
});
