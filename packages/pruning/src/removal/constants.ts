/** How constants are looked at. */
export interface Look {
  /** True where scale and offset of the channels count as 0 too: what the channels give that are dropped by their norm. */
  readonly masked: boolean;
  /** All values of a tensor. */
  values(tensor: string): Promise<Float64Array>;
  /** What was found out already. */
  readonly known: Map<Constant, Promise<Float64Array>>;
}

/** What a channel without weights gives at some point of the graph, for each place of a value; NaN where it is not the same at all positions. */
export type Constant = (look: Look) => Promise<Float64Array>;

/** What a weight reads, and where a constant that it reads can go instead. */
export interface Reading {
  readonly constant: Constant;
  /** Places of the weight for each place of the constant: positions that were folded in. */
  readonly places: number;
  /** Null: a constant is not the same as an offset afterwards, as at borders that are padded. */
  readonly fold: FoldInto | null;
}

/** The offset of what a weight makes. */
export interface FoldInto {
  /** Axis of the weight along which the offset lies. */
  readonly outputAxis: number;
  readonly outputs: number;
  /** The tensor that is added; null where a new one can become this input of the node. */
  readonly bias: string | null;
  readonly node: string;
  readonly input: number;
}

export const evaluate = (constant: Constant, look: Look): Promise<Float64Array> => {
  let found = look.known.get(constant);
  if (found === undefined) {
    found = constant(look);
    look.known.set(constant, found);
  }
  return found;
};

/** What a weight makes of nothing: 0. */
export const nothing =
  (width: number): Constant =>
  async () =>
    new Float64Array(width);

export const map =
  (of: Constant, change: (value: number, place: number) => number): Constant =>
  async (look) =>
    (await evaluate(of, look)).map(change);

/** 0 stays 0; anything else is not the same at all positions any more. */
export const onlyZero = (of: Constant): Constant => map(of, (value) => (value === 0 ? 0 : Number.NaN));

/** With the numbers of a tensor: one for each place, or one for all. `weight` says that masked channels have a 0 in it. */
export const withTensor =
  (of: Constant, tensor: string, weight: boolean, combine: (value: number, own: number) => number): Constant =>
  async (look) => {
    const [values, own] = [await evaluate(of, look), await look.values(tensor)];
    if (weight && look.masked && own.length !== 1) return values.map((value) => combine(value, 0));
    if (own.length === 1) return values.map((value) => combine(value, own[0]!));
    return values.map((value, place) => combine(value, own.length === values.length ? own[place]! : Number.NaN));
  };

export const combined =
  (a: Constant, b: Constant, combine: (a: number, b: number) => number): Constant =>
  async (look) => {
    const [first, second] = [await evaluate(a, look), await evaluate(b, look)];
    return first.map((value, place) => combine(value, second[place]!));
  };

/** A product is 0 where either factor is, whatever the other one is. */
export const times = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : a * b);

export const joined =
  (parts: readonly Constant[]): Constant =>
  async (look) =>
    Float64Array.from((await Promise.all(parts.map((part) => evaluate(part, look)))).flatMap((part) => [...part]));

export const taken =
  (of: Constant, begin: number, end: number): Constant =>
  async (look) =>
    (await evaluate(of, look)).slice(begin, end);

/** Neighbouring places as one: 0 where all are. */
export const gathered =
  (of: Constant, places: number): Constant =>
  async (look) => {
    const values = await evaluate(of, look);
    return Float64Array.from({ length: values.length / places }, (_, i) =>
      values.subarray(i * places, (i + 1) * places).every((value) => value === 0) ? 0 : Number.NaN,
    );
  };

/** Each place several times. */
export const spread =
  (of: Constant, places: number): Constant =>
  async (look) => {
    const values = await evaluate(of, look);
    return Float64Array.from({ length: values.length * places }, (_, i) => values[Math.floor(i / places)]!);
  };
