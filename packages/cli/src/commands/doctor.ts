import { bytesText } from '@espalier/base';
import { type Examination, examine, installTool, TOOLS, type ToolState } from '@espalier/host';
import { faultLine } from '../inspectTable.js';
import { coloursOf, print, progressLine, type Terminal } from '../terminal.js';
import { VERSION } from '../version.js';

export interface DoctorOptions {
  readonly format: 'table' | 'json';
  readonly install?: string;
}

/** Tells what this machine has and which optional tools are there; installs one where asked to. Exit codes: 0 fine, 2 it could not be installed. */
export async function doctor(options: DoctorOptions, terminal: Terminal): Promise<0 | 2> {
  if (options.install !== undefined) {
    const tool = TOOLS.find(({ name }) => name === options.install)!;
    const line = progressLine(terminal);
    line.show(`installing ${tool.name} ${tool.lock[tool.name]!.version}`);
    const installed = await installTool(tool, terminal.signal).finally(() => line.clear());
    if (!installed.ok) {
      if (options.format === 'json')
        await print(terminal.out, `${JSON.stringify({ schemaVersion: 1, error: installed.fault }, null, 2)}\n`);
      await print(terminal.err, `${faultLine(installed.fault, tool.name)}\n`);
      return 2;
    }
  }
  const found = await examine(process.cwd(), VERSION);
  const text =
    options.format === 'json'
      ? JSON.stringify({ schemaVersion: 1, ...found }, null, 2)
      : linesOf(found, terminal).join('\n');
  await print(terminal.out, `${text}\n`);
  return 0;
}

const PLACES: Readonly<Record<NonNullable<ToolState['where']>, string>> = {
  folder: 'in this folder or above',
  beside: 'beside Espalier',
  installed: 'installed by Espalier',
};

function linesOf(found: Examination, terminal: Terminal): string[] {
  const { bold, dim } = coloursOf(terminal);
  return [
    `${bold(`Espalier ${found.version}`)}   Node ${found.node}, ${found.platform}`,
    '',
    `  processor  ${found.processor}, ${found.threads} threads`,
    `  memory     ${bytesText(found.memoryBytes)}, ${bytesText(found.freeMemoryBytes)} free`,
    `  kernels    ${found.kernels === 'wasm-simd' ? 'WebAssembly SIMD' : 'plain JavaScript: WebAssembly SIMD is missing, everything takes longer'}`,
    `  threads    ${found.sharedMemory ? 'can share memory' : 'cannot share memory'}`,
    '',
    bold('Optional tools'),
    ...found.tools.flatMap((tool) => [
      tool.where === null
        ? `  ${tool.name}   not found`
        : `  ${tool.name} ${tool.version}   ${PLACES[tool.where]}: ${tool.folder}`,
      dim(`    ${tool.adds}`),
      ...(tool.where === null
        ? [dim(`    espalier doctor --install ${tool.name}   brings ${tool.pinnedVersion}`)]
        : []),
    ]),
  ];
}
