import { type BenchTable, race, timeRow } from '@espalier/testkit';
import { type ChannelGroups, channelGroups } from '../src/removal/channelGroups.js';
import { resnet50 } from './resnet50.js';

const ROUNDS = Number(process.env['ESPALIER_BENCH_ROUNDS'] ?? 5);
const NAME = 'dependency groups of ResNet-50';
const TARGET_MS = 50;

/** Which channels depend on each other, from the graph and the shapes of its tensors. The first run, which finds the code cold, counts by itself. */
export async function run(): Promise<BenchTable[]> {
  const { graph, tensors } = resnet50();
  const began = performance.now();
  let found: ChannelGroups = channelGroups(graph, tensors);
  const firstMs = performance.now() - began;
  const laps = (
    await race(
      [
        {
          name: NAME,
          run: async () => {
            found = channelGroups(graph, tensors);
            return undefined;
          },
        },
      ],
      ROUNDS,
    )
  ).get(NAME)!;
  const row = timeRow(NAME, laps);
  const limit = (ms: number) => ({ to: `${TARGET_MS} ms`, value: TARGET_MS / ms, target: 1 });
  const members = found.groups.reduce((sum, group) => sum + group.members.length, 0);
  return [
    {
      title: 'Channels that depend on each other',
      notes: [
        `${graph.nodes.length} nodes; ${found.groups.length} groups with ${members} axes of tensors; ${found.leftAlone.size} weight is left alone, as its channels are the output.`,
      ],
      rows: [
        { name: `${NAME}, the first time`, median: firstMs, unit: 'ms', ratio: limit(firstMs) },
        { ...row, ratio: limit(row.median) },
      ],
    },
  ];
}
