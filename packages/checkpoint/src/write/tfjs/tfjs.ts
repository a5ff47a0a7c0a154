import { type Fault, raise, type Work } from '@espalier/base';
import { parseManifest, type WeightGroup, type WeightSpec } from '../../formats/tfjs/manifest.js';
import { type Place, placeWeights } from '../../formats/tfjs/place.js';
import { joinShards, openShards, type Shard } from '../../formats/tfjs/shards.js';
import { isRecord, own, parseJson } from '../../json.js';
import { UniqueNames } from '../../names.js';
import { changedTensors, noPlace } from '../changedTensors.js';
import { cannotStore, containerBytes, otherContainer } from '../container.js';
import type { ByteSink, OutputContent, OutputFolder, OutputTensor, Writer } from '../output.js';
import { bytesPiece, copyPiece, lengthOf, type Piece, tensorPiece, writePieces } from '../pieces.js';
import { storedBytes } from '../storedBytes.js';
import { dividedSink } from './dividedSink.js';
import { modelText, shardNames } from './modelText.js';

/**
 * TensorFlow.js, written around the model.json that was read: its text stays as it is but for the names of the shards and what is added to `userDefinedMetadata`. Shards are
 * divided as they were; quantized weights keep their scale and minimum, texts their bytes.
 */
export const tfjs: Writer = {
  format: 'tfjs',
  label: 'TensorFlow.js',
  extensions: ['.json'],
  refuses: ({ input }): Fault | null => otherContainer(input, 'tfjs', 'A TensorFlow.js model'),
  keeps: () => true,
  bytesOf: containerBytes,
  async write(folder, name, content, work) {
    const source = content.input.container!;
    const bytes = await source.read(0, source.sizeBytes, work.signal);
    const json = parseJson(bytes, source.name);
    const groups = parseManifest(isRecord(json) ? (own(json, 'weightsManifest') ?? []) : json, source.name);
    const paths = groups.flatMap((group) => group.paths);
    const shards = await openShards(source, paths, work.signal);
    try {
      const divisions = await dividedWeights(groups, shards, content, work);
      const names = shardNames(paths, source.name, name);
      const model = new TextEncoder().encode(modelText(new TextDecoder().decode(bytes), names, content.metadata));
      const total = model.length + divisions.reduce((sum, { pieces }) => sum + lengthOf(pieces), 0);
      let done = 0;
      const wrote = (bytes: number): void => {
        done += bytes;
        work.progress({ done, total, label: name });
      };
      await writePieces(await created(folder, name), [bytesPiece(model)], work, wrote);
      for (const { files, pieces } of divisions) {
        const sinks = [];
        for (const { path, sizeBytes } of files)
          sinks.push({ sink: await created(folder, names.get(path)!), sizeBytes });
        await writePieces(dividedSink(sinks), pieces, work, wrote);
      }
    } finally {
      for (const shard of shards.values()) if ('source' in shard) await shard.source.close();
    }
  },
};

async function created(folder: OutputFolder, name: string): Promise<ByteSink> {
  const sink = await folder.create(name);
  return sink.ok ? sink.value : raise(sink.fault);
}

/** The weights of a group, one after the other through all of its shards. */
interface Division {
  readonly files: readonly { readonly path: string; readonly sizeBytes: number }[];
  readonly pieces: readonly Piece[];
}

/** No weight changes its length, so that every shard keeps its size. */
async function dividedWeights(
  groups: readonly WeightGroup[],
  shards: ReadonlyMap<string, Shard>,
  content: OutputContent,
  work: Work,
): Promise<Division[]> {
  const file = content.input.container!.name;
  const changed = changedTensors(content);
  const names = new UniqueNames(file, []);
  const divisions: Division[] = [];
  for (const { paths, weights } of groups) {
    const opened = paths.map((path) => shards.get(path)!);
    const files = opened.map((shard) => {
      if ('fault' in shard) return raise({ ...shard.fault, code: 'output/incomplete' });
      return { path: shard.name, sizeBytes: shard.source.sizeBytes };
    });
    const joined = joinShards(file, opened, null);
    const places = await placeWeights(weights, joined, file, work.signal);
    const pieces = weights.map((weight, i) => {
      const name = names.take(weight.name);
      const output = changed.get(name);
      changed.delete(name);
      return output === undefined ? copied(weight, places[i]!) : replaced(weight, output, file);
    });
    // Bytes that no weight owns stay.
    const used = lengthOf(pieces);
    if (joined.head.sizeBytes > used) pieces.push(copyPiece(joined.head, used, joined.head.sizeBytes));
    divisions.push({ files, pieces });
  }
  for (const name of changed.keys()) raise(noPlace(name, 'TensorFlow.js', file));
  return divisions;
}

function copied(weight: WeightSpec, place: Place): Piece {
  if (!('fault' in place)) return copyPiece(place.source, place.begin, place.begin + place.bytes);
  if (weight.elements === 0 && weight.fault === undefined) return bytesPiece(new Uint8Array(0));
  return raise({ ...place.fault, code: 'output/incomplete' });
}

function replaced(weight: WeightSpec, output: OutputTensor, file: string): Piece {
  const cannot = (why: string): never => raise({ ...cannotStore(weight.name, 'TensorFlow.js', why), file });
  const sameShape =
    output.shape.length === weight.shape.length && output.shape.every((length, axis) => length === weight.shape[axis]);
  if (!sameShape) return cannot('its shape changed, and the topology states the old one');
  if (weight.stored?.kind !== 'numbers') return cannot(`it is stored as ${weight.storage}`);
  return tensorPiece(output.name, storedBytes(output, weight.stored.dtype, 'TensorFlow.js'));
}
