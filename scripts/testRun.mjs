import { addUp, oneFailed, onePassed } from './testSummary.mjs';

/**
 * Run stages in order. How a stage and a step are carried out comes from outside, so that the rules can be
 * tested: a step is done once, a need that failed keeps its stages from running, and every exception is a failure.
 *
 * @param {readonly import('./testStages.mjs').Stage[]} stages
 * @param {{steps: Record<string, () => Promise<import('./testSteps.mjs').StepResult>>,
 *   npm(script: string, env: Record<string, string>): Promise<number>,
 *   vitest(project: string, env: Record<string, string>): Promise<import('./testSummary.mjs').Count>,
 *   announce(stage: import('./testStages.mjs').Stage): void, nowMs(): number}} ports
 * @returns {Promise<{name: string, count: import('./testSummary.mjs').Count, ms: number}[]>}
 */
export async function runStages(stages, ports) {
  const done = new Map();
  const env = {};
  const step = async (name) => {
    if (!done.has(name)) {
      const result = await attempt(ports.steps[name]);
      Object.assign(env, result.env);
      done.set(name, result);
    }
    return done.get(name);
  };

  const results = [];
  for (const stage of stages) {
    ports.announce(stage);
    const began = ports.nowMs();
    const count = await runStage(stage, { ...ports, step, env }).catch((error) =>
      oneFailed(String(error?.stack ?? error)),
    );
    results.push({ name: stage.name, count, ms: ports.nowMs() - began });
  }
  return results;
}

async function runStage(stage, { step, env, npm, vitest }) {
  const counts = [];
  const notes = [];
  for (const need of stage.needs ?? []) {
    const result = await step(need);
    if (!result.ok) return oneFailed(`could not run: ${result.reason}`);
    if (result.note) notes.push(result.note);
  }
  for (const want of stage.wants ?? []) {
    const result = await step(want);
    if (!result.ok) counts.push(oneFailed(result.reason));
    else if (result.note) notes.push(result.note);
  }
  if (stage.step) {
    const result = await step(stage.step);
    counts.push(result.ok ? onePassed(result.note) : oneFailed(result.reason));
  }
  if (stage.npm) {
    const code = await npm(stage.npm, env);
    counts.push(code === 0 ? onePassed() : oneFailed(`npm run ${stage.npm} ended with ${code}`));
  }
  if (stage.vitest) counts.push(await vitest(stage.vitest, env));
  const count = addUp(counts);
  return { ...count, notes: [...new Set([...notes, ...count.notes])] };
}

async function attempt(doStep) {
  try {
    return await doStep();
  } catch (error) {
    return { ok: false, reason: String(error?.message ?? error) };
  }
}
