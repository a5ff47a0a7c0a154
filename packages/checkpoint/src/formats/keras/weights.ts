import { type Shape, sizeOf } from '@espalier/base';
import type { LogicalDtype } from '@espalier/tensor';
import type { Finding, TensorData } from '../../checkpoint.js';
import { dataOf, datasetBytes } from '../../hdf5/dataset.js';
import type { Hdf5Type } from '../../hdf5/datatype.js';
import type { Hdf5, Hdf5Object } from '../../hdf5/hdf5.js';
import { walkHdf5 } from '../../hdf5/walk.js';
import { brief, type UniqueNames } from '../../names.js';

/** A dataset of a Keras file. */
export interface Weight {
  /** Path without `model_weights/`: what the entry is called. */
  readonly name: string;
  /** Path from the root. */
  readonly path: string;
  readonly shape: Shape;
  readonly elements: number;
  readonly dtype: LogicalDtype;
  readonly storage: string;
  readonly bytes: number;
  readonly data: TensorData;
  /** Name of an earlier weight that is the same object. */
  readonly same?: string;
}

export interface Weights {
  readonly weights: readonly Weight[];
  /** Groups by path, for their attributes. */
  readonly groups: ReadonlyMap<string, Hdf5Object>;
}

/** Every dataset of the file. What cannot be read becomes a finding; the others stay usable. `names` are shared by all files of a checkpoint. */
export async function readWeights(file: Hdf5, findings: Finding[], names: UniqueNames): Promise<Weights> {
  const weights: Weight[] = [];
  const groups = new Map<string, Hdf5Object>();
  const byPath = new Map<string, string>();
  for await (const found of walkHdf5(file)) {
    switch (found.kind) {
      case 'group':
        groups.set(found.path, found.object);
        break;
      case 'external':
        findings.push({
          code: 'checkpoint/external-link',
          severity: 'warning',
          file: file.bytes.source.name,
          tensor: found.path,
          message: `${brief(found.path)} is a link into another file. It is not followed.`,
        });
        break;
      case 'broken':
        findings.push({
          code: found.fault.code,
          severity: 'error',
          file: file.bytes.source.name,
          tensor: found.path,
          ...(found.fault.offset === undefined ? {} : { offset: found.fault.offset }),
          message: `${brief(found.path)} cannot be read: ${found.fault.message}`,
        });
        break;
      case 'dataset': {
        const name = names.take(found.path.replace(/^model_weights\//, ''));
        byPath.set(found.path, name);
        const type = await typeOf(found.dataset.type, found.object);
        const data = dataOf(file.bytes, found.dataset, name, type);
        const same = found.same === undefined ? undefined : byPath.get(found.same);
        const shape = found.dataset.shape ?? [];
        weights.push({
          name,
          path: found.path,
          shape,
          elements: found.dataset.shape === null ? 0 : sizeOf(shape),
          dtype: logicalOf(type),
          storage: storageOf(type),
          bytes: datasetBytes(found.dataset),
          data,
          ...(same === undefined ? {} : { same }),
        });
        if (data.kind === 'none' && data.fault !== undefined) {
          findings.push({
            code: data.fault.code,
            severity: data.why === 'unsupported' ? 'warning' : 'error',
            file: file.bytes.source.name,
            tensor: name,
            ...(data.fault.offset === undefined ? {} : { offset: data.fault.offset }),
            message: data.fault.message,
          });
        }
      }
    }
  }
  return { weights, groups };
}

/** bfloat16 has no type of its own in older files: Keras 3 stores two opaque bytes and says so in an attribute. */
async function typeOf(type: Hdf5Type, object: Hdf5Object): Promise<Hdf5Type> {
  if (type.kind !== 'opaque' || type.bytes !== 2) return type;
  const stated = (await object.attribute('dtype'))?.texts?.[0];
  return stated === 'bfloat16' ? { kind: 'number', bytes: 2, dtype: 'BF16', bigEndian: false, name: 'bfloat16' } : type;
}

function logicalOf(type: Hdf5Type): LogicalDtype {
  if (type.kind === 'number') return type.dtype;
  return type.kind === 'text' || (type.kind === 'variable' && type.text) ? 'STRING' : 'UNKNOWN';
}

function storageOf(type: Hdf5Type): string {
  switch (type.kind) {
    case 'number':
      return type.bigEndian ? `${type.name} big-endian` : type.name;
    case 'text':
      return `string of ${type.bytes} bytes`;
    case 'variable':
      return type.text ? 'string' : 'variable length';
    case 'array':
      return 'array';
    case 'opaque':
      return `${type.bytes} opaque bytes`;
    case 'other':
      return type.name;
  }
}
