// IDX files (MNIST's format): big-endian header [0, 0, type, dimensions], one 32-bit size per dimension, then the values.
import { BitcenterError } from "../errors.js";

export interface IdxArray {
  /** Unsigned bytes, row-major. */
  readonly data: Uint8Array;
  /** Size of every dimension, the first one counts items. */
  readonly shape: readonly number[];
}

const UNSIGNED_BYTE = 0x08;

/** Whether bytes begin with the gzip magic number. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Reads an IDX file of unsigned bytes; `name` is used in errors.
 * @throws BitcenterError BAD_FILE for another type, a wrong length or a truncated file
 */
export function readIdx(bytes: Uint8Array, name = "IDX data"): IdxArray {
  const fail = (text: string): never => {
    throw new BitcenterError("BAD_FILE", `${name}: ${text}`);
  };
  if (isGzip(bytes)) fail("is compressed by gzip; decompress it first");
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== 0)
    fail("is not an IDX file (it must begin with two zero bytes)");
  if (bytes[2] !== UNSIGNED_BYTE) fail(`holds values of IDX type ${bytes[2]}; only unsigned bytes (8) are read`);
  const dimensions = bytes[3] as number;
  const header = 4 + 4 * dimensions;
  if (dimensions === 0 || bytes.length < header) fail("is truncated in its header");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 + 4 * i));
  const count = shape.reduce((product, size) => product * size, 1);
  if (bytes.length !== header + count) {
    fail(`has ${bytes.length - header} bytes of values, its header says ${shape.join(" × ")} = ${count}`);
  }
  return { data: bytes.subarray(header), shape };
}
