// Where bytes come from, and how they become plain chunks: gzip is told from its magic bytes, never from a name.
import { BitcenterError, show } from "../errors.js";

/** Bytes of one file. A stream or an iterable can be read once. */
export type ByteSource =
  | Uint8Array
  | ArrayBuffer
  | Blob
  | Response
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>;

/** Takes the bytes of a file in pieces of any size and makes a result of them. */
export interface Sink<T> {
  write(chunk: Uint8Array): void;
  end(): T;
}

export function badFile(name: string, text: string): never {
  throw new BitcenterError("BAD_FILE", `${name}: ${text}`);
}

/** A piece of a file as it is shown in a sentence. */
export const quote = (text: string): string => show(text);

/** Whether bytes begin with the gzip magic number. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** What errors call the source: the given name, else the file's or the address's, else `fallback`. */
export function nameOf(source: unknown, given: unknown, fallback: string): string {
  if (given !== undefined) {
    if (typeof given === "string") return given;
    throw new BitcenterError("BAD_OPTION", `read: name must be a string, given ${show(given)}`);
  }
  const { name, url } = (source ?? {}) as { name?: unknown; url?: unknown };
  if (typeof name === "string" && name !== "") return name;
  return typeof url === "string" && url !== "" ? url : fallback;
}

async function* chunksOfStream(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  // Not `for await`: Safari's streams are not iterable.
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
const has = <K extends string>(value: object, key: K): value is Record<K, (...args: unknown[]) => unknown> =>
  typeof (value as Record<K, unknown>)[key] === "function";

function chunksOf(source: unknown, name: string): AsyncIterable<Uint8Array> | readonly Uint8Array[] {
  if (source instanceof Uint8Array) return [source];
  if (source instanceof ArrayBuffer) return [new Uint8Array(source)];
  if (isObject(source)) {
    if (has(source, "getReader")) return chunksOfStream(source as unknown as ReadableStream<Uint8Array>);
    if (Symbol.asyncIterator in source) return source as AsyncIterable<Uint8Array>;
    if (has(source, "stream")) return chunksOfStream((source as unknown as Blob).stream());
    if (has(source, "arrayBuffer")) {
      const response = source as unknown as Response;
      if (!response.ok) badFile(name, `the server answered ${response.status}`);
      if (response.bodyUsed) badFile(name, "the body of this response has been read already");
      return response.body === null ? [] : chunksOfStream(response.body);
    }
  }
  throw new BitcenterError(
    "BAD_OPTION",
    `${name}: a source must be a Uint8Array, ArrayBuffer, Blob, Response, ReadableStream or AsyncIterable of bytes, given ${show(source)}`,
  );
}

/** The chunks of a source as it is; what goes wrong in the source itself becomes an error that names the file. */
async function* rawChunks(source: unknown, name: string): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for await (const chunk of chunksOf(source, name)) {
      if (!(chunk instanceof Uint8Array)) {
        throw new BitcenterError("BAD_OPTION", `${name}: a source must give Uint8Arrays, it gave ${show(chunk)}`);
      }
      if (chunk.length > 0) yield chunk;
    }
  } catch (error) {
    if (error instanceof BitcenterError) throw error;
    badFile(name, `cannot be read to its end (${(error as Error)?.message ?? show(error)})`);
  }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b;
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** The first chunks as one of at least `bytes` bytes (fewer only if the source ends), and then the rest. */
export async function peek(
  chunks: AsyncGenerator<Uint8Array, void, undefined>,
  bytes: number,
): Promise<{ head: Uint8Array; all: AsyncGenerator<Uint8Array, void, undefined> }> {
  let head: Uint8Array = new Uint8Array(0);
  while (head.length < bytes) {
    const next = await chunks.next();
    if (next.done) break;
    head = concat(head, next.value);
  }
  async function* all(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      if (head.length > 0) yield head;
      yield* chunks;
    } finally {
      await chunks.return();
    }
  }
  return { head, all: all() };
}

/**
 * One gzip member. Engines differ in what they make of bytes behind it (Node 20 goes on with another member or passes over zeros, Node 24 and browsers
 * refuse), so the length that stands at the very end must be that of all that came out, modulo 2³²: then there was one member and nothing else.
 */
async function* gunzip(
  chunks: AsyncGenerator<Uint8Array, void, undefined>,
  name: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (typeof DecompressionStream === "undefined") {
    throw new BitcenterError(
      "UNSUPPORTED",
      `${name}: is compressed by gzip, and this engine has no DecompressionStream`,
    );
  }
  const { writable, readable } = new DecompressionStream("gzip");
  const writer = writable.getWriter();
  const reader = readable.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  let sourceError: unknown = null;
  let tail: Uint8Array = new Uint8Array(0);
  let isOpen = true;
  const feed = async (): Promise<void> => {
    try {
      for await (const chunk of chunks) {
        if (!isOpen) return;
        tail = chunk.length >= 4 ? chunk.slice(-4) : concat(tail, chunk).slice(-4);
        await writer.write(chunk as Uint8Array<ArrayBuffer>);
      }
    } catch (error) {
      if (error instanceof BitcenterError) sourceError = error;
      await writer.abort(error).catch(() => {});
      return;
    }
    // A failure to close is seen by the reader as well.
    await writer.close().catch(() => {});
  };
  const feeding = feed();
  let length = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      length += value.length;
      yield value;
    }
    await feeding;
  } catch (error) {
    if (sourceError !== null) throw sourceError;
    const { code, message } = error as { code?: unknown; message?: unknown };
    const reason = message || code;
    badFile(name, `its gzip data are damaged, cut off or followed by something else (${reason})`);
  } finally {
    isOpen = false;
    await reader.cancel().catch(() => {});
  }
  const [a = 0, b = 0, c = 0, d = 0] = tail;
  if ((a | (b << 8) | (c << 16) | (d << 24)) >>> 0 !== length % 2 ** 32) {
    badFile(name, "something follows its first gzip member; compress it as one (gzip -dc FILE | gzip)");
  }
}

/** The bytes of `source`, decompressed if they begin with gzip's magic number. */
export async function* plainChunks(source: unknown, name: string): AsyncGenerator<Uint8Array, void, undefined> {
  const { head, all } = await peek(rawChunks(source, name), 2);
  try {
    yield* isGzip(head) ? gunzip(all, name) : all;
  } finally {
    await all.return();
  }
}

/** Everything of `source` through `sink`. */
export async function drain<T>(source: unknown, name: string, sink: Sink<T>): Promise<T> {
  for await (const chunk of plainChunks(source, name)) sink.write(chunk);
  return sink.end();
}
