export function compile(): Promise<{ bytes: Uint8Array; text: string }>;
