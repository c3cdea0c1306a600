// Lets a bundle load a module of Node with the first call of it, where only commands that nobody gives would make one:
// commander can start programs as subcommands, and node:child_process brings half of Node along.
const LATE =
  "exports.spawn = (...words) => process.getBuiltinModule('node:child_process').spawn(...words);";

/** An esbuild plugin. */
export function lateBuiltins() {
  return {
    name: 'late-builtins',
    setup(build) {
      build.onResolve({ filter: /^node:child_process$/ }, ({ importer }) =>
        importer.includes('/node_modules/commander/')
          ? { path: 'late', namespace: 'late' }
          : undefined,
      );
      build.onLoad({ filter: /^late$/, namespace: 'late' }, () => ({
        contents: LATE,
        loader: 'js',
      }));
    },
  };
}
