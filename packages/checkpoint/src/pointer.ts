import { raise } from '@espalier/base';

/** Raises when the file is a Git LFS or DVC pointer that stands in place of the model. */
export function raiseIfPointer(head: Uint8Array, name: string): void {
  if (head.length >= 1024) return;
  const text = new TextDecoder('utf-8').decode(head);
  if (text.startsWith('version https://git-lfs.github.com/spec/')) {
    const size = /^size (\d+)$/m.exec(text)?.[1];
    raise({
      code: 'checkpoint/lfs-pointer',
      message: `This is a Git LFS pointer, not the model${size === undefined ? '' : ` (${Number(size).toLocaleString('en-US')} bytes)`}.`,
      file: name,
      offset: 0,
      hint: `git lfs pull --include "${name}" fetches it.`,
    });
  }
  if (/^outs:\s*$/m.test(text) && /^\s*-?\s*md5: [0-9a-f]{32}/m.test(text)) {
    raise({
      code: 'checkpoint/dvc-pointer',
      message: 'This is a DVC pointer, not the model.',
      file: name,
      offset: 0,
      hint: `dvc pull "${name}" fetches it.`,
    });
  }
}
