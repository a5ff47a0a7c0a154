/** Whether two paths that the editor and the server made of the same URI name the same file. Drive letters and names have no case on Windows. */
export const samePath = (a: string, b: string): boolean =>
  a === b || (process.platform === 'win32' && a.toLowerCase() === b.toLowerCase());
