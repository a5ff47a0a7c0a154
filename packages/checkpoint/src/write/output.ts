import type { Fault, Result, Shape, Work } from '@espalier/base';
import type { Dtype } from '@espalier/tensor';
import type { Checkpoint, TensorEntry } from '../checkpoint.js';
import type { GraphEdit } from './onnx/graphEdits.js';

/** A file that is being written. Nothing is seen of it before `commit` of its folder. */
export interface ByteSink {
  /** Appends; resolves when the bytes may be reused. Raises `FaultError` (`output/no-space`, `output/unwritable`). */
  write(bytes: Uint8Array): Promise<void>;
  /** Replaces bytes that were written earlier: sizes and checksums that are known late. */
  patch(begin: number, bytes: Uint8Array): Promise<void>;
  readonly position: number;
}

/**
 * Where outputs appear. Files are written beside their final place under temporary names; `commit` renames them all, `discard` removes them
 * all, and a crash leaves nothing under a final name.
 */
export interface OutputFolder {
  /** `name` is a plain file name. Faults: `output/exists` (unless overwriting was agreed to), `output/unwritable`. */
  create(name: string): Promise<Result<ByteSink, Fault>>;
  commit(): Promise<Result<readonly WrittenFile[], Fault>>;
  discard(): Promise<void>;
}

export interface WrittenFile {
  readonly name: string;
  readonly sizeBytes: number;
}

/** A tensor on its way into a file: what it is, and its bytes in C order, little-endian, window by window. */
export interface OutputTensor {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: Shape;
  /** Exactly this many bytes come out of `windows`. */
  readonly byteLength: number;
  /** A window is valid until the next but one is asked for: it may be written while the next one is made. */
  windows(work: Work): AsyncIterable<Uint8Array>;
  /** The tensor that it was made from, where there is one. Containers that are kept find by its name what it replaces. */
  readonly origin?: TensorEntry;
  /** It is `origin` as that was read: a container that is kept around it copies its own bytes. */
  readonly unchanged?: true;
  /**
   * The same tensor as the container of `origin` stores it: quantized numbers, for writers that keep their scales around them. Absent where the bytes
   * above are those.
   */
  readonly stored?: StoredTensor;
}

/** The bytes of a tensor in its container's own type. */
export interface StoredTensor extends Pick<OutputTensor, 'dtype' | 'byteLength' | 'windows'> {
  /** The container's name of the type where it is one of blocks, `Q8_0` or `Q4_0` of GGUF; `dtype` is U8 then. */
  readonly blocks?: string;
}

/** Everything that goes into one checkpoint. */
export interface OutputContent {
  readonly tensors: readonly OutputTensor[];
  /** Texts of the input and of the recipe: kept where the format has a place for them, else beside it. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The input: containers whose structure is kept (ONNX, TFJS, GGUF, PyTorch) are written around its bytes. */
  readonly input: Checkpoint;
  /** What changes in the graph besides values and shapes of tensors; for ONNX. */
  readonly graphEdits?: readonly GraphEdit[];
}

export interface Writer {
  /** The format's name as readers use it: `safetensors`, `npz`, `pytorch-zip`, `onnx`, `tfjs`, `gguf`. */
  readonly format: string;
  readonly label: string;
  readonly extensions: readonly string[];
  /** null where this content can be written; else why not, before anything is created. */
  refuses(content: OutputContent): Fault | null;
  /** Whether the structure of the input stays around these tensors; absent: it never does. */
  keeps?(content: OutputContent): boolean;
  /** Bytes that the tensors take in the output, where that is not what they bring: formats that keep a container. */
  bytesOf?(content: OutputContent): number;
  /** Writes every file of the checkpoint; `name` is the main file. The caller commits or discards. Raises `FaultError`. */
  write(folder: OutputFolder, name: string, content: OutputContent, work: Work): Promise<void>;
}
