import { DEVICES, type DeviceProfile } from '@espalier/analysis';
import { nodeFiles } from '@espalier/host';
import { findDevices } from '@espalier/service';
import { faultLine } from '../inspectTable.js';
import { type Column, tableLines } from '../table.js';
import { coloursOf, print, type Terminal } from '../terminal.js';

const COLUMNS: readonly Column[] = [
  { head: 'name', align: 'left' },
  { head: 'device', align: 'left', shrinks: true },
  { head: 'f32', align: 'right' },
  { head: 'f16', align: 'right' },
  { head: 'int8', align: 'right' },
  { head: 'memory GB/s', align: 'right' },
  { head: 'skips', align: 'left' },
];

/** Lists the profiles of devices, or tells one with its sources. Exit codes: 0 fine, 2 there is no such device. */
export async function devices(name: string | undefined, format: 'table' | 'json', terminal: Terminal): Promise<0 | 2> {
  const files = nodeFiles(() => ({ workspaceRoots: [], trusted: true }));
  const chosen =
    name === undefined
      ? { ok: true as const, value: DEVICES }
      : await findDevices([name], process.cwd(), files, terminal.signal);
  if (!chosen.ok) {
    if (format === 'json')
      await print(terminal.out, `${JSON.stringify({ schemaVersion: 1, error: chosen.fault }, null, 2)}\n`);
    await print(terminal.err, `${faultLine(chosen.fault, name ?? '')}\n`);
    return 2;
  }
  const text =
    format === 'json'
      ? JSON.stringify({ schemaVersion: 1, devices: chosen.value }, null, 2)
      : (name === undefined ? listOf(chosen.value, terminal) : detailOf(chosen.value[0]!, terminal)).join('\n');
  await print(terminal.out, `${text}\n`);
  return 0;
}

const rate = (operations: number | undefined): string =>
  operations === undefined
    ? '–'
    : operations >= 1e12
      ? `${round(operations / 1e12)} T`
      : `${round(operations / 1e9)} G`;
const round = (value: number): string => String(Number(value.toPrecision(3)));
const skips = ({ sparse }: DeviceProfile): string =>
  sparse.map(({ pattern, types }) => `${pattern} (${types.join(', ')})`).join(', ') || 'nothing';

function listOf(all: readonly DeviceProfile[], terminal: Terminal): string[] {
  const { dim } = coloursOf(terminal);
  const rows = all.map((device) => [
    device.name,
    device.label,
    rate(device.peak.f32),
    rate(device.peak.f16),
    rate(device.peak.int8),
    round(device.memoryBytesPerSecond / 1e9),
    skips(device),
  ]);
  const [head, ...lines] = tableLines(COLUMNS, rows, terminal.out.isTTY === true ? (terminal.out.columns ?? 80) : 0);
  return [
    dim(head!),
    ...lines,
    '',
    dim('  Peak operations a second by data sheet, two for each multiply-add; dense rates of tensor cores.'),
    dim('  A recipe names them as devices: [a100, raspberry-pi-5]; estimates are the roofline of these figures.'),
  ];
}

function detailOf(device: DeviceProfile, terminal: Terminal): string[] {
  const { bold, dim } = coloursOf(terminal);
  const { f32, f16, int8 } = device.peak;
  return [
    `${bold(device.name)}   ${device.label}`,
    '',
    `  peak: f32 ${rate(f32)}, f16 ${rate(f16)}, int8 ${rate(int8)} operations a second; floats run as ${device.runs}`,
    `  memory: ${round(device.memoryBytesPerSecond / 1e9)} GB/s`,
    `  an operator costs ${round(device.overheadSeconds * 1e6)} µs (an assumption); channels count in ${device.channelMultiple}s`,
    `  skips: ${skips(device)}`,
    ...device.sources.map((source) => dim(`  source: ${source}`)),
  ];
}
