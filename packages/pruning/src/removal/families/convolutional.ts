import { built, type Family, indicesAfter, notBuilt, prefixBefore } from './family.js';
import type { Net } from './net.js';

/** He et al. 2015 (arXiv 1512.03385), and what follows the names of torchvision's: wide ones, ResNeXt, those for small pictures. */
export const resnet: Family = {
  name: 'ResNet',
  matches: (names) => prefixBefore(names, 'layer1.0.conv1.weight') !== null,
  build(net, names) {
    const at = prefixBefore(names, 'layer1.0.conv1.weight')!;
    if (!follows(net, `${at}bn1`, `${at}conv1`)) return notBuilt(`${at}bn1 does not follow ${at}conv1`);
    let x = net.relu(normalized(net, 'x', `${at}conv1`, `${at}bn1`, inputsOf(net, `${at}conv1`)));
    x = net.op('MaxPool', [x]);
    let width = outputsOf(net, `${at}conv1`);
    for (let stage = 1; names.some((name) => name.startsWith(`${at}layer${stage}.`)); stage++) {
      for (const index of indicesAfter(names, `${at}layer${stage}.`)) {
        const block = `${at}layer${stage}.${index}.`;
        let y = x;
        let inside = width;
        for (let i = 1; net.has(`${block}conv${i}.weight`); i++) {
          // Nets that normalize before they convolve have the same names, and other channels depend on each other there.
          if (!follows(net, `${block}bn${i}`, `${block}conv${i}`))
            return notBuilt(`${block}bn${i} does not follow ${block}conv${i}`);
          if (i > 1) y = net.relu(y);
          y = normalized(net, y, `${block}conv${i}`, `${block}bn${i}`, inside);
          inside = outputsOf(net, `${block}conv${i}`);
        }
        const shortcut = ['downsample', 'shortcut']
          .map((name) => `${block}${name}.`)
          .find((name) => net.has(`${name}0.weight`));
        const s = shortcut === undefined ? x : normalized(net, x, `${shortcut}0`, `${shortcut}1`, width);
        x = net.relu(net.op('Add', [y, s]));
        width = inside;
      }
    }
    const head = ['fc', 'linear', 'classifier'].map((name) => at + name).find((name) => net.has(`${name}.weight`));
    x = net.op('Flatten', [net.op('GlobalAveragePool', [x])]);
    if (head !== undefined) x = net.linear(x, `${head}.weight`, `${head}.bias`);
    net.output(x);
    return built();
  },
};

/** Simonyan and Zisserman 2014 (arXiv 1409.1556), and other chains of `features` and `classifier` such as AlexNet. */
export const vgg: Family = {
  name: 'VGG',
  matches: (names) => {
    const at = prefixBefore(names, 'features.0.weight');
    return at !== null && names.some((name) => name.startsWith(`${at}classifier.`));
  },
  build(net, names) {
    const at = prefixBefore(names, 'features.0.weight')!;
    let x = 'x';
    let width = inputsOf(net, `${at}features.0`);
    const indices = indicesAfter(names, `${at}features.`);
    for (const [i, index] of indices.entries()) {
      const module = `${at}features.${index}`;
      if (net.has(`${module}.running_mean`)) x = net.batchNorm(x, module);
      else if (net.shape(`${module}.weight`)?.length === 4) {
        x = net.conv(x, module, width);
        width = outputsOf(net, module);
      } else return notBuilt(`${module} is no layer of a VGG`);
      const next = `${at}features.${indices[i + 1]}`;
      if (!net.has(`${next}.running_mean`)) x = net.relu(x);
    }
    x = net.op('Flatten', [net.op('MaxPool', [x])]);
    const layers = indicesAfter(names, `${at}classifier.`);
    for (const [i, index] of layers.entries()) {
      const module = `${at}classifier.${index}`;
      if (net.shape(`${module}.weight`)?.length !== 2) return notBuilt(`${module} is no layer of a VGG`);
      x = net.linear(x, `${module}.weight`, `${module}.bias`);
      if (i < layers.length - 1) x = net.relu(x);
    }
    net.output(x);
    return built();
  },
};

/** Sandler et al. 2018 (arXiv 1801.04381) and Howard et al. 2019 (arXiv 1905.02244), by the names of torchvision. */
export const mobilenet: Family = {
  name: 'MobileNet',
  matches: (names) =>
    prefixBefore(names, 'features.0.0.weight') !== null &&
    names.some((name) => /features\.1\.(conv|block)\.0\.0\.weight$/.test(name)),
  build(net, names) {
    const at = prefixBefore(names, 'features.0.0.weight')!;
    const width = inputsOf(net, `${at}features.0.0`);
    let x: [value: string, width: number] = ['x', width];
    for (const index of indicesAfter(names, `${at}features.`)) {
      const module = `${at}features.${index}.`;
      const inner = ['conv.', 'block.']
        .map((name) => module + name)
        .find((name) => names.some((one) => one.startsWith(name)));
      if (inner === undefined) {
        x = unit(net, x, module.slice(0, -1));
        x = [net.activation(x[0]), x[1]];
        continue;
      }
      const before = x;
      const y = invertedResidual(net, names, before, inner);
      if (y === null) return notBuilt(`${inner} is no block of a MobileNet`);
      // Equal widths are added, also where the stride forbids it: channels that go together then are right all the same.
      x = y[1] === before[1] ? [net.op('Add', [before[0], y[0]]), y[1]] : y;
    }
    let value = net.op('Flatten', [net.op('GlobalAveragePool', [x[0]])]);
    const layers = indicesAfter(names, `${at}classifier.`);
    for (const [i, index] of layers.entries()) {
      value = net.linear(value, `${at}classifier.${index}.weight`, `${at}classifier.${index}.bias`);
      if (i < layers.length - 1) value = net.activation(value);
    }
    net.output(value);
    return built();
  },
};

/** Convolutions one after the other, each with its normalization; the last one without activation. */
function invertedResidual(
  net: Net,
  names: readonly string[],
  input: [string, number],
  inner: string,
): [string, number] | null {
  let x = input;
  const parts = indicesAfter(names, inner);
  for (let i = 0; i < parts.length; i++) {
    const module = `${inner}${parts[i]}`;
    if (net.has(`${module}.fc1.weight`)) x = [squeezed(net, x, module), x[1]];
    else if (net.has(`${module}.0.weight`)) {
      const y = unit(net, x, module);
      x = i === parts.length - 1 ? y : [net.activation(y[0]), y[1]];
    } else if (net.shape(`${module}.weight`)?.length === 4 && net.has(`${inner}${parts[i + 1]}.running_mean`)) {
      // The last convolution of the second version stands beside its normalization.
      x = [normalized(net, x[0], module, `${inner}${parts[++i]}`, x[1]), outputsOf(net, module)];
    } else return null;
  }
  return x;
}

/** A convolution and its normalization, as `module.0` and `module.1`. */
const unit = (net: Net, [x, width]: [string, number], module: string): [string, number] => [
  normalized(net, x, `${module}.0`, `${module}.1`, width),
  outputsOf(net, `${module}.0`),
];

/** Squeeze and excitation. */
function squeezed(net: Net, [x, width]: [string, number], module: string): string {
  const pooled = net.op('GlobalAveragePool', [x]);
  const hidden = net.relu(net.conv(pooled, `${module}.fc1`, width));
  const gate = net.conv(hidden, `${module}.fc2`, outputsOf(net, `${module}.fc1`));
  return net.op('Mul', [x, net.op('HardSigmoid', [gate])]);
}

const normalized = (net: Net, x: string, conv: string, norm: string, inputs: number): string =>
  net.batchNorm(net.conv(x, conv, inputs), norm);

/** Whether a normalization is as wide as what a convolution makes. */
const follows = (net: Net, norm: string, conv: string): boolean =>
  net.shape(`${norm}.weight`)?.[0] === outputsOf(net, conv);

const outputsOf = (net: Net, module: string): number => net.shape(`${module}.weight`)?.[0] ?? 0;

const inputsOf = (net: Net, module: string): number => net.shape(`${module}.weight`)?.[1] ?? 0;
