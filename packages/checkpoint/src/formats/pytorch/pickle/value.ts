/**
 * What a pickle describes, as plain data. Nothing here was constructed by running anything: what a pickle wants to have called is a
 * `PyObject` that says so. Dictionaries are Maps, so no key can reach a prototype.
 */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | PyBytes
  | PyTuple
  | PyList
  | PySet
  | PyDict
  | PyGlobal
  | PyObject
  | PyPersistent;

export interface PyBytes {
  readonly kind: 'bytes';
  readonly length: number;
  /** Offset in the pickle's source, where the bytes stand there as they are; null where they had to be decoded. */
  readonly offset: number | null;
  /** null when there are too many to hold: read them from the source. */
  readonly bytes: Uint8Array | null;
}

export interface PyTuple {
  readonly kind: 'tuple';
  readonly items: readonly Value[];
}

export interface PyList {
  readonly kind: 'list';
  readonly items: Value[];
}

export interface PySet {
  readonly kind: 'set';
  readonly items: Value[];
}

export interface PyDict {
  readonly kind: 'dict';
  readonly entries: Map<Value, Value>;
  /** Attributes of the dictionary object itself, such as `_metadata` of a state dict. */
  attributes?: Value;
}

/** The name of something importable. It was not imported. */
export interface PyGlobal {
  readonly kind: 'global';
  readonly module: string;
  readonly name: string;
}

/** A call or a construction that did not happen, with everything that would have been given to it. */
export interface PyObject {
  readonly kind: 'object';
  /** What would be called or instantiated: usually a `PyGlobal`. */
  readonly type: Value;
  readonly args: readonly Value[];
  /** What `__setstate__` or `__dict__` would receive. */
  state?: Value;
  /** Elements of a list-like object. */
  items?: Value[];
  /** Elements of a dictionary-like object. */
  entries?: Map<Value, Value>;
}

/** Something that the pickle refers to but does not hold: in PyTorch files a storage or the source of a class. */
export interface PyPersistent {
  readonly kind: 'persistent';
  readonly id: Value;
}

export const fullName = (global: PyGlobal): string => `${global.module}.${global.name}`;

export const isObject = (
  value: Value | undefined,
): value is Exclude<Value, null | boolean | number | bigint | string> => typeof value === 'object' && value !== null;

export function isKind<K extends Exclude<Value, null | boolean | number | bigint | string>['kind']>(
  value: Value | undefined,
  kind: K,
): value is Extract<Value, { kind: K }> {
  return isObject(value) && value.kind === kind;
}

/** Items of a tuple or list, otherwise undefined. */
export const itemsOf = (value: Value | undefined): readonly Value[] | undefined =>
  isKind(value, 'tuple') || isKind(value, 'list') ? value.items : undefined;

/** `module.name` of a global, otherwise undefined. */
export const nameOf = (value: Value | undefined): string | undefined =>
  isKind(value, 'global') ? fullName(value) : undefined;

/** A whole number within the safe range, otherwise undefined. */
export const wholeNumber = (value: Value | undefined): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined;
