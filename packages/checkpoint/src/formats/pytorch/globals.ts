import type { PyGlobal } from './pickle/value.js';

/** Names that a file of weights is expected to mention. Anything else is foreign: a loader would have to import and call it. */
const EXPECTED: ReadonlySet<string> = new Set(
  [
    'builtins: bool bytearray bytes complex dict float frozenset int list object range set slice str tuple',
    'collections: Counter OrderedDict defaultdict deque',
    'copyreg: __newobj__ _reconstructor',
    '_codecs: encode',
    'numpy: dtype ndarray',
    'numpy.core.multiarray: _reconstruct scalar',
    'numpy._core.multiarray: _reconstruct scalar',
    'numpy.core.numeric: _frombuffer',
    'numpy._core.numeric: _frombuffer',
    'torch: ScriptObject BoolTensor ByteTensor CharTensor DoubleTensor FloatTensor HalfTensor IntTensor LongTensor ShortTensor Size Tensor device dtype',
    'torch: channels_last channels_last_3d contiguous_format preserve_format strided sparse_coo sparse_csr sparse_csc sparse_bsr sparse_bsc',
    'torch: per_channel_affine per_channel_affine_float_qparams per_channel_symmetric per_tensor_affine per_tensor_symmetric',
    'torch._tensor: Tensor _rebuild_from_type _rebuild_from_type_v2',
    'torch.serialization: _get_layout _maybe_decode_ascii',
    'torch.storage: TypedStorage UntypedStorage _load_from_bytes',
    'torch.jit._pickle: build_boollist build_doublelist build_intlist build_tensorlist restore_type_tag build_tensor_from_id',
    'torch.distributed._shard.sharded_tensor.api: ShardedTensor',
  ].flatMap((line) => {
    const [module, names] = line.split(': ');
    return names!.split(' ').map((name) => `${module}.${name}`);
  }),
);

const DTYPE = /^(?:b?float|u?int|complex|bits|qu?int|bool|half|double|long|short|uint)[0-9a-z_]*$/;

/** True for names that PyTorch itself writes into checkpoints, so that naming them tells nothing. */
export function isExpected({ module, name }: PyGlobal): boolean {
  if (EXPECTED.has(`${module}.${name}`)) return true;
  const plain = /^\w+$/.test(name);
  if (!plain) return false;
  if (/^torch(?:\.cuda|\.storage|\.sparse)?$/.test(module) && /^[A-Z]\w*(?:Storage|Tensor)$/.test(name)) return true;
  if (module === 'torch' && DTYPE.test(name)) return true;
  if (module === 'torch._utils') return name.startsWith('_rebuild_');
  // Classes of modules and optimizers, and activations that modules keep a reference to.
  if (/^torch\.(?:nn|optim|ao|quantization)(?:\.|$)/.test(module) && /^_?[A-Z]/.test(name)) return true;
  if (module === 'torch.nn.functional') return ACTIVATIONS.has(name);
  // TorchScript: types of the archive itself.
  return module === '__torch__' || module.startsWith('__torch__.');
}

const ACTIVATIONS: ReadonlySet<string> = new Set(
  'celu elu gelu glu hardsigmoid hardswish hardtanh leaky_relu log_softmax logsigmoid mish relu relu_ relu6 rrelu selu sigmoid silu softmax softplus softsign tanh'.split(
    ' ',
  ),
);
