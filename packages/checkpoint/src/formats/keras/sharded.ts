import { FaultError, raise } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';
import type { Finding, Format } from '../../checkpoint.js';
import { type Hdf5Object, openHdf5 } from '../../hdf5/hdf5.js';
import { asList, asRecord, isRecord, own, readJson } from '../../json.js';
import { brief, UniqueNames } from '../../names.js';
import { describeWeights } from './describe.js';
import { readWeights, type Weight } from './weights.js';

const MAX_INDEX_BYTES = 64 * 1024 * 1024;
const MAX_SHARDS = 10_000;

/** `….weights.json` of Keras 3, which says in which of several HDF5 files the variables of each layer are. */
export const kerasSharded: Format = {
  name: 'keras-sharded',
  matches: (head, source) =>
    source.name.endsWith('.weights.json') && new TextDecoder().decode(head).includes('"weight_map"'),
  async open(source, { signal }) {
    const names = shardNames(await readJson(source, MAX_INDEX_BYTES, signal), source);
    const findings: Finding[] = [];
    const unique = new UniqueNames(source.name, findings);
    const shards: ByteSource[] = [];
    const close = async (): Promise<void> => {
      for (const shard of shards) await shard.close();
    };
    try {
      const weights: Weight[] = [];
      const groups = new Map<string, Hdf5Object>();
      for (const name of names) {
        const shard = await source.sibling(name);
        if (!shard.ok) {
          const code = shard.fault.code === 'path/outside-folder' ? shard.fault.code : 'checkpoint/shard-missing';
          findings.push({
            code,
            severity: 'error',
            file: source.name,
            message: `The shard ${JSON.stringify(brief(name))} cannot be read: ${shard.fault.message}`,
          });
          continue;
        }
        shards.push(shard.value);
        try {
          const read = await readWeights(await openHdf5(shard.value, signal), findings, unique);
          for (const weight of read.weights) weights.push(weight);
          for (const [path, group] of read.groups) groups.set(path, group);
        } catch (error) {
          if (!(error instanceof FaultError)) throw error;
          findings.push({
            code: error.fault.code,
            severity: 'error',
            file: name,
            message: `The shard ${brief(name)} cannot be read: ${error.fault.message}`,
          });
        }
      }
      const { entries } = await describeWeights(weights, groups, undefined);
      return {
        format: 'keras-sharded',
        formatLabel: 'Keras 3 weights (shards)',
        tensors: entries,
        metadata: {},
        findings,
        files: [source, ...shards].map(({ name, sizeBytes }) => ({ name, sizeBytes })),
        async close() {
          await close();
          await source.close();
        },
      };
    } catch (error) {
      await close();
      throw error;
    }
  },
};

/** Every file that `weight_map` names, each once, in order. */
function shardNames(index: unknown, source: ByteSource): Set<string> {
  const map = own(asRecord(index), 'weight_map');
  if (!isRecord(map)) {
    return raise({
      code: 'checkpoint/header-malformed',
      file: source.name,
      offset: 0,
      message: 'The index of the shards has no weight_map.',
    });
  }
  const names = new Set<string>();
  for (const files of Object.values(map)) {
    for (const name of Array.isArray(files) ? asList(files) : [files]) {
      if (typeof name !== 'string')
        raise({
          code: 'checkpoint/header-malformed',
          file: source.name,
          offset: 0,
          message: 'The index names a shard that is no text.',
        });
      else names.add(name);
    }
  }
  if (names.size > MAX_SHARDS)
    raise({
      code: 'checkpoint/too-complex',
      file: source.name,
      expected: MAX_SHARDS,
      found: names.size,
      message: 'The index names too many shards.',
    });
  return names;
}
