/** That every test in the workspace is run by something. */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { projectFolders, readManifest, root } from './workspace.fixture.ts';

it.each(projectFolders().filter((folder) => folder !== 'e2e'))(
  'has a target in %s for each kind of its tests',
  (folder) => {
    const files = readdirSync(join(root, folder, 'src'), { recursive: true, encoding: 'utf8' });
    const kinds = { test: /\.spec\.ts$/, 'test:int': /\.int-spec\.ts$/ };
    const wanted = Object.entries(kinds)
      .filter(([, pattern]) => files.some((file) => pattern.test(file)))
      .map(([target]) => target);
    const targets = Object.keys(readManifest(folder).nx?.targets ?? {});
    expect(targets.filter((target) => target in kinds).sort()).toEqual(wanted);
  },
);
