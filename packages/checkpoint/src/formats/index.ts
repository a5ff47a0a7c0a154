import type { Format } from '../checkpoint.js';
import { gguf } from './gguf/format.js';
import { huggingface } from './huggingface/format.js';
import { kerasArchive } from './keras/archive.js';
import { kerasHdf5 } from './keras/hdf5Format.js';
import { kerasSharded } from './keras/sharded.js';
import { npy } from './npy/format.js';
import { npz } from './npy/npz.js';
import { onnx } from './onnx/format.js';
import { pytorch } from './pytorch/format.js';
import { safetensors } from './safetensors/format.js';
import { tensorflowCheckpoint, tensorflowShard } from './tensorflow/checkpointFormat.js';
import { tensorflowGraph, tensorflowSavedModel } from './tensorflow/graphFormat.js';
import { tfjs, tfjsShard } from './tfjs/format.js';
import { tflite } from './tflite/format.js';

/** Every format, one line each. The first that matches opens the file, so exact magic numbers stand before guesses. */
export const formats: readonly Format[] = [
  npy,
  gguf,
  tflite,
  safetensors,
  kerasSharded,
  huggingface,
  onnx,
  tfjs,
  tfjsShard,
  tensorflowSavedModel,
  tensorflowGraph,
  tensorflowCheckpoint,
  tensorflowShard,
  npz,
  kerasHdf5,
  kerasArchive,
  // Takes every zip archive that nobody above wanted.
  pytorch,
];
