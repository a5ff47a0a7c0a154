import type { GraphNode } from '@espalier/checkpoint';

type Numbers = Readonly<Record<string, number>>;

/** Defaults of attributes, and what the operator makes of one number (ONNX operators, opset 21). NaN where that is not worked out here: 0 stays 0 all the same. */
const KNOWN: Readonly<Record<string, readonly [Numbers, (x: number, attributes: Numbers) => number]>> = {
  Identity: [{}, (x) => x],
  Dropout: [{}, (x) => x],
  Cast: [{}, (x) => x],
  Relu: [{}, (x) => Math.max(0, x)],
  LeakyRelu: [{ alpha: 0.01 }, (x, { alpha }) => (x < 0 ? alpha! * x : x)],
  Elu: [{ alpha: 1 }, (x, { alpha }) => (x < 0 ? alpha! * Math.expm1(x) : x)],
  Celu: [{ alpha: 1 }, (x, { alpha }) => Math.max(0, x) + Math.min(0, alpha! * Math.expm1(x / alpha!))],
  Selu: [
    { alpha: 1.6732632423543772, gamma: 1.0507009873554805 },
    (x, { alpha, gamma }) => gamma! * (x <= 0 ? alpha! * Math.expm1(x) : x),
  ],
  Sigmoid: [{}, sigmoid],
  HardSigmoid: [{ alpha: 0.2, beta: 0.5 }, (x, { alpha, beta }) => Math.min(1, Math.max(0, alpha! * x + beta!))],
  HardSwish: [{}, (x) => x * Math.min(1, Math.max(0, x / 6 + 0.5))],
  Softplus: [{}, (x) => Math.log1p(Math.exp(x))],
  Softsign: [{}, (x) => x / (1 + Math.abs(x))],
  Mish: [{}, (x) => x * Math.tanh(Math.log1p(Math.exp(x)))],
  Swish: [{ alpha: 1 }, (x, { alpha }) => x * sigmoid(alpha! * x)],
  Tanh: [{}, Math.tanh],
  Exp: [{}, Math.exp],
  Sqrt: [{}, Math.sqrt],
  Reciprocal: [{}, (x) => 1 / x],
  Abs: [{}, Math.abs],
  Neg: [{}, (x) => -x],
  Sin: [{}, Math.sin],
  Floor: [{}, Math.floor],
  Ceil: [{}, Math.ceil],
  Gelu: [{}, notWorkedOut],
  Erf: [{}, notWorkedOut],
};

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

function notWorkedOut(x: number): number {
  return x === 0 ? 0 : Number.NaN;
}

/** What an operator that looks at one number at a time makes of it; undefined for others. */
export function activationOf({ operator, attributes }: GraphNode): ((x: number) => number) | undefined {
  const known = Object.hasOwn(KNOWN, operator) ? KNOWN[operator] : undefined;
  if (known === undefined) return undefined;
  const [defaults, of] = known;
  const given = Object.fromEntries(
    Object.entries(defaults).map(([name, usual]) => [name, Number(attributes[name] ?? usual)]),
  );
  return (x) => of(x, given);
}
