export { type OperatorCost, totalCost } from '@espalier/model';
export {
  BUDGET_NAMES,
  type FoundBudget,
  findBudget,
  measuredBeside,
} from './budget/budgetFiles.js';
export { checkBudget, type LimitCheck, type Measured } from './budget/checkBudget.js';
export { type CheckedFile, checkGithub, checkMarkdown, checkSarif } from './budget/checkTexts.js';
export { stepTitle } from './change/changeReport.js';
export { filesOfReport } from './change/filesOfReport.js';
export type { FedArray, FindRuntime, LoadedModel, ModelRuntime } from './change/modelRuntime.js';
export { planRecipe } from './change/planRecipe.js';
export type { ChangePorts } from './change/ports.js';
export { readSweep } from './change/readSweep.js';
export { type LayerCount, type RunFailure, type RunQuery, type RunResult, runRecipe } from './change/runRecipe.js';
export { isSweep, runSweep, SWEEP_REPORT, type SweepRun } from './change/runSweep.js';
export {
  type ManifestSource,
  type RemovedChannels,
  type ShapeManifest,
  shapeManifest,
} from './change/shapeManifest.js';
export { pointLabel, sweepCsv, sweepHtml, sweepMarkdown, sweepRows, sweepVerdict } from './change/sweepTexts.js';
export type { CompareEnd, CompareHeads } from './comparisons.js';
export { findDevices } from './devices/findDevices.js';
export { deviceProfile } from './devices/profileSchema.js';
export { type RuntimeProfile, readRuntimeProfile } from './devices/runtimeProfile.js';
export { doorOf, findDoor } from './door.js';
export { createEngine, type Engine } from './engine.js';
export { factsOf } from './factsStore.js';
export { FACTS_VERSION, type FileFacts } from './fileFacts.js';
export { type RecipeOutlook, recipeOutlook, type StepOutlook } from './language/recipeOutlook.js';
export type { ModelTimer } from './latency/keptWholeTimes.js';
export { bridgeOf, modelLatency } from './latency/modelTimes.js';
export { denseOf, ms, problemText, quickest, speedUpText, toLayerLatency, WAY_LABELS } from './latency/speedUp.js';
export { type TimeModels, type WholeTimes, wholeModelTimes } from './latency/wholeModel.js';
export type { FactsCache, FileStat, Files } from './ports.js';
export { readText } from './readText.js';
export { type ChangePicture, type ChangePictures, changePictures } from './report/changePictures.js';
export { reportCsv, reportHtml, reportMarkdown, verdictText } from './report/changeTexts.js';
export { type DiffReport, diffReport, toDiffReport } from './report/diffReport.js';
export {
  DIFF_COLUMNS,
  diffCsv,
  diffMarkdown,
  diffRow,
  diffTotal,
  type StructureLine,
  shareFigure,
  structureLines,
  trendCsv,
  trendMarkdown,
} from './report/diffTexts.js';
export { inspectedFile, unreadableFile } from './report/inspectReport.js';
export {
  type InspectedFile,
  type InspectReport,
  inspectReport,
  SCHEMA_VERSION,
  type UnreadableFile,
} from './report/inspectSchema.js';
export { inspectCsv, inspectMarkdown } from './report/inspectTexts.js';
export { patternText } from './report/patternText.js';
export { quantizationCells } from './report/quantizationCells.js';
export { hubCacheFolder } from './resolve/hub.js';
export { nearestName } from './resolve/nearestName.js';
export { baseName, joinPath, parentOf, relativeTo } from './resolve/paths.js';
export { type Resolution, type ResolveContext, resolveReference } from './resolve/resolveReference.js';
export type { ScanSettings, ScanState } from './scans.js';
export { createService, type Service, type ServicePorts } from './service.js';
export { folderOf, stampOf } from './stamp.js';
export type {
  Priority,
  Runner,
  TaskAnswer,
  TaskHooks,
  TaskKind,
  TaskTypes,
  TensorPair,
  ValuesWindow,
} from './tasks.js';
export type { Trend } from './trend.js';
export {
  checkpointMarkdown,
  escapeMarkdown,
  faultMarkdown,
  hintText,
  layerMarkdown,
  moduleMarkdown,
  severalMarkdown,
  type Writing,
} from './words/checkpointWords.js';
export {
  dvcRemark,
  faultRemark,
  findingRemarks,
  limitRemarks,
  missingRemark,
  type Remark,
} from './words/diagnosticWords.js';
export { globMarkdown, stepMarkdown } from './words/recipeWords.js';
