import type { Fault, Shape } from '@espalier/base';
import type { ByteSource, Dtype, LogicalDtype, Values } from '@espalier/tensor';
import type { Graph } from './graph.js';
import type { StoredTensor } from './write/output.js';

/** An open checkpoint: everything its headers say, and the means to read values by range. */
export interface Checkpoint {
  /** Machine name of the format, such as `safetensors`, `pytorch-zip`, `onnx`, `huggingface-folder`. */
  readonly format: string;
  /** What people call it: `safetensors`, `PyTorch (zip)`, `ONNX`. */
  readonly formatLabel: string;
  /** In file order. */
  readonly tensors: readonly TensorEntry[];
  /** Producer, license, quantization config …: short texts only, never arrays of tokens. */
  readonly metadata: Readonly<Record<string, string>>;
  /** What the header alone gives away: foreign globals, shards that differ, tensors whose bytes are missing … */
  readonly findings: readonly Finding[];
  /** Every file that belongs to it, the opened one first. */
  readonly files: readonly { readonly name: string; readonly sizeBytes: number }[];
  /** The opened file, where writers keep its structure and replace the values of tensors (ONNX, TensorFlow.js, GGUF, PyTorch). */
  readonly container?: ByteSource;
  /** Operators and shapes, where the format carries them. */
  readonly graph?: Graph;
  /** Closes every source it opened. The source given to `open` is closed too. */
  close(): Promise<void>;
}

export interface Finding {
  /** `checkpoint/non-finite`, `checkpoint/foreign-global`, …: see docs/findings.md. */
  readonly code: string;
  readonly severity: 'error' | 'warning' | 'information';
  readonly message: string;
  readonly tensor?: string;
  /** Where in which file, if that helps. */
  readonly file?: string;
  readonly offset?: number;
}

export interface TensorEntry {
  /** Unique within the checkpoint. */
  readonly name: string;
  /** The logical type: a Q4_K block tensor or a uint8 affine weight is `F32`, a GPTQ weight `F16`. */
  readonly dtype: LogicalDtype;
  /** The stored type as the format names it: `F32`, `BF16`, `Q4_K`, `uint8 affine`, `int4 packed (GPTQ)`. */
  readonly storage: string;
  /** Logical shape, outermost axis first. */
  readonly shape: Shape;
  /** Logical number of elements. */
  readonly elements: number;
  /** Bytes in the file, scales and zero points included. */
  readonly bytes: number;
  readonly data: TensorData;
  /** Operator and layout, where the format or its graph knows; otherwise `model` infers them from name and shape. */
  readonly axes?: Axes;
  /** What the format knows of its purpose; `model` infers the rest. */
  readonly roleHint?: Role;
  /** Name of an earlier tensor that occupies the very same bytes (tied weights, views of one storage). */
  readonly sharesStorageWith?: string;
  /** Names of packed companions folded into this entry (scales, zero points, g_idx …), for the detail view. */
  readonly packedFrom?: readonly string[];
}

/** Purpose of a tensor within its model. */
export type Role =
  | 'conv'
  | 'depthwise-conv'
  | 'transposed-conv'
  | 'linear'
  | 'embedding'
  | 'recurrent'
  | 'attention'
  | 'norm'
  | 'bias'
  | 'statistic'
  | 'position'
  | 'scale'
  | 'index'
  | 'optimizer'
  | 'constant'
  | 'text'
  | 'other';

/** Which axes are output and input channels. `output: []` states that there is none (1-D tensors, scalars). */
export interface Axes {
  /** Axes whose product is the number of output channels, major first: OIHW `[0]`, HWIO `[3]`, HWIM depthwise `[2, 3]`. */
  readonly output: readonly number[];
  readonly input: readonly number[];
  /** Spatial axes, outermost first. */
  readonly kernel: readonly number[];
  /** Grouped convolutions: number of groups; input channels are per group. 1 unless stated. */
  readonly groups?: number;
}

/** Where the values are. */
export type TensorData =
  | RawData
  | DecodedData
  /** No numbers to read: empty or string tensors, bytes that are missing or of a kind nobody decodes. */
  | {
      readonly kind: 'none';
      readonly why: 'empty' | 'text' | 'unreadable' | 'unsupported' | 'meta';
      readonly fault?: Fault;
    };

/** Contiguous, little-endian, C order: the fast path. */
export interface RawData {
  readonly kind: 'raw';
  readonly dtype: Dtype;
  readonly source: ByteSource;
  /** Byte offset of the first element in `source`. */
  readonly begin: number;
  /** Present when the stored numbers are quantized. */
  readonly affine?: Affine;
}

/** Anything else: packed blocks, compressed entries, strided or big-endian or Fortran-order arrays, sparse encodings. */
export interface DecodedData {
  readonly kind: 'decoded';
  /** Reads start at multiples of this many elements for the least work; any range is allowed. */
  readonly blockElements: number;
  /** Logical values in C order. A quantized value that means zero (`q == zero point`) decodes to exactly 0. */
  read(begin: number, count: number, signal?: AbortSignal): Promise<Values>;
  /**
   * The bytes that the container stores for it where some values were set to 0, as `zeroed` reads them: its codes as they are, and the one that means zero. Absent where no code surely
   * does.
   */
  rezeroed?(zeroed: Pick<TensorEntry, 'name' | 'data' | 'shape' | 'elements'>): StoredTensor;
}

/** Stored integer q means `scale · (q − zeroPoint)`, or `scale · q + minimum` (the form that TensorFlow.js uses). */
export type Affine =
  | {
      readonly form: 'zero-point';
      /** One for the tensor, or one per index of `axis`. */
      readonly scales: Float32Array | Float64Array;
      readonly zeroPoints: Float64Array;
      /** null: one for the whole tensor. */
      readonly axis: number | null;
    }
  | { readonly form: 'minimum'; readonly scale: number; readonly minimum: number };

/** What a format is to the registry. */
export interface Format {
  readonly name: string;
  /** Cheap: looks at the first bytes and the file name; never throws. */
  matches(head: Uint8Array, source: ByteSource): boolean;
  /** Reads headers only. Raises `FaultError` for whatever is wrong with the file. */
  open(source: ByteSource, options: OpenOptions): Promise<Checkpoint>;
}

export interface OpenOptions {
  readonly signal?: AbortSignal;
}
