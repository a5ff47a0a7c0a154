export type Packed = { ok: true; file: string; bytes: number } | { ok: false; reason: string };

export const VSIX_LIMIT_BYTES: number;
export function packageExtension(options?: { root?: string }): Promise<Packed>;
export function warningsOf(text: string): string[];
export function megabytes(bytes: number): string;
