import { invariant, raise } from '@espalier/base';
import { archiveChanges, writeKeptArchive } from './keptArchive.js';
import type { ByteSink, OutputContent, Writer } from './output.js';
import { STORAGES, stateDictPickle } from './pickleWriter.js';
import { ZipWriter } from './zipWriter.js';

/** Storages begin at multiples of this, as `torch.save` writes them. */
const ALIGNMENT = 64;
/** The folder inside of the archive; PyTorch takes whatever it is called. */
const ROOT = 'archive';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/**
 * PyTorch's zip layout. An archive of PyTorch is written around: whatever it holds besides weights stays. Anything else, and other shapes, become a flat state dict, which
 * `torch.load(weights_only=True)` reads. (caffe2/serialize/inline_container.h)
 */
export const pytorch: Writer = {
  format: 'pytorch-zip',
  label: 'PyTorch',
  extensions: ['.pt', '.pth', '.bin'],
  keeps: (content) => archiveChanges(content) !== null,
  refuses(content) {
    const odd = content.tensors.find(({ dtype }) => STORAGES[dtype] === undefined);
    return odd === undefined || archiveChanges(content) !== null
      ? null
      : { code: 'output/type', message: `PyTorch has no storage of type ${odd.dtype}, which ${odd.name} has.` };
  },
  async write(folder, name, content, work) {
    const created = await folder.create(name);
    if (!created.ok) raise(created.fault);
    const changes = archiveChanges(content);
    const source = content.input.container;
    let done = 0;
    const total =
      changes === null || source === undefined
        ? content.tensors.reduce((sum, { byteLength }) => sum + byteLength, 0)
        : source.sizeBytes;
    const wrote = (bytes: number): void => {
      done += bytes;
      work.progress({ done, total, label: name });
    };
    if (changes === null || source === undefined) return await writeStateDict(created.value, content, work, wrote);
    const own = Object.entries(content.metadata).filter(([key]) => key.startsWith('espalier.'));
    const record = text(JSON.stringify(Object.fromEntries(own)));
    await writeKeptArchive(created.value, source, changes, record, ALIGNMENT, work, wrote);
  },
};

async function writeStateDict(
  sink: ByteSink,
  { tensors, metadata }: OutputContent,
  work: Parameters<Writer['write']>[3],
  wrote: (bytes: number) => void,
): Promise<void> {
  const zip = new ZipWriter(sink, ALIGNMENT);
  await zip.addBytes(`${ROOT}/data.pkl`, stateDictPickle(tensors));
  await zip.addBytes(`${ROOT}/byteorder`, text('little'));
  // A record that PyTorch does not ask for: how the file came about.
  await zip.addBytes(`${ROOT}/.data/espalier.json`, text(JSON.stringify(metadata)));
  for (const [key, tensor] of tensors.entries()) {
    const written = await zip.addTensor(`${ROOT}/data/${key}`, new Uint8Array(0), tensor, work, wrote);
    invariant(written === tensor.byteLength, `${tensor.name}: ${written} bytes of ${tensor.byteLength}`);
  }
  await zip.addBytes(`${ROOT}/version`, text('3\n'));
  await zip.finish();
}
