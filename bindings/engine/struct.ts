// Structs in linear memory, seen from outside: 8-byte fields first, then 4-byte ones, so that offsets follow from the position alone.

export interface Layout<Name extends string> {
  /** f64 fields. */
  readonly doubles: readonly Name[];
  /** 4-byte fields behind them. */
  readonly words: readonly Name[];
  /** Those of the words that are f32. */
  readonly floats: ReadonlySet<string>;
}

export const structBytes = ({ doubles, words }: Layout<string>): number => doubles.length * 8 + words.length * 4;

/** Writes the given fields of the struct at `pointer`. */
export function writeStruct<Name extends string>(
  { doubles, words, floats }: Layout<Name>,
  memory: DataView,
  pointer: number,
  fields: Partial<Record<Name, number>>,
): void {
  doubles.forEach((name, i) => {
    const value = fields[name];
    if (value !== undefined) memory.setFloat64(pointer + 8 * i, value, true);
  });
  words.forEach((name, i) => {
    const value = fields[name];
    const at = pointer + 8 * doubles.length + 4 * i;
    if (value === undefined) return;
    if (floats.has(name)) memory.setFloat32(at, value, true);
    else memory.setUint32(at, value, true);
  });
}
