/** One export: its address, what its clients do, how to attach it. */

import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { type Export, useDeleteExport, useExport } from '../../api/exports.ts';
import { formatAge, formatBytes, formatLarge } from '../../format/units.ts';
import { Answer } from '../../ui/answer.tsx';
import { Button, Card, Facts, Page, Status, Warning } from '../../ui/basics.tsx';
import { CopyButton } from '../../ui/copy.tsx';
import { Confirm, type Question } from '../../ui/dialogs.tsx';
import ui from '../../ui/ui.module.css';
import { AttachCard } from './attach.tsx';
import { LiveStats } from './live-stats.tsx';

export function ExportPage({ id }: { id: string }) {
  return (
    <Answer query={useExport(id)} what="the export">
      {(one) => (
        <Page
          title={one.name}
          about={
            <span className={ui.row}>
              <Status of={one.status} />
              <span>
                of image <Link href={`/images/${one.imageId}`}>{one.imageId.slice(0, 8)}…</Link>,
                since {formatAge(one.createdAt)}
              </span>
            </span>
          }
          actions={<EndExport of={one} />}
        >
          {one.error && <Warning>{one.error}</Warning>}
          <Card title="Export">
            <Facts of={factsOf(one)} />
          </Card>
          {one.status === 'active' && <LiveStats id={id} />}
          {one.status === 'active' && <AttachCard path={`/v1/exports/${id}/attach`} />}
        </Page>
      )}
    </Answer>
  );
}

function factsOf({ uri, gatewayId, readOnly, options }: Export) {
  const { iops, bytesPerSecond } = options.rates ?? {};
  return {
    Address: uri ? (
      <span className={ui.row}>
        <code>{uri}</code> <CopyButton text={uri} />
      </span>
    ) : (
      'none yet'
    ),
    Gateway: gatewayId,
    Access: readOnly ? 'read-only' : 'read and write',
    'Zeroes of a whole zone': options.zeroes === 'reset' ? 'reset it' : 'are written',
    'TRIM of a whole zone': options.trim === 'reset' ? 'resets it' : 'does nothing',
    'Open and active limits': options.limits === 'on' ? 'hold' : 'do not hold',
    Rates:
      iops || bytesPerSecond
        ? [
            iops && `${formatLarge(iops)} IOPS`,
            bytesPerSecond && `${formatBytes(bytesPerSecond)}/s`,
          ]
            .filter(Boolean)
            .join(', ')
        : 'not limited',
  };
}

function EndExport({ of }: { of: Export }) {
  const [, goTo] = useLocation();
  const [question, setQuestion] = useState<Question>();
  const end = useDeleteExport(() => goTo('/exports'));
  const ask = () =>
    setQuestion({
      title: `End export ${of.name}?`,
      about: 'Its clients are cut off once their requests in flight are answered. The image stays.',
      action: 'End export',
      danger: true,
      onConfirm: () => end.mutate(of),
    });
  return (
    <>
      <Button look="danger" disabled={end.isPending} onClick={ask}>
        End export
      </Button>
      <Confirm of={question} onClose={() => setQuestion(undefined)} />
    </>
  );
}
