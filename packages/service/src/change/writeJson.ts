import { invariant, raise } from '@espalier/base';
import type { OutputFolder } from '@espalier/checkpoint';
import { joinPath } from '../resolve/paths.js';
import type { ChangePorts } from './ports.js';

/** Writes plain data as a text among the outputs of a folder. What the disk refuses flies as a fault. */
export async function writeJson(folder: OutputFolder, name: string, content: unknown): Promise<void> {
  const sink = await folder.create(name);
  if (!sink.ok) raise(sink.fault);
  await sink.value.write(new TextEncoder().encode(`${JSON.stringify(content, null, 1)}\n`));
}

/** The same as a file of its own, in the place of an earlier one. Its path. */
export async function writeJsonFile(
  ports: ChangePorts,
  folder: string,
  name: string,
  content: unknown,
): Promise<string> {
  const outputs = ports.outputs(folder, { overwrite: true, inputs: [] });
  await writeJson(outputs, name, content);
  const done = await outputs.commit();
  if (!done.ok) raise(done.fault);
  invariant(done.value.length === 1, 'one text');
  return joinPath(folder, name);
}
