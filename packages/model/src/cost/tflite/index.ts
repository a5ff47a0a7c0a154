import type { GraphNode } from '@espalier/checkpoint';
import { free, type Rule } from '../operation.js';
import { broadcast } from '../shape.js';
import { convolutions } from './convolution.js';
import { layouts } from './layout.js';

/** Operators whose first output has the shape of their first input. */
const SAME = (
  'ABS BITCAST CAST CEIL COS CUMSUM DEQUANTIZE DENSIFY DYNAMIC_UPDATE_SLICE ELU EXP FAKE_QUANT FLOOR GELU HARD_SWISH L2_NORMALIZATION LEAKY_RELU ' +
  'LOCAL_RESPONSE_NORMALIZATION LOG LOGICAL_NOT LOGISTIC LOG_SOFTMAX MATRIX_SET_DIAG NEG PRELU QUANTIZE RELU RELU6 RELU_0_TO_1 RELU_N1_TO_1 ' +
  'REVERSE_SEQUENCE REVERSE_V2 ROUND RSQRT SIGN SIN SOFTMAX SQRT SQUARE TANH ZEROS_LIKE COMPLEX_ABS IMAG REAL'
).split(' ');

/** Operators whose output has the shape that their inputs have together. */
const BROADCAST = (
  'ATAN2 BITWISE_XOR EQUAL FLOOR_MOD GREATER GREATER_EQUAL LESS LESS_EQUAL LOGICAL_AND LOGICAL_OR NOT_EQUAL POW RIGHT_SHIFT SELECT SELECT_V2 ' +
  'SQUARED_DIFFERENCE ADD_N'
).split(' ');

/** Their lengths are found at run time, or they have no tensor. No multiply-accumulates. */
const OPAQUE = (
  'WHERE UNIQUE NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5 HASHTABLE HASHTABLE_FIND HASHTABLE_IMPORT HASHTABLE_SIZE VAR_HANDLE READ_VARIABLE ' +
  'ASSIGN_VARIABLE HASHTABLE_LOOKUP EMBEDDING_LOOKUP_SPARSE RANDOM_STANDARD_NORMAL RANDOM_UNIFORM MULTINOMIAL BUCKETIZE SPARSE_TO_DENSE SCATTER_ND ' +
  'SEGMENT_SUM UNSORTED_SEGMENT_MAX UNSORTED_SEGMENT_MIN UNSORTED_SEGMENT_PROD UNSORTED_SEGMENT_SUM BROADCAST_ARGS MATRIX_DIAG ' +
  'TFLite_Detection_PostProcess'
).split(' ');

const together: Rule = (operation) => free(broadcast(operation.inputs.map(({ shape }) => shape)));

const RULES: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(OPAQUE.map((name): [string, Rule] => [name, () => free()])),
  ...Object.fromEntries(SAME.map((name): [string, Rule] => [name, (operation) => free(operation.shape(0))])),
  ...Object.fromEntries(BROADCAST.map((name): [string, Rule] => [name, together])),
  ...layouts,
  ...convolutions,
};

export const tfliteRule = ({ operator }: GraphNode): Rule | undefined =>
  Object.hasOwn(RULES, operator) ? RULES[operator] : undefined;
