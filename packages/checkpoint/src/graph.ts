/** The computation as the file states it, in one vocabulary for ONNX, TFLite, TensorFlow.js and Keras. */
export interface Graph {
  readonly nodes: readonly GraphNode[];
  /** Every value (edge) by name, with what is known of its shape. Includes inputs, outputs and weights. */
  readonly values: ReadonlyMap<string, GraphValue>;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Whose operators the nodes are: the same name means other things in ONNX (`Softmax`, `Add`, `Split`) than in TensorFlow or Keras. */
  readonly dialect?: Dialect;
}

export type Dialect = 'onnx' | 'tflite' | 'tensorflow' | 'keras';

export interface GraphNode {
  readonly name: string;
  /** The format's own operator name: `Conv`, `DEPTHWISE_CONV_2D`, `FusedMatMul`, `Dense`. */
  readonly operator: string;
  /** ONNX: the operator set it belongs to where that is not ONNX itself, such as `com.microsoft`. */
  readonly domain?: string;
  /** Value names; '' for an optional input left out. A weight is referred to by its tensor name in the checkpoint. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  /** Names of enclosing nodes for nodes of a subgraph (If, Loop, While), outermost first. */
  readonly path?: readonly string[];
  /** Graphs that it runs: branches of an If, condition and body of a loop. Their nodes are in `nodes`. */
  readonly bodies?: readonly GraphBody[];
}

/** A graph that a node runs. */
export interface GraphBody {
  /** The attribute that holds it: `then_branch`, `else_branch`, `body`, `cond`. */
  readonly role: string;
  /** `path` of its nodes; nodes of graphs within it have longer paths that begin so. */
  readonly path: readonly string[];
  /** Values that it is given, in order; empty where it reads the values around it by their names. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

export type AttributeValue = number | string | boolean | readonly number[] | readonly string[];

export interface GraphValue {
  /** null: unknown rank; a null axis is unknown or symbolic (batch). */
  readonly shape: readonly (number | null)[] | null;
  readonly dtype?: string;
  /** Name of the tensor of the checkpoint that this value is, if it is one. */
  readonly tensor?: string;
  /** Elements in C order, where the value is a small constant that decides shapes: axes, sizes, pads, scales. */
  readonly constant?: readonly number[];
  /** Names of the unknown axes where the file names them: `['batch', null, null]`. Axes of one name have one length. */
  readonly symbols?: readonly (string | null)[];
}
