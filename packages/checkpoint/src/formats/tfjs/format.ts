import { raise } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';
import type { Checkpoint, Finding, Format, TensorEntry } from '../../checkpoint.js';
import type { Graph } from '../../graph.js';
import { asRecord, isRecord, type JsonRecord, own, readJson } from '../../json.js';
import { brief, UniqueNames } from '../../names.js';
import { withShapes } from '../tensorflow/shapes.js';
import { toEntry } from './entry.js';
import { parseManifest, type WeightGroup } from './manifest.js';
import { type Place, placeWeights } from './place.js';
import { type GroupBytes, joinShards, openShards, type Shard, shardFindings } from './shards.js';
import { sniffTfjs } from './sniff.js';
import { readTopology, type Topology } from './topology.js';

/** A topology of many thousand nodes takes some megabytes; weights never lie in the JSON. */
const MAX_JSON_BYTES = 256 * 1024 * 1024;

/** TensorFlow.js: `model.json` (layers model or graph model) or a bare weights manifest, with shards beside it. */
export const tfjs: Format = {
  name: 'tfjs',
  matches: (head, source) => sniffTfjs(head, source.name) !== null,
  async open(source, { signal }) {
    const json = await readJson(source, MAX_JSON_BYTES, signal);
    const model: JsonRecord = isRecord(json) ? json : { weightsManifest: json };
    const groups = parseManifest(own(model, 'weightsManifest') ?? [], source.name);
    const topology = readTopology(
      model,
      groups.flatMap((group) => group.weights),
    );
    const shards = await openShards(
      source,
      groups.flatMap((group) => group.paths),
      signal,
    );
    try {
      const findings = shardFindings(shards.values(), source.name);
      const names = new UniqueNames(source.name, findings);
      const tensors: TensorEntry[] = [];
      for (const group of groups) {
        const joined = joinShards(
          shardsName(group, source),
          group.paths.map((path) => shards.get(path)!),
          neededBytes(group),
        );
        const places = await placeWeights(group.weights, joined, source.name, signal);
        findings.push(...placeFindings(group, joined, places, source.name));
        for (const [index, weight] of group.weights.entries()) {
          tensors.push(toEntry(names.take(weight.name), weight, places[index]!, topology.uses.get(weight.name)));
        }
      }
      const graph =
        topology.kind === 'graph-model' && topology.graph !== undefined
          ? await withShapes(topology.graph, byName(tensors), signal)
          : topology.graph;
      return toCheckpoint(source, model, topology.kind, tensors, findings, [...shards.values()], graph);
    } catch (error) {
      await closeAll(shards.values());
      throw error;
    }
  },
};

const byName = (tensors: readonly TensorEntry[]): Map<string, TensorEntry> =>
  new Map(tensors.map((entry) => [entry.name, entry]));

const LABELS: Readonly<Record<Topology['kind'], string>> = {
  'layers-model': 'TensorFlow.js (layers model)',
  'graph-model': 'TensorFlow.js (graph model)',
  weights: 'TensorFlow.js (weights)',
};

function toCheckpoint(
  source: ByteSource,
  model: JsonRecord,
  kind: Topology['kind'],
  tensors: readonly TensorEntry[],
  findings: readonly Finding[],
  shards: readonly Shard[],
  graph: Graph | undefined,
): Checkpoint {
  return {
    format: `tfjs-${kind}`,
    formatLabel: LABELS[kind],
    tensors,
    metadata: readMetadata(model),
    findings,
    files: [
      { name: source.name, sizeBytes: source.sizeBytes },
      ...shards.flatMap((shard) =>
        'source' in shard ? [{ name: shard.name, sizeBytes: shard.source.sizeBytes }] : [],
      ),
    ],
    container: source,
    ...(graph === undefined ? {} : { graph }),
    async close() {
      await closeAll(shards);
      await source.close();
    },
  };
}

async function closeAll(shards: Iterable<Shard>): Promise<void> {
  for (const shard of shards) if ('source' in shard) await shard.source.close();
}

const shardsName = (group: WeightGroup, source: ByteSource): string =>
  group.paths.length === 1 ? group.paths[0]! : `shards of ${source.name}`;

/** null: texts or unknown types make it unknown. */
function neededBytes(group: WeightGroup): number | null {
  let bytes = 0;
  for (const { stored } of group.weights) {
    if (stored?.kind !== 'numbers') return null;
    bytes += stored.bytes;
  }
  return bytes;
}

/** What does not fit: weights that cannot be read, and bytes that no weight owns. */
function placeFindings(group: WeightGroup, bytes: GroupBytes, places: readonly Place[], file: string): Finding[] {
  const unreadable = group.weights.filter(
    (weight, index) => 'fault' in places[index]! && (weight.elements > 0 || weight.fault !== undefined),
  );
  if (unreadable.length > 0) {
    const first = places[group.weights.indexOf(unreadable[0]!)] as Extract<Place, { fault: unknown }>;
    const others = unreadable.length === 1 ? '' : ` (and ${unreadable.length - 1} more)`;
    return [
      {
        code: first.fault.code.startsWith('path/') ? 'checkpoint/missing-data' : first.fault.code,
        severity: 'error',
        file,
        tensor: unreadable[0]!.name,
        message: `${brief(unreadable[0]!.name)}${others} cannot be read: ${first.fault.message}`,
      },
    ];
  }
  const used = places.reduce((sum, place) => sum + place.bytes, 0);
  if (bytes.gap !== null || bytes.head.sizeBytes === used) return [];
  return [
    {
      code: 'checkpoint/size-mismatch',
      severity: 'warning',
      file,
      message: `The shards ${brief(group.paths.join(', '))} hold ${bytes.head.sizeBytes} bytes, the manifest describes ${used}.`,
    },
  ];
}

/** Longest text that is worth showing. */
const MAX_TEXT = 2000;

function readMetadata(model: JsonRecord): Record<string, string> {
  const found: [string, string][] = [];
  const add = (name: string, value: unknown): void => {
    if (typeof value === 'string' && value.length <= MAX_TEXT) found.push([name, value]);
  };
  for (const name of ['format', 'generatedBy', 'convertedBy']) add(name, own(model, name));
  for (const [name, value] of Object.entries(asRecord(own(model, 'userDefinedMetadata'))).slice(0, 50))
    add(name, value);
  return Object.fromEntries(found);
}

/** A shard opened by itself: without its JSON nobody knows what it holds. */
export const tfjsShard: Format = {
  name: 'tfjs-shard',
  matches: (_head, source) => /^group\d+-shard\d+of\d+(?:\.bin)?$|-shard\d+$/.test(source.name),
  async open(source) {
    const siblings = await source.siblingNames();
    const json =
      siblings.find((name) => name === 'model.json') ?? siblings.find((name) => name.endsWith('weights_manifest.json'));
    return raise({
      code: 'checkpoint/shard-alone',
      file: source.name,
      offset: 0,
      message: 'This is one shard of a TensorFlow.js model: bytes without names or shapes.',
      hint: json === undefined ? 'Open the model.json that belongs to it.' : `Open ${json} instead.`,
    });
  },
};
