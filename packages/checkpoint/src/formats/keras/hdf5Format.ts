import { FaultError } from '@espalier/base';
import type { Finding, Format } from '../../checkpoint.js';
import { type Hdf5Object, openHdf5 } from '../../hdf5/hdf5.js';
import { looksLikeHdf5 } from '../../hdf5/superblock.js';
import { UniqueNames } from '../../names.js';
import { describeWeights } from './describe.js';
import { inLayerOrder, namesAttribute } from './order.js';
import { readWeights, type Weight } from './weights.js';

const EXTENSION = /\.(?:h5|hdf5|hdf|he5)$/i;

/** HDF5 as Keras writes it: whole models and weights of Keras 2, weights of Keras 3; other HDF5 files as the datasets that they hold. */
export const kerasHdf5: Format = {
  name: 'keras-h5',
  matches(head, source) {
    if (looksLikeHdf5(head)) return true;
    // Behind a user block, which few files have.
    return EXTENSION.test(source.name) && [512, 1024, 2048].some((at) => looksLikeHdf5(head.subarray(at)));
  },
  async open(source, { signal }) {
    const file = await openHdf5(source, signal);
    const root = await file.root();
    const findings: Finding[] = [];
    const { weights, groups } = await readWeights(file, findings, new UniqueNames(source.name, findings));
    const config = await readConfig(root, source.name, findings);
    const kind = await kindOf(root, groups, weights);
    const ordered = kind.folder === null ? weights : await inLayerOrder(weights, groups, kind.folder);
    const { entries, graph } = await describeWeights(ordered, groups, config);
    return {
      format: kind.format,
      formatLabel: kind.label,
      tensors: entries,
      metadata: await readMetadata([root, groups.get('model_weights')]),
      findings,
      files: [{ name: source.name, sizeBytes: source.sizeBytes }],
      ...(graph === undefined ? {} : { graph }),
      close: () => source.close(),
    };
  },
};

interface Kind {
  readonly format: string;
  readonly label: string;
  /** The group with `layer_names` in files of Keras 2. */
  readonly folder: string | null;
}

async function kindOf(
  root: Hdf5Object,
  groups: ReadonlyMap<string, Hdf5Object>,
  weights: readonly Weight[],
): Promise<Kind> {
  if (groups.has('model_weights')) return { format: 'keras-h5', label: 'Keras (HDF5)', folder: 'model_weights' };
  if ((await namesAttribute(root, 'layer_names')).length > 0)
    return { format: 'keras-h5-weights', label: 'Keras weights (HDF5)', folder: '' };
  if (weights.some(({ path }) => /(?:^|\/)vars\/\d+$/.test(path)))
    return { format: 'keras-weights', label: 'Keras 3 weights', folder: null };
  return { format: 'hdf5', label: 'HDF5', folder: null };
}

/** The model's config, as Keras keeps it in an attribute. */
async function readConfig(root: Hdf5Object, file: string, findings: Finding[]): Promise<unknown> {
  try {
    const text = (await root.attribute('model_config'))?.texts?.[0];
    return text === undefined ? undefined : JSON.parse(text);
  } catch (error) {
    if (!(error instanceof FaultError) && !(error instanceof SyntaxError)) throw error;
    const why = error instanceof FaultError ? error.fault.message : error.message;
    findings.push({
      code: 'checkpoint/config-unreadable',
      severity: 'warning',
      file,
      message: `The model's config cannot be read: ${why}`,
    });
    return undefined;
  }
}

async function readMetadata(objects: readonly (Hdf5Object | undefined)[]): Promise<Record<string, string>> {
  const found = new Map<string, string>();
  for (const name of ['keras_version', 'backend']) {
    for (const object of objects) {
      const text = (await object?.attribute(name))?.texts?.[0];
      if (text !== undefined && text.length <= 200 && !found.has(name)) found.set(name, text);
    }
  }
  return Object.fromEntries(found);
}
