// Files and standard input as chunks of bytes, decompressed by zlib: as the readers of bitcenter/io do it, but faster, and gzip of several members is read.
import type { FileHandle } from "node:fs/promises";
import { open } from "node:fs/promises";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { BitcenterError, show } from "../errors.js";
import { badFile, isGzip, peek } from "../io/source.js";

type Chunks = AsyncGenerator<Uint8Array, void, undefined>;

const CHUNK = 2 ** 18;

const SENTENCES: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EISDIR: "is a directory, expected a file",
  ENOTDIR: "there is no such file (a part of the path is no directory)",
  EACCES: "may not be read (permission denied)",
  EPERM: "may not be read (permission denied)",
  EMFILE: "cannot be opened (too many files are open)",
  ELOOP: "cannot be opened (its links lead in a circle)",
  ENAMETOOLONG: "cannot be opened (the name is too long)",
};

export function fail(name: string, error: unknown): never {
  if (error instanceof BitcenterError) throw error;
  const { code, message } = error as NodeJS.ErrnoException;
  return badFile(name, SENTENCES[code ?? ""] ?? `cannot be read (${message})`);
}

async function* fileChunks(path: string): Chunks {
  let file: FileHandle | null = null;
  try {
    file = await open(path);
    // A chunk of its own each time: the caller may keep it.
    for (;;) {
      const { bytesRead, buffer } = await file.read(new Uint8Array(CHUNK), 0, CHUNK, null);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    fail(path, error);
  } finally {
    await file?.close();
  }
}

async function* stdinChunks(name: string): Chunks {
  try {
    yield* process.stdin as AsyncIterable<Uint8Array>;
  } catch (error) {
    fail(name, error);
  }
}

async function* gunzip(chunks: Chunks, name: string): Chunks {
  let fed = 0;
  async function* counted(): Chunks {
    for await (const chunk of chunks) {
      fed += chunk.length;
      yield chunk;
    }
  }
  const source = Readable.from(counted(), { objectMode: false, highWaterMark: CHUNK });
  const zlib = createGunzip({ chunkSize: CHUNK });
  source.on("error", (error) => zlib.destroy(error));
  source.pipe(zlib);
  try {
    yield* zlib as AsyncIterable<Uint8Array>;
  } catch (error) {
    if (error instanceof BitcenterError) throw error;
    badFile(name, `its gzip data are damaged, cut off or followed by something else (${(error as Error).message})`);
  } finally {
    source.destroy();
  }
  if (zlib.bytesWritten !== fed) {
    badFile(name, `${fed - zlib.bytesWritten} bytes follow its gzip data, expected nothing or more gzip data`);
  }
}

/**
 * The bytes of a file, or of standard input for "-", decompressed if they begin with gzip's magic number: a source for the readers of `bitcenter/io`. The
 * file is opened when reading begins and closed when it ends, however it ends.
 * @throws BitcenterError BAD_FILE, when it is read: no such file, a directory, no permission, damaged gzip data
 */
export function openFile(path: string): AsyncIterable<Uint8Array> & { readonly name: string } {
  if (typeof path !== "string" || path === "") {
    throw new BitcenterError("BAD_OPTION", `openFile: path must be a file's name or "-", given ${show(path)}`);
  }
  const name = path === "-" ? "standard input" : path;
  return {
    name,
    async *[Symbol.asyncIterator](): Chunks {
      const { head, all } = await peek(path === "-" ? stdinChunks(name) : fileChunks(path), 2);
      try {
        yield* isGzip(head) ? gunzip(all, name) : all;
      } finally {
        await all.return();
      }
    },
  };
}
