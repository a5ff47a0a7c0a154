import { DEVICES, estimateProduct, type TensorFacts } from '@espalier/analysis';
import { fail, ok } from '@espalier/base';
import { parseBudget } from '@espalier/recipe';
import { describe, expect, test } from 'vitest';
import type { FileFacts } from '../fileFacts.js';
import { checkBudget, type Measured } from './checkBudget.js';
import { type CheckedFile, checkGithub, checkMarkdown, checkSarif } from './checkTexts.js';

function tensor(name: string, elements: number, zeros: number | null, more: object = {}): TensorFacts {
  const head = {
    name,
    layer: name.replace(/\.weight$/, ''),
    elements,
    prunable: true,
    axes: { output: [0], input: [1] },
  };
  const stats = { zeros, patterns: {}, blocks: {}, ...more };
  return { head, ...(zeros === null ? {} : { stats }) } as unknown as TensorFacts;
}

const along = (axis: number, strict: boolean) => ({
  patterns: { '2:4': [{ axis, strict, groups: 1, compliantGroups: 1 }] },
});

const TENSORS = [
  tensor('a.weight', 100, 80, along(1, true)),
  tensor('b.weight', 300, 90, along(0, true)),
  tensor('c.weight', 100, 100, { blocks: { '4x1': { blocks: 25, zeroBlocks: 25, zerosInBlocks: 1 } } }),
];

const factsOf = (tensors: readonly TensorFacts[], complete = true): FileFacts =>
  ({
    head: {
      files: [
        { name: 'm', sizeBytes: 1500 },
        { name: 'n', sizeBytes: 600 },
      ],
      tensors: tensors.map(({ head }) => head),
    },
    facts: new Map(tensors.map((facts) => [facts.head.name, facts])),
    findings: [
      {
        code: 'checkpoint/dead-layer',
        severity: 'information',
        message: 'All 100 weights of c.weight are zero.',
        tensor: 'c.weight',
      },
    ],
    complete,
  }) as unknown as FileFacts;

const A100 = DEVICES.find(({ name }) => name === 'a100')!;
const DEVICES_BY_NAME: Measured['devices'] = new Map([
  ['a100', ok(A100)],
  ['a1000', fail({ code: 'device/unknown', message: 'There is no profile of a device a1000.' })],
]);
const NOTHING: Measured = { accuracy: null, accuracyMissing: 'Accuracy was not measured.', devices: DEVICES_BY_NAME };

const check = (text: string, facts = factsOf(TENSORS), measured: Measured = NOTHING) =>
  checkBudget(parseBudget(text).budgets![0]!, facts, measured).map(({ code, verdict, message }) => [
    code,
    verdict,
    message,
  ]);

test.each([
  ['size: 2100 B', 'budget/size', 'kept', '2.1 kB on disk, the budget allows 2.1 kB.'],
  ['size: 2099', 'budget/size', 'broken', '2.1 kB on disk, the budget allows 2.1 kB. That is 1 bytes too many.'],
  [
    'sparsity: [{ match: "**", atLeast: 0.54 }]',
    'budget/sparsity',
    'kept',
    '54.0 % of 500 weights of ** are zero, the budget asks for 54.0 %.',
  ],
  [
    'sparsity: [{ match: "**", atLeast: 0.55 }]',
    'budget/sparsity',
    'broken',
    '54.0 % of 500 weights of ** are zero, the budget asks for 55.0 %.',
  ],
  [
    'sparsity: [{ match: "**", atLeast: 0.5, each: true }]',
    'budget/sparsity',
    'broken',
    '1 of 3 tensors of ** are less than 50.0 % zero: b.weight.',
  ],
  [
    'sparsity: [{ match: "[ac]", atLeast: 0.8, each: true }]',
    'budget/sparsity',
    'kept',
    'Each of 2 tensors of [ac] is at least 80.0 % zero.',
  ],
  ['pattern: [{ match: a, is: "2:4" }]', 'budget/pattern', 'kept', '2:4 holds in the tensor of a.'],
  [
    'pattern: [{ match: "[ab]", is: "2:4" }]',
    'budget/pattern',
    'broken',
    '2:4 does not hold in 1 of 2 tensors of [ab]: b.weight.',
  ],
  ['pattern: [{ match: c, is: 4x1 }]', 'budget/pattern', 'kept', '4x1 holds in the tensor of c.'],
  [
    'pattern: [{ match: layer9, is: 4x1 }]',
    'budget/no-match',
    'broken',
    'layer9 matches no weight of a convolution, linear, recurrent or embedding layer.',
  ],
  [
    'forbid: [dead-layer]',
    'budget/forbidden',
    'broken',
    'Forbidden: All 100 weights of c.weight are zero (checkpoint/dead-layer).',
  ],
  ['forbid: [warning]', 'budget/forbidden', 'kept', 'Nothing of warning was found.'],
  ['accuracy: 0.7', 'budget/accuracy', 'unknown', 'Accuracy was not measured.'],
  [
    'latency: [{ device: a100, atMostMs: 4 }]',
    'budget/latency',
    'unknown',
    'The time on a100 is not known: no graph tells how often each layer is applied.',
  ],
  ['latency: [{ device: a1000, atMostMs: 4 }]', 'budget/latency', 'unknown', 'There is no profile of a device a1000.'],
])('%s: %s is %s', (text, ...expected) => expect(check(text)).toEqual([expected]));

test('an accuracy that is known is compared', () => {
  const measured: Measured = { ...NOTHING, accuracy: 0.75 };
  expect(check('accuracy: 0.75', factsOf(TENSORS), measured)).toEqual([
    ['budget/accuracy', 'kept', 'The evaluate command gave 0.75, the budget asks for at least 0.75.'],
  ]);
});

describe('time on a device', () => {
  /** A layer of 100×50 weights, applied `columns` times. */
  const dense = tensor('fc.weight', 5000, 0);
  Object.assign(dense.head, { shape: [100, 50], axes: { output: [0], input: [1], groups: 1 }, storage: 'F32' });
  const withGraph = (operators: readonly object[], tensors = [dense]): FileFacts => {
    const facts = factsOf(tensors);
    return { ...facts, head: { ...facts.head, operators } } as unknown as FileFacts;
  };
  const applied = { layer: 'fc', macs: 5000 * 4096 };
  const expected = estimateProduct({ rows: 100, inner: 50, columns: 4096, type: 'f16', patterns: [] }, A100).ms;
  const budgetOf = (atMostMs: number): string => `latency: [{ device: a100, atMostMs: ${atMostMs} }]`;

  test('is the roofline of its layers, and compared', () => {
    const said = `${expected.toPrecision(3)} ms are estimated for a100, the budget allows`;
    expect(check(budgetOf(1), withGraph([applied]))).toEqual([['budget/latency', 'kept', `${said} 1 ms.`]]);
    const little = expected / 2;
    expect(check(budgetOf(little), withGraph([applied]))).toEqual([
      ['budget/latency', 'broken', `${said} ${little} ms.`],
    ]);
    expect(check(budgetOf(expected), withGraph([applied]))[0]![1]).toBe('kept');
  });

  test('without a layer is never kept, and broken where the others take too long', () => {
    const other = tensor('odd.weight', 10, 0);
    Object.assign(other.head, { shape: [10], axes: { output: [], input: [], groups: 1 } });
    const facts = withGraph([applied, { layer: 'odd', macs: null }], [dense, other]);
    expect(check(budgetOf(1), facts)).toEqual([
      [
        'budget/latency',
        'unknown',
        `${expected.toPrecision(3)} ms are estimated for a100 without odd.weight, whose time is not known; the budget allows 1 ms.`,
      ],
    ]);
    expect(check(budgetOf(expected / 2), facts)[0]![1]).toBe('broken');
  });
});

test('what was not read is not known, and nothing else suffers', () =>
  expect(
    check(
      'size: 1 MB\nsparsity: [{ match: "**", atLeast: 0.5 }, { match: a, atLeast: 0.5 }]\nforbid: [error]',
      factsOf([TENSORS[0]!, tensor('b.weight', 300, null)], false),
    ).map(([code, verdict, message]) => [code, verdict, verdict === 'unknown' ? message : '']),
  ).toEqual([
    ['budget/size', 'kept', ''],
    ['budget/sparsity', 'unknown', 'The values of b.weight were not read.'],
    ['budget/sparsity', 'kept', ''],
    ['budget/forbidden', 'unknown', 'Not all values were read to look for findings.'],
  ]));

const limit = {
  code: 'budget/size',
  verdict: 'broken',
  message: '50 % | too, large: yes.',
  limit: ['size'],
  tensors: [],
  line: 3,
  column: 7,
} as const;
const FILES: readonly CheckedFile[] = [
  {
    path: 'models/a b.pt',
    budget: 'espalier.budget.yaml',
    limits: [limit, { ...limit, verdict: 'kept' }, { ...limit, code: 'budget/latency', verdict: 'unknown' }],
    fault: null,
  },
  {
    path: 'broken.pt',
    budget: 'espalier.budget.yaml',
    limits: [],
    fault: { code: 'checkpoint/truncated', message: 'Too short.' },
  },
];

test('GitHub gets an error for each broken limit at its line, and a notice for what is not known', () =>
  expect(checkGithub(FILES).split('\n')).toEqual([
    '::error file=espalier.budget.yaml,line=3,col=7,title=budget/size::models/a b.pt: 50 %25 | too, large: yes.',
    '::notice file=espalier.budget.yaml,line=3,col=7,title=budget/latency::models/a b.pt: 50 %25 | too, large: yes.',
    '::error title=checkpoint/truncated::broken.pt: Too short.',
    '',
  ]));

test('Markdown has a row for each limit', () =>
  expect(checkMarkdown(FILES)).toContain('| `models/a b.pt` | ✗ | 50 % \\| too, large: yes. | budget/size |\n'));

test('SARIF has a rule for each code, results where limits are not kept, and notifications of faults', () => {
  const { version, runs } = JSON.parse(checkSarif(FILES, '1.2.3'));
  expect(version).toBe('2.1.0');
  const [{ tool, results, invocations }] = runs;
  expect(results.map(({ ruleId, kind, level }: Record<string, string>) => [ruleId, kind, level])).toEqual([
    ['budget/size', 'fail', 'error'],
    ['budget/latency', 'open', 'none'],
  ]);
  for (const { ruleId, ruleIndex } of results) expect(tool.driver.rules[ruleIndex].id).toBe(ruleId);
  expect(results[0].locations[0].physicalLocation).toEqual({
    artifactLocation: { uri: 'espalier.budget.yaml' },
    region: { startLine: 3, startColumn: 7 },
  });
  expect(results[0].analysisTarget.uri).toBe('models/a%20b.pt');
  expect(new Set(results.map(({ partialFingerprints }: never) => partialFingerprints['limit/v1'])).size).toBe(2);
  expect(invocations).toMatchObject([
    { executionSuccessful: false, toolExecutionNotifications: [{ descriptor: { id: 'checkpoint/truncated' } }] },
  ]);
});
