export type {
  Affine,
  Axes,
  Checkpoint,
  DecodedData,
  Finding,
  Format,
  OpenOptions,
  RawData,
  Role,
  TensorData,
  TensorEntry,
} from './checkpoint.js';
export { huggingfaceDoor } from './formats/huggingface/door.js';
export { outputShapes as tensorflowShapes } from './formats/tensorflow/shapeRules.js';
export type { AttributeValue, Dialect, Graph, GraphBody, GraphNode, GraphValue } from './graph.js';
export { openCheckpoint } from './open.js';
export { dequantize, readValues } from './values/readValues.js';
export { entryOutput } from './write/entryOutput.js';
export type {
  AddInitializer,
  GraphEdit,
  InsertNode,
  NewAttribute,
  NewNode,
  ReplaceByDequantize,
  Rewire,
  SetAttribute,
} from './write/onnx/graphEdits.js';
export { withOutputs } from './write/onnx/withOutputs.js';
export type {
  ByteSink,
  OutputContent,
  OutputFolder,
  OutputTensor,
  StoredTensor,
  Writer,
  WrittenFile,
} from './write/output.js';
export { valuesOutput } from './write/valuesOutput.js';
export { writerFor, writers } from './write/writers.js';
