import type { Fault, Result } from '@espalier/base';

/** Something that runs models, for looking at the values inside. */
export interface ModelRuntime {
  /** `onnxruntime 1.30.0`. */
  readonly name: string;
  /** Faults: `runtime/refused`, in the runtime's words. */
  load(model: Uint8Array): Promise<Result<LoadedModel, Fault>>;
}

export interface LoadedModel {
  /** Values by name, of all outputs that hold numbers. Faults: `runtime/refused`. */
  run(feeds: ReadonlyMap<string, FedArray>): Promise<Result<ReadonlyMap<string, ArrayLike<number>>, Fault>>;
  release(): Promise<void>;
}

/** An input of a model; `dtype` is what the model expects: `F32`, `I64` … */
export interface FedArray {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
}

/** Finds what runs models, from a folder on. Faults: `runtime/missing`, `runtime/untrusted`. */
export type FindRuntime = (folder: string) => Promise<Result<ModelRuntime, Fault>>;
