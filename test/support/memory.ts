// Operands for raw kernel calls: every block lies between guard bytes, at a chosen misalignment, and starts out poisoned.
// `verify` proves that a kernel wrote nothing beside its outputs and changed none of its inputs.
import type { Core } from "../../bindings/engine/core.js";

/** 0xA5 in every byte: as codes −91 or −23131, as floats small and odd. A kernel that reads past an operand picks it up. */
export const POISON = 0xa5;
const GUARD = 64;

export type Numbers = Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Float32Array | Float64Array;

/** A kernel touched memory it does not own. */
export class Trespass extends Error {
  override name = "Trespass";
}

interface Block {
  readonly start: number;
  readonly end: number;
  /** Contents that must not change; null for outputs. */
  readonly frozen: Uint8Array | null;
}

export class Harness {
  readonly core: Core;
  readonly #base: number;
  readonly #size: number;
  #top: number;
  #blocks: Block[] = [];

  constructor(core: Core, bytes = 1 << 23) {
    this.core = core;
    this.#size = bytes;
    this.#base = core.arena.alloc(bytes, "test operands");
    this.#top = this.#base;
  }

  /** Forgets all blocks. */
  reset(): void {
    this.#blocks = [];
    this.#top = this.#base;
  }

  /** `bytes` poisoned bytes; address ≡ 16·shift mod 64. */
  output(bytes: number, shift = 0): number {
    return this.#place(bytes, shift, null);
  }

  /** A copy of `values` the kernel may change. */
  inout(values: Numbers, shift = 0): number {
    const start = this.#place(values.byteLength, shift, null);
    this.#write(start, values);
    return start;
  }

  /** A copy of `values` the kernel must leave as it is. */
  input(values: Numbers, shift = 0): number {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const start = this.#place(values.byteLength, shift, bytes.slice());
    this.#write(start, values);
    return start;
  }

  #write(start: number, values: Numbers): void {
    const source = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    this.core.bytes(start, source.length).set(source);
  }

  #place(bytes: number, shift: number, frozen: Uint8Array | null): number {
    const start = Math.ceil((this.#top + GUARD) / 64) * 64 + 16 * shift;
    const end = start + bytes;
    if (end + GUARD > this.#base + this.#size) throw new Error(`test operands need more than ${this.#size} bytes`);
    this.core.bytes(start - GUARD, bytes + 2 * GUARD).fill(POISON);
    this.#blocks.push({ start, end, frozen });
    this.#top = end + GUARD;
    return start;
  }

  /** Throws Trespass when a guard byte or an input has changed. */
  verify(): void {
    const memory = this.core.bytes(0, this.#base + this.#size);
    for (const { start, end, frozen } of this.#blocks) {
      for (let i = 1; i <= GUARD; i++) {
        if (memory[start - i] !== POISON) throw new Trespass(`wrote ${i} bytes before a block`);
        if (memory[end + i - 1] !== POISON) throw new Trespass(`wrote ${i} bytes behind a block`);
      }
      if (frozen === null) continue;
      for (let i = 0; i < frozen.length; i++) {
        if (memory[start + i] !== frozen[i]) throw new Trespass(`changed byte ${i} of an input`);
      }
    }
  }

  /** Does what a careless kernel does: writes one byte behind the last block. For the tests of `verify` itself. */
  trespass(): void {
    const last = this.#blocks.at(-1);
    if (last !== undefined) this.core.bytes(last.end, 1).fill(0);
  }

  i8(pointer: number, count: number): Int8Array {
    return new Int8Array(this.core.view().buffer as ArrayBuffer, pointer, count);
  }

  u8(pointer: number, count: number): Uint8Array {
    return this.core.bytes(pointer, count);
  }

  i16(pointer: number, count: number): Int16Array {
    return new Int16Array(this.core.view().buffer as ArrayBuffer, pointer, count);
  }

  u16(pointer: number, count: number): Uint16Array {
    return new Uint16Array(this.core.view().buffer as ArrayBuffer, pointer, count);
  }

  f32(pointer: number, count: number): Float32Array {
    return this.core.f32(pointer, count);
  }

  f64(pointer: number, count: number): Float64Array {
    return this.core.f64(pointer, count);
  }
}
