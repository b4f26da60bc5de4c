// Broken kernels are mostly the real one with a mistake before or after it: what all files of mutants make theirs from.
import type { Kernel } from "../../bindings/engine/kernels.js";

/** A change of a kernel's arguments, in place. */
export type Edit = (args: number[]) => void;

const at = (values: ArrayLike<number>, i: number): number => values[i] as number;

export const add =
  (index: number, amount: number): Edit =>
  (args) => {
    args[index] = at(args, index) + amount;
  };

export const put =
  (index: number, value: number): Edit =>
  (args) => {
    args[index] = value;
  };

export const swap =
  (a: number, b: number): Edit =>
  (args) => {
    [args[a], args[b]] = [at(args, b), at(args, a)];
  };

export interface MutantTools<Name extends string> {
  real(name: Name): Kernel;
  /** The real kernel on other arguments. */
  misled(name: Name, edit: Edit): Kernel;
  /** The real kernel, then a change of what it has written. */
  followed(name: Name, then: (args: readonly number[], answer: number) => void): Kernel;
  /** The real kernel with another answer. */
  distorted(name: Name, change: (answer: number, args: readonly number[]) => number): Kernel;
}

export function mutantTools<Name extends string = string>(
  kernels: Readonly<Record<string, Kernel>>,
): MutantTools<Name> {
  const real = (name: Name): Kernel => kernels[name] as Kernel;
  return {
    real,
    misled:
      (name, edit) =>
      (...args) => {
        const edited = args.slice();
        edit(edited);
        return real(name)(...edited);
      },
    followed:
      (name, then) =>
      (...args) => {
        const answer = real(name)(...args);
        then(args, answer);
        return answer;
      },
    distorted:
      (name, change) =>
      (...args) =>
        change(real(name)(...args), args),
  };
}
