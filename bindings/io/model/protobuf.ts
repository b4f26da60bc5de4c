// The wire format of protocol buffers, as far as writing ONNX needs it: https://protobuf.dev/programming-guides/encoding/. A message is a list of chunks
// that are joined once, at the end.

/** Encoded fields, in order. */
export type Message = readonly Uint8Array[];

const VARINT = 0;
const LENGTH_DELIMITED = 2;

/** Base 128, low bits first, of a whole number from 0 to 2⁵³. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return bytes;
}

const tag = (field: number, type: number): number[] => varint(field * 8 + type);

export function lengthOf(message: Message): number {
  return message.reduce((sum, chunk) => sum + chunk.length, 0);
}

/** One field of int32, int64 or an enum, not negative. */
export function integer(field: number, value: number): Message {
  return [Uint8Array.from([...tag(field, VARINT), ...varint(value)])];
}

export function bytes(field: number, value: Uint8Array): Message {
  return [Uint8Array.from([...tag(field, LENGTH_DELIMITED), ...varint(value.length)]), value];
}

/** UTF-8. */
export function text(field: number, value: string): Message {
  return bytes(field, new TextEncoder().encode(value));
}

/** A message inside a message. */
export function message(field: number, ...fields: readonly Message[]): Message {
  const inside = fields.flat();
  return [Uint8Array.from([...tag(field, LENGTH_DELIMITED), ...varint(lengthOf(inside))]), ...inside];
}

/** All fields as one file. */
export function join(...fields: readonly Message[]): Uint8Array {
  const chunks = fields.flat();
  const joined = new Uint8Array(lengthOf(chunks));
  let at = 0;
  for (const chunk of chunks) {
    joined.set(chunk, at);
    at += chunk.length;
  }
  return joined;
}
