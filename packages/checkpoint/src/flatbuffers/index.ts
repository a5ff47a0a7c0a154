export { type FileView, Pages } from './pages.js';
export { rootTable, Table, type Vector } from './table.js';
