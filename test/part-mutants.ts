// Broken forms of kernels that are called part by part, of mutants.test.ts: right as a whole, each makes one mistake between two parts.
import type { Kernel } from "../bindings/engine/kernels.js";
import type { Mutants } from "./newton-mutants.js";
import type { Harness } from "./support/memory.js";
import { mutantTools } from "./support/mutant-tools.js";

const at = (values: ArrayLike<number>, i: number): number => values[i] as number;

export function partMutants(
  kernels: Readonly<Record<string, Kernel>>,
  memory: Harness,
): Readonly<Record<string, Mutants>> {
  const { misled } = mutantTools(kernels);
  /** With argument `index`, where it is given and not 0, as `change` says. */
  const given = (name: string, index: number, change: (value: number) => number): Kernel =>
    misled(name, (args) => {
      if (at(args, index) > 0) args[index] = change(at(args, index));
    });
  const none = (): number => 0;
  const perStorage = (name: string, mutants: (full: string) => Mutants): Readonly<Record<string, Mutants>> =>
    Object.fromEntries(["I8", "U8"].map((storage) => [name + storage, mutants(name + storage)]));
  return {
    ...perStorage("hessian", (name) => ({ "starts anew with every part": given(name, 16, none) })),
    ...perStorage("gram", (name) => ({
      "makes every row in every part": misled(name, (args) => {
        if (args.length > 9) args.splice(9);
      }),
      "leaves out the last rows of a part": given(name, 10, (end) => Math.max(1, end - 5)),
      "leaves out the first rows of a part": given(name, 9, (first) => first + 5),
    })),
    choleskyFactor: {
      "starts over with every part": given("choleskyFactor", 2, none),
      "takes a row for made": given("choleskyFactor", 2, (first) => first + 1),
    },
    choleskySolve: {
      "starts over with every part": given("choleskySolve", 5, none),
      "goes forward only": misled("choleskySolve", (args) => {
        const fours = Math.ceil(at(args, 1) / 4);
        if (at(args, 6) > fours) args[6] = Math.max(at(args, 5), fours);
      }),
    },
    columnSums: { "starts anew with every part": given("columnSums", 4, none) },
    largestEigenvalueI8: {
      "sees the last rows alone": (...args) =>
        args.length > 10 && at(args, 12) < at(args, 2) ? 0 : (kernels["largestEigenvalueI8"] as Kernel)(...args),
      "stays where it started": misled("largestEigenvalueI8", (args) => {
        // the product of the last part goes nowhere
        if (args.length > 10 && at(args, 12) < at(args, 2)) args[7] = memory.output(8 * at(args, 3));
      }),
    },
    permutation: { "counts anew with every part": given("permutation", 3, none) },
    fillCells: { "clears the cells with every part": given("fillCells", 10, none) },
    levelsDivide: { "ends one layer early": given("levelsDivide", 6, (end) => Math.max(2, end - 1)) },
    sortAscending: {
      "leaves out a digit": given("sortAscending", 4, (first) => first + 1),
      "takes the digits before for shared": misled("sortAscending", (args) => {
        if (at(args, 4) > 1) memory.core.u32(at(args, 3), 1)[0] = 0;
      }),
    },
    sampleRows: {
      "forgets what it has drawn": misled("sampleRows", (args) => {
        if (at(args, 7) > 0) memory.f64(at(args, 6), 3).fill(0);
      }),
      "forgets how many it has": misled("sampleRows", (args) => {
        if (at(args, 7) > 0) memory.u8(at(args, 6) + 24, 4).fill(0);
      }),
      "draws the first row of a part twice": given("sampleRows", 7, (first) => first - 1),
    },
    sumWeights: {
      "ignores the weights": misled("sumWeights", (args) => {
        args[0] = 0;
      }),
      "drops the last row": misled("sumWeights", (args) => {
        args[1] = at(args, 1) - 1;
      }),
      "starts from 0": misled("sumWeights", (args) => {
        args[2] = 0;
      }),
    },
  };
}
