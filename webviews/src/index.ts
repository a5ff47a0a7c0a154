/** Nothing of the pages is imported: they are bundles under `dist`, loaded by whoever shows them. */
export {};
