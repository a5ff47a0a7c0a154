import { type Document, parseDocument } from 'yaml';

/** The text as a tree with places and errors; nothing is printed and nothing is thrown. `uniqueKeys`: keys that come twice are errors. */
export const yamlDocument = (text: string, uniqueKeys = true): Document =>
  parseDocument(text, { uniqueKeys, logLevel: 'error' });
