/** What can be done to a zone, each after a question. */

import { resultOf } from '@zonelab/client';
import type { Zone, ZoneAction } from '@zonelab/contracts';
import { useState } from 'react';
import { useClient } from '../api/session.tsx';
import { useAction } from '../api/use-action.ts';
import { Button } from '../ui/basics.tsx';
import { Confirm, type Question } from '../ui/dialogs.tsx';
import css from '../ui/ui.module.css';
import { BreakZone } from './break-zone.tsx';
import type { ZoneTable } from './zone-table.ts';

const ABOUT: Readonly<Record<ZoneAction, string>> = {
  open: 'It takes an open slot until it is closed, finished or reset.',
  close: 'It gives its open slot back and stays active.',
  finish: 'It becomes full: nothing more can be written to it until it is reset.',
  reset: 'Its data are lost, its write pointer goes back to its start, and its reset count grows.',
  offline: 'A read-only zone is given up: its data cannot be read any more.',
};

/** What the rule books allow from each condition; the device has the last word. */
const FROM: Readonly<Record<Zone['condition'], readonly ZoneAction[]>> = {
  empty: ['open', 'finish'],
  'implicit-open': ['open', 'close', 'finish', 'reset'],
  'explicit-open': ['close', 'finish', 'reset'],
  closed: ['open', 'finish', 'reset'],
  full: ['reset'],
  'not-wp': [],
  'read-only': ['offline'],
  offline: [],
};
const SHOWN: readonly ZoneAction[] = ['open', 'close', 'finish', 'reset', 'offline'];

interface ZoneActionsProps {
  imageId: string;
  table: ZoneTable;
  index: number;
}

export function ZoneActions({ imageId, table, index }: ZoneActionsProps) {
  const client = useClient();
  const [question, setQuestion] = useState<Question>();
  const manage = useAction({
    run: (action: ZoneAction) => {
      const params = { path: { id: imageId, index, action } };
      return resultOf(client.POST('/v1/images/{id}/zones/{index}/{action}', { params }));
    },
    changes: [],
    said: (action) => `Zone ${index}: ${action} done`,
    onDone: (zone) => table.take([zone as Zone]),
  });
  const allowed = FROM[table.zone(index).condition];
  return (
    <div className={css.row}>
      {SHOWN.map((action) => (
        <Button
          key={action}
          small
          look={action === 'reset' || action === 'offline' ? 'danger' : 'plain'}
          disabled={!allowed.includes(action) || manage.isPending}
          onClick={() =>
            setQuestion({
              title: `${action[0]?.toUpperCase()}${action.slice(1)} zone ${index}?`,
              about: ABOUT[action],
              action: `${action[0]?.toUpperCase()}${action.slice(1)}`,
              danger: action === 'reset' || action === 'offline',
              onConfirm: () => manage.mutate(action),
            })
          }
        >
          {action}
        </Button>
      ))}
      <BreakZone imageId={imageId} index={index} />
      <Confirm of={question} onClose={() => setQuestion(undefined)} />
    </div>
  );
}

/** Resets every zone that has something to reset. */
export function ResetAll({ imageId, name }: { imageId: string; name: string }) {
  const client = useClient();
  const [question, setQuestion] = useState<Question>();
  const reset = useAction({
    run: () =>
      resultOf(client.POST('/v1/images/{id}/zones/reset', { params: { path: { id: imageId } } })),
    changes: [],
    said: () => `All zones of ${name} are reset`,
  });
  const ask = () =>
    setQuestion({
      title: `Reset all zones of ${name}?`,
      about: 'Everything behind its write pointers is lost.',
      action: 'Reset all zones',
      danger: true,
      onConfirm: () => reset.mutate(undefined),
    });
  return (
    <>
      <Button small look="danger" disabled={reset.isPending} onClick={ask}>
        Reset all
      </Button>
      <Confirm of={question} onClose={() => setQuestion(undefined)} />
    </>
  );
}
