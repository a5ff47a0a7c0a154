/**
 * The calls that name checkpoints, one line each. To support another library, add a line here.
 *
 * `callee` is the imported dotted name. `*` in front stands for any module or receiver, `*` inside for one segment.
 * The path is positional argument `at`, or the keyword arguments `keywords`.
 */
export interface CallRule {
  readonly callee: readonly string[];
  /** Position of the path; -1: by keyword only. */
  readonly at: number;
  readonly keywords?: readonly string[];
  /**
   * Which strings count. `any`: whatever it ends with. `checkpoint`: certain and shared extensions. `certain`: certain ones alone.
   */
  readonly ends: 'any' | 'checkpoint' | 'certain';
  /** `hub`: a folder, or a name in the hub. `folder`: a local folder where the string has no extension. */
  readonly form?: 'hub' | 'folder';
  readonly output?: true;
  /** A missing file is no mistake: the library fetches it, or completes the name. */
  readonly lenient?: true;
  /** Argument that says whether the file is opened for writing. */
  readonly mode?: { readonly at: number; readonly keyword: string };
  /** Argument that names the hub repository a file is taken from. */
  readonly repository?: { readonly at: number; readonly keyword: string };
  /** Only in files that import a module with this name (or a part of it). */
  readonly needs?: string;
  /** The path is a URL relative to the page, unless the module is for Node. */
  readonly web?: true;
}

const loads = (callee: string, at: number, keywords: string, more: Partial<CallRule> = {}): CallRule => ({
  callee: callee.split(' '),
  at,
  keywords: keywords === '' ? [] : keywords.split(' '),
  ends: 'any',
  ...more,
});
const saves = (callee: string, at: number, keywords: string, more: Partial<CallRule> = {}): CallRule =>
  loads(callee, at, keywords, { output: true, ...more });

export const PYTHON_CALLS: readonly CallRule[] = [
  // PyTorch
  loads('torch.load', 0, 'f'),
  loads('torch.jit.load', 0, 'f'),
  loads('torch.export.load', 0, 'f'),
  loads('torch._export.load torch.package.PackageImporter', 0, 'f'),
  saves('torch.save', 1, 'f'),
  saves('torch.jit.save torch.export.save', 1, 'f'),
  saves('torch.onnx.export torch.onnx.dynamo_export torch.onnx.utils.export', 2, 'f'),
  loads('*.load_state_dict_from_file', 0, 'filename path'),
  loads('*.load_from_checkpoint', 0, 'checkpoint_path'),
  loads('*.load_checkpoint_and_dispatch *.load_checkpoint_in_model', 1, 'checkpoint', { form: 'folder' }),
  loads('ultralytics.YOLO ultralytics.RTDETR ultralytics.SAM ultralytics.FastSAM', 0, 'model', {
    ends: 'checkpoint',
    lenient: true,
  }),
  saves('torch.hub.download_url_to_file', 1, 'dst'),
  // safetensors
  loads('safetensors.safe_open safetensors.torch.safe_open', 0, 'filename'),
  loads('safetensors.*.load_file', 0, 'filename'),
  loads('safetensors.torch.load_model', 1, 'filename'),
  loads('safetensors.deserialize', -1, 'filename'),
  saves('safetensors.*.save_file', 1, 'filename'),
  saves('safetensors.torch.save_model', 1, 'filename'),
  // Hugging Face
  loads('*.from_pretrained', 0, 'pretrained_model_name_or_path model_id', { form: 'hub' }),
  loads('*.load_lora_weights *.load_textual_inversion *.load_ip_adapter', 0, 'pretrained_model_name_or_path_or_dict', {
    form: 'hub',
  }),
  loads('*.from_single_file', 0, 'pretrained_model_link_or_path', { ends: 'checkpoint' }),
  loads('*.hf_hub_download *.cached_file', 1, 'filename', {
    lenient: true,
    repository: { at: 0, keyword: 'repo_id' },
  }),
  loads('*.snapshot_download', 0, 'repo_id', { form: 'hub' }),
  loads('transformers.pipeline', 1, 'model', { form: 'hub' }),
  loads('vllm.LLM sentence_transformers.SentenceTransformer', 0, 'model model_name_or_path', { form: 'hub' }),
  saves('*.save_pretrained', 0, 'save_directory', { form: 'folder' }),
  // NumPy
  loads('numpy.load', 0, 'file'),
  // A raw file of numbers says nothing about itself: only arrays with a header are read.
  loads('numpy.memmap', 0, 'filename', { ends: 'certain', mode: { at: 2, keyword: 'mode' } }),
  loads('numpy.lib.format.open_memmap', 0, 'filename', { mode: { at: 1, keyword: 'mode' } }),
  saves('numpy.save numpy.savez numpy.savez_compressed', 0, 'file'),
  // ONNX
  loads('onnx.load onnx.load_model onnx.checker.check_model', 0, 'f model', { ends: 'checkpoint' }),
  loads('onnxruntime.InferenceSession', 0, 'path_or_bytes', { ends: 'checkpoint' }),
  loads('onnx.shape_inference.infer_shapes_path', 0, 'model_path'),
  saves('onnx.shape_inference.infer_shapes_path', 1, 'output_path'),
  loads(
    'onnxruntime.quantization.quantize_dynamic onnxruntime.quantization.quantize_static onnxruntime.quantization.quantize',
    0,
    'model_input',
    { ends: 'checkpoint' },
  ),
  saves(
    'onnxruntime.quantization.quantize_dynamic onnxruntime.quantization.quantize_static onnxruntime.quantization.quantize',
    1,
    'model_output',
    { ends: 'checkpoint' },
  ),
  saves('onnx.save onnx.save_model', 1, 'f', { ends: 'checkpoint' }),
  saves('tf2onnx.convert.from_keras tf2onnx.convert.from_function tf2onnx.convert.from_tflite', -1, 'output_path'),
  // TensorFlow and Keras
  loads(
    'tensorflow.keras.models.load_model tensorflow.keras.saving.load_model keras.models.load_model keras.saving.load_model tf_keras.models.load_model',
    0,
    'filepath',
    { form: 'folder' },
  ),
  // A TensorFlow checkpoint is named by a prefix that is no file itself.
  loads('*.load_weights', 0, 'filepath', { lenient: true }),
  saves('*.save_weights', 0, 'filepath'),
  loads('tensorflow.saved_model.load tensorflow.compat.v2.saved_model.load', 0, 'export_dir', { form: 'folder' }),
  saves('tensorflow.saved_model.save', 1, 'export_dir', { form: 'folder' }),
  loads(
    'tensorflow.train.load_checkpoint tensorflow.train.load_variable tensorflow.train.list_variables',
    0,
    'ckpt_dir_or_file',
    {
      lenient: true,
    },
  ),
  loads('*.restore *.read', 0, 'save_path', { needs: 'tensorflow', lenient: true }),
  loads(
    'tensorflow.lite.Interpreter tflite_runtime.interpreter.Interpreter ai_edge_litert.interpreter.Interpreter',
    0,
    'model_path',
  ),
  // Other readers
  loads('h5py.File', 0, 'name', { ends: 'checkpoint', mode: { at: 1, keyword: 'mode' } }),
  loads('gguf.GGUFReader gguf.gguf_reader.GGUFReader', 0, 'path'),
  saves('gguf.GGUFWriter', 0, 'path'),
  loads('llama_cpp.Llama', 0, 'model_path', { ends: 'checkpoint' }),
  loads('ctransformers.AutoModelForCausalLM.from_pretrained', -1, 'model_file', { lenient: true }),
  loads('joblib.load', 0, 'filename', { ends: 'checkpoint' }),
  loads('pickle.load cPickle.load dill.load cloudpickle.load', 0, 'file', { ends: 'checkpoint' }),
  saves('joblib.dump pickle.dump dill.dump cloudpickle.dump', 1, 'filename file', { ends: 'checkpoint' }),
  loads('paddle.load', 0, 'path', { ends: 'checkpoint' }),
  saves('paddle.save', 1, 'path', { ends: 'checkpoint' }),
  loads('mlx.core.load', 0, 'file'),
  saves('mlx.core.save mlx.core.save_safetensors mlx.core.save_gguf mlx.core.savez', 0, 'file'),
  loads('coremltools.convert', 0, 'model', { ends: 'checkpoint' }),
  // Files that the program itself brings or writes
  saves('urllib.request.urlretrieve', 1, 'filename', { ends: 'checkpoint' }),
  saves('wget.download gdown.download', 1, 'out output', { ends: 'checkpoint' }),
  saves('shutil.copy shutil.copyfile shutil.copy2 shutil.move os.rename os.replace', 1, 'dst', { ends: 'checkpoint' }),
  saves(
    '*.save *.export *.write_bytes *.save_checkpoint *.download_file *.save_file *.save_model',
    0,
    'filepath path filename f save_path',
    {
      ends: 'checkpoint',
    },
  ),
  saves('*.save_model *.save_checkpoint *.save_file *.export_onnx *.convert', 1, 'filepath path filename output', {
    ends: 'checkpoint',
  }),
  // The file object of `pickle.load(open(…))`, and plain reading
  loads('open io.open builtins.open', 0, 'file', { ends: 'certain', mode: { at: 1, keyword: 'mode' } }),
];

export const JAVASCRIPT_CALLS: readonly CallRule[] = [
  loads('*.InferenceSession.create', 0, '', { ends: 'checkpoint', web: true }),
  loads('*.loadLayersModel *.loadGraphModel', 0, '', { web: true }),
  loads('*.loadTFLiteModel', 0, '', { web: true }),
  loads('*.loadSavedModel *.getMetaGraphsFromSavedModel', 0, '', { form: 'folder' }),
  loads('*.from_pretrained', 0, '', { form: 'hub' }),
  loads('@huggingface/transformers.pipeline @xenova/transformers.pipeline', 1, '', { form: 'hub' }),
  loads(
    'fs.readFileSync fs.readFile fs.openSync fs.open fs.createReadStream fs.promises.readFile fs.promises.open',
    0,
    '',
    {
      ends: 'certain',
    },
  ),
  loads('fs/promises.readFile fs/promises.open', 0, '', { ends: 'certain' }),
  saves('fs.writeFileSync fs.writeFile fs.createWriteStream fs.promises.writeFile fs/promises.writeFile', 0, '', {
    ends: 'checkpoint',
  }),
  saves('*.save', 0, '', { ends: 'checkpoint' }),
  loads('fetch', 0, '', { ends: 'checkpoint', needs: 'tensorflow', web: true }),
  loads('require', 0, '', { ends: 'certain' }),
];

/** Names by which modules are imported everywhere; used where a file does not import them (cells of a notebook, half-typed code). */
export const USUAL_ALIASES: Readonly<Record<string, readonly string[]>> = {
  np: ['numpy'],
  tf: ['tensorflow'],
  ort: ['onnxruntime'],
  keras: ['keras'],
  nn: ['torch', 'nn'],
  F: ['torch', 'nn', 'functional'],
  pd: ['pandas'],
  plt: ['matplotlib', 'pyplot'],
  mx: ['mlx', 'core'],
};

/** Modules that need no import to be told from a model: never the root of a chain of layers. */
export const USUAL_MODULES: ReadonlySet<string> = new Set([
  ...Object.keys(USUAL_ALIASES),
  ...[
    'torch',
    'torchvision',
    'numpy',
    'tensorflow',
    'onnx',
    'onnxruntime',
    'safetensors',
    'transformers',
    'h5py',
    'gguf',
  ],
  ...['os', 'sys', 'math', 'json', 're', 'time', 'random', 'pathlib', 'logging', 'argparse', 'itertools', 'functools'],
  ...['Math', 'JSON', 'Object', 'Array', 'Number', 'String', 'Promise', 'console', 'process', 'window', 'document'],
]);

/** Names too common to stand for a library's function where nothing says where they come from. */
export const COMMON_NAMES: ReadonlySet<string> = new Set([
  ...['load', 'save', 'File', 'restore', 'read', 'create', 'export', 'convert', 'download', 'dump', 'copy', 'move'],
  ...['rename', 'replace', 'savez', 'memmap', 'pipeline', 'LLM', 'SAM', 'Interpreter', 'quantize', 'from_function'],
  ...['readFile', 'writeFile', 'pipeline', 'deserialize'],
]);
