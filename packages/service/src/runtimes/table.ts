/** What a runtime does with zeros, as somebody read it in a source on a day. */
export interface RuntimeEntry {
  readonly runtime: string;
  readonly version: string;
  /** Zeros that it looks at. */
  readonly pattern: 'any' | '2:4' | '1x1 convolutions' | 'bytes of linear layers';
  readonly dtype: string;
  readonly condition: string;
  /** Peak gain over dense that the source states; 1: zeros are computed like other numbers; null: the source states none. */
  readonly gain: number | null;
  readonly why: string;
  readonly source: string;
  /** ISO date on which the source was read. */
  readonly date: string;
}

/** The day on which the sources below were read. */
const READ = '2026-11-26';

/** Runtimes, those that gain nothing as well. */
export const RUNTIMES: readonly RuntimeEntry[] = [
  {
    runtime: 'onnxruntime',
    version: '1.4 and later',
    pattern: 'any',
    dtype: 'any',
    condition: 'all operators',
    gain: 1,
    why: 'no kernel takes sparse weights: sparse initializers are made dense when the model is loaded',
    source: 'microsoft/onnxruntime, issue 5578, answer of a maintainer',
    date: READ,
  },
  {
    runtime: 'PyTorch, ordinary layers',
    version: '2',
    pattern: 'any',
    dtype: 'any',
    condition: 'torch.nn layers with zeros in dense weights',
    gain: 1,
    why: 'zeros are computed like other numbers',
    source: 'neuralmagic/sparseml, issue 2164, answer of a maintainer',
    date: READ,
  },
  {
    runtime: 'PyTorch, semi-structured tensors',
    version: '2.1 and later',
    pattern: '2:4',
    dtype: 'f16, bf16, int8',
    condition: 'NVIDIA GPU of compute capability 8.0 and later; at least 32 rows and 64 columns (128 for int8)',
    gain: null,
    why: 'linear layers in half precision or bytes; not measured here',
    source: 'pytorch/pytorch, torch/sparse/semi_structured.py; PyTorch tutorial on semi-structured sparsity',
    date: READ,
  },
  {
    runtime: 'TensorRT, sparse tensor cores',
    version: '8.0 and later',
    pattern: '2:4',
    dtype: 'f16, int8',
    condition: 'NVIDIA A100 and later, SPARSE_WEIGHTS enabled',
    gain: 2,
    why: 'peak of the sparse tensor cores over the dense ones; layers bound by memory gain less',
    source:
      'NVIDIA, "Accelerating Inference with Sparsity Using the NVIDIA Ampere Architecture and NVIDIA TensorRT", 2021',
    date: READ,
  },
  {
    runtime: 'TensorFlow Lite with XNNPACK',
    version: '2.5 and later',
    pattern: '1x1 convolutions',
    dtype: 'f32, f16',
    condition:
      'CPU; 1x1 convolutions between a 3x3 convolution of stride 2 over three channels and a mean or depth-to-space',
    gain: null,
    why: 'sparse kernels for such graphs alone; not measured here',
    source: 'TensorFlow Lite, XNNPACK delegate, README, sparse inference',
    date: READ,
  },
  {
    runtime: 'OpenVINO on CPU',
    version: '2023.0 and later',
    pattern: 'bytes of linear layers',
    dtype: 'int8',
    condition: '4th generation Xeon with AMX; CPU_SPARSE_WEIGHTS_DECOMPRESSION_RATE set below the sparsity',
    gain: null,
    why: 'packed weights save memory traffic, not multiplications; not measured here',
    source: 'OpenVINO documentation, Intel CPU specific properties',
    date: READ,
  },
  {
    runtime: 'DeepSparse',
    version: 'ended on 2025-06-02',
    pattern: 'any',
    dtype: 'f32, int8',
    condition: 'CPU',
    gain: null,
    why: 'development ended and the repository was archived in June 2025',
    source: 'neuralmagic/deepsparse, README',
    date: READ,
  },
];
