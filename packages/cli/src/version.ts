/** Filled in by the build from package.json. */
declare const __ESPALIER_VERSION__: string;
export const VERSION: string = typeof __ESPALIER_VERSION__ === 'string' ? __ESPALIER_VERSION__ : '0.0.0-source';
