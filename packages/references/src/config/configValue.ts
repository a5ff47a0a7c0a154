import { looksLikeLayerName } from '../layerName.js';
import type { Literal } from '../literal.js';
import { isFetchedByName, readPath } from '../pathText.js';
import type { CheckpointReference, LayerReference } from '../reference.js';
import { endingOf } from '../vocabulary/extensions.js';
import { purposeOf, surelyLoads } from '../vocabulary/words.js';

/** Receives what JSON, YAML and TOML documents hold, in text order. */
export class ConfigFinder {
  readonly checkpoints: CheckpointReference[] = [];
  readonly layers: LayerReference[] = [];
  /** Shards of an index are named by every tensor; the first mention stands for all. */
  private readonly shards = new Set<string>();

  /** `path` are the keys from the outside in; elements of lists have the key of their list. */
  value(path: readonly string[], literal: Literal): void {
    if (path.some((key) => key === 'weightsManifest')) return;
    if (path[path.length - 1] === 'weight_map') return;
    if (path[path.length - 2] === 'weight_map') {
      if (this.shards.has(literal.text)) return;
      this.shards.add(literal.text);
    }
    const checkpoint = checkpointValue(path, literal);
    if (checkpoint !== null) this.checkpoints.push(checkpoint);
    else if (looksLikeLayerName(literal.text)) this.layers.push(layer(literal));
  }

  /** Keys name layers too: `layer1.0.conv1: 0.8`. */
  key(literal: Literal): void {
    if (looksLikeLayerName(literal.text) && endingOf(literal.text) === 'none') this.layers.push(layer(literal));
  }
}

const layer = ({ begin, end, text }: Literal): LayerReference => ({
  kind: 'layer',
  begin,
  end,
  name: text,
  form: 'string',
});

function checkpointValue(keys: readonly string[], literal: Literal): CheckpointReference | null {
  const path = readPath(literal.text);
  if (path === null) return null;
  const ending = endingOf(path.path);
  if (ending !== 'certain' && ending !== 'shared') return null;
  const key = keys[keys.length - 1] ?? '';
  const purposes = keys.map(purposeOf);
  const own = purposes[purposes.length - 1] ?? 'neutral';
  if (ending === 'shared' && own !== 'load') return null;
  // A command line (`python eval.py --weights x.pt`) ends like a path as well.
  if (path.path.includes(' ') && (path.path.includes(' -') || !path.path.includes('/'))) return null;
  // `export: {weights: x.pt}` says what is exported, `output: {path: x.pt}` what comes out.
  const isOutput = own === 'output' || (own !== 'load' && purposes.includes('output'));
  const certain =
    literal.closed &&
    path.real &&
    path.form === 'file' &&
    !purposes.includes('output') &&
    !purposes.includes('listing') &&
    !path.path.includes(' ') &&
    // A bare name under any key may be a name of anything, or of a file to come.
    (surelyLoads(key) || path.path.includes('/') || path.path.includes('\\')) &&
    !isFetchedByName(path.path);
  return {
    kind: 'checkpoint',
    begin: literal.begin,
    end: literal.end,
    path: path.path,
    form: path.form,
    direction: isOutput ? 'output' : 'input',
    certain,
    via: key === '' ? 'value' : `key "${key}"`,
  };
}
