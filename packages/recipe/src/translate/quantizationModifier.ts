import type { Modifier } from './modifiers.js';
import type { TranslatedStep } from './pruningModifier.js';
import { exclusionsOf } from './pruningModifier.js';
import { globsOf, targetsOf } from './targetGlobs.js';

type Fields = Readonly<Record<string, unknown>>;

/** Weights of the named schemes of compressed-tensors; `null` for those with floating point of 8 and 4 bits. */
const SCHEMES: Readonly<Record<string, Fields | null>> = {
  W8A16: { num_bits: 8, symmetric: true, strategy: 'channel' },
  W4A16: { num_bits: 4, symmetric: true, strategy: 'group', group_size: 128 },
  W4A16_ASYM: { num_bits: 4, symmetric: false, strategy: 'group', group_size: 128 },
  W8A8: { num_bits: 8, symmetric: true, strategy: 'channel', activations: true },
  INT8: { num_bits: 8, symmetric: true, strategy: 'channel', activations: true },
  W4A8: { num_bits: 4, symmetric: true, strategy: 'group', group_size: 128, activations: true },
};

/** A step of a QuantizationModifier; a text says why there is none. */
export function quantizationStep({ fields }: Modifier): TranslatedStep | string {
  const notes = ['the first and the last layer stay as they are unless a rule names them'];
  const groups = groupsOf(fields);
  if (typeof groups === 'string') return groups;
  const rules: Fields[] = [];
  const ignored = namesOf(fields['ignore']);
  for (const name of ignored) {
    const globs = globsOf(name);
    if (globs === null) return `the expression ${name} is no glob`;
    // Classes such as SiLUActivation have no weights that would be stored.
    if (/^[A-Z]\w*$/.test(name)) notes.push(`${name} is the name of a class: layers are told by their names alone`);
    else rules.push(...globs.map((match) => ({ match, scheme: 'keep' })));
  }
  let main: Fields | null = null;
  let roles: readonly string[] = [];
  for (const { weights, targets, activations } of groups) {
    const scheme = schemeOf(weights);
    if (typeof scheme === 'string') return scheme;
    if (activations) notes.push('activations are not quantized: weights alone are stored in a checkpoint');
    const to = targetsOf(targets);
    if (typeof to === 'string') return to;
    if (to.allBut !== null) rules.push(...to.allBut.map((match) => ({ match, ...scheme })));
    else {
      if (main !== null) return 'several groups are for all layers';
      main = scheme;
      roles = to.roles;
    }
  }
  const step = {
    quantize: {
      method: 'post-training',
      default: main ?? { scheme: 'keep' },
      ...(rules.length === 0 ? {} : { rules }),
    },
    ...exclusionsOf({ allBut: null, roles }),
  };
  return { step, notes: [...new Set(notes)] };
}

interface Group {
  readonly weights: Fields;
  readonly targets: unknown;
  readonly activations: boolean;
}

function groupsOf(fields: Fields): readonly Group[] | string {
  const { scheme, config_groups: groups } = fields;
  if (isFields(groups)) {
    return Object.values(groups).flatMap((group): Group[] =>
      isFields(group) && isFields(group['weights'])
        ? [{ weights: group['weights'], targets: group['targets'], activations: isFields(group['input_activations']) }]
        : [],
    );
  }
  if (typeof scheme === 'string') {
    const known = SCHEMES[scheme.toUpperCase()];
    if (known === undefined || known === null)
      return `there is no scheme ${scheme}: weights are stored as whole numbers`;
    return [{ weights: known, targets: fields['targets'], activations: known['activations'] === true }];
  }
  if (isFields(scheme)) {
    const weights = scheme['weights'];
    if (isFields(weights))
      return [
        {
          weights,
          targets: fields['submodules'] ?? fields['targets'],
          activations: isFields(scheme['input_activations']),
        },
      ];
    // A scheme that maps schemes to targets: { W8A8: [Linear] }.
    const named = Object.entries(scheme).map(([name, targets]) => groupsOf({ scheme: name, targets }));
    const failed = named.find((group) => typeof group === 'string');
    return failed ?? (named as (readonly Group[])[]).flat();
  }
  // Without a word about the scheme SparseML takes eight bits, symmetric for weights.
  return [
    {
      weights: { num_bits: 8, symmetric: true },
      targets: fields['submodules'] ?? fields['targets'],
      activations: true,
    },
  ];
}

function schemeOf({
  num_bits: bits = 8,
  symmetric = true,
  strategy = 'tensor',
  group_size: size,
  type = 'int',
}: Fields): Fields | string {
  if (type !== 'int') return `weights of the type ${String(type)} are not stored`;
  if (typeof bits !== 'number' || !Number.isInteger(bits) || bits < 2 || bits > 8)
    return `${String(bits)} bits are not stored; 2 to 8 are`;
  if (strategy !== 'tensor' && strategy !== 'channel' && strategy !== 'group')
    return `scales by ${String(strategy)} are not known`;
  const scheme = `int${bits}-${symmetric === false ? 'asym' : 'sym'}`;
  return {
    scheme,
    granularity: strategy,
    ...(strategy === 'group' && typeof size === 'number' ? { groupSize: size } : {}),
  };
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const namesOf = (value: unknown): string[] =>
  (Array.isArray(value) ? value : value === undefined || value === null ? [] : [value]).filter(
    (name) => typeof name === 'string',
  );
