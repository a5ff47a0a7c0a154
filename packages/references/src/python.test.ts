import { expect, test } from 'vitest';
import { checkpointsOf, layersOf, siteOf, underCursor } from '../test/marked.js';

const check = (text: string, ...expected: string[]): void => expect(checkpointsOf(text, 'python')).toEqual(expected);
const checkLayers = (text: string, ...expected: string[]): void => expect(layersOf(text, 'python')).toEqual(expected);

test.each([
  ['torch.load("m.pt")', 'm.pt ← torch.load'],
  ['import torch as th\nx = th.load("m.bin", map_location="cpu")', 'm.bin ← torch.load [as x]'],
  ['from torch import load as l\nl("m")', 'm ← torch.load'],
  ['torch.load(f="m.pt")', 'm.pt ← torch.load'],
  ['torch.jit.load("m.pt")', 'm.pt ← torch.jit.load'],
  ['from safetensors.torch import load_file\nload_file("m.safetensors")', 'm.safetensors ← safetensors.load_file'],
  ['load_file("m.safetensors")', 'm.safetensors ← safetensors.load_file'],
  ['load_model(model, "m.safetensors")', 'm.safetensors ← safetensors.torch.load_model'],
  ['with safe_open("m.safetensors", framework="pt") as f:\n  pass', 'm.safetensors ← safetensors.safe_open [as f]'],
  ['np.load("w.npy")', 'w.npy ← numpy.load'],
  ['import numpy\nnumpy.memmap("w.npy", dtype="f4", mode="r")', 'w.npy ← numpy.memmap'],
  ['np.memmap("w.npy", "f4", "w+")', 'w.npy → numpy.memmap'],
  ['m = onnx.load("m.onnx")', 'm.onnx ← onnx.load [as m]'],
  ['import onnxruntime as rt\ns = rt.InferenceSession("m.onnx")', 'm.onnx ← onnxruntime.InferenceSession [as s]'],
  ['ort.InferenceSession("m.onnx", providers=[])', 'm.onnx ← onnxruntime.InferenceSession'],
  ['tf.keras.models.load_model("m.keras")', 'm.keras ← tensorflow.keras.models.load_model'],
  ['from tensorflow import keras\nkeras.models.load_model("m.h5")', 'm.h5 ← tensorflow.keras.models.load_model'],
  ['model.load_weights("w.h5")', '?w.h5 ← load_weights'],
  ['tf.saved_model.load("exported")', 'exported ← tensorflow.saved_model.load [folder]'],
  ['import tensorflow as tf\nckpt = tf.train.Checkpoint(m=m)\nckpt.restore("ck/m-1")', '?ck/m-1 ← restore'],
  ['tf.lite.Interpreter(model_path="m.tflite")', 'm.tflite ← tensorflow.lite.Interpreter'],
  ['h5py.File("m.h5", "r")', 'm.h5 ← h5py.File'],
  ['h5py.File("m.h5", "w")', 'm.h5 → h5py.File'],
  ['h5py.File("m.h5", mode)', 'm.h5 → h5py.File'],
  ['GGUFReader("m.gguf")', 'm.gguf ← gguf.GGUFReader'],
  ['Llama(model_path="m.gguf")', 'm.gguf ← llama_cpp.Llama'],
  ['joblib.load("m.joblib")', 'm.joblib ← joblib.load'],
  ['pickle.load(open("x.pt","rb"))', 'x.pt ← pickle.load'],
  ['with open("x.pt", "rb") as f:\n  s = pickle.load(f)', 'x.pt ← pickle.load [as f]'],
  ['pickle.dump(s, open("x.pt","wb"))', 'x.pt → pickle.dump'],
  ['Net.load_from_checkpoint("e.ckpt")', 'e.ckpt ← load_from_checkpoint'],
])('a loading call names its file: %s', (text, expected) => check(text, expected));

test.each([
  ['AutoModel.from_pretrained("bert-base-uncased")', '?bert-base-uncased ← from_pretrained [folder]'],
  ['AutoModel.from_pretrained("org/name")', '?org/name ← from_pretrained [folder]'],
  ['AutoModel.from_pretrained("./out/model")', './out/model ← from_pretrained [folder]'],
  ['m = A.from_pretrained("../m.safetensors")', '../m.safetensors ← from_pretrained [as m]'],
])('hub names are never certain, local folders are: %s', (text, expected) => check(text, expected));

test('a file of the hub is told with its repository', () =>
  check(
    'hf_hub_download(repo_id="a/b", filename="model.safetensors")',
    '?a/b ← hf_hub_download [folder]',
    '?model.safetensors ← hf_hub_download [of a/b]',
  ));

test.each([
  ['torch.save(model.state_dict(), "m.pt")', 'm.pt → torch.save'],
  ['save_file(tensors, "m.safetensors")', 'm.safetensors → safetensors.save_file'],
  ['model.save_pretrained("out")', 'out → save_pretrained [folder]'],
  ['model.save("m.keras")', 'm.keras → save'],
  ['np.save("w.npy", w)', 'w.npy → numpy.save'],
  ['np.savez("w.npz", w)', 'w.npz → numpy.savez'],
  ['onnx.save(m, "m.onnx")', 'm.onnx → onnx.save'],
  ['torch.onnx.export(m, x, "m.onnx")', 'm.onnx → torch.onnx.export'],
  ['trainer.save_checkpoint("e.ckpt")', 'e.ckpt → save_checkpoint'],
  ['convert(x, output="m.tflite")', 'm.tflite → convert'],
])('an output is told apart: %s', (text, expected) => check(text, expected));

test.each([
  ['torch.load(Path("a") / "b" / "c.pt")', 'a/b/c.pt ← torch.load'],
  ['torch.load(os.path.join("a", "c.pt"))', 'a/c.pt ← torch.load'],
  ['from pathlib import Path\nD = Path("a")\ntorch.load(D / "c.pt")', 'a/c.pt ← torch.load'],
  ['n = "a"\ntorch.load("m/" + n + ".pt")', '?m/a.pt ← torch.load'],
  ['n = "a"\ntorch.load(os.path.join("m", n, "c.pt"))', 'm/a/c.pt ← torch.load'],
  ['D = Path(__file__).parent\ntorch.load(D / "c.pt")', './c.pt ← torch.load'],
  ['torch.load(str(Path("a").joinpath("c.pt")))', 'a/c.pt ← torch.load'],
  ['torch.load(Path(__file__).parent / "c.pt")', './c.pt ← torch.load'],
  ['torch.load(Path(__file__).resolve().parents[1] / "c.pt")', '../c.pt ← torch.load'],
  ['torch.load(os.path.join(os.path.dirname(__file__), "..", "c.pt"))', './../c.pt ← torch.load'],
  ['CKPT = "m.pt"\nx = torch.load(CKPT)', 'm.pt ← torch.load [as x]'],
  ['torch.load("a/" + "c.pt")', 'a/c.pt ← torch.load'],
  ['torch.load("a/"\n  "c.pt")', 'a/c.pt ← torch.load'],
  ['torch.load(r"C:\\m\\c.pt")', 'C:\\m\\c.pt ← torch.load'],
  ['torch.load("a\\x62.pt")', 'ab.pt ← torch.load'],
])('a path that is put together from constants is one: %s', (text, expected) => check(text, expected));

test('the reference of a constant is its literal', () =>
  expect(underCursor('CKPT = "mo|del.pt"\ntorch.load(CKPT)', 'python')).toBe('model.pt'));

test('the reference of a joined path is its last literal', () =>
  expect(underCursor('torch.load(Path("a") / "b.|pt")', 'python')).toBe('b.pt'));

test.each([
  'torch.load(f"{name}.pt")',
  'torch.load(f"models/{name}/best.pt")',
  'torch.load(folder + "/m.pt")',
  'torch.load(os.path.join(args.dir, "m.pt"))',
  'torch.load(Path(root) / "m.pt")',
  'torch.load("model_{}.pt".format(i))',
  'torch.load("model_%d.pt" % i)',
  'torch.load(sys.argv[1])',
  'torch.load(path)',
  'def f(path):\n  torch.load(path)',
  'torch.load("https://host/m.pt")',
  'torch.load("s3://bucket/m.pt")',
  'torch.hub.load_state_dict_from_url("https://host/m.pt")',
  'from_pretrained("hf://a/b")',
  'name.endswith(".pt")',
  'if name.endswith("best.pt"): pass',
  'if suffix == "x.pt": pass',
  'print("saved m.pt")',
  '"""Loads model.pt"""',
  '"model.pt"',
  '# torch.load("m.pt")',
  'json.load(open("config.json"))',
  'open("notes.bin")',
  'def load(x): pass\nload("m.bin")',
])('what is computed, remote or prose is no reference: %s', (text) => check(text));

test.each([
  ['x = os.environ.get("C", "m.pt")', '?m.pt ← get'],
  ['if a:\n  p = "a.pt"\nelse:\n  p = "b.pt"\ntorch.load(p)', '?a.pt ← torch.load', '?b.pt ← torch.load'],
  ['torch.load("a.pt" if x else "b.pt")', '?a.pt ← torch.load', '?b.pt ← torch.load'],
  ['def f(p="m.pt"):\n  return torch.load(p)', '?m.pt ← torch.load'],
  ['parser.add_argument("--checkpoint", default="m.pt")', '?m.pt ← option --checkpoint'],
  ['parser.add_argument("--output", default="m.pt")', 'm.pt → option --output'],
  ['@dataclass\nclass C:\n  weights: str = "w.bin"', '?w.bin ← variable "weights"'],
  ['class C:\n  ckpt: Literal["a.pt", "b.pt"] = "a.pt"', '?a.pt ← string', '?b.pt ← string', '?a.pt ← variable "ckpt"'],
  ['FILES = ["a.onnx", "b.onnx"]', '?a.onnx ← variable "FILES"', '?b.onnx ← variable "FILES"'],
  ['read("m.safetensors")', '?m.safetensors ← read'],
  ['if os.path.exists("m.pt"):\n  torch.load("m.pt")', '?m.pt ← exists', '?m.pt ← torch.load'],
  ['p = Path("m.pt")\nif p.exists():\n  torch.load(p)', '?m.pt ← torch.load'],
  ['try:\n  torch.load("m.pt")\nexcept OSError:\n  pass', '?m.pt ← torch.load'],
  ['torch.save(x, "m.pt")\ntorch.load("m.pt")', 'm.pt → torch.save', '?m.pt ← torch.load'],
  [
    'urllib.request.urlretrieve(u, "m.pt")\ntorch.load("m.pt")',
    'm.pt → urllib.request.urlretrieve',
    '?m.pt ← torch.load',
  ],
  ['os.chdir("..")\ntorch.load("m.pt")', '?m.pt ← torch.load'],
  ['u = "https://host/a/m.pt"\ntorch.load("m.pt")', '?m.pt ← torch.load'],
  ['M = "a.onnx"\nq.save_model_to_file(M, False)\nonnx.load(M)', '?a.onnx ← onnx.load'],
  ['M = "a.onnx"\nexport(net, M)\nonnx.load(M)', '?a.onnx ← onnx.load'],
  ['M = "a.onnx"\nprint(M)\nonnx.load(M)', 'a.onnx ← onnx.load'],
  ['os.system("convert m.pt a.onnx")\nonnx.load("a.onnx")', '?a.onnx ← onnx.load'],
  ['subprocess.run(["convert", "a.onnx"])\nonnx.load("a.onnx")', '?a.onnx ← run', '?a.onnx ← onnx.load'],
  ['d = "out"\nexec(open("configurator.py").read())\ntorch.load(os.path.join(d, "c.pt"))', '?out/c.pt ← torch.load'],
  ['calibrate(augmented_model_path="./a.onnx")', '?./a.onnx ← key "augmented_model_path"'],
  ['YOLO("yolov8n.pt")', '?yolov8n.pt ← ultralytics.YOLO'],
  ['torch.load("path/to/model.pt")', '?path/to/model.pt ← torch.load'],
  ['torch.load("~/m.pt")', '?~/m.pt ← torch.load'],
  ['D = "a"\ntorch.load(f"{D}/m.pt")', '?a/m.pt ← torch.load'],
  ['glob.glob("ck/*.safetensors")', '?ck/*.safetensors ← glob [glob]'],
  ['torch.load("m.pt', '?m.pt ← torch.load'],
])('what may be absent for a reason is not certain: %s', (text, ...expected) => check(text, ...(expected as string[])));

test.each([
  ['Trainer(resume_from_checkpoint="x.ckpt")', 'x.ckpt ← key "resume_from_checkpoint"'],
  ['build(checkpoint="x.pt")', 'x.pt ← key "checkpoint"'],
  ['build(weights="x.bin")', 'x.bin ← key "weights"'],
  ['C = "x.pt"\ntrainer.fit(m, ckpt_path=C)', 'x.pt ← key "ckpt_path"'],
])('a keyword argument says what it holds: %s', (text, expected) => check(text, expected));

test('keywords that name no file are none', () => check('ResNet50(weights="imagenet", data="x.bin")'));

test('a value handed to load_state_dict is bound to the model', () =>
  check('model.load_state_dict(torch.load("m.pt"))', 'm.pt ← torch.load [as model]'));

test.each([
  ['model.layer1[0].conv1', 'model: layer1.0.conv1'],
  ['model.layer1[0].conv1.weight.data.abs()', 'model: layer1.0.conv1.weight'],
  ['self.conv1(x)', 'self: conv1'],
  ['self.conv1.register_forward_hook(h)', 'self: conv1'],
  ['model.fc.weight.shape[0]', 'model: fc.weight'],
  ['model.fc.in_features', 'model: fc'],
  ['model.blocks["a"].attn', 'model: blocks.a.attn'],
  ['state["conv1.weight"].movedim(0, 1)', 'state: conv1.weight'],
  ['model.state_dict()["conv1.weight"]', 'model: conv1.weight'],
  ['model.blocks[i].attn', 'model: blocks'],
  ['model.blocks[-1].attn', 'model: blocks'],
  ['model.layer1.\n', 'model: layer1'],
  ['block = model.layer3[1]\nblock.conv1.weight', 'model: layer3.1', 'model: layer3.1.conv1.weight'],
  ['b = model.layer3\nc = b[1]\nc.conv1', 'model: layer3', 'model: layer3.1', 'model: layer3.1.conv1'],
  ['a = a.b\na.c', 'a: b', 'a: c'],
])('a chain names a layer: %s', (text, ...expected) => checkLayers(text, ...(expected as string[])));

test.each([
  'for block in layers:\n  block.conv1',
  '[block.conv1 for block in layers]',
  'os.path.join(a, b)',
  'import torchvision as tv\ntv.models.resnet18()',
  'torch.nn.functional.relu(x)',
  'x.append(1)',
  'f().weight',
  'x: a.b.C = 1',
])('modules, methods and types are no layers: %s', (text) => checkLayers(text));

test.each([
  ['state["conv1.weight"]', 'state: conv1.weight'],
  ['state["fc"]', 'state: fc'],
  ['x = "layer1.0.conv1.weight"', 'layer1.0.conv1.weight'],
  ['skip = ["layer1.0", "blk.0.attn_q.weight"]', 'layer1.0', 'blk.0.attn_q.weight'],
  ['model.get_submodule("fc")', 'fc'],
  ['getattr(model, "layer1")', 'layer1'],
  ['f.get_tensor("a.b:0")', 'a.b:0'],
  ['x = {"layer1.0.conv1": 0.5}', 'layer1.0.conv1'],
])('a string names a layer: %s', (text, ...expected) =>
  expect(layersOf(text, 'python').filter((name) => !name.startsWith('model:'))).toEqual(expected),
);

test.each([
  'x = "1.2.3"',
  'x = "a sentence. and more"',
  'open("config.yaml")',
  'x = "layer*.weight"',
  'x = "..."',
  'print("fc")',
])('other strings are no layers: %s', (text) => checkLayers(text));

test.each([
  ['torch.load("mod|")', 'path:mod<mod>'],
  ['torch.load("mod|', 'path:mod<mod>'],
  ['x = torch.load("mod|)\ny = 1', 'path:mod<mod>'],
  ['torch.load("m|odel.pt")', 'path:m<model.pt>'],
  ['build(checkpoint="|")', 'path:<>'],
  ['WEIGHTS = "|"', 'path:<>'],
  ['foo("./mo|")', 'path:./mo<./mo>'],
  ['torch.save(x, "o|")', 'path:o<o>'],
  ['state["layer1.|"]', 'layer:layer1.<layer1.>'],
  ['state["la|', 'layer:la<la>'],
  ['model.get_submodule("|")', 'layer:<>'],
  ['model.layer1.|', 'layer[layer1]:<>'],
  ['model.layer1[0].co|\nx = 1', 'layer[layer1.0]:co<co>'],
  ['model.|', 'layer[]:<>'],
  ['prune(layers=["|"])', 'layer:<>'],
  ['import os\nos.pa|', null],
  ['print("hel|lo")', null],
  ['x = 1|', null],
  ['# torch.load("|")', null],
])('completion knows where it stands: %s', (marked, expected) => expect(siteOf(marked, 'python')).toBe(expected));
