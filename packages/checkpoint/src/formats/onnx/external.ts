import { type Fault, fail, ok, type Result } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';
import { brief } from '../../names.js';

/** Files beside the model that hold its data. Each is opened once; all are closed with the checkpoint. */
export class ExternalFiles {
  private readonly opened = new Map<string, Promise<Result<ByteSource, Fault>>>();

  constructor(private readonly main: ByteSource) {}

  /** Where the data of a tensor lies, from its `location`, `offset` and `length`. `needed` is what its shape takes. */
  async place(
    external: ReadonlyMap<string, string>,
    needed: number,
    tensor: string,
  ): Promise<Result<{ source: ByteSource; begin: number }, Fault>> {
    const location = external.get('location') ?? '';
    const offset = decimal(external.get('offset'));
    const length = decimal(external.get('length'));
    if (offset === 'malformed' || length === 'malformed') {
      return fail({
        code: 'checkpoint/header-malformed',
        file: this.main.name,
        message: `Tensor ${brief(tensor)}: offset ${brief(external.get('offset') ?? '')} and length ${brief(external.get('length') ?? '')} in ${brief(location)} are not sizes.`,
      });
    }
    if (length !== null && length !== needed) {
      return fail({
        code: 'checkpoint/size-mismatch',
        file: this.main.name,
        expected: needed,
        found: length,
        message: `Tensor ${brief(tensor)} needs ${needed} bytes, its entry gives it ${length} of ${brief(location)}.`,
      });
    }
    const file = await this.open(location);
    if (!file.ok) return file;
    const begin = offset ?? 0;
    if (begin + needed > file.value.sizeBytes) {
      return fail({
        code: 'checkpoint/truncated',
        file: location,
        offset: begin,
        expected: begin + needed,
        found: file.value.sizeBytes,
        message: `${brief(location)} ends at ${file.value.sizeBytes}, tensor ${brief(tensor)} needs ${needed} bytes at ${begin}.`,
        hint: 'It may be an unfinished download.',
      });
    }
    return ok({ source: file.value, begin });
  }

  async files(): Promise<{ name: string; sizeBytes: number }[]> {
    const found: { name: string; sizeBytes: number }[] = [];
    for (const [name, opening] of this.opened) {
      const file = await opening;
      if (file.ok) found.push({ name, sizeBytes: file.value.sizeBytes });
    }
    return found;
  }

  async close(): Promise<void> {
    for (const opening of this.opened.values()) {
      const file = await opening;
      if (file.ok) await file.value.close();
    }
  }

  private open(location: string): Promise<Result<ByteSource, Fault>> {
    let opening = this.opened.get(location);
    if (opening === undefined) {
      opening = this.main.sibling(location);
      this.opened.set(location, opening);
    }
    return opening;
  }
}

function decimal(text: string | undefined): number | null | 'malformed' {
  if (text === undefined || text === '') return null;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : 'malformed';
}
