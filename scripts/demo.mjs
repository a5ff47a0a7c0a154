import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import path from 'node:path';

/** Endings that belong to checkpoints alone. Shared ones (.json, .bin, .pb) are told apart by what is inside. */
const CERTAIN = new Set(['.safetensors', '.gguf', '.onnx', '.tflite', '.pt', '.pth', '.npy', '.npz', '.h5', '.keras']);

/**
 * The checkpoints under a folder, sorted by path, each once: an index stands for its shards, a TensorFlow.js
 * manifest for its weight files, a SavedModel for its variables.
 *
 * @param {string} folder
 * @returns {string[]} absolute paths
 */
export function listCheckpoints(folder) {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  const names = entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
  const savedModel = names.includes('saved_model.pb');
  const parts = new Set();
  const whole = [];
  for (const name of names.filter((name) => name.endsWith('.json'))) {
    const described = describeJson(path.join(folder, name));
    if (described === null) continue;
    whole.push(name);
    for (const part of described.parts) parts.add(part);
  }
  for (const name of names) {
    if (parts.has(name)) continue;
    if (CERTAIN.has(path.extname(name).toLowerCase()) || name === 'saved_model.pb') whole.push(name);
    else if (/\.(bin|ckpt)$/.test(name) && isPickleOrZip(path.join(folder, name))) whole.push(name);
    else if (name.endsWith('.index') && !savedModel) whole.push(name);
  }
  const inside = entries
    .filter((entry) => entry.isDirectory() && !(savedModel && entry.name === 'variables'))
    .flatMap((entry) => listCheckpoints(path.join(folder, entry.name)));
  return [...whole.sort().map((name) => path.join(folder, name)), ...inside];
}

/** For a sharded index or a TensorFlow.js manifest, the files that it gathers; null for any other JSON. */
function describeJson(file) {
  let value;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
  if (value === null || typeof value !== 'object') return null;
  if (value.weight_map && typeof value.weight_map === 'object') return { parts: Object.values(value.weight_map) };
  const groups = Array.isArray(value) ? value : value.weightsManifest;
  if (!Array.isArray(groups) || groups.length === 0 || !groups.every((group) => Array.isArray(group?.paths)))
    return null;
  return { parts: groups.flatMap((group) => group.paths) };
}

function isPickleOrZip(file) {
  const head = Buffer.alloc(4);
  const handle = openSync(file, 'r');
  try {
    readSync(handle, head, 0, 4, 0);
  } finally {
    closeSync(handle);
  }
  return head.toString('latin1') === 'PK\u0003\u0004' || (head[0] === 0x80 && head[1] <= 5);
}
