import type { Fault, Result } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';
import type { Checkpoint, Format, TensorEntry } from '../../checkpoint.js';
import { Pages } from '../../flatbuffers/index.js';
import { unreadableFindings } from '../../values/unreadable.js';
import { withConstants } from '../steering.js';
import { assignAxes } from './axes.js';
import { nameTensors } from './entries.js';
import { toGraph } from './graph.js';
import type { TfliteModel } from './model.js';
import { readModel } from './readModel.js';
import { STEERING } from './steering.js';

/** The file identifier of schema version 3, at byte 4 (schema.fbs). */
const IDENTIFIER = [0x54, 0x46, 0x4c, 0x33];

/** TensorFlow Lite: one flatbuffer with graph and weights. */
export const tflite: Format = {
  name: 'tflite',
  matches: (head, source) => IDENTIFIER.every((byte, at) => head[4 + at] === byte) || /\.tflite$/i.test(source.name),
  async open(source, { signal }): Promise<Checkpoint> {
    const model = await readModel(new Pages(source, signal));
    const beside = new Map<string, Promise<Result<ByteSource, Fault>>>();
    const openBeside = (name: string): Promise<Result<ByteSource, Fault>> => {
      const known = beside.get(name) ?? source.sibling(name);
      beside.set(name, known);
      return known;
    };
    const opened = async (): Promise<ByteSource[]> =>
      (await Promise.all(beside.values())).flatMap((file) => (file.ok ? [file.value] : []));
    try {
      const named = await nameTensors(model, source, openBeside);
      for (const [index, tensors] of named.entries()) assignAxes(tensors, model.subgraphs[index]!.operators);
      const drafts = named.flat().flatMap(({ draft }) => (draft === null ? [] : [draft]));
      return {
        format: 'tflite',
        formatLabel: 'TensorFlow Lite',
        tensors: drafts,
        metadata: metadataOf(model),
        findings: unreadableFindings(drafts),
        files: [source, ...(await opened())].map(({ name, sizeBytes }) => ({ name, sizeBytes })),
        graph: await withConstants(toGraph(model, named), byName(drafts), STEERING, signal),
        async close() {
          for (const file of await opened()) await file.close();
          await source.close();
        },
      };
    } catch (error) {
      for (const file of await opened()) await file.close();
      throw error;
    }
  },
};

const byName = (tensors: readonly TensorEntry[]): Map<string, TensorEntry> =>
  new Map(tensors.map((entry) => [entry.name, entry]));

function metadataOf(model: TfliteModel): Record<string, string> {
  const names = model.metadata.map(({ name }) => name).filter((name) => name !== '');
  return {
    schemaVersion: String(model.version),
    ...(model.description === '' ? {} : { description: model.description }),
    ...(names.length === 0 ? {} : { metadata: names.join(', ') }),
    ...(model.subgraphs.length > 1 ? { subgraphs: String(model.subgraphs.length) } : {}),
  };
}
