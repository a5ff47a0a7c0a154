import { bytesField, textField } from '../protoBytes.js';
import { concat } from '../zipWriter.js';

/**
 * The same ONNX model with more values of its main graph as outputs, for looking inside while it runs. Protobuf merges a message that appears twice, so the outputs (ModelProto.graph
 * is field 7, GraphProto.output 12, ValueInfoProto.name 1) are appended. Types are left to the runtime's inference.
 */
export const withOutputs = (model: Uint8Array, values: readonly string[]): Uint8Array =>
  values.length === 0
    ? model
    : concat([model, bytesField(7, concat(values.map((value) => bytesField(12, textField(1, value)))))]);
