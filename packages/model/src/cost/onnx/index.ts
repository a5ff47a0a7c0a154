import type { GraphNode } from '@espalier/checkpoint';
import type { Rule } from '../operation.js';
import { attentions } from './attention.js';
import { convolutions } from './convolution.js';
import { elementwise } from './elementwise.js';
import { layouts } from './layout.js';
import { matrices } from './matrix.js';
import { microsoft } from './microsoft.js';
import { recurrents, transforms } from './recurrent.js';

const STANDARD: Readonly<Record<string, Rule>> = {
  ...elementwise,
  ...layouts,
  ...convolutions,
  ...matrices,
  ...recurrents,
  ...attentions,
  ...transforms,
};

/** By operator set. Other domains hold operators of anyone. */
const DOMAINS: Readonly<Record<string, Readonly<Record<string, Rule>>>> = {
  '': STANDARD,
  'ai.onnx': STANDARD,
  'com.microsoft': microsoft,
};

export function onnxRule({ operator, domain }: GraphNode): Rule | undefined {
  const rules = Object.hasOwn(DOMAINS, domain ?? '') ? DOMAINS[domain ?? '']! : undefined;
  return rules !== undefined && Object.hasOwn(rules, operator) ? rules[operator] : undefined;
}
