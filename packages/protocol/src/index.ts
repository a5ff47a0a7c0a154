export * from './checkpoint.js';
export * from './compare.js';
export * from './envelope.js';
export * from './facts.js';
export * from './host.js';
export * from './page.js';
export * from './request.js';
