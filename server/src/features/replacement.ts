/**
 * The text to put in place of a literal's inner text so that the path in it becomes `suggestion`. Only the last segment changes, so
 * folders that a program joins, a `file://` in front and escapes of separators stay as they are. null: the literal spells the name
 * otherwise (escapes, a name in pieces), or the new name would need escapes.
 */
export function replacementFor(raw: string, path: string, suggestion: string): string | null {
  const [oldFolder, oldName] = split(path);
  const [newFolder, newName] = split(suggestion);
  if (oldFolder !== newFolder || oldName === '' || !raw.endsWith(oldName) || !isPlain(newName)) return null;
  return raw.slice(0, raw.length - oldName.length) + newName;
}

function split(path: string): [folder: string, name: string] {
  const cut = Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1;
  return [path.slice(0, cut), path.slice(cut)];
}

/** Characters that mean themselves in every kind of string, and in a link of Markdown. */
const isPlain = (name: string): boolean => /^[\p{L}\p{N}._+@=, -]+$/u.test(name);
