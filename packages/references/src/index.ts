export {
  type CheckpointReference,
  type CompletionSite,
  LANGUAGES,
  type LanguageId,
  type LayerReference,
  type References,
} from './reference.js';
