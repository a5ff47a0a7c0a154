import type { Finding } from '../../checkpoint.js';
import { isExpected } from './globals.js';
import type { Pickle } from './pickle/read.js';
import { fullName } from './pickle/value.js';

const MAX_LISTED = 50;
const MAX_NAME = 200;

/**
 * One warning for each name in the pickles that PyTorch's own files do not need. `base` turns an offset in a pickle into one in the file
 * that the person sees.
 */
export function foreignFindings(
  pickles: readonly Pickle[],
  file: string,
  base: (offset: number) => number | undefined,
): Finding[] {
  const findings = new Map<string, Finding>();
  let others = 0;
  for (const { globals } of pickles) {
    for (const { global, offset } of globals) {
      const name = fullName(global).slice(0, MAX_NAME);
      if (isExpected(global) || findings.has(name)) continue;
      if (findings.size >= MAX_LISTED) {
        others++;
        continue;
      }
      const place = base(offset);
      findings.set(name, {
        code: 'checkpoint/foreign-global',
        severity: 'warning',
        message: `The pickle names ${name}. Nothing was executed; loading it with torch.load would be unsafe.`,
        file,
        ...(place === undefined ? {} : { offset: place }),
      });
    }
  }
  if (others > 0) {
    const message = `The pickle names ${others} more things that are not PyTorch's. Nothing was executed.`;
    findings.set('', { code: 'checkpoint/foreign-global', severity: 'warning', message, file });
  }
  return [...findings.values()];
}

/** When the tree is larger than is walked. */
export const cutFinding = (file: string): Finding => ({
  code: 'checkpoint/too-deep',
  severity: 'warning',
  message: 'The pickle holds more, or more deeply nested, values than are looked at. Not all tensors are listed.',
  file,
});
