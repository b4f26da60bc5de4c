// A reader of ONNX files and an evaluator of the few operators that linear models need, written from the specification of protocol buffers, onnx.proto3 and
// Operators.md alone. Everything that is not understood, or says something a runtime would refuse, is an error. Values of float tensors are rounded to
// float32 after every operation; sums run from the first to the last column.

type Wire = number | Uint8Array;
type Fields = Map<number, Wire[]>;

const at = <T>(values: ArrayLike<T>, i: number): T => values[i] as T;

function varint(bytes: Uint8Array, from: number): [value: number, next: number] {
  let value = 0;
  let unit = 1;
  for (let i = from; i < bytes.length && i < from + 8; i++) {
    const byte = at(bytes, i);
    value += (byte & 127) * unit;
    unit *= 128;
    if (byte < 128) return [value, i + 1];
  }
  throw new Error(`a number at byte ${from} has no end`);
}

/** Fields of a message: numbers for wire type 0, bytes for wire type 2. */
function parse(bytes: Uint8Array): Fields {
  const fields: Fields = new Map();
  let place = 0;
  while (place < bytes.length) {
    const [key, afterKey] = varint(bytes, place);
    const [number, type] = [Math.floor(key / 8), key % 8];
    if (type !== 0 && type !== 2) throw new Error(`wire type ${type} at byte ${place}`);
    const [size, afterSize] = varint(bytes, afterKey);
    place = type === 0 ? afterSize : afterSize + size;
    if (place > bytes.length) throw new Error(`field ${number} ends beyond its message`);
    const list = fields.get(number) ?? [];
    list.push(type === 0 ? size : bytes.subarray(afterSize, place));
    fields.set(number, list);
  }
  return fields;
}

/** Reads the fields of one message by number; complains of those that nobody asked for. */
class Reader {
  readonly #fields: Fields;
  readonly #what: string;

  constructor(bytes: Uint8Array, what: string) {
    this.#fields = parse(bytes);
    this.#what = what;
  }

  many(number: number): Wire[] {
    const list = this.#fields.get(number) ?? [];
    this.#fields.delete(number);
    return list;
  }

  bytes(number: number): Uint8Array[] {
    return this.many(number).map((value) => {
      if (typeof value === "number") throw new Error(`${this.#what}: field ${number} is a number`);
      return value;
    });
  }

  numbers(number: number): number[] {
    return this.many(number).map((value) => {
      if (typeof value !== "number") throw new Error(`${this.#what}: field ${number} is not a number`);
      return value;
    });
  }

  texts(number: number): string[] {
    return this.bytes(number).map((bytes) => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  }

  one<T>(list: T[]): T {
    if (list.length !== 1) throw new Error(`${this.#what}: expected one value, found ${list.length}`);
    return at(list, 0);
  }

  done(): void {
    const [left] = this.#fields.keys();
    if (left !== undefined) throw new Error(`${this.#what}: unknown field ${left}`);
  }
}

/** TensorProto.DataType, the part of it that occurs. */
const TYPES: Record<number, Tensor["type"]> = { 1: "float", 7: "int64", 8: "string", 11: "double" };

export interface Tensor {
  readonly type: "float" | "double" | "int64" | "string";
  readonly shape: readonly number[];
  readonly values: readonly (number | string)[];
}

export interface OnnxNode {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes: Readonly<Record<string, number>>;
}

export interface OnnxValue {
  readonly name: string;
  readonly type: Tensor["type"];
  readonly shape: readonly (number | string)[];
}

export interface OnnxModel {
  readonly irVersion: number;
  readonly opset: number;
  readonly nodes: readonly OnnxNode[];
  readonly constants: ReadonlyMap<string, Tensor>;
  readonly input: OnnxValue;
  readonly outputs: readonly OnnxValue[];
  readonly properties: Readonly<Record<string, string>>;
}

const typeOf = (number: number): Tensor["type"] => {
  const type = TYPES[number];
  if (type === undefined) throw new Error(`data type ${number}`);
  return type;
};

function readTensor(bytes: Uint8Array): [string, Tensor] {
  const reader = new Reader(bytes, "TensorProto");
  const shape = reader.numbers(1);
  const type = typeOf(reader.one(reader.numbers(2)));
  const name = reader.one(reader.texts(8));
  const count = shape.reduce((a, b) => a * b, 1);
  let values: (number | string)[];
  if (type === "string") {
    values = reader.texts(6);
  } else {
    const raw = reader.one(reader.bytes(9));
    const width = type === "float" ? 4 : 8;
    if (raw.length % width !== 0) throw new Error(`${name}: ${raw.length} bytes`);
    const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
    values = Array.from({ length: raw.length / width }, (_, i) => {
      if (type === "int64") return Number(view.getBigInt64(8 * i, true));
      return type === "float" ? view.getFloat32(4 * i, true) : view.getFloat64(8 * i, true);
    });
  }
  reader.done();
  if (values.length !== count) throw new Error(`${name}: ${values.length} values for the shape ${shape}`);
  return [name, { type, shape, values }];
}

function readNode(bytes: Uint8Array): OnnxNode {
  const reader = new Reader(bytes, "NodeProto");
  const inputs = reader.texts(1);
  const output = reader.one(reader.texts(2));
  reader.texts(3);
  const type = reader.one(reader.texts(4));
  const attributes = reader.bytes(5).map((inside) => {
    const attribute = new Reader(inside, "AttributeProto");
    const name = attribute.one(attribute.texts(1));
    const value = attribute.one(attribute.numbers(3));
    if (attribute.one(attribute.numbers(20)) !== 2) throw new Error(`${name} is no INT`);
    attribute.done();
    return [name, value];
  });
  reader.done();
  return { type, inputs, output, attributes: Object.fromEntries(attributes) };
}

function readValue(bytes: Uint8Array): OnnxValue {
  const reader = new Reader(bytes, "ValueInfoProto");
  const name = reader.one(reader.texts(1));
  const type = new Reader(reader.one(reader.bytes(2)), "TypeProto");
  reader.done();
  const tensor = new Reader(type.one(type.bytes(1)), "TypeProto.Tensor");
  type.done();
  const element = typeOf(tensor.one(tensor.numbers(1)));
  const shape = new Reader(tensor.one(tensor.bytes(2)), "TensorShapeProto");
  tensor.done();
  const sizes = shape.bytes(1).map((inside) => {
    const size = new Reader(inside, "Dimension");
    const found = [...size.numbers(1), ...size.texts(2)];
    size.done();
    return size.one(found);
  });
  shape.done();
  return { name, type: element, shape: sizes };
}

export function readOnnx(bytes: Uint8Array): OnnxModel {
  const model = new Reader(bytes, "ModelProto");
  const irVersion = model.one(model.numbers(1));
  model.texts(2);
  const opsets = model.bytes(8).map((inside) => {
    const opset = new Reader(inside, "OperatorSetIdProto");
    const domain = opset.texts(1).join();
    const version = opset.one(opset.numbers(2));
    opset.done();
    if (domain !== "") throw new Error(`domain ${domain}`);
    return version;
  });
  const properties = model.bytes(14).map((inside) => {
    const entry = new Reader(inside, "StringStringEntryProto");
    const pair = [entry.one(entry.texts(1)), entry.one(entry.texts(2))];
    entry.done();
    return pair;
  });
  const graph = new Reader(model.one(model.bytes(7)), "GraphProto");
  const opset = model.one(opsets);
  model.done();
  graph.one(graph.texts(2));
  const nodes = graph.bytes(1).map(readNode);
  const constants = new Map(graph.bytes(5).map(readTensor));
  const input = graph.one(graph.bytes(11).map(readValue));
  const outputs = graph.bytes(12).map(readValue);
  graph.done();

  // a graph is in single-assignment form and its nodes are sorted
  const known = new Set([...constants.keys(), input.name]);
  for (const { type, inputs, output } of nodes) {
    const missing = inputs.find((name) => !known.has(name));
    if (missing !== undefined) throw new Error(`${type} reads ${missing} before it is made`);
    if (known.has(output)) throw new Error(`${output} is made twice`);
    known.add(output);
  }
  for (const { name } of outputs) if (!known.has(name)) throw new Error(`no node makes ${name}`);
  return { irVersion, opset, nodes, constants, input, outputs, properties: Object.fromEntries(properties) };
}

const numbersOf = ({ type, values }: Tensor): number[] => {
  if (type === "string") throw new Error("a string tensor is no number");
  return values as number[];
};

const rounded = (type: Tensor["type"], values: number[]): number[] =>
  type === "float" ? values.map(Math.fround) : values;

const sameType = (a: Tensor, b: Tensor): Tensor["type"] => {
  if (a.type !== b.type) throw new Error(`${a.type} meets ${b.type}`);
  return a.type;
};

/** Of a [rows, columns] tensor. */
function eachRow(x: Tensor, map: (row: number[]) => number[]): Tensor {
  const [rows, columns] = x.shape as [number, number];
  const values = numbersOf(x);
  const out = Array.from({ length: rows }, (_, i) => map(values.slice(i * columns, (i + 1) * columns)));
  return { type: x.type, shape: [rows, out[0]?.length ?? columns], values: rounded(x.type, out.flat()) };
}

function gemm(x: Tensor, w: Tensor, b: Tensor): Tensor {
  const type = sameType(x, w);
  sameType(w, b);
  const [rows, cols] = x.shape as [number, number];
  const [outputs, width] = w.shape as [number, number];
  if (width !== cols || b.shape.length !== 1 || b.shape[0] !== outputs) throw new Error("Gemm: shapes");
  const [xs, ws, bs] = [numbersOf(x), numbersOf(w), numbersOf(b)];
  const round = type === "float" ? Math.fround : (v: number) => v;
  const values: number[] = [];
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < outputs; k++) {
      let sum = 0;
      for (let j = 0; j < cols; j++) sum = round(sum + round(at(xs, i * cols + j) * at(ws, k * cols + j)));
      values.push(round(sum + at(bs, k)));
    }
  }
  return { type, shape: [rows, outputs], values };
}

function apply({ type, attributes }: OnnxNode, inputs: readonly Tensor[]): Tensor {
  const [a, b, c] = inputs as [Tensor, Tensor, Tensor];
  const expect = (names: Record<string, number>): void => {
    if (JSON.stringify(attributes) !== JSON.stringify(names)) throw new Error(`${type}: ${JSON.stringify(attributes)}`);
  };
  switch (type) {
    case "Identity":
      return a;
    case "Cast": {
      const to = typeOf(attributes["to"] as number);
      return { type: to, shape: a.shape, values: rounded(to, numbersOf(a)) };
    }
    case "Gemm":
      expect({ transB: 1 });
      return gemm(a, b, c);
    case "Neg":
      return eachRow(a, (row) => row.map((v) => -v));
    case "Concat": {
      expect({ axis: 1 });
      const [left, right] = [numbersOf(a), numbersOf(b)];
      const [rows, columns] = a.shape as [number, number];
      if (columns !== 1 || b.shape[1] !== 1) throw new Error("Concat: shapes");
      return { type: sameType(a, b), shape: [rows, 2], values: left.flatMap((v, i) => [v, at(right, i)]) };
    }
    case "ArgMax": {
      expect({ axis: 1, keepdims: 0 });
      const places = eachRow(a, (row) => [row.indexOf(Math.max(...row))]);
      return { type: "int64", shape: [at(a.shape, 0)], values: places.values };
    }
    case "Gather": {
      if (a.shape.length !== 1 || b.type !== "int64") throw new Error("Gather: shapes");
      return { type: a.type, shape: b.shape, values: numbersOf(b).map((i) => at(a.values, i)) };
    }
    case "Sigmoid":
      return eachRow(a, (row) => row.map((v) => 1 / (1 + Math.exp(-v))));
    case "Softmax":
      expect({ axis: 1 });
      return eachRow(a, (row) => {
        const top = Math.max(...row);
        const powers = row.map((v) => Math.exp(v - top));
        const sum = powers.reduce((x, y) => x + y, 0);
        return powers.map((v) => v / sum);
      });
    case "Max": {
      sameType(a, b);
      const [least] = numbersOf(b);
      return eachRow(a, (row) => row.map((v) => Math.max(v, least as number)));
    }
    case "ReduceSum":
      expect({ keepdims: 1 });
      if (b.type !== "int64" || b.values.join() !== "1") throw new Error("ReduceSum: axes");
      return eachRow(a, (row) => [row.reduce((x, y) => x + y, 0)]);
    case "Div": {
      sameType(a, b);
      const sums = numbersOf(b);
      let i = 0;
      return eachRow(a, (row) => {
        const sum = at(sums, i++);
        return row.map((v) => v / sum);
      });
    }
    default:
      throw new Error(`operator ${type}`);
  }
}

/** Every output of the graph for rows × cols values, checked against the types and shapes that the file promises. */
export function runOnnx(model: OnnxModel, data: ArrayLike<number>, rows: number): Record<string, Tensor> {
  const { input, nodes, constants, outputs } = model;
  const [, cols] = input.shape as [string, number];
  if (data.length !== rows * cols) throw new Error(`${data.length} values for ${rows} × ${cols}`);
  const tensors = new Map(constants);
  tensors.set(input.name, { type: input.type, shape: [rows, cols], values: rounded(input.type, Array.from(data)) });
  for (const node of nodes) {
    tensors.set(
      node.output,
      apply(
        node,
        node.inputs.map((name) => tensors.get(name) as Tensor),
      ),
    );
  }
  return Object.fromEntries(
    outputs.map(({ name, type, shape }) => {
      const tensor = tensors.get(name) as Tensor;
      const promised = shape.map((size) => (size === "N" ? rows : size));
      if (tensor.type !== type || tensor.shape.join() !== promised.join()) {
        throw new Error(`${name}: promised ${type} [${shape}], is ${tensor.type} [${tensor.shape}]`);
      }
      return [name, tensor];
    }),
  );
}
