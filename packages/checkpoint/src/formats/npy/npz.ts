import { attempt, raise } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';
import type { Checkpoint, Format, TensorEntry } from '../../checkpoint.js';
import { unreadableFindings } from '../../values/unreadable.js';
import { provenanceIn } from '../../zip/provenance.js';
import { firstEntryName, looksLikeZip, readZip, type Zip, type ZipEntry } from '../../zip/zip.js';
import { arrayEntry } from './entry.js';
import { readNpyHeader } from './header.js';

const UNREAD = 'unread';

/** Members that say something about the arrays, and are none. */
const TEXT = /\.(?:json|txt|md)$/i;

/** Headers read at the same time. */
const CONCURRENT = 32;

/** Several NumPy arrays in a zip archive, stored or deflated: `numpy.savez` and `numpy.savez_compressed`. */
export const npz: Format = {
  name: 'npz',
  matches: (head, source) =>
    looksLikeZip(head) && (source.name.toLowerCase().endsWith('.npz') || firstEntryName(head).endsWith('.npy')),
  async open(source, { signal }): Promise<Checkpoint> {
    const zip = await readZip(source, signal);
    const members = zip.entries.filter((entry) => zip.find(entry.name) === entry && !TEXT.test(entry.name));
    const tensors: TensorEntry[] = [];
    for (let at = 0; at < members.length; at += CONCURRENT) {
      const some = members.slice(at, at + CONCURRENT);
      tensors.push(
        ...(await Promise.all(some.map((member) => memberEntry(nameOf(member, zip), member, source, signal)))),
      );
    }
    const first = tensors[0]?.data;
    if (first?.kind === 'none' && first.fault !== undefined && tensors.every(isUnread)) raise(first.fault);
    return {
      format: 'npz',
      formatLabel: 'NumPy archive (npz)',
      tensors,
      metadata: await provenanceIn(zip, 'espalier.json', signal),
      findings: unreadableFindings(tensors),
      files: [{ name: source.name, sizeBytes: source.sizeBytes }],
      close: () => source.close(),
    };
  },
};

/** Without `.npy`, as `numpy.load` names it, unless another member has that very name. */
function nameOf({ name }: ZipEntry, zip: Zip): string {
  const short = name.replace(/\.npy$/, '');
  return zip.find(short) === undefined ? short : name;
}

/** Not even its header could be read. */
const isUnread = (entry: TensorEntry): boolean => entry.storage === UNREAD;

/** An unreadable member is listed with its fault; the others stay usable. */
async function memberEntry(
  name: string,
  member: ZipEntry,
  archive: ByteSource,
  signal?: AbortSignal,
): Promise<TensorEntry> {
  const entry = await attempt(async () => {
    const header = await readNpyHeader(member.open(), signal);
    const available = member.sizeBytes - header.dataBegin;
    // A stored member is a range of the archive itself; a deflated one gets a fresh stream, so that the header's is not kept alive.
    const [source, begin] =
      member.method === 'stored'
        ? [archive, (await member.locate(signal)) + header.dataBegin]
        : [member.open(), header.dataBegin];
    return arrayEntry(name, { ...header, source, begin, available }, archive.name);
  });
  if (entry.ok) return entry.value;
  return {
    name,
    dtype: 'UNKNOWN',
    storage: UNREAD,
    shape: [],
    elements: 0,
    bytes: member.storedBytes,
    data: {
      kind: 'none',
      why: 'unreadable',
      fault: { ...entry.fault, file: archive.name, message: `Member ${member.name}: ${entry.fault.message}` },
    },
  };
}
