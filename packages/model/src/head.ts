import type { Fault } from '@espalier/base';
import type { Role } from '@espalier/checkpoint';

/** Axes by purpose. */
export interface HeadAxes {
  /** Axes whose product is the number of output channels, major first; `[]`: none. */
  readonly output: readonly number[];
  readonly input: readonly number[];
  /** Spatial axes, outermost first. */
  readonly kernel: readonly number[];
  /** Groups of a convolution; input channels are per group. */
  readonly groups: number;
}

/** What the header says of a tensor: known at once, without reading a value. Plain data. */
export interface TensorHead {
  readonly name: string;
  readonly dtype: string;
  readonly storage: string;
  readonly shape: readonly number[];
  readonly elements: number;
  readonly bytes: number;
  readonly role: Role;
  /** Weight matrix of a convolution, linear, recurrent or embedding layer. */
  readonly prunable: boolean;
  /** Name of the module it belongs to: `layer4.1.conv2` of `layer4.1.conv2.weight`. */
  readonly layer: string;
  /** null: has no output channels (1-D tensors, scalars). */
  readonly outputChannels: number | null;
  readonly inputChannels: number | null;
  /** Axes by purpose, after graph and names were asked. */
  readonly axes: HeadAxes;
  /** `convolution weight, output × input × height × width`. */
  readonly description: string;
  readonly sharesStorageWith?: string;
  readonly packedFrom?: readonly string[];
  /** Why there are no numbers, where there are none. */
  readonly noValues?: { readonly why: string; readonly fault?: Fault };
}
