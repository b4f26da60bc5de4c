// One module instance with its memory: kernels, arena and views. Everything above works through this.
import { BitcenterError } from "../errors.js";
import { Arena } from "./arena.js";
import type { Kernels } from "./kernels.js";
import { type LoadedModule, loadModule, type Variant } from "./load.js";
import { eachPart, PIECE, type Work } from "./work.js";

export interface CoreOptions {
  readonly variant?: Variant | undefined;
  readonly module?: WebAssembly.Module | undefined;
  readonly maxBytes?: number | undefined;
}

export class Core {
  readonly variant: Variant;
  #loaded: LoadedModule | null;
  #arena: Arena | null;
  /** Multiply-adds since the last pause. */
  #spent = 0;

  constructor(options: CoreOptions) {
    this.#loaded = loadModule(options.variant, options.module);
    this.variant = this.#loaded.variant;
    const { kernels, memory } = this.#loaded;
    this.#arena = new Arena(memory, kernels.heapBase(), options.maxBytes ?? Number.POSITIVE_INFINITY);
  }

  get isDisposed(): boolean {
    return this.#loaded === null;
  }

  /** Drops instance and memory; the host collects them. */
  dispose(): void {
    this.#loaded = null;
    this.#arena = null;
  }

  /** Counts work that cannot be paused: there will be a pause the sooner. */
  spend(cost: number): void {
    this.#spent += cost;
  }

  /** Whether there should be a pause before `cost` multiply-adds more (work.ts); they count from now on. */
  isDue(cost: number): boolean {
    this.#spent += cost;
    if (this.#spent <= PIECE) return false;
    this.#spent = cost;
    return true;
  }

  get #live(): LoadedModule {
    if (this.#loaded === null) throw new BitcenterError("DISPOSED", "this engine was disposed; create another one");
    return this.#loaded;
  }

  get arena(): Arena {
    if (this.#arena === null) throw new BitcenterError("DISPOSED", "this engine was disposed; create another one");
    return this.#arena;
  }

  get kernels(): Kernels {
    return this.#live.kernels;
  }

  // Views live until the next allocation: growth detaches them. Never store one.
  get #buffer(): ArrayBuffer {
    return this.#live.memory.buffer as ArrayBuffer;
  }

  view(): DataView {
    return new DataView(this.#buffer);
  }

  bytes(pointer: number, count: number): Uint8Array {
    return new Uint8Array(this.#buffer, pointer, count);
  }

  f64(pointer: number, count: number): Float64Array {
    return new Float64Array(this.#buffer, pointer, count);
  }

  f32(pointer: number, count: number): Float32Array {
    return new Float32Array(this.#buffer, pointer, count);
  }

  u32(pointer: number, count: number): Uint32Array {
    return new Uint32Array(this.#buffer, pointer, count);
  }
}

/** Bytes that are cleared in the time of a multiply-add, and multiply-adds that growing the memory takes as long as. */
const CLEARED_BYTES = 8;
const GROWTH_COST = 2 ** 20;

/** Blocks that belong together: freed as a whole, or all at once when building them fails half-way. */
export class Scope {
  readonly #core: Core;
  readonly #blocks = new Map<number, number>();

  constructor(core: Core) {
    this.#core = core;
  }

  /** Bytes asked for and still held. */
  get bytes(): number {
    return [...this.#blocks.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  alloc(bytes: number, what: string): number {
    const { arena } = this.#core;
    const { growths } = arena;
    const pointer = arena.alloc(bytes, what);
    this.#blocks.set(pointer, bytes);
    this.#core.spend(bytes / CLEARED_BYTES + GROWTH_COST * (arena.growths - growths));
    return pointer;
  }

  /** As `alloc`, for blocks that grow with the rows: clearing them takes time. */
  *allocWork(bytes: number, what: string): Work<number> {
    const { arena } = this.#core;
    const { growths } = arena;
    const { start, used } = arena.take(bytes, what);
    this.#blocks.set(start, bytes);
    this.#core.spend(GROWTH_COST * (arena.growths - growths));
    yield* eachPart(this.#core, used, 1 / CLEARED_BYTES, 1, (first, count) => {
      this.#core.bytes(start + first, count).fill(0);
    });
    return start;
  }

  /** Frees one block early. */
  free(pointer: number): void {
    if (this.#blocks.delete(pointer)) this.#core.arena.free(pointer);
  }

  /** Takes over the blocks of another scope, which is then empty. */
  adopt(other: Scope): void {
    for (const [pointer, bytes] of other.#blocks) this.#blocks.set(pointer, bytes);
    other.#blocks.clear();
  }

  /** Frees everything; does nothing on a disposed engine or when called again. */
  release(): void {
    if (!this.#core.isDisposed) for (const block of this.#blocks.keys()) this.#core.arena.free(block);
    this.#blocks.clear();
  }

  /** Runs `build`; on an error everything allocated so far is freed and the error goes on. */
  static guard<T>(core: Core, build: (scope: Scope) => T): T {
    const scope = new Scope(core);
    try {
      return build(scope);
    } catch (error) {
      scope.release();
      throw error;
    }
  }

  /** As `guard`, for work that may be paused: also what is abandoned in a pause is freed. */
  static *guardWork<T>(core: Core, build: (scope: Scope) => Work<T>): Work<T> {
    const scope = new Scope(core);
    let isBuilt = false;
    try {
      const built = yield* build(scope);
      isBuilt = true;
      return built;
    } finally {
      if (!isBuilt) scope.release();
    }
  }

  /** Runs `work` with scratch memory that is freed afterwards. */
  static scratch<T>(core: Core, work: (scope: Scope) => T): T {
    const scope = new Scope(core);
    try {
      return work(scope);
    } finally {
      scope.release();
    }
  }

  /** As `scratch`, for work that may be paused. */
  static *scratchWork<T>(core: Core, work: (scope: Scope) => Work<T>): Work<T> {
    const scope = new Scope(core);
    try {
      return yield* work(scope);
    } finally {
      scope.release();
    }
  }
}
