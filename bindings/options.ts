// Gates for options: every function that takes an options object checks it here, once, before anything is allocated.
import { BitcenterError, show } from "./errors.js";

/** Throws for a name that is not in `names`: a typing error must not silently train with a default. */
export function checkNames(where: string, given: object | undefined, names: readonly string[]): void {
  if (given === undefined) return;
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new BitcenterError("BAD_OPTION", `${where}: options must be an object, given ${show(given)}`);
  }
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined && !names.includes(name)) {
      throw new BitcenterError("BAD_OPTION", `${where}: unknown option "${name}"; known: ${names.join(", ")}`);
    }
  }
}

/** `value`, or `fallback` when it is undefined; must be one of `choices`. */
export function oneOf<T extends string | number | boolean, F = T>(
  where: string,
  name: string,
  value: unknown,
  choices: readonly T[],
  fallback: F,
): T | F {
  if (value === undefined) return fallback;
  if ((choices as readonly unknown[]).includes(value)) return value as T;
  const expected = choices.map((choice) => show(choice)).join(" or ");
  throw new BitcenterError("BAD_OPTION", `${where}: ${name} must be ${expected}, given ${show(value)}`);
}

export interface Range {
  /** Smallest value allowed. */
  readonly min?: number;
  /** The value must be larger than this. */
  readonly above?: number;
  readonly max?: number;
  readonly integer?: boolean;
}

/** `value`, or `fallback` when it is undefined; a finite number within `range`. */
export function number<T>(where: string, name: string, value: unknown, range: Range, fallback: T): number | T {
  if (value === undefined) return fallback;
  const { min, above, max, integer } = range;
  const isInside =
    typeof value === "number" &&
    Number.isFinite(value) &&
    (min === undefined || value >= min) &&
    (above === undefined || value > above) &&
    (max === undefined || value <= max) &&
    (!integer || Number.isInteger(value));
  if (isInside) return value;
  const bounds =
    min !== undefined && max !== undefined
      ? ` from ${min} to ${max}`
      : `${min === undefined ? "" : ` >= ${min}`}${above === undefined ? "" : ` > ${above}`}${max === undefined ? "" : ` and <= ${max}`}`;
  const kind = integer ? "a whole number" : "a finite number";
  throw new BitcenterError("BAD_OPTION", `${where}: ${name} must be ${kind}${bounds}, given ${show(value)}`);
}

/** As `number`, but "auto" (and undefined) give null: the caller computes the value. */
export function numberOrAuto(where: string, name: string, value: unknown, range: Range): number | null {
  if (value === "auto") return null;
  if (typeof value === "string") {
    throw new BitcenterError("BAD_OPTION", `${where}: ${name} must be "auto" or a number, given ${show(value)}`);
  }
  return number(where, name, value, range, null);
}
