/** Documents that attach an export to a machine, ready to paste. */

import { useState } from 'react';
import { ATTACH_FORMATS, type AttachFormat, useAttachDocument } from '../../api/exports.ts';
import { Answer } from '../../ui/answer.tsx';
import { Card } from '../../ui/basics.tsx';
import { CodeBlock } from '../../ui/copy.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import ui from '../../ui/ui.module.css';

const ABOUT: Readonly<Record<AttachFormat, readonly [name: string, about: string]>> = {
  nbd: ['NBD', 'The address, for any NBD client.'],
  qemu: ['QEMU', 'A command line: the guest sees a host-managed NVMe drive of this geometry.'],
  libvirt: [
    'libvirt',
    'A disk element: the guest sees a plain disk, on which the rules of zones hold.',
  ],
  'cloud-init': ['cloud-init', 'User-data: attaches the disk as /dev/nbd0 at every start.'],
};

/** `path`: of the API, such as `/v1/exports/{id}/attach`. */
export function AttachCard({ path }: { path: string }) {
  const panels = ATTACH_FORMATS.map((format) => ({
    name: ABOUT[format][0],
    content: <Document path={path} format={format} />,
  }));
  return (
    <Card title="Attach it">
      <Tabs panels={panels} label="Ways to attach" />
    </Card>
  );
}

function Document({ path, format }: { path: string; format: AttachFormat }) {
  const [fresh, setFresh] = useState(false);
  const query = useAttachDocument(path, format, fresh);
  const [name, about] = ABOUT[format];
  return (
    <div className={ui.stack}>
      {format === 'qemu' && (
        <label className={ui.row}>
          <input
            type="checkbox"
            checked={fresh}
            onChange={({ target }) => setFresh(target.checked)}
          />
          Reset its zones first: QEMU starts with all zones empty
        </label>
      )}
      <Answer query={query} what="the document">
        {(text) => <CodeBlock label={about} text={text.trim()} key={name} />}
      </Answer>
    </div>
  );
}
