// The owner of the module's linear memory: a first-fit allocator with coalescing, 64-byte aligned, growing up to 4 GiB.
// Blocks are zero-filled. Kernels never allocate; views are derived at each use, since growth detaches them.
import { BitcenterError } from "../errors.js";

const PAGE = 65_536;
const ALIGN = 64;
/** The memory grows by this part of itself at least. */
const GROWTH = 8;
/** wasm32: 65 536 pages. The last page stays unused, so that the end of a block never wraps to address 0. */
export const LARGEST_MEMORY = (65_536 - 1) * PAGE;

interface Block {
  start: number;
  bytes: number;
}

/** 1 234 567 → "1.18 MiB". */
export function showBytes(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB"];
  let size = bytes;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  return unit === 0 ? `${bytes} bytes` : `${size.toFixed(2)} ${units[unit]}`;
}

export class Arena {
  /** Bytes handed out and not yet freed. */
  used = 0;
  /** The most that `used` has been since somebody set this to it. */
  highest = 0;
  /** How often the memory has grown. */
  growths = 0;
  readonly maxBytes: number;
  readonly #memory: WebAssembly.Memory;
  /** Free blocks in ascending order, never adjacent. */
  #free: Block[] = [];
  readonly #sizes = new Map<number, number>();
  #end: number;
  /** Bytes from here on were never handed out: as the host gave them, that is zero. */
  #untouched: number;

  constructor(memory: WebAssembly.Memory, base: number, maxBytes: number) {
    this.#memory = memory;
    this.#end = Math.ceil(base / ALIGN) * ALIGN;
    this.maxBytes = Math.min(maxBytes, LARGEST_MEMORY);
    const first = Math.max(0, Math.min(memory.buffer.byteLength, this.maxBytes) - this.#end);
    if (first > 0) this.#release({ start: this.#end, bytes: first });
    this.#end = memory.buffer.byteLength;
    this.#untouched = this.#end;
  }

  /** A zero-filled block of at least `bytes` bytes; throws OUT_OF_MEMORY, leaving everything as it was. */
  alloc(bytes: number, what: string): number {
    const { start, used } = this.take(bytes, what);
    if (used > 0) new Uint8Array(this.#memory.buffer, start, used).fill(0);
    return start;
  }

  /** As `alloc`, but the caller has to fill the first `used` bytes. */
  take(bytes: number, what: string): { start: number; used: number } {
    const size = Math.max(ALIGN, Math.ceil(bytes / ALIGN) * ALIGN);
    let index = this.#free.findIndex((block) => block.bytes >= size);
    if (index < 0) {
      this.#grow(size, what);
      index = this.#free.length - 1;
    }
    const block = this.#free[index] as Block;
    const start = block.start;
    if (block.bytes === size) this.#free.splice(index, 1);
    else {
      block.start += size;
      block.bytes -= size;
    }
    this.#sizes.set(start, size);
    this.used += size;
    if (this.used > this.highest) this.highest = this.used;
    // fresh pages are zero already, and filling them would fault each in a second before its first use
    const used = Math.max(0, Math.min(size, this.#untouched - start));
    this.#untouched = Math.max(this.#untouched, start + size);
    return { start, used };
  }

  /** Gives a block back; freeing address 0 (never allocated) does nothing. */
  free(start: number): void {
    const bytes = this.#sizes.get(start);
    if (bytes === undefined) return;
    this.#sizes.delete(start);
    this.used -= bytes;
    this.#release({ start, bytes });
  }

  #release(block: Block): void {
    let at = this.#free.findIndex((other) => other.start > block.start);
    if (at < 0) at = this.#free.length;
    const before = this.#free[at - 1];
    const after = this.#free[at];
    if (before !== undefined && before.start + before.bytes === block.start) {
      before.bytes += block.bytes;
      if (after !== undefined && before.start + before.bytes === after.start) {
        before.bytes += after.bytes;
        this.#free.splice(at, 1);
      }
    } else if (after !== undefined && block.start + block.bytes === after.start) {
      after.start = block.start;
      after.bytes += block.bytes;
    } else this.#free.splice(at, 0, block);
  }

  /** Makes the last free block at least `size` bytes long: longer where the memory is large already, for each growth costs the host a millisecond, and pages nothing until they are touched. */
  #grow(size: number, what: string): void {
    const last = this.#free.at(-1);
    const tail = last !== undefined && last.start + last.bytes === this.#end ? last.bytes : 0;
    const missing = size - tail;
    const least = Math.ceil(missing / PAGE);
    const most = Math.floor((this.maxBytes - this.#end) / PAGE);
    const ample = Math.min(most, Math.max(least, Math.ceil(this.#end / PAGE / GROWTH)));
    let pages = 0;
    if (least <= most) {
      if (this.#growBy(ample)) pages = ample;
      else if (ample > least && this.#growBy(least)) pages = least;
    }
    if (pages === 0) {
      throw new BitcenterError(
        "OUT_OF_MEMORY",
        `out of memory: ${what} needs ${showBytes(size)}, ${showBytes(this.used)} are in use, ` +
          `the engine may have ${showBytes(this.maxBytes)} in all` +
          (least > most ? "" : " but the host refused to grow its memory"),
      );
    }
    this.growths++;
    // advance the end only after growth succeeded
    this.#release({ start: this.#end, bytes: pages * PAGE });
    this.#end += pages * PAGE;
  }

  #growBy(pages: number): boolean {
    try {
      this.#memory.grow(pages);
      return true;
    } catch {
      return false;
    }
  }
}
