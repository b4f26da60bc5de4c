// The one error type: a stable code for programs, a sentence for people (what was given, what was expected, where).

export type BitcenterErrorCode =
  | "ABORTED"
  | "BAD_OPTION"
  | "BAD_SHAPE"
  | "BAD_VALUE"
  | "BAD_FILE"
  | "DISPOSED"
  | "EMPTY"
  | "NOT_FITTED"
  | "ONE_CLASS"
  | "OUT_OF_MEMORY"
  | "UNSUPPORTED";

/** Every error this package throws on purpose. `code` never changes meaning; `message` is a sentence. */
export class BitcenterError extends Error {
  readonly code: BitcenterErrorCode;

  constructor(code: BitcenterErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = "BitcenterError";
    this.code = code;
  }
}

/** A value as it is shown in a sentence: short, and telling strings from numbers. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === "function") return "a function";
  if (typeof value === "bigint") return `${value}n`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (ArrayBuffer.isView(value))
    return `${value.constructor.name}(${(value as Uint8Array).length ?? value.byteLength})`;
  if (typeof value === "object" && value !== null) return `an object of type ${value.constructor?.name ?? "null"}`;
  return String(value);
}
