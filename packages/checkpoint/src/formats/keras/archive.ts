import { raise } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';
import type { Finding, Format } from '../../checkpoint.js';
import { type Hdf5Object, openHdf5 } from '../../hdf5/hdf5.js';
import { asRecord, asText, own, readJson } from '../../json.js';
import { UniqueNames } from '../../names.js';
import { firstEntryName, readZip, type Zip } from '../../zip/zip.js';
import { describeWeights } from './describe.js';
import { readWeights, type Weight } from './weights.js';

const MAX_CONFIG_BYTES = 64 * 1024 * 1024;
const MEMBERS = new Set(['metadata.json', 'config.json', 'model.weights.h5']);

/** `.keras`: a zip with config.json, metadata.json and the weights, in HDF5 files of one piece or several. */
export const kerasArchive: Format = {
  name: 'keras',
  matches: (head, source) => {
    const first = firstEntryName(head);
    return MEMBERS.has(first) || (first !== '' && source.name.endsWith('.keras'));
  },
  async open(source, { signal }) {
    const zip = await readZip(source, signal);
    const findings: Finding[] = [];
    const config = await readMember(zip, 'config.json', findings, source.name, signal);
    const metadata = asRecord(await readMember(zip, 'metadata.json', findings, source.name, signal));
    const weights: Weight[] = [];
    const groups = new Map<string, Hdf5Object>();
    const names = new UniqueNames(source.name, findings);
    for (const member of weightMembers(zip, source)) {
      const read = await readWeights(await openHdf5(member, signal), findings, names);
      weights.push(...read.weights);
      for (const [path, group] of read.groups) groups.set(path, group);
    }
    const { entries, graph } = await describeWeights(weights, groups, config);
    return {
      format: 'keras',
      formatLabel: 'Keras',
      tensors: entries,
      metadata: Object.fromEntries(
        ['keras_version', 'date_saved'].flatMap((name) => {
          const text = asText(own(metadata, name));
          return text === undefined ? [] : [[name, text.slice(0, 200)]];
        }),
      ),
      findings,
      files: [{ name: source.name, sizeBytes: source.sizeBytes }],
      ...(graph === undefined ? {} : { graph }),
      close: () => source.close(),
    };
  },
};

async function readMember(
  zip: Zip,
  name: string,
  findings: Finding[],
  file: string,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const entry = zip.find(name);
  if (entry === undefined) {
    findings.push({
      code: 'checkpoint/config-missing',
      severity: 'warning',
      file,
      message: `The archive has no ${name}.`,
    });
    return undefined;
  }
  return readJson(entry.open(), MAX_CONFIG_BYTES, signal);
}

/** `model.weights.h5`, or the shards that `model.weights.json` leads to. */
function weightMembers(zip: Zip, source: ByteSource): ByteSource[] {
  const single = zip.find('model.weights.h5');
  const entries =
    single === undefined ? zip.entries.filter(({ name }) => /^model_\d+\.weights\.h5$/.test(name)) : [single];
  if (entries.length > 0) return entries.map((entry) => entry.open());
  return raise({
    code: 'checkpoint/weights-missing',
    file: source.name,
    expected: 'model.weights.h5',
    found: zip.entries
      .map(({ name }) => name)
      .slice(0, 10)
      .join(', '),
    message: 'The archive holds no weights in HDF5.',
  });
}
