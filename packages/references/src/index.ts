export { completionSiteAt } from './completionSiteAt.js';
export { findReferences, isLanguage } from './findReferences.js';
export {
  type CheckpointReference,
  type CompletionSite,
  LANGUAGES,
  type LanguageId,
  type LayerReference,
  type References,
} from './reference.js';
export { referenceAt } from './referenceAt.js';
export { endingOf } from './vocabulary/extensions.js';
