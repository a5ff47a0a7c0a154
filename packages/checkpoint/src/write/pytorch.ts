import { invariant, raise } from '@espalier/base';
import type { Writer } from './output.js';
import { STORAGES, stateDictPickle } from './pickleWriter.js';
import { ZipWriter } from './zipWriter.js';

/** Storages begin at multiples of this, as `torch.save` writes them. */
const ALIGNMENT = 64;
/** The folder inside of the archive; PyTorch takes whatever it is called. */
const ROOT = 'archive';

/** A state dict in PyTorch's zip layout, which `torch.load(weights_only=True)` reads. (caffe2/serialize/inline_container.h) */
export const pytorch: Writer = {
  format: 'pytorch-zip',
  label: 'PyTorch state dict',
  extensions: ['.pt', '.pth'],
  refuses({ tensors }) {
    const odd = tensors.find(({ dtype }) => STORAGES[dtype] === undefined);
    return odd === undefined
      ? null
      : { code: 'output/type', message: `PyTorch has no storage of type ${odd.dtype}, which ${odd.name} has.` };
  },
  async write(folder, name, { tensors, metadata }, work) {
    const created = await folder.create(name);
    if (!created.ok) raise(created.fault);
    const zip = new ZipWriter(created.value, ALIGNMENT);
    const text = (value: string): Uint8Array => new TextEncoder().encode(value);
    await zip.addBytes(`${ROOT}/data.pkl`, stateDictPickle(tensors));
    await zip.addBytes(`${ROOT}/byteorder`, text('little'));
    // A record that PyTorch does not ask for: how the file came about.
    await zip.addBytes(`${ROOT}/.data/espalier.json`, text(JSON.stringify(metadata)));
    const total = tensors.reduce((sum, { byteLength }) => sum + byteLength, 0);
    let done = 0;
    for (const [key, tensor] of tensors.entries()) {
      const written = await zip.addTensor(`${ROOT}/data/${key}`, new Uint8Array(0), tensor, work, (bytes) => {
        done += bytes;
        work.progress({ done, total, label: name });
      });
      invariant(written === tensor.byteLength, `${tensor.name}: ${written} bytes of ${tensor.byteLength}`);
    }
    await zip.addBytes(`${ROOT}/version`, text('3\n'));
    await zip.finish();
  },
};
