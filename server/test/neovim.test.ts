import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const fromRoot = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** `[0, 7]` of `NVIM v0.7.2`; null where there is no Neovim. */
function neovimVersion(): readonly [major: number, minor: number] | null {
  const found = /^NVIM v(\d+)\.(\d+)/.exec(spawnSync('nvim', ['--version'], { encoding: 'utf8' }).stdout ?? '');
  return found === null ? null : [Number(found[1]), Number(found[2])];
}

const version = neovimVersion();
const why = version === null ? ' (not run: nvim is not on the PATH; on Debian, apt-get install neovim)' : '';

/** What the guide tells people to put into their configuration: for this version of Neovim. */
function configurationOf(guide: string): string {
  const blocks = [...guide.matchAll(/^```lua\n([\s\S]*?)^```$/gm)].map((match) => match[1]!);
  expect(blocks).toHaveLength(2);
  const [major, minor] = version!;
  return major > 0 || minor >= 11 ? blocks[0]! : blocks[1]!;
}

interface Answers {
  readonly client: string;
  readonly hover: string;
  readonly hoverRead: string;
  readonly layer: string;
  readonly hints: readonly string[];
  readonly diagnostics: readonly { readonly message: string; readonly code: string; readonly line: number }[];
  readonly fixed: string;
}

/** Drives the editor as a person would: open a file, point, ask. Everything is waited for, nothing for a fixed time. */
const SCRIPT = `
local clients = vim.lsp.get_clients or vim.lsp.get_active_clients
local function wait(what, ready)
  if not vim.wait(30000, ready, 20) then error('timed out: ' .. what) end
end
local function attached(path)
  vim.cmd('edit ' .. path)
  wait('the server', function() return #clients() > 0 and vim.lsp.buf_is_attached(0, clients()[1].id) end)
  wait('initialize', function() return clients()[1].server_capabilities ~= nil and clients()[1].initialized end)
end
local function ask(method, params)
  local answers = vim.lsp.buf_request_sync(0, method, params, 20000)
  for _, answer in pairs(answers or {}) do
    if answer.err then error(vim.inspect(answer.err)) end
    return answer.result
  end
end
local function hoverAt(text)
  vim.fn.cursor(1, 1)
  if vim.fn.search(text, 'cW') == 0 then error('no ' .. text) end
  vim.fn.cursor(vim.fn.line('.'), vim.fn.col('.') + 3)
  local hover = ask('textDocument/hover', vim.lsp.util.make_position_params(0, 'utf-16'))
  return hover and hover ~= vim.NIL and hover.contents.value or ''
end
local function hints()
  local lines = vim.api.nvim_buf_line_count(0)
  return ask('textDocument/inlayHint', {
    textDocument = vim.lsp.util.make_text_document_params(),
    range = { start = { line = 0, character = 0 }, ['end'] = { line = lines, character = 0 } },
  })
end

local answers = {}
attached('train.py')
answers.client = clients()[1].name
answers.hover = hoverAt('models/resnet-tiny.safetensors')
wait('the scan', function()
  for _, hint in ipairs(hints()) do if not hint.label:find('sparse') then return false end end
  return true
end)
answers.hints = vim.tbl_map(function(hint) return hint.position.line .. ' ' .. hint.label end, hints())
answers.hoverRead = hoverAt('models/resnet-tiny.safetensors')
answers.layer = hoverAt('layer3.1.conv1.weight')

attached('compare.py')
wait('diagnostics', function() return #vim.diagnostic.get(0) > 0 end)
answers.diagnostics = vim.tbl_map(function(one)
  return { message = one.message, code = one.code or one.user_data.lsp.code, line = one.lnum }
end, vim.diagnostic.get(0))
local wrong = vim.diagnostic.get(0)[1]
vim.fn.cursor(wrong.lnum + 1, wrong.col + 1)
local params = vim.lsp.util.make_range_params(0, 'utf-16')
params.context = { diagnostics = { wrong.user_data.lsp } }
params.context.diagnostics[1].range = params.range
params.context.diagnostics[1].range = {
  start = { line = wrong.lnum, character = wrong.col }, ['end'] = { line = wrong.end_lnum, character = wrong.end_col },
}
params.context.diagnostics[1].message = wrong.message
params.context.diagnostics[1].source = wrong.source
local fix = ask('textDocument/codeAction', params)[1]
vim.lsp.util.apply_workspace_edit(fix.edit, 'utf-16')
answers.fixed = vim.fn.getline(wrong.lnum + 1)
wait('the diagnostic to go', function() return #vim.diagnostic.get(0) == 0 end)

local file = io.open(os.getenv('ESPALIER_ANSWERS'), 'w')
file:write(vim.fn.json_encode(answers))
file:close()
`;

describe.skipIf(version === null)(`a real Neovim with the configuration of the guide${why}`, () => {
  let folder: string;
  let answers: Answers;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'espalier-neovim-'));
    const project = join(folder, 'demo');
    cpSync(fromRoot('fixtures/demo'), project, { recursive: true });
    mkdirSync(join(folder, 'bin'));
    symlinkSync(fromRoot('packages/cli/bin/espalier.mjs'), join(folder, 'bin/espalier'));
    const write = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const configuration = write(
      'init.lua',
      `vim.cmd('filetype on')\n${configurationOf(readFileSync(fromRoot('docs/guide/other-editors.md'), 'utf8'))}`,
    );
    const script = write('script.lua', SCRIPT);
    const output = join(folder, 'answers.json');
    // An error in the script ends the editor with a code of its own, so that it never waits for a person.
    const run = `lua local ok, problem = pcall(dofile, ${JSON.stringify(script)}); if not ok then io.stderr:write(tostring(problem) .. '\\n'); vim.cmd('cquit 3') end`;
    const { status, stderr, signal } = spawnSync(
      'nvim',
      ['--headless', '-n', '-u', configuration, '-c', run, '-c', 'qall!'],
      {
        cwd: project,
        encoding: 'utf8',
        timeout: 100_000,
        env: {
          ...process.env,
          PATH: `${join(folder, 'bin')}${delimiter}${process.env['PATH']}`,
          HOME: folder,
          XDG_CONFIG_HOME: join(folder, 'config'),
          XDG_DATA_HOME: join(folder, 'data'),
          XDG_STATE_HOME: join(folder, 'state'),
          XDG_CACHE_HOME: join(folder, 'cache'),
          ESPALIER_CACHE: join(folder, 'facts'),
          ESPALIER_ANSWERS: output,
        },
      },
    );
    if (status !== 0) throw new Error(`nvim ended with ${status ?? signal}:\n${stderr}`);
    answers = JSON.parse(readFileSync(output, 'utf8')) as Answers;
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('starts the server', () => expect(answers.client).toBe('espalier'));

  test('hovers over a path, at once and after the values were read', () => {
    expect(answers.hover).toMatch(/^\*\*resnet-tiny\.safetensors\*\* · safetensors · 274 k parameters/);
    expect(answers.hoverRead).toMatch(/of prunable weights are zero .* · exact/);
    expect(answers.hoverRead).not.toContain('command:');
  });

  test('hovers over the name of a layer', () =>
    expect(answers.layer).toMatch(/^\*\*layer3\.1\.conv1\.weight\*\* · F16 · /));

  test('gets inlay hints', () => {
    expect(answers.hints).toHaveLength(2);
    for (const hint of answers.hints) expect(hint).toMatch(/^\d+ 274 k, \d+ % sparse$/);
  });

  test('gets the diagnostic of a misspelled path, and its fix', () => {
    expect(answers.diagnostics).toHaveLength(1);
    expect(answers.diagnostics[0]!.message).toBe(
      'models/resnet-tiny-80-tunned.safetensors does not exist. Did you mean models/resnet-tiny-80-tuned.safetensors?',
    );
    expect(answers.diagnostics[0]!.code).toBe('checkpoint/missing');
    expect(answers.fixed).toContain('load_file("models/resnet-tiny-80-tuned.safetensors")');
  });
});
