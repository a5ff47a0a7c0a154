import type { Fault, Result } from '@espalier/base';

/** Something that runs models, for looking at the values inside and for timing. */
export interface ModelRuntime {
  /** `onnxruntime 1.30.0`. */
  readonly name: string;
  /** Memory that models may take, in bytes. Absent: nobody knows. */
  readonly freeBytes?: () => number;
  /**
   * A model as bytes, or as the path of its file: then weights may lie beside it, and it may be of any size. Without `threads` it takes as many as it likes.
   * Faults: `runtime/refused`, in the runtime's words.
   */
  load(model: Uint8Array | string, threads?: number): Promise<Result<LoadedModel, Fault>>;
}

export interface LoadedModel {
  /** Values by name, of all outputs that hold numbers. Faults: `runtime/refused`. */
  run(feeds: ReadonlyMap<string, FedArray>): Promise<Result<ReadonlyMap<string, ArrayLike<number>>, Fault>>;
  /** Runs with the same inputs again and again, for timing: nothing of the outputs is kept. Faults are raised: `runtime/refused`. */
  repeat(feeds: ReadonlyMap<string, FedArray>): () => Promise<void>;
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
