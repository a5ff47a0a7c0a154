import { bytesText } from '@espalier/base';
import type { Examination } from '@espalier/protocol';
import { S } from './strings.js';

/** What was found about the machine, one pair a line. */
export function machineLines(found: Examination): readonly (readonly [name: string, value: string])[] {
  const M = S.machine;
  return [
    [M.espalier, found.version],
    [M.node, found.node],
    [M.system, found.platform],
    [M.processor, found.processor],
    [M.threads, String(found.threads)],
    [M.memory, `${bytesText(found.memoryBytes)}, ${M.free(bytesText(found.freeMemoryBytes))}`],
    [M.kernels, found.kernels === 'wasm-simd' ? M.simd : M.plain],
    [M.shared, found.sharedMemory ? M.canShare : M.cannotShare],
  ];
}

/** All of it as a text for a report of a problem. */
export function doctorText(found: Examination): string {
  const T = S.tools;
  return [
    ...machineLines(found).map(([name, value]) => `${name}: ${value}`),
    ...found.tools.map(
      ({ name, version, where }) => `${name}: ${where === null ? T.missing : `${version}, ${T.places[where]}`}`,
    ),
    '',
  ].join('\n');
}
