import type { Fault } from '@espalier/base';
import type { Finding, TensorEntry } from '../checkpoint.js';

/**
 * Findings for entries whose bytes are missing or broken: one for each code, about the first such tensor, with the number of the others.
 * The entries themselves each carry their fault.
 */
export function unreadableFindings(tensors: readonly TensorEntry[]): Finding[] {
  const byCode = new Map<string, { readonly first: TensorEntry; readonly fault: Fault; count: number }>();
  for (const tensor of tensors) {
    if (tensor.data.kind !== 'none' || tensor.data.fault === undefined) continue;
    const { fault } = tensor.data;
    const known = byCode.get(fault.code);
    if (known === undefined) byCode.set(fault.code, { first: tensor, fault, count: 1 });
    else known.count++;
  }
  return [...byCode.values()].map(({ first, fault, count }) => ({
    code: fault.code,
    severity:
      first.data.kind === 'none' && first.data.why === 'unsupported' ? ('warning' as const) : ('error' as const),
    message:
      count === 1
        ? fault.message
        : `${fault.message} ${count - 1} more ${count === 2 ? 'tensor is' : 'tensors are'} concerned.`,
    tensor: first.name,
    ...(fault.file === undefined ? {} : { file: fault.file }),
    ...(fault.offset === undefined ? {} : { offset: fault.offset }),
  }));
}
