import { type Fault, raise, sizeOf } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';
import type { Checkpoint, Finding, OpenOptions, TensorEntry } from '../../checkpoint.js';
import { unreadableFindings } from '../../values/unreadable.js';
import { provenanceIn } from '../../zip/provenance.js';
import { readZip, type Zip, type ZipEntry } from '../../zip/zip.js';
import { toEntries } from './entries.js';
import { cutFinding, foreignFindings } from './findings.js';
import { type Pickle, readPickle } from './pickle/read.js';
import type { FindStorage, Place } from './place.js';
import { type Found, type Walk, walk } from './walk.js';

/**
 * A zip archive as `torch.save` writes it since 1.6, or TorchScript: `NAME/data.pkl` describes the tensors, `NAME/data/KEY` are their storages.
 * Constants of TorchScript stand in `constants.pkl` and `constants/KEY`.
 */
export async function openArchive(source: ByteSource, { signal }: OpenOptions): Promise<Checkpoint> {
  const zip = await readZip(source, signal);
  const main = mainPickle(zip, source.name);
  const root = main.name.slice(0, main.name.length - 'data.pkl'.length);
  const order = await text(zip.find(`${root}byteorder`), signal);
  const constants = zip.find(`${root}constants.pkl`);
  const scripted = constants !== undefined || zip.entries.some((entry) => entry.name.startsWith(`${root}code/`));

  const parts = [await readPart(zip, main, [`${root}data/`, `${root}tensors/`], source, order === 'big', signal)];
  if (constants !== undefined) {
    parts.push(await readPart(zip, constants, [`${root}constants/`], source, order === 'big', signal, 'constants'));
  }
  const version =
    (await text(zip.find(`${root}version`), signal)) ?? (await text(zip.find(`${root}.data/version`), signal));
  const tensors = parts.flatMap((part) => part.tensors);
  return {
    format: scripted ? 'pytorch-torchscript' : 'pytorch-zip',
    formatLabel: scripted ? 'PyTorch (TorchScript)' : 'PyTorch (zip)',
    tensors,
    metadata: {
      ...parts[0]!.walked.metadata,
      ...(version === undefined ? {} : { 'archive version': version }),
      ...(await provenanceIn(zip, `${root}.data/espalier.json`, signal)),
    },
    findings: [
      ...parts.flatMap((part) => part.findings),
      ...unreadableFindings(tensors),
      ...(order === undefined || order === 'little' || order === 'big' ? [] : [orderFinding(order, source.name)]),
    ],
    files: [{ name: source.name, sizeBytes: source.sizeBytes }],
    container: source,
    close: () => source.close(),
  };
}

/** `data.pkl` in the only folder, or at the top. */
function mainPickle(zip: Zip, file: string): ZipEntry {
  const found = zip.entries.find((entry) => /^(?:[^/]*\/)?data\.pkl$/.test(entry.name));
  if (found !== undefined) return found;
  return raise({
    code: 'checkpoint/unknown-format',
    file,
    offset: 0,
    expected: 'data.pkl',
    found: zip.entries
      .slice(0, 3)
      .map((entry) => entry.name.slice(0, 100))
      .join(', '),
    message: 'This zip archive is no PyTorch checkpoint.',
  });
}

interface Part {
  readonly tensors: readonly TensorEntry[];
  readonly findings: readonly Finding[];
  readonly walked: Walk;
}

async function readPart(
  zip: Zip,
  entry: ZipEntry,
  folders: readonly string[],
  source: ByteSource,
  bigEndian: boolean,
  signal?: AbortSignal,
  prefix?: string,
): Promise<Part> {
  const inner = entry.open();
  const pickle = await readPickle(inner, 0, signal);
  const walked = walk(pickle.value);
  const found = prefix === undefined ? walked.found : walked.found.map((one) => asConstant(one, prefix));
  const find = storageFinder(zip, folders, source, bigEndian, signal);
  // A deflated pickle that holds arrays gets a stream of its own for them.
  const tensors = await toEntries(found, entry.method === 'stored' ? inner : entry.open(), source.name, find);
  const offset = entry.method === 'stored' ? await entry.locate(signal) : undefined;
  return { tensors, walked, findings: findingsOf(pickle, walked, source.name, offset) };
}

/** As in graphs of other formats, a constant of 64 elements or more may well be a weight. */
const MIN_WEIGHT_ELEMENTS = 64;

function asConstant({ name, tensor }: Found, prefix: string): Found {
  const elements = 'shape' in tensor ? sizeOf(tensor.shape) : 0;
  return { name: `${prefix}.${name}`, tensor, ...(elements < MIN_WEIGHT_ELEMENTS ? { role: 'constant' } : {}) };
}

function findingsOf(pickle: Pickle, walked: Walk, file: string, offset: number | undefined): Finding[] {
  const foreign = foreignFindings([pickle], file, (at) => (offset === undefined ? undefined : offset + at));
  return walked.cut ? [...foreign, cutFinding(file)] : foreign;
}

/** Storages by key, each entry located once. */
function storageFinder(
  zip: Zip,
  folders: readonly string[],
  source: ByteSource,
  bigEndian: boolean,
  signal?: AbortSignal,
): FindStorage {
  const places = new Map<string, Promise<Place | Fault>>();
  const look = async (key: string): Promise<Place | Fault> => {
    const entry = folders.map((folder) => zip.find(`${folder}${key}`)).find((candidate) => candidate !== undefined);
    if (entry === undefined) {
      return {
        code: 'checkpoint/missing-data',
        file: source.name,
        expected: `${folders[0]}${key}`,
        message: `Storage ${key} is not in the archive.`,
      };
    }
    const bytes = entry.sizeBytes;
    if (entry.method === 'stored') return { source, begin: await entry.locate(signal), bytes, bigEndian };
    return { source: entry.open(), begin: 0, bytes, bigEndian };
  };
  return (storage) => {
    let place = places.get(storage.key);
    if (place === undefined) {
      place = look(storage.key);
      places.set(storage.key, place);
    }
    return place;
  };
}

/** A small text entry: `version`, `byteorder`. */
async function text(entry: ZipEntry | undefined, signal?: AbortSignal): Promise<string | undefined> {
  if (entry === undefined || entry.sizeBytes > 64) return undefined;
  return new TextDecoder('utf-8').decode(await entry.open().read(0, entry.sizeBytes, signal)).trim();
}

const orderFinding = (order: string, file: string): Finding => ({
  code: 'checkpoint/byte-order',
  severity: 'warning',
  message: `The archive states the byte order ${JSON.stringify(order)}, which is neither little nor big. Values were read as little-endian.`,
  file,
});
