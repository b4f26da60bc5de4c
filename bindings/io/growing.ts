// Arrays that grow in chunks outside the JavaScript heap: nothing is copied while they grow, and nothing is allocated for what has not arrived.
import type { NumericArray } from "../data/matrix.js";
import { BitcenterError } from "../errors.js";

interface Constructor<T> {
  new (length: number): T;
  readonly BYTES_PER_ELEMENT: number;
}

/** Chunks begin this small, so that little files stay little, and double. */
const FIRST_CHUNK = 2 ** 10;
const LARGEST_CHUNK = 2 ** 18;

/** A typed array, or OUT_OF_MEMORY where the engine has no room for it. */
export function allocate<T>(type: Constructor<T>, length: number): T {
  try {
    return new type(length);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const bytes = length * type.BYTES_PER_ELEMENT;
    throw new BitcenterError("OUT_OF_MEMORY", `read: ${bytes} bytes for ${length} values cannot be allocated`);
  }
}

type FixedArray = Int32Array | Float64Array;

/** Numbers of one type that holds all of them. */
export class Growing<T extends FixedArray> {
  readonly #type: Constructor<T>;
  readonly #full: (T | null)[] = [];
  #chunk: T;
  #used = 0;
  #before = 0;

  constructor(type: Constructor<T>) {
    this.#type = type;
    this.#chunk = new type(FIRST_CHUNK);
  }

  get length(): number {
    return this.#before + this.#used;
  }

  push(value: number): void {
    if (this.#used === this.#chunk.length) this.#grow();
    this.#chunk[this.#used++] = value;
  }

  /** The first `count` of `values`. */
  append(values: T, count: number): void {
    let at = 0;
    while (at < count) {
      if (this.#used === this.#chunk.length) this.#grow();
      const some = Math.min(count - at, this.#chunk.length - this.#used);
      this.#chunk.set(values.subarray(at, at + some), this.#used);
      this.#used += some;
      at += some;
    }
  }

  #grow(): void {
    this.#full.push(this.#chunk);
    this.#before += this.#used;
    this.#chunk = allocate(this.#type, Math.min(2 * this.#chunk.length, LARGEST_CHUNK));
    this.#used = 0;
  }

  /** All in one array; the chunks are given up on the way. */
  finish(): T {
    const out = allocate(this.#type, this.length);
    let at = 0;
    this.#full.forEach((chunk, i) => {
      out.set(chunk as T, at);
      at += (chunk as T).length;
      this.#full[i] = null;
    });
    out.set(this.#chunk.subarray(0, this.#used), at);
    return out;
  }
}

/** Every type holds all values of those before it. */
const WIDTHS = [Uint8Array, Int16Array, Float32Array, Float64Array] as const;
type Wide = Uint8Array | Int16Array | Float32Array | Float64Array;

/** Finite numbers in the narrowest type that holds all of them exactly; -0 may come out as 0. */
export class NarrowValues {
  /** Each in the type that was enough when it was filled. */
  readonly #full: (Wide | null)[] = [];
  #width = 0;
  #chunk: Wide = new Uint8Array(FIRST_CHUNK);
  #used = 0;
  #before = 0;

  get length(): number {
    return this.#before + this.#used;
  }

  push(value: number): void {
    if (this.#used === this.#chunk.length) this.#grow();
    const chunk = this.#chunk;
    chunk[this.#used] = value;
    // What does not come back as it was stored needs a wider type.
    if (chunk[this.#used] !== value) this.#widen(value);
    this.#used++;
  }

  /** The first `count` of `values`. */
  append(values: Float64Array, count: number): void {
    let at = 0;
    while (at < count) {
      if (this.#used === this.#chunk.length) this.#grow();
      const some = Math.min(count - at, this.#chunk.length - this.#used);
      const stored = store(this.#chunk, this.#used, values, at, some);
      this.#used += stored;
      at += stored;
      if (stored < some) this.#widen(values[at] as number);
    }
  }

  #grow(): void {
    this.#full.push(this.#chunk);
    this.#before += this.#used;
    this.#chunk = allocate<Wide>(WIDTHS[this.#width] as Constructor<Wide>, Math.min(2 * this.#used, LARGEST_CHUNK));
    this.#used = 0;
  }

  #widen(value: number): void {
    const kept = this.#chunk.subarray(0, this.#used);
    if (this.#width === WIDTHS.length - 1) return;
    do {
      this.#width++;
      this.#chunk = allocate<Wide>(WIDTHS[this.#width] as Constructor<Wide>, this.#chunk.length);
      this.#chunk[this.#used] = value;
    } while (this.#chunk[this.#used] !== value && this.#width < WIDTHS.length - 1);
    this.#chunk.set(kept);
  }

  /** Small signed integers leave as Int8Array; the chunks are given up on the way. */
  finish(): NumericArray {
    this.#full.push(this.#chunk.subarray(0, this.#used));
    this.#chunk = new Uint8Array(0);
    const isSigned = WIDTHS[this.#width] === Int16Array && this.#full.every((chunk) => fitsInt8(chunk as Wide));
    const type = (isSigned ? Int8Array : WIDTHS[this.#width]) as Constructor<Wide | Int8Array>;
    const out = allocate(type, this.length);
    let at = 0;
    this.#full.forEach((chunk, i) => {
      out.set(chunk as Wide, at);
      at += (chunk as Wide).length;
      this.#full[i] = null;
    });
    return out;
  }
}

/** Stores values until one does not come back as it was; gives their number. */
function store(chunk: Wide, used: number, values: Float64Array, from: number, count: number): number {
  for (let i = 0; i < count; i++) {
    const value = values[from + i] as number;
    chunk[used + i] = value;
    if (chunk[used + i] !== value) return i;
  }
  return count;
}

function fitsInt8(chunk: Wide): boolean {
  for (let i = 0; i < chunk.length; i++) {
    const value = chunk[i] as number;
    if (value < -128 || value > 127) return false;
  }
  return true;
}

/** The bytes of a file up to a length that its header claims; never more than twice what has arrived is allocated. */
export class GrowingBytes {
  readonly #limit: number;
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #used = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get length(): number {
    return this.#used;
  }

  /** Whether there was room below the limit. */
  append(chunk: Uint8Array): boolean {
    const used = this.#used + chunk.length;
    if (used > this.#limit) return false;
    if (used > this.#bytes.length) {
      const room = allocate<Uint8Array<ArrayBuffer>>(
        Uint8Array,
        Math.min(this.#limit, Math.max(used, 2 * this.#bytes.length)),
      );
      room.set(this.#bytes.subarray(0, this.#used));
      this.#bytes = room;
    }
    this.#bytes.set(chunk, this.#used);
    this.#used = used;
    return true;
  }

  clear(): void {
    this.#used = 0;
  }

  /** A view of what has arrived; it is good until the next append. */
  view(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#used);
  }
}
