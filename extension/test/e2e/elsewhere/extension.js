const { existsSync } = require('node:fs');
const { readFile, readdir, stat } = require('node:fs/promises');
const { join } = require('node:path');
const { EventEmitter, FileSystemError, FileType, workspace } = require('vscode');

/** The folder that `elsewhere:/` stands for. Whoever asks for a file: path of these documents finds none. */
const root = process.env.ESPALIER_TEST_ELSEWHERE;
const place = (uri) => {
  const path = join(root, uri.path);
  if (!existsSync(path)) throw FileSystemError.FileNotFound(uri);
  return path;
};
const typeOf = (entry) => (entry.isDirectory() ? FileType.Directory : FileType.File);
const readOnly = (uri) => {
  throw FileSystemError.NoPermissions(uri);
};

exports.activate = (context) => {
  const changed = new EventEmitter();
  const files = {
    onDidChangeFile: changed.event,
    watch: () => ({ dispose() {} }),
    async stat(uri) {
      const found = await stat(place(uri));
      return { type: typeOf(found), ctime: found.ctimeMs, mtime: found.mtimeMs, size: found.size };
    },
    async readDirectory(uri) {
      const entries = await readdir(place(uri), { withFileTypes: true });
      return entries.map((entry) => [entry.name, typeOf(entry)]);
    },
    readFile: async (uri) => readFile(place(uri)),
    createDirectory: readOnly,
    writeFile: readOnly,
    delete: readOnly,
    rename: readOnly,
  };
  context.subscriptions.push(workspace.registerFileSystemProvider('elsewhere', files, { isReadonly: true }));
};
